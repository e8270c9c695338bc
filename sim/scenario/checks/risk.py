"""Checks of how risk is measured, and of margin: which keys a rule uses, who is under it, what can ever be known."""

from __future__ import annotations

from collections.abc import Iterator

from sim.scenario.chains import number_of
from sim.scenario.checks.base import Checks, Found, Where
from sim.scenario.defaults import holds_auctions
from sim.scenario.tables.market import Population
from sim.scenario.tables.risk import Margin

_STANDARD = ("option_initial", "option_least", "option_maintenance", "linear_initial", "linear_maintenance")
_SCAN = ("initial_factor", "maintenance_factor")
_PAIRS = (
    ("option_initial", "option_least"), ("option_least", "option_maintenance"),
    ("linear_initial", "linear_maintenance"), ("initial_factor", "maintenance_factor"),
)  # fmt: skip
_MOST_REVALUATIONS = 50_000_000  # in a step, and numbers kept


class RiskChecks(Checks):
    """What positions may lose, and what must be kept for it."""

    def all(self) -> Iterator[Found]:
        """The checks of [risk] and [margin]."""
        yield from (
            self._moves(),
            self._not_too_many(),
            self._populations(),
            self._rates(),
            self._used(),
            self._grace(),
        )
        yield from self.each("populations", self._together)

    def _moves(self) -> Found:
        risk, steps = self.draft.risk, self.draft.run.steps
        if risk is None:
            return
        if risk.fewest > risk.window:
            message = f"{risk.fewest:,} moves are never known: [risk] window keeps the last {risk.window:,}"
            yield self.problem(("risk", "fewest"), message, "write fewer, or a longer window")
        elif risk.fewest * risk.horizon >= steps:
            message = (
                f"{risk.fewest:,} moves of {risk.horizon:,} steps are never known in an episode of {steps:,} steps"
                if risk.horizon > 1
                else f"{risk.fewest:,} moves are never known in an episode of {steps:,} steps"
            )
            yield self.problem(("risk", "fewest"), message, "write fewer, or a longer run")

    def _not_too_many(self) -> Found:
        risk = self.draft.risk
        if risk is None or risk.method != "revaluation":
            return
        instruments = len(self.draft.instruments) + sum(number_of(each) for each in self.draft.chains)
        if instruments * risk.window > _MOST_REVALUATIONS:
            message = f"{risk.window:,} moves of {instruments:,} instruments are more than can be revalued in each step"
            yield self.problem(("risk", "window"), message, f"write {_MOST_REVALUATIONS // instruments:,} or fewer")

    def _populations(self) -> Found:
        margin: Margin | None = self.draft.margin
        names = [each.name for each in self.draft.populations]
        for index, name in enumerate(() if margin is None else margin.populations or ()):
            if name not in names:
                yield self.unknown(("margin", "populations", index), "population", name, names)
            elif margin is not None and name in (margin.populations or ())[:index]:
                yield self.problem(("margin", "populations", index), f"{name!r} is listed twice")

    def _grace(self) -> Found:
        margin, steps = self.draft.margin, self.draft.run.steps
        if margin is not None and margin.grace >= steps:
            message = f"{margin.grace:,} steps are never over in an episode of {steps:,}: no position is ever closed"
            yield self.problem(("margin", "grace"), message, "write fewer")

    def _together(self, where: Where, population: Population) -> Found:
        """The clearing house closes positions by market orders, which could meet those of other members of a class."""
        margin = self.draft.margin
        if margin is None or (margin.populations is not None and population.name not in margin.populations):
            return
        if population.turn not in self.draft.turns.simultaneous:
            return
        venues = {each.name: each for each in self.draft.venues}
        if any(not holds_auctions(venues[name]) for name in self.venues_of(population) if name in venues):
            message = "members under margin act at once: what the clearing house closes could trade with each other"
            remedy = f"take {population.turn} out of turns.simultaneous, or the population out of margin.populations"
            yield self.problem((*where, "turn"), message, remedy)

    def _rates(self) -> Found:
        margin = self.draft.margin
        if margin is None:
            return
        for more, less in _PAIRS:
            if getattr(margin, less) > getattr(margin, more):
                what = "what is kept must not be more than what was needed at first"
                message = f"{getattr(margin, less):g} is above {more} = {getattr(margin, more):g}: {what}"
                yield self.problem(("margin", less), message, f"write at most {getattr(margin, more):g}")

    def _used(self) -> Found:
        margin = self.draft.margin
        if margin is None:
            return
        other = "scan" if margin.rule == "standard" else "standard"
        for key in _SCAN if margin.rule == "standard" else _STANDARD:
            if getattr(margin, key) != Margin.model_fields[key].default:
                message = f"rule {margin.rule!r} does not use it"
                yield self.problem(("margin", key), message, f'write rule = "{other}"')
