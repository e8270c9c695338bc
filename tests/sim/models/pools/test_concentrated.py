"""Concentrated liquidity: integer by integer what the contract does, and no more for a trader than the curve allows."""

from __future__ import annotations

import csv
from decimal import Decimal, getcontext
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.models.pools.concentrated import ConcentratedPool, Swap
from sim.models.pools.tick_math import (
    MAX_SQRT_RATIO,
    MAX_TICK,
    MIN_SQRT_RATIO,
    MIN_TICK,
    Q96,
    sqrt_ratio_at_tick,
    swap_step,
    tick_at_sqrt_ratio,
)
from tests.places import ROOT

CONTRACT = ROOT / "tests" / "oracles" / "uniswap_v3"
RECORDED = sorted(path.name.removesuffix("_pool.csv") for path in CONTRACT.glob("*_pool.csv"))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def outcome(swap: Swap) -> tuple[int, ...]:
    return swap.amount0, swap.amount1, swap.sqrt_price, swap.liquidity, swap.tick


def play(name: str) -> tuple[ConcentratedPool, int]:
    """A recorded pool played to its end, each integer compared; and the most ticks that a swap crossed."""
    [config] = rows(CONTRACT / f"{name}_pool.csv")
    pool = ConcentratedPool(
        int(config["initial_sqrt_price_X96"]), int(config["fee"]), int(config["tick_spacing"])
    )  # fmt: skip
    events = [*rows(CONTRACT / f"{name}_liquidity.csv"), *rows(CONTRACT / f"{name}_swaps.csv")]
    most = 0
    for row in sorted(events, key=lambda row: int(row["block_number"])):
        amounts = int(row["amount0"]), int(row["amount1"])
        if "type" in row:
            act = pool.mint if row["type"] == "1" else pool.burn
            range_ = int(row["tick_lower"]), int(row["tick_upper"])
            assert act(row["msg_sender"], *range_, int(row["liquidity"])) == amounts
            continue
        price = int(row["sqrt_price_x96"])
        falls = amounts[0] > 0 or (amounts == (0, 0) and price < pool.sqrt_price)
        wanted = (*amounts, price, int(row["liquidity"]), int(row["tick"]))
        found = pool.quote(falls, int(row["amount_specified"]))
        if outcome(found) != wanted:  # it stopped at its limit, which the pool's events do not tell
            found = pool.quote(falls, int(row["amount_specified"]), price)
        assert outcome(found) == wanted
        pool.settle(found)
        assert (pool.sqrt_price, pool.liquidity, pool.tick) == wanted[2:]
        most = max(most, len(found.crossings))
    return pool, most


@pytest.mark.parametrize("name", RECORDED)
def test_every_integer_is_that_of_the_contract_over_several_ticks_a_swap(name):
    assert play(name)[1] > 1


@pytest.mark.parametrize("name", RECORDED)
def test_fees_owed_to_each_position_are_those_of_the_contract(name):
    pool, _ = play(name)
    ends = rows(CONTRACT / f"{name}_positions.csv")
    assert len(ends) == len(pool.positions)
    for row in ends:
        position = pool.positions[row["owner"], int(row["lower"]), int(row["upper"])]
        theirs = [int(row[key]) for key in ("liquidity", "growth0", "growth1", "owed0", "owed1")]
        assert [position.liquidity, *position.growth, *position.owed] == theirs


def test_prices_at_ticks_are_the_published_ones():
    assert sqrt_ratio_at_tick(50) == 79426470787362580746886972461
    assert sqrt_ratio_at_tick(-50) == 79030349367926598376800521322
    assert (sqrt_ratio_at_tick(MIN_TICK), sqrt_ratio_at_tick(MAX_TICK)) == (MIN_SQRT_RATIO, MAX_SQRT_RATIO)


@given(st.integers(MIN_TICK, MAX_TICK - 1))
def test_a_price_at_a_tick_is_the_power_of_the_whitepaper_and_leads_back_to_its_tick(tick):
    getcontext().prec = 60
    exact = Decimal("1.0001") ** (Decimal(tick) / 2) * Q96
    price = sqrt_ratio_at_tick(tick)
    # The contract cuts its twenty products of at most 2^128 to whole numbers; the smaller they are, the more that is.
    cut = 20 * Decimal("1.0001") ** (Decimal(abs(tick)) / 2) / 2**128
    assert abs(Decimal(price) - exact) <= 1 + exact * cut
    assert tick_at_sqrt_ratio(price) == tick
    assert tick_at_sqrt_ratio(price - 1) == tick - 1 if tick > MIN_TICK else True


