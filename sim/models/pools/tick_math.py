"""Prices of Uniswap v3 in whole numbers: ticks, amounts between two prices, and one step of a swap.

A price of asset 0 in asset 1 is kept as its square root times 2^96. Tick i is the price 1.0001^i. All functions give
the integers of the contracts TickMath, SqrtPriceMath and SwapMath of Uniswap v3-core 1.0.1, with their roundings.

Source: Adams et al. 2021 (Uniswap v3 Core), sections 6.1 to 6.2, and the contracts for the roundings.
"""

from __future__ import annotations

import math
from typing import NamedTuple

MIN_TICK, MAX_TICK = -887272, 887272
MIN_SQRT_RATIO, MAX_SQRT_RATIO = 4295128739, 1461446703485210103287273052203988822378723970342
MILLION = 1_000_000  # fees are whole millionths
Q96, Q128 = 1 << 96, 1 << 128

_WORD = 1 << 256
# 2^128 · 1.0001^(−2^k / 2), k = 0, 1, …, as the contract has them.
_FACTORS = (
    0xFFFCB933BD6FAD37AA2D162D1A594001, 0xFFF97272373D413259A46990580E213A, 0xFFF2E50F5F656932EF12357CF3C7FDCC,
    0xFFE5CACA7E10E4E61C3624EAA0941CD0, 0xFFCB9843D60F6159C9DB58835C926644, 0xFF973B41FA98C081472E6896DFB254C0,
    0xFF2EA16466C96A3843EC78B326B52861, 0xFE5DEE046A99A2A811C461F1969C3053, 0xFCBE86C7900A88AEDCFFC83B479AA3A4,
    0xF987A7253AC413176F2B074CF7815E54, 0xF3392B0822B70005940C7A398E4B70F3, 0xE7159475A2C29B7443B29C7FA6E889D9,
    0xD097F3BDFD2022B8845AD8F792AA5825, 0xA9F746462D870FDF8A65DC1F90E061E5, 0x70D869A156D2A1B890BB3DF62BAF32F7,
    0x31BE135F97D08FD981231505542FCFA6, 0x9AA508B5B7A84E1C677DE54F3E99BC9, 0x5D6AF8DEDB81196699C329225EE604,
    0x2216E584F5FA1EA926041BEDFE98, 0x48A170391F7DC42444E8FA2,
)  # fmt: skip


class SwapStep(NamedTuple):
    """One step of a swap, within one stretch of constant liquidity; amounts are not negative, ``fee`` beside them."""

    sqrt_price: int
    amount_in: int
    amount_out: int
    fee: int


def sqrt_ratio_at_tick(tick: int) -> int:
    """√(1.0001^tick) · 2^96, rounded up as ``TickMath.getSqrtRatioAtTick`` does.

    Raises
    ------
    ValueError
        If the tick is outside ±887272.
    """
    if not MIN_TICK <= tick <= MAX_TICK:
        raise ValueError(f"a tick must be from {MIN_TICK} to {MAX_TICK}, not {tick}")
    ratio = Q128
    for place, factor in enumerate(_FACTORS):
        if abs(tick) >> place & 1:
            ratio = ratio * factor >> 128
    if tick > 0:
        ratio = (_WORD - 1) // ratio
    return (ratio >> 32) + (ratio % (1 << 32) != 0)


def tick_at_sqrt_ratio(sqrt_price: int) -> int:
    """The greatest tick whose price is not above a price (``TickMath.getTickAtSqrtRatio``).

    Raises
    ------
    ValueError
        If the price is below that of the lowest tick, or not below that of the highest.
    """
    if not MIN_SQRT_RATIO <= sqrt_price < MAX_SQRT_RATIO:
        raise ValueError(
            f"a square root of a price must be from {MIN_SQRT_RATIO} to {MAX_SQRT_RATIO}, not {sqrt_price}"
        )
    tick = math.floor(2.0 * math.log(sqrt_price / Q96) / math.log(1.0001))
    tick = min(max(tick, MIN_TICK), MAX_TICK - 1)
    while sqrt_ratio_at_tick(tick) > sqrt_price:
        tick -= 1
    while sqrt_ratio_at_tick(tick + 1) <= sqrt_price:
        tick += 1
    return tick


