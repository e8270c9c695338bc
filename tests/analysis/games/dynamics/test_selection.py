"""Which equilibrium evolving, erring, replying and correlated players come to, side by side."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from analysis.games.dynamics import selection as module
from analysis.games.dynamics.selection import PRECISION, selection
from analysis.games.output.selection_text import as_json, lines
from analysis.games.solvers.pure import pure_equilibria
from analysis.games.solvers.symmetric_equilibria import symmetric_equilibria
from analysis.games.tables.roles import Role, RoleSymmetricGame, profiles
from analysis.games.tables.symmetric import SymmetricGame
from sim.core.errors import RunError
from tests.markets.game_examples import ROCK_PAPER_SCISSORS, random_game, spread_competition

LAWS = ("replicator", "best_response")
GRID = np.arange(6)
REFERENCE = spread_competition(0.7 * GRID - 0.3 * np.maximum(0, 5 - GRID), 2)
COORDINATION = SymmetricGame.from_matrix([[3.0, 0.0], [0.0, 1.0]], ["stag", "hare"])
BATTLE = RoleSymmetricGame.from_matrices(
    [[2.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 2.0]], (("ball", "fight"), ("ball", "fight"))
)
BATTLE_EQUILIBRIA = [([1.0, 0.0], [1.0, 0.0]), ([0.0, 1.0], [0.0, 1.0]), ([2 / 3, 1 / 3], [1 / 3, 2 / 3])]


def solved(game, **more):
    """A symmetric game's equilibria, and what is said of them."""
    found = symmetric_equilibria(game).equilibria
    return found, selection(RoleSymmetricGame.from_symmetric(game), [(each.mixture,) for each in found], **more)


@pytest.fixture(scope="module")
def reference():
    return solved(REFERENCE, starts=16)


@pytest.fixture(scope="module")
def battle():
    return selection(BATTLE, BATTLE_EQUILIBRIA)


@pytest.fixture(scope="module")
def coordination():
    return solved(COORDINATION, starts=32)


@pytest.fixture
def unmoved(monkeypatch):
    """Leave out what takes time where it is not looked at."""
    monkeypatch.setattr(module, "_MOST_MOVED", 0)


def test_makers_come_to_one_of_the_two_strict_half_spreads_and_never_to_the_mixture_between(reference):
    equilibria, found = reference
    strict = [place for place, each in enumerate(equilibria) if each.strict]
    mixed = [place for place, each in enumerate(equilibria) if not each.strict]
    assert [each.stable for each in found.equilibria] == [
        "stable" if each.strict else "not stable" for each in equilibria
    ]
    assert found.logit.equilibrium in strict
    assert found.fictitious_play.equilibrium in strict
    assert set(mixed) <= set(found.unreached)
    assert found.reasons == {}


def test_single_best_replies_of_makers_end_at_the_pure_equilibria(reference):
    pure = pure_equilibria(RoleSymmetricGame.from_symmetric(REFERENCE))
    assert sorted(reference[1].sinks) == sorted((tuple(row),) for row in pure.counts.tolist())


@pytest.mark.parametrize("law", LAWS)
def test_shares_of_all_ends_sum_to_one(reference, law):
    found = reference[1]
    total = sum(each.basins[law].value for each in found.equilibria) + found.elsewhere[law].value
    assert total == pytest.approx(1.0)


@pytest.mark.parametrize("law", LAWS)
def test_in_coordination_the_mixture_divides_the_starts(coordination, law):
    equilibria, found = coordination
    border = next(each.mixture for each in equilibria if len(each.support) == 2)
    for each, said in zip(equilibria, found.equilibria, strict=True):
        share = 1.0 - border[each.support[0]] if each.strict else 0.0
        assert said.basins[law].value == pytest.approx(
            share, abs=4 * said.basins[law].standard_error + 1 / found.starts
        )


def test_vanishing_errors_and_replies_to_even_play_end_at_what_risk_favours(coordination):
    equilibria, found = coordination
    favoured = int(np.argmax(COORDINATION.expected(np.full(2, 0.5))))
    assert equilibria[found.logit.equilibrium].support == (favoured,)
    assert equilibria[found.fictitious_play.equilibrium].support == (favoured,)


@pytest.mark.parametrize("seed", range(4))
def test_erring_players_are_shown_at_a_point_of_the_logit_branch(unmoved, seed):
    game = random_game(2 + seed % 3, 3, seed)
    shown = solved(game)[1].logit
    logs = shown.precision * game.expected(shown.mixture)
    assert shown.precision >= PRECISION / game.scale
    assert shown.mixture == pytest.approx(np.exp(logs) / np.exp(logs).sum(), abs=1e-8)


