from __future__ import annotations

import math
from decimal import Decimal, getcontext
from itertools import product

import numpy as np
import pytest

from sim.models.inventory import (
    avellaneda_stoikov,
    cartea_jaimungal,
    fill_probability,
    gueant_lehalle_tapia,
    gueant_lehalle_tapia_asymptotic,
    moments,
    offset_of,
)

# Avellaneda and Stoikov's market: σ = 2, T = 1, dt = .005, k = 1.5, A = 140
STEPS, DECAY, RATE, VOLATILITY = 200, 1.5, 0.7, 2 * math.sqrt(0.005)
RISK_AVERSIONS = 0.01, 0.1, 0.5, 1.0


def linear_fill(distance):
    return fill_probability(distance, DECAY, offset_of(RATE, DECAY))


def inventory_maker(risk_aversion):
    return lambda step, inventory: avellaneda_stoikov(risk_aversion, VOLATILITY, DECAY, STEPS - step, inventory)


def symmetric_maker(risk_aversion):
    half_spread, _ = avellaneda_stoikov(risk_aversion, VOLATILITY, DECAY, STEPS / 2, 0)
    return lambda step, inventory: (half_spread, half_spread)


def in_their_market(distances, fill=linear_fill):
    return moments(distances, fill, VOLATILITY, STEPS, STEPS)


def with_a_last_move(answer):
    """Deviation of the profit when the value moves once more after the last fills."""
    return math.hypot(answer.profit_deviation, VOLATILITY * answer.inventory_deviation)


def agrees(simulated, exact, deviation, paths, digits=2):
    """Whether a mean printed with that many digits is within 4 standard errors."""
    return abs(simulated - exact) < 4 * deviation / math.sqrt(paths) + 0.5 * 10**-digits


# --- Avellaneda and Stoikov ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("risk_aversion", "maker", "spread", "profit", "deviation", "inventory", "fills"),
    [
        (0.01, inventory_maker, 1.349, 68.38, 8.96, 5.21, 102.2),
        (0.01, symmetric_maker, 1.349, 68.65, 13.67, 8.69, 101.8),
        (0.1, inventory_maker, 1.492, 64.87, 6.54, 2.93, 96.9),
        (0.1, symmetric_maker, 1.491, 68.22, 13.44, 8.37, 91.5),
        (0.5, inventory_maker, 2.156, 48.57, 5.9, 1.96, 78.1),
        (0.5, symmetric_maker, 2.151, 59.99, 12.3, 6.92, 55.8),
        (1.0, inventory_maker, 3.032, 31.46, 4.84, 1.64, 56.1),
        (1.0, symmetric_maker, 3.022, 43.82, 10.75, 5.19, 29.0),
    ],
)
def test_profits_are_those_of_the_simulated_table(risk_aversion, maker, spread, profit, deviation, inventory, fills):
    paths = 200_000
    answer = in_their_market(maker(risk_aversion))
    assert answer.spread == pytest.approx(spread, abs=5.1e-4)
    assert agrees(profit, answer.profit, deviation, paths)
    assert agrees(deviation, with_a_last_move(answer), deviation / math.sqrt(2), paths)
    assert agrees(inventory, answer.inventory_deviation, inventory / math.sqrt(2), paths)
    assert answer.fills == pytest.approx(fills, abs=0.1)


@pytest.mark.parametrize(
    ("risk_aversion", "profit", "deviation", "inventory"),
    [(0.01, 68.666, 13.678, 8.712), (0.1, 68.228, 13.457, 8.402), (0.5, 60.003, 12.33, 6.929)],
)
def test_a_symmetric_maker_follows_the_closed_form(risk_aversion, profit, deviation, inventory):
    answer = in_their_market(symmetric_maker(risk_aversion))
    assert (answer.profit, with_a_last_move(answer), answer.inventory_deviation) == pytest.approx(
        (profit, deviation, inventory), abs=5.1e-4
    )
    half_spread, _ = avellaneda_stoikov(risk_aversion, VOLATILITY, DECAY, STEPS / 2, 0)
    chance = RATE * math.exp(-DECAY * half_spread)
    moved = VOLATILITY**2 * STEPS * (STEPS - 1) / 2  # of a random walk of unit variance a step
    assert answer.fills == pytest.approx(2 * STEPS * chance, rel=1e-10)
    assert answer.profit == pytest.approx(2 * STEPS * chance * half_spread, rel=1e-10)
    assert answer.inventory_deviation == pytest.approx(math.sqrt(2 * STEPS * chance * (1 - chance)), rel=1e-10)
    assert answer.profit_deviation == pytest.approx(
        math.sqrt(2 * chance * (1 - chance) * (STEPS * half_spread**2 + moved)), rel=1e-10
    )


