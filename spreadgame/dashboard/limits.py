"""What may come in by the page: values of a market, and neither the path of a file nor code nor a market too large."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sim.core.wording import shown
from sim.scenario import Scenario
from sim.scenario.overrides import NotThere, parts_of
from spreadgame.dashboard.refused import Refused

MOST_MARKETS, MOST_AGENTS = 64, 100_000
MOST_ENDLESS = 4  # markets that were closed in a turn that never ends: each keeps a core busy
_LONGEST, _MOST_IN_A_LIST = 200, 100


def check_overrides(overrides: Mapping[str, Any]) -> None:
    """Look at values by path that a page sent.

    Raises
    ------
    Refused
        If one names a file, or is no plain value.
    """
    for path, value in overrides.items():
        place = path if len(path) <= _LONGEST else shown(path)
        try:
            parts = parts_of(path)
        except NotThere as wrong:
            raise Refused(place, value, *wrong.args) from None
        if parts[0] == "dashboard":
            what = "which values can be changed is no value that can be changed"
            raise Refused(place, value, what, "write [dashboard] into the scenario's file")
        if any(part in _names_of_paths() for part in parts[1:]):  # the first is that of a table
            raise Refused(place, value, "no path of a file comes in by the page", "write it into the scenario's file")
        plain = isinstance(value, list) and len(value) <= _MOST_IN_A_LIST and all(map(_is_plain, value))
        if not plain and not _is_plain(value):
            what = "this is neither a number nor true, false, a short text or a list of these"
            raise Refused(place, value, what, "send single values by path")


def _is_plain(value: object) -> bool:
    return isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= _LONGEST)


@cache
def _names_of_paths() -> frozenset[str]:
    """The keys under which paths of files stand: in tables, and those that strategies declare to be such."""
    from sim.strategy_kit import registry

    found = [registry.get(name).parameters for name in registry.names()]
    declared = {key for parameters in found for key, parameter in parameters.items() if parameter.form == "path"}
    return frozenset({"path", *declared})


def check_size(scenario: Scenario, own: Scenario) -> None:
    """Look at the size of a market that a page asks for.

    Parameters
    ----------
    own : the scenario as its file and the command line have it.

    Raises
    ------
    Refused
        If it has more agents than one of a page may have, and more than that.
    """
    most = max(MOST_AGENTS, own.agents())
    if (agents := scenario.agents()) > most:
        what = f"a market on this page has {most:,} agents at most"
        raise Refused("populations", agents, what, "lower a count, or run it: spreadgame run")
