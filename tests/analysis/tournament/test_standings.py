"""The table: payoffs over kinds of matches, intervals over seeds, ties on common seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from analysis.tournament.entries import OURS, Entry
from analysis.tournament.kept_matches import Played
from analysis.tournament.matches import ALONE, PAIR, TOGETHER, Match, matches_of
from analysis.tournament.output import in_runs, told_apart
from analysis.tournament.rounds import Asked, Outcome
from analysis.tournament.standings import interval, is_tied, standings
from sim.scenario import load
from tests.command_line import QUICKSTART

ENTRIES = [Entry("a.py"), Entry("b.py"), Entry("c.py")]


def run(payoffs: list[float], known: bool) -> dict[str, object]:
    spread = [2 * each if known else math.nan for each in payoffs]
    return {"payoffs": payoffs, "lines": {"spread": spread, "fees": [-each for each in payoffs]}}


def outcome(seeds: tuple[int, ...], matches: list[tuple[str, str, list[list[float]]]], known: bool = True) -> Outcome:
    """Matches by kind, letters of their players, and payoffs by seed."""
    found = Outcome(
        Asked(load(QUICKSTART), "makers", seeds), list(ENTRIES), {each.key: each.key[0] for each in ENTRIES}
    )
    for kind, players, payoffs in matches:
        entries = tuple(each for each in ENTRIES if each.key[0] in players)
        runs = {seed: run(each, known) for seed, each in zip(seeds, payoffs, strict=True)}
        found.matches.append((Match(kind, entries), Played(runs)))
    return found


WHOLE = [
    (ALONE, "a", [[10.0], [12.0]]), (ALONE, "b", [[4.0], [4.0]]), (ALONE, "c", [[1.0], [3.0]]),
    (PAIR, "ab", [[6.0, 2.0], [6.0, 2.0]]), (PAIR, "ac", [[8.0, 0.0], [8.0, 2.0]]),
    (PAIR, "bc", [[3.0, 3.0], [3.0, 3.0]]),
    (TOGETHER, "abc", [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]),
]  # fmt: skip


def test_each_kind_of_match_counts_alike_and_each_match_within_a_kind():
    table = standings(outcome((1, 2), WHOLE))
    assert [(row.rank, row.name) for row in table] == [(1, "a"), (2, "b"), (3, "c")]
    assert table[0].samples == pytest.approx([(10 + 7 + 1) / 3, (12 + 7 + 1) / 3])
    assert table[1].payoff == pytest.approx((4 + 2.5 + 2) / 3)


def test_the_lines_sum_to_the_payoff():
    for row in standings(outcome((1, 2), WHOLE)):
        assert sum(row.lines.values()) == pytest.approx(row.payoff, abs=1e-12)


def test_lines_against_a_price_that_never_was_are_not_known():
    row = standings(outcome((1, 2), WHOLE, known=False))[0]
    assert math.isnan(row.lines["spread"])
    assert math.isfinite(row.lines["fees"])


def test_the_interval_is_students_and_one_seed_has_none():
    samples = np.random.default_rng(1).normal(3.0, 2.0, 9)
    assert interval(samples) == pytest.approx(tuple(ttest_1samp(samples, 0.0).confidence_interval(0.95)))
    assert all(map(math.isnan, interval(samples[:1])))
    assert is_tied(samples[:1], samples[:1] + 1.0)  # nothing is told apart by one seed


def test_a_tie_is_judged_on_common_seeds():
    common = np.random.default_rng(2).normal(0.0, 50.0, 12)
    noise = np.random.default_rng(3).normal(0.0, 0.1, 12)
    better, same = common + 1.0 + noise, common + noise
    assert not is_tied(better, common)  # though their intervals overlap
    assert interval(better)[0] < interval(common)[1]
    assert is_tied(same, common)
    assert is_tied(common, common)


def test_of_many_equal_strategies_chance_tells_some_apart_in_a_twentieth_of_tournaments():
    draws, apart, rounds = np.random.default_rng(4), 0, 400
    for _ in range(rounds):
        samples = draws.normal(0.0, 1.0, (6, 8))
        apart += any(not is_tied(samples[i], samples[j], 15) for i in range(6) for j in range(i))
    assert apart / rounds < 0.07


@pytest.mark.parametrize(("many", "pairs", "together"), [(1, 0, 0), (2, 1, 0), (3, 3, 1), (6, 15, 1)])
def test_all_together_is_left_out_where_it_would_be_a_pair(many, pairs, together):
    entries = [*(Entry(f"{place}.py") for place in range(many - 1)), Entry(OURS)]
    assert [len(matches_of(kind, entries)) for kind in (ALONE, PAIR, TOGETHER)] == [many, pairs, together]


def test_pairs_that_are_told_apart_are_named_neighbours_or_not():
    many = tuple(range(1, 9))
    noise = [(-1.0) ** seed for seed in many]
    of_a = [[10.0 + 8.0 * each] for each in noise]  # so far from chance that it beats nobody
    of_b = [[9.0 + 0.01 * each] for each in noise[::-1]]
    of_c = [[1.0 + 0.02 * (seed % 3)] for seed in many]
    table = standings(outcome(many, [(ALONE, "a", of_a), (ALONE, "b", of_b), (ALONE, "c", of_c)]))
    assert told_apart(table) == ("told apart by these seeds: rank 2 from 3. The order of all other pairs may be chance")
    same = standings(outcome(many, [(ALONE, each, of_b) for each in "abc"]))
    assert told_apart(same) == "no two are told apart by these seeds: their order may be chance"


def test_ranks_in_a_row_are_written_as_one():
    assert in_runs([2, 4, 5, 7, 8, 9]) == "2, 4, 5, 7–9"
