"""Gains from trade: the most there is against brute force, what a run realised of it, and what the command says."""

from __future__ import annotations

import json
import math
import re
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.money.surplus import gains_from_trade, measures, surplus_of
from analysis.stats.estimates import mean
from sim.core.errors import RunError
from sim.runs.execute import execute
from sim.runs.private_values import PrivateValues, Valued
from sim.runs.result import Run
from sim.scenario import load, parse
from tests.command_line import take
from tests.places import ROOT

THEORY = ROOT / "scenarios" / "theory"
NORMAL = {"distribution": "normal", "deviation": 1.0, "units": 2}


def valued(down: list[list[float]], up: list[list[float]]) -> Valued:
    """Of agents in rows; what they give up rises, what they get falls."""
    return Valued(np.sort(np.array(down), axis=1), -np.sort(-np.array(up), axis=1))


def brute_force(values: Valued, others: bool) -> float:
    """The best of all ways in which lots may end up."""
    best = 0.0
    units_down, units_up = values.down.shape[1], values.up.shape[1]
    for changes in product(range(-units_down, units_up + 1), repeat=len(values.up)):
        if others or sum(changes) == 0:
            gain = 0.0
            for agent, change in enumerate(changes):
                gain += values.up[agent, : max(change, 0)].sum() - values.down[agent, : max(-change, 0)].sum()
            best = max(best, gain)
    return best


VALUES = st.floats(-5, 5, allow_nan=False)


@st.composite
def members(draw: st.DrawFn) -> Valued:
    """Up to four agents who may give up and get up to two lots each; what they hold they value more."""
    agents, down, up = draw(st.integers(1, 4)), draw(st.integers(0, 2)), draw(st.integers(0, 2))
    rows = [sorted(draw(st.lists(VALUES, min_size=down + up, max_size=down + up))) for _ in range(agents)]
    table = np.array(rows).reshape(agents, down + up)
    return Valued(table[:, up:], table[:, :up][:, ::-1])


@settings(max_examples=150, deadline=None)
@given(members(), st.booleans())
def test_the_most_is_what_brute_force_finds(values: Valued, others: bool):
    assert gains_from_trade([values], others) == pytest.approx(brute_force(values, others), abs=1e-9)


def test_the_most_is_the_same_however_agents_are_grouped():
    random = np.random.default_rng(3)
    one, other = (valued(random.normal(size=(3, 2)), random.normal(size=(3, 2))) for _ in range(2))
    both = Valued(np.vstack([one.down, other.down]), np.vstack([one.up, other.up]))
    assert gains_from_trade([one, other]) == pytest.approx(gains_from_trade([both]))


@pytest.mark.parametrize(
    ("buyers", "sellers", "most"),
    [((180, 70, 12), (20, 130, 12), 720.0), ((150, 50, 6), (50, 150, 6), 180.0), ((90, 10, 9), (100, 180, 9), 0.0)],
)
def test_the_most_of_a_laboratorys_market_is_what_lies_between_demand_and_supply(buyers, sellers, most):
    demand, supply = np.linspace(*buyers)[:, None], np.linspace(*sellers)[:, None]
    nothing = np.zeros((len(demand), 0))
    assert gains_from_trade([Valued(nothing, demand), Valued(supply, nothing)]) == pytest.approx(most)


# --- of a run -------------------------------------------------------------------------------------------------------


def market(*more: dict[str, Any], episodes: int = 6, fee: float = 0.0, by: str = "agents") -> Run:
    """Two populations that trade lots of a constant value with one another."""
    values = {"long_run_mean": 100.0, "shading_high": 0.5}
    trader = {"strategy": "zir", "sees": {"of": "value"}, "private_values": NORMAL, "params": values}
    data = {
        "run": {"steps": 80, "episodes": episodes, "seed": 4},
        "instruments": [{"name": "X", "value": {"process": "constant", "initial": 100.0}}],
        "venues": [{"name": "book", "taker_fee": fee}],
        "populations": [{"name": "one", "count": 2, **trader}, {"name": "other", "count": 3, **trader}, *more],
        "record": {"levels": 0, "agents": "none", "episodes": by},
    }
    return execute(parse(data))


