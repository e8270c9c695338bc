"""What a scenario says without effect is said when it is read; what is beyond all prices is refused."""

import copy

import pytest

from sim.core.errors import ScenarioError
from sim.scenario import parse
from sim.scenario.checks.prices import MOST_TICKS
from sim.strategy_kit.loading.uses import uses
from sim.strategy_kit.registry import get
from sim.venues.levels import HIGHEST_PRICE, LOWEST_PRICE

MAKERS = {"name": "makers", "strategy": "fixed_spread", "count": 2}
NOISE = {"name": "noise", "strategy": "noise", "turn": 1}
FLOW = {"name": "flow", "strategy": "reservation_price_taker", "turn": 1}
FIXED = {"distribution": "fixed", "distance": 1.0}
WALK = {"process": "random_walk", "initial": 100.0, "volatility": 0.02}


def market(*populations, value=WALK, **more):
    """A scenario, as data; ``more`` goes into its tables of the same name."""
    data = {
        "run": {"steps": 100} | more.get("run", {}),
        "instruments": [{"name": "ACME", "value": value} | more.get("instrument", {})],
        "venues": [{"name": "lit"} | more.get("venue", {})],
        "populations": copy.deepcopy([*populations]),
    }
    return data | {key: held for key, held in more.items() if key in ("turns", "game", "money")}


def warned(*populations, **more):
    """What is said of a scenario: pairs of a place and a message."""
    return [(each.place, str(each)) for each in parse(market(*populations, **more)).warnings()]


def places(*populations, **more):
    return [place for place, _ in warned(*populations, **more)]


def refused(*populations, **more):
    with pytest.raises(ScenarioError) as caught:
        parse(market(*populations, **more))
    (problem,) = caught.value.problems
    return problem


# --- without effect -------------------------------------------------------------------------------------------------


def test_of_a_market_in_which_all_is_well_nothing_is_said():
    assert warned(MAKERS, NOISE) == []


def test_takers_in_a_simultaneous_turn_on_a_book_are_warned_of_but_not_where_it_is_a_call():
    at_once = {"turns": {"simultaneous": [1]}}
    found = dict(warned(MAKERS, NOISE, **at_once))
    assert "all its orders are rejected: turn 1 is simultaneous" in found["populations.noise.turn"]
    assert "no trade can happen: nobody takes" in found["venues.lit"]
    assert warned(MAKERS, NOISE, venue={"auction": {"every": 5}}, **at_once) == []
    both = {"name": "both", "strategy": "poisson_flow", "turn": 1}
    assert (
        "its market and immediate-or-cancel orders are rejected"
        in dict(warned(both, **at_once))["populations.both.turn"]
    )


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"reservation": FIXED}, "populations.noise.reservation"),
        ({"sees": {"of": "value"}}, "populations.noise.sees"),
        ({"private_values": {"distribution": "normal", "deviation": 1.0, "units": 2}},
         "populations.noise.private_values"),
    ],
)  # fmt: skip
def test_what_a_strategy_never_asks_for_is_said(given, place):
    assert places(MAKERS, NOISE | given) == [place]


def test_a_signal_that_is_read_with_one_choice_only_is_said_with_the_others():
    seeing = MAKERS | {"sees": {"of": "value"}}
    ((place, said),) = warned(seeing, NOISE)
    assert place == "populations.makers.sees"
    assert "only with reference = 'signal'" in said
    assert warned(seeing | {"params": {"reference": "signal"}}, NOISE) == []


def test_a_signal_around_which_reservation_prices_are_drawn_is_read():
    flow = FLOW | {"sees": {"of": "value"}, "reservation": FIXED | {"reference": "signal"}}
    assert warned(MAKERS, flow) == []
    assert places(MAKERS, flow | {"reservation": FIXED}) == ["populations.flow.sees"]


def test_who_chooses_in_a_game_may_yet_ask():
    game = {"players": "noise", "strategies": {"all": {"strategy": "reservation_price_taker"}, "some": {}}}
    assert warned(MAKERS, NOISE | {"reservation": FIXED}, game=game) == []


