"""Effective spread, realised spread and impact, order by order: against a slow reference, by hand, and in theory."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.money.marks import Marks
from analysis.quality.spreads import GROUPS, PARTS, Spreads, decomposed, tables
from analysis.reading.trades import Trades
from analysis.stats.clusters import clusters_of, group_means
from sim.core.errors import RunError
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import load, parse
from tests.command_line import take
from tests.markets.random_markets import random_market
from tests.markets.still import THEORY, still


def by_hand(run: Run, instrument: str, mark: str, horizon: int, unit: str) -> list[tuple[float, float, float]]:
    """The parts of each trade's spread, one order after another."""
    venues = [each.name for each in run.scenario.venues if each.instrument == instrument]
    rows = list(run.trades[run.trades["venue"].isin(venues)].itertuples(index=False))
    marks, length = Marks(Trades(run, instrument), mark), run.scenario.run.steps
    orders: list[list[int]] = []
    for i, row in enumerate(rows):
        last = rows[i - 1] if i else None
        if last is not None and (last.episode, last.taker_order) == (row.episode, row.taker_order):
            orders[-1].append(i)
        else:
            orders.append([i])
    found = []
    for place, order in enumerate(orders):
        first = rows[order[0]]
        middle, later = marks.before[order[0]], math.nan
        if unit == "steps":
            if first.step + horizon < length:
                later = marks.at([first.episode], [first.step + horizon])[0]
        elif place + horizon < len(orders) and rows[orders[place + horizon][0]].episode == first.episode:
            later = marks.before[orders[place + horizon][0]]
        if not marks.known[first.episode]:
            middle = later = math.nan
        for i in order:
            q, price = 1 if rows[i].aggressor == "buy" else -1, rows[i].price
            found.append((2 * q * (price - middle), 2 * q * (price - later), 2 * q * (later - middle)))
    return found


@pytest.mark.parametrize("number", range(20))
def test_every_trade_has_the_parts_that_the_reference_finds(number: int):
    run = execute(parse(random_market(number)))
    random = np.random.default_rng(number)
    for instrument in run.scenario.instruments:
        for unit, horizons in (("orders", [1, 7, 10_000]), ("steps", [0, 1, 7, 10_000])):
            mark, horizon = str(random.choice(["mid", "microprice", "last", "value"])), int(random.choice(horizons))
            sampled = run.scenario.record.levels > 0 and run.manifest["sampling"]["book_every"] == 1
            if unit == "steps" and mark != "last" and not sampled:
                with pytest.raises(RunError, match="count in trades"):
                    Spreads(run, instrument.name, mark, horizon, unit)
                continue
            spreads = Spreads(run, instrument.name, mark, horizon, unit)
            expected = np.array(by_hand(run, instrument.name, mark, horizon, unit)).reshape(-1, 3).T
            np.testing.assert_array_equal(np.array(spreads.parts), expected)
            for one, other in zip(spreads.parts, spreads.at(horizon, unit), strict=True):
                np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("number", range(40))
def test_effective_is_realised_and_impact_order_by_order(number: int):
    run = execute(parse(random_market(number)))
    for instrument in run.scenario.instruments:
        for mark in ("mid", "microprice", "last", "value"):
            spreads = Spreads(run, instrument.name, mark, 2)
            effective, realised, impact = spreads.parts
            known = np.isfinite(impact)
            assert (np.isfinite(realised) == known).all()
            assert (np.isfinite(effective) == spreads.marks.known[spreads.trades.episodes]).all()
            np.testing.assert_allclose(effective[known], (realised + impact)[known], rtol=0, atol=1e-12)


def test_the_horizon_reaches_as_far_as_the_last_order_of_an_episode():
    run = execute(parse(still(10)))
    orders = len(Spreads(run).orders)
    for horizon in (1, orders - 1, orders):
        spreads = Spreads(run, horizon=horizon)
        known = np.isfinite(spreads.parts.impact)
        assert np.unique(spreads.order[known]).tolist() == list(range(orders - horizon))


