"""Gains by greeks: they sum to the gains, and what they leave vanishes with the interval."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.money.accounts import Holders, edges_of
from analysis.money.attribution import by_value
from analysis.money.by_greeks import LINES, by_greeks
from sim.core.errors import RunError
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import parse
from tests.command_line import take

STEPS = 128
LOGNORMAL = {"process": "geometric_brownian", "initial": 100.0, "volatility": 0.004}
HESTON = {"process": "heston", "initial": 100.0, "variance": 1.6e-5, "mean": 1.6e-5, "reversion": 0.002,
          "volatility": 0.0004, "correlation": -0.5}  # fmt: skip


def options_market(value: dict[str, Any], episodes: int = 40, out: Path | None = None, **rest: Any) -> Run:
    """A holder of options that outlive the episode's end by nothing, and of the stock, in a market at the value."""
    option = {"of": "ACME", "expiry": 2 * STEPS}
    data = {
        "run": {"steps": 2 * STEPS, "episodes": episodes, "seed": 4},
        "instruments": [
            {"name": "ACME", "value": value},
            {"name": "call", "derivative": {"kind": "call", "strike": 101.0, **option}},
            {"name": "put", "lot_size": 2.0, "derivative": {"kind": "put", "strike": 98.0, **option}},
        ],
        "venues": [{"name": name, "instrument": name} for name in ("ACME", "call", "put")],
        "populations": [
            *({"name": f"maker-{name}", "strategy": "fixed_spread", "venues": [name], "sees": {"of": "value"},
               "params": {"reference": "signal", "half_spread": 0.02}} for name in ("ACME", "call", "put")),
            {"name": "holder", "strategy": "holder", "venues": ["ACME"],
             "endowment": {"positions": {"call": 3, "put": -2, "ACME": 1}}},
        ],
        "record": {"book_every": 1, "agents_every": 1},
        **rest,
    }  # fmt: skip
    return execute(parse(data), out)


def lines_of(run: Run, every: int = 1) -> np.ndarray:
    """The holder's lines by episode, (episodes, lines)."""
    holders = Holders(run, "population", edges_of(run, None)[0])
    found = by_greeks(run, holders, every)
    assert found.unknown == ""
    amounts: np.ndarray = found.amounts[:, list(holders.index).index("holder")]
    return amounts


def residual(run: Run, every: int, without: tuple[str, ...] = ()) -> float:
    lines = lines_of(run, every)
    left = lines[:, LINES.index("residual")] + sum(lines[:, LINES.index(name)] for name in without)
    return float(np.sqrt((left**2).mean()))


@pytest.fixture(scope="module")
def lognormal() -> Run:
    return options_market(LOGNORMAL)


def test_the_lines_sum_to_the_revaluation_at_the_value(lognormal):
    lines = lines_of(lognormal)
    whole = by_value(lognormal)
    place = list(whole.holders).index("holder")
    revaluation = whole.amounts[:, 0, place, whole.lines.index("revaluation")]
    np.testing.assert_allclose(lines.sum(axis=1), revaluation, atol=1e-9)
    assert abs(lines[:, LINES.index("delta")]).mean() > 1.0


def test_what_they_leave_vanishes_with_the_interval(lognormal):
    coarse, middle, fine = (residual(lognormal, every) for every in (32, 8, 2))
    assert coarse > 1.5 * middle > 2.0 * fine
    assert fine < 0.05 * np.abs(lines_of(lognormal).sum(axis=1)).mean()
    for name in ("vega", "vanna", "volga"):
        assert not lines_of(lognormal)[:, LINES.index(name)].any()  # a volatility that does not move


def test_where_volatility_moves_vanna_and_volga_are_needed():
    run = options_market(HESTON)
    with_all, without = residual(run, 4), residual(run, 4, ("vanna", "volga"))
    assert without > 2.0 * with_all
    assert residual(run, 1) < 0.75 * with_all
    assert abs(lines_of(run)[:, LINES.index("vega")]).mean() > 0.01


def test_the_command_tells_them_and_what_is_left_over(lognormal, tmp_path, capsys):
    run = options_market(LOGNORMAL, out=tmp_path)
    assert take("attribution", [run.folder, "--json", "--every", "4"]) == 0
    found = json.loads(capsys.readouterr().out)["runs"][0]
    own = {row["population"]: row for row in found["by_greeks"]}
    assert set(LINES) <= set(own["holder"])
    assert own["holder"]["delta"] == pytest.approx(lines_of(lognormal, 4)[:, 0].mean())
    assert abs(found["by_greeks_left_over"]) < 1e-9


def test_samples_that_do_not_meet_are_refused():
    run = options_market(LOGNORMAL, 2, record={"book_every": 7, "agents_every": 5})
    with pytest.raises(RunError, match="at the same steps"):
        lines_of(run)
