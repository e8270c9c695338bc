"""CONTRIBUTING's recipes that edit the source, done to a copy of it: a kind of venue and a kind of instrument.

The other recipes (a strategy, a rule, a measure) are one file each, and run where those rooms are tested.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import ROOT

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """What stands under a heading."""
    return re.split(r"^## ", CONTRIBUTING.split(f"## {title}\n", 1)[1], maxsplit=1, flags=re.M)[0]


def follow(title: str, tree: Path) -> None:
    """Do to a copy of the source what a recipe says: write its file, apply its differences."""
    text = section(title)
    file = re.search(r"`(sim/\S+\.py)`:\n\n```python\n(.*?)```", text, re.S)
    assert file, "the recipe names the file that it writes"
    (tree / file[1]).write_text(file[2], encoding="utf-8")
    [differences] = re.findall(r"```diff\n(.*?)```", text, re.S)
    for part in re.split(r"^--- a/", differences, flags=re.M)[1:]:
        head, _, body = part.partition("\n")
        place = tree / head
        source = place.read_text(encoding="utf-8")
        for change in re.split(r"^@@\n", body, flags=re.M)[1:]:
            lines = change.splitlines()
            old = "\n".join(line[1:] for line in lines if line[:1] != "+")
            new = "\n".join(line[1:] for line in lines if line[:1] != "-")
            assert source.count(old) == 1, f"{head} has these lines once:\n{old}"
            source = source.replace(old, new)
        place.write_text(source, encoding="utf-8")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the source."""
    for name in ("sim", "analysis", "spreadgame"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def answered(tree: Path, script: str, cache: Path) -> dict[str, object]:
    """What a script prints that runs beside a copy of the source, uncompiled."""
    environment = os.environ | {"PYTHONPATH": str(tree), "NUMBA_DISABLE_JIT": "1", "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tree, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


MARKET = """
import json
import sim, spreadgame as sg
from sim.scenario import parse
assert sim.__file__.startswith(TREE), sim.__file__
done = sg.run(parse({
    "run": {"steps": 40, "seed": 3},
    "instruments": [{"name": "ACME", "value": {"process": "constant", "initial": 90.0}, **INSTRUMENT}],
    "venues": [{"name": "lit", **VENUE}],
    "populations": [
        {"name": "makers", "strategy": "fixed_spread", "count": 2},
        {"name": "noise", "strategy": "noise", "count": 2, "turn": 1},
    ],
    "record": {"messages": True},
}))
"""


def script(tree: Path, instrument: object, venue: object, answer: str) -> str:
    """A market with these settings, and what to print of it."""
    return f"TREE, INSTRUMENT, VENUE = {str(tree)!r}, {instrument!r}, {venue!r}\n{MARKET}\nprint(json.dumps({answer}))"


def test_a_kind_of_venue_is_added_as_the_recipe_says(tree: Path, tmp_path: Path) -> None:
    follow("Add a kind of venue", tree)
    answer = "{'trades': len(done.trades), 'rejections': done.manifest['rejections'], 'quotes': len(done.messages)}"
    book, limit_only = (
        answered(tree, script(tree, {}, venue, answer), tmp_path / "cache")
        for venue in ({}, {"mechanism": "limit_only"})
    )
    assert int(str(book["trades"])) > 0
    assert book["rejections"] == {}
    assert limit_only["trades"] == 0
    assert int(str(limit_only["quotes"])) > 0
    assert limit_only["rejections"] == {"noise": {"price": 80}}


def test_a_kind_of_instrument_is_added_as_the_recipe_says(tree: Path, tmp_path: Path) -> None:
    follow("Add a kind of instrument", tree)
    answer = "{'values': done.book['value'].tolist(), 'settled': done.settlements['price'].tolist()}"
    told = answered(tree, script(tree, {"kind": "bill"}, {}, answer), tmp_path / "cache")
    assert told["settled"] == [100.0]
    values = told["values"]
    assert isinstance(values, list)
    assert values[-1] == 100.0
    assert values == sorted(values)
    assert values[0] < 91.0