@pytest.mark.parametrize(
    ("arrivals", "key"),
    [
        ({"law": "bernoulli", "probability": 0.0}, "probability"),
        ({"law": "poisson", "rate": 0.0}, "rate"),
        ({"law": "one_of", "group": "g", "share": 0.0}, "share"),
    ],
)
def test_members_that_never_act_are_said(arrivals, key):
    rest = {"name": "rest", "strategy": "noise", "turn": 1, "arrivals": {"law": "one_of", "group": "g"}}
    others = [rest] if key == "share" else [{"name": "rest", "strategy": "noise", "turn": 1}]
    assert places(MAKERS, NOISE | {"arrivals": arrivals}, *others) == [f"populations.noise.arrivals.{key}"]


def test_arrivals_that_only_those_excite_who_never_come_are_none():
    def law(rate, **by):
        return {"arrivals": {"law": "hawkes", "rate": rate, "mass": 0.5, "decay": 1.0, "by": by}}

    first, second = NOISE | law(0.0, other=0.3), NOISE | {"name": "other"} | law(0.0, noise=0.3)
    last = {"name": "rest", "strategy": "noise", "turn": 1}
    rates = ["populations.noise.arrivals.rate", "populations.other.arrivals.rate"]
    assert places(MAKERS, first, second, last) == rates
    assert places(MAKERS, first, second | law(0.1), last) == []
    assert places(MAKERS, first, second | law(0.0, rest=0.1), last) == []
    assert places(MAKERS, first, second | law(0.0, rest=0.0), last) == rates


@pytest.mark.parametrize(
    ("populations", "why"),
    [
        ([MAKERS], "nobody takes what rests on it"),
        ([NOISE], "nobody leaves orders on it"),
        ([MAKERS | {"params": {"sides": "buy"}},
          {"name": "desk", "strategy": "executor", "turn": 1, "params": {"side": "buy"}}], "orders rest only to buy"),
        ([MAKERS | {"params": {"sides": "sell"}}, NOISE | {"params": {"buy_probability": 0.0}}],
         "orders rest only to sell"),
        ([MAKERS, NOISE | {"arrivals": {"law": "poisson", "rate": 0.0}}], "nobody takes"),
        ([MAKERS | {"params": {"half_spread": 1.5}}, FLOW | {"reservation": FIXED}], "wider than any reservation"),
        ([{"name": "zi", "strategy": "poisson_flow"}], "one agent alone"),
    ],
)  # fmt: skip
def test_markets_in_which_nobody_can_trade_are_said(populations, why):
    found = dict(warned(*populations))
    assert "no trade can happen" in found["venues.lit"]
    assert why in found["venues.lit"]


def test_a_half_spread_that_a_reservation_price_reaches_is_no_dead_end():
    makers = MAKERS | {"params": {"half_spread": 0.5}}
    assert warned(makers, FLOW | {"reservation": FIXED}) == []
    wide = {"distribution": "normal", "mean": 0.0, "deviation": 0.1}
    assert warned(makers, FLOW | {"reservation": wide}) == []  # not certain


def test_what_comes_after_the_end_is_said():
    late = {"name": "desk", "strategy": "executor", "turn": 1, "params": {"start": 100}}
    assert places(MAKERS, NOISE, late) == ["populations.desk.params.start"]
    instrument = {"dividend": {"mean": 1.0, "every": 101}}
    money = {"interest": 0.01, "interest_every": 101}
    found = places(MAKERS, NOISE, instrument=instrument, money=money)
    assert found == ["instruments.ACME.dividend.every", "money.interest_every"]


def test_a_factor_on_no_volatility_is_said():
    value = {"process": "constant", "initial": 100.0}
    found = places(MAKERS, NOISE, value=value, instrument={"shocks": [{"step": 5, "volatility": 2.0}]})
    assert found == ["instruments.ACME.shocks[0].volatility"]


def test_a_distance_that_no_price_has_is_said():
    assert places(MAKERS | {"params": {"half_spread": 2e7}}, NOISE) == ["populations.makers.params.half_spread"]


def test_only_what_a_strategy_names_can_it_use():
    assert uses(get("noise")) >= {"market_order", "uniform"}
    assert not uses(get("noise")) & {"limit_order", "signal", "reservation_price", "post_only_order"}
    assert uses(get("fixed_spread")) >= {"post_only_order", "signal", "inventory"}
    assert "market_order" not in uses(get("fixed_spread"))
    assert "reservation_price" in uses(get("reservation_price_taker"))


