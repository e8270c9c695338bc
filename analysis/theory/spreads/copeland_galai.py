"""Copeland and Galai 1983: a quote is a free option to the informed, and noise pays the premium."""

from __future__ import annotations

from analysis.stats.estimates import mean
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets, payoffs
from analysis.theory.rows import Row, compare
from sim.models import copeland_galai as model

_PRICE, _TICK = 100.0, 1e-4


@experiment("Copeland–Galai: quotes that pay for their options")
def copeland_galai(markets: Markets) -> list[Row]:
    """Whoever quotes what the model says earns nothing; whoever quotes a tenth less wide loses."""
    rows = []
    for share in (0.1, 0.3, 0.5):
        for deviation in (0.01, 0.02, 0.05):
            bid, ask = model.quotes(_PRICE, deviation, share)
            for width in (1.0, 0.9) if deviation == 0.02 else (1.0,):
                run = markets.run(
                    "copeland_galai",
                    200_000,
                    8_000,
                    {
                        "ACME.value.volatility": deviation,
                        "informed.arrivals.share": share,
                        "seller.params.half_spread": width * (ask - _PRICE),
                        "buyer.params.half_spread": width * (_PRICE - bid),
                    },
                )
                earned = payoffs(run, "seller") + payoffs(run, "buyer")
                what = f"p = {share:g}, s = {deviation:g}: makers' profit at a spread of {width * (ask - bid):.4f}"
                if width == 1.0:
                    target, tolerance = 0.0, _TICK
                else:
                    target, tolerance = model.profit(_PRICE, deviation, share, width), _TICK
                    what += ", a tenth too narrow"
                rows.append(
                    compare(
                        what,
                        "Copeland and Galai 1983",
                        target,
                        mean(earned),
                        tolerance=tolerance,
                        unit="currency per trader",
                    )
                )
    return rows
