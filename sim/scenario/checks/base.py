"""What every check between tables is made of: the scenario as far as it can be read, and words for what is wrong.

Each check reads only what it needs. Where the file got that wrong, reading it raises
:class:`~sim.scenario.tables.table.Unreadable`, the check ends, and the others go on: so a file with a bad number still
hears of its misspelt names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.core.errors import Problem
from sim.core.wording import near_or_all, shown
from sim.scenario.chains import books_of
from sim.scenario.messages import Places
from sim.scenario.tables.instruments import Instrument
from sim.scenario.tables.market import Population, Scenario
from sim.scenario.tables.table import Table, Unreadable

if TYPE_CHECKING:
    from sim.strategy_kit.declare import Strategy

Found = Iterator[Problem]
Where = tuple[str | int, ...]


@dataclass(frozen=True)
class Checks:
    """A family of checks; each is a generator of problems.

    Parameters
    ----------
    draft : a scenario without its defaults filled in; where the file is wrong, without the wrong fields.
    places : writes paths into the file.
    folder : where relative paths to value files start.
    """

    draft: Scenario
    places: Places
    folder: Path

    def all(self) -> Iterator[Found]:
        """Every check of the family, not yet run."""
        raise NotImplementedError

    def each(self, array: str, *checks: Callable[[Where, Any], Found]) -> Iterator[Found]:
        """Every check for every member of an array."""
        try:
            members = getattr(self.draft, array)
        except Unreadable:
            return
        for index, member in enumerate(members):
            yield from (check((array, index), member) for check in checks)

    def problem(self, where: Where, message: str, remedy: str = "") -> Problem:
        """One thing wrong, at a path into the file."""
        return Problem(self.places(where), message, remedy)

    def unknown(self, where: Where, what: str, name: str, right: list[str]) -> Problem:
        """The problem of a name that nothing has."""
        return self.problem(where, f"there is no {what} {shown(name)}", near_or_all(name, right))

    def instrument(self, name: str) -> Instrument:
        """The instrument of that name; where it is not known, whoever asks has nothing to say."""
        found = self._instruments.get(name)
        if found is None:
            raise Unreadable(name)
        return found

    @cached_property
    def _instruments(self) -> dict[str, Instrument]:
        found: dict[str, Instrument] = {}
        for instrument in self.draft.instruments:
            found.setdefault(instrument.name, instrument)
        return found

    @cached_property
    def venue_names(self) -> tuple[str, ...]:
        """Of all venues."""
        return tuple(venue.name for venue in self.draft.venues)

    def venues_of(self, population: Population) -> tuple[str, ...]:
        """The names of the venues a population trades on; where there is none, whoever asks has nothing to say."""
        found = books_of(self.draft.chains, population.venues) or self.venue_names
        if not found:
            raise Unreadable(population.name)
        return found

    def strategy(self, population: Population) -> Strategy:
        """What a population plays; where it is not known, whoever asks has nothing to say."""
        from sim.strategy_kit import (
            registry,  # declarations are slower to import than everything else that a scenario needs
        )

        if population.strategy not in registry.names():  # asking for it would look for the nearest name
            raise Unreadable(population.strategy)
        return registry.get(population.strategy)


def name_of(member: Table) -> str | None:
    """A member's name, or None where it cannot be read."""
    try:
        return str(getattr(member, "name"))  # noqa: B009 - tables without a name are not asked
    except Unreadable:
        return None


def is_missing(table: Table, field: str) -> bool:
    """Whether an optional table was left out; a wrong one is there, and what is wrong with it is said elsewhere."""
    try:
        return getattr(table, field) is None
    except Unreadable:
        return False
