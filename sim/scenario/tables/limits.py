"""What members of a population may hold and lose, with how much capital, and for how long."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from sim.scenario.tables.table import Fraction, Name, Positive, Steps, Table, refuse

BEFORE = ("position", "delta", "gamma", "vega")  # these hold before a trade
MEASURED = ("value_at_risk", "expected_shortfall", "stress", "margin")  # as [risk] says
MOST_LIMITS = 32


class Limit(Table):
    """A limit, and what is done about it.

    Limits of position, delta, gamma and vega hold before each trade, a member's open orders counted as filled. The
    others are looked at when a step ends.
    """

    of: Literal[
        "position", "delta", "gamma", "vega", "value_at_risk", "expected_shortfall", "stress", "drawdown", "loss",
        "margin", "basis", "unwind",
    ] = Field(
        description="position: lots; delta, gamma, vega: of all that follows from an instrument, as in samples of "
        "agents; value_at_risk, expected_shortfall, stress: as [risk] measures them, currency; drawdown, loss: of "
        "wealth since its peak, or the start; margin: maintenance margin as a share of what is there for it; basis: "
        "what futures are away from their worth, currency; unwind: steps to work off the slowest position"
    )  # fmt: skip
    on: str = Field(
        default="",
        description="instrument of a position, or that greeks are to; omitted: that of the first venue, or what it "
        "follows from",
    )
    most: Positive = Field(description="the most that is allowed, either way")
    action: Literal["none", "widen", "hedge", "reduce", "stop"] = Field(
        default="none",
        description="widen: quotes that add to it are moved away from the market; hedge: the hedge trades at once, "
        "whatever its rule; reduce: only what lessens a position enters, and the rest is traded out; stop: quotes go, "
        "and the strategy acts no more in the episode; none: it is counted",
    )
    at: Fraction | None = Field(
        default=None,
        description="share of most from which the action is taken; omitted: 1, or 0.8 of a limit that holds before "
        "the trade; widen needs none",
    )
    by: Positive | None = Field(
        default=None, description="of widen: distance by which quotes move where all of the limit is used, currency"
    )

    @property
    def holds_before(self) -> bool:
        """Whether it holds before a trade."""
        return self.of in BEFORE

    @property
    def acts_at(self) -> float:
        """Above how much the action is taken."""
        share = self.at if self.at is not None else 0.8 if self.holds_before else 1.0
        return share * self.most

    @model_validator(mode="after")
    def _keys(self) -> Self:
        if self.action == "widen" and self.by is None:
            raise refuse("action widen needs by, the distance by which quotes move; add by = 0.01")
        if self.action != "widen" and self.by is not None:
            raise refuse(f'action {self.action} does not use by; write action = "widen", or leave it out')
        if self.action in ("widen", "none") and self.at is not None:
            raise refuse(f"action {self.action} does not use at; leave it out")
        return self


class Capital(Table):
    """How much a member may hold in each book, by its capital: amount, and what it has gained in the episode."""

    amount: Positive = Field(description="capital at the start of an episode, currency")
    shares: Literal["equal", "stated", "inverse_risk"] = Field(
        default="equal",
        description="how it is shared over the instruments of its venues: equally, as stated, or such that each share "
        "has the same risk if it is all spent",
    )
    stated: dict[Name, Fraction] = Field(
        default_factory=dict, description="shares by name of the instrument, if they are stated; they sum to 1 at most"
    )
    sizing: Literal["spend", "risk_budget", "kelly"] = Field(
        default="spend",
        description="position that a share of capital allows: what it buys; that whose deviation per step is fraction "
        "of it; or fraction of the one that makes it grow fastest (Kelly 1956)",
    )
    fraction: Positive = Field(default=1.0, description="of sizing, see there")
    edge: Positive | None = Field(
        default=None, description="of kelly: expected gain on a unit per step, either way, currency"
    )
    deviation: Positive | None = Field(
        default=None,
        description="root mean square of a unit's moves per step, currency; omitted: that of the value's law",
    )

    @model_validator(mode="after")
    def _shares(self) -> Self:
        if self.shares == "stated" and not self.stated:
            raise refuse("shares 'stated' needs stated, the share of each instrument; add stated = { NAME = 1.0 }")
        return self


class Plan(Table):
    """When a member begins, and when it trades out all it has and ends."""

    enter: Steps = Field(default=0, description="first step in which its strategy acts")
    leave: Steps | None = Field(
        default=None, description="step from which on it trades out what it has; omitted: never"
    )
    stop_loss: Positive | None = Field(default=None, description="loss at which it leaves, currency; omitted: none")
    take_profit: Positive | None = Field(default=None, description="gain at which it leaves, currency; omitted: none")


class Limits(Table):
    """What members may hold and lose, whatever their strategy."""

    limits: tuple[Limit, ...] = Field(
        default=(), max_length=MOST_LIMITS, description="what is limited; omitted: nothing"
    )
    capital: Capital | None = Field(default=None, description="capital, which limits positions; omitted: none")
    plan: Plan | None = Field(default=None, description="when members begin and end; omitted: with the episode")