def test_however_many_levels_an_order_takes_it_is_held_against_one_mid():
    noise = {"count": 1, "params": {"distribution": "geometric", "quantity": 4.0}}
    run = execute(parse(still(100, maker={"quantity": 2, "levels": 5, "level_gap": 3}, noise=noise)))
    spreads = Spreads(run)
    levels = np.bincount(spreads.order)
    assert levels.max() > 1
    # Levels lie at 0.05, 0.08, 0.11, … from the value, which is the mid before each order.
    for order in np.flatnonzero(levels > 1):
        own = spreads.parts.effective[spreads.order == order]
        np.testing.assert_allclose(own, 2 * (0.05 + 0.03 * np.arange(len(own))), atol=1e-9)
    assert (spreads.trades.quantities[spreads.orders] <= 2).all()


def test_the_parts_by_hand():
    parts = decomposed([101.0, 99.0], [1, -1], [100.0, 100.0], [100.5, 100.25])
    assert parts.effective.tolist() == [2.0, 2.0]
    assert parts.realised.tolist() == [1.0, 2.5]
    assert parts.impact.tolist() == [1.0, -0.5]


# --- in theory ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("unit", "horizon"), [("orders", 1), ("orders", 30), ("steps", 0), ("steps", 9)])
def test_the_whole_spread_is_realised_when_nobody_knows_anything(unit: str, horizon: int):
    for mark in ("mid", "value"):
        row = Spreads(execute(parse(still())), None, mark, horizon, unit).table().loc["all"]
        assert row["effective"] == pytest.approx(0.1, abs=1e-12)
        assert row["realised"] == pytest.approx(0.1, abs=1e-12)
        assert (row["impact"], row["impact_standard_error"], row["share"]) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(("share", "kept"), [(0.1, 0.00099), (0.3, 0.02477), (0.5, 0.10000)])
@pytest.mark.parametrize("makers", [1, 2])
def test_glosten_and_milgroms_makers_realise_nothing_at_their_belief_and_something_at_the_midpoint(
    share: float, kept: float, makers: int
):
    settings = {"run.episodes": 500, "makers.count": makers, "informed.arrivals.share": share,
                "makers.params.informed_share": share}  # fmt: skip
    run = execute(load(THEORY / "glosten_milgrom.toml", settings))
    believed, middle = Spreads(run, None, "belief", 1), Spreads(run, None, "mid", 1)
    known = np.isfinite(believed.parts.impact)
    assert known.sum() == 500 * 9
    assert np.abs(believed.parts.realised[known]).max() <= 2e-6  # two ticks' rounding
    first = middle.trades.steps == 0
    assert middle.parts.realised[first] == pytest.approx(np.full(500, kept), abs=6e-6)
    assert believed.parts.effective[first] == pytest.approx(np.full(500, share), abs=4e-6)


# --- tables ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 3, 11, 12, 19])
def test_groups_are_those_of_the_trades_and_their_means_weigh_by_lots(number: int):
    run = execute(parse(random_market(number)))
    spreads = Spreads(run, None, "mid", 1)
    trades = run.trades[run.trades["venue"].isin(spreads.trades.venues)].reset_index(drop=True)
    lots = trades.groupby(spreads.order)["quantity"].transform("sum")
    labels = {
        "all": ["all"] * len(trades),
        "venue": trades["venue"].astype(str),
        "side": trades["aggressor"].astype(str) + "s",
        "taker": trades["taker_population"].astype(str),
        "maker": trades["maker_population"].astype(str),
        "pair": trades["taker_population"].astype(str) + " → " + trades["maker_population"].astype(str),
    }
    known = np.isfinite(spreads.parts.impact)
    assert known.any()
    for by, label in labels.items():
        table = spreads.table(by)
        own = np.asarray(label)
        assert sorted(table.index) == sorted(set(own[known]))
        clusters = clusters_of(spreads.trades.episodes)
        for name, row in table.iterrows():
            chosen = known & (own == name)
            assert (row["trades"], row["lots"]) == (chosen.sum(), trades["quantity"][chosen].sum())
            for part, values in zip(PARTS, spreads.parts, strict=True):
                expected = group_means(values[chosen], clusters[chosen], weights=trades["quantity"][chosen]).estimate()
                assert row[part] == pytest.approx(np.average(values[chosen], weights=trades["quantity"][chosen]))
                assert row[f"{part}_standard_error"] == pytest.approx(expected.standard_error)
            assert row["effective"] == pytest.approx(row["realised"] + row["impact"], abs=1e-12)
    groups, names = spreads.groups("size")
    for group, name in zip(groups, names, strict=False):
        assert name
        assert 0 <= group < len(names)
    for group, size in zip(groups, lots, strict=True):
        ends = [int(each.replace(",", "")) for each in names[group].removesuffix(" lots").split(" to ")]
        assert ends[0] <= size <= ends[-1]


