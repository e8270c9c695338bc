"""Rules that infer who took: by hand, and against takers that are known."""

import json
import math

import numpy as np
import pytest

from analysis.impact.trade_signing import accuracy, ellis_michaely_ohara, lee_ready, prevailing, quote_rule, tick_rule
from spreadgame.api import run
from tests.command_line import take
from tests.places import ROOT

NAN = math.nan


def test_tick_rule():
    assert list(tick_rule([5, 5, 6, 6, 5, 5, 7])) == [0, 0, 1, 1, -1, -1, 1]
    assert list(tick_rule([5, 6, 9, 9, 8], [0, 0, 1, 1, 1])) == [0, 1, 0, 0, -1]


def test_quote_rule():
    assert list(quote_rule([9, 10, 11, 11], [9, 9, 9, NAN], [11, 11, 11, 11])) == [-1, 0, 1, 0]


def test_lee_and_ready_ask_the_tick_rule_at_the_mid():
    assert list(lee_ready([9, 10, 10, 11, 10], [9] * 5, [11] * 5)) == [-1, 1, 1, 1, -1]
    assert list(lee_ready([9, 10, 10], [NAN] * 3, [NAN] * 3)) == list(tick_rule([9, 10, 10]))


def test_ellis_michaely_and_ohara_ask_the_tick_rule_inside_the_spread():
    prices = [11, 10.5, 9.5, 9, 9.2]  # the mid is 10: Lee and Ready would sign the second a buy, the last a sell
    assert list(ellis_michaely_ohara(prices, [9] * 5, [11] * 5)) == [1, -1, -1, -1, 1]
    assert list(lee_ready(prices, [9] * 5, [11] * 5)) == [1, 1, -1, -1, -1]


def test_quotes_are_those_of_so_many_steps_before():
    quotes, at = [1.0, 2.0, 3.0], [0, 2, 4]
    assert prevailing(quotes, at, [0, 1, 2, 3, 4, 5, 9], 1) == pytest.approx([NAN, 1, 1, 2, 2, 3, 3], nan_ok=True)
    assert prevailing(quotes, at, [0, 2, 3], 0) == pytest.approx([1, 2, 2])
    assert prevailing(quotes, at, [3, 4, 5], 3) == pytest.approx([1, 1, 2])
    several = prevailing([1.0, 2.0, 7.0], [0, 1, 0], [1, 2, 0, 1, 9], 1, [0, 0, 1], [0, 0, 1, 1, 2])
    assert several == pytest.approx([1, 2, NAN, 7, NAN], nan_ok=True)


def test_accuracy_has_an_error():
    random = np.random.default_rng(1)
    true = random.choice([-1, 1], 10_000)
    given = np.where(random.random(10_000) < 0.85, true, -true) * (random.random(10_000) < 0.9)
    found = accuracy(given, true)
    assert abs(found.right.value - 0.85) < 4 * found.right.standard_error
    assert abs(found.signed.value - 0.9) < 4 * found.signed.standard_error
    assert found.right.standard_error == pytest.approx(math.sqrt(0.85 * 0.15 / 9000), rel=0.15)


def test_trades_at_the_quotes_are_signed_rightly():
    random = np.random.default_rng(2)
    true = random.choice([-1, 1], 5000)
    mids = np.round(np.cumsum(random.choice([-0.01, 0, 0.01], 5000)), 2)
    bids, asks = mids - 0.03, mids + 0.03
    prices = np.where(true > 0, asks, bids)
    for rule in (lee_ready, ellis_michaely_ohara):
        assert accuracy(rule(prices, bids, asks), true).right == (1.0, 0.0)
    assert 0.5 < accuracy(tick_rule(prices), true).right.value < 1  # the mid moves by less than the spread


@pytest.mark.filterwarnings("error")
def test_no_trades_and_constant_prices():
    for rule in (lee_ready, ellis_michaely_ohara):
        assert len(rule([], [], [])) == 0
        assert list(rule([5, 5], [NAN, NAN], [NAN, NAN])) == [0, 0]
    assert len(tick_rule([])) == len(tick_rule([], [])) == 0
    assert len(prevailing([], [], [])) == 0
    assert math.isnan(accuracy([], []).right.value)
    assert math.isnan(accuracy([0, 0], [1, -1]).right.value)


def test_the_command(tmp_path, capsys):
    folder = run(ROOT / "scenarios" / "quickstart.toml", overrides={"run.steps": 2000}, out=tmp_path).folder
    assert take("trade_signing", [str(folder), "--json"]) == 0
    rows = {row["name"]: row["value"] for row in json.loads(capsys.readouterr().out)["runs"][0]["rows"]}
    assert rows["lee_ready.right"] > 0.8
    assert rows["lee_ready.signed"] > 0.99
