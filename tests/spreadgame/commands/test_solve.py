"""The command ``solve``: what it keeps, in which folder, and which numbers it takes."""

from __future__ import annotations

import json
import random
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from analysis.games.empirical.solution import BUDGET
from analysis.games.tables.roles import Role
from sim.core.errors import RunError
from sim.experiment.jobs import digest_of
from sim.scenario import load
from spreadgame.commands.parser import main
from spreadgame.commands.solve_folder import folder_of, is_of_another, keep
from tests.command_line import killed_and_typed_again, started
from tests.places import ROOT

SPREAD_GAME = ROOT / "scenarios" / "spread_game.toml"
QUIET = ["run.episodes=5", "record.trades=false", "record.levels=0"]
TYPED = ["solve", str(SPREAD_GAME), "--budget", "500", "--workers", "1", *(f"--set={each}" for each in QUIET)]
LATER = load(SPREAD_GAME).run.seed + 1


def solved(*more: Any) -> int:
    with pytest.raises(SystemExit) as ended:
        main([*TYPED, *map(str, more)])
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> Path:
    """A folder in which the game was solved."""
    folder = tmp_path_factory.mktemp("solved") / "game"
    assert solved("--out", folder) == 0
    return folder


@pytest.fixture
def folder(kept, tmp_path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(kept, tmp_path / "game"))