def test_rock_paper_scissors_circles_under_imitation_and_is_learned_by_replies():
    found = solved(SymmetricGame.from_matrix(ROCK_PAPER_SCISSORS))[1]
    (only,) = found.equilibria
    assert only.stable == "not stable"
    assert found.elsewhere["replicator"].value == 1.0
    assert only.basins["best_response"].value > 0.9
    assert (found.fictitious_play.equilibrium, only.fictitious_play) == (0, 1.0)
    ((*cycle,),) = found.sinks
    assert all(max(profile) == 1 for profile in cycle)  # nobody stays where both do the same
    assert found.correlated["players"] == pytest.approx((0.0, 0.0), abs=1e-9)  # the value of a fair game of two


def test_an_equilibrium_of_a_dominated_strategy_is_reached_by_nothing():
    game = RoleSymmetricGame.from_symmetric(SymmetricGame.from_matrix([[0.0, 0.0], [0.0, 1.0]]))
    found = selection(game, [([1.0, 0.0],), ([0.0, 1.0],)], starts=16)
    assert found.unreached == (0,)
    assert [each.stable for each in found.equilibria] == ["not stable", "stable"]
    assert "reached by none of these: nobody quotes" in lines(found, ["nobody quotes", "both quote"])


def test_of_two_roles_only_what_is_defined_for_roles_is_said(battle):
    assert set(battle.reasons) == {"stability", "logit", *LAWS}
    assert all(each.stable is None and each.basins == {} for each in battle.equilibria)
    assert (battle.logit, battle.starts, battle.elsewhere) == (None, 0, {})
    pure = pure_equilibria(BATTLE)
    assert sorted(battle.sinks) == sorted((tuple(row),) for row in pure.counts.tolist())
    assert battle.fictitious_play.equilibrium is not None
    assert sum(each.fictitious_play for each in battle.equilibria) == 1.0


def test_correlated_spouses_get_between_the_mixture_and_their_own_wish(battle):
    for place, role in enumerate(BATTLE.roles):
        paid = [float(np.dot(each[place], BATTLE.expected(each)[place])) for each in BATTLE_EQUILIBRIA]
        assert battle.correlated[role.name] == pytest.approx((min(paid), max(paid)))


@pytest.mark.parametrize("seed", range(3))
def test_coarse_payoffs_enclose_correlated_ones_and_these_the_payoffs_of_equilibria(unmoved, seed):
    equilibria, found = solved(random_game(3, 3, seed))
    (low, high), (lowest, highest) = found.correlated["players"], found.coarse["players"]
    paid = [each.payoff for each in equilibria]
    slack = 1e-7
    assert lowest - slack <= low <= min(paid) + slack
    assert max(paid) - slack <= high <= highest + slack


def test_fictitious_play_of_roles_ends_at_frequencies_of_each_role(battle):
    told = as_json(battle)["fictitious_play"]["end"]
    assert [sum(told[role.name].values()) for role in BATTLE.roles] == pytest.approx([1.0, 1.0])


def test_the_same_call_says_the_same_and_the_seed_only_draws_beginnings(monkeypatch):
    monkeypatch.setattr(module, "_STEPS", 50)
    one, *others = (selection(BATTLE, BATTLE_EQUILIBRIA, seed=seed) for seed in range(5))
    assert one == selection(BATTLE, BATTLE_EQUILIBRIA, seed=0)
    assert any(one != other for other in others)
    assert all(replace(one, equilibria=()) == replace(other, equilibria=()) for other in others)


def test_json_is_plain_and_names_strategies(reference, battle):
    for found in (reference[1], battle):
        told = as_json(found)
        assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert as_json(battle)["sinks"][0][0] == {"row": {"ball": 1}, "column": {"ball": 1}}
    mixture = as_json(reference[1])["logit"]["mixture"]["players"]
    assert sum(mixture.values()) == pytest.approx(1.0)
    assert set(mixture) == set(REFERENCE.strategies)


def test_lines_are_short_and_say_each_part(reference, unmoved):
    shown = lines(reference[1])
    for begins in (
        "cannot be invaded: ",
        "replicator: of 64 starts ",
        "logit path from even play ends at ",
        "sinks of ",
    ):
        assert any(line.startswith(begins) for line in shown)
    game = random_game(3, 3, 0)
    long = SymmetricGame(3, tuple(name * 120 for name in game.strategies), game.payoffs)
    found = solved(long)[1]
    for said in (shown, lines(found, ["an equilibrium " * 10] * len(found.equilibria))):
        assert max(map(len, said)) <= 100


def test_of_equilibria_that_may_not_hold_invasions_are_said_under_that_condition(reference):
    found = reference[1]
    said = {line for line in lines(found) if "invaded" in line}
    names = [str(place + 1) for place in range(len(found.equilibria))]
    if_so = {line for line in lines(found, unsure=names) if "invaded" in line}
    assert said
    assert {re.sub(", if (it holds|they hold):", ":", line) for line in if_so} == said
    assert not if_so & said
    assert [row["verdict"] for row in as_json(found, ["open"] * len(names))["equilibria"]] == ["open"] * len(names)
    assert all("verdict" not in row for row in as_json(found)["equilibria"])


