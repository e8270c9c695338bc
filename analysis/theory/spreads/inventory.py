"""Makers who mind inventory: Avellaneda and Stoikov; Guéant, Lehalle and Fernandez-Tapia; Cartea and Jaimungal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.reading.columns import arrays
from analysis.stats.estimates import Estimate, deviation, mean, ratio
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets, payoffs
from analysis.theory.rows import Row, compare
from sim.models import inventory as model
from sim.runs.result import Run

_STEPS, _VOLATILITY, _DECAY, _RATE = 200, 2.0 * 0.005**0.5, 1.5, 140 * 0.005  # inventory.toml: a step, currency, fills
_TICK = 1e-5
_AVERSIONS = (0.01, 0.1, 0.5, 1.0)
_STOIKOV = "Avellaneda and Stoikov 2008"
_GUEANT = "Guéant, Lehalle and Fernandez-Tapia 2013"
_CARTEA = "Cartea, Jaimungal and Penalva 2015"
Distances = Callable[[int, NDArray[np.int64]], tuple[Any, Any]]


def _fill(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    return model.fill_probability(distance, _DECAY, model.offset_of(_RATE, _DECAY))


def _measured(run: Run) -> dict[str, Estimate]:
    """Mean and deviation of the maker's profit, and the deviation of what it holds at the end."""
    profit, held = payoffs(run, "maker"), payoffs(run, "maker", "inventory.ACME")
    return {
        "mean profit": mean(profit),
        "deviation of the profit": deviation(profit),
        "deviation of the final inventory": deviation(held),
    }


def _expected(distances: Distances) -> dict[str, float]:
    found = model.moments(distances, _fill, _VOLATILITY, _STEPS, _STEPS)
    return {
        "mean profit": found.profit,
        "deviation of the profit": found.profit_deviation,
        "deviation of the final inventory": found.inventory_deviation,
    }


def _rows(who: str, source: str, run: Run, expected: dict[str, float]) -> list[Row]:
    """What a maker comes to, against the exact moments of its rule in this market."""
    measured = _measured(run)
    units = {"deviation of the final inventory": "lots"}
    # A quote is rounded outward by a tick at most: so much on each fill, in the mean.
    return [
        compare(
            f"{who}: {what}",
            source,
            expected[what],
            measured[what],
            tolerance=_STEPS * _TICK,
            unit=units.get(what, "currency"),
        )
        for what in expected
    ]


def _mean_spread(markets: Markets, changes: dict[str, Any]) -> Estimate:
    """Mean over the steps of the quoted spread, from those of each step's books that still show both quotes."""
    run = markets.run("inventory", 300, 100, changes | {"record.levels": 1, "record.book_every": 1})
    step, bid, ask = arrays(run, "book", "step", "bid", "ask")
    both = ~np.isnan(bid) & ~np.isnan(ask)
    count = np.bincount(step[both], minlength=_STEPS)
    return Estimate(float((np.bincount(step[both], (ask - bid)[both], minlength=_STEPS) / count).mean()), 0.0)


@experiment("Avellaneda–Stoikov: quotes that lean")
def avellaneda_stoikov(markets: Markets) -> list[Row]:
    """Against the maker that quotes the same spread on average and never leans."""
    rows = []
    for aversion in _AVERSIONS:

        def leaning(step: int, held: NDArray[np.int64], aversion: float = aversion) -> tuple[Any, Any]:
            quotes = [model.avellaneda_stoikov(aversion, _VOLATILITY, _DECAY, _STEPS - step, q) for q in held]
            bid, ask = np.array(quotes).T
            return bid, ask

        flat = [
            sum(leaning(step, np.zeros(1, np.int64))) for step in range(_STEPS)
        ]  # the spread is that at no inventory
        half = 0.5 * float(np.mean(flat))

        def symmetric(step: int, held: NDArray[np.int64], half: float = half) -> tuple[Any, Any]:
            return half, half

        changes: dict[str, Any] = {"maker.params.risk_aversion": aversion}
        still = {"maker.strategy": "fixed_spread", "maker.params": {"half_spread": half}}
        run = markets.run("inventory", 40_000, 2_000, changes)
        other = markets.run("inventory", 40_000, 2_000, still)
        rows.append(
            compare(
                f"γ = {aversion:g}: mean quoted spread",
                _STOIKOV,
                2 * half,
                _mean_spread(markets, changes),
                tolerance=2 * _TICK,
                unit="currency",
            )
        )
        leans, still_stands = _expected(leaning), _expected(symmetric)
        rows += _rows(f"γ = {aversion:g}", _STOIKOV, run, leans)
        rows += _rows(f"γ = {aversion:g}, symmetric", _STOIKOV, other, still_stands)
        risk = leans["deviation of the profit"] / still_stands["deviation of the profit"]
        mine, its = (payoffs(each, "maker") for each in (run, other))
        found = ratio((mine - mine.mean()) ** 2, (its - its.mean()) ** 2)
        rows.append(
            compare(
                f"γ = {aversion:g}: variance of the profit, as a share of the symmetric maker's",
                _STOIKOV,
                risk**2,
                found,
                tolerance=_TICK,
            )
        )
    return rows


