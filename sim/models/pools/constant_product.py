"""The constant-product pool of Uniswap v2 in exact whole numbers, and formulas about its curve.

A pool holds x of asset 0 and y of asset 1. Whoever brings a of one asset gets so much of the other that the product
of the reserves does not fall, after a fee is taken from what comes in. The fee stays in the pool, so the product rises.
All amounts are whole numbers of an asset's smallest unit, rounded against the trader.

Sources: Adams, Zinsmeister and Robinson 2020 (Uniswap v2 Core); UniswapV2Library.sol and UniswapV2Pair.sol for
roundings; Angeris et al. 2019 (arXiv 1911.03380) for arbitrage; Milionis et al. 2022 (arXiv 2208.06046) for the loss to
rebalancing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from sim.models.pools.shares import part_of
from sim.models.ranges import not_negative, positive, probability_below_one

V2_FEE = Fraction(3, 1000)
LOCKED_SHARES = 1000  # of the first deposit, which nobody can withdraw


class Arbitrage(NamedTuple):
    """What an arbitrageur brings of one asset and gets of the other, whole units; (0, 0) where nothing pays."""

    amount_in: int
    amount_out: int


def amount_out(amount_in: int, reserve_in: int, reserve_out: int, fee: Fraction = V2_FEE) -> int:
    """What a pool pays for an input: ⌊n a y / (d x + n a)⌋, with 1 − fee = n/d (``getAmountOut``).

    Parameters
    ----------
    amount_in : a, whole units, not negative.
    reserve_in, reserve_out : x and y, above 0.
    fee : share of the input, from 0 to below 1.

    Raises
    ------
    ValueError
        If an argument is outside its range.
    """
    _check(reserve_in, reserve_out, fee, amount_in=amount_in)
    kept = (1 - fee).numerator * amount_in
    return kept * reserve_out // (fee.denominator * reserve_in + kept)


def amount_in(amount_out: int, reserve_in: int, reserve_out: int, fee: Fraction = V2_FEE) -> int:
    """What a pool asks for an output o: ⌊d x o / (n (y − o))⌋ + 1, with 1 − fee = n/d (``getAmountIn``).

    Parameters
    ----------
    amount_out : o, whole units, not negative and below ``reserve_out``.
    reserve_in, reserve_out : x and y, above 0.
    fee : share of the input, from 0 to below 1.

    Raises
    ------
    ValueError
        If an argument is outside its range.
    """
    _check(reserve_in, reserve_out, fee, amount_out=amount_out)
    if amount_out >= reserve_out:
        raise ValueError(f"amount_out must be below the reserve of {reserve_out}, not {amount_out}")
    return fee.denominator * reserve_in * amount_out // ((1 - fee).numerator * (reserve_out - amount_out)) + 1


@dataclass
class ConstantProduct:
    """A pool with its reserves and shares, whole units.

    Attributes
    ----------
    reserves : of assets 0 and 1.
    fee : share of what comes in, from 0 to below 1.
    shares : of all providers and the locked ones.
    """

    reserves: tuple[int, int]
    fee: Fraction = V2_FEE
    shares: int = 0

    def quote_out(self, zero_for_one: bool, amount: int) -> int:
        """What an input of asset 0 (or 1) pays of the other asset."""
        x, y = self.reserves if zero_for_one else self.reserves[::-1]
        return amount_out(amount, x, y, self.fee)

    def quote_in(self, zero_for_one: bool, amount: int) -> int:
        """What an output of asset 1 (or 0) costs of the other asset."""
        x, y = self.reserves if zero_for_one else self.reserves[::-1]
        return amount_in(amount, x, y, self.fee)

    def swap_in(self, zero_for_one: bool, amount: int) -> int:
        """Swap an exact input. Returns the output."""
        paid = self.quote_out(zero_for_one, amount)
        self._move(zero_for_one, amount, paid)
        return paid

    def swap_out(self, zero_for_one: bool, amount: int) -> int:
        """Swap for an exact output. Returns the input."""
        asked = self.quote_in(zero_for_one, amount)
        self._move(zero_for_one, asked, amount)
        return asked

    def _move(self, zero_for_one: bool, came: int, left: int) -> None:
        x, y = self.reserves
        self.reserves = (x + came, y - left) if zero_for_one else (x - left, y + came)

    def mint(self, amount0: int, amount1: int) -> int:
        """Deposit both assets. Returns the provider's new shares, rounded down (``UniswapV2Pair.mint``).

        The first deposit of a, b makes ⌊√(ab)⌋ shares, of which :data:`LOCKED_SHARES` stay locked. A later one makes
        the smaller of what the two amounts buy; what is too much of one asset is a gift to all.

        Raises
        ------
        ValueError
            If it makes no share.
        """
        x, y = self.reserves
        if self.shares == 0:
            made, locked = math.isqrt(amount0 * amount1) - LOCKED_SHARES, LOCKED_SHARES
        else:
            made, locked = min(amount0 * self.shares // x, amount1 * self.shares // y), 0
        if made <= 0 or min(amount0, amount1) < 0:
            raise ValueError(f"a deposit of {amount0} and {amount1} makes no share")
        self.reserves, self.shares = (x + amount0, y + amount1), self.shares + made + locked
        return made

    def burn(self, shares: int) -> tuple[int, int]:
        """Take shares out. Returns the amounts paid, rounded down (``UniswapV2Pair.burn``).

        Raises
        ------
        ValueError
            If there are not so many shares.
        """
        x, y = self.reserves
        paid = part_of(self.reserves, shares, self.shares)
        self.reserves, self.shares = (x - paid[0], y - paid[1]), self.shares - shares
        return paid


def arbitrage(reserve_in: int, reserve_out: int, price: Fraction, fee: Fraction = V2_FEE) -> Arbitrage:
    """The swap that gains most if a unit of the output is worth ``price`` units of the input elsewhere.

    The continuous optimum leaves (1 − fee)·price as the pool's price (Angeris et al. 2019); its output is
    y − √(x y / ((1 − fee) price)). The best whole output is beside it; its input is rounded up. So no other swap gains
    a unit of the input more.

    Parameters
    ----------
    reserve_in, reserve_out : x and y, whole units above 0.
    price : of the output in the input, above 0.
    fee : share of the input, from 0 to below 1.

    Raises
    ------
    ValueError
        If an argument is outside its range.
    """
    _check(reserve_in, reserve_out, fee)
    if price <= 0:
        raise ValueError(f"price must be above 0, not {price}")
    floor = Fraction(reserve_in * reserve_out) / ((1 - fee) * price)
    near = reserve_out - math.isqrt(floor.numerator // floor.denominator)
    best, gain = Arbitrage(0, 0), Fraction(0)
    for out in (near - 1, near, near + 1):
        if 0 < out < reserve_out:
            asked = amount_in(out, reserve_in, reserve_out, fee)
            if price * out - asked > gain:
                best, gain = Arbitrage(asked, out), price * out - asked
    return best


def arbitrage_amounts(x: float, y: float, price: float, fee: float) -> tuple[float, float, float]:
    """The continuous optimum: cash brought, lots bought and the gain; zeros inside the no-trade band.

    Parameters
    ----------
    x, y : lots and cash of the pool, above 0.
    price : of a lot elsewhere, above the pool's (to sell lots, exchange the assets and take 1/price).
    fee : share of the input, from 0 to below 1.
    """
    positive(x=x, y=y, price=price)
    probability_below_one(fee=fee)
    kept = 1.0 - fee
    cash = max((math.sqrt(kept * price * x * y) - y) / kept, 0.0)
    lots = x * kept * cash / (y + kept * cash)
    return cash, lots, price * lots - cash


def impermanent_loss(ratio: float) -> float:
    """A pool's worth over that of its first holdings, less 1: 2√k/(1 + k) − 1 once the price is k times the first."""
    positive(ratio=ratio)
    return 2.0 * math.sqrt(ratio) / (1.0 + ratio) - 1.0


def depth(value: float, rise: float) -> float:
    """Cash to lift the price by a share: (V/2)(√(1 + rise) − 1), without fee; V is the pool's value."""
    positive(value=value)
    not_negative(rise=rise)
    return 0.5 * value * (math.sqrt(1.0 + rise) - 1.0)


def _check(reserve_in: int, reserve_out: int, fee: Fraction, **amounts: int) -> None:
    if min(reserve_in, reserve_out) <= 0:
        raise ValueError(f"reserves must be above 0, not {reserve_in} and {reserve_out}")
    if not 0 <= fee < 1:
        raise ValueError(f"fee must be from 0 to below 1, not {fee}")
    for name, amount in amounts.items():
        if amount < 0:
            raise ValueError(f"{name} must not be negative, not {amount}")
