"""The constant product: the vectors of Uniswap's own tests, the invariant, and the formulas' published numbers."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.models.pools.constant_product import (
    ConstantProduct,
    amount_in,
    amount_out,
    arbitrage,
    arbitrage_amounts,
    depth,
    impermanent_loss,
)

UNIT = 10**18
RESERVES = st.integers(1, 10**30)
FEES = st.fractions(0, Fraction(999, 1000), max_denominator=10**6)


@pytest.mark.parametrize(("a", "x", "y", "out"), [
    (1, 5, 10, 1662497915624478906), (2, 5, 10, 2851015155847869602), (2, 10, 5, 831248957812239453),
    (1, 10, 5, 453305446940074565), (1, 10, 10, 906610893880149131), (1, 1000, 1000, 996006981039903216),
])  # fmt: skip
def test_outputs_are_those_of_the_contract(a, x, y, out):
    assert amount_out(a * UNIT, x * UNIT, y * UNIT) == out


@given(st.integers(0, 10**30), RESERVES, RESERVES, FEES)
def test_the_contract_would_accept_the_swap_and_no_unit_more(a, x, y, fee):
    out = amount_out(a, x, y, fee)
    kept = (1 - fee) * a
    assert (x + kept) * (y - out) >= x * y > (x + kept) * (y - out - 1)


@given(RESERVES, st.integers(2, 10**30), FEES, st.data())
def test_an_exact_output_costs_the_least_input_that_pays_for_it_or_a_unit_more(x, y, fee, data):
    out = data.draw(st.integers(1, y - 1))
    asked = amount_in(out, x, y, fee)
    assert amount_out(asked, x, y, fee) >= out
    assert asked < 2 or amount_out(asked - 2, x, y, fee) < out


def test_shares_are_minted_and_burnt_as_the_contract_does():
    pool = ConstantProduct((0, 0))
    assert pool.mint(UNIT, 4 * UNIT) == 2 * UNIT - 1000  # UniswapV2Pair.spec.ts: mint
    assert pool.mint(3 * UNIT, 3 * UNIT) == 1500000000000000000
    assert pool.burn(pool.shares) == (4 * UNIT, 7 * UNIT)


@given(
    RESERVES, RESERVES, FEES,
    st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(1, 10**30)), max_size=20),
)  # fmt: skip
def test_no_sequence_of_swaps_and_deposits_lowers_what_a_share_is_worth(x, y, fee, operations):
    pool = ConstantProduct((x, y), fee, shares=10**15)
    for what, side, amount in operations:
        a, b = pool.reserves
        shares = pool.shares
        if what == 0:
            pool.swap_in(side, amount)
        elif what == 1 and amount < pool.reserves[side]:
            pool.swap_out(side, amount)
        elif what == 2 and min(amount * shares // a, amount * shares // b) > 0:
            pool.mint(amount, amount)
        elif what == 3 and amount < shares:
            pool.burn(amount)
        assert pool.reserves[0] * pool.reserves[1] * shares**2 >= a * b * pool.shares**2


@given(st.integers(1, 200), st.integers(1, 200), st.fractions(Fraction(1, 9), 9, max_denominator=20), FEES)
def test_no_swap_gains_a_unit_more_than_the_arbitrage(x, y, price, fee):
    found = arbitrage(x, y, price, fee)
    gain = price * found.amount_out - found.amount_in
    best = max(price * out - amount_in(out, x, y, fee) for out in range(y)) if y > 1 else 0
    assert max(best, 0) - 1 < gain
    assert gain >= 0
    assert found.amount_in == (amount_in(found.amount_out, x, y, fee) if found.amount_out else 0)


def test_the_arbitrage_is_that_of_the_formula():
    cash, lots, gain = arbitrage_amounts(1000, 1000, 1.2, 0.003)
    assert (cash, lots, gain) == pytest.approx((94.082962, 85.756676, 8.825049), abs=1e-6)
    whole = arbitrage(1000 * UNIT, 1000 * UNIT, Fraction(6, 5))
    assert whole == pytest.approx((cash * UNIT, lots * UNIT), rel=1e-12)
    assert arbitrage(1000 * UNIT, 1000 * UNIT, Fraction(1003, 1000)) == (0, 0)
    assert arbitrage_amounts(1000, 1000, 1.003, 0.003) == (0.0, 0.0, 0.0)


def test_impermanent_loss_and_depth_have_their_published_values():
    ratios = (0.25, 0.5, 0.8, 1.1, 1.5, 1.75, 3, 5)
    losses = (-0.2, -0.057191, -0.006192, -0.001134, -0.020204, -0.037909, -0.133975, -0.254644)
    assert [impermanent_loss(ratio) for ratio in ratios] == pytest.approx(losses, abs=5e-7)
    assert [100 * depth(1.0, rise) for rise in (0.01, 0.02, 0.05)] == pytest.approx((0.2494, 0.4975, 1.2348), abs=5e-5)


@pytest.mark.parametrize(("act", "said"), [
    (lambda: amount_out(-1, 1, 1), "amount_in must not be negative"),
    (lambda: amount_out(1, 0, 1), "reserves must be above 0"),
    (lambda: amount_in(5, 9, 5), "must be below the reserve of 5"),
    (lambda: amount_out(1, 1, 1, Fraction(1)), "fee must be from 0 to below 1"),
    (lambda: ConstantProduct((10, 10), shares=10).burn(11), "shares must be from 0 to 10"),
    (lambda: ConstantProduct((0, 0)).mint(10, 10), "makes no share"),
])  # fmt: skip
def test_what_cannot_be_is_refused(act, said):
    with pytest.raises(ValueError, match=said):
        act()
