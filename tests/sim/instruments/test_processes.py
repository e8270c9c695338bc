"""How values move: each process against its law, shocks, feedback, and what agents are told of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.instruments.processes import BLOCK
from sim.mesa_model.market import Market, Trader
from sim.runs.execute import execute
from sim.scenario import parse
from tests.markets.still_markets import (
    MAKER,
    STEPS,
    WALK,
    assert_independent,
    assert_moments,
    assert_share,
    market,
    with_traders,
)


def column(data: dict[str, Any], name: str = "value") -> np.ndarray:
    """A column of the book's samples, an episode a row."""
    run = data["run"]
    found = execute(parse(data)).table("book").column(name).to_numpy()
    return found.reshape(run.get("episodes", 1), run["steps"])


def values(value: dict[str, Any], **rest: Any) -> np.ndarray:
    """Values of the only episode, the initial one in front."""
    found = column(market(value, **rest))[0]
    return np.concatenate([[value["initial"]], found])


# --- processes ------------------------------------------------------------------------------------------------------


def test_a_constant_value_stays():
    assert (values({"process": "constant", "initial": 12.5}, steps=100) == 12.5).all()


@pytest.mark.parametrize("drift", [0.0, 0.01])
def test_a_random_walks_steps_are_normal_and_independent(drift):
    steps = np.diff(values({"process": "random_walk", "initial": 100.0, "volatility": 0.3, "drift": drift}))
    assert_moments(steps, drift, 0.09)
    for lag in (1, 2, 50):
        assert_independent(steps, lag)
    z = (steps - drift) / 0.3
    assert abs((z**3).mean()) <= 4 * math.sqrt(15 / STEPS)
    assert abs((z**4).mean() - 3.0) <= 4 * math.sqrt(96 / STEPS)
    for bound, inside in ((0.6744897502, 0.5), (1.959963985, 0.95)):
        assert_share((abs(z) < bound).mean(), inside, STEPS)


def test_blocks_of_increments_join_without_a_seam():
    steps = np.diff(values({"process": "random_walk", "initial": 0.0, "volatility": 1.0}, steps=3 * BLOCK))
    blocks = steps.reshape(3, BLOCK)
    for one, other in ((0, 1), (1, 2), (0, 2)):
        assert abs((blocks[one] * blocks[other]).mean()) <= 4 / math.sqrt(BLOCK)
    assert len(np.unique(steps.round(9))) > 0.999 * len(steps)


def test_a_coins_steps_are_exactly_up_or_down_by_the_volatility():
    steps = np.diff(values({"process": "random_walk", "initial": 0.0, "volatility": 0.25, "increments": "coin"}))
    assert set(steps) == {0.25, -0.25}  # a binary fraction: sums are exact
    assert_share((steps > 0).mean(), 0.5, STEPS)
    assert_independent(steps)


@pytest.mark.parametrize("drift", [0.0, 1e-4])
def test_geometric_brownian_motion_is_a_martingale_but_for_its_drift(drift):
    value = values({"process": "geometric_brownian", "initial": 100.0, "volatility": 0.02, "drift": drift})
    growth = value[1:] / value[:-1]
    assert_moments(growth, math.exp(drift), math.exp(2 * drift) * math.expm1(0.0004))
    assert_moments(np.log(growth), drift - 0.0002, 0.0004)
    assert_independent(growth)
    assert (value > 0).all()


def test_geometric_brownian_motion_keeps_its_mean_over_whole_episodes():
    data = market({"process": "geometric_brownian", "initial": 100.0, "volatility": 0.1}, steps=25, episodes=4000)
    last = column(data)[:, -1]
    assert_moments(last, 100.0, 1e4 * math.expm1(0.25))


