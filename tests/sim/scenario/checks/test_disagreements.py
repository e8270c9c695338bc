"""What is said in two places and not alike is told when the file is read."""

from __future__ import annotations

import pytest

from sim.core.errors import StrategyError
from sim.scenario import load
from sim.strategy_kit.declare import strategy
from tests.places import SCENARIOS


def told(name: str, **changes: object) -> list[str]:
    overrides = {key.replace("__", "."): value for key, value in changes.items()}
    return [str(each) for each in load(SCENARIOS / "reflexivity" / f"{name}.toml", overrides).warnings()]


@pytest.mark.parametrize("name", sorted(each.stem for each in (SCENARIOS / "reflexivity").glob("*.toml")))
def test_the_shipped_markets_say_everything_alike(name: str) -> None:
    assert not [said for said in told(name) if "is not" in said]


@pytest.mark.parametrize(
    ("name", "key"), [("brock_hommes", "intensity"), ("brock_hommes", "cost"), ("structural_volatility", "herding")]
)
def test_a_number_that_both_rules_share_is_told_where_one_alone_has_it(name: str, key: str) -> None:
    (said,) = told(name, **{f"fundamentalists__params__{key}": 2.5})
    assert said.startswith(f"populations.chartists.params.{key}: ")
    assert "is not that of population 'fundamentalists', 2.5" in said
    assert said.endswith("— set it in both alike")
    both = {f"{who}__params__{key}": 2.5 for who in ("fundamentalists", "chartists")}
    assert told(name, **both) == []


def test_what_only_one_rule_reads_may_differ() -> None:
    assert told("structural_volatility", chartists__params__fundamental_noise=0.1) == []


def test_a_learner_that_is_wrong_about_its_signal_is_told() -> None:
    (said,) = told("cascade", learners__params__precision=0.8)
    assert said.startswith("populations.learners.params.precision: 0.8 is not sees.precision, 0.7")
    assert told("cascade", learners__params__precision=0.8, learners__sees__precision=0.8) == []


def test_a_common_parameter_must_be_one_of_the_strategys() -> None:
    with pytest.raises(StrategyError, match="common names 'nothing', and it has no such parameter"):
        strategy("x", summary="x", common=("nothing",))(lambda me, market: None)
