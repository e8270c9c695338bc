"""Every change of wealth is a sum of lines: against a slow reference, event by event, and in random markets."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.money.accounts import even_edges
from analysis.money.attribution import BY_MARK, BY_VALUE, Attribution, both, by_mark, by_value
from analysis.stats.estimates import mean
from sim.core.errors import RunError
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import load, parse
from tests.command_line import take
from tests.markets.random_markets import random_market, stopped, values_from_a_file
from tests.markets.still import THEORY, still

MARKS = ("mid", "microprice", "last", "value", "belief")
Amounts = dict[tuple[int, int, Any], Fraction]  # of an episode, a piece and a holder
BEYOND = 10_000  # steps or trades: longer than any episode here


# --- the reference --------------------------------------------------------------------------------------------------


class Walk:
    """One instrument's events in one episode, and what each brings to the lines."""

    def __init__(self, lines: dict[str, Amounts], episode: int, mark: Fraction, horizon: int, unit: str) -> None:
        self.lines, self.episode, self.mark, self.horizon, self.unit = lines, episode, mark, horizon, unit
        self.held: dict[Any, int] = defaultdict(int)
        self.young: deque[tuple[int, int, Any, int]] = deque()  # number of the trade, its step, holder, lots
        self.number = 0  # of the next trade

    def move(self, to: Fraction, step: int, piece: int) -> None:
        """The mark moves, for what is younger than the horizon and for what is not."""
        while self.young and self.is_old(*self.young[0][:2], step):
            self.young.popleft()
        fresh: dict[Any, int] = defaultdict(int)
        for _, _, holder, lots in self.young:
            fresh[holder] += lots
        for holder, lots in self.held.items():
            self.lines["adverse"][self.episode, piece, holder] += fresh[holder] * (to - self.mark)
            self.lines["revaluation"][self.episode, piece, holder] += (lots - fresh[holder]) * (to - self.mark)
        self.mark = to

    def is_old(self, number: int, traded: int, step: int) -> bool:
        """Whether a trade lies more than the horizon back."""
        return number + self.horizon < self.number if self.unit == "trades" else traded + self.horizon < step

    def trade(self, row: Any, price: Fraction, sides: list[tuple[Any, int, Fraction]], piece: int) -> None:
        """A trade, with both holders, the lots they buy and the fees they pay."""
        for holder, lots, fee in sides:
            key = self.episode, piece, holder
            self.lines["spread"][key] += lots * (self.mark - price)
            self.lines["fees"][key] -= fee
            self.lines["gross"][key] += abs(lots * price)
            self.held[holder] += lots
            self.young.append((self.number, row.step, holder, lots))
        self.number += 1


