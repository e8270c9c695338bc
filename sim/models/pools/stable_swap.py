"""Curve's StableSwap pool of two coins in exact whole numbers, and formulas about its curve.

Near its peg the pool trades almost one for one; far from it, as a constant product does. The invariant D is the sum of
the balances when they are equal: A n Σx + D = A n D + D^(n+1) / (n^n Πx), with n = 2. A is that of the contracts, whose
``Ann`` is A·n (the paper's A is this one over n^(n−1)). D and balances are found by Newton's method in whole numbers,
as StableSwap3Pool.vy does (A without further digits). The fee is taken from what leaves, in units of 10^−10, and stays
in the pool; the share of the administrators is not here.

Sources: Egorov 2019 (StableSwap); StableSwap3Pool.vy for the roundings, with two coins of 18 digits.
"""

from __future__ import annotations

from dataclasses import dataclass

from scipy.optimize import brentq

from sim.models.pools.shares import part_of
from sim.models.ranges import not_negative, positive

COINS = 2
FEE_UNIT = 10**10
_MOST_STEPS = 255  # of Newton's method, as in the contract
_NARROW = 1e-15


def invariant(balances: tuple[int, int], amplification: int) -> int:
    """D of two balances, whole units (``get_D``); 0 for an empty pool.

    Raises
    ------
    ValueError
        If a balance is negative, only one is 0, or the amplification is below 1.
    """
    _check(balances, amplification)
    total = sum(balances)
    if total == 0:
        return 0
    found, ann = total, amplification * COINS
    for _ in range(_MOST_STEPS):
        product = found
        for balance in balances:
            product = product * found // (balance * COINS)
        before = found
        found = (ann * total + product * COINS) * found // ((ann - 1) * found + (COINS + 1) * product)
        if abs(found - before) <= 1:
            break
    return found


def other_balance(balance: int, invariant: int, amplification: int) -> int:
    """The balance of one coin that goes with one of the other and D, whole units (``get_y``)."""
    ann = amplification * COINS
    c = invariant * invariant // (balance * COINS) * invariant // (ann * COINS)
    b = balance + invariant // ann
    found = invariant
    for _ in range(_MOST_STEPS):
        before = found
        found = (found * found + c) // (2 * found + b - invariant)
        if abs(found - before) <= 1:
            break
    return found


