"""What follows from another instrument: calls, puts, futures, perpetual futures, and chains of options."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sim.scenario.tables.table import Amount, EverySteps, Name, NotNegative, Positive, Table, Unreadable, refuse

MOST_STRIKES = 10_000
Expiry = Annotated[int, Field(ge=1, le=10**12)]


class _Expiring(Table):
    of: Name = Field(description="name of the instrument that it follows from")
    expiry: Expiry = Field(description="it is settled in cash after so many moves of that instrument's value")
    settles_at: Literal["value", "mid"] = Field(
        default="value", description="what counts as that instrument's price: its value, or its mid"
    )
    average: int = Field(
        default=1, ge=1, le=10**6, description="it is settled at the mean price of so many steps, the last ones"
    )


class _Option(_Expiring):
    strike: Amount = Field(description="price at which it may be exercised, currency")
    volatility: NotNegative | None = Field(
        default=None,
        description="relative, per square root of a step, at which it is valued where the law of that instrument's "
        "value does not say it; omitted: the law does",
    )


class Call(_Option):
    """The right to buy at the strike, exercised at expiry if that pays, and settled in cash."""

    kind: Literal["call"]


class Put(_Option):
    """The right to sell at the strike, exercised at expiry if that pays, and settled in cash."""

    kind: Literal["put"]


class Future(_Expiring):
    """A purchase at expiry, whose gains and losses are paid at the end of each step."""

    kind: Literal["future"]


class Perpetual(Table):
    """A future without expiry; what keeps it near the instrument is that the dear side pays the other."""

    kind: Literal["perpetual"]
    of: Name = Field(description="name of the instrument that it follows from")
    settles_at: Literal["value", "mid"] = Field(
        default="value", description="what counts as that instrument's price: its value, or its mid"
    )
    funding_every: EverySteps = Field(default=1, description="steps between payments of funding")
    base_rate: Amount = Field(default=0.0001, description="funding rate per payment to which small premiums are drawn")
    clamp: NotNegative = Field(default=0.0005, description="most that the base rate may correct the mean premium by")
    cap: NotNegative = Field(default=0.0075, description="most that a payment may be, as a share of the position")


Derivative = Annotated[Call | Put | Future | Perpetual, Field(discriminator="kind")]


class Strikes(Table):
    """Strikes at equal distances."""

    first: Amount = Field(description="lowest strike, currency")
    last: Amount = Field(description="highest strike, currency")
    step: Positive = Field(description="distance of one strike from the next, currency")

    @model_validator(mode="after")
    def _rise(self) -> Self:
        count = (self.last - self.first) / self.step
        if count < 0.0:
            raise refuse(f"last = {self.last:g} must not be below first = {self.first:g}")
        if count > MOST_STRIKES:
            raise refuse(f"are {count:,.0f} strikes; at most {MOST_STRIKES:,} are possible: take a longer step")
        if abs(count - round(count)) > 1e-6:
            raise refuse(f"from {self.first:g} in steps of {self.step:g} no strike is at last = {self.last:g}")
        return self

    @property
    def number(self) -> int:
        """How many strikes there are.

        Raises
        ------
        Unreadable
            Of a table with mistakes, if they are too many, or none.
        """
        count = (self.last - self.first) / self.step
        if not 0.0 <= count <= MOST_STRIKES:
            raise Unreadable("strikes")
        return round(count) + 1

    def all(self) -> tuple[float, ...]:
        """The strikes, rising; each the decimal number nearest to where it should be. Raises as ``number``."""
        return tuple(float(f"{self.first + place * self.step:.10g}") for place in range(self.number))