def by_hand(run: Run, mark: str, horizon: int, unit: str, by: str, edges: tuple[int, ...] | None) -> dict[str, Amounts]:
    """Spread, adverse selection, revaluation and fees, in units of money, and the money traded (``gross``)."""
    scenario, length = run.scenario, run.scenario.run.steps
    cuts = sorted({0, *(edges or ()), length})
    money = Fraction(str(scenario.money.unit))
    lines: dict[str, Amounts] = {
        name: defaultdict(Fraction) for name in ("spread", "adverse", "revaluation", "fees", "gross")
    }
    column = {"mid": "mark"}.get(mark, mark)

    def who(population: str, agent: int) -> Any:
        return population if by == "population" else (population, agent)

    def piece_of(step: int) -> int:
        return sum(step >= cut for cut in cuts[1:-1])

    for instrument in scenario.instruments:
        lot = Fraction(str(instrument.lot_size)) / money
        venues = [each.name for each in scenario.venues if each.instrument == instrument.name]
        trades = run.trades[run.trades["venue"].isin(venues)]
        books = run.book[run.book["venue"] == venues[0]]
        settlements = run.settlements[run.settlements["instrument"] == instrument.name].set_index("episode")
        for episode in range(-(-run.manifest["steps"] // length)):
            walk = Walk(lines, episode, counted(settlements["initial"].iloc[0], lot), horizon, unit)
            for population in scenario.populations:
                own = population.venues or [each.name for each in scenario.venues]
                if set(own) & set(venues):
                    for agent in range(population.count):
                        walk.held[who(population.name, agent)] += population.endowment.inventory
            events: list[tuple[int, int, Any]] = [
                (row.step, 0, row) for row in trades[trades["episode"] == episode].itertuples(index=False)
            ]
            if mark in ("mid", "microprice", "value"):
                events += [(row.step, 1, row) for row in books[books["episode"] == episode].itertuples(index=False)]
            for step, sampled, row in sorted(events, key=lambda event: event[:2]):  # trades stay in their order
                if (sampled or mark != "last") and not pd.isna(getattr(row, column)):
                    walk.move(counted(getattr(row, column), lot), step, piece_of(step))
                if sampled:
                    continue
                price, bought = Fraction(round(counted(row.price, lot))), row.quantity
                bought *= 1 if row.aggressor == "buy" else -1
                sides = [
                    (who(row.taker_population, row.taker), bought, round(Fraction(row.taker_fee) / money)),
                    (who(row.maker_population, row.maker), -bought, round(Fraction(row.maker_fee) / money)),
                ]
                walk.trade(row, price, sides, piece_of(step))
                if mark == "last":
                    walk.move(price, step, piece_of(step))
            closed = "price" if instrument.settlement != "none" or mark == "mid" else "value" if mark == "value" else ""
            if closed and episode in settlements.index:
                walk.move(counted(settlements.loc[episode, closed], lot), length, len(cuts) - 2)
    return lines


def counted(price: float, lot: Fraction) -> Fraction:
    """A price in units of money per lot, whole or half where it is one of these but for what float64 makes of it."""
    exact = Fraction(price) * lot
    half = Fraction(round(2 * exact), 2)
    return half if abs(exact - half) < Fraction(1, 10**6) else exact


def inside(run: Run, edges: tuple[int, ...] | None) -> int:
    """How many pieces lie before the first window."""
    return 1 if edges is not None and edges[0] > 0 else 0


def check(found: Attribution, line: str, expected: Amounts, gross: Amounts, before: int, exact: bool) -> None:
    """A line agrees with the reference in every cell."""
    place = found.lines.index(line)
    episodes, pieces, holders, _ = found.units.shape
    for episode in range(episodes):
        for piece in range(pieces):
            for column in range(holders):
                key = episode, piece + before, found.holders[column]
                amount = expected.get(key, Fraction())
                away = abs(Fraction(float(found.units[episode, piece, column, place])) - amount)
                near = max(Fraction(1, 10**9) * max(gross.get(key, 0), abs(amount)), Fraction(1, 10**6))
                assert away <= (0 if exact else near), (line, key)


def whole_numbers(run: Run, mark: str) -> bool:
    """Whether no value enters: neither as a mark, nor as the one that is known at first, in parts of half units."""
    if mark not in ("mid", "last"):
        return False
    unit = run.scenario.money.unit
    for instrument in run.scenario.instruments:
        first = run.settlements.loc[run.settlements["instrument"] == instrument.name, "initial"].iloc[0]
        twice = 2 * first * instrument.lot_size / unit
        if abs(twice - round(twice)) > 1e-6:
            return False
    return True


def windows(random: np.random.Generator, run: Run) -> tuple[int, ...] | None:
    """Edges of windows, or none."""
    if random.random() < 0.3:
        return None
    length = run.scenario.run.steps
    edges = np.sort(random.choice(length + 1, int(random.integers(2, 7)), replace=False))
    return tuple(int(edge) for edge in edges)


def publishes(run: Run) -> bool:
    """Whether makers of every instrument say what they believe."""
    venue_of = {each.name: each.instrument for each in run.scenario.venues}
    said = run.trades.loc[run.trades["belief"].notna(), "venue"].astype(str).map(venue_of)
    return set(said) == {each.name for each in run.scenario.instruments}


def knows_every_step(run: Run, mark: str) -> bool:
    """Whether a mark is known at the end of each step."""
    sampled = run.scenario.record.levels > 0 and run.manifest["sampling"]["book_every"] == 1
    return mark == "last" or (mark != "belief" and sampled)


def check_market(run: Run, random: np.random.Generator, tries: int) -> None:
    """Everything that must hold of a run, for a few marks, horizons, holders and windows."""
    for _ in range(tries):
        mark = str(random.choice(MARKS if publishes(run) else MARKS[:4]))
        horizon, unit = int(random.choice([0, 1, 7, BEYOND])), str(random.choice(["trades", "steps"]))
        unit = unit if knows_every_step(run, mark) else "trades"
        horizon = max(horizon, 1) if unit == "trades" else horizon  # no trade is 0 trades away
        by, edges = str(random.choice(["population", "agent"])), windows(random, run)
        exact, before = whole_numbers(run, mark), inside(run, edges)
        lines = by_hand(run, mark, horizon, unit, by, edges)
        gross = lines["gross"]
        found = by_mark(run, mark, horizon, unit, by, edges)
        for line, part in (("spread", "spread"), ("adverse_selection", "adverse"), ("revaluation", "revaluation"),
                           ("fees", "fees")):  # fmt: skip
            check(found, line, lines[part], gross, before, exact or part == "fees")
        assert found.gap <= 1e-9
        if exact:
            known = np.isfinite(found.recorded)
            assert (found.units.sum(axis=-1) == found.recorded)[known].all()
            for line in ("spread", "adverse_selection"):
                assert (found.units[..., BY_MARK.index(line)].sum(axis=2) == 0).all()
        valued, all_gross = by_value(run, mark, by, edges), found.gross.sum(axis=2)
        values = by_hand(run, "value", 0, "trades", by, edges)
        wrong = {key: values["spread"][key] - lines["spread"][key] for key in values["spread"]}
        check(valued, "spread", lines["spread"], gross, before, exact)
        check(valued, "information", wrong, gross, before, False)
        check(valued, "revaluation", values["revaluation"], gross, before, False)
        assert valued.gap <= 1e-9
        for each, line in ((found, "spread"), (found, "adverse_selection"), (valued, "information")):
            sums = np.abs(each.units[..., each.lines.index(line)].sum(axis=2))
            assert (sums <= 1e-9 * np.maximum(all_gross, 1.0)).all()
        assert (found.units[..., 3] == 0).all()  # hedging


@pytest.mark.parametrize("number", range(40))
def test_both_attributions_are_what_the_reference_finds_event_by_event(number: int):
    check_market(execute(parse(random_market(number))), np.random.default_rng(number), tries=2)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(1000, 3000))
def test_both_attributions_are_what_the_reference_finds_in_thousands_of_markets(number: int):
    check_market(execute(parse(random_market(number))), np.random.default_rng(number), tries=2)


@pytest.mark.parametrize("number", range(100, 110))
def test_the_identities_hold_in_runs_that_were_stopped(number: int):
    data = random_market(number)
    data["run"]["episodes"] = 3
    length = data["run"]["steps"]
    check_market(stopped(data, length + length // 2), np.random.default_rng(number), tries=2)


@pytest.mark.parametrize("mark", ["mid", "last", "microprice", "value"])
@pytest.mark.parametrize("number", [3, 11, 12])
def test_windows_and_agents_add(number: int, mark: str):
    run = execute(parse(random_market(number)))
    length = run.scenario.run.steps
    whole, edges = by_mark(run, mark, 5), (0, 3, length // 2, length - 1, length)
    income = [whole.lines.index(name) for name in ("dividends", "interest")]
    near = {"rtol": 0.0, "atol": 1e-9 * max(1.0, float(whole.gross.sum()))}
    for parts in (by_mark(run, mark, 5, edges=edges), by_mark(run, mark, 5, by="agent", edges=edges)):
        frame = pd.DataFrame(parts.units.sum(axis=(0, 1)), index=parts.holders)
        sums, expected = frame.groupby(level="population", sort=False).sum().to_numpy(), whole.units.sum(axis=(0, 1))
        np.testing.assert_allclose(sums, expected, **near)
        if whole_numbers(run, mark):
            np.testing.assert_array_equal(np.delete(sums, income, 1), np.delete(expected, income, 1))


@pytest.mark.parametrize("number", range(20, 32))
def test_what_is_attributed_is_the_payoff_and_fees_are_what_venues_took(number: int):
    data = random_market(number)
    data["record"]["episodes"] = "agents"
    for each in data["instruments"]:
        each["settlement"] = "value" if each["settlement"] == "none" else each["settlement"]
    run = execute(parse(data))
    unit = run.scenario.money.unit
    for found in (by_mark(run, by="agent"), by_value(run, by="agent")):
        payoffs = run.episodes.groupby(["episode", "population", "agent"], sort=False, observed=True)["payoff"].sum()
        assert found.units.sum(axis=-1).ravel() * unit == pytest.approx(payoffs.to_numpy(), abs=1e-6)
        took = run.trades["taker_fee"].sum() + run.trades["maker_fee"].sum()
        assert -found.table()["fees"].sum() == pytest.approx(took, abs=unit / 2)
        recorded = run.episodes[["fees", "dividends", "interest"]].sum()
        assert -found.table()["fees"].sum() == pytest.approx(recorded["fees"], abs=unit / 2)
        for name in ("dividends", "interest"):
            assert found.table()[name].sum() == pytest.approx(recorded[name], abs=unit / 2)


# --- by hand --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["mid", "value"])
@pytest.mark.parametrize(("horizon", "unit"), [(1, "trades"), (20, "trades"), (0, "steps"), (9, "steps")])
def test_the_whole_spread_is_kept_when_nobody_knows_anything(mark: str, horizon: int, unit: str):
    run = execute(parse(still()))
    lots = int(run.trades["quantity"].sum())
    assert lots > 400
    for found in (by_mark(run, mark, horizon, unit), by_value(run, mark)):
        table = found.units.sum(axis=(0, 1))
        assert table[:, 0].tolist() == [50_000 * lots, -50_000 * lots]  # units of a millionth
        assert (table[:, 1:] == 0).all()
        assert (found.recorded.sum(axis=(0, 1)) == table[:, 0]).all()


def test_dividends_and_interest_are_paid_on_what_is_held():
    income = {"dividend": {"mean": 0.5, "every": 4}}
    noise = {"endowment": {"cash": 1000.0, "inventory": 2}, "arrivals": {"law": "bernoulli", "probability": 0.0}}
    money = {"unit": 0.01, "interest": 0.001, "interest_every": 5}
    run = execute(parse(still(10, 2, instrument=income, noise=noise, money=money)))
    for by, count in (("population", 3), ("agent", 1)):
        found = by_mark(run, by=by, edges=(0, 4, 5, 10))
        last = found.units[0, :, -1]
        assert last[:, found.lines.index("dividends")].tolist() == [100 * count, 0, 100 * count]
        # In units of a cent: a thousandth of 100,100, to even; then of 100,300 with the second dividend.
        assert last[:, found.lines.index("interest")].tolist() == [0, 100 * count, 100 * count]
        assert found.gap == 0.0
    assert len(run.trades) == 0


def test_a_run_without_trades_and_a_run_of_one_trade_are_attributed():
    quiet = {"arrivals": {"law": "bernoulli", "probability": 0.0}}
    for found in (by_mark(execute(parse(still(5, noise=quiet)))), by_value(execute(parse(still(5, noise=quiet))))):
        assert (found.units == 0).all()
        assert found.gap == 0.0
    run = execute(parse(still(1, noise={"count": 1, "params": {"distribution": "fixed", "quantity": 3.0}})))
    assert len(run.trades) == 1
    assert by_mark(run).table()["spread"].tolist() == pytest.approx([0.15, -0.15])
    assert by_mark(run).table()["total"].tolist() == pytest.approx([0.15, -0.15])


def test_what_lies_outside_the_windows_is_left_out():
    run = execute(parse(still(30)))
    inner, whole = by_mark(run, edges=(10, 20)), by_mark(run, edges=(0, 10, 20, 30))
    assert inner.edges == (10, 20)
    np.testing.assert_array_equal(inner.units[:, 0], whole.units[:, 1])
    np.testing.assert_array_equal(inner.recorded[:, 0], whole.recorded[:, 1])


def test_a_run_stopped_in_its_first_episode_begins_at_what_everybody_knows():
    for number in range(200, 240):
        data = random_market(number)
        data["run"]["episodes"] = 2
        if any(each["value"]["process"] == "file" for each in data["instruments"]):
            continue
        run, whole = stopped(data, data["run"]["steps"] // 2), execute(parse(data))
        assert not len(run.settlements)
        found = by_mark(run, "mid", by="agent")
        assert found.gap <= 1e-9
        inner = by_mark(whole, "mid", by="agent", edges=(0, data["run"]["steps"] // 2))
        np.testing.assert_allclose(found.units[0, 0, :, 0], inner.units[0, 0, :, 0], rtol=1e-12, atol=1e-6)


def test_a_run_of_a_file_that_was_stopped_in_its_first_episode_has_no_mark_to_begin_with():
    data = still(20, 2)
    data["instruments"][0]["value"] = values_from_a_file()
    with pytest.raises(RunError, match=r"stopped in its first episode, .* ACME .* to the end of an episode"):
        by_mark(stopped(data, 10))
    assert by_mark(stopped(data, 30)).gap <= 1e-9


# --- Glosten and Milgrom --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("makers", [1, 2])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_at_the_makers_belief_adverse_selection_takes_back_each_spread(share: float, makers: int):
    settings = {"run.episodes": 2000, "makers.count": makers, "informed.arrivals.share": share,
                "makers.params.informed_share": share}  # fmt: skip
    run = execute(load(THEORY / "glosten_milgrom.toml", settings))
    trades, tick = run.trades, 1e-6
    z = np.where(trades["aggressor"] == "buy", -1.0, 1.0) * trades["quantity"].to_numpy()  # of the maker
    belief, price = trades["belief"].to_numpy(), trades["price"].to_numpy()
    followed = (trades["episode"].diff(-1) == 0).to_numpy()
    spread, adverse = z * (belief - price), z * (np.roll(belief, -1) - belief)
    assert followed.sum() > 17_000
    assert np.abs(spread + adverse)[followed].max() <= tick  # quotes are rounded outward
    assert (spread + adverse)[followed].min() >= -1e-12
    # The same, one trade a window; the last trade's share of what follows is settlement.
    steps = range(run.scenario.run.steps + 1)
    found = by_mark(run, "belief", 1, edges=steps)
    mine = found.amounts[:, :, 0]
    np.testing.assert_allclose(mine[:, :, 0].ravel(), spread, atol=1e-9)
    episodes = found.amounts.sum(axis=1)[:, 0]
    settled = episodes[:, 1] - np.where(followed, adverse, 0.0).reshape(len(episodes), -1).sum(axis=1)
    final = (run.settlements["price"].to_numpy() - belief[~followed]) * z[~followed]
    np.testing.assert_allclose(settled, final, atol=1e-9)
    profit = mean(episodes.sum(axis=1))
    assert abs(profit.value) <= 4 * profit.standard_error + 10 * tick
    for line in (0, 1):  # each is far from zero
        assert abs(mean(episodes[:, line]).value) > 20 * mean(episodes[:, line]).standard_error


@pytest.mark.parametrize(("share", "kept"), [(0.1, 0.00099), (0.3, 0.02477), (0.5, 0.10000)])
def test_at_the_midpoint_a_part_of_the_first_spread_seems_to_be_kept(share: float, kept: float):
    settings = {"run.episodes": 100, "makers.count": 2, "informed.arrivals.share": share,
                "makers.params.informed_share": share}  # fmt: skip
    run = execute(load(THEORY / "glosten_milgrom.toml", settings))
    found = by_mark(run, "mid", 1, edges=range(3))
    spread, adverse = (found.amounts[:, :, 0, found.lines.index(line)] for line in ("spread", "adverse_selection"))
    after = adverse.sum(axis=1)  # of the first trade: what follows the second lies beyond the windows
    kept_of_it = spread[:, 0] + after
    assert 2 * kept_of_it == pytest.approx(np.full(100, kept), abs=6e-6)
    assert (kept_of_it / spread[:, 0]).mean() == pytest.approx(kept / share, abs=2e-5)  # a fifth, where half know


# --- errors of means ------------------------------------------------------------------------------------------------


def test_over_many_episodes_errors_are_those_of_independent_samples():
    found = by_mark(execute(parse(still(20, 50, maker={"reference": "last"}))))
    for column, line in enumerate((*found.lines, "total")):
        whole = np.concatenate([found.amounts, found.amounts.sum(axis=-1, keepdims=True)], axis=-1)
        expected = mean(whole[:, :, 0, column].sum(axis=1))
        assert found.estimates().loc["makers", (line, "value")] == pytest.approx(expected.value)
        assert found.estimates().loc["makers", (line, "standard_error")] == pytest.approx(expected.standard_error)


def test_a_few_episodes_without_windows_are_independent_samples_too():
    found = by_mark(execute(parse(still(20, 12, maker={"reference": "last"}))))
    spread = found.amounts[:, 0, 0, 0]
    error = found.estimates().loc["makers", ("spread", "standard_error")]
    assert error == pytest.approx(spread.std(ddof=1) / 12**0.5)


def test_one_episode_has_an_error_from_windows_and_none_without():
    run = execute(parse(still(2000)))
    assert np.isinf(by_mark(run).estimates().loc["makers", ("spread", "standard_error")])
    cut = by_mark(run, edges=even_edges(run))
    assert len(cut.edges) in (65, 66)
    error = cut.estimates().loc["makers", ("spread", "standard_error")]
    scatter = cut.amounts[0, :, 0, 0].std(ddof=1) * 64**0.5
    assert error == pytest.approx(scatter, rel=0.4)


def test_of_a_run_that_was_stopped_the_windows_end_where_it_did_and_errors_are_those_of_what_was_done():
    data = still(20_000, record={"agents_every": 10, "book_every": 10})
    run = stopped(data, 2_015)
    edges = even_edges(run)
    assert edges[-1] == 2_010
    short = by_mark(run, edges=edges)
    whole = by_mark(execute(parse(still(2_010))), edges=tuple(edges))
    spread = short.estimates()["spread"].loc["makers"]
    assert spread["value"] == pytest.approx(whole.estimates()["spread"].loc["makers"]["value"])
    assert spread["standard_error"] < 0.1 * spread["value"]
    assert np.isfinite(short.recorded).all()


def test_windows_of_the_command_end_where_agents_and_books_were_sampled():
    income = {"dividend": {"mean": 0.5, "every": 4}}
    run = execute(parse(still(600, instrument=income, record={"agents_every": 4, "book_every": 6})))
    for found in both(run):
        assert len(found.edges) > 8
        assert np.isfinite(found.recorded).all()
        assert found.gap <= 1e-9
    unseen = execute(parse(still(600, instrument=income, record={"agents": "none"})))
    for found in both(unseen):
        assert found.edges == (0, 600)
        assert found.gap <= 1e-9


# --- what cannot be attributed --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "said"), [
    ({"mark": "median"}, "there is no mark 'median' — there are mid, microprice, last, value, belief"),
    ({"mark": "belief"}, "no maker of ACME published what it believes .* choose another mark"),
    ({"horizon": -1}, "a horizon must be at least 1 trade, not -1"),
    ({"unit": "seconds"}, "a horizon is counted in steps or trades, not in 'seconds'"),
    ({"by": "venue"}, "attributed by population or by agent, not by 'venue'"),
    ({"edges": (3,)}, r"rising steps from 0 to 30, at least two, not \[3\]"),
    ({"edges": (0, 5, 5)}, r"rising steps from 0 to 30"),
    ({"edges": (9, 5)}, r"rising steps from 0 to 30"),
    ({"edges": (-1, 5)}, r"rising steps from 0 to 30"),
    ({"edges": (0, 31)}, r"rising steps from 0 to 30"),
])  # fmt: skip
def test_what_cannot_be_asked_is_said(given: dict[str, Any], said: str):
    run = execute(parse(still(30)))
    with pytest.raises(RunError, match=said):
        by_mark(run, **given)


def test_what_was_not_recorded_is_said():
    with pytest.raises(RunError, match=r"kept no trades — set record\.trades = true"):
        by_mark(execute(parse(still(30, record={"trades": False}))))
    income = {"dividend": {"mean": 0.5, "every": 4}}
    run = execute(parse(still(30, instrument=income, record={"agents_every": 10})))
    assert by_mark(run, edges=(0, 10, 30)).gap <= 1e-9
    with pytest.raises(RunError, match=r"dividends were not recorded at the edges .*record\.agents_every"):
        by_mark(run, edges=(0, 5, 30))
    with pytest.raises(RunError, match="dividends were not recorded"):
        by_value(execute(parse(still(30, instrument=income, record={"episodes": "none"}))))
    run = execute(parse(still(30, 2, record={"episodes": "none"})))
    assert np.isnan(by_mark(run).recorded).all()  # unknown, but attributed
    assert by_mark(run).gap == 0.0
    assert by_mark(run).units.any()


# --- the command ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = execute(load(THEORY / "glosten_milgrom.toml", {"run.episodes": 200}), tmp_path_factory.mktemp("runs"), "gm")
    assert run.folder is not None
    return run.folder


@pytest.mark.parametrize("more", [[], ["--mark", "belief", "--horizon", "1"], ["--unit", "steps", "--horizon", "3"]])
def test_the_command_prints_a_table_and_one_json_object(
    folder: Path, capsys: pytest.CaptureFixture[str], more: list[str]
):
    assert take("attribution", [str(folder), *more]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    for word in ("makers", "informed", "adverse", "information", "total", "±"):
        assert word in shown
    assert take("attribution", [str(folder), *more, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)["runs"][0]
    assert "left over" in said["note"]
    mark = said["rows"][0]["against"]
    for against, lines in ((mark, BY_MARK), ("value", BY_VALUE)):
        rows = [each for each in said["rows"] if each["against"] == against]
        assert [each["population"] for each in rows] == ["makers", "noise", "informed"]
        for each in rows:
            assert sum(each[line] for line in lines) == pytest.approx(each["recorded"], abs=1e-6)
            assert each["total_standard_error"] > 0


def test_the_command_says_what_is_wrong(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert take("attribution", [str(folder), "--horizon", "0"]) == 2
    assert "at least 1 trade, not 0" in capsys.readouterr().err
    assert take("attribution", [str(folder / "nothing")]) == 2
    assert "there is no such folder" in capsys.readouterr().err
    assert take("attribution", [str(folder), "--mark", "median"]) == 2
