"""What docs/games.md says of the games, its commands print."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from analysis.compare_equilibria import main
from analysis.output.numbers import plus_minus
from tests.places import ROOT

PAGE = (ROOT / "docs" / "games.md").read_text(encoding="utf-8")
NUMBER = r"\d(?:[\d,]*\d)?(?:\.\d+)?(?:e-?\d+)?"


def parts() -> list[tuple[str, str]]:
    """What follows the name of each command of the page, and the text that follows the command."""
    _, *found = re.split(r"^    python -m analysis\.compare_equilibria ((?:.*\\\n)*.*)$", PAGE, flags=re.MULTILINE)
    return [(command.replace("\\\n", " "), text) for command, text in zip(found[::2], found[1::2], strict=True)]


def estimates(text: str) -> set[str]:
    """The numbers of a text that stand with their errors, as they are written, but for signs: what is lost is paid."""
    return set(re.findall(rf"{NUMBER} ± {NUMBER}", re.sub(r"\s+", " ", text)))


def test_every_question_has_a_command_and_an_answer():
    asked = {name for command, _ in parts() for name in re.findall(r"scenarios/games/(\w+)\.toml", command)}
    assert asked == {path.stem for path in (ROOT / "scenarios" / "games").glob("*.toml")}
    assert all(estimates(text) for _, text in parts())


@pytest.mark.slow
@pytest.mark.parametrize(("command", "text"), parts(), ids=[command[16:60] for command, _ in parts()])
def test_what_the_page_says_is_what_the_command_prints(command, text, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(ROOT)
    typed = [*shlex.split(command), "--out", str(tmp_path)]
    assert main(typed) == 0
    printed = capsys.readouterr().out
    assert main([*typed, "--json"]) == 0  # from what is kept
    for game in json.loads(capsys.readouterr().out)["games"]:
        if game["price_of_anarchy"]:
            printed += plus_minus(*game["price_of_anarchy"].values()) + "\n"
    assert estimates(text) - estimates(printed) == set()
