"""Players parted from their populations: what each may choose, what it is called, and what a profile of many costs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest

from analysis.games.empirical.market import MarketGame
from sim.core.errors import ScenarioError
from sim.experiment.jobs import digest_of
from sim.scenario import Scenario, parse
from sim.scenario.choices import Players, offered, point
from sim.scenario.tables.table import NAME

MARKET: dict[str, Any] = {
    "run": {"steps": 10},
    "instruments": [{"name": "ACME", "value": {"process": "constant", "initial": 100.0}}],
    "venues": [{"name": "lit"}],
    "populations": [
        {"name": "makers", "strategy": "fixed_spread", "params": {"half_spread": 0.5, "quantity": 2}},
        {"name": "others", "strategy": "noise", "turn": 1},
    ],
}
TIGHT_OR_WIDE = {"tight": {"half_spread": 0.1}, "wide": {"half_spread": 0.9}}
LINEAR = {"distribution": "linear", "role": "buyer", "first": 110.0, "last": 90.0}


def market(makers: Mapping[str, Any], others: Mapping[str, Any] | None = None, **game: Any) -> Scenario:
    first, second = MARKET["populations"]
    populations = [{**first, **makers}, {**second, **(others or {})}]
    return parse({**MARKET, "populations": populations, "game": {"players": "makers", **game}})


def problems(*arguments: Any, **game: Any) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        market(*arguments, **game)
    return [str(problem) for problem in caught.value.problems]


# --- members must be alike, and have names ----------------------------------------------------------------------------


def test_members_on_a_demand_curve_are_not_alike_but_one_alone_or_all_at_one_value_are():
    (said,) = problems({"count": 2, "private_values": LINEAR}, strategies=TIGHT_OR_WIDE)
    assert said.startswith("populations.makers.private_values: ")
    assert "110 to 90 are not alike" in said
    assert "name populations of one each" in said
    alone = market({"private_values": LINEAR}, strategies=TIGHT_OR_WIDE)
    level = market({"count": 2, "private_values": {**LINEAR, "last": LINEAR["first"]}}, strategies=TIGHT_OR_WIDE)
    for scenario in (alone, level):
        members = scenario.populations[0].count
        played = Players(scenario).playing({"makers": ["tight"] * members})
        assert {each.private_values.first for each in played.populations[:members]} == {LINEAR["first"]}
    market({}, {"count": 2, "private_values": LINEAR}, strategies=TIGHT_OR_WIDE)  # who is no player is not parted


def test_a_player_may_have_every_name_whose_members_have_names():
    longest = max(length for length in range(1, 100) if NAME.fullmatch("m" * length))
    for count in (2, 10, 11):
        most = longest - len(f":{count - 1}")
        for length in (most, most + 1):
            given = {"name": "m" * length, "count": count}
            if length == most:
                played = Players(market(given, players="m" * most, strategies=TIGHT_OR_WIDE)).playing(
                    {"m" * most: ["tight"] * count}
                )
                assert parse(played.given) == played
            else:
                (said,) = problems(given, players="m" * length, strategies=TIGHT_OR_WIDE)
                assert f"{most} letters at most" in said
    market({"name": "m" * longest}, players="m" * longest, strategies=TIGHT_OR_WIDE)


@pytest.mark.parametrize(("name", "is_taken"), [("0", True), ("1", True), ("2", False), ("01", False), ("x", False)])
def test_a_name_is_taken_only_if_a_member_has_it(name, is_taken):
    arguments = {"count": 2}, {"name": f"makers:{name}"}
    if is_taken:
        (said,) = problems(*arguments, strategies=TIGHT_OR_WIDE)
        assert said.startswith(f"populations.makers:{name}.name: ")
        assert "give this population another name" in said
    else:
        played = Players(market(*arguments, strategies=TIGHT_OR_WIDE)).playing({"makers": ["tight", "wide"]})
        assert parse(played.given) == played


def test_only_one_member_can_act_on_news():
    news = {"arrivals": {"law": "on_news", "group": "takers"}}
    jumping = {"process": "jump_diffusion", "initial": 100.0, "jump_probability": 0.1, "jump_size": 1.0}
    rest = {"arrivals": {"law": "one_of", "group": "takers"}}
    first, second = MARKET["populations"]
    for count in (1, 2):
        data = {
            **MARKET,
            "instruments": [{"name": "ACME", "value": jumping}],
            "populations": [{**first, **news, "count": count}, {**second, **rest}],
            "game": {"players": "makers", "strategies": TIGHT_OR_WIDE},
        }
        if count == 1:
            Players(parse(data)).playing({"makers": ["tight"]})
        else:
            with pytest.raises(ScenarioError, match=r"populations\.makers\.arrivals\.law: .* — write count = 1"):
                parse(data)


# --- parted members ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arrivals", "others"),
    [
        (None, None),
        ({"law": "bernoulli", "probability": 0.3}, None),
        ({"law": "poisson", "rate": 0.7}, None),
        ({"law": "one_of", "group": "takers", "share": 0.7}, {"law": "one_of", "group": "takers"}),
        ({"law": "one_of", "group": "takers"}, {"law": "one_of", "group": "takers", "share": 0.4}),
    ],
)
def test_what_is_written_of_a_parted_scenario_reads_as_the_scenario(arrivals, others):
    scenario = market(
        {"count": 3, "arrivals": arrivals} if arrivals else {"count": 3},
        {"arrivals": others} if others else None,
        strategies={**TIGHT_OR_WIDE, "other": {"strategy": "noise", "quantity": 3}},
    )
    played = Players(scenario).playing({"makers": ["wide", "other", "wide"]})
    again = parse(played.given)
    assert again == played
    assert digest_of(again) == digest_of(played)
    assert [each.name for each in played.populations] == ["makers:0", "makers:1", "makers:2", "others"]
    assert [each.strategy for each in played.populations[:3]] == ["fixed_spread", "noise", "fixed_spread"]
    assert played.populations[0].params["half_spread"] == TIGHT_OR_WIDE["wide"]["half_spread"]
    assert played.populations[0].params["quantity"] == MARKET["populations"][0]["params"]["quantity"]
    assert [each.count for each in played.populations] == [1] * 4
    if arrivals and "share" in arrivals:
        assert sum(each.arrivals.share for each in played.populations) == pytest.approx(1.0)


def test_players_who_are_offered_other_strategies_by_a_name_play_their_own():
    players = Players(market({"count": 2}, strategies=TIGHT_OR_WIDE))
    others = players.copy()
    for each, half_spread in ((players, 0.2), (others, 0.3)):
        each.offer("makers", {"new": {"half_spread": half_spread}})
        played = each.playing({"makers": ["new", "wide"]})
        assert played.populations[0].params["half_spread"] == half_spread


def test_ten_thousand_members_are_placed_in_a_moment():
    """It takes a tenth of a second; growing with the square of their number it took more than a minute."""
    players = Players(market({"count": 10_000}, strategies=TIGHT_OR_WIDE))
    begun = time.thread_time()  # of this thread's own work, whatever else the machine does
    players.playing({"makers": ["tight"] * 5_000 + ["wide"] * 5_000})
    assert time.thread_time() - begun < 20.0


# --- points of ranges -------------------------------------------------------------------------------------------------


def test_a_point_that_is_a_strategy_with_a_name_is_offered_once():
    ranges = {"half_spread": {"low": 0.1, "high": 0.9, "points": 3}}
    scenario = market({}, strategies={"tight": {"half_spread": 0.1}, "deep": {"quantity": 5}}, ranges=ranges)
    assert list(offered(scenario, "makers")) == ["tight", "deep", "half_spread 0.5", "half_spread 0.9"]
    assert point(scenario, "makers", {"half_spread": 0.1}) == {"tight": {"half_spread": 0.1}}
    assert MarketGame(scenario).roles[0].strategies == ("tight", "deep", "half_spread 0.5", "half_spread 0.9")


@pytest.mark.parametrize(
    ("named", "is_same"),
    [
        ({"half_spread": 0.1}, True),
        ({"half_spread": 0.1, "quantity": 2}, True),  # as the population has it anyway
        ({"strategy": "fixed_spread", "half_spread": 0.1, "quantity": 2}, True),
        ({"strategy": "fixed_spread", "half_spread": 0.1}, False),  # the strategy's own quantity
        ({"half_spread": 0.1, "quantity": 3}, False),
        ({"half_spread": 0.11}, False),
        ({"strategy": "noise"}, False),
        ({"half_spread": 0.1, "players": "others"}, False),
    ],
)
def test_a_strategy_is_a_point_if_it_comes_to_the_same_parameters_and_is_offered_to_the_player(named, is_same):
    ranges = {"half_spread": {"low": 0.1, "high": 0.9, "points": 2}}
    others = {"strategy": "fixed_spread", "turn": 1}
    scenario = market({}, others, players=["makers", "others"], strategies={"named": named}, ranges=ranges)
    assert ("half_spread 0.1" not in offered(scenario, "makers")) == is_same
    assert "half_spread 0.9" in offered(scenario, "makers")


def test_a_point_of_a_whole_number_is_the_same_as_the_strategy_with_it():
    ranges = {"quantity": {"low": 1, "high": 3, "step": 1}}
    scenario = market({}, strategies={"two": {"quantity": 2}}, ranges=ranges)
    assert list(offered(scenario, "makers")) == ["two", "quantity 1", "quantity 3"]


def test_ends_of_a_range_that_strategies_have_leave_no_tie_in_the_game():
    scenario = market(
        {"count": 2}, strategies=TIGHT_OR_WIDE, ranges={"half_spread": {"low": 0.1, "high": 0.9, "points": 2}}
    )
    game = MarketGame(scenario)
    played = {tuple(sorted(game.settings((0, name)).items())) for name in game.roles[0].strategies}
    assert len(played) == len(game.roles[0].strategies) == len(TIGHT_OR_WIDE)