def test_every_instrument_has_rows_of_its_own():
    number = next(each for each in range(100) if len(random_market(each)["instruments"]) == 2 and each > 10)
    run = execute(parse(random_market(number)))
    table = tables(run, "all", horizon=1)
    assert table.index.tolist() == [("ACME", "all"), ("BOLT", "all")]


# --- what cannot be measured ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "said"), [
    ({"mark": "median"}, "there is no mark 'median'"),
    ({"mark": "belief"}, "no maker of ACME published"),
    ({"instrument": "BOLT"}, "no instrument 'BOLT' — there are ACME"),
    ({"horizon": 0}, "at least 1 order, not 0"),
    ({"horizon": -1, "unit": "steps"}, "at least 0 steps, not -1"),
    ({"unit": "trades"}, "counted in steps or orders, not in 'trades'"),
])  # fmt: skip
def test_what_cannot_be_asked_is_said(given: dict[str, Any], said: str):
    with pytest.raises(RunError, match=said):
        Spreads(execute(parse(still(30))), **given)


def test_what_cannot_be_measured_is_said():
    run = execute(parse(still(30)))
    with pytest.raises(RunError, match="cannot be grouped by 'sides' — did you mean 'side'"):
        Spreads(run).table("sides")
    with pytest.raises(RunError, match="ACME: every horizon lies beyond its episode — take a shorter one"):
        Spreads(run, horizon=1000).table()
    quiet = {"arrivals": {"law": "bernoulli", "probability": 0.0}}
    for by in GROUPS:
        with pytest.raises(RunError, match="ACME: nobody traded"):
            Spreads(execute(parse(still(30, noise=quiet)))).table(by)
    with pytest.raises(RunError, match="kept no trades"):
        Spreads(execute(parse(still(30, record={"trades": False}))))


# --- the command ----------------------------------------------------------------------------------------------------


def test_the_command_prints_a_table_and_one_json_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    run = execute(load(THEORY / "glosten_milgrom.toml", {"run.episodes": 100}), tmp_path, "gm")
    for by in GROUPS:
        assert take("spreads", [str(run.folder), "--by", by, "--horizon", "1"]) == 0
        shown = capsys.readouterr().out
        assert max(map(len, shown.splitlines())) <= 80
        assert "effective" in shown
    assert take("spreads", [str(run.folder), "--by", "taker", "--mark", "belief", "--horizon", "1", "--json"]) == 0
    groups = json.loads(capsys.readouterr().out)["runs"][0]["rows"]
    assert [each["taker"] for each in groups] == ["noise", "informed"]
    assert sum(each["lots"] for each in groups) == 900
    for each in groups:
        assert each["effective"] == pytest.approx(each["realised"] + each["impact"])
    assert take("spreads", [str(run.folder), "--horizon", "50"]) == 2
    assert "take a shorter one" in capsys.readouterr().err
    assert take("spreads", [str(run.folder), "--by", "sides"]) == 2