def _quoted(markets: Markets, held: int, changes: dict[str, Any]) -> tuple[float, float]:
    """Distances of bid and ask from the value, of a maker that begins with an inventory, in the first step."""
    run = markets.run(
        "inventory",
        1,
        1,
        changes
        | {
            "maker.endowment.inventory": held,
            "record.messages": True,
            "ACME.value.volatility": 0.0,
        },
    )
    step, who, side, price = arrays(run, "messages", "step", "population", "side", "price")
    mine = (step == 0) & (who == "maker")
    (bid,), (ask,) = (price[mine & (side == name)] for name in ("buy", "sell"))
    return 100.0 - bid, ask - 100.0


@experiment("Guéant–Lehalle–Fernandez-Tapia: quotes by inventory")
def gueant_lehalle_tapia(markets: Markets) -> list[Row]:
    """Quotes by inventory for the paper's figure and in Avellaneda and Stoikov's market, and what those come to."""
    rows = []
    figure = {"risk_aversion": 0.01, "volatility": 0.3, "fill_decay": 0.3, "arrival_rate": 0.9}
    stoikov = {"risk_aversion": 0.1, "volatility": _VOLATILITY, "fill_decay": _DECAY, "arrival_rate": _RATE}
    settings = {"the paper's figure": (figure, 600), "Avellaneda and Stoikov's market": (stoikov, _STEPS)}
    limit = 30
    for name, (params, steps) in settings.items():
        solved = (params["risk_aversion"], params["volatility"], params["fill_decay"], params["arrival_rate"])
        depths = model.gueant_lehalle_tapia(*solved, limit, steps)
        for held in (-5, -2, -1, 0, 1, 2, 5):
            targets = {
                "exact": depths[min(steps, len(depths) - 1), held + limit],
                "asymptotic": model.gueant_lehalle_tapia_asymptotic(*solved, held),
            }
            for solution, target in targets.items():
                found = _quoted(
                    markets,
                    held,
                    {
                        "run.steps": steps,
                        "maker.strategy": "gueant_lehalle_tapia",
                        "maker.params": params | {"solution": solution, "inventory_limit": limit},
                    },
                )
                for side, is_, should in zip(("bid", "ask"), found, target, strict=True):
                    claim = f"{name}, {solution}: distance of the {side} at inventory {held}"
                    rows.append(
                        compare(claim, _GUEANT, should, Estimate(is_, 0.0), tolerance=1.01 * _TICK, unit="currency")
                    )
    params, steps = settings["Avellaneda and Stoikov's market"]
    run = markets.run(
        "inventory",
        40_000,
        2_000,
        {
            "maker.strategy": "gueant_lehalle_tapia",
            "maker.params": params | {"inventory_limit": limit},
        },
    )

    def leaning(step: int, held: NDArray[np.int64]) -> tuple[Any, Any]:
        row = depths[min(_STEPS - step, len(depths) - 1)]
        place = np.clip(held + limit, 0, 2 * limit)
        beyond = np.abs(held) > limit
        return np.where(beyond, np.inf, row[place, 0]), np.where(beyond, np.inf, row[place, 1])

    return rows + _rows("Avellaneda and Stoikov's market", _GUEANT, run, _expected(leaning))


@experiment("Cartea–Jaimungal: a fine for inventory")
def cartea_jaimungal(markets: Markets) -> list[Row]:
    """Depths by inventory, thirty steps before the end."""
    rows = []
    rate, decay, terminal, limit, steps = 1.0, 100.0, 1e-4, 3, 30
    for running in (1e-6, 1e-5):
        depths = model.cartea_jaimungal(rate, decay, running, terminal, limit, steps)
        for held in range(-limit + 1, limit):
            found = _quoted(
                markets,
                held,
                {
                    "run.steps": steps,
                    "maker.strategy": "cartea_jaimungal",
                    "lit.tick_size": 1e-6,
                    "maker.params": {
                        "running_penalty": running,
                        "terminal_penalty": terminal,
                        "fill_decay": decay,
                        "arrival_rate": rate,
                        "inventory_limit": limit,
                    },
                },
            )
            for side, is_, should in zip(
                ("bid", "ask"), found, depths[min(steps, len(depths) - 1), held + limit], strict=True
            ):
                claim = f"φ = {running:g}: distance of the {side} at inventory {held}"
                rows.append(compare(claim, _CARTEA, should, Estimate(is_, 0.0), tolerance=1.01e-6, unit="currency"))
    return rows
