"""What a scenario says of how risk is measured, and of margin, written into a World."""

from __future__ import annotations

from typing import Any

from sim.instruments.margin import MARGIN_RULES
from sim.instruments.price_curve import NODES
from sim.instruments.scan import VOLATILITIES
from sim.models.tails import normal_tail
from sim.scenario import Scenario

_RATES = (
    "option_initial", "option_least", "option_maintenance", "linear_initial", "linear_maintenance", "initial_factor",
    "maintenance_factor",
)  # fmt: skip


def lengths_of_risk(scenario: Scenario) -> dict[str, int]:
    """Lengths of the arrays with which risk is measured; none where it is not."""
    risk = scenario.risk
    if risk is None:
        return {}
    instruments = len(scenario.instruments)
    stocks = sum(not each.is_derivative for each in scenario.instruments)
    scenarios = risk.price_points * VOLATILITIES
    return {
        "risk": 1, "scan": instruments * scenarios, "scan_sums": stocks * scenarios,
        "moves": risk.window * stocks, "last_marks": stocks, "covariance": stocks * stocks, "deltas": stocks,
        "revaluations": instruments * risk.window if risk.method == "revaluation" else 0, "losses": 2 * risk.window,
        "curve": 2 * NODES if risk.method == "revaluation" else 0,
        "margin": scenario.margin is not None,
        "under_margin": len(scenario.populations) if scenario.margin is not None else 0,
    }  # fmt: skip


def fill_risk(world: Any, scenario: Scenario) -> None:
    """Write how risk is measured, the rates of margin, and which populations are under it."""
    risk, margin = scenario.risk, scenario.margin
    if risk is None:
        return
    row = world.risk[0]
    for name in ("window", "fewest", "horizon", "price_points", "price_range", "volatility_range", "confidence",
                 "tail_confidence"):  # fmt: skip
        row[name] = getattr(risk, name)
    row["revalues"] = risk.method == "revaluation"
    row["normal_quantile"] = normal_tail(risk.confidence)[0]
    row["normal_shortfall"] = normal_tail(risk.tail_confidence)[1]
    if margin is None:
        return
    world.margin[0]["scans"], world.margin[0]["grace"] = MARGIN_RULES[margin.rule], margin.grace
    for name in _RATES:
        world.margin[0][name] = getattr(margin, name)
    world.under_margin[:] = [each.name in (margin.populations or ()) for each in scenario.populations]
