"""Scenarios of ours are found by name, and a file of the user's is never taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from spreadgame.commands.parser import main
from spreadgame.shipped import scenario_file
from tests.places import SCENARIOS


def test_a_name_means_a_scenario_of_ours() -> None:
    assert scenario_file("quickstart") == SCENARIOS / "quickstart.toml"
    assert scenario_file("theory/kyle_auctions") == SCENARIOS / "theory" / "kyle_auctions.toml"


def test_a_file_that_is_there_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("quickstart").write_text("x", encoding="utf-8")
    assert scenario_file("quickstart") == Path("quickstart")


@pytest.mark.parametrize("typed", ["quickstart.toml", "nobody", "n" * 5_000, "../scenarios/quickstart", "a\0b"])
def test_what_is_no_name_of_ours_is_a_path(typed: str) -> None:
    assert scenario_file(typed) == Path(typed)


def test_commands_take_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="0"):
        main(["run", "quickstart", "--set", "run.steps=50", "--out", "here"])
    assert (tmp_path / "here" / "quickstart-seed1" / "manifest.json").is_file()
