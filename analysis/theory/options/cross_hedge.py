"""A hedge by another instrument: what it leaves, and the ratio that is found if its price comes late."""

from __future__ import annotations

from analysis.reading.columns import arrays
from analysis.stats.estimates import mean, ratio
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets, payoffs
from analysis.theory.rows import Row, compare
from sim.models import cross_hedge as model

_HEDGED, _HEDGING = 0.02, 0.03  # in cross_hedge.toml, deviations of a step, currency
_LOTS = 10_000  # in cross_hedge.toml, held of ACME
_SOURCE = "Ederington 1979"


def _steps(count: int) -> str:
    return f"{count} step{'s' * (count != 1)}"


@experiment("A hedge by what moves alike")
def hedging_cross(markets: Markets) -> list[Row]:
    """The best ratio leaves 1 − ρ² of the variance; one for one leaves much more."""
    rows = []
    for loadings, one_for_one in (((1.0, 0.8), False), ((0.9, 0.7), False), ((1.0, 0.8), True)):
        correlation = loadings[0] * loadings[1]
        best = model.least_variance_ratio(correlation, _HEDGED, _HEDGING)
        changes = {
            "ACME.value.factors": {"market": loadings[0]},
            "OTHER.value.factors": {"market": loadings[1]},
            "dealer.hedge.ratio": "delta" if one_for_one else best,
        }
        run = markets.run("cross_hedge", 10_000, 1_500, changes)
        profit = payoffs(run, "dealer")
        instrument, first, last = arrays(run, "settlements", "instrument", "initial", "price")
        alone = _LOTS * 0.01 * (last - first)[instrument == "ACME"]
        target = model.variance_left(correlation, _HEDGED, _HEDGING, 1.0 if one_for_one else best)
        how = "one for one" if one_for_one else "by the best ratio"
        claim = f"loadings {loadings[0]:g} and {loadings[1]:g}, hedged {how}: share of the variance that is left"
        rows.append(compare(claim, _SOURCE, target, ratio(profit**2, alone**2)))
    return rows


@experiment("A hedge whose price comes late")
def hedging_delay(markets: Markets) -> list[Row]:
    """The ratio that is estimated from mids falls with the delay's share of the horizon, to nothing at all of it."""
    rows = []
    for late, horizon in ((0, 4), (1, 4), (2, 4), (3, 4), (1, 1)):
        changes = {
            "run.steps": 200 * horizon + 1,
            "other_maker.sees": {"of": "value", "delay": late},
            "dealer.hedge": {"venues": ["other"], "of": "ACME", "ratio": "minimum_variance", "horizon": horizon},
            "record.trades": False,
        }
        run = markets.run("cross_hedge", 600, 40, changes)
        found = -payoffs(run, "dealer", "inventory.OTHER") / _LOTS  # what it holds at the end is its last estimate
        target = model.least_variance_ratio(0.8, _HEDGED, _HEDGING, late / horizon)
        claim = f"{_steps(late)} late, changes over {_steps(horizon)}: units of the hedge for each unit, as estimated"
        rows.append(compare(claim, f"{_SOURCE}; Epps 1979", target, mean(found), unit="units"))
    return rows
