"""Checks of who arrives when: groups, their shares, and the news."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property

from sim.core.wording import some
from sim.scenario.checks.base import Checks, Found, Where, name_of
from sim.scenario.defaults import instrument_of
from sim.scenario.tables.arrivals import Hawkes, OneOf, OnNews
from sim.scenario.tables.market import Population
from sim.scenario.tables.table import Unreadable
from sim.scenario.tables.venues import Venue


class ArrivalChecks(Checks):
    """The laws of arrival, seen together."""

    def all(self) -> Iterator[Found]:
        """The checks of arrivals."""
        yield from self.each("populations", self._news_known, self._news_comes, self._exciting_known)
        yield from (self._one_on_news(), self._shares(), self._excitement())

    def _news_known(self, where: Where, population: Population) -> Found:
        law = population.arrivals
        if isinstance(law, OnNews) and law.instrument and law.instrument not in self._instrument_names:
            yield self.unknown((*where, "arrivals", "instrument"), "instrument", law.instrument, self._instrument_names)

    def _news_comes(self, where: Where, population: Population) -> Found:
        law = population.arrivals
        if not isinstance(law, OnNews):
            return
        name = law.instrument
        if not name:
            venue = self._venues.get(self.venues_of(population)[0])
            if venue is None:  # that is said elsewhere
                raise Unreadable(name)
            name = instrument_of(self.draft, venue)
        value = self.instrument(name).value
        process = value.process if value is not None else "that of a derivative"
        if process != "jump_diffusion":
            message = f"the value of {name!r} never jumps, as its process is {process}"
            yield self.problem((*where, "arrivals", "law"), message, "on_news is for an instrument of jump_diffusion")

    def _exciting_known(self, where: Where, population: Population) -> Found:
        law = population.arrivals
        if not isinstance(law, Hawkes):
            return
        names = [name_of(each) or "" for each in self.draft.populations]
        for name in law.by:
            if name == population.name:
                message = "what a population's own arrivals excite is its mass"
                yield self.problem((*where, "arrivals", "by", name), message, "write mass = … instead")
            elif name not in names:
                yield self.unknown((*where, "arrivals", "by", name), "population", name, names)

    def _excitement(self) -> Found:
        """The number of arrivals stays finite if the masses' spectral radius is below 1."""
        laws = [each.arrivals for each in self.draft.populations]
        names = [each.name for each in self.draft.populations]
        excited = [place for place, law in enumerate(laws) if isinstance(law, Hawkes)]
        if not excited:
            return
        import numpy as np  # slow to import, and most markets need none to be checked

        masses = np.array(
            [[({names[row]: laws[row].mass} | laws[row].by).get(names[column], 0.0) for column in excited]  # type: ignore[union-attr]
             for row in excited]
        )  # fmt: skip
        radius = float(abs(np.linalg.eigvals(masses)).max())
        if radius >= 1.0:
            which = excited[int(masses.sum(axis=1).argmax())]
            message = f"arrivals would grow without end: the spectral radius of the masses is {radius:g}"
            remedy = "lower mass, or by, until it is below 1: so many later arrivals each of them excites"
            yield self.problem(("populations", which, "arrivals", "mass"), message, remedy)

    def _one_on_news(self) -> Found:
        first: dict[str, int] = {}
        for index, population in enumerate(self.draft.populations):
            law = population.arrivals
            if isinstance(law, OnNews) and first.setdefault(law.group, index) != index:
                message = f"group {law.group!r} has an on_news population already: {self._named(first[law.group])}"
                yield self.problem(("populations", index, "arrivals", "law"), message, "a group may have one")

    def _shares(self) -> Found:
        """A population whose arrivals cannot be read might belong to any group: then no sum is known."""
        groups: dict[str, dict[int, float | None]] = {}
        for index, population in enumerate(self.draft.populations):
            law = population.arrivals
            if isinstance(law, OneOf):
                groups.setdefault(law.group, {})[index] = law.share
        for group, shares in groups.items():
            yield from self._shares_of(group, shares)

    def _shares_of(self, group: str, shares: dict[int, float | None]) -> Found:
        left_out = [index for index, share in shares.items() if share is None]
        listed = some(
            [f"{self._named(i)} {'the rest' if share is None else f'{share:g}'}" for i, share in shares.items()]
        )
        for index in left_out[1:]:
            message = f"only one population of group {group!r} may leave its share out ({listed})"
            yield self.problem(("populations", index, "arrivals", "share"), message)
        total = math.fsum(share for share in shares.values() if share is not None)
        if total > 1 + 1e-9 or (not left_out and total < 1 - 1e-9):
            message = f"the shares of group {group!r} sum to {total:g}, not to 1 ({listed})"
            yield self.problem(("populations", next(iter(shares)), "arrivals", "share"), message, "the sum must be 1")

    @cached_property
    def _instrument_names(self) -> list[str]:
        return [instrument.name for instrument in self.draft.instruments]

    @cached_property
    def _venues(self) -> dict[str, Venue]:
        return {venue.name: venue for venue in self.draft.venues}

    def _named(self, index: int) -> str:
        return name_of(self.draft.populations[index]) or f"populations[{index}]"