@dataclass
class StableSwap:
    """A pool of two coins, whole units.

    Attributes
    ----------
    balances : of coins 0 and 1.
    amplification : A of the contracts, a whole number from 1 on.
    fee : of what leaves, in units of 10^−10.
    shares : of all providers.
    """

    balances: tuple[int, int]
    amplification: int
    fee: int = 4_000_000
    shares: int = 0

    def __post_init__(self) -> None:
        _check(self.balances, self.amplification)
        if not 0 <= self.fee <= FEE_UNIT // 2:
            raise ValueError(f"fee must be from 0 to {FEE_UNIT // 2} (half), not {self.fee}")

    @property
    def invariant(self) -> int:
        """D, whole units."""
        return invariant(self.balances, self.amplification)

    def quote_out(self, zero_for_one: bool, amount: int) -> int:
        """What an input of coin 0 (or 1) pays of the other coin, after the fee (``get_dy``).

        Raises
        ------
        ValueError
            If the input is negative, or the pool is empty.
        """
        held_in, held_out = self.balances if zero_for_one else self.balances[::-1]
        if amount < 0 or held_in == 0:
            raise ValueError(f"amount must not be negative and the pool not empty: {amount}, {self.balances}")
        paid = held_out - other_balance(held_in + amount, self.invariant, self.amplification) - 1
        return max(paid - paid * self.fee // FEE_UNIT, 0)

    def swap_in(self, zero_for_one: bool, amount: int) -> int:
        """Swap an exact input (``exchange``). Returns the output."""
        paid, (x, y) = self.quote_out(zero_for_one, amount), self.balances
        self.balances = (x + amount, y - paid) if zero_for_one else (x - paid, y + amount)
        return paid

    def mint(self, amount0: int, amount1: int) -> int:
        """Deposit. Returns the new shares: those of the rise of D, less a fee on what is out of balance.

        Raises
        ------
        ValueError
            If it makes no share.
        """
        old = self.balances
        new = (old[0] + amount0, old[1] + amount1)
        if min(amount0, amount1) < 0 or min(new) == 0:
            raise ValueError(f"a deposit of {amount0} and {amount1} makes no share")
        before, after = self.invariant, invariant(new, self.amplification)
        made = after
        if self.shares:
            fee = self.fee * COINS // (4 * (COINS - 1))
            charged = [
                balance - fee * abs(after * held // before - balance) // FEE_UNIT
                for held, balance in zip(old, new, strict=True)
            ]
            kept = invariant((charged[0], charged[1]), self.amplification)
            made = self.shares * (kept - before) // before
        if made <= 0:
            raise ValueError(f"a deposit of {amount0} and {amount1} makes no share")
        self.balances, self.shares = new, self.shares + made
        return made

    def burn(self, shares: int) -> tuple[int, int]:
        """Take shares out. Returns what is paid of both coins in proportion, rounded down (``remove_liquidity``).

        Raises
        ------
        ValueError
            If there are not so many shares.
        """
        x, y = self.balances
        paid = part_of(self.balances, shares, self.shares)
        self.balances, self.shares = (x - paid[0], y - paid[1]), self.shares - shares
        return paid


# --- formulas -------------------------------------------------------------------------------------------------------


def price_at_share(share: float, amplification: float) -> float:
    """The price of coin 0 in coin 1, without fee, of a pool in which it is a share of the two balances, 0 to 1."""
    x, y = share, 1.0 - share
    # Both derivatives of the invariant, in which D^3 / (4xy) is eliminated.
    bent = _bent(x, y, amplification)
    return (2.0 * amplification + bent / x) / (2.0 * amplification + bent / y)


def share_at_price(price: float, amplification: float) -> float:
    """The share of coin 0 in the balances of a pool whose price of it, in coin 1, is ``price``: more as it weakens."""
    positive(price=price, amplification=amplification)
    return float(brentq(lambda share: price_at_share(share, amplification) - price, _NARROW, 1.0 - 1e-12, xtol=_NARROW))


def value_at_price(price: float, amplification: float) -> float:
    """Worth in coin 1 of a pool with D = 1 whose price of coin 0 is ``price``; it is 1 at the peg."""
    share = share_at_price(price, amplification)
    return (price * share + 1.0 - share) / _invariant(share, 1.0 - share, amplification)


def depth(value: float, rise: float, amplification: float) -> float:
    """Coin 1 that lifts the price of coin 0 by a share from a balanced pool worth ``value``, without fee."""
    positive(value=value)
    not_negative(rise=rise)
    share = share_at_price(1.0 + rise, amplification)
    return value * ((1.0 - share) / _invariant(share, 1.0 - share, amplification) - 0.5)


def _invariant(x: float, y: float, amplification: float) -> float:
    """D of two balances by bisection: it lies between 2√(xy) and x + y."""
    ann = 2.0 * amplification
    low, high = 2.0 * (x * y) ** 0.5, x + y
    if high - low <= _NARROW * high:
        return high
    return float(brentq(lambda d: d**3 / (4.0 * x * y) + (ann - 1.0) * d - ann * (x + y), low, high, xtol=_NARROW))


def _bent(x: float, y: float, amplification: float) -> float:
    return _invariant(x, y, amplification) ** 3 / (4.0 * x * y)


def _check(balances: tuple[int, int], amplification: int) -> None:
    if min(balances) < 0 or (min(balances) == 0 < max(balances)):
        raise ValueError(f"balances must be above 0, or both 0, not {balances[0]} and {balances[1]}")
    if amplification < 1:
        raise ValueError(f"amplification must be at least 1, not {amplification}")
