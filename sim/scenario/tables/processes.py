"""How an instrument's value moves: one table per process, which the key ``process`` names."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from sim.scenario.tables.table import Amount, Fraction, Name, NotNegative, Positive, Table, refuse


def _at_most_all(loadings: dict[str, float]) -> dict[str, float]:
    squares = math.fsum(loading * loading for loading in loadings.values())
    if squares > 1.0 + 1e-12:
        raise refuse(f"the squares of the loadings sum to {squares:g}: only 1, all of the variance, can be shared")
    return loadings


Correlation = Annotated[float, Field(ge=-1, le=1)]
Factors = Annotated[dict[Name, Correlation], AfterValidator(_at_most_all)]
_LOADINGS: Any = Field(
    default_factory=dict,
    description="correlation of the value's normal draws with factors, by name, -1 to 1; values that load on one "
    "factor move together; the squares sum to 1 at most",
)


class Constant(Table):
    """A value that stays where it starts."""

    process: Literal["constant"]
    initial: Amount = Field(description="value at the start of each episode, currency")


class RandomWalk(Table):
    """A value with independent changes of equal variance."""

    process: Literal["random_walk"]
    initial: Amount = Field(description="value at the start of each episode, currency")
    volatility: NotNegative = Field(description="standard deviation, currency per square root of a step")
    drift: Amount = Field(default=0.0, description="mean change, currency per step")
    increments: Literal["normal", "coin"] = Field(
        default="normal",
        description="law of a step's change: normal; or coin: up or down by the volatility, each with probability 1/2",
    )
    factors: Factors = _LOADINGS

    @model_validator(mode="after")
    def _coins_alone(self) -> Self:
        if self.factors and self.increments == "coin":
            raise refuse('coins share no factor: write increments = "normal", or leave factors out')
        return self


class GeometricBrownian(Table):
    """A value whose logarithm is a random walk, so that it stays above zero."""

    process: Literal["geometric_brownian"]
    initial: Positive = Field(description="value at the start of each episode, currency")
    volatility: NotNegative = Field(description="standard deviation, relative, per square root of a step")
    drift: Amount = Field(default=0.0, description="mean change, relative, per step")
    factors: Factors = _LOADINGS


class Heston(Table):
    """A value above zero whose variance changes too, and returns to a mean (Heston 1993)."""

    process: Literal["heston"]
    initial: Positive = Field(description="value at the start of each episode, currency")
    variance: NotNegative = Field(description="variance at the start of each episode, relative, per step")
    mean: NotNegative = Field(description="variance to which it returns, relative, per step")
    reversion: Fraction = Field(
        description="share of the distance to its mean that the variance moves per step, 0 to 1"
    )
    volatility: NotNegative = Field(
        description="of the variance: standard deviation of its change per square root of a step and of the variance"
    )
    correlation: Correlation = Field(default=0.0, description="of changes of the value with those of the variance")
    drift: Amount = Field(default=0.0, description="mean change of the value, relative, per step")
    factors: Factors = _LOADINGS


class MeanReverting(Table):
    """A value that returns to its mean by a share of the distance per step."""

    process: Literal["mean_reverting"]
    initial: Amount | None = Field(
        default=None, description="value at the start of each episode, currency; omitted: the mean"
    )
    mean: Amount = Field(description="value to which it returns, currency")
    reversion: Fraction = Field(description="share of the distance to the mean that the value moves per step, 0 to 1")
    volatility: NotNegative = Field(description="standard deviation, currency per square root of a step")
    clip_at_zero: bool = Field(default=False, description="whether a value below zero is set to zero")
    factors: Factors = _LOADINGS


class JumpDiffusion(Table):
    """A random walk with occasional jumps: the news of the textbooks."""

    process: Literal["jump_diffusion"]
    initial: Amount = Field(description="value at the start of each episode, currency")
    volatility: NotNegative = Field(
        default=0.0, description="standard deviation between jumps, currency per square root of a step"
    )
    drift: Amount = Field(default=0.0, description="mean change between jumps, currency per step")
    jump_probability: Fraction = Field(description="probability of a jump in a step, 0 to 1")
    jump: Literal["normal", "fixed", "exponential"] = Field(
        default="normal", description="law of a jump; the sign of a fixed or exponential jump is drawn separately"
    )
    up_probability: Fraction = Field(
        default=0.5, description="probability that a fixed or exponential jump goes up, 0 to 1"
    )
    jump_size: Positive = Field(
        description="standard deviation (normal), size (fixed) or mean size (exponential) of a jump, currency"
    )
    factors: Factors = _LOADINGS


class Binary(Table):
    """A value drawn once, at the start of each episode: high or low."""

    process: Literal["binary"]
    low: Amount = Field(description="the lower value, currency")
    high: Amount = Field(description="the higher value, currency")
    probability: Fraction = Field(default=0.5, description="probability that an episode has the higher value, 0 to 1")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.high > self.low:
            raise refuse(f"high = {self.high:g} must be above low = {self.low:g}")
        return self


class FromFile(Table):
    """A value read from a file, the same in every episode."""

    process: Literal["file"]
    path: str = Field(
        min_length=1, description="CSV (also .csv.gz) or Parquet file, one row per step; relative to the scenario file"
    )
    column: str = Field(default="value", min_length=1, description="name of the column that holds the value, currency")


Process = Annotated[
    Constant | RandomWalk | GeometricBrownian | Heston | MeanReverting | JumpDiffusion | Binary | FromFile,
    Field(discriminator="process"),
]


def known_at_first(process: Process) -> float | None:
    """What everybody knows of the value before an episode begins; None for a file's, which must be read. Currency."""
    if isinstance(process, FromFile):
        return None
    if isinstance(process, Binary):
        return process.low + process.probability * (process.high - process.low)
    if isinstance(process, MeanReverting):
        return process.mean if process.initial is None else process.initial
    return process.initial


class Dividend(Table):
    """Payments to holders."""

    mean: Amount = Field(description="mean payment, currency per unit held")
    deviation: NotNegative = Field(default=0.0, description="standard deviation of a payment, currency per unit held")
    every: int = Field(default=1, ge=1, le=10**12, description="steps between payments")


class Shock(Table):
    """A change of the world at a known step."""

    step: int = Field(ge=0, lt=10**12, description="step of the episode at which it happens, counted from 0")
    value: Amount = Field(default=0.0, description="added to the value, currency")
    volatility: NotNegative | None = Field(
        default=None, description="factor on the process's volatility from then on; omitted: no change"
    )