@pytest.mark.parametrize("reversion", [0.02, 0.5, 1.0])
def test_a_mean_reverting_value_has_its_stationary_variance(reversion):
    value = values(
        {"process": "mean_reverting", "mean": 50.0, "initial": 50.0, "reversion": reversion, "volatility": 0.3}
    )
    assert_moments(value[1:] - value[:-1] - reversion * (50.0 - value[:-1]), 0.0, 0.09)
    keeps = 1 - reversion
    variance = 0.09 / (1 - keeps**2)
    settled = value[2000:]
    error = variance * math.sqrt(2 / len(settled) * (1 + keeps**2) / (1 - keeps**2))
    assert abs(((settled - 50.0) ** 2).mean() - variance) <= 4 * error
    assert abs(settled.mean() - 50.0) <= 4 * 0.3 / reversion / math.sqrt(len(settled))


def test_a_mean_reverting_value_starts_where_it_is_told_else_at_its_mean():
    law = {"process": "mean_reverting", "mean": 50.0, "reversion": 0.1, "volatility": 0.0}
    told = column(market({**law, "initial": 80.0}, steps=200))[0]
    np.testing.assert_allclose(told, 50.0 + 30.0 * 0.9 ** np.arange(1, 201), rtol=1e-12)
    assert (column(market(law, steps=10)) == 50.0).all()


def test_only_a_clipped_value_stops_at_zero():
    law = {"process": "mean_reverting", "mean": 0.5, "initial": 0.5, "reversion": 0.1, "volatility": 0.5}
    free, clipped = values(law), values({**law, "clip_at_zero": True})
    assert free.min() < -0.5
    assert clipped.min() == 0.0
    moves = np.diff(free) - 0.1 * (0.5 - free[:-1])
    np.testing.assert_allclose(
        clipped[1:], np.maximum(0.0, clipped[:-1] + 0.1 * (0.5 - clipped[:-1]) + moves), atol=1e-9
    )


def jumps_of(**law: Any) -> np.ndarray:
    """The steps' changes that are no zeros; there is no diffusion."""
    given = {"process": "jump_diffusion", "initial": 0.0, "jump_probability": 0.1, "jump_size": 0.5, **law}
    steps = np.diff(values(given))
    jumped = steps != 0.0
    assert_share(jumped.mean(), given["jump_probability"], STEPS)
    assert_independent(jumped.astype(float))
    return steps[jumped]


def test_normal_jumps_have_their_frequency_and_size():
    jumps = jumps_of(jump="normal")
    assert_moments(jumps, 0.0, 0.25)
    assert_independent(jumps)


@pytest.mark.parametrize("up", [0.0, 0.3, 1.0])
def test_fixed_jumps_have_one_size_and_their_signs_the_probability(up):
    jumps = jumps_of(jump="fixed", up_probability=up)
    assert set(jumps) == {0.5, -0.5} if 0 < up < 1 else {math.copysign(0.5, up - 0.5)}
    assert_share((jumps > 0).mean(), up, len(jumps))


@pytest.mark.parametrize("up", [0.0, 0.8, 1.0])
def test_exponential_jumps_have_their_mean_size_and_their_signs_the_probability(up):
    jumps = jumps_of(jump="exponential", up_probability=up)
    assert_moments(abs(jumps), 0.5, 0.25)
    assert_share((jumps > 0).mean(), up, len(jumps))
    if 0 < up < 1:
        assert abs(jumps[jumps > 0].mean() + jumps[jumps < 0].mean()) <= 4 * 0.5 * math.sqrt(
            1 / (jumps > 0).sum() + 1 / (jumps < 0).sum()
        )


