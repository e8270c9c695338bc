"""A pool with liquidity in ranges, as Uniswap v3, in exact whole numbers.

A provider's liquidity stands between two ticks. A swap runs through stretches of constant liquidity and crosses
ticks where ranges begin or end. Fees are kept beside the curve and owed to the ranges that hold the price. Every
integer is that of the contract (UniswapV3Pool of v3-core 1.0.1): swaps stop at the ends of its bitmap's words too,
since amounts are rounded there. Not here: the protocol's share of fees, flash loans, and the oracle, none of which
moves a price or an amount.

Source: Adams et al. 2021 (Uniswap v3 Core), section 6, and the contract for the roundings.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass, field

from sim.models.pools.tick_math import (
    MAX_SQRT_RATIO,
    MAX_TICK,
    MILLION,
    MIN_SQRT_RATIO,
    MIN_TICK,
    Q128,
    amount0_between,
    amount1_between,
    sqrt_ratio_at_tick,
    swap_step,
    tick_at_sqrt_ratio,
)

_GROWTH = 1 << 256  # fees per liquidity are counted modulo this
_OWED = 1 << 128
_MOST_LIQUIDITY = _OWED - 1
_BITS = 256  # ticks of a word of the bitmap


@dataclass
class Swap:
    """A swap and where it leaves a pool. Amounts are what comes into the pool, negative what leaves it.

    Attributes
    ----------
    amount0, amount1 : of the two assets.
    sqrt_price, tick, liquidity, growth : of the pool after it, as :class:`ConcentratedPool` has them.
    crossings : the initialised ticks that it crosses, in their order, and ``growth`` then.
    """

    amount0: int
    amount1: int
    sqrt_price: int
    tick: int
    liquidity: int
    growth: tuple[int, int]
    crossings: list[tuple[int, tuple[int, int]]]


@dataclass
class Tick:
    """What is known of an initialised tick: liquidity that refers to it, what crossing adds, fees beyond it."""

    gross: int = 0
    net: int = 0
    growth: tuple[int, int] = (0, 0)


@dataclass
class Position:
    """Liquidity of one owner in one range, and what is owed to it."""

    liquidity: int = 0
    growth: tuple[int, int] = (0, 0)
    owed: tuple[int, int] = (0, 0)


@dataclass
class ConcentratedPool:
    """A pool from its first price on.

    Attributes
    ----------
    sqrt_price : of asset 0 in asset 1: √price · 2^96.
    fee : millionths of what comes in.
    tick_spacing : ranges begin and end at its multiples.
    tick : of the price, as the contract keeps it: one below where a falling price stands on a crossed tick.
    liquidity : at the price.
    growth : fees per liquidity since the beginning, times 2^128, modulo 2^256, of both assets.
    ticks : the initialised ones.
    positions : by owner, lower and upper tick.
    """

    sqrt_price: int
    fee: int
    tick_spacing: int
    tick: int = field(init=False)
    liquidity: int = field(init=False, default=0)
    growth: tuple[int, int] = field(init=False, default=(0, 0))
    ticks: dict[int, Tick] = field(init=False, default_factory=dict)
    positions: dict[tuple[str, int, int], Position] = field(init=False, default_factory=dict)
    _places: list[int] = field(init=False, default_factory=list, repr=False)  # the initialised ticks, sorted

    def __post_init__(self) -> None:
        if not 0 <= self.fee < MILLION:
            raise ValueError(f"fee must be from 0 to below {MILLION} millionths, not {self.fee}")
        if not 1 <= self.tick_spacing <= MAX_TICK:
            raise ValueError(f"tick_spacing must be from 1 to {MAX_TICK}, not {self.tick_spacing}")
        self.tick = tick_at_sqrt_ratio(self.sqrt_price)

    # --- providers ------------------------------------------------------------------------------------------------

    @property
    def most_liquidity_of_a_tick(self) -> int:
        """What may refer to one tick, so that the liquidity at a price never passes 128 bits."""
        steps = MAX_TICK // self.tick_spacing
        return _MOST_LIQUIDITY // (2 * steps + 1)

    def mint(self, owner: str, lower: int, upper: int, liquidity: int) -> tuple[int, int]:
        """Add liquidity to a range. Returns what it takes of both assets, rounded up.

        Raises
        ------
        ValueError
            If the range is upside down, off the grid or beyond the ticks, or the liquidity is not above 0 or too much.
        """
        if liquidity <= 0:
            raise ValueError(f"liquidity must be above 0, not {liquidity}")
        self._modify(owner, lower, upper, liquidity)
        return self._amounts(lower, upper, liquidity, round_up=True)

    def burn(self, owner: str, lower: int, upper: int, liquidity: int) -> tuple[int, int]:
        """Take liquidity out of a range; 0 only brings the fees that are owed up to date.

        Returns
        -------
        What is paid of both assets, rounded down. The contract owes it: :meth:`collect` takes it out, with the fees.

        Raises
        ------
        ValueError
            If the position has not so much, or the range is wrong.
        """
        if liquidity < 0:
            raise ValueError(f"liquidity must not be negative, not {liquidity}")
        held = self.positions[owner, lower, upper].liquidity if (owner, lower, upper) in self.positions else 0
        if liquidity > held or held == 0:
            raise ValueError(
                f"the position from {lower} to {upper} has liquidity {held}, too little to take {liquidity}"
            )
        self._modify(owner, lower, upper, -liquidity)
        paid = self._amounts(lower, upper, liquidity, round_up=False)
        position = self.positions[owner, lower, upper]
        position.owed = _both((owed + more) % _OWED for owed, more in zip(position.owed, paid, strict=True))
        return paid

    def collect(
        self, owner: str, lower: int, upper: int, most0: int = _MOST_LIQUIDITY, most1: int = _MOST_LIQUIDITY
    ) -> tuple[int, int]:
        """Take out what is owed to a position, at most so much of each asset. Returns the amounts."""
        position = self.positions.get((owner, lower, upper))
        if position is None:
            return 0, 0
        paid = min(position.owed[0], most0), min(position.owed[1], most1)
        position.owed = position.owed[0] - paid[0], position.owed[1] - paid[1]
        return paid

    def growth_inside(self, lower: int, upper: int) -> tuple[int, int]:
        """Fees per liquidity that grew while the price was in a range, times 2^128, modulo 2^256."""
        return _both(
            (all_ - self._below(lower, asset) - self._above(upper, asset)) % _GROWTH
            for asset, all_ in enumerate(self.growth)
        )

    def _below(self, tick: int, asset: int) -> int:
        outside = self.ticks[tick].growth[asset] if tick in self.ticks else 0
        return outside if self.tick >= tick else self.growth[asset] - outside

    def _above(self, tick: int, asset: int) -> int:
        outside = self.ticks[tick].growth[asset] if tick in self.ticks else 0
        return self.growth[asset] - outside if self.tick >= tick else outside

    def _modify(self, owner: str, lower: int, upper: int, change: int) -> None:
        """Change the liquidity of a position and of its ticks, and what is owed to it."""
        self._check_range(lower, upper)
        most = self.most_liquidity_of_a_tick
        for tick in (lower, upper):
            if (self.ticks[tick].gross if tick in self.ticks else 0) + change > most:
                raise ValueError(f"liquidity of {change} is too much: tick {tick} may have {most} in all")
        if change:
            self._refer(lower, change, change)
            self._refer(upper, change, -change)
        position = self.positions.setdefault((owner, lower, upper), Position())
        inside = self.growth_inside(lower, upper)
        position.owed = _both(
            (owed + (now - before) % _GROWTH * position.liquidity // Q128) % _OWED
            for owed, now, before in zip(position.owed, inside, position.growth, strict=True)
        )
        position.growth, position.liquidity = inside, position.liquidity + change
        for tick in (lower, upper):
            if change < 0 and self.ticks[tick].gross == 0:
                del self.ticks[tick]
                self._places.remove(tick)
        if lower <= self.tick < upper:
            self.liquidity += change

    def _refer(self, tick: int, gross: int, net: int) -> None:
        if tick not in self.ticks:
            self.ticks[tick] = Tick(growth=self.growth if tick <= self.tick else (0, 0))
            insort(self._places, tick)
        at = self.ticks[tick]
        at.gross, at.net = at.gross + gross, at.net + net

    def _check_range(self, lower: int, upper: int) -> None:
        if lower >= upper:
            raise ValueError(f"a range must end above where it begins, not from {lower} to {upper}")
        for tick in (lower, upper):
            if not MIN_TICK <= tick <= MAX_TICK:
                raise ValueError(f"a tick must be from {MIN_TICK} to {MAX_TICK}, not {tick}")
            if tick % self.tick_spacing:
                raise ValueError(f"tick {tick} is no multiple of the tick spacing {self.tick_spacing}")

    def _amounts(self, lower: int, upper: int, liquidity: int, *, round_up: bool) -> tuple[int, int]:
        low, high = sqrt_ratio_at_tick(lower), sqrt_ratio_at_tick(upper)
        if self.tick < lower:
            return amount0_between(low, high, liquidity, round_up), 0
        if self.tick >= upper:
            return 0, amount1_between(low, high, liquidity, round_up)
        amount0 = amount0_between(self.sqrt_price, high, liquidity, round_up)
        return amount0, amount1_between(low, self.sqrt_price, liquidity, round_up)

    # --- swaps ----------------------------------------------------------------------------------------------------

    def swap(self, zero_for_one: bool, specified: int, limit: int | None = None) -> Swap:
        """Swap until an amount is used up or a price is reached; parameters and errors are those of :meth:`quote`."""
        swap = self.quote(zero_for_one, specified, limit)
        self.settle(swap)
        return swap

    def quote(self, zero_for_one: bool, specified: int, limit: int | None = None) -> Swap:
        """What a swap would do; the pool stays as it is.

        Parameters
        ----------
        zero_for_one : whether asset 0 comes in and the price falls.
        specified : an exact input if positive, an exact output if negative; not 0.
        limit : √price · 2^96 at which the swap stops; None for the last price that there is.

        Raises
        ------
        ValueError
            If the limit is on the wrong side of the price or beyond the ticks, or nothing is specified.
        """
        limit = self._limit(zero_for_one, specified, limit)
        at = Swap(0, 0, self.sqrt_price, self.tick, self.liquidity, self.growth, [])
        remaining, other = specified, 0
        while remaining and at.sqrt_price != limit:
            tick, initialised = self._next_tick(at.tick, zero_for_one)
            end = sqrt_ratio_at_tick(tick)
            target = max(end, limit) if zero_for_one else min(end, limit)
            start = at.sqrt_price
            step = swap_step(start, target, at.liquidity, remaining, self.fee)
            at.sqrt_price = step.sqrt_price
            remaining += step.amount_out if specified < 0 else -(step.amount_in + step.fee)
            other += step.amount_in + step.fee if specified < 0 else -step.amount_out
            if at.liquidity:
                earned = step.fee * Q128 // at.liquidity
                of_each = (earned, 0) if zero_for_one else (0, earned)
                at.growth = _both((all_ + more) % _GROWTH for all_, more in zip(at.growth, of_each, strict=True))
            if at.sqrt_price == end:
                if initialised:
                    at.crossings.append((tick, at.growth))
                    at.liquidity += -self.ticks[tick].net if zero_for_one else self.ticks[tick].net
                at.tick = tick - 1 if zero_for_one else tick
            elif at.sqrt_price != start:
                at.tick = tick_at_sqrt_ratio(at.sqrt_price)
        done = specified - remaining
        at.amount0, at.amount1 = (done, other) if zero_for_one == (specified > 0) else (other, done)
        return at

    def settle(self, swap: Swap) -> None:
        """Do what :meth:`quote` found; nothing may have happened in the pool since."""
        self.sqrt_price, self.tick, self.liquidity = swap.sqrt_price, swap.tick, swap.liquidity
        self.growth = swap.growth
        for tick, growth in swap.crossings:
            at = self.ticks[tick]
            at.growth = _both((all_ - beyond) % _GROWTH for all_, beyond in zip(growth, at.growth, strict=True))

    def _limit(self, zero_for_one: bool, specified: int, limit: int | None) -> int:
        if specified == 0:
            raise ValueError("a swap of nothing: specify an input above 0 or an output below")
        if limit is None:
            limit = MIN_SQRT_RATIO + 1 if zero_for_one else MAX_SQRT_RATIO - 1
        low, high = (MIN_SQRT_RATIO, self.sqrt_price) if zero_for_one else (self.sqrt_price, MAX_SQRT_RATIO)
        if not low < limit < high:
            raise ValueError(f"the limit must be between {low} and {high}, not {limit}")
        return limit

    def _next_tick(self, tick: int, zero_for_one: bool) -> tuple[int, bool]:
        """The next initialised tick within the bitmap's word, and True; or the word's end, and False."""
        spacing = self.tick_spacing
        place = tick // spacing
        if zero_for_one:
            end = place // _BITS * _BITS * spacing
            found = bisect_right(self._places, tick) - 1
            known = found >= 0 and self._places[found] >= end
        else:
            end = ((place + 1) // _BITS * _BITS + _BITS - 1) * spacing
            found = bisect_left(self._places, (place + 1) * spacing)
            known = found < len(self._places) and self._places[found] <= end
        return min(max(self._places[found] if known else end, MIN_TICK), MAX_TICK), known


def _both(pair: Iterable[int]) -> tuple[int, int]:
    first, second = pair
    return first, second
