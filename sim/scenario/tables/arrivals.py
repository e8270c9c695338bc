"""When members act: one table per law of arrival, which the key ``law`` names."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.scenario.tables.table import MOST_AGENTS, Fraction, Name, Table

Mass = Annotated[float, Field(ge=0, le=MOST_AGENTS)]


class Bernoulli(Table):
    """Each member acts with a probability, at most once per step."""

    law: Literal["bernoulli"]
    probability: Fraction = Field(description="probability that a member acts in a step, 0 to 1")


class Poisson(Table):
    """Any number of arrivals per step, each by a member drawn with replacement."""

    law: Literal["poisson"]
    rate: float = Field(ge=0, le=MOST_AGENTS, description="expected arrivals of the whole population in a step")


class OneOf(Table):
    """The populations of a group share exactly one arrival per step."""

    law: Literal["one_of"]
    group: Name = Field(description="name shared by the populations that take part")
    share: Fraction | None = Field(
        default=None, description="probability that the arrival is theirs; omitted: the rest"
    )


class OnNews(Table):
    """Acts in steps in which the value jumps; other populations of its group share the other steps."""

    law: Literal["on_news"]
    group: Name = Field(description="name shared by the populations that take part")
    instrument: str = Field(
        default="", description="whose value's jumps are the news; omitted: that of its first venue"
    )


class Hawkes(Table):
    """Arrivals that excite arrivals: Poisson counts whose rate rises with each past arrival and falls back."""

    law: Literal["hawkes"]
    rate: float = Field(
        ge=0, le=MOST_AGENTS, description="expected arrivals of the population that nothing excites, per step"
    )
    mass: Mass = Field(
        default=0.0, description="arrivals of the population that one of its own excites in all later steps, expected"
    )
    decay: float = Field(gt=0, le=1e3, description="rate at which what an arrival excites dies away, per step")
    by: dict[str, Mass] = Field(
        default_factory=dict, description="the same as mass, for each arrival of another population, by its name"
    )


Arrivals = Annotated[Bernoulli | Poisson | OneOf | OnNews | Hawkes, Field(discriminator="law")]