@given(
    st.integers(-400_000, 400_000), st.integers(-2000, 2000).filter(bool), st.integers(1, 10**27),
    st.integers(-(10**27), 10**27).filter(bool), st.integers(0, 999_999),
)  # fmt: skip
def test_a_step_gives_a_trader_no_more_than_the_exact_curve_and_little_less(tick, move, liquidity, remaining, fee):
    start, target = sqrt_ratio_at_tick(tick), sqrt_ratio_at_tick(tick + move)
    step = swap_step(start, target, liquidity, remaining, fee)
    before, after = Fraction(start, Q96), Fraction(step.sqrt_price, Q96)
    exact0, exact1 = liquidity * abs(1 / after - 1 / before), liquidity * abs(after - before)
    came, left = (exact0, exact1) if move < 0 else (exact1, exact0)
    # Amounts round against the trader by two divisions at most; an exact output may round to less than the price paid.
    assert came <= step.amount_in < came + 2
    assert step.amount_out <= left
    assert step.fee >= Fraction(fee, 1_000_000) * (step.amount_in + step.fee) - 1
    assert step.amount_in + step.fee <= remaining if remaining > 0 else step.amount_out <= -remaining


OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["mint", "burn", "swap"]), st.integers(-8, 8), st.integers(1, 6),
              st.integers(1, 10**18), st.booleans(), st.booleans()),
    min_size=1, max_size=25,
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(OPERATIONS, st.sampled_from([(0, 1), (500, 10), (3000, 60)]))
def test_no_sequence_takes_out_more_than_came_in(operations, kind):
    fee, spacing = kind
    pool, held = ConcentratedPool(Q96, fee, spacing), [0, 0]
    for what, place, width, amount, zero_for_one, exact_in in operations:
        lower, upper = place * spacing, (place + width) * spacing
        if what == "mint":
            moved = pool.mint("a", lower, upper, amount)
        elif what == "burn":
            position = pool.positions.get(("a", lower, upper))
            have = position.liquidity if position else 0
            if have == 0:
                continue
            pool.burn("a", lower, upper, min(amount, have))
            moved = tuple(-paid for paid in pool.collect("a", lower, upper))
        else:
            limit = sqrt_ratio_at_tick(-20_000 if zero_for_one else 20_000)
            if (limit >= pool.sqrt_price) if zero_for_one else (limit <= pool.sqrt_price):
                continue
            swap = pool.swap(zero_for_one, amount if exact_in else -amount, limit)
            moved = swap.amount0, swap.amount1
        held = [before + more for before, more in zip(held, moved, strict=True)]
        assert min(held) >= 0
    for owner, lower, upper in list(pool.positions):
        if have := pool.positions[owner, lower, upper].liquidity:
            pool.burn(owner, lower, upper, have)
        paid = pool.collect(owner, lower, upper)
        held = [before - less for before, less in zip(held, paid, strict=True)]
    assert min(held) >= 0  # everybody can be paid
    assert pool.liquidity == 0
    assert not pool.ticks


def test_fees_go_to_the_ranges_that_hold_the_price():
    pool = ConcentratedPool(Q96, 3000, 60)
    for owner, lower, upper in (("near", -600, 600), ("all", -60_000, 60_000), ("far", 6000, 12_000)):
        pool.mint(owner, lower, upper, 10**18)
    pool.swap(True, 10**16)
    owed = {}
    for owner, lower, upper in list(pool.positions):
        pool.burn(owner, lower, upper, 0)
        owed[owner] = pool.collect(owner, lower, upper)
    fees = 10**16 * 3 // 1000
    assert owed["near"] == owed["all"]
    assert owed["far"] == (0, 0)
    assert fees - 2 <= sum(paid[0] for paid in owed.values()) <= fees


@pytest.mark.parametrize(("act", "said"), [
    (lambda pool: pool.mint("a", -60, 61, 1), "no multiple of the tick spacing 60"),
    (lambda pool: pool.mint("a", 60, -60, 1), "must end above where it begins"),
    (lambda pool: pool.mint("a", -60, 60, -1), "liquidity must be above 0, not -1"),
    (lambda pool: pool.mint("a", -60, 60, 2**128), "is too much"),
    (lambda pool: pool.mint("a", -887_280, 60, 1), "a tick must be from"),
    (lambda pool: pool.burn("a", -60, 60, 1), "too little to take 1"),
    (lambda pool: pool.swap(True, 0), "a swap of nothing"),
    (lambda pool: pool.swap(True, 1, 2 * Q96), "the limit must be between"),
    (lambda pool: ConcentratedPool(Q96, 1_000_000, 60), "fee must be"),
    (lambda pool: ConcentratedPool(Q96, 3000, 0), "tick_spacing must be"),
    (lambda pool: ConcentratedPool(7, 3000, 60), "a square root of a price"),
])  # fmt: skip
def test_what_the_contract_refuses_is_refused_and_changes_nothing(act, said):
    pool = ConcentratedPool(Q96, 3000, 60)
    with pytest.raises(ValueError, match=said):
        act(pool)
    assert (pool.liquidity, pool.ticks, pool.positions) == (0, {}, {})
