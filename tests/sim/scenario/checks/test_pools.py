"""Who may trade on a pool."""

from __future__ import annotations

from typing import Any

import pytest

from sim.core.errors import ScenarioError
from sim.scenario import parse

POOL = {"name": "pool", "mechanism": "constant_product", "liquidity": {"lots": 1_000_000, "price": 100.0}}
NOISE = {"name": "noise", "strategy": "noise", "venues": ["pool"]}


def market(*populations: dict[str, Any]) -> dict[str, Any]:
    return {
        "run": {"steps": 20},
        "instruments": [{"name": "COIN", "value": {"process": "constant", "initial": 100.0}}],
        "venues": [POOL, {"name": "book"}],
        "populations": [NOISE, *populations],
    }


@pytest.mark.parametrize("strategy", ["fixed_spread", "ladder", "avellaneda_stoikov"])
def test_a_maker_that_rests_orders_on_a_pool_is_refused(strategy: str) -> None:
    with pytest.raises(ScenarioError, match=r"populations\.makers\.venues: 'pool' is a pool: .* would rest") as error:
        parse(market({"name": "makers", "strategy": strategy, "venues": ["pool"]}))
    assert "name books as its venues" in str(error.value)


def test_takers_and_whoever_trades_on_both_are_welcome() -> None:
    makers = {"name": "makers", "strategy": "fixed_spread", "venues": ["book"]}
    both = {"name": "both", "strategy": "arbitrageur", "venues": ["pool", "book"]}
    scenario = parse(market(makers, both))
    assert scenario.warnings() == []
    assert [each.name for each in scenario.traders()] == ["noise", "makers", "both"]


def test_a_pool_to_which_nobody_comes_is_told_so() -> None:
    scenario = parse({**market(), "populations": [{**NOISE, "venues": ["book"]}]})
    assert any(each.place == "venues.pool" and "nobody comes" in each.message for each in scenario.warnings())
