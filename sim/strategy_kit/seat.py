"""The agent as its strategy's ``act`` sees it (``me``), and the proof that it is the agent's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sim.core.compiled import COMPILED


class Seat(NamedTuple):
    """What ``act`` knows itself by."""

    agent: int  # its row
    venue: int  # its first venue
    instrument: int  # that venue's instrument
    parameters: Any  # record: what the scenario set; to be read
    memory: Any  # record: what it keeps from turn to turn within an episode


NOT_A_SEAT = "me is what act(me, market) was given: nobody acts or looks in another's place"

if TYPE_CHECKING or not COMPILED:

    def own(me: Seat) -> Seat:
        """The seat itself.

        Raises
        ------
        TypeError
            If it is something else.
        """
        if type(me) is not Seat:
            raise TypeError(NOT_A_SEAT)
        return me

else:
    from numba import types
    from numba.extending import intrinsic

    @intrinsic
    def own(typing_context, me):
        """The seat itself; nothing else compiles."""
        if not isinstance(me, types.NamedTuple | types.NamedUniTuple) or me.instance_class is not Seat:
            return None
        return me(me), lambda context, builder, signature, arguments: arguments[0]