def test_private_values_are_those_that_the_run_was_played_with():
    run = market(episodes=20)
    drawn = PrivateValues(run.scenario)
    for row in run.episodes.itertuples(index=False):
        values = drawn.of(row.episode)[row.population]
        held = row[list(run.episodes.columns).index("inventory.X")]
        got, given_up = max(held, 0), max(-held, 0)
        gain = values.up[row.agent, :got].sum() - values.down[row.agent, :given_up].sum()
        assert row.private_value == pytest.approx(gain)
        assert (np.diff(np.concatenate([values.down[row.agent][::-1], values.up[row.agent]])) <= 0).all()


def test_private_values_of_a_role_are_on_one_side_only():
    values = PrivateValues(load(THEORY / "gode_sunder.toml")).of(5)
    assert values["buyers"].up[:, 0] == pytest.approx(np.linspace(180, 70, 12))
    assert values["sellers"].down[:, 0] == pytest.approx(np.linspace(20, 130, 12))
    assert values["buyers"].down.shape == values["sellers"].up.shape == (12, 0)


@pytest.mark.parametrize("by", ["agents", "populations"])
def test_a_run_realises_no_more_than_the_most(by: str):
    run = market(episodes=30, by=by)
    found = surplus_of(run)
    assert (found.realised <= found.most + 1e-9).all()
    assert found.realised == pytest.approx(found.populations["one"] + found.populations["other"])
    drawn = PrivateValues(run.scenario)
    for episode in range(3):
        everybody = drawn.of(episode).values()
        both = Valued(np.vstack([each.down for each in everybody]), np.vstack([each.up for each in everybody]))
        assert found.most[episode] == pytest.approx(brute_force(both, others=False))


def test_agents_without_private_values_take_part_in_the_most():
    maker = {"name": "maker", "strategy": "fixed_spread", "params": {"half_spread": 0.1, "quantity": 5}}
    run = market(maker, episodes=20)
    found, alone = surplus_of(run), surplus_of(market(episodes=20))
    assert (found.most >= alone.most - 1e-9).all()
    assert (found.most > alone.most).any()
    assert (found.realised <= found.most + 1e-9).all()
    assert found.realised == pytest.approx(sum(found.populations.values()))
    drawn = PrivateValues(run.scenario).of(0).values()
    both = Valued(np.vstack([each.down for each in drawn]), np.vstack([each.up for each in drawn]))
    assert found.most[0] == pytest.approx(brute_force(both, others=True))


def test_fees_leave_what_is_realised_in_all_as_it_is():
    free, taxed = surplus_of(market()), surplus_of(market(fee=0.001))
    assert taxed.realised == pytest.approx(free.realised)  # these traders do not look at fees
    traded = taxed.realised > 0
    assert traded.any()
    assert (sum(taxed.populations.values()) < taxed.realised)[traded].all()


def test_the_share_is_a_ratio_of_means_with_its_error():
    found = surplus_of(market(episodes=400))
    halves = [found.realised[part].mean() / found.most[part].mean() for part in np.split(np.arange(400), 20)]
    assert found.share.value == pytest.approx(found.realised.sum() / found.most.sum())
    assert found.share.standard_error == pytest.approx(np.std(halves, ddof=1) / math.sqrt(20), rel=0.5)
    assert mean(found.most).standard_error == pytest.approx(found.most.std(ddof=1) / 20)
    assert surplus_of(market(episodes=1)).share.standard_error == math.inf


def customers(**reservation: Any) -> dict[str, Any]:
    law = reservation or {"distribution": "uniform", "low": 0.0, "high": 0.5}
    return {"name": "customers", "strategy": "reservation_price_taker", "turn": 1, "reservation": law}


