"""Recorded markets: what the readers make of small files, and what the measures say of real days."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.quality.spreads import decomposed
from analysis.recorded import __main__ as command
from analysis.recorded import backtests, facts, spreads
from analysis.recorded.__main__ import main, measured
from analysis.recorded.board import Board, Word
from analysis.recorded.day import OPENS, Day, Orders, orders_of
from analysis.recorded.files import data_folder as found_folder
from analysis.recorded.lobster import lobster_day
from analysis.recorded.markets import Recorded, daily, recorded
from analysis.recorded.picture import picture
from analysis.recorded.taq import taq_day
from analysis.risk.tail_risk import Forecasts, normal_tail, rolling
from sim.core.errors import RunError
from sim.runs.execute import execute
from sim.scenario import load
from tests.places import SCENARIOS

EMPTY = 9_999_999_999


def written(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def nasdaq(folder: Path, messages: list[str], rows: list[str]) -> Day:
    return lobster_day("X", written(folder / "messages.csv", messages), written(folder / "book.csv", rows))


def consolidated(folder: Path, trades: list[str], quotes: list[str]) -> Day:
    return taq_day("X", written(folder / "trades.csv", trades), written(folder / "quotes.csv", quotes))


def values(column: list) -> dict[str, float]:
    return {each.name: each.value for each in column if not isinstance(each, Word)}


# --- readers, on small files ----------------------------------------------------------------------------------------


def test_executions_of_one_time_and_side_are_one_order_at_the_mid_before_the_first(tmp_path):
    messages = [
        "34200.1,1,1,100,1000000,1",
        "34201.0,4,2,10,1000200,-1",  # a buyer takes two levels,
        "34201.0,4,3,30,1000400,-1",
        "34201.0,4,1,5,1000000,1",  # a seller comes at the same time,
        "34202.0,4,1,5,1000000,1",  # and another later
    ]
    rows = [
        "1000200,10,1000000,100",
        "1000400,30,1000000,100",
        "1000600,9,1000000,100",
        "1000600,9,1000000,95",
        "1000600,9,1000000,90",
    ]
    day = nasdaq(tmp_path, messages, rows)
    np.testing.assert_array_equal(day.visible.signs, [1, -1, -1])
    np.testing.assert_array_equal(day.visible.quantities, [40, 5, 5])
    np.testing.assert_allclose(day.visible.prices, [100.035, 100.0, 100.0])
    np.testing.assert_allclose(day.visible.mids, [100.01, 100.03, 100.03])
    assert len(day.hidden.times) == 0


def test_hidden_executions_stand_apart_and_leave_the_book_alone(tmp_path):
    messages = ["34200.1,1,1,100,1000000,1", "34201.0,5,0,7,1000100,1", "34201.0,4,2,10,1000200,-1"]
    rows = ["1000200,10,1000000,100", "1000200,10,1000000,100", f"{EMPTY},0,1000000,100"]
    day = nasdaq(tmp_path, messages, rows)
    np.testing.assert_array_equal(day.hidden.signs, [-1])
    np.testing.assert_array_equal(day.visible.signs, [1])
    np.testing.assert_array_equal(day.all_orders.quantities, [10, 7])
    assert np.isnan(day.asks[-1])
    assert np.isnan(day.mids_at([34202.0]))[0]


def test_an_execution_in_the_first_row_has_no_mid(tmp_path):
    day = nasdaq(tmp_path, ["34200.1,4,1,10,1000000,1"], ["1000200,10,1000000,90"])
    assert np.isnan(day.visible.mids[0])


def test_a_side_without_orders_gives_no_mid_and_the_day_can_be_measured(tmp_path):
    day = nasdaq(tmp_path, ["34200.1,1,1,10,1000000,1"], [f"{EMPTY},0,1000000,10"])
    assert np.isnan(day.mids).all()
    assert values(spreads.board([day]).columns["X"])["orders"] == 0
    spreads.board([day]).to_print()


def test_mids_are_those_that_stand_at_a_time_and_none_before_the_first_or_after_the_close(tmp_path):
    messages = ["34200.5,1,1,100,1000000,1", "34200.5,1,2,100,1000100,1", "34300,1,3,100,1000200,1"]
    rows = ["1000400,10,1000000,100", "1000400,10,1000100,100", "1000400,10,1000200,100"]
    day = nasdaq(tmp_path, messages, rows)
    np.testing.assert_allclose(
        day.mids_at([34200.4, 34200.5, 34299.9, 34300.0, 57600.0, 57600.1]),
        [np.nan, 100.025, 100.025, 100.03, 100.03, np.nan],
    )


def test_quoted_spreads_weigh_by_the_time_they_stood(tmp_path):
    messages = ["34200,1,1,100,1000000,1", "52200,1,2,100,1000300,1"]  # 18,000 s and 5,400 s
    day = nasdaq(tmp_path, messages, ["1000400,10,1000000,100", "1000400,10,1000300,100"])
    found = values(spreads.quoted(day))
    assert found["quoted spread"] == pytest.approx((18_000 * 4 + 5_400 * 1) / 23_400)
    assert found["one tick wide"] == pytest.approx(5_400 / 23_400)


QUOTES = [
    "34100000,0,0,1000400,100,Q,1,0",
    "34100000,1000000,100,0,0,P,1,0",
    "34201000,1000200,100,0,0,P,1,0",
    "34201000,0,0,1000400,100,Q,1,0",
]


def test_trades_are_signed_by_the_quote_before_their_millisecond(tmp_path):
    day = consolidated(tmp_path, ["34201000,1000250,100,P,1,0", "34201001,1000250,100,P,1,0"], QUOTES)
    np.testing.assert_array_equal(day.visible.signs, [1, -1])  # mids 100.02, then 100.03
    np.testing.assert_allclose(day.visible.mids, [100.02, 100.03])


def test_a_trade_at_the_mid_is_there_in_whatever_binary_fractions(tmp_path):
    for bid in range(1815000, 1818000, 100):
        quotes = [f"34200000,{bid},100,0,0,P,1,0", f"34200000,0,0,{bid + 400},100,Q,1,0"]
        for before, sign in ((bid + 100, 1), (bid + 300, -1)):
            trades = [f"34200100,{before},1,P,1,0", f"34200200,{bid + 200},1,P,1,0"]
            np.testing.assert_array_equal(consolidated(tmp_path, trades, quotes).visible.signs, [-sign, sign])


def test_a_trade_at_the_mid_has_the_sign_of_the_last_price_change(tmp_path):
    trades = ["34200100,1000100,100,P,1,0", "34200200,1000200,100,P,1,0"]
    np.testing.assert_array_equal(consolidated(tmp_path, trades, QUOTES).visible.signs, [-1, 1])


@pytest.mark.parametrize("condition", ["1", "20", "20000020", "20000001", "80000001"])
def test_regular_sale_conditions_are_kept(tmp_path, condition):
    trades = [f"34202000,1000400,100,P,{condition},0"]
    assert len(consolidated(tmp_path, trades, QUOTES).visible.times) == 1


@pytest.mark.parametrize("condition", ["40", "80", "2000", "20100200", "4800", "20000002", "2E05"])
def test_other_sale_conditions_are_left_out(tmp_path, condition):
    trades = ["34202000,1000400,100,P,1,0", f"34203000,1000400,100,P,{condition},0"]
    assert len(consolidated(tmp_path, trades, QUOTES).visible.times) == 1


@pytest.mark.parametrize("time", [34_199_999, 57_600_000])
def test_trades_outside_regular_hours_are_left_out(tmp_path, time):
    trades = sorted(["34202000,1000400,100,P,1,0", f"{time},1000400,100,P,1,0"])
    assert len(consolidated(tmp_path, trades, QUOTES).visible.times) == 1


def test_suspicious_rows_count_for_nothing(tmp_path):
    quotes = [*QUOTES, "34201500,900000,100,0,0,P,1,1", "34201500,0,0,1000400,100,Q,1,0"]
    trades = ["34202000,1000400,100,P,1,0", "34203000,5000000,100,P,1,1"]
    day = consolidated(tmp_path, trades, quotes)
    np.testing.assert_allclose(day.visible.mids, [100.03])


def test_crossed_quotes_give_no_mid_and_locked_ones_do(tmp_path):
    quotes = [
        *QUOTES,
        "34202000,1000500,100,0,0,P,1,0",
        "34202000,0,0,1000400,100,Q,1,0",
        "34203000,1000400,100,0,0,P,1,0",
    ]
    day = consolidated(tmp_path, ["34201500,1000400,100,P,1,0"], quotes)
    np.testing.assert_allclose(day.mids_at([34202.5, 34203.5]), [np.nan, 100.04])


def test_a_header_a_falling_time_and_a_wrong_condition_are_refused(tmp_path):
    good = "34202000,1000400,100,P,1,0"
    for trades, quotes, words in (
        (["time,price,size,exchange,condition,suspicious", good], QUOTES, "not a number"),
        ([good, "34201000,1000400,100,P,1,0"], QUOTES, "earlier"),
        ([good.replace(",1,", ",xyz,")], QUOTES, "hexadecimal"),
        ([good], QUOTES[::-1], "earlier"),
        (["34202000,1000400"], QUOTES, "no column"),
        (["34100000,1000400,100,P,1,0"], QUOTES, "no trade can be signed"),
    ):
        with pytest.raises(RunError, match=words):
            consolidated(tmp_path, trades, quotes)


def test_empty_lines_count_as_lines(tmp_path):
    good = "34202000,1000400,100,P,1,0"
    for trades, quotes, words in (
        (["", "", good, "", "34201000,1000400,100,P,1,0"], QUOTES, r"trades\.csv, line 5: 34201000 is earlier"),
        (["", good, good.replace(",1,", ",xyz,")], QUOTES, r"trades\.csv, line 3: condition 'xyz'"),
        (["", good, good.replace("34202000", "")], QUOTES, r"trades\.csv, line 3: there is no time"),
        (
            [good],
            ["", *QUOTES, QUOTES[-1].replace("1000", "x000")],
            rf"quotes\.csv, line {len(QUOTES) + 2}: .*not a number",
        ),
    ):
        with pytest.raises(RunError, match=words):
            consolidated(tmp_path, trades, quotes)
    with pytest.raises(RunError, match=r"messages\.csv, line 4: 34200\.0 is earlier"):
        nasdaq(tmp_path, ["", "34201,1,1,100,1000000,1", "", "34200,1,2,100,1000000,1"], ["1000200,10,1000000,100"] * 2)
    path = written(tmp_path / "daily.csv", ["Date,Close,Volume", "1,100,7", "", "2,n.v.t.,8"])
    with pytest.raises(RunError, match=r"line 4: Close is 'n\.v\.t\.'"):
        daily(path, "Close", "Volume")


def test_lobster_files_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(RunError, match="rows"):
        nasdaq(tmp_path, ["34200.1,1,1,100,1000000,1"], ["1000200,10,1000000,100"] * 2)
    with pytest.raises(RunError, match="earlier"):
        nasdaq(tmp_path, ["34201,1,1,100,1000000,1", "34200,1,2,100,1000000,1"], ["1000200,10,1000000,100"] * 2)


def test_daily_returns_skip_days_without_a_close(tmp_path):
    path = written(tmp_path / "daily.csv", ["Date,Close,Volume", "1,100,7", "2,,8", "3,110,9"])
    found = daily(path, "Close", "Volume")
    np.testing.assert_allclose(found.returns, [np.log(1.1)])
    np.testing.assert_allclose(found.volumes, [9])
    with pytest.raises(RunError, match="no column Open"):
        daily(path, "Open", "Volume")
    with pytest.raises(RunError, match="above 0"):
        daily(written(path, ["Date,Close,Volume", "1,100,7", "2,-3,8"]), "Close", "Volume")
    with pytest.raises(RunError, match="not a number"):
        daily(written(path, ["Date,Close,Volume", "1,100,7", "2,n.v.t.,8"]), "Close", "Volume")


def test_a_damaged_file_is_refused(tmp_path):
    whole = gzip.compress(b"Date,Close,Volume\n" + b"1,100,7\n" * 1000)
    (tmp_path / "cut.csv.gz").write_bytes(whole[:-20])
    with pytest.raises(RunError, match="cannot be read"):
        daily(tmp_path / "cut.csv.gz", "Close", "Volume")


# --- measures, on what is known --------------------------------------------------------------------------------------


def known_day(step: float) -> Day:
    """Buys at the ask every 20 s, each followed at once by quotes that are higher by a step."""
    times = OPENS + 20.0 * np.arange(1, 1000)
    mids = 100.0 + step * np.arange(1000)
    at = np.append(OPENS, times)
    orders = Orders(times, mids[:-1] + 0.05, np.ones(999, np.int64), np.full(999, 10.0), mids[:-1])
    return Day("X", 0.01, at, mids - 0.05, mids + 0.05, orders, Orders(*(each[:0] for each in orders)))


def test_a_permanent_step_is_all_of_the_impact_until_the_next_order():
    found = values(spreads.traded(known_day(0.02), known_day(0.02).visible, ""))
    assert found["effective"] == pytest.approx(10.0)  # cents
    assert found["impact 1 s"] == pytest.approx(4.0)
    assert found["realised 5 s"] == pytest.approx(6.0)
    assert found["impact 60 s"] == pytest.approx((996 * 16 + 12 + 8 + 4) / 999)  # this step and three; fewer at the end


def test_without_steps_the_whole_spread_is_kept():
    found = values(spreads.traded(known_day(0.0), known_day(0.0).visible, ""))
    assert found["realised 60 s"] == pytest.approx(found["effective"]) == pytest.approx(10.0)


def test_a_horizon_that_is_none_is_refused():
    day = known_day(0.0)
    for horizons in ((), (0.0,)):
        with pytest.raises(ValueError, match="above 0"):
            spreads.traded(day, day.visible, "", horizons)


def test_returns_of_a_day_are_those_of_its_mid_and_its_volume_is_all_of_it():
    found = facts.of_day(known_day(0.02), 60)
    assert len(found.returns) == 389
    assert np.nansum(found.returns) == pytest.approx(np.log((100 + 0.02 * 999) / (100 + 0.02 * 3)))
    assert found.volumes.sum() == found.signed.sum() == 10 * (999 - 2)  # without the two of the first minute


def test_students_tail_fitted_every_day_is_the_rolling_one():
    returns = np.random.default_rng(3).standard_t(4, 60)
    (ours,) = backtests.student_forecasts(returns, [0.95], 40, 1)
    for mine, theirs in zip(ours, rolling(returns, 0.95, 40, "student"), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)


def test_students_tail_is_kept_until_the_next_fit_and_looks_at_nothing_later():
    returns = np.random.default_rng(4).standard_t(4, 70)
    found = backtests.student_forecasts(returns, [0.99], 40, 20)[0].value_at_risk
    assert np.isnan(found[:40]).all()
    assert len(set(found[40:60])) == len(set(found[60:])) == 1
    changed = np.append(returns[:60], 100 * returns[60:])
    np.testing.assert_array_equal(backtests.student_forecasts(changed, [0.99], 40, 20)[0].value_at_risk, found)
    with pytest.raises(ValueError, match="at least"):
        backtests.student_forecasts(returns, [0.99], 3)


def test_the_exponential_tail_has_the_forecasts_probability_and_shortfall():
    risk, shortfall = np.full(50, 2.0), np.full(50, 2.5)
    drawn = backtests.exponential_tail(Forecasts(risk, shortfall, risk), 0.9)(np.random.default_rng(1), 4000)
    losses = -drawn[-drawn > 2.0]
    assert losses.size / drawn.size == pytest.approx(0.1, abs=0.003)
    assert losses.mean() == pytest.approx(2.5, abs=0.02)


def test_forecasts_that_are_right_are_not_refused_and_halved_ones_are():
    returns = np.random.default_rng(6).standard_normal(3_000)
    tail = normal_tail(0.95)
    for scale in (1.0, 0.5):
        each = np.full(3_000, scale)
        found = {
            row.name: row
            for row in backtests.backtested(returns, Forecasts(*(scale * np.ones((2, 3_000)).T * tail).T, each), 0.95)
        }
        refused = [found[name].value < 0.01 for name in ("p, number", "p, both", "p, shortfall")]
        assert all(refused) if scale < 1 else not any(refused)
        assert (found["zone"].text == "red") == (scale < 1)


def test_too_few_returns_are_refused():
    few = np.random.default_rng(1).standard_normal(backtests.WINDOW)
    with pytest.raises(RunError, match="too few"):
        backtests.backtested(few, rolling(few, 0.95, 100, "normal"), 0.95)


def test_a_board_shows_rows_that_some_columns_lack():
    from analysis.reading.measures import Measurement

    first = [Measurement("a", 1.0, None, "", ""), Measurement("c", 0.5, 0.1, "¢", "")]
    second = [Measurement("a", 2.0, None, "", ""), Measurement("|b|", float("nan"), None, "", ""), Word("c", "red")]
    board = Board("T", "N", {"x": first, "y": second})
    assert board.rows() == [("a", ["1", "2"]), ("|b|", ["", "-"]), ("c, ¢", ["0.50 ± 0.10", "red"])]
    assert "∣b∣" in board.markdown()
    assert json.dumps(board.as_json(), allow_nan=False)


# --- the recorded days ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def markets(data_folder) -> Recorded:
    try:
        return recorded(data_folder)
    except RunError as why:
        if "no such file" in str(why):
            pytest.skip(str(why))
        raise


def test_volumes_and_orders_are_the_files(markets, data_folder):
    for name, depth, orders in (("AAPL", 1, 18_016), ("AMZN", 5, 6_591)):
        day = next(each for each in markets.days if each.name == name)
        path = data_folder / "lobster" / f"{name}_2012-06-21_34200000_57600000_message_{depth}.csv.gz"
        rows = pd.read_csv(
            path, header=None, usecols=[0, 1, 3, 5], names=["time", "kind", "order", "size", "price", "side"]
        )
        for kind, mine in ((4, day.visible), (5, day.hidden)):
            assert mine.quantities.sum() == rows.loc[rows["kind"] == kind, "size"].sum()
        visible = rows[rows["kind"] == 4]
        assert (
            len(day.visible.times) == orders == 1 + (np.diff(visible[["time", "side"]], axis=0) != 0).any(axis=1).sum()
        )


def test_visible_orders_pay_at_least_the_best_quote(markets):
    for day in markets.days[:2]:
        before = np.searchsorted(day.quote_times, day.visible.times, side="left") - 1
        sure = before >= 0
        best = np.where(day.visible.signs > 0, day.asks[before], -day.bids[before])[sure]
        paid = (day.visible.signs * day.visible.prices)[sure]
        assert np.mean(paid >= best - 1e-9) > 0.97  # but where quotes moved within the timestamp


def test_nearly_all_of_ibms_trades_lie_within_the_quotes_that_stood_before(markets):
    day = markets.days[2]
    place = np.searchsorted(day.quote_times, day.visible.times, side="left") - 1
    inside = (day.visible.prices >= day.bids[place] - 1e-9) & (day.visible.prices <= day.asks[place] + 1e-9)
    assert 0.95 < inside.mean() < 1.0
    assert np.nanmean(day.asks > day.bids - 1e-9) > 0.999


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return execute(load(SCENARIOS / "quickstart.toml", ["run.steps=2_000"]), tmp_path_factory.mktemp("runs") / "game")


@pytest.fixture(scope="module")
def told(markets, data_folder, run):
    return measured(data_folder, run.folder)


@pytest.fixture(scope="module")
def tables(told) -> dict[str, dict]:
    return {each.title: each.columns for each in told[0]}


def test_effective_is_realised_and_impact_order_by_order(markets):
    for day in markets.days:
        orders = day.visible
        parts = decomposed(orders.prices, orders.signs, orders.mids, day.mids_at(orders.times + 5.0))
        known = np.isfinite(parts.impact)
        assert known.mean() > 0.99
        np.testing.assert_allclose(parts.effective[known], (parts.realised + parts.impact)[known], atol=1e-9)


BANDS = {  # quoted, effective in cents; quoted in basis points
    "AAPL": ((13, 17), (9, 12), (2, 3.2)),
    "AMZN": ((11, 14), (8, 12), (5, 6.5)),
    "IBM": ((3, 5), (2.3, 4), (1.5, 2.7)),
}


def test_spreads_are_those_of_the_stocks_and_their_parts_are_in_order(tables):
    columns = tables["What trading cost"]
    for name, bands in BANDS.items():
        found = values(columns[name])
        for what, (low, high) in zip(("quoted spread", "effective", "quoted, relative"), bands, strict=True):
            assert low < found[what] < high, (name, what)
        assert found["effective"] < found["quoted spread"]
        assert 0 < found["impact 1 s"] < found["impact 5 s"]
        for horizon in (1, 5, 30, 60):
            whole = found[f"realised {horizon} s"] + found[f"impact {horizon} s"]
            assert whole == pytest.approx(found["effective"], rel=1e-9)
            assert found[f"realised {horizon} s"] < found["effective"]
        assert found["one tick wide"] < 0.2
    for name in ("AAPL", "AMZN"):  # hidden orders stand inside the spread
        found = values(columns[name])
        assert found["hidden: effective"] < found["effective"]


def test_trading_moves_prices_and_large_orders_in_less_than_proportion(tables):
    for stock, column in tables["What trading did to the price"].items():
        found = {each.name: each for each in column}
        for name in ("Kyle's lambda 10 s", "Kyle's lambda 60 s", "Hasbrouck, at once", "Hasbrouck, for good"):
            assert found[name].value > 2 * found[name].standard_error, (stock, name)
        assert found["Hasbrouck, for good"].value > found["Hasbrouck, at once"].value
        assert -0.2 < found["next order: exponent"].value < 0.7


def test_runs_of_orders_on_one_side_narrow_what_models_see(tables):
    for stock, column in tables["What models of the spread make of the trades"].items():
        found = values(column)
        assert 0.2 < found["Madhavan: rho"] < 0.8
        assert found["Huang-Stoll: reversal"] == pytest.approx((1 - found["Madhavan: rho"]) / 2, abs=0.01)
        for name in ("Roll: spread", "Madhavan: spread", "Glosten-Harris: spread"):
            assert 0 < found[name] < values(tables["What trading cost"][stock])["effective"]


def test_real_returns_have_the_stylised_facts(tables, run):
    columns = tables["Stylised facts"]
    for name, column in columns.items():
        if name == run.folder.name:
            continue
        found, error = values(column), values(column)["1/√n"]
        assert 2.3 < found["tail index"] < 4.5, name
        assert found["kurtosis 1"] > 2
        assert abs(found["returns lag 20"]) < 3 * error
        assert found["|returns| lag 1"] > 5 * error
        assert found["Ljung-Box p"] < 1e-6
        assert found["volume-volatility"] > 0.1
        if "flow-return" in found:
            assert found["flow-return"] > 0.3
            assert found["signed volume lag 1"] > 3 * error
    assert values(columns["S&P 500"])["leverage lag 1"] < -5 * values(columns["S&P 500"])["1/√n"]


def test_the_normal_tail_fails_at_99_and_exponential_weights_remove_the_clusters(tables):
    for name in ("S&P 500", "Bitcoin"):
        normal = values(tables[f"Backtests of risk: {name}, 99 %"]["normal"])
        assert normal["exceptions"] > 1.6 * normal["expected"]
        assert normal["p, number"] < 0.01
        assert normal["p, shortfall"] < 0.01
    columns = tables["Backtests of risk: S&P 500, 95 %"]
    assert values(columns["historical"])["p, clusters"] < 1e-4
    assert values(columns["EWMA hist."])["p, both"] > 0.05


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_prints_all_tables_lays_a_run_beside_them_and_writes_page_and_figure(
    told, data_folder, run, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(command, "measured", lambda folder, beside: told if beside == run.folder else None)
    page, figure = tmp_path / "recorded.md", tmp_path / "recorded.png"
    given = [str(data_folder), "--run", str(run.folder), "--page", str(page), "--figure", str(figure), "--json"]
    assert main(given) == 0
    tables = {each["title"]: each for each in json.loads(capsys.readouterr().out)["tables"]}
    assert list(tables["Stylised facts"]["columns"]) == ["AAPL", "AMZN", "IBM", "S&P 500", "Bitcoin", run.folder.name]
    assert sum("Backtests" in title for title in tables) == 4
    text = page.read_text(encoding="utf-8")
    assert all(f"## {title}" in text for title in tables)
    assert "](recorded.png)" in text
    assert str(data_folder) not in text
    assert figure.stat().st_size > 20_000


def test_tables_fit_80_columns(told, data_folder, capsys, monkeypatch):
    monkeypatch.setattr(command, "measured", lambda folder, beside: told)
    assert main([str(data_folder)]) == 0
    shown = capsys.readouterr().out
    assert "quoted spread" in shown
    assert all(len(line.rstrip()) <= 80 for line in shown.splitlines())


def test_a_market_without_variation_can_be_drawn_and_told():
    flat = facts.Facts(np.zeros(100), np.zeros(100), np.zeros(100))
    picture({"flat": flat})
    facts.board({"flat": flat}).to_print()


def test_what_is_missing_is_one_line_and_exit_2(tmp_path, capsys, monkeypatch):
    assert main([str(tmp_path / "nowhere")]) == 2
    assert main([str(tmp_path)]) == 2
    assert main([str(tmp_path), "--page", "page.txt"]) == 2
    assert main([str(tmp_path), "--figure", str(tmp_path / "no" / "figure.png")]) == 2
    shown = capsys.readouterr()
    assert not shown.out
    told = shown.err.splitlines()
    assert len(told) == 4
    assert "SPREADGAME_DATA" in told[0]
    assert "message_1.csv.gz" in told[1]
    monkeypatch.setenv("SPREADGAME_DATA", str(tmp_path))
    assert found_folder() == tmp_path


def test_no_executions_are_no_orders():
    assert len(orders_of([], [], [], [], []).times) == 0
