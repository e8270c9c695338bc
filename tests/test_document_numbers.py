"""Numbers that a document states of the code, of a scenario or of a published result are those that hold there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from analysis import counterfactuals
from analysis.games.certificates.resampling import FEWEST
from analysis.games.empirical import search, sequential, solution
from analysis.games.solvers import symmetric_equilibria
from analysis.games.tables import differences
from analysis.money import attribution
from analysis.recorded import page as recorded_page
from analysis.recorded.__main__ import main as recorded
from analysis.stats import clusters
from analysis.theory import page as scoreboard_page
from analysis.theory.experiments import all_experiments
from analysis.theory.options import risk as positions
from analysis.theory.rows import MOST_ERRORS
from analysis.tournament import entries, reads_the_future, rounds, task
from sim.core import cache_folder
from sim.experiment import workers
from sim.instruments import processes
from sim.models import options
from sim.models.option_margin import short_option
from sim.runs import interrupt, sampling
from sim.scenario.tables.risk import Margin, RiskMeasurement
from spreadgame.commands import parser
from tests.places import ROOT, SCENARIOS

WORDS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
         "thirteen", "fourteen", "fifteen", "sixteen")  # fmt: skip
QUICKSTART = tomllib.loads((SCENARIOS / "quickstart.toml").read_text(encoding="utf-8"))
INFORMED = next(each for each in QUICKSTART["populations"] if each["name"] == "informed")["arrivals"]["share"]
PYTHON = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]

RISK, SCAN = RiskMeasurement(), Margin(rule="scan")
OPTIONS = SCAN.option_initial, SCAN.option_least, SCAN.option_maintenance
SOLD, BOUGHT = (options.price(options.PUT, 100.0, strike, 0.25, 0.0, 0.0, 0.2) for strike in (100.0, 95.0))

# What a document says, with a gap for each number, and the numbers by the code.
STATED = {
    "README.md": [
        ("learn its value {} steps late", QUICKSTART["instruments"][0]["public_delay"]),
        ("In {} of five cases it is a noise trader, in {} of five", WORDS[round(5 * (1 - INFORMED))],
         WORDS[round(5 * INFORMED)]),
        ("Python {}.{} to {}.{}", *map(int, re.fullmatch(r">=(\d)\.(\d+),<(\d)\.(\d+)", PYTHON).groups())),
        ("from {} on for the attribution and value at risk, from {} on for means over trades", attribution._MANY,
         clusters.STRETCHES),
        ("{} questions are in", WORDS[len(list((SCENARIOS / "games").glob("*.toml")))].capitalize()),
    ],
    "docs/tournaments.md": [
        ("At most {} files can enter", entries.MOST_ENTRIES),
        ("`--seeds` of them ({} by default)", rounds.SEEDS),
        ("`--seconds` ({:g} by default)", rounds.SECONDS),
        ("may take {:g} seconds more, for its imports", task.IMPORTS),
        ("may take {:g} seconds each", task.PATIENCE),
        ("A match may take {:g} GiB of memory", task.MEMORY / 2**30),
        ("in up to {} steps of each match", reads_the_future._EARLY + reads_the_future._LATE),
    ],
    "docs/equilibria.md": [
        ("(`--budget`, {:,} runs by default)", solution.BUDGET),
        ("ε is {:g} % of the range", 100 * search._SHARE),
        ("at least {} runs of each profile", sequential._FIRST),
        ("at most {} looks, and each one uses a fifth of the {} %", WORDS[sequential._LOOKS], 5),
        ("at most {} of them (with fewer than {} runs", WORDS[FEWEST - 1], WORDS[2 * FEWEST]),
        ("the expected number of these events in all runs is below {}", WORDS[FEWEST]),
        ("too small for {} runs of every profile", WORDS[FEWEST]),
        ("a limit of {:,} corners", symmetric_equilibria._CORNERS),
        ("always, up to {} players", symmetric_equilibria._MOST_PLAYERS),
        ("at most {} units in the last place", WORDS[int(differences._PLACES)]),
        ("at most 2⁻⁴⁶ ({:.1f}·10⁻¹⁴) of the", 1e14 * differences._DIGITS),
    ],
    "docs/experiments.md": [
        ("If workers die {} times at the same chunk", WORDS[workers.TRIES]),
        ("(exit code {})", parser.INTERRUPTED),
        ("its {:g} % interval", 100 * counterfactuals.CONFIDENCE),
    ],
    "docs/design.md": [
        ("in blocks of {:,} steps", processes.BLOCK),
        ("The {} newest folders stay", WORDS[cache_folder._KEPT]),
    ],
    "docs/scenarios.md": [
        ("samples of the book; omitted: the least of 1, 2, 5, 10, 20, … with which the table has about {:,} rows",
         sampling._BOOK_SAMPLES),
        ("samples of the agents; omitted: the least of 1, 2, 5, 10, 20, … with which the table has about {:,} rows",
         sampling._AGENT_SAMPLES),
    ],
    "docs/theory.md": [("within {:g} standard errors", MOST_ERRORS)],
    "docs/options.md": [
        ("by up to {:g} % either way, in {} points", 100 * RISK.price_range, RISK.price_points),
        ("volatility of its options by −{:g} %, 0 and +{:g} %", *[100 * RISK.volatility_range] * 2),
        ("of {} losses at {:g} % the third greatest", RISK.window, 100 * RISK.confidence),
        ("{:g} % to take positions on, {:g} % to keep them", 100 * SCAN.initial_factor, 100 * SCAN.maintenance_factor),
        ("| call sold | {:g} % less what it is out of the money, at least {:g} %, plus its price | {:g} % plus its",
         *(100 * rate for rate in OPTIONS)),
        ("| future, stock sold | {:g} % | {:g} % |", 100 * SCAN.linear_initial, 100 * SCAN.linear_maintenance),
        ("loses {:.2f} at most if a put at 100 is sold, one at 95 bought", 5.0 - (SOLD - BOUGHT)),
        ("scan asks for {:.2f}. The standard rule asks for {:.2f}", positions._worst(positions._HELD["spread"]),
         short_option(options.PUT, 100.0, 100.0, SOLD, *OPTIONS)[0]),
    ],
}  # fmt: skip
OTHERS = {  # numbers that are names, signs of a formula, or examples, and hold nothing
    "docs/equilibria.md": {"1", "2", "0", "3", "10", "12", "25", "95"},
    "docs/experiments.md": {"2"},
    "docs/design.md": set(map(str, range(1, 9))),
}


def text_of(document: str) -> str:
    """A document in one line, without code and without years, which have four digits and no comma."""
    text = (ROOT / document).read_text(encoding="utf-8")
    text = re.sub(r"^```.*?^```|`[^`\n]*`|^    .*?$|\(v?\d\)", " ", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"\b(?:19|20)\d\d\b", " ", text))


@pytest.mark.parametrize(("document", "said", "values"), [
    (document, said, values) for document, stated in STATED.items() for said, *values in stated
])  # fmt: skip
def test_a_document_states_the_number_that_the_code_has(document, said, values):
    if document == "README.md" and said.startswith("Python"):
        values = [*values[:3], values[3] - 1]  # the last one allowed
    text = re.sub(r"\s+", " ", (ROOT / document).read_text(encoding="utf-8"))
    assert said.format(*values) in text


@pytest.mark.parametrize("document", OTHERS)
def test_every_number_of_a_page_is_one_that_is_held(document):
    held = set(OTHERS[document])
    for said, *values in STATED[document]:
        held |= set(re.findall(r"\d[\d,.]*\d|\d", said.format(*values)))
    assert set(re.findall(r"(?<![\w.⁻])\d(?:[\d,]*\d)?(?:\.\d+)?", text_of(document))) - held == set()


def test_a_second_of_patience_is_what_the_design_says():
    assert interrupt._ONE_PRESS == 1.0
    assert "After a second without an answer" in re.sub(r"\s+", " ", (ROOT / "docs/design.md").read_text("utf-8"))


def test_the_words_above_the_scoreboard_and_the_recorded_markets_are_those_of_their_commands():
    for page, head in (("theory", scoreboard_page.HEAD), ("recorded", recorded_page.HEAD)):
        assert (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8").startswith(head)


@pytest.mark.slow
def test_the_page_of_recorded_markets_is_what_its_command_writes(data_folder, tmp_path, capsys):
    page = tmp_path / "recorded.md"
    assert recorded([str(data_folder), "--page", str(page), "--figure", str(tmp_path / "recorded.png")]) == 0
    assert page.read_text(encoding="utf-8") == (ROOT / "docs" / "recorded.md").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("name", all_experiments())
def test_the_rows_of_the_scoreboard_are_what_the_command_writes(name, tmp_path, capsys):
    page = tmp_path / "theory.md"
    with pytest.raises(SystemExit) as end:
        parser.main(["theory", "--only", name, "--out", str(tmp_path), "--page", str(page)])
    assert end.value.code == 0
    assert rows_of(page, name) == rows_of(ROOT / "docs" / "theory.md", name)


def rows_of(page: Path, name: str) -> list[str]:
    """The rows of an experiment on a page of the scoreboard."""
    section = page.read_text(encoding="utf-8").split(f"({name})\n")[1].split("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| ")]
