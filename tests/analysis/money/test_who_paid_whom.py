"""Who paid whom: antisymmetric, trade by trade what the reference finds, and rows that sum to changes of wealth."""

from __future__ import annotations

import json
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from analysis.money.who_paid_whom import who_paid_whom
from analysis.stats.estimates import mean
from sim.core.errors import RunError
from sim.runs.execute import execute
from sim.scenario import load, parse
from tests.command_line import take
from tests.markets.random_markets import random_market, stopped
from tests.markets.still import THEORY, still


@pytest.mark.parametrize("number", range(50))
def test_the_matrix_is_antisymmetric_and_its_rows_sum_to_changes_of_wealth(number: int):
    run = execute(parse(random_market(number)))
    found = who_paid_whom(run)
    np.testing.assert_array_equal(found.won, -found.won.transpose(0, 2, 1))
    total = found.won.sum(axis=2) - found.fees.sum(axis=2) + found.others.sum(axis=2)
    money = np.maximum(np.abs(found.won).sum(axis=2) + np.abs(found.others).sum(axis=2), 1.0)
    known = np.isfinite(found.recorded)
    assert known.all() == (run.scenario.record.episodes != "none")
    assert (np.abs(total - found.recorded) <= 1e-9 * money)[known].all()
    if all(each.settlement == "mid" for each in run.scenario.instruments) and not found.others.any():
        assert (total == found.recorded)[known].all()
    table = found.table()
    assert table["total"].to_numpy() == pytest.approx(total.sum(axis=0) * found.unit)
    assert table.iloc[:, :-2].sum(axis=1).to_numpy() == pytest.approx(table["total"].to_numpy(), abs=1e-6)


def test_an_instrument_that_no_venue_trades_pays_nobody() -> None:
    found = who_paid_whom(execute(load(THEORY / "hedging_auctions.toml", {"run.episodes": 1})))
    traded = {each.instrument for each in load(THEORY / "hedging_auctions.toml").venues}
    assert traded < {each.name for each in load(THEORY / "hedging_auctions.toml").instruments}
    assert found.won.any()


@pytest.mark.parametrize("number", range(30))
def test_every_entry_is_the_sum_over_trades_at_what_was_settled(number: int):
    run = execute(parse(random_market(number)))
    found = who_paid_whom(run)
    money = Fraction(str(run.scenario.money.unit))
    lots = {each.name: Fraction(str(each.lot_size)) / money for each in run.scenario.instruments}
    traded = {each.name: each.instrument for each in run.scenario.venues}
    closed = run.settlements.set_index(["episode", "instrument"])["price"]
    won: dict[tuple[int, str, str], Fraction] = defaultdict(Fraction)
    fees: dict[tuple[int, str, str], Fraction] = defaultdict(Fraction)
    for row in run.trades.itertuples(index=False):
        instrument = traded[row.venue]
        settled = Fraction(closed[row.episode, instrument]) * lots[instrument]
        price = round(Fraction(row.price) * lots[instrument])
        amount = (settled - price) * row.quantity * (1 if row.aggressor == "buy" else -1)
        won[row.episode, row.taker_population, row.maker_population] += amount
        won[row.episode, row.maker_population, row.taker_population] -= amount
        fees[row.episode, row.taker_population, row.venue] += round(Fraction(row.taker_fee) / money)
        fees[row.episode, row.maker_population, row.venue] += round(Fraction(row.maker_fee) / money)
    for episode in range(run.scenario.run.episodes):
        for a, one in enumerate(found.populations):
            for b, other in enumerate(found.populations):
                assert found.won[episode, a, b] == pytest.approx(float(won[episode, one, other]), rel=1e-9, abs=1e-3)
            for v, venue in enumerate(found.venues):
                assert found.fees[episode, a, v] == fees[episode, one, venue]


@pytest.mark.parametrize("number", range(60, 68))
def test_a_run_that_was_stopped_is_settled_where_it_was_stopped(number: int):
    data = random_market(number)
    data["run"]["episodes"], data["record"] = 2, {"agents_every": 1, "book_every": 1}
    length = data["run"]["steps"]
    found = who_paid_whom(stopped(data, length + length // 2))
    total = found.won.sum(axis=2) - found.fees.sum(axis=2) + found.others.sum(axis=2)
    money = np.maximum(np.abs(found.won).sum(axis=2) + np.abs(found.others).sum(axis=2), 1.0)
    assert found.recorded.shape[0] == 2
    assert (np.abs(total - found.recorded) <= 1e-9 * money).all()


def test_what_the_informed_win_noise_traders_lose_and_makers_pass_on():
    run = execute(load(THEORY / "glosten_milgrom.toml", {"run.episodes": 4000}))
    found = who_paid_whom(run)
    names = list(found.populations)
    makers, noise, informed = (names.index(name) for name in ("makers", "noise", "informed"))
    won = found.won * found.unit
    for taker in (noise, informed):  # takers meet makers only
        assert (won[:, noise, informed] == 0).all()
        estimate = mean(won[:, makers, taker])
        assert abs(estimate.value) > 20 * estimate.standard_error
    kept = mean(won[:, makers].sum(axis=1))
    assert abs(kept.value) <= 4 * kept.standard_error
    errors = found.errors()
    assert errors.loc["makers", "noise"] == pytest.approx(mean(won[:, makers, noise]).standard_error)


def test_endowments_gain_with_the_price_and_trade_with_oneself_moves_nothing():
    noise = {"endowment": {"inventory": 2}}
    data = still(30, noise=noise, instrument={"value": {"process": "random_walk", "initial": 100.0, "volatility": 0.1}})
    run = execute(parse(data))
    found = who_paid_whom(run)
    moved = run.settlements["price"].iloc[0] - 100.0
    assert found.table().loc["noise", "endowment"] == pytest.approx(3 * 2 * moved)
    assert (np.diagonal(found.won, axis1=1, axis2=2) == 0).all()


def test_one_episode_has_no_errors_and_no_trades_no_payments():
    quiet = {"arrivals": {"law": "bernoulli", "probability": 0.0}}
    found = who_paid_whom(execute(parse(still(5, noise=quiet))))
    assert not found.won.any()
    assert np.isinf(found.errors()).all(axis=None)
    with pytest.raises(RunError, match="kept no trades"):
        who_paid_whom(execute(parse(still(5, record={"trades": False}))))


def test_the_command_prints_a_table_and_one_json_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    scenarios = {"gm": load(THEORY / "glosten_milgrom.toml", {"run.episodes": 50}), "wide": parse(random_market(12))}
    for name, scenario in scenarios.items():
        run = execute(scenario, tmp_path, name)
        assert take("who_paid_whom", [str(run.folder)]) == 0
        shown = capsys.readouterr().out
        assert max(map(len, shown.splitlines())) <= 80
        assert "from" in shown
        assert take("who_paid_whom", [str(run.folder), "--json"]) == 0
        rows = json.loads(capsys.readouterr().out)["runs"][0]["rows"]
        table = who_paid_whom(run).table()
        assert [row["population"] for row in rows] == table.index.tolist()
        for row in rows:
            assert row["total"] == pytest.approx(table.loc[row["population"], "total"])
            assert {f"from {name}_standard_error" for name in table.index} < set(row)
    assert take("who_paid_whom", [str(tmp_path / "nothing")]) == 2
    assert "there is no such folder" in capsys.readouterr().err
