"""Spreads, depth, imbalance, turnover and resilience: counted by hand, where the law is known, and in runs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.quality import liquidity
from analysis.quality.liquidity import counted, imbalance, prediction
from analysis.quality.resilience import AFTER, large, recovery
from analysis.stats.clusters import clusters_of
from analysis.stats.estimates import Estimate
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import load, parse
from tests.command_line import take
from tests.places import ROOT

HALF_SPREAD, QUANTITY = 0.05, 20


def close(estimate: Estimate, value: float) -> bool:
    return abs(estimate.value - value) < 4 * estimate.standard_error


def market(
    steps: int = 400, episodes: int = 1, lot: float = 1.0, noise: dict[str, Any] | None = None,
    venue: dict[str, Any] | None = None, maker: dict[str, Any] | None = None, **record: Any,
) -> Run:  # fmt: skip
    """A maker at 100 who quotes anew before every taker comes."""
    sizes = noise or {"distribution": "geometric", "quantity": 4}
    quotes = {"half_spread": HALF_SPREAD, "quantity": QUANTITY} | (maker or {})
    return execute(
        parse(
            {
                "run": {"steps": steps, "episodes": episodes, "seed": 3},
                "instruments": [
                    {"name": "X", "lot_size": lot, "value": {"process": "constant", "initial": 100.0}},
                ],
                "venues": [{"name": "lit", "tick_size": 0.01} | (venue or {})],
                "populations": [
                    {"name": "maker", "strategy": "fixed_spread", "params": quotes},
                    {"name": "noise", "strategy": "noise", "turn": 1, "params": sizes,
                     "arrivals": {"law": "bernoulli", "probability": 0.4}},
                ],
                "record": {"agents": "none", **record},
            }
        )
    )  # fmt: skip


def found_in(run: Run) -> dict[str, Estimate]:
    rows = liquidity.measures(run)
    return {each.name: Estimate(each.value, each.standard_error or 0.0) for each in rows}


def meanings(run: Run) -> dict[str, str]:
    return {each.name: each.meaning for each in liquidity.measures(run)}


# --- imbalance ------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("error")
def test_imbalance_by_hand():
    assert list(imbalance([3, 5, 0, 0], [1, 0, 5, 0])) == pytest.approx([0.5, 1, -1, math.nan], nan_ok=True)


def test_a_prediction_by_hand_stays_within_stretches():
    mids = [10.0, 11, 11, 10, 50, 49]
    found = prediction([0.5, -0.5, -1.0, 0.9, 1.0, 0.0], mids, [0, 0, 0, 0, 1, 1])
    # changes +1, 0, -1 and -1 after imbalances .5, -.5, -1 and 1; two of the three moves are told
    assert found.accuracy.value == pytest.approx(2 / 3)
    slope = np.polyfit([0.5, -0.5, -1.0, 1.0], [1, 0, -1, -1], 1)[0]
    assert found.slope.value == pytest.approx(slope)


def test_the_slope_on_imbalance_is_found():
    generator = np.random.default_rng(1)
    tilt = generator.uniform(-1, 1, 20_000)
    moves = 0.02 * tilt + generator.normal(0, 0.05, 20_000)
    found = prediction(np.append(tilt, 0), np.append(0, np.cumsum(moves)), np.zeros(20_001))
    assert close(found.slope, 0.02)
    agree = np.sign(tilt) == np.sign(moves)
    assert found.accuracy.value == pytest.approx(agree.mean())


# --- large orders and what follows them -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lots", "count"),
    [(range(1, 101), 10), (range(1, 11), 1), ([1, 2, 3, 4, 5] * 4, 4), ([7] * 30, 0), ([1] * 30 + [2, 3], 2), ([], 0)],
)
def test_large_orders_are_the_top_share_with_all_of_their_size(lots: Any, count: int):
    assert large(np.array(lots)).sum() == count


def test_shares_that_are_none_are_refused():
    for share in (0.0, 1.0, math.nan):
        with pytest.raises(ValueError, match="share"):
            large([1, 2], share)


def test_the_half_life_of_a_gap_that_closes_exponentially():
    t = np.array(AFTER)
    after = np.tile(100 * (1 - 0.6 * 0.5 ** (t / 3.0)), (50, 1))
    found = recovery(np.full(50, 100.0), after, np.arange(50))
    assert [each.value for each in found.relative] == pytest.approx(list(1 - 0.6 * 0.5 ** (t / 3.0)))
    assert found.half_life.value == pytest.approx(3.0)
    widened = recovery(np.full(50, 2.0), np.tile(2 * (1 + 0.5 ** (t / 8.0)), (50, 1)), np.arange(50))
    assert widened.half_life.value == pytest.approx(8.0)


def test_half_lives_and_ratios_scatter_as_their_errors_say():
    generator, t = np.random.default_rng(2), np.array(AFTER)
    found = []
    for _ in range(80):
        after = 100 * (1 - 0.5 * 0.5 ** (t / 6.0)) + generator.normal(0, 15, (600, len(t)))
        found.append(recovery(generator.normal(100, 15, 600), after, clusters_of(np.zeros(600), 60)))
    for estimates, truth in (([e.half_life for e in found], 6.0), ([e.relative[0] for e in found], 0.5)):
        values, errors = np.array(estimates).T
        assert abs(values.mean() - truth) < 4 * values.std() / math.sqrt(len(values)) + 0.01
        assert errors.mean() == pytest.approx(values.std(ddof=1), rel=0.2)


def test_means_after_are_held_against_means_before_of_the_same_events():
    before, after = [10.0, 30.0], [[5.0, 10.0], [15.0, math.nan]]
    found = recovery(before, after, [0, 1], times=(0, 1), inside=[[True, True], [True, False]])
    assert [each.value for each in found.relative] == pytest.approx([0.5, 1.0])
    rare = recovery([10.0, math.nan], [[math.nan], [5.0]], [0, 1], times=(0,))  # sampled before one, after the other
    assert rare.relative[0].value == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("gaps", "reason"),
    [
        ([0.0] * 7, "no gap"),
        ([0.5, 0, 0, 0, 0, 0, 0], "quarter"),
        ([0.5] * 7, "not seen to close"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_gap_without_a_half_life_says_why(gaps: list[float], reason: str):
    after = 100 * (1 - np.tile(gaps, (40, 1)))
    found = recovery(np.full(40, 100.0), after, np.arange(40))
    assert math.isnan(found.half_life.value)
    assert reason in found.reason


@pytest.mark.filterwarnings("error")
def test_no_events_are_no_recovery():
    found = recovery([], np.zeros((0, len(AFTER))), [])
    assert all(math.isnan(each.value) for each in found.relative)
    assert found.reason
    with pytest.raises(ValueError, match="shape"):
        recovery([1.0], [[1.0]], [0])


# --- what is counted over time --------------------------------------------------------------------------------------


def test_amounts_are_counted_in_stretches_that_end_with_their_episode():
    sums, spans, own = counted([1.0, 2.0, 4.0], [0, 2, 2], [0, 0, 1], length=3, done=6)
    assert list(sums) == [1, 0, 2, 0, 0, 4]
    assert list(spans) == [1] * 6
    assert list(own) == [0, 0, 0, 1, 1, 1]
    long = counted([1.0], [9_000], [0], length=10_001, done=15_000)  # its second episode was stopped
    assert long[1].sum() == 15_000
    assert long[0].sum() == 1.0
    assert long[1][long[2] == 1].sum() == 4_999


# --- runs -----------------------------------------------------------------------------------------------------------


def test_the_quoted_spread_is_that_of_the_summary_and_at_one_tick_where_it_is() -> None:
    run = market(2000, maker={"half_spread": 0.005, "quantity": 3, "levels": 3, "level_gap": 1}, book_every=1)
    summary = run.summary.set_index("measure")["value"]
    spreads, found = (run.book["ask"] - run.book["bid"]).dropna(), found_in(run)
    assert spreads.nunique() > 1
    assert len(spreads) < len(run.book)
    assert found["spread.quoted"].value == pytest.approx(summary["quoted_spread"], rel=1e-12)
    assert found["tick.share"].value == pytest.approx(np.isclose(spreads, 0.01).mean(), rel=1e-12)


@pytest.mark.parametrize("lot", [1.0, 10.0])
def test_a_market_whose_numbers_are_known(lot: float):
    run = market(4000, lot=lot, book_every=1)
    found, lots = found_in(run), run.trades["quantity"].sum()
    assert found["spread.quoted"].value == pytest.approx(2 * HALF_SPREAD)
    assert found["spread.quoted"].standard_error == 0.0
    assert found["spread.relative"].value == pytest.approx(1e4 * 2 * HALF_SPREAD / 100)
    assert found["tick.relative"].value == pytest.approx(1.0)
    assert found["tick.share"].value == 0.0
    assert found["turnover.lots"].value == pytest.approx(lots / 4000)
    money = (run.trades["price"] * run.trades["quantity"]).sum() * lot
    assert found["turnover.money"].value == pytest.approx(money / 4000)
    depth = (run.book["bid_depth"] + run.book["ask_depth"]).mean()
    assert found["turnover.of_depth"].value == pytest.approx(lots / 4000 / depth)
    assert found["depth.bid"].value == pytest.approx(run.book["bid_depth"].mean())
    assert found["depth.money"].value == pytest.approx(depth * 100 * lot, rel=1e-3)
    both = run.book["bid"].fillna(0) * run.book["bid_volume"] + run.book["ask"].fillna(0) * run.book["ask_volume"]
    assert found["depth.best_money"].value == pytest.approx(both.mean() * lot)
    assert found["empty"].value == pytest.approx((run.book["bid"].isna() | run.book["ask"].isna()).mean())
    assert close(found["imbalance.mean"], 0.0)


def test_turnover_of_the_law_that_traders_follow():
    found = found_in(market(20_000, noise={"quantity": 3}))
    assert close(found["turnover.lots"], 0.4 * 3)
    assert found["turnover.lots"].standard_error == pytest.approx(3 * math.sqrt(0.4 * 0.6 / 20_000), rel=0.2)


def test_depth_falls_after_large_orders_and_is_back_a_step_later():
    run = market(20_000, book_every=1)
    found, sides = found_in(run), run.trades
    least = np.quantile(sides.groupby("taker_order")["quantity"].sum(), 0.9, method="higher")
    assert found["resilience.depth.0"].value < 1 - 0.5 * least / QUANTITY
    for after in AFTER[1:]:
        assert close(found[f"resilience.depth.{after}"], 1.0)
    assert math.isnan(found["resilience.depth.half_life"].value)
    assert "quarter of a step" in meanings(run)["resilience.depth.half_life"]


@pytest.mark.parametrize("every", [1, 3])
def test_resilience_in_the_run_is_that_counted_in_its_tables(every: int):
    run = market(3000, book_every=every)
    orders = run.trades.groupby("taker_order").agg(step=("step", "first"), lots=("quantity", "sum"),
                                                   side=("aggressor", "first"))  # fmt: skip
    least = np.quantile(orders["lots"], 0.9, method="higher")
    orders = orders[(orders["lots"] >= least) & (orders["step"] > 0)]
    depth = {side: run.book.set_index("step")[f"{side}_depth"] for side in ("ask", "bid")}
    found = found_in(run)
    for after in (0, 2, 50):
        kept = orders[orders["step"] + after < 3000]
        hit = ["ask" if side == "buy" else "bid" for side in kept["side"]]
        means = [
            np.nanmean([depth[side].get(step + shift, math.nan) for side, step in zip(hit, kept["step"], strict=True)])
            for shift in (-1, after)
        ]
        assert found[f"resilience.depth.{after}"].value == pytest.approx(means[1] / means[0])


def test_a_book_of_orders_that_are_cancelled_at_a_rate_fills_up_at_that_rate():
    flow = {"market_rate": 0.2, "limit_rate": 0.02, "cancel_rate": 0.05, "window": 200}
    large_sizes = {"distribution": "geometric", "quantity": 15}
    run = execute(
        parse(
            {
                "run": {"steps": 60_000, "seed": 3},
                "instruments": [{"name": "X", "value": {"process": "constant", "initial": 100.0}}],
                "venues": [{"name": "lit", "self_trade_prevention": "allow"}],
                "populations": [
                    {"name": "flow", "strategy": "poisson_flow", "params": flow},
                    {"name": "large", "strategy": "noise", "turn": 1, "params": large_sizes,
                     "arrivals": {"law": "bernoulli", "probability": 0.02}},
                ],
                "record": {"agents": "none", "book_every": 1},
            }
        )
    )  # fmt: skip
    found = found_in(run)
    assert close(found["resilience.depth.half_life"], math.log(2) / 0.05)
    gone = 1 - found["resilience.depth.0"].value
    assert close(found["resilience.depth.20"], 1 - gone * math.exp(-0.05 * 20))
    assert found["resilience.spread.0"].value > 2
    assert found["resilience.spread.half_life"].value < 5


def test_many_short_episodes_are_measured_one_by_one():
    found = found_in(market(10, 600, book_every=1))
    assert found["spread.quoted"].value == pytest.approx(2 * HALF_SPREAD)
    assert close(found["imbalance.mean"], 0.0)
    assert math.isfinite(found["resilience.depth.5"].value)
    assert math.isnan(found["resilience.depth.10"].value)


@pytest.mark.filterwarnings("error")
def test_a_book_with_one_side_has_depth_but_no_spread():
    run = market(maker={"sides": "buy"}, book_every=1)
    found = found_in(run)
    assert math.isnan(found["spread.quoted"].value)
    assert found["empty"] == (1.0, 0.0)
    assert found["depth.bid"].value > 0
    assert found["depth.ask"].value == 0
    assert "both a bid and an ask" in meanings(run)["tick.relative"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("record", "names", "why"),
    [
        ({"levels": 0}, ("spread.quoted", "depth.bid", "resilience.depth.0"), "record.levels"),
        ({"trades": False}, ("turnover.lots", "turnover.of_depth", "resilience.spread.1"), "record.trades"),
        ({"book_every": 400}, ("resilience.depth.0",), "no samples"),
    ],
)
def test_what_was_not_kept_is_nan_with_a_reason(record: dict[str, Any], names: tuple[str, ...], why: str):
    run = market(**record)
    found = {each.name: each for each in liquidity.measures(run)}
    for name in names:
        assert math.isnan(found[name].value)
        assert why in found[name].meaning
    for each in found.values():
        assert math.isfinite(each.value) or "none: " in each.meaning


@pytest.mark.filterwarnings("error")
def test_orders_of_one_size_are_not_large():
    run = market(noise={"quantity": 1}, book_every=1)
    assert "of one size" in meanings(run)["resilience.spread.0"]


@pytest.mark.filterwarnings("error")
def test_a_market_in_which_nobody_trades_is_measured():
    run = market(noise={"quantity": 1, "buy_probability": 1.0}, maker={"sides": "buy"})
    found = found_in(run)
    assert found["turnover.lots"].value == 0.0
    assert "no trades" in meanings(run)["resilience.depth.0"]


@pytest.mark.filterwarnings("error")
def test_a_call_shows_no_quotes():
    run = market(venue={"mechanism": "call_auction", "auction": {"every": 5}}, book_every=1)
    found, said = found_in(run), meanings(run)
    for name in ("spread.quoted", "empty", "depth.best_bid", "imbalance.mean"):
        assert math.isnan(found[name].value)
        assert "an auction shows no quotes" in said[name]
    assert found["depth.bid"].value == pytest.approx(run.book["bid_depth"].mean())


def test_an_opening_call_counts_for_the_whole_depth_only():
    run = market(200, venue={"auction": {"opening": 50}}, book_every=1)
    found = found_in(run)
    assert found["spread.quoted"].value == pytest.approx(2 * HALF_SPREAD)
    shown = run.book["imbalance"].isna()
    assert 0 < shown.sum() < len(run.book)
    assert found["empty"].value == pytest.approx(run.book[shown][["bid", "ask"]].isna().any(axis=1).mean())
    assert found["depth.best_bid"].value == pytest.approx(run.book[shown]["bid_volume"].mean())


def test_samples_weigh_by_the_steps_for_which_they_stand():
    run = market(11, 40, book_every=4)  # at steps 3, 7 and 10
    depth = run.book["bid_depth"].to_numpy().reshape(40, 3)
    assert found_in(run)["depth.bid"].value == pytest.approx((depth @ [4, 4, 3]).mean() / 11)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = execute(load(ROOT / "scenarios" / "two_books.toml", ["run.steps=1500"]), tmp_path).folder
    assert take("liquidity", [str(folder), "--json"]) == 0
    rows = {row["name"]: row["value"] for row in json.loads(capsys.readouterr().out)["runs"][0]["rows"]}
    assert rows["main.spread.quoted"] > 0
    assert rows["rival.depth.bid"] > 0
    assert take("liquidity", [str(folder)]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80
