"""Scenario files as accidents and ill will leave them: mutants of those that ship, and what became of each.

``python -m tests.markets.mutated_scenarios COUNT SEED FOLDER`` reads so many in one process, runs those that may run
for a few steps, and prints a line of JSON: what was wrong, the longest time and text, and the most memory. Mutants that
are wrong or slow stay in the folder.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
import tomllib
import traceback
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from sim.core.errors import SpreadgameError
from sim.runs import memory
from sim.runs.execute import execute
from sim.scenario import load
from sim.scenario.toml_writer import to_toml
from tests.places import ROOT

FILES = sorted((ROOT / "scenarios").glob("**/*.toml"))
LONG, DEEP = 20_000, 5_000
MOST_AGENTS = 20_000  # of those that are run
_EXTREME: list[Any] = [
    0, 1, -1, 2, 0.5, -0.5, 1e-9, 1e-300, 1e15, -1e15, 1e16, 1e300, 2**31, 2**53, 2**62, 2**63 - 1, -(2**63), 10**12,
    10**18, 10**25, float("inf"), float("-inf"), float("nan"), True, False, "", "x", "never", "none", "value", "é 日本",
    "x" * 5_000, "a.b", "../..", "\x7f", [], {}, [1], ["x"], [[]], [{}], {"x": 1}, [0.1] * 1_000,
]  # fmt: skip
Tree = Any
Random = random.Random


# --- mutants of the tree --------------------------------------------------------------------------------------------
# No two places share a table: with the next change, all of 20,000 would grow by 20,000 keys.


def places(tree: Tree, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths to everything in a tree."""
    held = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in held:
        yield (*path, key)
        yield from places(value, (*path, key))


def at(tree: Tree, path: tuple[Any, ...]) -> Any:
    """What stands at a path."""
    for key in path:
        tree = tree[key]
    return tree


def _somewhere(tree: Tree, chance: Random) -> tuple[Any, ...]:
    return chance.choice(list(places(tree)))


def _delete(tree: Tree, chance: Random) -> None:
    path = _somewhere(tree, chance)
    del at(tree, path[:-1])[path[-1]]


def _replace(tree: Tree, chance: Random) -> None:
    path = _somewhere(tree, chance)
    at(tree, path[:-1])[path[-1]] = deepcopy(chance.choice(_EXTREME))


def _replace_number(tree: Tree, chance: Random) -> None:
    """As a person's slip: a number by another number."""
    numbers = [path for path in places(tree) if type(at(tree, path)) in (int, float)]
    path = chance.choice(numbers)
    was = at(tree, path)
    others = [0, -was, 10 * was, 1_000_000 * was, was / 7, chance.choice(_EXTREME[:18]), 10 ** chance.randint(0, 12)]
    new = chance.choice(others)
    at(tree, path[:-1])[path[-1]] = int(new) if isinstance(was, int) and abs(new) < 1e18 else float(new)


def _exchange(tree: Tree, chance: Random) -> None:
    one, other = _somewhere(tree, chance), _somewhere(tree, chance)
    if one[: len(other)] == other or other[: len(one)] == one:
        return
    first, second = deepcopy(at(tree, one)), deepcopy(at(tree, other))
    at(tree, one[:-1])[one[-1]], at(tree, other[:-1])[other[-1]] = second, first


def _misspell(tree: Tree, chance: Random) -> None:
    path = chance.choice([path for path in places(tree) if isinstance(path[-1], str)])
    table, key = at(tree, path[:-1]), path[-1]
    spot = chance.randrange(len(key)) if key else 0
    table[key[:spot] + chance.choice(["", "x", "_", " ", ".", "é"]) + key[spot + 1 :]] = table.pop(key)


def _repeat(tree: Tree, chance: Random) -> None:
    """A member of an array again, or very often."""
    arrays = [path for path in places(tree) if isinstance(at(tree, path), list) and at(tree, path)]
    members = at(tree, chance.choice(arrays))
    member, count = chance.choice(members), chance.choice([1, 2, 300, 2_000])
    if chance.random() < 0.5 and isinstance(member, dict) and "name" in member:
        members += [{**deepcopy(member), "name": f"{member['name']}{number}"} for number in range(count)]
    else:
        members += [deepcopy(member) for _ in range(count)]


def _many(tree: Tree, chance: Random) -> None:
    """An array with very many wrong members, or a table with very many wrong keys."""
    path = _somewhere(tree, chance)
    wrong: Any = chance.choice([1, "x", 0.5, (), {"name": 1}])
    held = at(tree, path)
    if isinstance(held, dict):
        held |= {f"key{number}": deepcopy(wrong) for number in range(LONG)}
    else:
        at(tree, path[:-1])[path[-1]] = [deepcopy(wrong) for _ in range(LONG)]


TREES: list[Callable[[Tree, Random], None]] = [
    _delete, _replace, _replace, _replace_number, _replace_number, _replace_number,
    _exchange, _misspell, _repeat, _many,
]  # fmt: skip