def test_jumps_come_on_top_of_the_walk_between_them():
    law = {"process": "jump_diffusion", "initial": 0.0, "volatility": 0.2, "drift": 0.1, "jump_probability": 0.25,
           "jump": "fixed", "jump_size": 3.0, "up_probability": 0.6}  # fmt: skip
    assert_moments(np.diff(values(law)), 0.1 + 0.25 * 3 * 0.2, 0.04 + 0.25 * 9 - (0.25 * 0.6) ** 2)


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_a_binary_value_is_drawn_once_an_episode(probability):
    data = market(
        {"process": "binary", "low": 90.0, "high": 110.0, "probability": probability}, steps=3, episodes=20_000
    )
    value = column(data)
    assert (value == value[:, :1]).all()
    assert set(value[:, 0]) <= {90.0, 110.0}
    assert_share((value[:, 0] == 110.0).mean(), probability, 20_000)
    if 0 < probability < 1:
        assert_independent(value[:, 0])
    assert (column(data, "public_value") == 90.0 + 20.0 * probability).all()


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet"])
def test_a_file_is_played_row_by_row_and_again_in_every_episode(tmp_path, kind):
    import pandas as pd

    steps = 40_000  # two episodes and a half a block of increments
    rows = np.random.default_rng(1).normal(100.0, 1.0, steps + 7).round(6)
    frame = pd.DataFrame({"value": rows, "other": 0.0})
    path = tmp_path / f"values.{kind}"
    frame.to_parquet(path) if kind == "parquet" else frame.to_csv(path, index=False)
    data = market({"process": "file", "path": str(path)}, steps=steps, episodes=4)
    assert (column(data) == rows[:steps]).all()


def test_two_instruments_move_independently_each_by_its_name():
    walk = {"process": "random_walk", "initial": 0.0, "volatility": 1.0}

    def steps(*names: str) -> dict[str, np.ndarray]:
        data = market(walk)
        data["instruments"] = [{"name": name, "value": walk} for name in names]
        data["venues"] = [{"name": f"at {name}".replace(" ", "-"), "instrument": name} for name in names]
        data["populations"][0]["venues"] = [data["venues"][0]["name"]]
        book = execute(parse(data)).book
        return {name: np.diff(book[book["venue"] == f"at-{name}"]["value"], prepend=0.0) for name in names}

    both, turned = steps("ACME", "BOLT"), steps("BOLT", "ACME")
    assert abs((both["ACME"] * both["BOLT"]).mean()) <= 4 / math.sqrt(STEPS)
    for name in both:
        np.testing.assert_array_equal(both[name], turned[name])


# --- shocks ---------------------------------------------------------------------------------------------------------

SHOCKS = [
    {"step": 30, "value": 2.5},
    {"step": 0, "value": -1.0},
    {"step": 30, "value": 0.5},
    {"step": 60, "volatility": 3.0},
    {"step": 80, "volatility": 0.0},
    {"step": 90, "volatility": 1.0, "value": -4.0},
]


def test_shocks_to_the_value_strike_at_their_steps_in_every_episode():
    calm = column(market(WALK, 100, 3))
    struck = column(market(WALK, 100, 3, shocks=[each for each in SHOCKS if "volatility" not in each]))
    expected = np.zeros(100)
    expected[0:] -= 1.0
    expected[30:] += 3.0
    np.testing.assert_allclose(struck - calm, np.tile(expected, (3, 1)), atol=1e-9)


def test_shocks_to_volatility_hold_from_their_step_on_and_no_earlier():
    calm, struck = column(market(WALK, 100, 3)), column(market(WALK, 100, 3, shocks=SHOCKS))
    factor = np.ones(100)
    factor[60:], factor[80:], factor[90:] = 3.0, 0.0, 1.0
    before = np.full((3, 1), 100.0)
    moves = np.diff(calm, axis=1, prepend=before)
    jumps = np.zeros(100)
    jumps[0], jumps[30], jumps[90] = -1.0, 3.0, -4.0
    np.testing.assert_allclose(np.diff(struck, axis=1, prepend=before), moves * factor + jumps, atol=1e-9)


def test_a_shock_shifts_what_a_file_says_from_then_on(tmp_path):
    rows = 100.0 + np.arange(50) % 7
    (tmp_path / "values.csv").write_text("value\n" + "\n".join(map(str, rows)), encoding="utf-8")
    data = market({"process": "file", "path": str(tmp_path / "values.csv")}, 50, 2, shocks=[{"step": 20, "value": 2.0}])
    np.testing.assert_allclose(column(data), [rows + 2.0 * (np.arange(50) >= 20)] * 2, atol=1e-12)


