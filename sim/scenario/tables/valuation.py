"""What trades are privately worth to the members of a population: reservation prices, and values of further lots."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sim.scenario.tables.table import Amount, NotNegative, Positive, Table, refuse


class _Reservation(Table):
    reference: Literal["public_value", "signal", "mid"] = Field(
        default="public_value",
        description="price from which the distance is measured; if it is the expected value, payoff plus private value "
        "is, in expectation, what trades were worth to members less what they paid",
    )


class FixedReservation(_Reservation):
    """Every member trades up to the same distance beyond the reference."""

    distribution: Literal["fixed"]
    distance: Amount = Field(description="distance beyond the reference up to which members trade, currency")


class UniformReservation(_Reservation):
    """The distance is drawn uniformly between two bounds."""

    distribution: Literal["uniform"]
    low: Amount = Field(description="least distance, currency")
    high: Amount = Field(description="greatest distance, currency")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.high < self.low:
            raise refuse(f"high = {self.high:g} must not be below low = {self.low:g}")
        return self


class NormalReservation(_Reservation):
    """The distance is drawn from a normal law."""

    distribution: Literal["normal"]
    mean: Amount = Field(description="mean distance, currency")
    deviation: NotNegative = Field(description="standard deviation of the distance, currency")


class ExponentialReservation(_Reservation):
    """The distance is drawn from an exponential law, and an offset is added."""

    distribution: Literal["exponential"]
    mean: Positive = Field(description="mean of the exponential part, currency")
    offset: Amount = Field(default=0.0, description="added to every draw, currency")


Reservation = Annotated[
    FixedReservation | UniformReservation | NormalReservation | ExponentialReservation,
    Field(discriminator="distribution"),
]


class NormalPrivateValues(Table):
    """Values of further lots, up or down: normal draws, new in each episode, sorted from high to low."""

    distribution: Literal["normal"]
    deviation: Positive = Field(description="standard deviation of the draws, currency")
    units: int = Field(ge=1, le=1000, description="number of further lots valued, up and down")


class LinearPrivateValues(Table):
    """One lot per member, with evenly spaced values: a linear demand or supply curve."""

    distribution: Literal["linear"]
    role: Literal["buyer", "seller"] = Field(
        description="whether a member may buy one lot that has this value to it, or sell one that has this cost"
    )
    first: Amount = Field(description="the first member's value or cost, currency")
    last: Amount = Field(description="the last member's value or cost, currency")


PrivateValues = Annotated[NormalPrivateValues | LinearPrivateValues, Field(discriminator="distribution")]
