"""Who is linked with whom: one table per kind of network, which the key ``kind`` names.

A population that names a network has a graph whose nodes are its members, numbered from 0. Links have no direction.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.scenario.tables.table import MOST_AGENTS, Fraction, Name, Table


class Named(Table):
    """What every network has."""

    name: Name = Field(description="what populations call it")


class Complete(Named):
    """Everybody is linked with everybody."""

    kind: Literal["complete"]


class Ring(Named):
    """Members in a circle, each linked with the nearest ones."""

    kind: Literal["ring"]
    degree: int = Field(
        default=2, ge=2, le=MOST_AGENTS, multiple_of=2, description="links of each member, half to either side; even"
    )


class Lattice(Named):
    """Members in rows and columns, each linked with those beside, above and below."""

    kind: Literal["lattice"]
    columns: int | None = Field(
        default=None, ge=1, le=MOST_AGENTS, description="members in a row; omitted: as near to a square as can be"
    )
    periodic: bool = Field(default=True, description="whether the edges of the lattice are joined, as on a torus")


class SmallWorld(Named):
    """A ring some of whose links lead anywhere (Watts and Strogatz 1998)."""

    kind: Literal["small_world"]
    degree: int = Field(
        default=4, ge=2, le=MOST_AGENTS, multiple_of=2, description="links of each member on the ring; even"
    )
    rewiring: Fraction = Field(default=0.1, description="probability that a link is moved to a random member, 0 to 1")


class ScaleFree(Named):
    """Newcomers link with those who have many links already (Barabási and Albert 1999)."""

    kind: Literal["scale_free"]
    links: int = Field(default=2, ge=1, le=MOST_AGENTS, description="links that each newcomer makes")


class RandomNetwork(Named):
    """Any two members are linked with the same probability (Erdős and Rényi 1959)."""

    kind: Literal["random"]
    mean_degree: float = Field(ge=0, le=MOST_AGENTS, description="links that a member has on average")


class Blocks(Named):
    """Members in groups of equal size, with more links within a group than between groups."""

    kind: Literal["blocks"]
    groups: int = Field(default=2, ge=1, le=MOST_AGENTS, description="groups of members, in the order of their numbers")
    within: Fraction = Field(description="probability of a link between two members of one group, 0 to 1")
    between: Fraction = Field(description="probability of a link between members of two groups, 0 to 1")


class Star(Named):
    """Member 0 is linked with everybody, and nobody else with anybody else."""

    kind: Literal["star"]


class NetworkFile(Named):
    """Links that are read from a file."""

    kind: Literal["file"]
    path: str = Field(
        min_length=1,
        description="CSV file with columns a and b, one link per row, members from 0; relative to the scenario file",
    )


Network = Annotated[
    Complete | Ring | Lattice | SmallWorld | ScaleFree | RandomNetwork | Blocks | Star | NetworkFile,
    Field(discriminator="kind"),
]
