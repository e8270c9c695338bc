"""The files of a run folder prove themselves: whatever has become of one is said in one line, by every reader."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from analysis.reading import registry
from sim.core.errors import RunError
from sim.runs.execute import execute
from sim.runs.result import Run, open_run
from sim.scenario import parse
from spreadgame.commands.parser import main
from tests.command_line import MARKET, take
from tests.markets.run_folders import seal_again

TABLES = ("trades", "book", "agents", "episodes", "settlements", "messages")
FILES = ("manifest.json", "summary.json", "scenario.toml", *(f"{name}.parquet" for name in TABLES))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    recorded = "[record]\nmessages = true\nbook_every = 5\n"
    return execute(parse(MARKET + recorded), tmp_path_factory.mktemp("runs"), "run")


@pytest.fixture
def copy(run: Run, tmp_path: Path) -> Path:
    assert run.folder is not None
    return Path(shutil.copytree(run.folder, tmp_path / "copy"))


@pytest.fixture(scope="module")
def readers(run: Run) -> list[str]:
    """A measure for each set of tables that measures need, of those that this market has."""
    found: dict[tuple[str, ...], str] = {}
    for each in registry.all_measures():
        if each.needs not in found:
            with suppress(RunError):
                each.of(run)
                found[each.needs] = each.name
    assert {need for needs in found for need in needs} == set(registry.NEEDS) - {"episodes"}
    return list(found.values())


def read_everything(folder: Path) -> None:
    opened = open_run(folder)
    for name in TABLES:
        opened.table(name)
        list(opened.batches(name))
    assert len(opened.summary)


def refused(read: Callable[[], object], *words: str) -> str:
    """One line that says which file, what is wrong and what helps."""
    with pytest.raises(RunError) as raised:
        read()
    said = str(raised.value)
    assert len(said.splitlines()) == 1
    assert len(said) < 1000
    for word in (*words, " — "):
        assert word in said
    return said


def flipped(data: bytes, place: float) -> bytes:
    at = int(place * (len(data) - 1))
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


DAMAGE: dict[str, Callable[[bytes], bytes | None]] = {
    "gone": lambda data: None,
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "zeros": lambda data: bytes(len(data)),
    "a bit at the start": lambda data: flipped(data, 0.0),
    "a bit in the middle": lambda data: flipped(data, 0.5),
    "a bit at the end": lambda data: flipped(data, 1.0),
    "no text": lambda data: b"\xff\xfe\x00",
    "another kind": lambda data: b'{"status": "complete"}',
    "a list": lambda data: b"[]",
    "null": lambda data: b"null",
    "deep lists": lambda data: b"[" * 100_000,
    "deep tables": lambda data: b'{"a":' * 100_000,
    "a long number": lambda data: b"9" * 10_000,
    "longer": lambda data: data + b" ",
}


@pytest.mark.parametrize("name", FILES)
def test_no_damage_to_a_file_goes_unnoticed(copy, name):
    data = (copy / name).read_bytes()
    for what, damage in DAMAGE.items():
        (copy / name).unlink()
        content = damage(data)
        if content is not None:
            (copy / name).write_bytes(content)
        if (what, name) == ("longer", "manifest.json"):
            continue  # a manifest may have other spaces
        said = refused(lambda: read_everything(copy), str(copy))
        assert name in said, what
        assert "damaged" in said or "manifest.json" in said, what
        if content is None:
            (copy / name).touch()
    (copy / name).unlink()
    (copy / name).mkdir()
    refused(lambda: read_everything(copy), name, "damaged")


def test_files_that_were_exchanged_are_noticed(copy, tmp_path):
    other = execute(parse(MARKET.replace("200", "150")), tmp_path, "other").folder
    assert other is not None
    for name in FILES[:-1]:
        mine = (copy / name).read_bytes()
        shutil.copy(other / name, copy / name)
        refused(lambda: read_everything(copy), "damaged")
        (copy / name).write_bytes(mine)
    shutil.copy(copy / "trades.parquet", copy / "book.parquet")
    refused(lambda: read_everything(copy), "book.parquet", "not as the run wrote it")


def test_whoever_edits_a_summary_is_told(copy):
    path = copy / "summary.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    rows[0]["value"] += 1
    path.write_text(json.dumps(rows), encoding="utf-8")
    refused(lambda: open_run(copy), "summary.json", "not as the run wrote it", "run the scenario again")


WRONG: tuple[Any, ...] = (None, "", "x", -1, 0.5, [], {}, [[]], {"": None}, True, 10**400, "\n" * 3)


def fits(name: str, value: Any) -> bool:
    """Whether a value of ``WRONG`` may stand there after all."""
    match name:
        case "reason" | "title" | "scenario_hash":
            return isinstance(value, str)
        case "seconds" | "messages_per_second":
            return value == 0.5
        case "signal":
            return value is None
        case "populations" | "strategy_files" | "warnings":
            return value == []
        case "versions" | "rejections":
            return value == {}
        case "overrides":  # of which the scenario itself may be a part: {"": null} is a path and a value
            return isinstance(value, dict)
        case _:
            return False


def test_a_manifest_is_checked_at_the_door(copy, run):
    """Though its checksum is right, as another program might write it."""
    needed = set(run.manifest) - {"format", "files", "checksum"}
    for name in sorted(needed):
        seal_again(copy, {key: value for key, value in run.manifest.items() if key != name})
        refused(lambda: open_run(copy), "manifest.json", name)
        for value in WRONG:
            seal_again(copy, run.manifest | {name: value})
            if fits(name, value):
                assert open_run(copy).manifest[name] == value
            else:
                refused(lambda: open_run(copy), "manifest.json")
    for name in ("book_every", "agents_every"):
        seal_again(copy, run.manifest | {"sampling": {name: 1}})
        refused(lambda: open_run(copy), "manifest.json", "sampling.")
    seal_again(copy, run.manifest | {"more": {"of": "a later version"}})
    assert open_run(copy).manifest["more"] == {"of": "a later version"}


def test_a_summary_is_checked_at_the_door(copy, run):
    for content in (
        None,
        {},
        [None],
        [[]],
        [{}],
        [{**run.measures[0], "value": "x"}],
        [{**run.measures[0], "name": 1}],
    ):
        (copy / "summary.json").write_text(json.dumps(content), encoding="utf-8")
        seal_again(copy, run.manifest)
        refused(lambda: open_run(copy), "summary.json", "damaged")


def test_a_manifest_of_another_format_says_so(copy, run):
    for format_ in (2, 3, 4, None, "x" * 1000, []):
        (copy / "manifest.json").write_text(json.dumps(run.manifest | {"format": format_}), encoding="utf-8")
        refused(lambda: open_run(copy), "manifest.json", "this version of Spreadgame reads 5", "run the scenario again")


def test_a_folder_that_was_only_begun_is_incomplete(tmp_path):
    (tmp_path / "run.partial").mkdir()
    for name in ("run", "run.partial"):
        refused(lambda name=name: open_run(tmp_path / name), "this run is incomplete")


def test_a_picture_or_a_note_beside_the_files_is_in_nobodys_way(copy):
    (copy / "notes.txt").write_text("mine", encoding="utf-8")
    (copy / "picture.png").touch()
    read_everything(copy)


@pytest.mark.parametrize("what", ["gone", "cut", "a bit in the middle", "a list", "deep tables"])
def test_every_command_says_it_in_one_line(copy, readers, capsys, what):
    names = ("manifest.json", "summary.json", "scenario.toml", "trades.parquet", "book.parquet", "episodes.parquet")
    for name in names:
        data = (copy / name).read_bytes()
        content = DAMAGE[what](data)
        if content is None:
            (copy / name).unlink()
        else:
            (copy / name).write_bytes(content)
        codes = []
        for reader in readers:
            codes.append(take(reader, [copy]))
            said = capsys.readouterr()
            if codes[-1]:
                assert (codes[-1], said.out) == (2, ""), (reader, name)
                assert len(said.err.splitlines()) == 1, (reader, name)
                assert name in said.err, (reader, name)
        assert any(codes), name
        for command in ("report", "plot") if name in ("manifest.json", "book.parquet") else ("report",):
            with pytest.raises(SystemExit) as ended:
                main([command, str(copy)])
            said = capsys.readouterr()
            assert (ended.value.code, said.out) == (2, ""), (command, name)
            assert len(said.err.splitlines()) == 1, (command, name)
            assert name in said.err, (command, name)
        (copy / name).write_bytes(data)
