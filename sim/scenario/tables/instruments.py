"""What can be held: a stock with a value of its own, or a derivative whose value follows from another instrument's."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from sim.scenario.tables.derivatives import Derivative
from sim.scenario.tables.processes import Dividend, Process, Shock
from sim.scenario.tables.table import Fraction, Name, Positive, PublicDelay, Table, refuse

_FOLLOWING = {"call", "put", "future", "perpetual"}  # kinds that a derivative table makes


class Instrument(Table):
    """Something to hold."""

    name: Name = Field(description="what venues call it")
    kind: Literal["stock", "call", "put", "future", "perpetual"] | None = Field(
        default=None,
        description="what it is; a stock has a value of its own; omitted: a stock, or what its derivative table says",
    )
    lot_size: Positive = Field(
        default=1.0, description="units of the instrument in a lot; of a derivative: units of what it follows from"
    )
    value: Process | None = Field(
        default=None,
        description="how the fundamental value moves; `process` names the law; omitted: derivative says",
    )
    derivative: Derivative | None = Field(
        default=None, description="from what its value follows; `kind` says how; omitted: it has a value of its own"
    )
    public_delay: PublicDelay = Field(
        default="never", description='steps after which everybody knows the value, or "never"'
    )
    settlement: Literal["value", "mid", "none"] = Field(
        default="value", description="price at which positions are closed at an episode's end"
    )
    price_feedback: Fraction = Field(
        default=0.0, description="share of the distance to the market price by which the value moves each step, 0 to 1"
    )
    dividend: Dividend | None = Field(default=None, description="what holders are paid; omitted: nothing")
    shocks: tuple[Shock, ...] = Field(default=(), description="changes at known steps of each episode")

    @property
    def what(self) -> str:
        """Its kind, stated or not."""
        return self.derivative.kind if self.derivative is not None else self.kind or "stock"

    @property
    def is_derivative(self) -> bool:
        """Whether its value follows from another instrument's."""
        return self.derivative is not None

    @model_validator(mode="after")
    def _one_value(self) -> Self:
        derivative = self.derivative
        if (self.value is None) == (derivative is None):
            which = "neither" if derivative is None else "both"
            raise refuse(f"{which} of value and derivative: write one of them, since a value is its own or follows")
        if self.kind in (_FOLLOWING if derivative is None else {*_FOLLOWING, "stock"} - {derivative.kind}):
            raise refuse(f"kind = {self.kind!r} is not what its tables say: leave kind out")
        if derivative is None:
            return self
        for key in ("public_delay", "settlement", "price_feedback", "dividend", "shocks"):
            if getattr(self, key) != type(self).model_fields[key].default:
                raise refuse(f"{key} is no key of a derivative: what is known of {derivative.of!r} is known of it")
        return self
