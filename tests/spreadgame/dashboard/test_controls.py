"""Sliders and choices: those that a scenario names, else what its file sets, with ends that can be."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sim.core.errors import ScenarioError
from sim.scenario import Scenario, load, parse, with_overrides
from spreadgame.dashboard.controls import controls_of
from spreadgame.dashboard.library import Library
from tests.command_line import MARKET, QUICKSTART


def control(scenario: Scenario, path: str, now: Scenario | None = None) -> dict[str, Any]:
    return next(each for each in controls_of(scenario, now or scenario) if each["path"] == path)


def with_controls(*paths: str) -> Scenario:
    return parse(f"{MARKET}\n[dashboard]\ncontrols = {list(paths)}".replace("'", '"'))


def test_a_share_has_the_bounds_of_its_declaration() -> None:
    found = control(load(QUICKSTART), "informed.arrivals.share")
    assert (found["low"], found["high"], found["step"], found["value"]) == (0.0, 1.0, 0.01, 0.2)
    assert found["label"] == "informed: arrivals share"


def test_bounds_too_wide_for_a_slider_give_way_to_what_is_near_the_value() -> None:
    found = control(load(QUICKSTART), "makers.count")
    assert (found["low"], found["high"], found["step"], found["integer"]) == (1, 10, 1, True)


def test_a_bound_that_may_not_stand_is_no_end() -> None:
    assert control(load(QUICKSTART), "lit.tick_size")["low"] == 0.001


def test_names_and_switches_are_choices() -> None:
    scenario = with_controls("maker.params.reference", "lit.clear_book_after_trade", "lit.matching")
    assert control(scenario, "maker.params.reference")["choices"][0] == "public_value"
    assert control(scenario, "lit.clear_book_after_trade")["choices"] == [False, True]
    assert control(scenario, "lit.matching")["choices"] == ["price_time", "pro_rata"]


def test_a_value_that_the_file_leaves_out_is_its_default() -> None:
    assert control(with_controls("maker.count"), "maker.count")["value"] == 1


def test_a_control_shows_what_was_changed_and_keeps_its_ends() -> None:
    base = load(QUICKSTART)
    now = with_overrides(base, {"makers.count": 3, "informed.arrivals.share": 0.625})
    found = control(base, "makers.count", now)
    assert (found["value"], found["high"]) == (3, 10)
    assert control(base, "informed.arrivals.share", now)["step"] == pytest.approx(0.001)


def test_a_slider_reaches_what_the_command_line_set() -> None:
    base = load(QUICKSTART)
    found = control(base, "makers.count", with_overrides(base, {"makers.count": 37}))
    assert (found["value"], found["high"]) == (37, 37)


def test_a_control_whose_path_leads_nowhere_after_a_change_is_left_out() -> None:
    base = load(QUICKSTART)
    now = with_overrides(base, {"makers.strategy": "fixed_spread", "makers.params": {}})
    assert "makers.params.risk_aversion" not in [each["path"] for each in controls_of(base, now)]


def test_without_a_table_the_controls_are_what_the_file_sets() -> None:
    scenario = parse(MARKET)
    assert [each["path"] for each in controls_of(scenario, scenario)] == ["ACME.value.initial", "ACME.value.volatility"]


def test_every_value_has_a_place_on_its_slider() -> None:
    for entry in Library().summaries():
        assert entry["controls"], entry["name"]
        assert len({each["path"] for each in entry["controls"]}) == len(entry["controls"]), entry["name"]
        for each in entry["controls"]:
            if "choices" in each:
                assert each["value"] in each["choices"], each
                continue
            low, high, step, value = (each[name] for name in ("low", "high", "step", "value"))
            position = (value - low) / step
            assert low <= value <= high, each
            assert math.isclose(position, round(position), abs_tol=1e-6), each


@pytest.mark.parametrize("value", [5e-324, 1e-300, 0.1234567890123456])
def test_whatever_a_value_is_the_other_controls_are_there_and_sliders_can_be_moved(value: float) -> None:
    base = load(QUICKSTART)
    now = with_overrides(base, {"ACME.value.volatility": value})
    others = [each["path"] for each in controls_of(base, base) if each["path"] != "ACME.value.volatility"]
    for file in (base, now):
        found = controls_of(file, now)
        assert [each["path"] for each in found if each["path"] != "ACME.value.volatility"] == others
        assert all((each["high"] - each["low"]) / each["step"] <= 1e13 for each in found if "step" in each)


def test_a_value_is_listed_once_however_it_is_spelt() -> None:
    with pytest.raises(ScenarioError, match=r"listed twice, also as maker\.params\.half_spread"):
        with_controls("maker.params.half_spread", "populations[0].params.half_spread")
