"""Formulas about pools against numbers that were found by other means: brute force, Monte Carlo, published tables."""

from __future__ import annotations

import math

import pytest

from sim.models.pools import just_in_time, price_oracle, ranges_of_prices, rebalancing, sandwich
from sim.models.pools.concentrated import ConcentratedPool
from sim.models.pools.stable_swap import share_at_price, value_at_price
from sim.models.pools.tick_math import Q96


@pytest.mark.parametrize(("width", "losses"), [
    (1.1, (-0.089418, -0.089418, -0.024377, -0.317064)), (1.25, (-0.058652, -0.058652, -0.010745, -0.293989)),
    (2.0, (-0.021141, -0.021141, -0.003873, -0.195262)), (1e12, (-0.006192, -0.006192, -0.001134, -0.057191)),
])  # fmt: skip
def test_impermanent_loss_in_a_range(width, losses):
    found = [ranges_of_prices.impermanent_loss(ratio, width) for ratio in (0.8, 1.25, 1.1, 2.0)]
    assert found == pytest.approx(losses, abs=1.5e-6)


def test_liquidity_of_a_deposit_is_the_published_one():
    found = ranges_of_prices.liquidities(1.0, 5000.0, 5000.0, 4545.0, 5500.0)
    assert found == pytest.approx((1519.437308, 1517.882344), abs=1e-6)


def test_depth_of_a_range_is_what_the_integer_pool_takes():
    pool = ConcentratedPool(Q96, 0, 1)
    deposit = pool.mint("a", -1000, 1000, 10**24)
    paid = ranges_of_prices.depth(float(sum(deposit)), 0.01, 1.0001**1000)
    pool.swap(False, int(paid))
    assert (pool.sqrt_price / Q96) ** 2 == pytest.approx(1.01, rel=1e-9)
    with pytest.raises(ValueError, match="leaves the range"):
        ranges_of_prices.depth(1.0, 0.2, 1.1)


def test_a_range_is_deeper_and_loses_faster_by_the_published_factor():
    found = [rebalancing.range_factor(width) for width in (1.1, 1.25, 2.0, 4.0)]
    assert found == pytest.approx((21.488, 9.4721, 3.41421, 2.0), rel=1e-5)


def test_loss_without_fee_compounds_over_blocks():
    assert rebalancing.loss_per_block(0.05) == pytest.approx(3.125e-4, rel=1e-3)
    survived = (1 - rebalancing.loss_per_block(0.01)) ** 500
    assert rebalancing.loss_over_blocks(0.01, 500) == pytest.approx(1 - survived, rel=1e-12)


@pytest.mark.parametrize("amplification", [10, 100])
def test_a_peg_loses_a_plus_one_times_as_much_for_small_moves(amplification):
    sigma = 0.02 / amplification
    loss = 0.0
    for move in (-sigma, sigma):  # two points have the normal law's second moment
        price = math.exp(move)
        weight, held = 1 / (1 + price), 0.5 * (1 + price)
        loss += 2 * weight * (held - value_at_price(price, amplification)) / 2
    assert loss / rebalancing.loss_per_block(sigma) == pytest.approx(
        rebalancing.peg_factor(amplification), rel=0.01
    )  # fmt: skip
    assert share_at_price(1.0, amplification) == pytest.approx(0.5)


@pytest.mark.parametrize(("ratio", "loss"), [
    (0.15, 0.8012), (0.3, 0.6629), (0.6, 0.4924), (1.5, 0.2795), (2.0, 0.2255), (3.0, 0.1623),
])  # fmt: skip
def test_net_loss_with_a_fee_is_that_of_a_monte_carlo_to_one_per_cent(ratio, loss):
    sigma = 0.005
    found = rebalancing.net_loss_fixed_blocks(sigma, ratio * sigma) / (sigma**2 / 8)
    assert found == pytest.approx(loss, rel=0.01)


@pytest.mark.parametrize(("ratio", "blocks"), [(0.6, 1.676), (1.5, 2.948), (2.0, 3.665)])
def test_blocks_between_trades_are_those_of_a_monte_carlo(ratio, blocks):
    sigma = 0.005
    assert rebalancing.blocks_between_trades(sigma, ratio * sigma) == pytest.approx(blocks, rel=2e-3)


def test_the_share_of_poisson_blocks_is_the_published_one():
    sigma = 0.05 / math.sqrt(7200)  # a day's 5 % over blocks of 12 seconds
    found = [rebalancing.share_of_poisson_blocks(sigma, bp * 1e-4) for bp in (1, 5, 10, 30, 100)]
    assert found == pytest.approx((0.80645, 0.45455, 0.29412, 0.12195, 0.04), rel=0.006)


def test_no_trade_pays_below_its_gas():
    value, fee, gas = 1e6, 0.003, 20.0
    overshoot = rebalancing.least_overshoot(value, gas, fee)
    assert value / (2 * (1 - fee)) * (math.exp(overshoot / 2) - 1) ** 2 == pytest.approx(gas, rel=1e-12)
    assert rebalancing.least_overshoot(value, 0.0, fee) == 0.0


@pytest.mark.parametrize(("quantity", "tolerance", "fee", "lots", "gain"), [
    (10, 0.01, 0.0, 4.937871, 0.101010), (50, 0.02, 0.0, 9.599799, 1.052632),
    (10, 0.01, 0.003, 4.930527, 0.071084), (50, 0.02, 0.003, 9.585885, 0.992028),
])  # fmt: skip
def test_a_sandwich_gains_what_brute_force_found(quantity, tolerance, fee, lots, gain):
    found = sandwich.largest(1000.0, 1000.0, quantity, tolerance, fee)
    assert (found.lots, found.gain) == pytest.approx((lots, gain), abs=1e-6)
    if fee == 0.0:
        assert found.gain == pytest.approx(found.victim_loss, rel=1e-9)


def test_no_sandwich_pays_for_a_victim_below_the_fee():
    assert sandwich.largest(1000.0, 1000.0, 2.9, 0.01, 0.003).gain < 0
    assert sandwich.largest(1000.0, 1000.0, 3.1, 0.01, 0.003).gain > 0


@pytest.mark.parametrize(("added", "resident", "late"), [(0, 128.420, 0), (1, 39.727, 39.727), (9, 3.993, 35.937)])
def test_who_comes_just_in_time_shares_the_gain(added, resident, late):
    found = just_in_time.gains(1000.0, 1e6, 10_000.0, added, 0.003)
    assert found == pytest.approx((resident, late), abs=5e-4)


@pytest.mark.parametrize(("blocks", "held", "average", "cost"), [
    (1, 1, "arithmetic", 0.020621), (10, 1, "arithmetic", 0.428869), (10, 1, "geometric", 2.862719),
    (10, 10, "arithmetic", 0.206207), (30, 1, "arithmetic", 1.125), (30, 30, "arithmetic", 0.618622),
])  # fmt: skip
def test_the_cost_of_moving_an_oracle(blocks, held, average, cost):
    assert price_oracle.cost(0.5, blocks, held, average) == pytest.approx(cost, abs=5e-7)


@pytest.mark.parametrize(
    ("factor", "safe"), [(0.8, (0.123715, 2.157131, 1.237154)), (0.5, (0.463088, 3.740491, 4.630878))]
)
def test_the_safe_cash_of_a_lender(factor, safe):
    found = [price_oracle.safe_cash(factor, *kind) for kind in ((1, 1), (10, 1), (10, 10))]
    assert found == pytest.approx(safe, abs=1e-6)
