"""The house as its imports say it: rooms, arrows between them, and the order that docs/design.md writes down.

``python -m tests.house`` draws docs/house.svg. A room is an entry of a folder that has a line in the order: a folder
with all below it, or a file. Imports are read from the source, those for the type checker and those inside functions
too.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from tests.places import ROOT

TOPS = ("spreadgame", "analysis", "sim")  # from above
PICTURE = ROOT / "docs" / "house.svg"


class Import(NamedTuple):
    """A module that a line imports."""

    place: str
    module: str
    imported: str


class Order(NamedTuple):
    """The order of the rooms: each folder's levels from above, and the arrows that may go up, with reasons."""

    levels: dict[str, list[list[str]]]
    allowed: dict[tuple[str, str], str]


def order_in(text: str) -> Order:
    """The order that a page says: ``folder: above, beside > below``, ``allow room -> room: reason``."""
    block = re.search(r"^```order\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert block, "docs/design.md has no block ```order"
    levels, allowed = {}, {}
    for line in re.sub(r"\n +", " ", block[1]).splitlines():
        left, colon, right = line.partition(": ")
        assert colon, f"{line!r} has no colon"
        if left.startswith("allow "):
            above, _, below = left.removeprefix("allow ").partition(" -> ")
            allowed[above, below] = right
        else:
            levels[left] = [[room.strip() for room in level.split(",")] for level in right.split(">")]
    return Order(levels, allowed)


@cache
def order() -> Order:
    return order_in((ROOT / "docs" / "design.md").read_text(encoding="utf-8"))


@cache
def modules() -> dict[str, Path]:
    """Every module of ours by its name; a package's is that of its ``__init__``."""
    found = {}
    for top in TOPS:
        for path in sorted((ROOT / top).rglob("*.py")):
            found[".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")] = path
    return found


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_in(name: str, path: Path, parsed: ast.Module) -> Iterator[Import]:
    """What a module imports of ours, wherever in it."""
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    for node in ast.walk(parsed):
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            names = [f"{base}.{each.name}" if f"{base}.{each.name}" in modules() else base for each in node.names]
        else:
            continue
        for each in names:
            if each.partition(".")[0] in TOPS:
                yield Import(f"{path.relative_to(ROOT).as_posix()}:{node.lineno}", name, each)


@cache
def imports() -> list[Import]:
    return [each for name, path in modules().items() for each in imports_in(name, path, tree(path))]


def room(module: str, folder: str) -> str | None:
    """The room of a folder in which a module is; ``__init__`` for the folder's own file, None outside of it."""
    if folder == "top":
        return module.partition(".")[0]
    if module == folder:
        return "__init__"
    if not module.startswith(f"{folder}."):
        return None
    return module.removeprefix(f"{folder}.").partition(".")[0]


def upward(folder: str, levels: list[list[str]], found: list[Import]) -> list[str]:
    """The imports between rooms of a folder that do not go down."""
    height = {name: place for place, level in enumerate(levels) for name in level}
    wrong = []
    for place, module, imported in found:
        above, below = room(module, folder), room(imported, folder)
        if above == below or above not in height or below not in height:
            continue
        prefix = "" if folder == "top" else f"{folder}."
        if height[above] >= height[below] and (f"{prefix}{above}", f"{prefix}{below}") not in order().allowed:
            wrong.append(f"{place}: {prefix}{above} -> {prefix}{below}")
    return wrong


# --- the picture ----------------------------------------------------------------------------------------------------


def arrows() -> Counter[tuple[str, str]]:
    """How many imports run between the rooms of the folders that are drawn: ``sim.runs -> sim.core``."""
    found: Counter[tuple[str, str]] = Counter()
    for each in imports():
        ends = []
        for module in (each.module, each.imported):
            top = module.partition(".")[0]
            ends.append(f"{top}.{room(module, top)}")
        if ends[0] != ends[1] and not any(end.endswith(".__init__") for end in ends):
            found[ends[0], ends[1]] += 1
    return found


def fingerprint() -> str:
    """A digest of what the picture shows."""
    return blake2b(repr((sorted(arrows()), order().levels)).encode(), digest_size=8).hexdigest()


def places() -> dict[str, tuple[float, float]]:
    """Where each room stands: a line per level, the rooms of a level side by side."""
    found, height = {}, 0.0
    for folder in TOPS:
        for level in order().levels[folder]:
            names = [name for name in level if name != "__init__"]
            aside = 0.0 if len(names) > 1 else 0.13 * (-1) ** round(height)  # so that arrows pass beside it
            for number, name in enumerate(names):
                found[f"{folder}.{name}"] = ((number + 0.5) / len(names) + aside, -height)
            height += 1.0 if names else 0.0
        height += 0.6
    return found


def draw(path: Path = PICTURE) -> None:
    """Draw the rooms from above, each with arrows to what it imports; wide arrows are many imports."""
    import networkx as nx
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    where, found = places(), arrows()
    graph = nx.DiGraph([(*ends, {"imports": count}) for ends, count in sorted(found.items())])
    graph = graph.subgraph(where)
    with rc_context({"svg.hashsalt": "house", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(11, 13), layout="constrained")
        ax = figure.subplots()
        colours = {"spreadgame": "#7a5195", "analysis": "#2f7f93", "sim": "#c2571a"}
        nx.draw_networkx_edges(
            graph, where, ax=ax, node_size=1500, arrowsize=7, edge_color="#8a8a8a", alpha=0.35,
            width=[0.4 + 0.25 * graph.edges[edge]["imports"] ** 0.5 for edge in graph.edges],
            connectionstyle="arc3,rad=0.06",
        )  # fmt: skip
        for name, (across, up) in where.items():
            top, _, own = name.partition(".")
            ax.text(across, up, own, ha="center", va="center", color="white", weight="bold",
                    bbox={"boxstyle": "round,pad=0.45", "facecolor": colours[top], "edgecolor": "none"})  # fmt: skip
        for top in TOPS:
            highest = max(up for name, (_, up) in where.items() if name.startswith(f"{top}."))
            ax.text(-0.02, highest + 0.55, f"{top}/", color=colours[top], weight="bold", size=11)
        ax.set_axis_off()
        figure.savefig(path, bbox_inches="tight", metadata={"Date": None, "Description": fingerprint()})


if __name__ == "__main__":
    draw()