FILL_LAWS = {
    "at most 1": (linear_fill, {0.1: (64.9, 6.51, 2.92), 0.5: (48.55, 5.88), 1.0: (31.45, 4.84)}),
    "no offset": (
        lambda distance: RATE * fill_probability(distance, DECAY, 0.0),
        {0.1: (64.88, 6.51, 2.92), 0.5: (47.92, 5.77), 1.0: (30.83, 4.73)},
    ),
    "Poisson": (
        lambda distance: 1 - np.exp(-RATE * fill_probability(distance, DECAY, 0.0)),
        {0.1: (57.16, 6.34, 2.99), 0.5: (42.26, 5.44), 1.0: (27.47, 4.46)},
    ),
    "clipped": (
        lambda distance: linear_fill(np.maximum(distance, 0)),
        {0.1: (64.91, 6.52, 2.92), 0.5: (50.5, 6.14), 1.0: (38.22, 6.17)},
    ),
}


@pytest.mark.parametrize("law", FILL_LAWS)
def test_every_fill_law_gives_its_simulated_profits(law):
    fill, published = FILL_LAWS[law]
    for risk_aversion, (profit, deviation, *inventory) in published.items():
        maker = inventory_maker(risk_aversion)
        if law == "clipped":
            answer = in_their_market(
                lambda step, held, maker=maker: tuple(np.maximum(side, 0) for side in maker(step, held))
            )
        else:
            answer = in_their_market(maker, fill)
        assert agrees(profit, answer.profit, deviation, 100_000)
        assert agrees(deviation, answer.profit_deviation, deviation / math.sqrt(2), 100_000)
        if inventory:
            assert agrees(inventory[0], answer.inventory_deviation, inventory[0] / math.sqrt(2), 100_000)


def test_the_inventory_maker_risks_half_and_earns_five_percent_less():
    inventory, symmetric = (in_their_market(maker(0.1)) for maker in (inventory_maker, symmetric_maker))
    assert inventory.profit_deviation / symmetric.profit_deviation == pytest.approx(0.487, abs=1e-3)
    assert inventory.inventory_deviation / symmetric.inventory_deviation == pytest.approx(0.35, abs=5e-3)
    assert inventory.profit / symmetric.profit == pytest.approx(0.95, abs=5e-3)


def test_without_risk_aversion_the_half_spread_is_the_monopolists():
    assert avellaneda_stoikov(0.0, 2.0, 1.5, 10, 7) == pytest.approx((1 / 1.5, 1 / 1.5), rel=1e-12)
    assert avellaneda_stoikov(1e-9, 2.0, 1.5, 10, 7) == pytest.approx((1 / 1.5, 1 / 1.5), rel=1e-6)


def test_the_reservation_price_falls_with_inventory():
    bid, ask = avellaneda_stoikov(0.1, VOLATILITY, DECAY, 200, 2)
    assert bid == pytest.approx(1.64539, abs=5.1e-6)
    assert (ask - bid) / 2 == pytest.approx(-2 * 0.1 * 4)
    assert avellaneda_stoikov(0.1, VOLATILITY, DECAY, 200, -2) == (ask, bid)
    assert avellaneda_stoikov(0.1, VOLATILITY, DECAY, 2, 2)[0] == pytest.approx(0.65539, abs=5.1e-6)


# --- Guéant, Lehalle and Fernandez-Tapia; Cartea and Jaimungal -------------------------------------------------------

PAPER = 0.01, 0.3, 0.3, 0.9  # γ, σ, k, A of the paper's figure
THEIRS = 0.1, VOLATILITY, DECAY, RATE


@pytest.mark.parametrize(
    ("parameters", "steps", "exact", "closed", "ratio", "skew"),
    [
        (
            PAPER,
            600,
            (3.31305, 3.38117, 3.44928, 3.65348),
            (3.31292, 3.38078, 3.44865, 3.65224),
            3.27898,
            0.06787,
        ),
        (THEIRS, 200, (0.67163, 0.72407, 0.77639, 0.93178), (0.67124, 0.72296, 0.77468, 0.92983), 0.64539, 0.05172),
    ],
)
def test_optimal_distances_are_the_published_ones(parameters, steps, exact, closed, ratio, skew):
    distances = gueant_lehalle_tapia(*parameters, 30, steps)
    held = np.array([0, 1, 2, 5])
    assert distances[-1, 30 + held, 0] == pytest.approx(exact, abs=5.1e-6)
    asymptotic = np.array([gueant_lehalle_tapia_asymptotic(*parameters, q) for q in held])
    assert asymptotic[:, 0] == pytest.approx(closed, abs=5.1e-6)
    assert asymptotic[1, 0] - asymptotic[0, 0] == pytest.approx(skew, abs=5.1e-6)
    assert distances[0, 0, 0] == pytest.approx(ratio, abs=5.1e-6)