def test_a_geometric_values_shocks_scale_its_relative_volatility():
    law = {"process": "geometric_brownian", "initial": 100.0, "volatility": 0.01}
    value = values(law, shocks=[{"step": 50_000, "volatility": 2.0}])
    growth = np.log(value[1:] / value[:-1])
    assert_moments(growth[:50_000], -0.00005, 0.0001)
    assert_moments(growth[50_000:], -0.0002, 0.0004)


# --- what the market does to the value ------------------------------------------------------------------------------


def test_the_value_is_drawn_to_the_mark_by_the_share_stated():
    data = market(
        {"process": "constant", "initial": 100.0}, 60, price_feedback=0.1, shocks=[{"step": 0, "value": 10.0}]
    )
    data["populations"] = [MAKER]  # it quotes around the initial value, which is all that is public
    value = column(data)[0]
    np.testing.assert_allclose(value, 100.0 + 10.0 * 0.9 ** np.arange(60), rtol=1e-12)


@pytest.mark.parametrize("law", [WALK, {"process": "jump_diffusion", "initial": 100.0, "volatility": 0.1,
                                        "jump_probability": 0.1, "jump_size": 1.0}])  # fmt: skip
def test_feedback_adds_to_increments_that_stay_what_they_were(law):
    alone = np.diff(values(law, steps=2000))
    data = with_traders(market(law, 2000, price_feedback=0.3))
    value, mark = column(data)[0], column(data, "mark")[0]
    assert mark.std() > 0.3
    np.testing.assert_allclose(np.diff(value) - 0.3 * (mark[:-1] - value[:-1]), alone[1:], atol=1e-9)


def test_without_feedback_the_market_does_not_touch_the_value():
    np.testing.assert_array_equal(column(with_traders(market(WALK, 2000))), column(market(WALK, 2000)))


def test_a_value_from_a_file_leans_on_the_market_too(tmp_path):
    (tmp_path / "values.csv").write_text("value\n" + "110\n" * 20, encoding="utf-8")
    data = market({"process": "file", "path": str(tmp_path / "values.csv")}, 20, price_feedback=0.5)
    data["populations"] = [{**MAKER, "params": {**MAKER["params"], "sides": "buy"}}]
    data["populations"].append(
        {**MAKER, "name": "other", "params": {"half_spread": 21.0, "quantity": 5, "sides": "sell"}}
    )
    value, mark = column(data)[0], column(data, "mark")[0]
    assert mark[-1] != value[0]
    assert (value[1:] != 110.0).any()


# --- what is known of it --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delay", [0, 1, 3, 4, 7, 64, 199, 500])
def test_everybody_knows_the_value_after_the_public_delay_and_the_initial_one_before(delay):
    data = market(WALK, 200, 2, public_delay=delay)
    value, public = column(data), column(data, "public_value")
    assert (public[:, :delay] == 100.0).all()
    assert (public[:, delay:] == value[:, : max(0, 200 - delay)]).all()


def test_the_value_never_becomes_public_without_a_delay():
    assert (column(market(WALK, 500, public_delay="never"), "public_value") == 100.0).all()
    assert (column(market(WALK, 500), "public_value") == 100.0).all()


class Asker(Trader):
    """Asks for its signal, twice, and writes it down: episode, step, number, signal, value, public value."""

    heard: list[tuple[float, ...]]

    def step(self) -> None:
        signal = self.signal
        assert self.signal == signal
        self.uniform()
        assert self.signal == signal  # nor does a draw of another kind change it
        clock = self.model.world.clock[0]
        row = (clock["episode"], clock["step"], self.number, signal, self.model.value(), self.public_value)
        type(self).heard.append(tuple(map(float, row)))


