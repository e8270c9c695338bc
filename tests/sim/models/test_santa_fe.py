from __future__ import annotations

import bisect
import math
import random

import numpy as np
import pytest

from sim.models.santa_fe import mean_spread

PUBLISHED = {0.02: 0.490, 0.05: 0.549, 0.1: 0.627, 0.2: 0.764}  # of market_rate / limit_rate, by cancel / market rate
PUBLISHED_ERROR = 0.003


@pytest.mark.parametrize("cancel_rate", PUBLISHED)
def test_scaled_spreads_are_the_published_ones(cancel_rate):
    unit = 60 / PUBLISHED[cancel_rate]  # ticks: sixty to a spread
    estimate = mean_spread(1.0, 1 / unit, cancel_rate, window=480, length=4e5, seed=1)
    assert estimate.scaled_error < 0.005 * estimate.scaled
    distance = abs(estimate.scaled - PUBLISHED[cancel_rate])
    assert distance < 4 * math.hypot(estimate.scaled_error, PUBLISHED_ERROR)
    assert distance < 0.02 * PUBLISHED[cancel_rate]


def plain_batches(market_rate, limit_rate, cancel_rate, window, length, batches=20):
    """The same book from two sorted lists, with drawn waiting times: mean spread of each batch."""
    draw = random.Random(5)
    bids, asks, last_bid, last_ask = [], [], -1, 1
    sums = np.zeros((2, batches))
    clock = -20 / cancel_rate
    while clock < length:
        orders = len(bids) + len(asks)
        placing, cancelling = 2 * limit_rate * window, cancel_rate * orders
        wait = draw.expovariate(2 * market_rate + placing + cancelling)
        if clock >= 0 and bids and asks:
            sums[:, int(clock / length * batches)] += (asks[0] - bids[-1]) * wait, wait
        clock += wait
        event = draw.random() * (2 * market_rate + placing + cancelling)
        if event < placing:
            last_bid, last_ask = (bids[-1] if bids else last_bid), (asks[0] if asks else last_ask)
            away = draw.randint(1, window)
            if draw.random() < 0.5:
                bisect.insort(bids, last_ask - away)
            else:
                bisect.insort(asks, last_bid + away)
        elif event < placing + cancelling:
            drawn = draw.randrange(orders)
            (bids if drawn < len(bids) else asks).pop(drawn if drawn < len(bids) else drawn - len(bids))
        elif draw.random() < 0.5:
            bids and bids.pop()
        else:
            asks and asks.pop(0)
    return sums[0] / sums[1]


@pytest.mark.parametrize(
    ("limit_rate", "cancel_rate", "window"),
    [(0.3, 0.15, 12), (0.09, 0.1, 10), (1.2, 0.2, 1)],  # deep, often empty on a side, and without choice
)
def test_a_plain_book_of_sorted_lists_has_the_same_spread(limit_rate, cancel_rate, window):
    means = plain_batches(1.0, limit_rate, cancel_rate, window, length=12_000)
    estimate = mean_spread(1.0, limit_rate, cancel_rate, window, length=200_000, seed=2)
    error = math.hypot(estimate.error, means.std(ddof=1) / math.sqrt(len(means)))
    assert abs(estimate.ticks - means.mean()) <= 4 * error


def test_only_ratios_of_rates_matter():
    slow = mean_spread(1.0, 0.02, 0.1, window=200, length=1e5, seed=3)
    fast = mean_spread(8.0, 0.16, 0.8, window=200, length=1e5 / 8, seed=3)
    assert fast == pytest.approx(slow, rel=1e-6)
    finer = mean_spread(1.0, 0.01, 0.1, window=400, length=1e5, seed=4)
    tick = 0.02  # in units of market_rate / limit_rate: a finer grid narrows the spread by up to a tick
    assert -tick < finer.scaled - slow.scaled < 4 * math.hypot(finer.scaled_error, slow.scaled_error)


def test_the_error_is_the_scatter_of_independent_runs():
    runs = [mean_spread(1.0, 0.05, 0.1, window=80, length=10_000, seed=seed) for seed in range(40)]
    scatter = np.std([run.ticks for run in runs], ddof=1)
    assert np.mean([run.error for run in runs]) == pytest.approx(scatter, rel=0.4)
    assert runs[0] == mean_spread(1.0, 0.05, 0.1, window=80, length=10_000, seed=0)
    assert runs[0].scaled == pytest.approx(0.05 * runs[0].ticks, rel=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"market_rate": 0.0}, "market_rate must be positive"),
        ({"limit_rate": -1.0}, "limit_rate must be positive"),
        ({"cancel_rate": math.nan}, "cancel_rate must be positive"),
        ({"length": math.inf}, "length must be positive and finite"),
        ({"window": 0}, "window must be from 1 to 10,000"),
        ({"batches": 1}, "batches must be at least 2"),
        ({"length": 1e-6}, "a side was empty for a whole batch"),
    ],
)
def test_nonsense_is_refused(change, message):
    given = {"market_rate": 1.0, "limit_rate": 0.1, "cancel_rate": 0.1, "window": 20, "length": 100.0, "seed": 1}
    with pytest.raises(ValueError, match=message):
        mean_spread(**(given | change))
