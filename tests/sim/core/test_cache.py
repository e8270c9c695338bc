"""The cache of compiled code: never stale, and nothing that lies in it stops a run.

What is compiled here is small, since the whole engine takes 20 seconds; the tests marked slow take that.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.command_line import MARKET, ROOT, environment, started
from tests.forks import Forks

# A function that calls another in another file, and a callback; the number is what rng.py makes of it.
SMALL = """
import numpy as np
from sim.core.compiled import (njit, callback, caller)
from sim.core.rng import mix

@njit
def double(number):
    return 2 * number

@njit
def mixed(key, number):
    return mix(key, number)

print("decorated", flush=True)
triple = callback(lambda number: 3 * number, 1)
call = caller(1)

@njit
def tripled(address, number):
    return call(address, number)

print(double(21), double(0.5), mixed(np.uint64(7), 5), tripled(triple.address, 5))
"""


Small = Callable[..., tuple[str, str]]


@pytest.fixture
def copy(tmp_path) -> Path:
    """Our compiled sources in another place, and a script that compiles little of them."""
    shutil.copytree(ROOT / "sim", tmp_path / "copy" / "sim", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "copy" / "small.py").write_text(SMALL, encoding="utf-8")
    return tmp_path / "copy"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    """A process that runs the script of a copy: what it printed, and what it said on the screen."""
    forks = Forks(tmp_path_factory.mktemp("forks")) if hasattr(os, "fork") else None

    def run(copy: Path, **more: str) -> tuple[str, str]:
        env = environment(**{"PYTHONPATH": str(copy), "NUMBA_CACHE_DIR": str(copy / "cache")} | more)
        if forks is None or (copy / "sitecustomize.py").exists() or "NUMBA_DISABLE_JIT" in more:  # read at the start
            answer = subprocess.run(
                [sys.executable, "-c", "import small"],
                cwd=copy, env=env, capture_output=True, text=True, encoding="utf-8",
            )  # fmt: skip
        else:
            answer = forks.run("import small", copy, env)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout, answer.stderr

    yield run
    if forks is not None:
        forks.close()


def stored(copy: Path) -> list[Path]:
    return sorted(path for path in copy.rglob("*.nb?") if path.is_file())


def test_what_was_compiled_is_loaded_by_the_next_process(copy, small):
    first, screen = small(copy)
    assert screen == ""
    files = {path: path.stat().st_mtime_ns for path in stored(copy)}
    assert files
    second, screen = small(copy)
    assert (second, screen) == (first, "")
    assert {path: path.stat().st_mtime_ns for path in stored(copy)} == files
    next(path for path in files if path.suffix == ".nbc").unlink()
    assert small(copy) == (first, "")


def flipped(data: bytes, place: float) -> bytes:
    """One bit is another, so far into the file."""
    at = int(place * (len(data) - 1))
    return data[:at] + bytes([data[at] ^ 16]) + data[at + 1 :]


DAMAGE: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("nbi", lambda data: data[: len(data) // 2]),
    ("nbi", lambda data: b"something else altogether" * 20),
    ("nbi", lambda data: flipped(data, 0.5)),
    ("nbc", lambda data: data[: len(data) // 2]),
    ("nbc", lambda data: data[: len(data) // 2] + bytes(len(data) - len(data) // 2)),
    ("nbc", lambda data: bytes((7 * i * i + i // 3) % 256 for i in range(len(data)))),
    ("nbc", lambda data: flipped(data, 0.0)),
    ("nbc", lambda data: flipped(data, 0.3)),  # machine code, which would run
    ("nbc", lambda data: flipped(data, 1.0)),
    ("nb?", lambda data: b""),
]


def test_a_damaged_cache_is_ignored_with_one_line(copy, small):
    first, _ = small(copy)
    for kind, damage in DAMAGE:
        for path in copy.rglob(f"*.{kind}"):
            path.write_bytes(damage(path.read_bytes()))
        again, screen = small(copy)
        assert again == first
        assert re.fullmatch(r"compiled code in .* cannot be read and is made anew \(.*\)\n", screen)
    assert small(copy) == (first, "")


def test_whole_files_that_were_exchanged_are_not_taken(copy, small):
    first, _ = small(copy)
    for kind in ("nbi", "nbc"):
        files = sorted(copy.rglob(f"*.{kind}"))
        contents = [path.read_bytes() for path in files]
        for path, content in zip(files, [*contents[1:], contents[0]], strict=True):
            path.write_bytes(content)
        again, screen = small(copy)
        assert again == first
        assert re.fullmatch(r"compiled code in .* cannot be read and is made anew \(.*\)\n", screen)


def test_rubbish_in_the_cache_is_in_nobodys_way(copy, small):
    first, _ = small(copy)
    (base,) = (copy / "cache" / "spreadgame").iterdir()
    places = [base, *(path for path in base.iterdir() if path.is_dir())]
    for number, place in enumerate(places):
        (place / f"rubbish{number}.nbi").write_bytes(bytes(range(256)))
        (place / f"small.rubbish-{number}.nbc").write_bytes(b"")
        (place / f"kernel.advance-{number}.py311.nbi").mkdir()
    (base / "in-use").write_bytes(b"rubbish")
    assert small(copy) == (first, "")
    for path in stored(copy):
        if path.name.startswith("small.double"):
            path.unlink()
            path.mkdir()  # what cannot even be opened
    again, screen = small(copy)
    assert again == first
    assert "Traceback" not in screen
    assert len(screen.splitlines()) == 2  # that it cannot be read, and that it cannot be kept


def test_a_cache_that_was_moved_is_taken(copy, small):
    first, _ = small(copy)
    (copy / "cache").rename(copy / "elsewhere")
    before = {path: path.stat().st_mtime_ns for path in stored(copy)}
    assert small(copy, NUMBA_CACHE_DIR=str(copy / "elsewhere")) == (first, "")
    assert {path: path.stat().st_mtime_ns for path in stored(copy)} == before


def test_a_cache_that_vanishes_stops_nobody(copy, small):
    first, _ = small(copy)
    for gone in ("shutil.rmtree(CACHE)", "shutil.rmtree(CACHE.parent); CACHE.parent.touch()"):
        text = SMALL.replace(
            'print("decorated", flush=True)', f"import shutil\nfrom sim.core.compiled import CACHE\n{gone}"
        )
        text = text.replace("triple =", 'print("decorated", flush=True)\ntriple =')
        (copy / "small.py").write_text(text, encoding="utf-8")
        again, screen = small(copy)
        assert again == first
        assert "Traceback" not in screen
        assert len(screen.splitlines()) <= 2  # that it cannot be read, and that it cannot be kept
    assert not list((copy / "sim").rglob("*.nb?"))  # nor is it kept beside the sources


def test_a_cache_that_takes_nothing_is_said_once(copy, small, tmp_path):
    (copy / "sitecustomize.py").write_text(
        "from numba.core.caching import IndexDataCacheFile\n"
        "def full(*_): raise OSError(28, 'No space left on device')\n"
        "IndexDataCacheFile._open_for_write = full\n",
        encoding="utf-8",
    )
    _, screen = small(copy)
    assert len(screen.splitlines()) == 1
    assert "compiled code cannot be kept in" in screen
    assert "No space left on device" in screen


def test_no_cache_where_none_can_be_written(copy, small):
    (copy / "file").touch()
    printed, screen = small(copy, NUMBA_CACHE_DIR=str(copy / "file"))
    assert (printed, screen) == (small(copy)[0], "")
    assert small(copy, NUMBA_CACHE_DIR="/proc/nothing/here") == (printed, "")
    assert not list((copy / "sim").rglob("*.nb?"))  # nor beside the sources


def test_no_cache_for_a_user_without_a_home(copy, small):
    printed, _ = small(copy)
    (copy / "sitecustomize.py").write_text(
        "from pathlib import Path\n"
        "def home(*_): raise RuntimeError('Could not determine home directory.')\n"
        "Path.home = home\n",
        encoding="utf-8",
    )
    assert small(copy, NUMBA_CACHE_DIR="", XDG_CACHE_HOME="") == (printed, "")
    assert not list((copy / "sim").rglob("*.nb?"))


def test_an_edit_in_another_file_is_seen(copy, small):
    before, _ = small(copy)
    rng = copy / "sim" / "core" / "rng.py"
    text = rng.read_text(encoding="utf-8")
    constant = re.search(r"0x[0-9A-Fa-f]{16}", text)
    assert constant is not None
    stamp = rng.stat()
    digit = "1" if constant[0][-1] != "1" else "3"
    rng.write_text(text.replace(constant[0], constant[0][:-1] + digit), encoding="utf-8")
    os.utime(rng, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # not even its time tells
    after, _ = small(copy)
    assert after != before
    assert after == small(copy, NUMBA_DISABLE_JIT="1")[0]


def old_versions(copy: Path, count: int) -> Path:
    """Folders of older versions, the lowest number the oldest. Returns where they are."""
    base = copy / "cache" / "spreadgame"
    for number in range(count):
        folder = base / f"old{number}"
        folder.mkdir(parents=True)
        (folder / "in-use").touch()
        os.utime(folder, (number, number))
    return base


def test_caches_of_old_versions_are_removed(copy, small):
    base = old_versions(copy, 9)
    (base / "old2" / "in-use").unlink()  # of a version that took no lock, and long ago
    os.utime(base / "old2", (2, 2))
    (base / ".removed-5-old").mkdir()  # by one who was killed at it
    (base / "file").touch()
    small(copy)
    left = {path.name for path in base.iterdir() if path.name.startswith(("old", "."))}
    assert left == {f"old{number}" for number in (4, 5, 6, 7, 8)}


@pytest.mark.skipif(os.name == "nt", reason="there, an open file is what keeps a folder")
def test_the_cache_that_a_process_uses_is_not_removed(copy, small):
    text = "print('waiting', flush=True)\ninput()\n" + SMALL
    (copy / "small.py").write_text(text, encoding="utf-8")
    env = environment(PYTHONPATH=str(copy), NUMBA_CACHE_DIR=str(copy / "cache"))
    waiting = subprocess.Popen(
        [sys.executable, "-c", "from sim.core.compiled import CACHE; import small"],
        cwd=copy, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert waiting.stdout is not None
    assert waiting.stdout.readline() == "waiting\n"
    (used,) = (copy / "cache" / "spreadgame").iterdir()
    base = old_versions(copy, 9)
    os.utime(used, (0, 0))  # the oldest of all
    (copy / "small.py").write_text(SMALL, encoding="utf-8")
    rng = copy / "sim" / "core" / "rng.py"
    rng.write_text(rng.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")  # another version
    printed, _ = small(copy)
    left = {path.name for path in base.iterdir()}
    assert used.name in left
    assert "old0" not in left
    said, screen = waiting.communicate("\n")
    assert (waiting.returncode, said, screen) == (0, printed, "")
    os.utime(used, (0, 0))
    (base / "old3").mkdir(exist_ok=True)
    small(copy)
    assert used.name not in {path.name for path in base.iterdir()}


def test_two_processes_may_compile_at_once(copy, small):
    env = environment(PYTHONPATH=str(copy), NUMBA_CACHE_DIR=str(copy / "cache"))
    both = [
        subprocess.Popen([sys.executable, "-c", "import small"], cwd=copy, env=env, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    printed = {process.communicate()[0] for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert len(printed) == 1
    assert small(copy) == (printed.pop(), "")


def test_code_that_was_stored_for_other_arguments_is_not_taken(copy, small):
    first, _ = small(copy)
    # As two processes leave it that store at once: both signatures of `double` in the same file.
    one, two = (path for path in stored(copy) if path.name.startswith("small.double") and path.suffix == ".nbc")
    two.write_bytes(one.read_bytes())
    assert small(copy)[0] == first


# -- the whole engine


@pytest.mark.slow
def test_the_first_run_says_that_it_compiles_and_the_second_does_not(tmp_path):
    path = tmp_path / "market.toml"
    path.write_text(MARKET, encoding="utf-8")
    cache = str(tmp_path / "cache")
    arguments = ("run", path, "--out", tmp_path / "runs", "--json")
    screens = []
    for _ in range(2):
        process = started(*arguments, NUMBA_CACHE_DIR=cache)
        said, screen = process.communicate()
        assert process.returncode == 0
        assert json.loads(said)["steps"] == 200
        screens.append(screen)
    assert screens == ["compiling the engine, once for this version: it may take a minute or two …\n", ""]
    other = path.with_name("other.toml")
    other.write_text(MARKET.replace('"fixed_spread"', '"adaptive"'), encoding="utf-8")
    process = started("run", other, "--out", tmp_path / "runs", NUMBA_CACHE_DIR=cache)
    assert "compiling strategies" in process.communicate()[1]


@pytest.mark.slow
def test_two_first_runs_at_once(tmp_path):
    path = tmp_path / "market.toml"
    path.write_text(MARKET, encoding="utf-8")
    arguments = ("run", path, "--out", tmp_path / "runs", "--json")
    both = [started(*arguments, NUMBA_CACHE_DIR=str(tmp_path / "cache")) for _ in range(2)]
    folders = [json.loads(process.communicate()[0])["folder"] for process in both]
    third = started(*arguments, NUMBA_CACHE_DIR=str(tmp_path / "cache"))
    said, screen = third.communicate()
    assert screen == ""
    tables = [(Path(each) / "trades.parquet").read_bytes() for each in (*folders, json.loads(said)["folder"])]
    assert tables[0] == tables[1] == tables[2]
