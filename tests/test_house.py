"""The house: imports go one way, folders stay small enough to read, files and functions too.

The order of the rooms stands in docs/design.md, in the block that begins with ``order``. A room is an entry of a folder
that has a line there: a folder with all below it, or a file. Imports are read from the source, those for the type
checker and those inside functions too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.places import ROOT

TOPS = ("spreadgame", "analysis", "sim")
MOST_ENTRIES = {"analysis": 15, "sim": 18}
MOST_LINES, MOST_LINES_OF_A_FUNCTION, MOST_LINES_OF_THE_LOOP = 400, 60, 280
LOOP = "sim/kernel/kernel.py"
BEING_MENDED = {  # files and functions that are longer as yet; each line goes when its file is shorter
    "analysis/impact/implementation_shortfall.py", "analysis/money/attribution.py", "analysis/report/contents.py",
    "sim/core/compiled_tables.py", "sim/core/ledger.py", "sim/kernel/kernel.py", "sim/mesa_model/trader.py",
    "sim/runs/build.py", "sim/runs/result.py", "sim/runs/tables.py", "sim/scenario/tables/market.py",
    "sim/strategy_kit/declare.py", "sim/strategy_kit/interface.py", "sim/venues/auction.py", "sim/venues/book.py",
}  # fmt: skip
LONG = re.compile(r"#\s*long: \S")


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


@pytest.mark.parametrize("folder", order().levels)
def test_imports_go_down_the_order_that_the_design_says(folder: str) -> None:
    assert upward(folder, order().levels[folder], imports()) == []


@pytest.mark.parametrize("folder", order().levels)
def test_every_room_of_a_folder_has_its_place_in_the_order(folder: str) -> None:
    listed = [name for level in order().levels[folder] for name in level]
    there = {room(name, folder) for name in modules()} - {None} - ({"__init__"} - {*listed})
    assert sorted(listed) == sorted(there)


def test_the_order_has_a_line_for_what_is_on_top() -> None:
    assert {"top", *TOPS} <= set(order().levels)


def test_an_arrow_that_may_go_up_is_there_and_has_a_reason() -> None:
    for (above, below), reason in order().allowed.items():
        assert len(reason.split()) > 2, f"{above} -> {below} is allowed without a reason"
        assert any(
            f"{each.module}.".startswith(f"{above}.") and f"{each.imported}.".startswith(f"{below}.")
            for each in imports()
        ), f"{above} -> {below} is allowed and no longer needed"


def test_an_import_that_goes_up_is_found_wherever_it_stands() -> None:
    path = ROOT / "sim" / "core" / "rng.py"
    text = (
        "from __future__ import annotations\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from sim.kernel import kernel\n"
        "def late():\n    import analysis.output.style\n    from ..runs.result import Run\n"
    )
    found = list(imports_in("sim.core.rng", path, ast.parse(text)))
    assert [each.imported for each in found] == ["sim.kernel.kernel", "analysis.output.style", "sim.runs.result"]
    assert len(upward("sim", order().levels["sim"], found)) == 2
    assert upward("top", order().levels["top"], found) == ["sim/core/rng.py:6: sim -> analysis"]


@pytest.mark.parametrize(("folder", "most"), MOST_ENTRIES.items())
def test_a_folder_has_few_entries(folder: str, most: int) -> None:
    entries = {name for name in (room(module, folder) for module in modules()) if name not in (None, "__init__")}
    assert len(entries) <= most, sorted(entries)


def test_no_file_is_long() -> None:
    lines = {path: path.read_text(encoding="utf-8").count("\n") for path in modules().values()}
    long = {path.relative_to(ROOT).as_posix(): count for path, count in lines.items() if count > MOST_LINES}
    assert {name: count for name, count in long.items() if name not in BEING_MENDED} == {}
    assert lines[ROOT / LOOP] <= MOST_LINES_OF_THE_LOOP or LOOP in BEING_MENDED


def test_no_function_is_long_without_a_reason() -> None:
    long = []
    for path in modules().values():
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.end_lineno is None:
                continue
            length = node.end_lineno - node.lineno + 1
            if path.relative_to(ROOT).as_posix() in BEING_MENDED:
                continue
            if length > MOST_LINES_OF_A_FUNCTION and not LONG.search(lines[node.lineno - 1]):
                long.append(f"{path.relative_to(ROOT).as_posix()}:{node.lineno}: {node.name} has {length} lines")
    assert long == []


def test_no_test_imports_from_a_test() -> None:
    wrong = [
        f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module
        for last in [node.module.split("."), *([*node.module.split("."), each.name] for each in node.names)]
        if last[0] == "tests" and any(part.startswith("test_") for part in last)
    ]
    assert sorted(set(wrong)) == []


def test_the_order_reads_as_it_is_written() -> None:
    found = order_in("text\n```order\ntop: a, b > c\n  > d\nallow a -> b: both are one thing\n```\n")
    assert found.levels == {"top": [["a", "b"], ["c"], ["d"]]}
    assert found.allowed == {("a", "b"): "both are one thing"}
    assert all(above != below for above, below in pairwise(found.levels["top"]))