def heard(steps: int = 4000, episodes: int = 1, count: int = 3, public: int | str = "never", **sees: Any) -> np.ndarray:
    """What ``count`` members hear: (episodes, steps, members, columns of Asker)."""
    data = market(WALK, steps, episodes, public_delay=public)
    data["populations"] = [{"name": "askers", "strategy": "informed", "count": count, "sees": sees}]
    Asker.heard = []
    stepped = Market(parse(data), agents={"askers": Asker})
    while stepped.running:
        stepped.step()
    rows = np.array(Asker.heard).reshape(episodes, steps, count, 6)
    order = rows[..., 2].argsort(axis=2)  # by member, not by turn
    return np.take_along_axis(rows, order[..., None], axis=2)


SIGNAL, VALUE, PUBLIC = 3, 4, 5


def test_a_plain_signal_is_the_value():
    rows = heard(steps=200)
    assert (rows[..., SIGNAL] == rows[..., VALUE]).all()


@pytest.mark.parametrize("delay", [1, 5, 64])
def test_a_late_signal_is_the_value_of_that_many_steps_ago(delay):
    rows = heard(steps=200, episodes=2, public=2, delay=delay)
    assert (rows[:, :delay, :, SIGNAL] == 100.0).all()
    assert (rows[:, delay:, :, SIGNAL] == rows[:, :-delay, :, VALUE]).all()


def test_a_signals_errors_are_normal_and_independent_of_step_and_member():
    rows = heard(noise=0.5)
    error = rows[0, :, :, SIGNAL] - rows[0, :, :, VALUE]
    assert_moments(error.ravel(), 0.0, 0.25)
    assert abs((error.ravel() ** 4).mean() - 3 * 0.0625) <= 4 * math.sqrt(96) * 0.0625 / math.sqrt(error.size)
    for one in range(3):
        assert_independent(error[:, one])
        for other in range(one):
            assert abs((error[:, one] * error[:, other]).mean()) <= 4 * 0.25 / math.sqrt(len(error))


def test_who_does_not_see_knows_what_is_public():
    rows = heard(probability=0.3, public=1)[0, 1:]
    sees = rows[..., SIGNAL] == rows[..., VALUE]
    assert (sees | (rows[..., SIGNAL] == rows[..., PUBLIC])).all()
    for member in range(3):
        assert_share(sees[:, member].mean(), 0.3, len(sees))
        assert_independent(sees[:, member].astype(float))
    assert_share((sees[:, 0] & sees[:, 1]).mean(), 0.09, len(sees))


def test_nobody_sees_with_probability_0():
    rows = heard(steps=50, probability=0.0)
    assert (rows[..., SIGNAL] == 100.0).all()


def test_a_signal_drawn_once_an_episode_errs_alike_in_all_its_steps():
    rows = heard(steps=5, episodes=2000, noise=0.5, redraw="episode")
    error = rows[..., SIGNAL] - rows[..., VALUE]
    np.testing.assert_allclose(error, np.broadcast_to(error[:, :1], error.shape), atol=1e-9)
    assert_moments(error[:, 0].ravel(), 0.0, 0.25)
    assert_independent(error[:, 0, 0])
    sees = heard(steps=5, episodes=2000, probability=0.4, redraw="episode")
    seen = sees[..., SIGNAL] == sees[..., VALUE]
    assert (seen == seen[:, :1]).all()
    assert_share(seen[:, 0].mean(), 0.4, 2000 * 3)


def test_a_value_file_with_a_relative_path_is_found_beside_the_scenario(tmp_path):
    from sim.scenario import dump_toml, load

    (tmp_path / "values.csv").write_text("value\n1.5\n2.5\n", encoding="utf-8")
    data = market({"process": "file", "path": "values.csv"}, 2)
    text = dump_toml(parse(data, folder=tmp_path)).replace(str(tmp_path) + "/", "")
    (tmp_path / "here.toml").write_text(text, encoding="utf-8")
    run = execute(load(tmp_path / "here.toml"))
    assert run.book["value"].tolist() == [1.5, 2.5]