def amount0_between(price_a: int, price_b: int, liquidity: int, round_up: bool) -> int:
    """Asset 0 of a liquidity between two prices: L(1/√Pa − 1/√Pb) (``SqrtPriceMath.getAmount0Delta``)."""
    low, high = sorted((price_a, price_b))
    top = (liquidity << 96) * (high - low)
    if round_up:
        return _up(_up(top, high), low)
    return top // high // low


def amount1_between(price_a: int, price_b: int, liquidity: int, round_up: bool) -> int:
    """Asset 1 of a liquidity between two prices: L(√Pb − √Pa) (``SqrtPriceMath.getAmount1Delta``)."""
    top = liquidity * abs(price_a - price_b)
    return _up(top, Q96) if round_up else top // Q96


def price_after_input(sqrt_price: int, liquidity: int, amount: int, zero_for_one: bool) -> int:
    """The price after an input, rounded so that it does not pass the exact one."""
    if zero_for_one:
        return _price_of_amount0(sqrt_price, liquidity, amount, add=True)
    return sqrt_price + (amount << 96) // liquidity


def price_after_output(sqrt_price: int, liquidity: int, amount: int, zero_for_one: bool) -> int:
    """The price after an output, rounded so that it reaches the exact one.

    Raises
    ------
    ValueError
        If the liquidity does not hold as much at any price.
    """
    if not zero_for_one:
        return _price_of_amount0(sqrt_price, liquidity, amount, add=False)
    fall = _up(amount << 96, liquidity)
    if fall >= sqrt_price:
        raise ValueError(f"an output of {amount} is more than liquidity {liquidity} holds")
    return sqrt_price - fall


def swap_step(sqrt_price: int, target: int, liquidity: int, remaining: int, fee: int) -> SwapStep:
    """One step of a swap towards a price (``SwapMath.computeSwapStep``).

    Parameters
    ----------
    sqrt_price, target : where the step begins, and where it ends at the latest; √price · 2^96.
    liquidity : between them, not negative.
    remaining : of the swap: an input if positive, an output if negative.
    fee : millionths of what comes in, from 0 to below a million.
    """
    zero_for_one = sqrt_price >= target
    between_in, between_out = (amount0_between, amount1_between) if zero_for_one else (amount1_between, amount0_between)
    if remaining >= 0:
        usable = remaining * (MILLION - fee) // MILLION
        whole = usable >= between_in(sqrt_price, target, liquidity, round_up=True)
        reached = target if whole else price_after_input(sqrt_price, liquidity, usable, zero_for_one)
    else:
        whole = -remaining >= between_out(sqrt_price, target, liquidity, round_up=False)
        reached = target if whole else price_after_output(sqrt_price, liquidity, -remaining, zero_for_one)
    came = between_in(sqrt_price, reached, liquidity, round_up=True)
    left = between_out(sqrt_price, reached, liquidity, round_up=False)
    if remaining < 0:
        left = min(left, -remaining)
    taken = remaining - came if remaining >= 0 and reached != target else _up(came * fee, MILLION - fee)
    return SwapStep(reached, came, left, taken)


def _price_of_amount0(sqrt_price: int, liquidity: int, amount: int, *, add: bool) -> int:
    """The price once asset 0 was added or taken, rounded up; the contract's other formula where products overflow."""
    if amount == 0:
        return sqrt_price
    scaled, product = liquidity << 96, amount * sqrt_price
    if add:
        if product < _WORD and scaled + product < _WORD:
            return _up(scaled * sqrt_price, scaled + product)
        return _up(scaled, scaled // sqrt_price + amount)
    if product >= _WORD or product >= scaled:
        raise ValueError(f"an output of {amount} is more than liquidity {liquidity} holds")
    return _up(scaled * sqrt_price, scaled - product)


def _up(top: int, bottom: int) -> int:
    """A quotient, rounded up."""
    return -(-top // bottom)
