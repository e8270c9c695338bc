"""What a population trades off besides what its strategy does: the hedge around it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from sim.core.wording import shown
from sim.scenario.tables.table import Amount, EverySteps, NotNegative, Positive, Table, refuse

MOST_HEDGE_VENUES = 8


def _number_or(*words: str) -> BeforeValidator:
    def look(value: object) -> object:
        if value in words or (isinstance(value, int | float) and not isinstance(value, bool)):
            return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
        raise refuse(f"{shown(value)} is neither a number nor one of {', '.join(words)}")

    return BeforeValidator(look)


def _schema(*words: str, **limits: float) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [{"enum": list(words)}, {"type": "number", **limits}]})


Ratio = Annotated[
    float | str,
    _number_or("delta", "minimum_variance"),
    _schema("delta", "minimum_variance", minimum=-1e6, maximum=1e6),
]
Volatility = Annotated[float | str, _number_or("value"), _schema("value", minimum=0.0, maximum=1e15)]


class Exposure(Table):
    """What a member is exposed to besides its positions: contracts that are traded nowhere here."""

    delta: Amount = Field(default=0.0, description="units of the underlying that they are worth at an episode's start")
    gamma: Amount = Field(
        default=0.0, description="change of that number per unit of currency by which the mark has moved since then"
    )


class Hedge(Table):
    """What a member trades off at the end of each turn, whatever its strategy, by market orders.

    Its exposure is the delta of all it holds that follows from one instrument, that instrument included, and of what
    ``exposure`` states.
    """

    venues: tuple[str, ...] = Field(
        min_length=1,
        max_length=MOST_HEDGE_VENUES,
        description="names of the venues on which it trades, the cheapest first: by half-spread and fee per unit of "
        "exposure; what finds no quote there goes to the next",
    )
    of: str = Field(
        default="",
        description="instrument to which exposure is hedged; omitted: the first venue's, or what that follows from",
    )
    exposure: Exposure = Field(default=Exposure(), description="what is hedged besides positions; omitted: nothing")
    ratio: Ratio = Field(
        default="delta",
        description="units to hold against each unit of exposure: delta: one, or what a future moves by; "
        "minimum_variance: estimated from the mids' changes since the episode began; or a number",
    )
    horizon: EverySteps = Field(default=10, description="steps of the changes from which minimum_variance is estimated")
    rule: Literal["interval", "band", "whalley_wilmott"] = Field(
        default="interval",
        description="when it trades: every so many steps; once the exposure leaves a band; or once it leaves that of "
        "Whalley and Wilmott 1997, and then to its edge",
    )
    every: EverySteps = Field(default=1, description="steps between the hedges of rule interval")
    band: NotNegative = Field(
        default=0.0, description="exposure that rule band leaves, units of the underlying either way; beyond, all goes"
    )
    risk_aversion: Positive = Field(default=1.0, description="of rule whalley_wilmott, per unit of currency")
    cost: NotNegative | None = Field(
        default=None,
        description="of rule whalley_wilmott: cost of a trade one way, a share; omitted: the first venue's taker fee",
    )
    volatility: Volatility = Field(
        default="value",
        description="at which options are hedged: value: that of the underlying's value; or a number, in its own units "
        "per square root of a step",
    )
    sticky: Literal["strike", "delta"] = Field(
        default="strike",
        description="what keeps its volatility as the price moves: each strike; or each delta, so that the smile moves "
        "with the price, and an option's delta is less by vega times slope over the price",
    )
    slope: float = Field(
        default=0.0,
        ge=-1e6,
        le=1e6,
        description="of the smile, for sticky by delta: change of the volatility, in its own units, per unit of "
        "ln(strike / forward price); a stated number, as the market's values have no smile",
    )

    @model_validator(mode="after")
    def _limits(self) -> Self:
        if isinstance(self.ratio, float) and abs(self.ratio) > 1e6:
            raise refuse(f"ratio = {self.ratio:g} is beyond the most allowed, 1,000,000 either way")
        if isinstance(self.volatility, float) and not 0.0 <= self.volatility <= 1e15:
            raise refuse(f"volatility = {self.volatility:g} must not be negative")
        return self
