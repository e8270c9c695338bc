"""Checks of networks: who is in one, whether it fits them, and what comes along it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from sim.core.errors import Problem, ScenarioError
from sim.networks.edge_list import read_edges
from sim.networks.fit import unfit
from sim.scenario.checks.base import Checks, Found, Where
from sim.scenario.defaults import instrument_of
from sim.scenario.tables.market import Population
from sim.scenario.tables.networks import NetworkFile
from sim.scenario.tables.processes import Binary


class NetworkChecks(Checks):
    """Who is linked with whom, and what each sees of the value for that."""

    def all(self) -> Iterator[Found]:
        """The checks of networks."""
        yield from self.each("networks", self._file)
        yield from self.each("populations", self._linked, self._news, self._precision)

    @cached_property
    def _networks(self) -> dict[str, tuple[int, Any]]:
        return {each.name: (place, each) for place, each in reversed(list(enumerate(self.draft.networks)))}

    @cached_property
    def _files(self) -> dict[str, tuple[int, list[Problem]]]:
        return {}

    def _read(self, path: str) -> tuple[int, list[Problem]]:
        """The highest member that a file of links names, and what is wrong with it; each file is read once."""
        if path not in self._files:
            try:
                self._files[path] = int(read_edges(self.folder / path).max()), []
            except ScenarioError as error:
                self._files[path] = -1, list(error.problems)
        return self._files[path]

    def _file(self, where: Where, network: Any) -> Found:
        if isinstance(network, NetworkFile):
            for wrong in self._read(network.path)[1]:
                yield self.problem((*where, wrong.place), wrong.message, wrong.remedy)

    def _linked(self, where: Where, population: Population) -> Found:
        if population.network:
            yield from self._fits((*where, "network"), population.network, population)

    def _fits(self, where: Where, name: str, population: Population) -> Found:
        """Whether there is such a network, and whether it can be one of the population's members."""
        if name not in self._networks:
            yield self.unknown(where, "network", name, list(self._networks))
            return
        place, network = self._networks[name]
        if isinstance(network, NetworkFile):
            highest, said = self._read(network.path)
            if said:
                return  # of the network
            wrong = ""
            if highest >= population.count:
                wrong = (
                    f"its file links member {highest:,}, and there are {population.count:,} members, numbered from 0"
                )
        else:
            wrong = unfit(network, population.count)
        if wrong:
            yield self.problem(("networks", place), wrong, f"it is the network of population {population.name!r}")

    def _news(self, where: Where, population: Population) -> Found:
        sees = population.sees
        if sees is None:
            return
        if not sees.network:
            for key in ("per_hop", "sources"):
                if getattr(sees, key) is None:
                    continue
                message = "it says how news spreads along a network, and none is named"
                yield self.problem((*where, "sees", key), message, "add for example sees.network, the name of one")
            return
        yield from self._fits((*where, "sees", "network"), sees.network, population)
        for index, source in enumerate(sees.sources or ()):
            if source >= population.count:
                message = f"there is no member {source:,}: {population.count:,} are numbered from 0"
                yield self.problem((*where, "sees", "sources", index), message)
            elif source in (sees.sources or ())[:index]:
                yield self.problem((*where, "sees", "sources", index), f"member {source:,} is listed twice")

    def _precision(self, where: Where, population: Population) -> Found:
        sees = population.sees
        if sees is None or sees.precision is None:
            return
        if sees.noise > 0.0:
            message = "a signal that is high or low has no further noise"
            yield self.problem((*where, "sees", "noise"), message, "leave out noise, or precision")
        venues = {each.name: each for each in self.draft.venues}
        for name in self.venues_of(population):
            instrument = self.instrument(instrument_of(self.draft, venues[name])) if name in venues else None
            if instrument is not None and instrument.value is not None and not isinstance(instrument.value, Binary):
                process = instrument.value.process
                message = f"the value of {instrument.name!r} is not high or low, as its process is {process}"
                remedy = "precision is for an instrument of process binary"
                yield self.problem((*where, "sees", "precision"), message, remedy)
