"""The command ``solve``: what it keeps, in which folder, and which numbers it takes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from analysis.games.roles import Role
from analysis.games.solution import BUDGET
from sim.experiment.jobs import digest_of
from sim.scenario import load
from spreadgame.cli import main
from spreadgame.solve import _is_of_another, _keep

ROOT = Path(__file__).resolve().parents[2]
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
        assert not _is_of_another(folder, digest_of(load(SPREAD_GAME, QUIET)))
    assert solved("--out", folder) == 0
    assert path.read_text(encoding="utf-8") == whole


def test_where_there_is_nothing_to_draw_no_earlier_picture_stays(tmp_path):
    (tmp_path / "game.png").write_bytes(b"earlier")
    found: Any = SimpleNamespace(table=SimpleNamespace(roles=[Role("makers", 2, ("only",))]))
    for _ in range(2):
        assert _keep(tmp_path, {}, found, "one strategy") is None
        assert [path.name for path in tmp_path.iterdir()] == ["equilibria.json"]


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
    assert solved("--out", tmp_path, "--budget", most, "--set", "nobody.count=2") == 2
    assert "nobody" in capsys.readouterr().err  # so the budget was none of the mistakes
