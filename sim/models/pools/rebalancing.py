"""What providers of a pool lose to those who trade it back to an outside price: loss against rebalancing.

The value moves as a geometric Brownian motion without drift, with deviation σ per block; after each move arbitrageurs
trade until nothing pays. Losses are shares of the pool's value, per block, before fees.

Sources: Milionis, Moallemi, Roughgarden and Zhang 2022 (arXiv 2208.06046); Milionis, Moallemi and Roughgarden 2023
(arXiv 2305.14604) for fees and Poisson blocks; Nezlobin and Tassy 2025 for blocks at fixed times.
"""

from __future__ import annotations

import math

from sim.models.ranges import not_negative, positive, probability_below_one

# |ζ(1/2)| / √π: the mean overshoot of a normal random walk over a far barrier is this times σ/√2 (Siegmund).
OVERSHOOT = 1.4603545088095868 / math.sqrt(math.pi)


def loss_per_block(sigma: float) -> float:
    """Of a constant product without fee: 1 − e^(−σ²/8), exactly."""
    not_negative(sigma=sigma)
    return -math.expm1(-sigma * sigma / 8.0)


def loss_over_blocks(sigma: float, blocks: int) -> float:
    """Of a constant product without fee over many blocks, of its first value: 1 − e^(−nσ²/8), exactly."""
    not_negative(sigma=sigma, blocks=blocks)
    return -math.expm1(-blocks * sigma * sigma / 8.0)


def range_factor(ratio: float) -> float:
    """How much faster a range [P/r, P·r] loses at P than all prices, and how much deeper it is: 1/(1 − r^(−1/2))."""
    if not ratio > 1.0:
        raise ValueError(f"ratio must be above 1, not {ratio}")
    return 1.0 / (1.0 - 1.0 / math.sqrt(ratio))


def peg_factor(amplification: float) -> float:
    """How much faster a balanced StableSwap pool loses than a constant product, in the first block: A + 1.

    Holds to 1 % up to σ = .1/A; at σ = 1/A the loss is a quarter less.
    """
    positive(amplification=amplification)
    return amplification + 1.0


def lag_of_fee(fee: float) -> float:
    """γ = −ln(1 − fee): how far the logarithm of the price may stand from the value before a trade pays."""
    probability_below_one(fee=fee)
    return -math.log1p(-fee)


def net_loss_fixed_blocks(sigma: float, fee: float) -> float:
    """Arbitrageurs' gain per block, blocks at fixed times: (σ²/8) / (1 + √2 γ / (.8239 σ)); to 1 %."""
    positive(sigma=sigma)
    return sigma * sigma / 8.0 / (1.0 + math.sqrt(2.0) * lag_of_fee(fee) / (OVERSHOOT * sigma))


def blocks_between_trades(sigma: float, fee: float) -> float:
    """Mean number of blocks from trade to trade, blocks at fixed times: .8239 + √2 γ/σ, from γ/σ of about .6 on."""
    positive(sigma=sigma)
    return OVERSHOOT + math.sqrt(2.0) * lag_of_fee(fee) / sigma


def share_of_poisson_blocks(sigma: float, fee: float) -> float:
    """Share of blocks with a trade, blocks at Poisson times, σ per mean interval: 1/(1 + √2 γ/σ), exactly.

    To first order in the fee it is also the share of the loss without fee that is left.
    """
    positive(sigma=sigma)
    return 1.0 / (1.0 + math.sqrt(2.0) * lag_of_fee(fee) / sigma)


def least_overshoot(value: float, gas: float, fee: float) -> float:
    """How far beyond γ the logarithm of the price must stand from the value before a trade also pays its gas.

    A trade gains (V/2g)(e^(o/2) − 1)² with 1 − fee = g; V is the pool's value at its own price, in the unit of the gas.
    """
    positive(value=value)
    not_negative(gas=gas)
    probability_below_one(fee=fee)
    return 2.0 * math.log1p(math.sqrt(2.0 * (1.0 - fee) * gas / value))