# --- mutants of the text --------------------------------------------------------------------------------------------


def _cut(data: bytes, chance: Random) -> bytes:
    return data[: chance.randrange(len(data))]


def _dirt(data: bytes, chance: Random) -> bytes:
    spot = chance.randrange(len(data))
    return data[:spot] + chance.randbytes(chance.randint(1, 8)) + data[spot + chance.randint(0, 8) :]


def _lines(data: bytes, chance: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    return b"".join(
        chance.choice([
            [*lines[:one], *lines[one + 1 :]],
            [*lines[:one], lines[other], *lines[one:]],
            [*lines, *lines[min(one, other) : max(one, other)]],
        ])
    )  # fmt: skip


def _encoded(data: bytes, chance: Random) -> bytes:
    return data.decode().encode(chance.choice(["utf-16", "utf-32", "cp037", "utf-8-sig", "utf-7"]))


def _deep(data: bytes, chance: Random) -> bytes:
    deep = chance.choice([
        "x = " + "[" * DEEP + "]" * DEEP, "x = " + "{a=" * DEEP + "1" + "}" * DEEP, ".".join("a" * DEEP) + " = 1",
        "[" + ".".join("a" * DEEP) + "]", "x = " + "[" * 200 + "]" * 200, ".".join("a" * 300) + " = 1",
    ])  # fmt: skip
    return b"\n".join([deep.encode(), data] if chance.random() < 0.5 else [data, deep.encode()])


def _huge(data: bytes, chance: Random) -> bytes:
    text = '"' + "x" * 3_000_000 + '"'
    words = [text, "9" * 100_000, "[" + "1, " * 500_000 + "]", "0x" + "f" * 5_000, "1e" + "9" * 50]
    key, _, rest = data.partition(b"=")
    return key + b"= " + chance.choice(words).encode() + b"\n#" + rest


TEXTS: list[Callable[[bytes, Random], bytes]] = [_cut, _dirt, _dirt, _lines, _lines, _encoded, _deep, _huge]


def mutant(chance: Random) -> tuple[str, bytes]:
    """A mutant, and how it was made."""
    path = chance.choice(FILES)
    data, done = path.read_bytes(), [path.stem]
    if chance.random() < 0.75:
        tree = tomllib.loads(data.decode())
        for _ in range(chance.choice([1, 1, 2, 3])):
            change = chance.choice(TREES)
            done.append(change.__name__)
            try:
                change(tree, chance)
            except (IndexError, OverflowError, ValueError):  # nothing left to change
                continue
        data = to_toml(tree).encode("utf-8", "surrogatepass")
    else:
        change = chance.choice(TEXTS)
        done.append(change.__name__)
        data = change(data, chance)
    return " ".join(done), data


# --- what becomes of them -------------------------------------------------------------------------------------------


def tried(path: Path) -> str:
    """Read a file as ``spreadgame validate`` does, and run it for a few steps; gives the text of the refusal, if any.

    Raises
    ------
    Exception
        Other than those that are a user's to mend.
    """
    try:
        scenario = load(path)
        text = "\n".join(map(str, scenario.warnings()))
        run = scenario.run
        if scenario.agents() > MOST_AGENTS:  # reading it costs nothing; a million agents and their orders do
            return text
        short = {"run.steps": min(run.steps, 20), "run.episodes": min(run.episodes, 2)}
        execute(load(path, short))
    except SpreadgameError as error:
        return str(error)
    return text


def survey(count: int, seed: int, folder: Path) -> dict[str, Any]:
    """Try so many mutants."""
    memory.available = lambda: 500 * 2**20
    for path in FILES:  # what there is to compile is compiled
        tried(path)
    chance, wrong, refused = Random(seed), [], 0
    longest: tuple[float, str] = (0.0, "")
    widest: tuple[int, str] = (0, "")
    before = 0
    grown: list[tuple[int, str]] = []
    for number in range(count):
        made, data = mutant(chance)
        path = folder / "mutant.toml"
        path.write_bytes(data)
        begin = time.process_time()
        try:
            text = tried(path)
        except Exception:
            wrong.append(f"{number} {made}: {traceback.format_exc(limit=-3)[-800:]}")
            (folder / f"wrong{number}.toml").write_bytes(data)
            continue
        spent = time.process_time() - begin
        if spent > 3.0:
            (folder / f"slow{number}.toml").write_bytes(data)
        refused += bool(text)
        longest = max(longest, (spent, f"{number} {made}"))
        widest = max(widest, (len(text.encode()), f"{number} {made}"))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if peak > before + 50_000:
            grown.append((peak // 1024, f"{number} {made}"))
            before = peak
    return {
        "count": count, "refused": refused, "wrong": wrong, "longest": longest, "widest": widest, "grown": grown,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip


if __name__ == "__main__":
    sys.stdout.write(json.dumps(survey(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))))
