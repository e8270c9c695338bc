"""What the page may open."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from spreadgame.dashboard.library import Library
from spreadgame.dashboard.refused import Refused
from spreadgame.shipped import scenario_folder
from tests.command_line import QUICKSTART
from tests.places import SCENARIOS


def test_every_scenario_that_comes_with_spreadgame_is_offered_with_its_question() -> None:
    found = Library().summaries()
    names = [path.relative_to(SCENARIOS).with_suffix("").as_posix() for path in SCENARIOS.rglob("*.toml")]
    assert sorted(each["name"] for each in found) == sorted(names)
    assert all(each["question"].endswith("?") and each["title"] for each in found)
    assert {each["name"]: each["group"] for each in found}["options/stress"] == "options"


def test_the_folder_of_scenarios_is_found_in_the_repository() -> None:
    assert scenario_folder() == SCENARIOS


def test_the_users_file_is_offered_first(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    shutil.copy(QUICKSTART, own)
    library = Library(own)
    assert library.opened == "mine"
    assert library.entry("mine").path == own
    assert library.summaries()[0]["name"] == "mine"


def test_a_file_of_the_library_is_not_offered_twice() -> None:
    library = Library(QUICKSTART)
    assert library.opened == "quickstart"
    assert len(library.summaries()) == len(Library().summaries())


def test_a_file_whose_name_is_taken_has_its_ending(tmp_path: Path) -> None:
    own = tmp_path / "quickstart.toml"
    shutil.copy(QUICKSTART, own)
    library = Library(own)
    assert library.opened == "quickstart.toml"
    assert library.entry("quickstart").path == QUICKSTART


@pytest.mark.parametrize("name", ["quickstrat", "../scenarios/quickstart", "/etc/passwd", "", None, 3, ["quickstart"]])
def test_what_is_no_name_of_a_scenario_is_refused(name: object) -> None:
    with pytest.raises(Refused, match="no such scenario"):
        Library().entry(name)


def test_a_misspelt_name_is_told_the_nearest() -> None:
    with pytest.raises(Refused, match="did you mean 'quickstart'"):
        Library().entry("quickstrat")


def test_a_file_that_is_changed_while_the_page_is_open_is_read_anew(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    shutil.copy(QUICKSTART, own)
    entry = Library(own).entry("mine")
    before = entry.scenario().run.steps
    own.write_text(own.read_text(encoding="utf-8").replace("50_000", "70_000"), encoding="utf-8")
    assert (before, entry.scenario().run.steps) == (50_000, 70_000)
