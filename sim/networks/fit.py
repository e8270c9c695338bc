"""Whether a network can be one of so many members; no graph is drawn for that."""

from __future__ import annotations

from typing import Any

_MOST_LINKS = 5_000_000
LINK_BYTES = 512  # that NetworkX takes for each while it draws, more than what is kept of it


def unfit(network: Any, members: int) -> str:
    """Why a network cannot be one of so many members, or an empty text."""
    if network.kind in ("ring", "small_world") and network.degree >= members:
        return f"each of {members:,} members cannot have {network.degree:,} links: degree must be below {members:,}"
    if network.kind == "lattice" and network.columns is not None and members % network.columns:
        return f"{members:,} members do not fill rows of {network.columns:,}"
    if network.kind == "scale_free" and network.links >= members:
        return f"a newcomer among {members:,} members cannot make {network.links:,} links"
    if network.kind == "random" and network.mean_degree > members - 1:
        return f"{members:,} members cannot have {network.mean_degree:g} links each on average"
    if network.kind == "blocks" and members % network.groups:
        return f"{members:,} members cannot be divided into {network.groups:,} groups of equal size"
    if network.kind not in ("lattice", "star") and (links := links_of(network, members)) > _MOST_LINKS:
        return f"about {links:,.0f} links are more than the most that are drawn, {_MOST_LINKS:,}"
    return ""


def links_of(network: Any, members: int) -> float:
    """Links to be expected that are drawn, and for blocks the probabilities to be written; 0 of those in a file."""
    match network.kind:
        case "ring" | "small_world":
            return 0.5 * members * float(network.degree)
        case "random":
            return 0.5 * members * float(network.mean_degree)
        case "scale_free":
            return members * float(network.links)
        case "blocks":
            size: float = members / network.groups
            pairs = 0.5 * members * members
            drawn = pairs * float(network.between) + 0.5 * members * size * float(network.within)
            return max(float(network.groups * network.groups), drawn)
        case "lattice":
            return 2.0 * members
        case "star":
            return float(members)
        case _:
            return 0.0
