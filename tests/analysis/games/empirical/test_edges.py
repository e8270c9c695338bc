"""Equilibria at the edge of what was offered are found, in one parameter of several, and told in table and JSON."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from analysis.games.empirical.candidates import mixed_candidate, pure_candidate
from analysis.games.empirical.edges import edges
from analysis.games.empirical.market import MarketGame
from analysis.games.output.as_json import candidate_as_json
from analysis.games.output.solution_tables import doubts
from sim.scenario import load, parse
from tests.places import ROOT

MAKERS = ROOT / "scenarios" / "games" / "makers.toml"


def market(strategies: dict[str, dict[str, Any]], **game: Any) -> MarketGame:
    given = load(MAKERS).given
    return MarketGame(parse({**given, "game": {"players": "makers", "strategies": strategies, **game}}))


SPREADS = {f"s{spread}": {"half_spread": float(spread)} for spread in (2, 3, 4)}


def ends(game: MarketGame, shares: dict[str, float]) -> list[tuple[str, float, str]]:
    return [each[1:] for each in edges(game, mixed_candidate(game, [shares]))]


@pytest.mark.parametrize(
    ("shares", "found"),
    [
        ({"s2": 1.0}, [("half_spread", 2.0, "least")]),
        ({"s3": 1.0}, []),
        ({"s4": 1.0}, [("half_spread", 4.0, "largest")]),
        ({"s2": 0.5, "s3": 0.5}, []),
    ],
)
def test_what_all_play_at_the_end_of_the_choices_is_an_edge(shares, found):
    assert ends(market(SPREADS), shares) == found


def test_a_parameter_that_can_go_no_further_has_no_edge():
    game = market({"zero": {"half_spread": 0.0}, "one": {"half_spread": 1.0}, "two": {"half_spread": 2.0}})
    assert ends(game, {"zero": 1.0}) == []
    assert ends(game, {"two": 1.0}) == [("half_spread", 2.0, "largest")]


def test_what_a_choice_leaves_to_the_population_counts_too():
    own = load(MAKERS).populations[0].params["half_spread"]
    game = market({"own": {}, "wider": {"half_spread": own + 1}, "widest": {"half_spread": own + 2}})
    assert ends(game, {"own": 1.0}) == [("half_spread", own, "least")]


def test_each_parameter_has_edges_of_its_own_also_where_a_mixture_differs_in_another():
    game = market(
        {
            f"s{spread}-q{size}": {"half_spread": float(spread), "quantity": size}
            for spread in (2, 3, 4)
            for size in (2, 3, 4)
        }
    )
    assert ends(game, {"s2-q3": 0.5, "s3-q3": 0.5}) == []
    assert ends(game, {"s2-q2": 0.5, "s2-q3": 0.5}) == [("half_spread", 2.0, "least")]
    assert ends(game, {"s4-q4": 1.0}) == [("half_spread", 4.0, "largest"), ("quantity", 4.0, "largest")]


def test_only_numbers_of_one_strategy_are_held_against_one_another():
    game = market({**SPREADS, "drawn": {"strategy": "mixed_strategy", "quantity": 50}})
    assert ends(game, {"drawn": 1.0}) == []
    assert ends(game, {"s2": 0.5, "drawn": 0.5}) == []
    assert ends(game, {"s2": 1.0}) == [("half_spread", 2.0, "least")]


def test_the_points_of_a_range_are_choices():
    game = market({}, ranges={"half_spread": {"low": 2.0, "high": 4.0}})
    assert ends(game, {"half_spread 2": 1.0}) == [("half_spread", 2.0, "least")]
    assert ends(game, {"half_spread 3": 1.0}) == []


def test_players_who_differ_are_not_at_an_edge_and_those_who_do_the_same_are():
    game = market(SPREADS)
    assert edges(game, pure_candidate(game, [{"s2": 1, "s4": 1}])) == []
    assert len(edges(game, pure_candidate(game, [{"s4": 2}]))) == 1


def test_an_edge_stands_in_the_table_and_in_json():
    game = market(SPREADS)
    candidate = pure_candidate(game, [{"s2": 2}])
    found: Any = SimpleNamespace(equilibria=[candidate], game=game, epsilon=0.1, unmet=[])
    assert "1 is at the edge: half_spread 2 is the least of your choices: what lies below was not tried" in doubts(
        found
    )
    told = candidate_as_json(candidate, 0.1, edges(game, candidate))
    assert told["at_edge"] == [{"role": "makers", "parameter": "half_spread", "value": 2.0, "end": "least"}]