def test_shares_are_told_largest_first_and_none_that_reads_zero(reference):
    found = reference[1]
    told = next(line for line in lines(found) if line.startswith("replicator"))
    largest = max(range(len(found.equilibria)), key=lambda place: found.equilibria[place].basins["replicator"].value)
    share = found.equilibria[largest].basins["replicator"].value
    assert told.startswith(f"replicator: of {found.starts} starts {100 * share:.0f} % end at {largest + 1}, ")
    assert " 0 %" not in told


def flat(players, strategies):
    """A game in which nothing matters."""
    role = Role("players", players, tuple(map(str, range(strategies))))
    return RoleSymmetricGame((role,), np.zeros(profiles([role]).shape))


def test_of_large_games_what_takes_long_is_left_out_with_the_reason(monkeypatch):
    game, mixture = flat(4, 3), [([1.0, 0.0, 0.0],)]
    count = len(game.counts)
    monkeypatch.setattr(module, "_MOST_MOVED", count - 1)
    some = selection(game, mixture)
    assert set(some.reasons) == {*LAWS, "fictitious_play"}
    assert all(reason == f"{count} profiles are more than {count - 1}" for reason in some.reasons.values())
    assert some.correlated is not None
    monkeypatch.setattr(module, "_MOST", count - 1)
    none = selection(game, mixture)
    assert (none.sinks, none.correlated, none.coarse, none.logit, none.unreached) == (None, None, None, None, ())
    assert lines(none)[0].startswith("left out: ")
    assert json.dumps(as_json(none), allow_nan=False)


def test_twelve_players_of_six_strategies_are_given_up_at_once():
    found = selection(flat(12, 6), [(np.eye(6)[0],)])
    assert found.sinks is None
    assert "more than 3,000" in found.reasons["sinks"]


def test_larger_games_have_fewer_starts(monkeypatch):
    monkeypatch.setattr(module, "_STEPS", 1)
    monkeypatch.setattr(module, "_WORK", 1)
    found = solved(random_game(2, 3, 0), starts=64)[1]
    assert found.starts == module._FEWEST * module._REPEATS


def test_a_law_that_cannot_be_followed_is_left_out_and_the_rest_is_said(monkeypatch):
    def broken(*given):
        raise RunError("the path broke")

    monkeypatch.setattr(module, "basins", broken)
    monkeypatch.setattr(module, "_STEPS", 1)
    found = solved(COORDINATION)[1]
    assert set(found.reasons) == set(LAWS)
    assert found.logit is not None
    assert found.equilibria[0].stable == "stable"


def test_of_a_mixture_that_is_no_equilibrium_stability_is_left_out(unmoved):
    found = selection(RoleSymmetricGame.from_symmetric(COORDINATION), [([0.5, 0.5],), ([1.0, 0.0],)])
    assert [each.stable for each in found.equilibria] == [None, "stable"]
    assert "only an equilibrium can be stable" in found.reasons["stability"]


def test_what_has_no_verdict_is_told_by_its_name_with_a_number_of_three_digits(unmoved):
    gain = COORDINATION.regret([0.5, 0.5])
    game = RoleSymmetricGame.from_symmetric(
        SymmetricGame.from_matrix(COORDINATION.payoffs.T * np.pi / 10, COORDINATION.strategies)
    )
    found = selection(game, [([1.0, 0.0],), ([0.5, 0.5],)])
    told = " ".join(line.strip() for line in lines(found, ["2", "7"]))
    assert (
        f"stability of 7 (only an equilibrium can be stable: a deviation from 7 gains {gain * np.pi / 10:.3g})" in told
    )
    assert "prove" not in told


def test_where_stability_is_defined_for_no_equilibrium_none_is_named(battle):
    (told,) = [line for line in lines(battle) if "stability" in line]
    assert "stability," in told or "stability (" in told


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: selection(BATTLE, [([1.0, 0.0],)]), r"equilibria\[0\] must have a mixture a role"),
        (lambda: selection(BATTLE, [BATTLE_EQUILIBRIA[0], ([0.5, 0.6], [1.0, 0.0])]), r"equilibria\[1\]: 'row' needs"),
        (lambda: selection(BATTLE, [([np.nan, 1.0], [1.0, 0.0])]), "needs probabilities"),
        (lambda: selection(BATTLE, [], starts=12), "power of two, not 12"),
        (lambda: lines(selection(BATTLE, BATTLE_EQUILIBRIA), ["one"]), "3 equilibria need as many names, not 1"),
    ],
)
def test_wrong_input_is_one_clear_error(unmoved, call, said):
    with pytest.raises(ValueError, match=said):
        call()
