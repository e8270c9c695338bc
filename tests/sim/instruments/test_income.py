"""Dividends and interest, to the last unit of money."""

from __future__ import annotations

import numpy as np
import pytest

from sim.runs.execute import execute
from sim.scenario import parse
from tests.markets.still_markets import (
    SLEEPER,
    WALK,
    assert_independent,
    assert_moments,
    holders,
    market,
    money_of,
)


@pytest.mark.parametrize("every", [1, 3, 10, 11])
def test_dividends_are_exact_in_units_and_paid_by_their_account(every):
    stepped = holders(WALK, (0.0, 5), (0.0, -2), lot_size=3.0, settlement="none",
                      dividend={"mean": 0.0123457, "every": every})  # fmt: skip
    paid = round(0.0123457 * 3.0 / 1e-6) * (10 // every)
    assert money_of(stepped, "holder0 0") == 5 * paid
    assert money_of(stepped, "holder1 0") == -2 * paid  # who is short pays
    assert money_of(stepped, "dividends ACME") == -3 * paid


BINARY = {"process": "binary", "low": 90.0, "high": 110.0}


@pytest.mark.parametrize("value", [WALK, {"process": "constant", "initial": 100.0}, BINARY])
def test_random_dividends_have_their_mean_and_deviation(value):
    data = market(value, 20_000, settlement="none", dividend={"mean": 0.5, "deviation": 0.2})
    data["populations"] = [{**SLEEPER, "endowment": {"inventory": 2}}]
    data["record"] |= {"agents": "agents", "agents_every": 1}
    cash = execute(parse(data)).agents["cash"]
    assert_moments(np.diff(cash, prepend=0.0) / 2, 0.5, 0.04)
    assert_independent(np.diff(cash))


def test_interest_compounds_in_whole_units_halves_to_even():
    stepped = holders(WALK, (5.0, 0), (3.0, 0), (-5.0, 0), (1.0, 0), (0.0, 0), unit=1.0, steps=6,
                      money={"interest": 0.5, "interest_every": 2})  # fmt: skip

    def grown(cash: int) -> int:
        for _ in range(3):
            cash += round(0.5 * cash)  # Python rounds halves to even
        return cash

    ends = [money_of(stepped, f"holder{i} 0") for i in range(5)]
    assert ends == [grown(cash) for cash in (5, 3, -5, 1, 0)] == [17, 11, -17, 1, 0]
    assert money_of(stepped, "interest") == sum((5, 3, -5, 1)) - sum(ends)


def test_interest_may_be_negative_and_starts_anew_in_every_episode():
    data = market(WALK, 4, 3)
    data["money"] = {"interest": -0.25}
    data["populations"] = [{**SLEEPER, "endowment": {"cash": 100.0}}]
    data["record"]["episodes"] = "agents"
    ends = execute(parse(data)).episodes["cash"]
    cash = 100_000_000
    for _ in range(4):
        cash += round(-0.25 * cash)
    assert ends.tolist() == [cash * 1e-6] * 3


def test_dividends_come_before_interest_in_a_step():
    stepped = holders(WALK, (0.0, 10), settlement="none", steps=1, dividend={"mean": 1.0}, money={"interest": 0.1})
    assert money_of(stepped, "holder0 0") == 11_000_000


def test_interest_may_take_all_cash():
    stepped = holders(WALK, (5.0, 0), (-3.0, 0), unit=1.0, steps=4, money={"interest": -1.0, "interest_every": 2})
    assert [money_of(stepped, f"holder{i} 0") for i in range(2)] == [0, 0]
    assert money_of(stepped, "interest") == 2
