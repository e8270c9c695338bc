"""How prices move: by hand, against printed numbers, in series whose law is known, and in runs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.signal import lfilter

from analysis.output.style import style
from analysis.quality import volatility
from analysis.quality.variance_ratio import variance_ratios
from analysis.quality.volatility import pricing_error, realised_volatility, signature, signatures_of
from analysis.stats.estimates import Estimate
from analysis.stats.time_averages import clusters_over, steps_since, time_average, unbroken
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import load, parse
from tests.command_line import take
from tests.places import ROOT

THEORY = ROOT / "scenarios" / "theory"
SIGMA = 0.02
BOUNCE = {2: 0.83333, 5: 0.73333, 10: 0.70000}  # of a bounce of 0.05 on a walk of 0.1 a step


def close(estimate: Estimate, value: float) -> bool:
    return abs(estimate.value - value) < 4 * estimate.standard_error


def autoregression(phi: float, count: int, generator: np.random.Generator) -> np.ndarray:
    return np.asarray(lfilter([1.0], [1.0, -phi], generator.normal(size=count + 400))[400:])


def bouncing(count: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return np.cumsum(generator.normal(0, 0.1, count)) + 0.05 * generator.choice([-1, 1], count)


def market(steps: int = 400, episodes: int = 1, **record: Any) -> Run:
    """A maker who quotes a known random walk, to takers of whom one comes every other step."""
    value = {"process": "random_walk", "initial": 100.0, "volatility": SIGMA}
    return execute(
        parse(
            {
                "run": {"steps": steps, "episodes": episodes, "seed": 5},
                "instruments": [{"name": "X", "value": value, "public_delay": 0}],
                "venues": [{"name": "lit", "tick_size": 0.0001}],
                "populations": [
                    {"name": "maker", "strategy": "fixed_spread", "params": {"half_spread": 0.05, "quantity": 50}},
                    {"name": "noise", "strategy": "noise", "turn": 1,
                     "arrivals": {"law": "bernoulli", "probability": 0.5}},
                ],
                "record": {"agents": "none", **record},
            }
        )
    )  # fmt: skip


def found_in(run: Run) -> dict[str, Estimate]:
    rows = volatility.measures(run)
    return {each.name: Estimate(each.value, each.standard_error or 0.0) for each in rows}


# --- time ---------------------------------------------------------------------------------------------------------


def test_a_sample_stands_for_the_steps_since_the_one_before():
    assert list(steps_since([4, 9, 11, 4, 9, 11], [0, 0, 0, 1, 1, 1])) == [5, 5, 2, 5, 5, 2]
    assert list(unbroken([4, 9, 11, 4, 9, 11], [0, 0, 0, 1, 1, 1], 5)) == [0, 0, 1, 2, 2, 3]


@pytest.mark.parametrize(("phi", "count"), [(0.0, 300), (0.9, 2000), (0.97, 10_000)])
def test_the_error_of_a_time_average_is_how_it_scatters(phi: float, count: int):
    generator = np.random.default_rng(1)
    own = np.zeros(count, int)
    found = [time_average(autoregression(phi, count, generator), own) for _ in range(300)]
    scatter = np.std([each.value for each in found], ddof=1)
    assert np.mean([each.standard_error for each in found]) == pytest.approx(scatter, rel=0.15)


def test_many_episodes_are_the_clusters():
    own = np.repeat(np.arange(40), 5)
    assert list(clusters_over(np.ones(200), own)) == list(own)
    assert 10 <= len(np.unique(clusters_over(np.ones(200), np.zeros(200)))) <= 200
    weighted = time_average([1.0, math.nan, 4.0], [0, 0, 0], [2, 9, 1])
    assert weighted.value == 2.0


# --- volatility -----------------------------------------------------------------------------------------------------


def test_realised_volatility_by_hand():
    assert realised_volatility([1, 2, 4], [0, 1, 3], [0, 0, 0]).value == pytest.approx(math.sqrt(5 / 3))
    assert realised_volatility([1, math.nan, 4], [0, 1, 2], [0, 0, 0]).value == pytest.approx(math.sqrt(9 / 2))
    assert realised_volatility([1, 2, 90, 91], [0, 1, 0, 1], [0, 0, 1, 1]).value == 1.0
    assert realised_volatility([1, 2, 1, 2], [0, 0, 0, 1], [0] * 4).value == pytest.approx(math.sqrt(3))


def test_realised_volatility_of_a_walk_seen_now_and_then():
    generator = np.random.default_rng(2)
    price = np.cumsum(generator.normal(0, SIGMA, 60_000))
    when = np.flatnonzero(generator.random(60_000) < 0.2)
    found = realised_volatility(price[when], when, np.zeros(len(when)))
    assert close(found, SIGMA)
    gaps = np.diff(when)  # the square of a change over a gap has variance 2 σ⁴ gap²
    assert found.standard_error == pytest.approx(SIGMA * math.sqrt(2 * (gaps**2).sum()) / gaps.sum() / 2, rel=0.1)


# --- variance ratios ------------------------------------------------------------------------------------------------


def test_variance_ratios_of_a_bounce_are_those_printed():
    for (_, value), found in zip(BOUNCE.items(), variance_ratios(bouncing(400_000, 3), list(BOUNCE)), strict=True):
        assert abs(found.value - value) < 4 * found.robust_standard_error


def test_a_variance_ratio_by_hand():
    price, drift = np.array([0.0, 1, 3, 2, 5]), 5 / 4
    above = sum((price[t + 2] - price[t] - 2 * drift) ** 2 for t in range(3)) / (1 - 2 / 4)
    ones = [(price[t + 1] - price[t] - drift) ** 2 for t in range(4)]
    below = sum(ones[t] + ones[t + 1] for t in range(3)) / (1 - 1 / 4)
    assert variance_ratios(price, [2])[0].value == pytest.approx(above / below)


@pytest.mark.parametrize("q", [2, 5, 10, 50])
def test_variance_ratios_and_their_errors_are_those_of_arch_but_for_the_ends(q: int):
    unitroot = pytest.importorskip("arch.unitroot")
    generator = np.random.default_rng(4)
    price = np.cumsum(np.exp(0.3 * autoregression(0.9, 20_000, generator)) * generator.normal(size=20_000))
    found = variance_ratios(price, [q])[0]
    theirs = [unitroot.VarianceRatio(price, q, robust=robust) for robust in (False, True)]
    assert found.value == pytest.approx(theirs[0].vr, rel=5e-3)
    for error, other in zip((found.iid_standard_error, found.robust_standard_error), theirs, strict=True):
        assert error == pytest.approx((other.vr - 1) / other.stat, rel=5e-3)


def test_the_error_without_clusters_is_the_formulas():
    count, price = 100_000, bouncing(100_001, 5)
    for q, found in zip((2, 5, 10), variance_ratios(price, (2, 5, 10)), strict=True):
        assert found.iid_standard_error == pytest.approx(
            math.sqrt(2 * (2 * q - 1) * (q - 1) / (3 * q * count)), rel=1e-3
        )
        assert found.robust_standard_error == pytest.approx(found.iid_standard_error, rel=0.02)


@pytest.mark.parametrize(("lengths", "q"), [([9], 4), ([5, 3, 8], 5), ([6, 6, 2, 7], 6), ([30], 7)])
def test_errors_of_short_stretches_count_the_windows_that_hold_each_pair(lengths: list[int], q: int):
    labels = np.repeat(np.arange(len(lengths)), np.array(lengths) + 1)
    found = variance_ratios(np.random.default_rng(6).normal(size=len(labels)), [q], labels)[0]
    starts = [(piece, t) for piece, length in enumerate(lengths) for t in range(length - q + 1)]
    pairs: dict[tuple[int, int, int], int] = {}
    for piece, t in starts:
        for one in range(t, t + q):
            for other in range(one):
                if other >= t:
                    pairs[piece, one, other] = pairs.get((piece, one, other), 0) + 1
    variance = 4 * sum(many**2 for many in pairs.values()) / (q * len(starts)) ** 2
    assert found.iid_standard_error == pytest.approx(math.sqrt(variance))


def test_the_robust_error_is_how_ratios_scatter_where_volatility_clusters():
    generator = np.random.default_rng(7)
    found = []
    for _ in range(300):
        size = np.exp(0.3 * autoregression(0.95, 3000, generator))
        found.append(variance_ratios(np.cumsum(size * generator.normal(size=3000)), [2, 10]))
    for place in (0, 1):
        scatter = np.std([each[place].value for each in found], ddof=1)
        assert np.mean([each[place].robust_standard_error for each in found]) == pytest.approx(scatter, rel=0.2)
        assert np.mean([each[place].iid_standard_error for each in found]) < 0.5 * scatter


def test_a_martingale_that_calms_down_within_each_episode_has_a_ratio_of_one():
    changes = np.random.default_rng(8).normal(size=(20_000, 10)) * np.linspace(3, 0.2, 10)
    price = np.cumsum(changes, axis=1).ravel() + np.repeat(np.arange(20_000) * 50.0, 10)
    for found in variance_ratios(price, [2, 5, 9], np.repeat(np.arange(20_000), 10)):
        assert abs(found.value - 1) < 4 * found.robust_standard_error


def test_a_price_that_is_missing_ends_a_stretch():
    price = np.random.default_rng(9).normal(size=40)
    broken = np.insert(price, 20, math.nan)
    assert variance_ratios(broken, [3])[0] == pytest.approx(variance_ratios(price, [3], np.arange(40) // 20)[0])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("price", [[], [1.0], np.ones(50), np.full(50, math.nan), np.arange(50) * 0.1, [1.0, 2, 1]])
def test_what_has_no_variance_ratio_is_nan(price: Any):
    assert all(math.isnan(each) for each in variance_ratios(price, [5])[0])


def test_a_horizon_below_two_is_refused():
    with pytest.raises(ValueError, match="2 rows"):
        variance_ratios([1.0, 2.0], [1])
    with pytest.raises(ValueError, match="1 row"):
        signature([1.0, 2.0], [0, 0], [0])


# --- the signature plot ---------------------------------------------------------------------------------------------


def test_a_signature_by_hand_stays_within_episodes():
    found = signature([0, 1, 3, 90, 92, 95], [0, 0, 0, 1, 1, 1], [1, 2, 3])
    assert found.intervals == [1, 2]
    assert [each.value for each in found.variances] == pytest.approx([(1 + 4 + 4 + 9) / 4, (9 + 25) / 2 / 2])


def test_the_signature_of_a_bounce_falls_to_the_variance_of_the_walk():
    found = signature(bouncing(60_000, 10), np.zeros(60_000))
    assert found.intervals[:6] == [1, 2, 5, 10, 20, 50]
    assert found.intervals[-1] == 2000
    for q, each in zip(found.intervals, found.variances, strict=True):
        assert close(each, 0.1**2 + 2 * 0.05**2 / q)


def test_errors_of_a_signature_are_how_it_scatters():
    generator = np.random.default_rng(11)
    rows = [signature(np.cumsum(generator.normal(size=2000)), np.zeros(2000)).variances for _ in range(200)]
    values, errors = np.moveaxis(np.array(rows), 2, 0)
    assert errors.mean(axis=0) == pytest.approx(values.std(axis=0, ddof=1), rel=0.25)


# --- pricing errors -------------------------------------------------------------------------------------------------


def test_the_pricing_error_of_an_autoregression():
    phi = 0.9
    found = pricing_error(2 + autoregression(phi, 40_000, np.random.default_rng(12)), np.zeros(40_000))
    assert close(found.mean, 2)
    assert close(found.root_mean_square, math.sqrt(4 + 1 / (1 - phi**2)))
    assert close(found.autocorrelation, phi)
    assert close(found.half_life, math.log(0.5) / math.log(phi))
    assert not found.reason


def test_errors_of_pricing_errors_are_how_they_scatter():
    generator = np.random.default_rng(13)
    found = [pricing_error(autoregression(0.9, 2000, generator), np.zeros(2000)) for _ in range(200)]
    for name in ("mean", "root_mean_square", "autocorrelation", "half_life"):
        values, errors = np.array([getattr(each, name) for each in found]).T
        assert errors.mean() == pytest.approx(values.std(ddof=1), rel=0.2)


def test_pricing_errors_weigh_by_time_and_do_not_reach_over_episodes():
    found = pricing_error([1.0, 3.0, 1.0, 3.0], [0, 0, 1, 1], [3, 1, 3, 1])
    assert found.mean.value == 1.5
    assert found.root_mean_square.value == pytest.approx(math.sqrt(3))
    assert math.isnan(found.half_life.value)
    assert found.reason


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("errors", [[], [1.0], np.zeros(60), np.full(60, math.nan), np.tile([1.0, -1.0], 30)])
def test_errors_that_do_not_last_say_so(errors: Any):
    found = pricing_error(errors, np.zeros(len(errors)))
    assert math.isnan(found.half_life.value)
    assert found.reason


# --- runs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("every", [1, 7])
def test_units_are_steps_however_rare_the_samples(every: int):
    run = market(20_000, book_every=every)
    found = found_in(run)
    assert close(found["mid.volatility"], SIGMA)
    for q in (2, 5, 10):
        ratio = found[f"mid.variance_ratio.{q}"]
        assert close(ratio, 1.0)
    of_value = signatures_of(run, "lit")["value"]
    assert of_value.intervals[:2] == [every, 2 * every]
    assert all(close(each, SIGMA**2) for each in of_value.variances)


def test_trades_bounce_and_mids_do_not():
    run = market(20_000, book_every=1)
    found = found_in(run)
    change, bounce = 2 * SIGMA**2, 0.05**2  # between trades, which come every other step
    for q in (2, 5, 10):
        expected = (change + 2 * bounce / q) / (change + 2 * bounce)
        assert close(found[f"trade.variance_ratio.{q}"], expected)
    last, mid = (signatures_of(run, "lit")[name].variances for name in ("last trade", "mid"))
    assert last[0].value > 2 * mid[0].value
    assert abs(found["pricing_error.mean"].value) < 0.001


def test_mids_of_many_short_episodes_are_walks_too():
    found = found_in(market(20, 1500, book_every=1))
    assert close(found["mid.volatility"], SIGMA)
    assert close(found["mid.variance_ratio.5"], 1.0)
    assert math.isnan(found["mid.variance_ratio.50"].value)


def test_prices_of_glosten_and_milgroms_market_are_a_martingale():
    scenario = load(THEORY / "glosten_milgrom.toml", ["run.episodes=4000", "record.trades=true", "record.levels=1"])
    found = found_in(execute(scenario))
    for q in (2, 5):
        assert close(found[f"trade.variance_ratio.{q}"], 1.0)
    assert close(found["pricing_error.mean"], 0.0)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "record", [{"levels": 0}, {"trades": False}, {"levels": 0, "trades": False}, {"book_every": 400}]
)
def test_what_was_not_kept_is_nan_with_a_reason(record: dict[str, Any]):
    for each in volatility.measures(market(**record)):
        assert math.isfinite(each.value) or "none: " in each.meaning


@pytest.mark.filterwarnings("error")
def test_a_market_in_which_nobody_quotes_has_no_mid():
    nobody = {"name": "noise", "strategy": "noise"}
    value = {"process": "constant", "initial": 100.0}
    run = execute(parse({"run": {"steps": 50}, "instruments": [{"name": "X", "value": value}],
                         "venues": [{"name": "lit"}], "populations": [nobody]}))  # fmt: skip
    found = found_in(run)
    assert math.isnan(found["mid.volatility"].value)
    assert math.isnan(found["pricing_error.size"].value)
    reasons = {each.name: each.meaning for each in volatility.measures(run)}
    assert "there never was a mid" in reasons["pricing_error.size"]
    with style():
        assert "follow one another" not in str(volatility.draw(Figure().add_subplot(), run).texts)


def test_the_signature_plot_shows_mid_trades_and_value():
    with style():
        ax = volatility.draw(Figure().add_subplot(), market(2000, book_every=1))
        empty = volatility.draw(Figure().add_subplot(), market(levels=0))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["mid", "last trade", "value"]
    assert ax.get_xscale() == "log"
    assert "follow one another" in empty.texts[0].get_text()


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    scenario = load(ROOT / "scenarios" / "two_books.toml", ["run.steps=1500"])
    folder = execute(scenario, tmp_path).folder
    assert take("volatility", [str(folder), "--json"]) == 0
    rows = {row["name"]: row["value"] for row in json.loads(capsys.readouterr().out)["runs"][0]["rows"]}
    assert rows["main.mid.volatility"] > 0
    assert take("volatility", [str(folder)]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80
