"""Whether a network can be one of so many members; no graph is drawn for that."""

from __future__ import annotations

from typing import Any


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
    return ""