def contents(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_the_answer_says_of_which_scenario_it_is_and_nothing_half_written_is_left(folder):
    told = json.loads((folder / "equilibria.json").read_text(encoding="utf-8"))
    assert told["scenario"] == digest_of(load(SPREAD_GAME, QUIET))
    assert {path.name for path in folder.iterdir() if path.is_file()} == {
        "equilibria.json", "game.png", ".writer.lock",
    }  # fmt: skip


def test_the_same_game_goes_on_from_what_is_kept_also_with_another_seed(folder, capsys):
    before = contents(folder)
    assert solved("--out", folder, "--json") == 0
    told = json.loads((folder / "equilibria.json").read_text(encoding="utf-8"))
    assert {"digest": told["digest"], **json.loads(capsys.readouterr().out)} == told
    again = contents(folder)
    assert {path for path in again if path.suffix == ".parquet"} == {
        path for path in before if path.suffix == ".parquet"
    }
    assert all(again[path] == before[path] for path in before if "chunks" in path.parts)
    assert solved("--out", folder, "--seed", LATER) == 0


@pytest.mark.parametrize("change", [["--set", "lit.tick_size=0.5"], ["--set", "run.episodes=6"]])
def test_a_folder_of_another_game_is_left_alone_before_anything_runs(folder, capsys, change):
    before = contents(folder)
    assert solved("--out", folder, *change) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert f"{folder / 'equilibria.json'}: this is of another game than {SPREAD_GAME}" in told.err
    assert "another folder with --out" in told.err
    assert contents(folder) == before


def test_an_answer_that_is_damaged_or_does_not_say_of_which_game_it_is_is_written_anew(folder):
    path = folder / "equilibria.json"
    whole = path.read_text(encoding="utf-8")
    for text in ('{"equilibria": [', "[]", '{"equilibria": []}'):
        path.write_text(text, encoding="utf-8")
        assert not is_of_another(folder, digest_of(load(SPREAD_GAME, QUIET)))
    assert solved("--out", folder) == 0
    assert path.read_text(encoding="utf-8") == whole


def test_where_there_is_nothing_to_draw_no_earlier_picture_stays(tmp_path):
    (tmp_path / "game.png").write_bytes(b"earlier")
    found: Any = SimpleNamespace(table=SimpleNamespace(roles=[Role("makers", 2, ("only",))]))
    for _ in range(2):
        assert keep(tmp_path, {}, found, "one strategy") is None
        assert [path.name for path in tmp_path.iterdir()] == ["equilibria.json"]


# --- damage, kills, others ------------------------------------------------------------------------------------------


def flips_found(folder: Path, capsys: Any, caplog: Any, count: int) -> int:
    """Flip a bit so often in files of a solved game, and see that each time it is said and mended. How often."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".parquet", ".json"))
    whole = {path: path.read_bytes() for path in files}
    draws = random.Random(3)
    for path in draws.choices(files, k=count):
        content = bytearray(whole[path])
        bit = draws.randrange(8 * len(content))
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        caplog.clear()
        assert solved("--out", folder) == 0
        assert {each: each.read_bytes() for each in files} == whole, path
        if path.name not in ("runs.parquet", "sweep.json"):  # tables of rounds are written anew, and never read
            assert caplog.text.count("damaged") == 1, path
            assert path.name in caplog.text
    return count


@pytest.mark.parametrize("count", [3, pytest.param(100, marks=pytest.mark.slow)])
def test_a_bit_that_flips_in_what_is_kept_is_found_said_once_and_mended(folder, capsys, caplog, count):
    assert flips_found(folder, capsys, caplog, count) == count


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("moments", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_a_solve_that_is_killed_at_any_moment_leaves_the_same_bytes_when_it_is_typed_again(tmp_path, moments):
    whole = killed_and_typed_again([*TYPED], tmp_path / "out", moments)
    assert "equilibria.json" in whole


def test_solves_of_one_folder_end_well_or_say_who_writes(tmp_path):
    processes = [started(*TYPED, "--out", tmp_path / "game") for _ in range(3)]
    screens = [process.communicate()[1] for process in processes]
    assert any(process.returncode == 0 for process in processes)
    for process, screen in zip(processes, screens, strict=True):
        assert process.returncode == 0 or " writes there — wait until it has ended" in screen, screen
        assert process.returncode in (0, 2)
        assert "Traceback" not in screen


def test_where_another_game_is_being_solved_or_was_the_next_free_folder_is_taken(kept, tmp_path, monkeypatch):
    shutil.copytree(kept, tmp_path / "runs" / "spread_game-game")
    monkeypatch.chdir(tmp_path)
    given: Any = SimpleNamespace(out=None, scenario=SPREAD_GAME)
    with folder_of(given, "another") as first, folder_of(given, "a third") as second:
        assert [first.name, second.name] == ["spread_game-game-2", "spread_game-game-3"]
        with pytest.raises(RunError, match="writes there"), folder_of(given, "another"):
            pass
    with folder_of(given, digest_of(load(SPREAD_GAME, QUIET))) as same:
        assert same.name == "spread_game-game"


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--budget", "99999999999999999999"], "99999999999999999999 runs are not from 1 to 1,000,000,000"),
        (["--budget", "9" * 5_000], "is not a whole number"),
        (["--budget", "1000000001"], "not from 1 to 1,000,000,000"),
        (["--budget", "0"], f"write for example {BUDGET}"),
        (["--budget", "-5"], "not from 1 to"),
        (["--seed", str(2**63 - 2_000_000_000)], f"--seed {2**63 - 2_000_000_000}: no seeds are left beyond it"),
        (["--seed", str(2**63)], f"write {2**62} or less"),
        (["--seed", "9" * 4_000], "--seed a whole number of more than 30 digits"),
        (["--seed", "-1"], "run.seed"),
        (["--set", f"run.seed={2**63 - 1}"], "run.seed"),
    ],
)
def test_a_number_of_no_sense_is_one_error_before_anything_runs(tmp_path, capsys, more, said):
    assert solved("--out", tmp_path / "game", *more) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert "Traceback" not in told.err
    assert len(told.err.splitlines()) <= 2
    assert told.out == ""
    assert not (tmp_path / "game").exists()


def test_the_last_seed_there_may_be_and_the_largest_budget_are_taken(tmp_path, capsys):
    assert solved("--out", tmp_path, "--seed", 2**63 - 1 - 2_000_000_000) == 0
    most = "1000000000"
    line = [most if each == "500" else each for each in TYPED]
    with pytest.raises(SystemExit) as ended:
        main([*line, "--out", str(tmp_path), "--set", "nobody.count=2"])
    assert ended.value.code == 2
    assert "nobody" in capsys.readouterr().err  # so the budget was none of the mistakes
