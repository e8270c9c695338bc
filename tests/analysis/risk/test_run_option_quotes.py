"""The surface of a run's books at a step: what its makers quoted is found again, and what cannot be is told."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

import spreadgame as sg
from analysis.risk.run_option_quotes import quotes_of_run
from sim.models.options import CALL, price
from sim.scenario import parse
from tests.command_line import take

STEPS, VOLATILITY, SLOPE = 60, 0.01, -0.02


def market(**changes: Any) -> dict[str, Any]:
    """A chain quoted at a smile, on a stock that moves."""
    return {
        "run": {"steps": STEPS, "episodes": 2, "seed": 3},
        "money": {"interest": 1e-4},
        "instruments": [
            {"name": "ACME", "value": {"process": "geometric_brownian", "initial": 100.0, "volatility": VOLATILITY}}
        ],
        "venues": [{"name": "stock", "instrument": "ACME"}],
        "chains": [{"name": "options", "of": "ACME", "expiries": [50, STEPS], "venue": {"tick_size": 0.001},
                    "strikes": {"first": 85.0, "last": 115.0, "step": 1.0}}],
        "populations": [
            {"name": "stock_maker", "strategy": "fixed_spread", "venues": ["stock"], "sees": {"of": "value"},
             "params": {"half_spread": 0.01, "reference": "signal"}},
            {"name": "maker", "strategy": "option_maker", "venues": ["options"], "turn": 1,
             "params": {"half_spread": 0.02, "slope": SLOPE}},
        ],
        "record": {"book_every": 10},
        **changes,
    }  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> sg.Run:
    return sg.run(parse(market()), out=tmp_path_factory.mktemp("runs"), name="options")


def found(run: sg.Run, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert take("volatility_surface", [str(run.folder), *words, "--json"]) == 0
    said: dict[str, Any] = json.loads(capsys.readouterr().out)["runs"][0]
    return said


def test_the_smile_that_its_makers_quote_is_found_with_every_quote_inside(run, capsys, tmp_path) -> None:
    said = found(run, capsys, "--step", "19", "--leave-out", "2", "--figure", str(tmp_path / "surface.png"))
    assert [each["expiry"] for each in said["surfaces"]] == ["50", str(STEPS)]
    assert said["share_inside"] == said["share_left_out"] == 1.0
    assert said["arbitrage_free"]
    for each in said["surfaces"]:
        left = int(each["expiry"]) - 20
        assert each["years"] == left
        a, b, rho, m, s = (each["parameters"][name] for name in ("a", "b", "rho", "m", "s"))
        for k in (-0.08, 0.0, 0.08):
            fitted = math.sqrt((a + b * (rho * (k - m) + math.hypot(k - m, s))) / left)
            assert fitted == pytest.approx(VOLATILITY + SLOPE * k, abs=4e-4)
    assert (tmp_path / "surface.png").stat().st_size > 10_000


def test_the_last_step_at_which_there_are_quotes_enough_is_taken_if_none_is_named(run, capsys) -> None:
    said = found(run, capsys)
    assert {each["moment"] for each in said["surfaces"]} == {"step 49"}
    assert [each["expiry"] for each in said["surfaces"]] == [str(STEPS)]  # the other has expired


def test_quotes_are_undiscounted_and_over_the_forward_price(run) -> None:
    table = quotes_of_run(run, 19).table
    book = run.book
    book = book[((book["episode"] == 1) & (book["step"] == 19)).to_numpy(bool)].set_index("venue")
    mark, left = book.at["stock", "mark"], STEPS - 20
    row = table[(table["expiry"] == str(STEPS)) & (table["strike"] == 104.0) & (table["side"] == CALL)].iloc[0]
    growth = (1.0 + 1e-4) ** left
    assert row["forward"] == pytest.approx(mark * growth)
    assert row["bid"] * mark == pytest.approx(book.at["options-60-104-call", "bid"])
    volatility = VOLATILITY + SLOPE * math.log(104.0 / (mark * growth))
    worth = price(CALL, mark, 104.0, left, math.log1p(1e-4), 0.0, volatility)
    assert 0.5 * (row["bid"] + row["ask"]) * mark == pytest.approx(worth, abs=1e-3)


def refusal(capsys: pytest.CaptureFixture[str], source: Path | str, *words: str) -> str:
    assert take("volatility_surface", [str(source), *words]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    return told.err


def test_what_has_no_surface_is_told_in_a_line(run, capsys, tmp_path) -> None:
    assert "its books were not sampled at step 21 — near it there are 19, 29, 9" in refusal(
        capsys, run.folder, "--step", "21"
    )
    bare = market(chains=[], populations=market()["populations"][:1], run={"steps": 5})
    without = sg.run(parse(bare), out=tmp_path, name="bare")
    assert "it has no options — measure a run with instruments of kind call or put" in refusal(capsys, without.folder)
    unsampled = sg.run(parse(market(record={"levels": 0}, run={"steps": STEPS})), out=tmp_path, name="unsampled")
    assert "it kept no book, which volatility_surface needs — set record.levels = 1" in refusal(
        capsys, unsampled.folder
    )