def test_time_units_do_not_matter():
    a_year = gueant_lehalle_tapia(0.1, 2.0, 1.5, 140.0, 30, 1)
    in_steps = gueant_lehalle_tapia(*THEIRS, 30, 200)
    assert a_year.shape == (2, 61, 2)
    np.testing.assert_allclose(a_year[-1], in_steps[-1], rtol=1e-11)


def test_near_the_end_they_are_avellaneda_and_stoikovs():
    distances = gueant_lehalle_tapia(*THEIRS, 30, 200)
    assert distances[2, 32, 0] == pytest.approx(0.65537, abs=5.1e-6)
    soon = gueant_lehalle_tapia(0.1, VOLATILITY / 100, DECAY, RATE / 1e4, 30, 1)[1]
    for held in range(-5, 6):
        near = avellaneda_stoikov(0.1, VOLATILITY / 100, DECAY, 1, held)
        assert soon[30 + held] == pytest.approx(near, abs=1e-10)


def test_a_long_position_asks_as_a_short_one_bids_and_limits_bind():
    for distances in (gueant_lehalle_tapia(*THEIRS, 8, 50), cartea_jaimungal(1.0, 100.0, 1e-5, 1e-4, 8, 50)):
        assert distances.shape == (51, 17, 2)
        np.testing.assert_allclose(distances[:, :, 0], distances[:, ::-1, 1], rtol=1e-9)
        assert np.isposinf(distances[:, -1, 0]).all()
        assert np.isposinf(distances[:, 0, 1]).all()
        assert np.isfinite(distances[:, :-1, 0]).all()
        assert np.all(np.diff(distances[1:, :-1, 0], axis=1) > 0)


def exact_values(penalty, intensity, terminal, limit, steps):
    """v by its Taylor series in many decimal places."""
    getcontext().prec = 250
    penalty, intensity = Decimal(penalty), Decimal(intensity)
    held = range(-limit, limit + 1)
    term = np.array([(-Decimal(terminal) * q * q).exp() for q in held])
    squares = np.array([penalty * q * q for q in held])
    total = term.copy()
    for order in range(1, 10**6):
        beside = np.concatenate([term[1:], [Decimal(0)]]) + np.concatenate([[Decimal(0)], term[:-1]])
        term = (intensity * beside - squares * term) * steps / order
        total += term
        if max(abs(term)) < Decimal(10) ** -120:
            return total
    raise AssertionError


@pytest.mark.parametrize(
    ("penalty", "rate", "terminal", "limit", "steps"),
    [(0.3, 0.05, 0.2, 12, 5), (1.5, 1e-3, 0.0, 6, 2), (0.01, 2, 1, 9, 7)],
)
def test_distances_are_accurate_where_the_values_are_tiny(penalty, rate, terminal, limit, steps):
    decay = 0.8
    distances = cartea_jaimungal(rate, decay, penalty / decay, terminal / decay, limit, steps)
    values = exact_values(penalty, rate / math.e, terminal, limit, steps)
    if penalty > 0.1:
        assert min(values) / max(values) < Decimal("1e-15")
    exact = [float((values[i] / values[i + 1]).ln()) / decay + 1 / decay for i in range(2 * limit)]
    np.testing.assert_allclose(distances[-1, :-1, 0], exact, rtol=0, atol=1e-12)


def test_rows_stop_where_they_have_become_stationary():
    distances = gueant_lehalle_tapia(*THEIRS, 30, 10**6)
    assert len(distances) < 1000
    assert np.abs(distances[-1, :-1, 0] - distances[-2, :-1, 0]).max() < 1e-13
    half = gueant_lehalle_tapia(0.1, VOLATILITY / math.sqrt(2), DECAY, RATE / 2, 30, 2 * len(distances))
    np.testing.assert_allclose(half[-1], distances[-1], rtol=0, atol=1e-11)


def test_far_limits_change_nothing_near_zero():
    near, far = (gueant_lehalle_tapia(*THEIRS, limit, 1000)[-1] for limit in (30, 100))
    np.testing.assert_allclose(near[25:36], far[95:106], rtol=1e-11)


