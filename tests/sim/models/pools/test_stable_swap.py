"""StableSwap: the whole numbers lie where the invariant's equation puts them, never in the trader's favour."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.models.pools.stable_swap import (
    StableSwap,
    depth,
    invariant,
    other_balance,
    price_at_share,
    share_at_price,
    value_at_price,
)

UNIT = 10**18
BALANCES = st.integers(10**6, 10**27)
SKEW = st.integers(-1000, 1000)
AMPLIFICATIONS = st.integers(1, 5000)


def excess(x: Fraction, y: Fraction, d: Fraction, amplification: int) -> Fraction:
    """The invariant's equation, left less right: it falls in d."""
    ann = 2 * amplification
    return ann * (x + y) + d - ann * d - d**3 / (4 * x * y)


@given(BALANCES, SKEW, AMPLIFICATIONS)
def test_the_invariant_solves_its_equation_to_two_units(x, skew, amplification):
    y = max(x * (1000 + skew) // 1000, 10**6)
    d = invariant((x, y), amplification)
    assert excess(Fraction(x), Fraction(y), Fraction(d - 2), amplification) > 0
    assert excess(Fraction(x), Fraction(y), Fraction(d + 2), amplification) < 0


@given(BALANCES, SKEW, AMPLIFICATIONS, st.integers(0, 10**6))
def test_a_balance_solves_its_equation_to_a_few_units(x, skew, amplification, share):
    y = max(x * (1000 + skew) // 1000, 10**6)
    d, new = invariant((x, y), amplification), x + x * share // 10**6
    found = other_balance(new, d, amplification)
    assert excess(Fraction(new), Fraction(found + 3), Fraction(d), amplification) > 0
    assert found <= 3 or excess(Fraction(new), Fraction(found - 3), Fraction(d), amplification) < 0


@pytest.mark.parametrize(("amplification", "outputs"), [
    (1, (0.995025, 9.52273, 39.608744, 59.629291)), (10, (0.999092, 9.909173, 47.340137, 77.058427)),
    (100, (0.999901, 9.990011, 49.67527, 86.962929)), (1000, (0.99999, 9.998991, 49.966755, 89.594209)),
])  # fmt: skip
def test_outputs_of_a_balanced_pool_are_the_published_ones(amplification, outputs):
    pool = StableSwap((100 * UNIT, 100 * UNIT), amplification, fee=0)
    found = [pool.quote_out(True, amount * UNIT) / UNIT for amount in (1, 10, 50, 90)]
    assert found == pytest.approx(outputs, abs=1e-6)
    assert [pool.quote_out(False, amount * UNIT) / UNIT for amount in (1, 10, 50, 90)] == found


# By curvesim 0.5, whose pool computes in whole numbers: A, fee, balances, D, coin 0 that comes in, coin 1 that leaves,
# a deposit after it, its shares.
CURVESIM = [
    (
        1,
        0,
        (3735512665087767172626028, 8119089650491775531352064),
        11422964897081870219668255,
        90299203473467441152,
        135939579807500517535,
        (968845308199805917386163, 1110107170432442942193005),
        2125144830751250825585657,
    ),
    (
        10,
        4000000,
        (7553035486078030390387177, 11978748282646087549845504),
        19484069246794004347589613,
        553554410267976663040,
        578814893339059154156,
        (433118532311048836156097, 1290012193971041111778929),
        1707686157871899463371341,
    ),
    (
        85,
        4000000,
        (9174835492803353329164218, 25008583467141487080243200),
        34129386089538832705787666,
        4660555453332628963328,
        4739727644640710246818,
        (1249336418629960890939471, 2998949651549263501890673),
        4243388324105572524462222,
    ),
    (
        200,
        10000000,
        (2083869615516889520028067, 4272684739745768621998080),
        6354429408972573501918988,
        694775002584485855232,
        697138997322140505620,
        (601531464932446780855046, 624784760276189779898959),
        1226487494304412206934687,
    ),
    (
        2000,
        1000000,
        (8825512660168488042459499, 19778292362518039829151744),
        28602577157210741708984760,
        812940063255633575542784,
        813236394955564314145933,
        (1724873085352829444461042, 2060591297662278877568925),
        3785468339894284221158608,
    ),
    (
        100,
        0,
        (9741557968513145138784187, 18968372079360138551492608),
        28693587203590300573483973,
        2388852218789969264640,
        2407748690529451969311,
        (1375048503164542225856367, 345372063095235308267200),
        1724986540695377657233550,
    ),
]


@pytest.mark.parametrize(("amplification", "fee", "balances", "d", "came", "left", "deposit", "shares"), CURVESIM)
def test_every_integer_is_that_of_an_independent_pool(amplification, fee, balances, d, came, left, deposit, shares):
    pool = StableSwap(balances, amplification, fee, shares=d)
    assert pool.invariant == d
    assert pool.swap_in(True, came) == left
    assert pool.mint(*deposit) == shares


def test_invariants_are_the_published_ones():
    assert invariant((150 * UNIT, 50 * UNIT), 85) / UNIT == pytest.approx(199.614626, abs=1e-6)
    assert invariant((1000 * UNIT, 10 * UNIT), 100) / UNIT == pytest.approx(917.914127, abs=1e-6)
    assert invariant((0, 0), 100) == 0


@given(
    st.integers(10**12, 10**24), AMPLIFICATIONS, st.sampled_from([0, 4_000_000, 10**8]),
    st.lists(st.tuples(st.booleans(), st.integers(1, 10**24)), max_size=12),
)  # fmt: skip
def test_no_sequence_of_swaps_lowers_the_invariant(balance, amplification, fee, swaps):
    pool = StableSwap((balance, balance), amplification, fee)
    begin = pool.invariant
    for zero_for_one, amount in swaps:
        pool.swap_in(zero_for_one, min(amount, balance))
        assert pool.invariant >= begin - 1  # D itself is found to a unit
        assert min(pool.balances) > 0


def test_the_fee_is_taken_from_what_leaves():
    free, charged = (StableSwap((100 * UNIT, 100 * UNIT), 100, fee) for fee in (0, 4_000_000))
    paid = free.quote_out(True, UNIT)
    assert charged.quote_out(True, UNIT) == paid - paid * 4 // 10_000


def test_a_balanced_deposit_is_free_and_one_of_a_single_coin_pays_about_half_the_fee():
    pool = StableSwap((0, 0), 100, fee=10**7)
    assert pool.mint(100 * UNIT, 100 * UNIT) == 200 * UNIT
    assert pool.mint(UNIT, UNIT) == 2 * UNIT
    made = pool.mint(2 * UNIT, 0)
    assert made / (2 * UNIT) == pytest.approx(1 - 0.0005, abs=1e-4)
    held = pool.balances
    paid = pool.burn(made)
    assert sum(paid) < 2 * UNIT
    assert pool.balances == (held[0] - paid[0], held[1] - paid[1])


@pytest.mark.parametrize(("amplification", "shares", "loss"), [
    (10, (0.5275, 0.6262, 0.71, 0.9064), -0.0621), (100, (0.6881, 0.8502, 0.8967, 0.9669), -0.0821),
    (1000, (0.8898, 0.9516, 0.9667, 0.9891), -0.0936),
])  # fmt: skip
def test_what_a_weak_coin_leaves_in_the_pool_and_costs_its_providers(amplification, shares, loss):
    prices = (0.99, 0.95, 0.9, 0.5)
    assert [share_at_price(price, amplification) for price in prices] == pytest.approx(shares, abs=5e-5)
    assert value_at_price(0.9, amplification) - 1 == pytest.approx(loss, abs=5e-5)
    assert value_at_price(1.0, amplification) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("amplification", [1, 10, 100, 1000])
def test_cash_of_the_depth_lifts_the_price_so_far(amplification):
    pool = StableSwap((500_000 * UNIT, 500_000 * UNIT), amplification, fee=0)
    pool.swap_in(False, int(depth(1e6, 0.01, amplification) * UNIT))
    share = pool.balances[0] / sum(pool.balances)
    assert price_at_share(share, amplification) == pytest.approx(1.01, rel=1e-9)


@pytest.mark.parametrize(("act", "said"), [
    (lambda: StableSwap((1, 1), 0), "amplification must be at least 1, not 0"),
    (lambda: StableSwap((0, 1), 1), "balances must be above 0"),
    (lambda: StableSwap((1, 1), 1, fee=10**10), "fee must be"),
    (lambda: StableSwap((9, 9), 1, shares=9).burn(10), "shares must be from 0 to 9"),
    (lambda: StableSwap((0, 0), 1).mint(5, 0), "makes no share"),
    (lambda: StableSwap((9, 9), 1).quote_out(True, -1), "amount must not be negative"),
])  # fmt: skip
def test_what_cannot_be_is_refused(act, said):
    with pytest.raises(ValueError, match=said):
        act()
