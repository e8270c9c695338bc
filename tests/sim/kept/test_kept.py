"""What is kept: no bit of it changes unseen, its name covers all the code that it rests on, one process writes it."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sim.core import sources
from sim.core.errors import RunError
from sim.kept import version
from sim.kept.claim import Taken, claimed, claimed_place, holds_nothing
from sim.kept.sealed import (
    UNSEALED,
    Damaged,
    digest_in,
    is_whole,
    partial_name,
    read_json,
    remove_leftovers,
    seal,
    sealed_json,
    was_sealed,
    write_whole,
)
from tests.command_line import ROOT, environment

# --- sealed -----------------------------------------------------------------------------------------------------------


def flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


CONTENTS = [
    sealed_json({"a": [1.5, "text"], "b": None}),
    seal(b"PAR1 what stands in it " + UNSEALED.encode() + b" end"),
]


@pytest.mark.parametrize("content", CONTENTS, ids=["json", "other"])
def test_every_bit_that_flips_and_every_byte_that_is_missing_is_found(content):
    assert is_whole(content)
    assert not any(is_whole(flipped(content, bit)) for bit in range(8 * len(content)))
    assert not any(is_whole(content[:length]) for length in range(len(content)))
    assert not is_whole(content + b" ")


def test_a_text_that_looks_like_a_digest_is_none():
    content = sealed_json({"label": UNSEALED, "other": f"{UNSEALED}{UNSEALED}"})
    assert is_whole(content)
    assert json.loads(content)["label"] == UNSEALED
    assert digest_in(content) == json.loads(content)["digest"].removeprefix("blake2b:")
    with pytest.raises(ValueError, match="no place"):
        seal(b"nothing")


def test_json_comes_back_or_is_damaged(tmp_path):
    path = tmp_path / "kept.json"
    write_whole(path, sealed_json({"rows": [1, 2]}))
    assert read_json(path)["rows"] == [1, 2]
    for text in ("", "[]", '{"rows": [1, 2]}', path.read_text(encoding="utf-8").replace("2", "3")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(Damaged):
            read_json(path)
    assert not was_sealed(b'{"format": 1}')
    assert all(was_sealed(flipped(sealed_json({}), bit)) for bit in range(8 * 30))


def test_a_file_that_could_not_be_written_whole_is_what_it_was(tmp_path):
    path = tmp_path / "kept.json"
    path.write_text("whole", encoding="utf-8")

    def half(part: Path) -> None:
        part.write_text("ha", encoding="utf-8")
        raise OSError("no space is left")

    with pytest.raises(OSError, match="no space"):
        write_whole(path, half)
    assert [each.read_text(encoding="utf-8") for each in tmp_path.iterdir()] == ["whole"]


def test_what_is_not_whole_has_a_name_of_its_own_and_goes_when_it_is_left_behind(tmp_path):
    names = {partial_name(tmp_path / "runs.parquet") for _ in range(100)}
    assert len(names) == 100
    assert not any(name.match("*.parquet") for name in names)
    for name in list(names)[:2]:
        name.write_bytes(b"half")
    partial_name(tmp_path / "folder").mkdir()
    (tmp_path / "runs.parquet").write_bytes(b"whole")
    (tmp_path / ".hidden").write_bytes(b"somebody's")
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"runs.parquet", ".hidden"}


# --- claims -----------------------------------------------------------------------------------------------------------

HOLDER = """
import sys, time
from pathlib import Path
from sim.kept.claim import claimed
with claimed(Path(sys.argv[1]), "what"):
    print("writes", flush=True)
    sys.stdin.read()
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    """A process that writes in a folder until it is told to end."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], cwd=ROOT, env=environment(), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "writes\n"
    return process


def test_who_writes_is_said_and_a_killed_writer_leaves_nothing_to_be_removed_by_hand(tmp_path):
    process = holder(tmp_path)
    said = rf"process {process.pid} on .* \(since 20.*\) writes there — wait until"
    with pytest.raises(Taken, match=said) as taken, claimed(tmp_path):
        pass
    assert taken.value.question == "what"
    process.kill()
    process.communicate()
    partial_name(tmp_path / "left").write_bytes(b"half")
    assert (tmp_path / ".writer.json").exists()
    with claimed(tmp_path):
        said = json.loads((tmp_path / ".writer.json").read_text(encoding="utf-8"))
        assert said["process"] == os.getpid()
    assert {path.name for path in tmp_path.iterdir()} <= {".writer.lock"}
    assert holds_nothing(tmp_path)


def test_a_thread_of_the_same_process_is_another_writer_and_the_end_of_one_lets_in_the_next(tmp_path):
    with claimed(tmp_path), pytest.raises(Taken, match=f"process {os.getpid()} "), claimed(tmp_path):
        pass
    with claimed(tmp_path):
        pass


def test_another_question_takes_the_next_free_folder_and_the_same_one_is_told_who_asks_it(tmp_path):
    full = {tmp_path / "out-2"}

    def refused(place: Path) -> RunError | None:
        return RunError(f"{place} is full") if place in full else None

    folder = tmp_path / "out"
    with claimed_place(folder, "a", refused, True) as first, claimed_place(folder, "b", refused, True) as second:
        assert (first, second) == (folder, tmp_path / "out-3")
        with pytest.raises(Taken), claimed_place(folder, "a", refused, True):
            pass
    with pytest.raises(RunError, match="out-2 is full"), claimed_place(tmp_path / "out-2", "a", refused, False):
        pass


def _holds(folder: str, queue: Any, go_on: Any) -> None:
    try:
        with claimed(Path(folder)):
            queue.put("writes")
            go_on.wait()
    except Taken as taken:
        queue.put(str(taken))


def test_of_ten_processes_one_writes_and_nine_are_told_who(tmp_path):
    context = multiprocessing.get_context("spawn")
    queue, go_on = context.Queue(), context.Event()
    processes = [context.Process(target=_holds, args=(str(tmp_path), queue, go_on)) for _ in range(10)]
    for process in processes:
        process.start()
    said = [queue.get() for _ in processes]
    go_on.set()
    for process in processes:
        process.join()
    assert said.count("writes") == 1
    pids = {process.pid for process in processes}
    told = [text for text in said if text != "writes"]
    assert all(any(f"process {pid} on" in text for pid in pids) for text in told)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_place_where_nothing_can_be_kept_is_said(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(RunError, match="file is a file, not a folder"), claimed(tmp_path / "file" / "out"):
        pass


# --- the version of the code ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """A copy of our sources."""
    home = tmp_path_factory.mktemp("tree")
    for name in ("sim", "analysis", "spreadgame", "docs"):
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    return home


def folders(home: Path) -> list[str]:
    return sorted({path.parent.relative_to(home).as_posix() for path in (home / "sim").rglob("*.py")})


@pytest.mark.parametrize("folder", folders(ROOT))
def test_an_edit_in_any_folder_of_sim_is_another_version(tree, folder):
    def digest() -> str:
        return sources.digest_of_files(sources.files_in(tree / "sim"), tree / "sim")

    before = digest()
    path = sorted((tree / folder).glob("*.py"))[-1]
    text = path.read_bytes()
    path.write_bytes(text + b"\n")
    assert digest() != before
    path.write_bytes(text)
    assert digest() == before
    (tree / folder / "new.py").write_bytes(b"")
    assert digest() != before
    (tree / folder / "new.py").unlink()


def test_the_version_is_that_of_the_files_that_run():
    code = "from sim.kept.version import CODE, packages; print(CODE, sorted(packages()))"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert said.stdout.split(" ", 1)[0] == version.CODE
    assert said.stdout.split(" ", 1)[1] == "['llvmlite', 'networkx', 'numba', 'numpy', 'python', 'scipy']\n"


def test_rows_of_the_board_rest_on_what_their_modules_import_and_on_nothing_that_only_shows_them():
    files = {
        path.relative_to(ROOT).as_posix() for path in version.files_of("analysis.theory.zero_intelligence.wah_wellman")
    }
    assert {"analysis/theory/published.py", "analysis/theory/published.toml", "analysis/stats/estimates.py"} <= files
    assert not {"analysis/theory/page.py", "analysis/theory/picture.py", "analysis/output/style.py"} & files
    assert not any(name.startswith(("sim/", "docs/")) for name in files)  # the former count anyway


@pytest.mark.parametrize(
    ("edited", "counts"),
    [("analysis/theory/published.toml", True), ("analysis/stats/estimates.py", True),
     ("analysis/theory/spreads/kyle.py", False), ("analysis/output/style.py", False), ("docs/theory.md", False)],
)  # fmt: skip
def test_an_edit_makes_the_rows_anew_that_rest_on_it(tree, monkeypatch, edited, counts):
    monkeypatch.setattr(version, "_ROOT", tree)
    before = version.version_of("analysis.theory.zero_intelligence.wah_wellman")
    path = tree / edited
    text = path.read_bytes()
    path.write_bytes(text + b"\n")
    assert (version.version_of("analysis.theory.zero_intelligence.wah_wellman") != before) == counts
    path.write_bytes(text)


def test_relative_imports_imports_in_functions_and_imports_for_types_are_told_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(version, "_ROOT", tmp_path)
    package = tmp_path / "analysis" / "deep"
    package.mkdir(parents=True)
    for name, text in {
        "../__init__": "", "__init__": "", "beside": "", "above": "", "inside": "", "types": "",
        "first": "from typing import TYPE_CHECKING\nfrom . import beside\nif TYPE_CHECKING:\n    from . import types\n"
                 "def f():\n    from analysis.deep.inside import thing\n",
    }.items():  # fmt: skip
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    found = {path.relative_to(tmp_path).as_posix() for path in version.files_of("analysis.deep.first")}
    assert found == {
        "analysis/__init__.py",
        *(f"analysis/deep/{n}.py" for n in ("__init__", "beside", "first", "inside")),
    }
