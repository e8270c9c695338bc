"""The table ``[game]``: who may choose which strategies, and what players seek."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, model_validator

from sim.scenario.tables.table import Name, OneOrMoreNames, Positive, Settings, Table, refuse


class Range(Table):
    """The numbers that a parameter may be chosen from."""

    low: float = Field(ge=-1e15, le=1e15, description="smallest number")
    high: float = Field(ge=-1e15, le=1e15, description="largest number")
    points: int = Field(
        default=3, ge=2, le=1000, description="how many are offered at first, evenly spaced from low to high"
    )
    step: Positive | None = Field(
        default=None,
        description="distance between neighbouring numbers, from low upward; omitted: any number between low and high",
    )

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if not self.low < self.high:
            raise refuse(f"low ({self.low:g}) must be below high ({self.high:g})")
        if self.step is not None and self.step > self.high - self.low:
            raise refuse(f"step ({self.step:g}) leaves no number but low; at most {self.high - self.low:g} does not")
        return self

    @property
    def last(self) -> float:
        """How many steps its last number lies above low; infinite where there is no step."""
        return math.inf if self.step is None else math.floor((self.high - self.low) / self.step * (1.0 + 1e-12))

    def nearest(self, number: float) -> float:
        """The nearest number of the range: so many steps above low, or to a ten-thousandth of its width."""
        inside = min(max(number, self.low), self.high)
        if self.step is not None:
            inside = self.low + self.step * min(round((inside - self.low) / self.step), self.last)
        else:
            inside = min(max(round(inside, 4 - math.floor(math.log10(self.high - self.low))), self.low), self.high)
        return float(f"{inside:.12g}")

    def begin(self) -> tuple[float, ...]:
        """What is offered to begin with."""
        width = (self.high - self.low) / (self.points - 1)
        return tuple(dict.fromkeys(self.nearest(self.low + place * width) for place in range(self.points)))


class Game(Table):
    """Which populations choose among which strategies, and what they seek."""

    players: OneOrMoreNames = Field(description="name, or list of names, of the populations that choose")
    payoff: Literal["profit", "surplus", "utility", "mean_variance"] = Field(
        default="profit",
        description="what players seek in each episode: wealth after settlement; this wealth plus the private value "
        "acquired; the utility of wealth at constant absolute risk aversion, (1 - exp(-risk_aversion x wealth)) / "
        "risk_aversion; mean wealth less half of risk_aversion times its variance over the episodes of a run",
    )
    risk_aversion: Positive | None = Field(
        default=None,
        description="risk aversion of utility and mean_variance, per currency; omitted for the other payoffs",
    )
    strategies: dict[Name, Settings] = Field(
        default_factory=dict,
        description="what players may choose: for each name the params that it sets, or a `strategy` and its params; "
        "`players`, a name or a list of names, offers it to these populations alone",
    )
    ranges: dict[Name, Range] = Field(
        default_factory=dict,
        description="[game.ranges.PARAMETER]: a parameter that may be any number of a range; its points are offered "
        "at first, later also numbers between them that pay more",
    )
    reduced_players: dict[Name, int] = Field(
        default_factory=dict,
        description="by population, the number of players in the solved game; each stands for several; omitted: all",
    )
    reduction: Literal["deviation_preserving", "hierarchical"] = Field(
        default="deviation_preserving",
        description="in reduced games, one player deviates alone and the others stand for equal shares of the rest, or "
        "each player stands for an equal share of all",
    )

    @model_validator(mode="after")
    def _whole(self) -> Game:
        averse = self.payoff in ("utility", "mean_variance")
        if averse and self.risk_aversion is None:
            raise refuse(f'payoff = "{self.payoff}" needs risk_aversion, for example risk_aversion = 0.1')
        if not averse and self.risk_aversion is not None:
            raise refuse(f'payoff = "{self.payoff}" has no use for risk_aversion: leave it out, or seek "utility"')
        return self


def offered_to(settings: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The players that a strategy of ``[game.strategies]`` is offered to; None for all, none where none are named."""
    only = settings.get("players")
    if only is None or isinstance(only, str):
        return None if only is None else (only,)
    return tuple(map(str, only)) if isinstance(only, Sequence) else ()