@pytest.mark.parametrize(
    ("penalty", "asks"),
    [
        (1e-6, (0.00385, 0.007318, 0.009205, 0.010795, 0.012682, 0.01615)),
        (1e-5, (0.003759, 0.007244, 0.009178, 0.010822, 0.012756, 0.016241)),
    ],
)
def test_penalised_distances_are_the_published_ones(penalty, asks):
    distances = cartea_jaimungal(1.0, 100.0, penalty, 1e-4, 3, 30)
    assert distances[-1, :0:-1, 1] == pytest.approx(asks, abs=5.1e-7)


def test_without_risk_or_penalty_both_models_are_one():
    neutral = gueant_lehalle_tapia(0.0, 1.0, 2.0, 0.5, 4, 30)
    np.testing.assert_allclose(neutral, cartea_jaimungal(0.5, 2.0, 0.0, 0.0, 4, 30))
    np.testing.assert_allclose(neutral, gueant_lehalle_tapia(1e-9, 1.0, 2.0, 0.5, 4, 30), rtol=1e-6)
    assert gueant_lehalle_tapia_asymptotic(0.0, 1.0, 2.0, 0.5, 3) == (0.5, 0.5)


def test_the_end_leaves_the_terminal_penalty_alone():
    assert gueant_lehalle_tapia(*THEIRS, 3, 0)[0, 1:, 1] == pytest.approx(math.log1p(0.1 / 1.5) / 0.1)
    end = cartea_jaimungal(1.0, 100.0, 1e-5, 1e-4, 3, 0)[0, :-1, 0]
    assert end == pytest.approx(0.01 + 1e-4 * (2 * np.arange(-3, 3) + 1))


# --- fills and moments -----------------------------------------------------------------------------------------------


def test_the_offset_makes_the_probability_the_rate_at_the_value():
    offset = offset_of(0.7, 1.5)
    assert offset == pytest.approx(-0.2378, abs=5e-5)
    distance = np.array([-1000.0, -0.3, offset, 0.0, 0.5, np.inf])
    expected = [1, 1, 1, 0.7, 0.7 * math.exp(-0.75), 0]
    assert fill_probability(distance, 1.5, offset) == pytest.approx(expected)


def test_moments_are_sums_over_all_paths():
    steps, most, volatility = 3, 2, 0.7
    bids, asks = np.random.default_rng(7).uniform(-0.2, 2, (2, steps, 2 * most + 1))
    bids[1, 3] = np.inf  # one side withdrawn

    def distances(step, inventory):
        assert inventory.tolist() == [-2, -1, 0, 1, 2]
        return bids[step], asks[step]

    def fill(distance):
        return fill_probability(distance, 1.0, 0.1)

    def after(step, held, profit, fills, spread, quoted):
        if step == steps:
            return np.array([profit, profit**2, held, held**2, fills, spread, quoted])
        bid = np.inf if held == most else bids[step, held + most]
        ask = np.inf if held == -most else asks[step, held + most]
        both = math.isfinite(bid + ask)
        sums = np.zeros(7)
        for move, bought, sold in product((-volatility, volatility), (0, 1), (0, 1)):
            chance = (fill(bid) if bought else 1 - fill(bid)) * (fill(ask) if sold else 1 - fill(ask)) / 2
            if chance > 0:
                gain = held * move + (bid if bought else 0) + (ask if sold else 0)
                counts = fills + bought + sold, spread + (bid + ask if both else 0), quoted + both
                sums += chance * after(step + 1, held + bought - sold, profit + gain, *counts)
        return sums

    profit, square, held, held_square, fills, spread, quoted = after(0, 0, 0.0, 0, 0.0, 0)
    answer = moments(distances, fill, volatility, steps, most)
    assert answer.profit == pytest.approx(profit, rel=1e-12)
    assert answer.profit_deviation == pytest.approx(math.sqrt(square - profit**2), rel=1e-12)
    assert answer.inventory_deviation == pytest.approx(math.sqrt(held_square - held**2), rel=1e-12)
    assert answer.fills == pytest.approx(fills, rel=1e-12)
    assert answer.spread == pytest.approx(spread / quoted, rel=1e-12)


