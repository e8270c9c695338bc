"""What docs/games.md says of the games, its commands print."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from typing import Any

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


# Numbers of the page that no command prints, and where they come from.
ELSEWHERE = {
    "0.75": "theory: half of what a spread of 6 earns",
    "0.25": "theory: half of what a spread of 4 earns",
    "1.5": "theory: what a spread of 6 earns in all",
    "95": "percent: the confidence of every interval that is printed",
    "120": "the command's arrivals per step over those of the file",
}


def numbers(text: str) -> set[str]:
    """All other numbers of a text: no estimates, and no years, which have four digits and no comma."""
    plain = re.sub(rf"{NUMBER} ± {NUMBER}|\b(?:19|20)\d\d\b", "", re.sub(r"[ \n]+", " ", text))
    return set(re.findall(rf"(?<![\w.]){NUMBER}(?![\w.]*\w)", plain))


def values(tree: Any) -> Iterator[float]:
    """Every number of a JSON or TOML tree."""
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, (list, tuple)):
        for each in tree:
            yield from values(each)
    elif isinstance(tree, (int, float)) and not isinstance(tree, bool):
        yield float(tree)


def stands(number: str, known: set[float]) -> bool:
    """Whether a number is one of those known, their double (spreads of half-spreads), or percent of it."""
    decimals = len(number.partition(".")[2])
    return any(f"{value * factor:,.{decimals}f}" == number for value in known for factor in (1, 2, 100))


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
    answer = json.loads(capsys.readouterr().out)
    for game in answer["games"]:
        if game["price_of_anarchy"]:
            printed += plus_minus(*game["price_of_anarchy"].values()) + "\n"
    assert estimates(text) - estimates(printed) == set()
    files = [tomllib.loads((ROOT / name).read_text("utf-8")) for name in shlex.split(command) if name.endswith(".toml")]
    given = {float(each) for each in re.findall(r"(?<![\w.])\d+(?:\.\d+)?", command)}
    known = {*values(answer), *values(files), *given}
    odd = {each for each in numbers(text) if each not in ELSEWHERE and not stands(each, known)}
    assert odd == set(), "each number of the page is held against what its command prints"
