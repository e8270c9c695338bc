"""Marks at any moment of a run: before trades, at the ends of steps, when episodes begin and end, a horizon later."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.money.marks import MARKS, Marks, check_horizon
from analysis.reading.trades import Trades
from sim.core.errors import RunError
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import load, parse
from tests.markets.random_markets import random_market, stopped
from tests.markets.still import THEORY, still

KINDS = ("mid", "microprice", "last", "value")


def run_of(number: int, **record: object) -> Run:
    data = random_market(number)
    data["record"] |= record
    return execute(parse(data))


@pytest.mark.parametrize("number", range(8))
def test_marks_at_the_ends_of_sampled_steps_are_those_of_the_books(number: int):
    run = run_of(number, levels=1, book_every=1)
    for instrument in run.scenario.instruments:
        trades = Trades(run, instrument.name)
        books = run.book[run.book["venue"] == trades.venues[0]]
        for kind, column in (("mid", "mark"), ("microprice", "microprice"), ("value", "value")):
            found = Marks(trades, kind).at(books["episode"], books["step"])
            known = books[column].fillna(Marks(trades, kind).start[0])  # nan before there is a mid
            np.testing.assert_array_equal(found, known)


@pytest.mark.parametrize("number", range(8))
def test_between_samples_a_mark_is_what_was_last_known(number: int):
    run = run_of(number, levels=0)
    length = run.scenario.run.steps
    for instrument in run.scenario.instruments:
        trades = Trades(run, instrument.name)
        table = run.trades[run.trades["venue"].isin(trades.venues)].reset_index(drop=True)
        for kind in KINDS:
            marks = Marks(trades, kind)
            column = {"mid": "mark", "last": "price"}.get(kind, kind)
            for episode in range(run.scenario.run.episodes):
                for step in range(length):
                    until = table[(table["episode"] == episode) & (table["step"] <= step)]
                    expected = until[column].iloc[-1] if len(until) else marks.start[episode]
                    assert marks.at([episode], [step])[0] == expected


@pytest.mark.parametrize("number", range(8))
def test_episodes_begin_at_what_everybody_knows_and_end_at_what_they_closed_at(number: int):
    run = run_of(number)
    for instrument in run.scenario.instruments:
        settlements = run.settlements[run.settlements["instrument"] == instrument.name]
        for kind in KINDS:
            marks = Marks(Trades(run, instrument.name), kind)
            np.testing.assert_array_equal(marks.start, settlements["initial"])
            if instrument.settlement != "none" or kind == "mid":
                np.testing.assert_array_equal(marks.end, settlements["price"])
            elif kind == "value":
                np.testing.assert_array_equal(marks.end, settlements["value"])
            assert marks.ended == run.scenario.run.episodes


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", range(6))
def test_a_horizon_later_is_before_the_trade_or_at_the_end_of_the_step_so_many_later(number: int, kind: str):
    run = run_of(number)
    trades = Trades(run)
    marks, count, length = Marks(trades, kind), len(trades), run.scenario.run.steps
    for horizon in (0, 1, 7, 10_000):
        later, when = marks.later(horizon, "trades")
        for i in range(count):
            j = i + horizon
            if j < count and trades.episodes[j] == trades.episodes[i]:
                assert (later[i], when[i]) == (marks.before[j], trades.steps[j])
            else:
                assert (later[i], when[i]) == (marks.end[trades.episodes[i]], length)
        sampled = run.scenario.record.levels > 0 and run.manifest["sampling"]["book_every"] == 1
        if kind == "belief" or (kind != "last" and not sampled):
            with pytest.raises(RunError, match="cannot be counted in steps"):
                marks.later(horizon, "steps")
            continue
        later, when = marks.later(horizon, "steps")
        for i in range(count):
            step = trades.steps[i] + horizon
            past = step >= length
            expected = marks.end[trades.episodes[i]] if past else marks.at([trades.episodes[i]], [step])[0]
            assert (later[i], when[i]) == (expected, length if past else step)


def test_the_last_price_is_that_of_the_trade_before():
    run = run_of(5)
    trades = Trades(run)
    marks = Marks(trades, "last")
    for i in range(len(trades)):
        first = i == 0 or trades.episodes[i] != trades.episodes[i - 1]
        assert marks.before[i] == (marks.start[trades.episodes[i]] if first else trades.prices[i - 1])


def test_a_belief_stays_until_another_is_published():
    silent = {"name": "silent", "strategy": "fixed_spread", "turn": 2, "params": {"half_spread": 0.2, "quantity": 9}}
    data = load(THEORY / "glosten_milgrom.toml", {"run.episodes": 50}).model_dump(exclude_none=True)
    data["populations"] = [*data["populations"], silent]
    data["populations"][0]["params"]["quantity"] = 1
    run = execute(parse(data))
    said = run.trades["belief"].to_numpy()
    assert 0 < np.isnan(said).sum() < len(said)
    found, known, episode = Marks(Trades(run), "belief"), 0.5, -1
    for i in range(len(said)):
        if run.trades["episode"].iloc[i] != episode:
            episode, known = run.trades["episode"].iloc[i], 0.5
        known = known if np.isnan(said[i]) else said[i]
        assert found.before[i] == known


@pytest.mark.parametrize("number", range(40, 48))
def test_the_last_episode_of_a_run_that_was_stopped_ends_where_it_was_stopped(number: int):
    data = random_market(number)
    data["run"]["episodes"] = 2
    length = data["run"]["steps"]
    run = stopped(data, length + length // 2)
    for kind in KINDS:
        marks = Marks(Trades(run), kind)
        assert (marks.episodes, marks.ended) == (2, 1)
        assert marks.end[1] == marks.at([1], [length // 2 - 1])[0]


def test_what_is_no_mark_or_horizon_is_said():
    trades = Trades(execute(parse(still(20))))
    with pytest.raises(RunError, match="there is no mark 'mean' — there are " + ", ".join(MARKS)):
        Marks(trades, "mean")
    with pytest.raises(RunError, match=r"no maker of ACME published .* choose another mark"):
        Marks(trades, "belief")
    with pytest.raises(RunError, match="no instrument 'BOLT' — there are ACME"):
        Trades(trades.run, "BOLT")
    for horizon, unit, said in ((-1, "steps", "at least 0 steps, not -1"), (1, "days", "not in 'days'")):
        with pytest.raises(RunError, match=said):
            check_horizon(horizon, unit)