def test_takers_with_reservation_prices_gain_what_lay_between_them_and_the_price():
    """With a constant value a trade is worth to them their distance less what they pay beyond the value."""
    distance, maker = 0.3, {"name": "maker", "strategy": "fixed_spread", "params": {"half_spread": 0.1}}
    run = market(maker, customers(distribution="fixed", distance=distance), episodes=20)
    found, trades = surplus_of(run), run.trades.query("taker_population == 'customers'")
    beyond = np.where(trades["aggressor"] == "buy", 1, -1) * (trades["price"] - trades["value"])
    assert (beyond < distance).all()
    gained = np.bincount(trades["episode"], (distance - beyond) * trades["quantity"], 20)
    assert found.populations["customers"] == pytest.approx(gained)
    assert found.realised == pytest.approx(sum(found.populations.values()))  # nobody else paid, or was paid
    private = run.episodes.groupby("episode")["private_value"].sum()
    assert found.realised == pytest.approx(private.to_numpy())


def test_with_reservation_prices_there_is_no_most_and_no_share_of_it():
    run = market(customers(), episodes=20)
    found = surplus_of(run)
    assert np.isnan(found.most).all()
    assert math.isnan(found.best.value)
    assert math.isnan(found.share.value)
    assert np.isfinite(found.realised).all()
    by_name = {each.name: each for each in measures(run)}
    for name in ("most", "share"):
        assert math.isnan(by_name[name].value)
        assert by_name[name].standard_error is None
        assert "who did not trade" in by_name[name].meaning
    assert surplus_of(market()).best == mean(surplus_of(market()).most)


def test_the_command_says_why_there_is_no_most(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    run = execute(market(customers()).scenario, tmp_path, "reserved")
    take("surplus", [str(run.folder)])
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert "none: nobody can tell" in re.sub(r"\s+", " ", shown)
    take("surplus", [str(run.folder), "--json"])
    said = {row["name"]: row for row in json.loads(capsys.readouterr().out)["runs"][0]["rows"]}
    for name in ("most", "share", "customers.share"):
        assert (said[name]["value"], said[name]["standard_error"]) == (None, None)
    assert said["customers.gains"]["value"] > 0


def test_a_run_without_private_values_or_without_payoffs_has_no_gains_to_speak_of():
    with pytest.raises(RunError, match="nobody in this run has private values"):
        surplus_of(execute(load(THEORY / "sniping.toml", {"run.episodes": 1})))
    with pytest.raises(RunError, match="kept no payoffs"):
        surplus_of(execute(load(THEORY / "gode_sunder.toml", {"run.episodes": 2, "record.episodes": "none"})))


# --- the command ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scenario = load(THEORY / "gode_sunder.toml", {"run.episodes": 300})
    run = execute(scenario, tmp_path_factory.mktemp("runs"), "auction")
    assert run.folder is not None
    return run.folder


def test_the_command_prints_a_table(folder: Path, capsys: pytest.CaptureFixture[str]):
    take("surplus", [str(folder)])
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    for word in ("buyers", "sellers", "realised", "most", "720", "share"):
        assert word in shown


def test_the_command_prints_one_json_object(folder: Path, capsys: pytest.CaptureFixture[str]):
    take("surplus", [str(folder), "--json"])
    said = {row["name"]: row for row in json.loads(capsys.readouterr().out)["runs"][0]["rows"]}
    assert (said["most"]["value"], said["most"]["standard_error"]) == (720.0, 0.0)
    share = said["share"]
    assert abs(share["value"] - 0.9673) <= 4 * share["standard_error"]
    gains, shares = ([said[f"{name}.{what}"]["value"] for name in ("buyers", "sellers")] for what in ("gains", "share"))
    assert sum(gains) == pytest.approx(said["realised"]["value"])
    assert sum(shares) == pytest.approx(share["value"])


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert take("surplus", [str(tmp_path / "nothing")]) == 2
    assert "there is no such folder" in capsys.readouterr().err