def test_moments_agree_with_a_simulation():
    steps, paths, limit = 60, 40_000, 4
    quoted = gueant_lehalle_tapia(*THEIRS, limit, steps)
    generator = np.random.default_rng(2013)
    held, profit, fills, spreads = np.zeros(paths, int), np.zeros(paths), np.zeros(paths), []
    for step in range(steps):
        profit += held * VOLATILITY * generator.choice([-1, 1], paths)
        bid, ask = quoted[steps - step, held + limit].T
        spreads.append((bid + ask)[np.isfinite(bid + ask)])
        buys, sells = (generator.random(paths) < linear_fill(side) for side in (bid, ask))
        profit += np.where(buys, bid, 0) + np.where(sells, ask, 0)
        held += buys.astype(int) - sells
        fills += buys.astype(int) + sells
    answer = moments(
        lambda step, _: (quoted[steps - step, :, 0], quoted[steps - step, :, 1]), linear_fill, VOLATILITY, steps, limit
    )
    for sample, exact in ((profit, answer.profit), (fills, answer.fills)):
        assert abs(sample.mean() - exact) < 4 * sample.std() / math.sqrt(paths)
    for sample, exact in ((profit, answer.profit_deviation), (held, answer.inventory_deviation)):
        squares = (sample - sample.mean()) ** 2
        assert abs(squares.mean() - exact**2) < 4 * squares.std() / math.sqrt(paths)
    spread = np.concatenate(spreads)
    assert answer.spread == pytest.approx(spread.mean(), abs=4 * spread.std() / math.sqrt(paths))


def test_the_optimal_maker_earns_most_for_its_risk():
    steps, limit, risk_aversion = 200, 30, 0.1
    quoted = gueant_lehalle_tapia(*THEIRS, limit, steps)
    optimal = moments(
        lambda step, _: (quoted[steps - step, :, 0], quoted[steps - step, :, 1]), linear_fill, VOLATILITY, steps, limit
    )
    others = [
        moments(maker(0.1), linear_fill, VOLATILITY, steps, limit) for maker in (inventory_maker, symmetric_maker)
    ]
    utilities = [answer.profit - risk_aversion / 2 * answer.profit_deviation**2 for answer in (optimal, *others)]
    assert max(utilities) == utilities[0]


def test_a_maker_who_never_quotes_both_sides_has_no_spread():
    answer = moments(lambda step, inventory: (1.0, np.inf), lambda d: np.full(d.shape, 0.5), 0.3, 2, 2)
    assert math.isnan(answer.spread)
    assert (answer.fills, answer.profit) == (1, 1)
    assert answer.profit_deviation**2 == pytest.approx(0.5 + 0.5 * 0.09)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: avellaneda_stoikov(-0.1, 1, 1, 1, 0), "risk_aversion must be finite and not negative"),
        (lambda: avellaneda_stoikov(0.1, 1, 0, 1, 0), "decay must be positive"),
        (lambda: avellaneda_stoikov(0.1, 1, 1, -1, 0), "steps_left must be finite and not negative"),
        (lambda: gueant_lehalle_tapia(0.1, 1, 1, 0, 3, 5), "rate must be positive"),
        (lambda: gueant_lehalle_tapia(0.1, math.nan, 1, 1, 3, 5), "volatility"),
        (lambda: gueant_lehalle_tapia(0.1, 1, 1, 1, 0, 5), "limit must be at least 1"),
        (lambda: gueant_lehalle_tapia(0.1, 1, 1, 1, 3, -1), "steps not negative"),
        (lambda: gueant_lehalle_tapia(1.0, 5.0, 1, 0.1, 300, 5), "choose a smaller one"),
        (lambda: gueant_lehalle_tapia_asymptotic(0.1, 1, -1, 1, 0), "decay must be positive"),
        (lambda: cartea_jaimungal(1, 1, -1, 0, 3, 5), "running_penalty must be finite and not negative"),
        (lambda: cartea_jaimungal(1, 1, 0, math.inf, 3, 5), "terminal_penalty must be finite and not negative"),
        (lambda: cartea_jaimungal(1, 1, 0, 10, 30, 5), "choose a smaller one"),
        (lambda: fill_probability(1.0, 0.0, 0.0), "decay must be positive"),
        (lambda: offset_of(0.0, 1.0), "rate must be positive"),
        (lambda: moments(lambda t, q: (1, 1), linear_fill, -1, 5, 5), "volatility must be finite and not negative"),
        (lambda: moments(lambda t, q: (1, 1), linear_fill, 1, 0, 5), "steps and most must be at least 1"),
        (lambda: moments(lambda t, q: (1, math.nan), linear_fill, 1, 5, 5), "distances in step 0 must be numbers"),
        (lambda: moments(lambda t, q: (-math.inf, 1), linear_fill, 1, 5, 5), "distances in step 0 must be numbers"),
    ],
)
def test_nonsense_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
