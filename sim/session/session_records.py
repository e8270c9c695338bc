"""The lines of a session's log behind its head: as they are written, and looked at when they are read.

A line is ``{"step": n}``, the clock stopped there; ``{"step": n, "does": "begin_step"}``; or a message of an agent,
with its arguments and what it came to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sim.core.arguments import one_of, side, whole
from sim.runs.manifest import kept_value
from sim.session.message_arguments import handle_argument, order_arguments, price_and_quantity, schedule_arguments
from sim.session.python_gateway import ACTS
from sim.venues.settings import ORDER_KINDS

if TYPE_CHECKING:
    from sim.session.session import Session

BEGIN_STEP = "begin_step"
_NO_NUMBERS = ("nan", "inf", "-inf")  # as kept_value writes them


def record_of(step: int, agent: str, does: str, arguments: Sequence[Any]) -> dict[str, Any]:
    """A message as the log has it."""
    given = dict(zip(ACTS[does][1], arguments, strict=True))
    return {"step": step, "agent": agent, "does": does} | {
        name: kept_value(value) if isinstance(value, float) else int(value) for name, value in given.items()
    }


def came_to(session: Session, answer: float) -> dict[str, Any]:
    """What the last message came to, as the log has it."""
    return {"answer": kept_value(answer), "filled": session.filled, "rejection": session.rejection}


def held(record: dict[str, Any], name: str) -> Any:
    """What stands in a line under a name.

    Raises
    ------
    ValueError
        If there is nothing.
    """
    if name not in record:
        raise ValueError(f"it has no {name!r}")
    return record[name]


def step_of(session: Session, record: dict[str, Any]) -> int:
    """The steps done when a line was written.

    Raises
    ------
    TypeError, ValueError
        If there is none, or no step of the run.
    """
    return whole("step", held(record, "step"), "steps of the run", low=0, high=session.total)


def message_of(session: Session, record: dict[str, Any]) -> tuple[int, str, list[Any]]:
    """Row, act and arguments of a message, each looked at as when it is sent.

    Raises
    ------
    KeyError, TypeError, ValueError
        If something is missing, or means nothing.
    """
    does, who = one_of("does", record["does"], ACTS), held(record, "agent")
    if not isinstance(who, str):
        raise TypeError(f"agent must be a name, not {who!r:.60}")
    row, given = session.agent(who).row, {name: held(record, name) for name in ACTS[does][1]}
    for name, count in (("venue", len(session.world.venues)), ("instrument", len(session.world.instruments))):
        if name in given:
            whole(name, given[name], low=0, high=count - 1)
    if does == "order":
        whole("kind", given["kind"], low=0, high=len(ORDER_KINDS) - 1)
        order_arguments(*(given[name] for name in ("side", "price", "quantity", "lifetime")))
    elif does == "schedule":
        price, slope = (float(each) if each in _NO_NUMBERS else each for each in (given["price"], given["slope"]))
        given["price"], given["slope"], _ = schedule_arguments(price, slope, given["most"])
    elif does == "cancel":
        handle_argument(given["handle"])
    elif does == "replace":
        handle_argument(given["handle"])
        price_and_quantity(given["price"], given["quantity"])
    elif does == "reservation_price":
        side(given["side"])
        if session.scenario.populations[session.population_rows[row]].reservation is None:
            raise ValueError(f"{who!r} draws no reservation prices")
    return row, does, list(given.values())
