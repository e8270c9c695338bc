"""How it is measured what positions may lose, and what must be kept for it: the tables ``[risk]`` and ``[margin]``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.scenario.tables.table import EverySteps, Name, NotNegative, Steps, Table

MOST_MOVES = 100_000
MOST_POINTS = 1_001
Level = Annotated[float, Field(ge=0.5, lt=1.0)]
Rate = Annotated[float, Field(ge=0.0, le=1e6)]


class RiskMeasurement(Table):
    """How the value at risk, expected shortfall and stress of what agents hold are measured while the market runs.

    Past moves are those of the marks of all instruments with a value of their own, in the episode so far.
    """

    confidence: Level = Field(default=0.99, description="level of value at risk, 0.5 to 1")
    tail_confidence: Level = Field(default=0.975, description="level of expected shortfall, 0.5 to 1")
    horizon: EverySteps = Field(default=1, description="steps over which losses count, and from one move to the next")
    window: int = Field(default=250, ge=2, le=MOST_MOVES, description="how many past moves count, the last ones")
    fewest: int = Field(
        default=20, ge=2, le=MOST_MOVES, description="moves that must be known; before, the two are not a number"
    )
    method: Literal["normal", "revaluation"] = Field(
        default="revaluation",
        description="normal: deltas and the covariance of past moves; revaluation: what all instruments would be worth "
        "after each past move, one horizon later",
    )
    price_range: Annotated[float, Field(gt=0.0, lt=1.0)] = Field(
        default=0.15, description="of stress: most that prices move either way, as a share"
    )
    price_points: int = Field(
        default=7, ge=2, le=MOST_POINTS, description="of stress: how many prices are looked at, evenly over that range"
    )
    volatility_range: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(
        default=0.25, description="of stress: volatility is as it is, and by this share lower and higher"
    )


class Margin(Table):
    """What accounts must have for the positions that they hold."""

    rule: Literal["standard", "scan"] = Field(
        description="standard: a share of its underlying's price for each position, whatever the others are; scan: a "
        "share of the worst loss of all positions together, that of [risk] stress"
    )
    populations: tuple[Name, ...] | None = Field(
        default=None, min_length=1, description="names of those that must keep it; omitted: all"
    )
    grace: Steps = Field(
        default=1, description="steps between a call for margin and the clearing house's closing of positions"
    )
    option_initial: Rate = Field(
        default=0.15, description="of rule standard: of an option sold at the money, share of its underlying's price"
    )
    option_least: Rate = Field(default=0.10, description="of rule standard: the same, however far out of the money")
    option_maintenance: Rate = Field(default=0.075, description="of rule standard: the same, to keep it")
    linear_initial: Rate = Field(
        default=0.02,
        description="of rule standard: of a future, of a stock that was sold or that was bought with borrowed money, "
        "share of its price",
    )
    linear_maintenance: Rate = Field(default=0.01, description="of rule standard: the same, to keep it")
    initial_factor: NotNegative = Field(
        default=1.0, description="of rule scan: share of the worst loss that is needed to take positions on"
    )
    maintenance_factor: NotNegative = Field(default=0.75, description="of rule scan: share that is needed to keep them")