# --- beyond all prices ----------------------------------------------------------------------------------------------


def test_venues_have_as_many_prices_as_the_check_says():
    assert (LOWEST_PRICE, HIGHEST_PRICE) == (-MOST_TICKS, MOST_TICKS - 1)


def test_a_dear_share_on_a_fine_grid_is_refused_and_told_a_tick_that_helps():
    problem = refused(MAKERS, NOISE, value=WALK | {"initial": 700_000.0}, venue={"tick_size": 0.001})
    assert problem.place == "instruments.ACME.value.initial"
    assert "700,000,000 ticks of 0.001, beyond the 536,870,912 that venue 'lit' has" in problem.message
    assert "tick_size to 0.01" in problem.remedy
    parse(market(MAKERS, NOISE, value=WALK | {"initial": 700_000.0}, venue={"tick_size": 0.01}))


@pytest.mark.parametrize(
    ("value", "instrument", "place"),
    [
        ({"process": "random_walk", "initial": -6e6, "volatility": 1.0}, {}, "value.initial"),
        ({"process": "mean_reverting", "mean": 6e6, "reversion": 0.1, "volatility": 1.0}, {}, "value.mean"),
        ({"process": "binary", "low": 0.0, "high": 6e6}, {}, "value.high"),
        ({"process": "random_walk", "initial": 0.0, "volatility": 0.0, "drift": 1e5}, {}, "value"),
        ({"process": "geometric_brownian", "initial": 1.0, "volatility": 0.0, "drift": 1e3}, {}, "value"),
        ({"process": "mean_reverting", "initial": 0.0, "mean": 6e6, "reversion": 0.9, "volatility": 0.0}, {}, "value"),
        ({"process": "constant", "initial": 0.0}, {"shocks": [{"step": 5, "value": 6e6}]}, "shocks[0]"),
    ],
)
def test_where_a_value_certainly_goes_is_held_against_the_grid(value, instrument, place):
    assert refused(MAKERS, NOISE, value=value, instrument=instrument).place == f"instruments.ACME.{place}"


def test_a_high_value_that_never_comes_is_none():
    parse(market(MAKERS, NOISE, value={"process": "binary", "low": 0.0, "high": 6e6, "probability": 0.0}))


@pytest.mark.parametrize(
    "value",
    [
        {"process": "random_walk", "initial": 5.3e6, "volatility": 1e4},
        {"process": "random_walk", "initial": 0.0, "volatility": 1.0, "drift": 6e4},
        {"process": "geometric_brownian", "initial": 100.0, "volatility": 2.0},
        {"process": "jump_diffusion", "initial": 0.0, "jump_probability": 0.5, "jump_size": 1e6},
    ],
)
def test_where_a_value_may_well_come_is_warned_of(value):
    value = value | {"drift": value.get("drift", 2.0)} if value["process"] == "geometric_brownian" else value
    assert places(MAKERS, NOISE, value=value) == ["instruments.ACME.value"]


def test_a_file_beyond_the_grid_is_refused(tmp_path):
    (tmp_path / "values.csv").write_text("value\n" + "1\n" * 50 + "6000000\n" * 50)
    data = market(MAKERS, NOISE, value={"process": "file", "path": "values.csv"})
    with pytest.raises(ScenarioError, match="600,000,000 ticks"):
        parse(data, folder=tmp_path)
    parse(data, folder=tmp_path, overrides={"run.steps": 50})


def test_reservation_prices_beyond_the_grid_are_refused():
    for reservation, key in (
        ({"distribution": "fixed", "distance": 2e7}, "distance"),
        ({"distribution": "uniform", "low": 2e7, "high": 3e7}, "low"),
        ({"distribution": "uniform", "low": -3e7, "high": -2e7}, "low"),
    ):
        assert refused(MAKERS, FLOW | {"reservation": reservation}).place == f"populations.flow.reservation.{key}"
    parse(market(MAKERS, FLOW | {"reservation": {"distribution": "uniform", "low": -3e7, "high": 2e7}}))
