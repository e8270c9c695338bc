"""A constant product that an arbitrageur, who sees the value, trades back to it in every block."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.reading.columns import arrays
from analysis.stats.estimates import Estimate, mean, ratio
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets, payoffs
from analysis.theory.rows import Row, compare
from sim.models.pools import constant_product, rebalancing
from sim.runs.result import Run

_MARKET = "pool_rebalancing"
_LVR = "Milionis, Moallemi, Roughgarden and Zhang 2022; no approximation"
_FIXED = "Nezlobin and Tassy 2025; to 1 %"
_ANGERIS = "Angeris and others 2019"
_PRICE = 100.0
_SIGMA = 0.005
_NEARLY = 0.01  # what the formulas with a fee leave out, as a share
_LAST_LOT = 1e-6  # a lot, and a tick, as a share of what is traded


class Taken(NamedTuple):
    """What the arbitrageur took in each episode, (episodes,). Currency.

    Attributes
    ----------
    gain : at the value of each step.
    fee : that it paid: a share of what it brought, at that value.
    blocks : those in which it traded.
    """

    gain: NDArray[np.float64]
    fee: NDArray[np.float64]
    blocks: NDArray[np.float64]


def taken(run: Run) -> Taken:
    """Add up trades by episode."""
    episodes = run.scenario.run.episodes
    fee = run.scenario.venues[0].fee or 0.0
    names = ("episode", "step", "price", "quantity", "aggressor", "value")
    episode, step, price, lots, aggressor, value = arrays(run, "trades", *names)
    side = np.where(aggressor == "buy", 1.0, -1.0)
    brought = lots * np.where(side > 0.0, price, value)
    traded = np.unique(episode * run.scenario.run.steps + step) // run.scenario.run.steps
    return Taken(
        np.bincount(episode, side * lots * (value - price), episodes).astype(float),
        np.bincount(episode, fee * brought, episodes).astype(float),
        np.bincount(traded, minlength=episodes).astype(float),
    )


def worth(run: Run) -> NDArray[np.float64]:
    """What the pool is worth before each block, but for fees that stay in it, summed over an episode: (episodes,)."""
    episodes, steps = run.scenario.run.episodes, run.scenario.run.steps
    after = np.reshape(arrays(run, "book", "value")[0], (episodes, steps))
    before = np.concatenate([np.full((episodes, 1), _PRICE), after[:, :-1]], axis=1)
    found: NDArray[np.float64] = first_worth(run) * np.sqrt(before / _PRICE).sum(axis=1)
    return found


def first_worth(run: Run) -> float:
    """What the pool is worth when an episode begins. Currency."""
    liquidity = run.scenario.venues[0].liquidity
    return 0.0 if liquidity is None else 2.0 * liquidity.lots * liquidity.price


def once(markets: Markets, value: float, fee: float = 0.0) -> Run:
    """One block in which the value is so many times the pool's price."""
    changes: dict[str, Any] = {
        "run.steps": 1, "pool.fee": fee, "COIN.value": {"process": "constant", "initial": value * _PRICE},
    }  # fmt: skip
    return markets.run(_MARKET, 1, 1, changes)


@experiment("Pools: loss against rebalancing")
def pool_loss(markets: Markets) -> list[Row]:
    """What a pool loses to an arbitrageur, trade by trade at the value; with fees also how seldom it is traded with."""
    rows = []
    for sigma in (_SIGMA, 2.0 * _SIGMA):
        run = markets.run(_MARKET, 100, 10, {"COIN.value.volatility": sigma})
        found = mean(taken(run).gain / first_worth(run))
        target = rebalancing.loss_over_blocks(sigma, run.scenario.run.steps)
        claim = f"no fee, σ = {sigma:g} per block: loss over {run.scenario.run.steps} blocks, of the first value"
        rows.append(compare(claim, _LVR, target, found, tolerance=_LAST_LOT * target))
        target = rebalancing.loss_per_block(sigma)
        found = ratio(taken(run).gain, worth(run))
        claim = f"no fee, σ = {sigma:g}: loss per block, of what the pool is worth before it"
        rows.append(compare(claim, _LVR, target, found, tolerance=_LAST_LOT * target))
    for share in (0.3, 0.6, 1.5):
        fee = share * _SIGMA
        changes = {"COIN.value.volatility": _SIGMA, "pool.fee": fee, "run.steps": 1500}
        run = markets.run(_MARKET, 250, 10, changes)
        amounts, pool = taken(run), worth(run)
        target = rebalancing.net_loss_fixed_blocks(_SIGMA, fee)
        net = ratio(amounts.gain, pool)
        said = f"f/σ = {share:g}"
        rows.append(compare(f"{said}: net loss per block", _FIXED, target, net, tolerance=_NEARLY * target))
        both = ratio(amounts.gain + amounts.fee, pool)
        whole = rebalancing.loss_per_block(_SIGMA)
        claim = f"{said}: net loss and fees together are the loss without a fee"
        rows.append(compare(claim, _FIXED, whole, both, tolerance=_NEARLY * whole))
        if share >= 0.6:
            steps = np.full(len(amounts.blocks), float(run.scenario.run.steps))
            between = ratio(steps, amounts.blocks)
            target = rebalancing.blocks_between_trades(_SIGMA, fee)
            claim = f"{said}: blocks from trade to trade"
            rows.append(compare(claim, "Siegmund 1979; derived", target, between, tolerance=_NEARLY * target))
    return rows


@experiment("Pools: the curve")
def pool_curve(markets: Markets) -> list[Row]:
    """Depth, impermanent loss and the band in which nothing trades, each from one block."""
    rows = []
    for rise in (0.01, 0.02, 0.05):
        run = once(markets, 1.0 + rise)
        price, lots = arrays(run, "trades", "price", "quantity")
        target = constant_product.depth(1.0, rise)
        claim = f"cash that lifts the price by {rise:.0%}, of the pool's value"
        paid = Estimate(float((price * lots).sum()) / first_worth(run), 0.0)
        rows.append(compare(claim, "Uniswap v2, Adams and others 2020", target, paid, tolerance=1e-4 * target))
    for times in (0.8, 1.1, 1.25, 2.0):
        run = once(markets, times)
        liquidity = first_worth(run) / 2.0
        hold = liquidity * (1.0 + times)
        # Its payoff counts the lots that it began with at the first value, so what they moved by is in both.
        lost = float(payoffs(run, "pool")[0]) / hold
        target = constant_product.impermanent_loss(times)
        claim = f"the value is {times:g} times the pool's price: worth against what was put in"
        rows.append(compare(claim, "Pintail 2019", target, Estimate(lost, 0.0), tolerance=1e-5 * abs(target)))
    fee = 0.003
    for claim, value, trades in (
        ("the value is within the fee above the price: trades", 0.9999 / (1.0 - fee), 0.0),
        ("the value is beyond the fee above the price: trades", 1.0001 / (1.0 - fee), 1.0),
        ("the value is within the fee below the price: trades", 1.0001 * (1.0 - fee), 0.0),
        ("the value is beyond the fee below the price: trades", 0.9999 * (1.0 - fee), 1.0),
    ):
        run = once(markets, value, fee)
        rows.append(compare(claim, _ANGERIS, trades, Estimate(float(run.manifest["trades"]), 0.0)))
    return rows
