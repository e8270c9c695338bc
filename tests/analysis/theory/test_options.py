"""Claims on options fail in a market that plays something else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from analysis.theory.experiments import all_experiments
from analysis.theory.markets import Markets
from sim.runs.result import Run


class Wrong(Markets):
    """Small samples of markets with one thing changed behind the experiment's back."""

    def __init__(self, wrong: dict[str, Any]) -> None:
        super().__init__(quick=True)
        self.wrong = wrong

    def run(
        self, name: str, full: int, quick: int, changes: Mapping[str, Any] | None = None, seed: int | None = None
    ) -> Run:
        return super().run(name, full, quick, {**(changes or {}), **self.wrong}, seed)


@pytest.mark.parametrize(
    ("experiment", "wrong", "fail"),
    [
        ("hedging_sale", {"clients.params.inventory_skew": 0.0003}, 1),
        ("hedging_cross", {"dealer.hedge.ratio": 0.9}, 3),
        ("hedging_delay", {"other_maker.sees": {"of": "value"}}, 4),
        ("hedging_leland", {"stock.taker_fee": 0.002}, 3),
        ("hedging_feedback", {"maker.params.anchor": "public", "maker.params.auctions": 5}, 5),
        ("options_payments", {"ACME.shocks": [{"step": 0, "volatility": 1.3}]}, 4),
        ("options_mean", {"mean.derivative.average": 1}, 2),
        ("options_funding", {"perpetual.derivative.clamp": 0.0}, 3),
        ("risk_margin", {"strangle.endowment.positions": {"call": -10, "put": -5}}, 2),
        ("risk_kelly", {"bettor.risk.capital.edge": 0.15}, 2),
        ("risk_backtest", {"risk.confidence": 0.9}, 2),
        ("options_quotes_distances", {"maker.params.vega_limit": 100.0}, 9),
        ("options_quotes_deviations", {"maker.params.arrival_rate": 1.0}, 4),
    ],
)
def test_a_claim_fails_in_a_market_that_does_something_else(experiment, wrong, fail):
    rows = all_experiments()[experiment].play(Wrong(wrong))
    assert sum(row.verdict == "fail" for row in rows) >= fail
