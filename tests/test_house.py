"""The house: imports go one way, folders stay small enough to read, files and functions too.

The order of the rooms stands in docs/design.md, in the block that begins with ``order``. A room is an entry of a folder
that has a line there: a folder with all below it, or a file. Imports are read from the source, those for the type
checker and those inside functions too.
"""

from __future__ import annotations

import ast
import re
from itertools import pairwise

import pytest

from tests.house import PICTURE, TOPS, fingerprint, imports, imports_in, modules, order, order_in, room, tree, upward
from tests.places import ROOT

MOST_ENTRIES = {"analysis": 18, "sim": 18}
MOST_LINES, MOST_LINES_OF_A_FUNCTION, MOST_LINES_OF_THE_LOOP = 400, 60, 280
LOOP = "sim/kernel/kernel.py"
LONG = re.compile(r"#\s*long: \S")


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
    assert long == {}
    assert lines[ROOT / LOOP] <= MOST_LINES_OF_THE_LOOP


def test_no_function_is_long_without_a_reason() -> None:
    long = []
    for path in modules().values():
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.end_lineno is None:
                continue
            length = node.end_lineno - node.lineno + 1
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


def test_the_picture_of_the_house_is_that_of_the_imports() -> None:
    said = "docs/house.svg shows other imports — python -m tests.house draws it anew"
    assert fingerprint() in PICTURE.read_text(encoding="utf-8"), said
