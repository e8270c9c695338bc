"""What each maker claims of its quotes, held against the model it is named after."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from sim.models import inventory as models
from sim.runs.build import build
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.runs.simulation import Simulation
from sim.runs.strategy_contract import Played
from sim.scenario import parse
from sim.strategy_kit import registry
from sim.strategy_kit.callbacks import memory_type

CONSTANT = {"process": "constant", "initial": 100.0}
WALK = {"process": "random_walk", "initial": 100.0, "volatility": 0.03}
FINE = 1e-6


def population(name: str, strategy: str = "", **fields: Any) -> dict[str, Any]:
    return {"name": name, "strategy": strategy or name, **fields}


def scenario(
    *populations: dict[str, Any],
    steps: int = 1,
    episodes: int = 1,
    value: dict[str, Any] = CONSTANT,
    tick: float = 0.01,
    delay: int | str = "never",
    simultaneous: bool = False,
) -> Any:
    return parse(
        {
            "run": {"steps": steps, "episodes": episodes, "seed": 1},
            "instruments": [{"name": "X", "value": value, "public_delay": delay, "settlement": "value"}],
            "venues": [{"name": "book", "tick_size": tick}],
            "populations": list(populations),
            "turns": {"simultaneous": [0] if simultaneous else []},
            "record": {"messages": True, "levels": 2, "book_every": 1, "agents": "none"},
        }
    )


def run(*populations: dict[str, Any], **market: Any) -> Run:
    return execute(scenario(*populations, **market))


def buyers(quantity: float = 1.0, probability: float = 1.0) -> dict[str, Any]:
    return population("noise", turn=1, params={"quantity": quantity, "buy_probability": probability})


def quotes(of: Run, tick: float = 0.01) -> NDArray[Any]:
    """Best bid and ask after each step, in whole ticks; nan where there is none."""
    return np.rint(of.book[["bid", "ask"]].to_numpy(float) / tick)


def outward(low: Any, high: Any, tick: float = 0.01) -> NDArray[Any]:
    """Two prices rounded outward; one that is a tick but for the last bits is that tick."""
    sides = np.broadcast_arrays(np.floor(np.round(low / tick, 7)), np.ceil(np.round(high / tick, 7)))
    return np.stack(sides, axis=-1)


def alone(strategy: str, inventory: int, steps: int = 1, **params: Any) -> NDArray[Any]:
    """The quotes of a maker that begins with an inventory, and keeps it, around 100."""
    return quotes(run(population(strategy, endowment={"inventory": inventory}, params=params), steps=steps))


# --- glosten_milgrom ------------------------------------------------------------------------------------------------

BINARY = {"low": 0.0, "high": 1.0}
ASKS = {  # after 0 to 4 buys, from even odds
    0.1: [0.55, 0.59901, 0.64612, 0.69055, 0.73172],
    0.3: [0.65, 0.77523, 0.86496, 0.92245, 0.95669],
    0.5: [0.75, 0.9, 0.96429, 0.9878, 0.9959],
    0.7: [0.85, 0.9698, 0.99453, 0.99903, 0.99983],
}


def bayes(share: float, net_buys: Any, prior: float = 0.5) -> Any:
    """Probability of the high value."""
    odds = prior / (1 - prior) * ((1 + share) / (1 - share)) ** np.asarray(net_buys, float)
    return odds / (1 + odds)


def learner(share: float, quantity: int = 1_000, **fields: Any) -> dict[str, Any]:
    params = {**BINARY, "informed_share": share, "quantity": quantity, **fields.pop("params", {})}
    return population("maker", "glosten_milgrom", params=params, **fields)


@pytest.mark.parametrize("share", ASKS)
def test_glosten_milgrom_asks_after_buys_are_those_of_the_model(share: float) -> None:
    found = quotes(run(learner(share), buyers(), steps=5, tick=FINE), FINE)
    buys = np.arange(5)
    assert found[:, 1] * FINE == pytest.approx(ASKS[share], abs=6e-6)
    assert (found == outward(bayes(share, buys - 1), bayes(share, buys + 1), FINE)).all()


@pytest.mark.parametrize("prior", [0.1, 0.5, 0.6, 0.9])
def test_glosten_milgrom_follows_buys_and_sells_from_any_prior(prior: float) -> None:
    maker = learner(0.3, params={"prior": prior, "low": 98.0, "high": 101.0})
    played = run(maker, buyers(probability=0.5), steps=200)
    net = np.concatenate([[0], np.cumsum(np.where(played.trades["aggressor"] == "buy", 1, -1))])
    below, mean, above = (98 + 3 * bayes(0.3, net[:200] + side, prior) for side in (-1, 0, 1))
    assert (quotes(played) == outward(below, above)).all()
    assert played.trades["belief"].to_numpy() == pytest.approx(mean)


@pytest.mark.parametrize("lots", [1.0, 2.0])
def test_two_makers_agree_and_an_order_tells_them_once(lots: float) -> None:
    played = run(learner(0.3, 1, count=2), buyers(lots, 0.5), steps=300, tick=FINE, simultaneous=True)
    sent = played.messages[played.messages["kind"] == "post_only"]
    for _, prices in sent.groupby(["step", "side"], observed=True)["price"]:
        assert len(prices) == 2
        assert prices.nunique() == 1
    orders = played.trades.drop_duplicates("step")
    net = np.cumsum(np.where(orders["aggressor"] == "buy", 1, -1))[:-1]
    asks = sent[sent["side"] == "sell"].groupby("step")["price"].first().to_numpy()[1:]
    assert asks == pytest.approx(bayes(0.3, net + 1), abs=1.1 * FINE)
    assert played.trades["maker"].nunique() == 2


def test_a_maker_learns_from_the_trades_of_others() -> None:
    inside = population("inside", "fixed_spread", params={"half_spread": 0.01, "quantity": 1_000})
    played = run(learner(0.3), inside, buyers(), steps=4, value={**CONSTANT, "initial": 0.5}, tick=FINE)
    assert set(played.trades["maker_population"]) == {"inside"}
    assert played.book["ask_2"].to_numpy() == pytest.approx(bayes(0.3, np.arange(1, 5)), abs=1.1 * FINE)


@pytest.mark.parametrize("prior", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("share", [0.0, 1e-9, 1.0 - 1e-16, 1.0])
def test_glosten_milgrom_is_always_sure_of_something(share: float, prior: float) -> None:
    maker = learner(share, params={"prior": prior})
    played = run(maker, buyers(), steps=2_000, tick=FINE)
    beliefs = played.trades["belief"].to_numpy()
    assert len(beliefs) == 2_000
    assert beliefs[0] == prior
    assert beliefs.min() >= prior - 1e-12
    assert beliefs.max() <= 1.0
    assert np.isfinite(quotes(played)).all()


def test_glosten_milgrom_earns_nothing() -> None:
    informed = population(
        "informed", turn=1, sees={"of": "value"}, arrivals={"law": "one_of", "group": "flow", "share": 0.3}
    )
    noise = population("noise", turn=1, arrivals={"law": "one_of", "group": "flow", "share": 0.7})
    value = {"process": "binary", "low": 0.0, "high": 1.0, "probability": 0.5}
    data = scenario(learner(0.3, 1), noise, informed, steps=10, episodes=20_000, value=value, tick=1e-4)
    played = execute(data)
    payoff = played.episodes[played.episodes["population"] == "maker"]["payoff"].to_numpy()
    assert abs(payoff.mean()) <= 4 * payoff.std() / math.sqrt(len(payoff)) + 10 * 1e-4


def test_the_two_values_must_be_two() -> None:
    for name in ("glosten_milgrom", "glosten_milgrom_grid"):
        assert "low" in registry.get(name).validate({"low": 1.0, "high": 1.0})


# --- glosten_milgrom_grid -------------------------------------------------------------------------------------------

HALF_SPREADS = {0.1: 0.08004, 0.2: 0.16166, 0.3: 0.24661, 0.5: 0.43633, 0.7: 0.68448}  # of a deviation


def grid(**params: Any) -> dict[str, Any]:
    return population("maker", "glosten_milgrom_grid", params={"quantity": 1_000, **params})


@pytest.mark.parametrize("share", HALF_SPREADS)
def test_the_first_quotes_break_even_against_a_normal_value(share: float) -> None:
    found = quotes(run(grid(deviation=2.0, informed_share=share), tick=FINE), FINE)[0] * FINE
    assert (found - 100.0) / 2.0 == pytest.approx([-HALF_SPREADS[share], HALF_SPREADS[share]], abs=4e-5)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_the_first_quotes_break_even_against_a_uniform_value(share: float) -> None:
    params = {"distribution": "uniform", "low": 98.0, "high": 102.0, "informed_share": share}
    found = quotes(run(grid(**params), tick=FINE), FINE)[0] * FINE
    # Of a value on [-1, 1]: (1 - share) / 2 a = share (1 - a)² / 4.
    ask = 2.0 * np.roots([share, -2.0, share]).min() if share else 0.0
    assert found == pytest.approx([100.0 - ask, 100.0 + ask], abs=2 * FINE)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.7])
@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_beliefs_on_the_grid_are_those_of_a_much_finer_one(distribution: str, share: float) -> None:
    params = {"distribution": distribution, "deviation": 1.0, "low": 97.0, "high": 103.0, "informed_share": share}
    played = run(grid(**params), buyers(probability=0.6), steps=25, tick=FINE)
    width = 12.0 / 512 if distribution == "normal" else 6.0 / 512
    value = np.linspace(94.0, 106.0, 600_001)
    chance = np.exp(-((value - 100.0) ** 2) / 2) if distribution == "normal" else 1.0 * (abs(value - 100.0) <= 3.0)
    for bid_ask, price, side, belief in zip(
        quotes(played, FINE) * FINE,
        played.trades["price"],
        np.where(played.trades["aggressor"] == "buy", 1, -1),
        played.trades["belief"],
        strict=True,
    ):
        chance /= chance.sum()
        assert belief == pytest.approx(chance @ value, abs=width / 5)
        for quote, bought in zip(bid_ask, (-1, 1), strict=True):
            taken = chance * (share * (bought * (value - quote) > 0) + (1 - share) / 2)
            assert quote == pytest.approx(taken @ value / taken.sum(), abs=width / 5)
        chance *= share * (side * (value - price) > 0) + (1 - share) / 2


def test_news_begins_the_belief_anew() -> None:
    value = {"process": "random_walk", "initial": 100.0, "volatility": 0.3}
    played = run(grid(deviation=1.0), buyers(), steps=50, value=value, delay=0, tick=FINE)
    distance = quotes(played, FINE) * FINE - played.book["value"].to_numpy()[:, None]
    assert distance == pytest.approx(np.tile([-HALF_SPREADS[0.3], HALF_SPREADS[0.3]], (50, 1)), abs=1e-4)
    assert len(played.trades) == 50


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_beliefs_on_the_grid_stay_beliefs(distribution: str, share: float) -> None:
    played = run(grid(informed_share=share, distribution=distribution), buyers(probability=0.9), steps=500)
    assert np.isfinite(quotes(played)).all()
    assert played.trades["belief"].between(97.0, 103.0).all()


# --- avellaneda_stoikov, gueant_lehalle_tapia, cartea_jaimungal -----------------------------------------------------

HELD = [-4, -3, -1, 0, 1, 2, 4]
RISKY = {"risk_aversion": 0.8, "volatility": 0.07, "fill_decay": 9.0}
STEPS = 60


@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize("horizon", [0, 7, 100])
@pytest.mark.parametrize("risk_aversion", [0.0, 1e-12, 0.8])
def test_avellaneda_stoikov_quotes_its_model(risk_aversion: float, horizon: int, held: int) -> None:
    params = RISKY | {"risk_aversion": risk_aversion}
    found = alone("avellaneda_stoikov", held, STEPS, horizon=horizon, **params)
    for step in range(STEPS):
        left = max(0, (horizon or STEPS) - step)
        bid, ask = models.avellaneda_stoikov(risk_aversion, 0.07, 9.0, left, held)
        assert (found[step] == outward(100.0 - bid, 100.0 + ask)).all()


def test_avellaneda_stoikov_bids_above_the_value_when_it_is_short_of_lots_and_far_from_the_end() -> None:
    bid, ask = alone("avellaneda_stoikov", -20, STEPS, **RISKY)[0]
    assert ask > bid > 10_000


def test_avellaneda_stoikov_keeps_within_its_inventory_limit() -> None:
    assert np.isnan(alone("avellaneda_stoikov", 3, inventory_limit=3)[0]).tolist() == [True, False]
    assert np.isnan(alone("avellaneda_stoikov", -3, inventory_limit=3)[0]).tolist() == [False, True]


SOLVED: dict[str, tuple[dict[str, Any], Callable[[int], Any]]] = {
    "gueant_lehalle_tapia": (RISKY, lambda steps: models.gueant_lehalle_tapia(0.8, 0.07, 9.0, 0.6, 4, steps)),
    "cartea_jaimungal": (
        {"running_penalty": 2e-3, "terminal_penalty": 0.01, "fill_decay": 9.0},
        lambda steps: models.cartea_jaimungal(0.6, 9.0, 2e-3, 0.01, 4, steps),
    ),
}


@pytest.mark.parametrize("held", [*HELD, 7, -7])
@pytest.mark.parametrize("horizon", [0, 7, 100])
@pytest.mark.parametrize("maker", SOLVED)
def test_solved_makers_quote_their_models(maker: str, horizon: int, held: int) -> None:
    params, solve = SOLVED[maker]
    found = alone(maker, held, STEPS, horizon=horizon, inventory_limit=4, arrival_rate=0.6, **params)
    distances = solve(horizon or STEPS)
    assert len(distances) > STEPS // 2 or horizon == 7  # the quotes do change with time
    for step in range(STEPS):
        left = min(max(0, (horizon or STEPS) - step), len(distances) - 1)
        bid, ask = distances[left, max(-4, min(4, held)) + 4]
        expected = outward(100.0 - bid, 100.0 + ask)
        expected[np.isinf(expected)] = np.nan  # the limit forbids that side
        assert found[step].tolist() == pytest.approx(expected.tolist(), abs=0, nan_ok=True)


@pytest.mark.parametrize("held", HELD)
def test_the_asymptotic_quotes_are_the_closed_form_at_any_time(held: int) -> None:
    params = {"solution": "asymptotic", "arrival_rate": 0.6, "inventory_limit": 5, **RISKY}
    bid, ask = models.gueant_lehalle_tapia_asymptotic(0.8, 0.07, 9.0, 0.6, held)
    assert (alone("gueant_lehalle_tapia", held, 20, **params) == outward(100.0 - bid, 100.0 + ask)).all()


@pytest.mark.parametrize("maker", SOLVED)
def test_a_solved_maker_keeps_within_its_limit(maker: str) -> None:
    played = run(population("maker", maker, params={"inventory_limit": 2}), buyers(probability=0.5), steps=400)
    held = np.cumsum(np.where(played.trades["aggressor"] == "buy", -1, 1))
    assert np.abs(held).max() == 2
    assert len(held) > 200


@pytest.mark.parametrize("maker", SOLVED)
def test_a_limit_too_far_out_to_be_solved_is_refused_as_one(maker: str) -> None:
    strategy = registry.get(maker)
    hard = {"inventory_limit": 50, "arrival_rate": 1e-6, "risk_aversion": 5.0, "running_penalty": 1.0}
    assert "limit 50" in strategy.validate(
        strategy.resolve({k: v for k, v in hard.items() if k in strategy.parameters})
    )
    assert strategy.validate(strategy.resolve({})) == ""


# --- undercutter ----------------------------------------------------------------------------------------------------

UNDER = {"least_half_spread": 0.025, "widest_half_spread": 0.15, "quantity": 3}


def against(half_spread: float, held: int = 0, **params: Any) -> list[float]:
    """Where it quotes beside a fixed half-spread, in ticks from 100."""
    other = population("other", "fixed_spread", params={"half_spread": half_spread})
    under = population("under", "undercutter", turn=1, endowment={"inventory": held}, params=UNDER | params)
    sent = run(other, under, steps=4).messages
    own = sent[sent["population"] == "under"].groupby("side", observed=True)["price"].last()
    return sorted(np.rint(own / 0.01 - 10_000).tolist())


@pytest.mark.parametrize(
    ("half_spread", "expected"),
    [(1.0, [-15, 15]), (0.16, [-15, 15]), (0.15, [-14, 14]), (0.05, [-4, 4]), (0.03, [-3, 3]), (0.01, [-3, 3])],
)
def test_undercutter_betters_the_others_between_its_bounds(half_spread: float, expected: list[int]) -> None:
    assert against(half_spread) == expected


def test_undercutter_leans_its_bounds_against_its_inventory() -> None:
    assert against(0.05, held=4, inventory_skew=0.01) == [-7, 4]
    assert against(0.05, held=-4, inventory_skew=0.01) == [-4, 7]
    assert against(1.0, held=4, inventory_skew=0.01) == [-19, 11]
    assert against(0.05, held=4, inventory_skew=0.01, reference="mid") == [-7, 4]


def test_undercutter_keeps_within_its_inventory_limit() -> None:
    assert against(0.05, held=5, inventory_limit=5) == [4]
    assert against(0.05, held=-5, inventory_limit=5) == [-4]


def test_undercutters_do_not_undercut_themselves_but_one_another() -> None:
    single = run(population("under", "undercutter", params=UNDER), steps=30)
    assert (quotes(single) == [9_985, 10_015]).all()
    several = quotes(run(population("under", "undercutter", count=2, params=UNDER), steps=30))
    assert set(np.diff(several[:7, 1])) == {-1, -2}  # a tick a turn, unless it is the best already
    assert several[-1].tolist() == [9_997, 10_003]


def test_undercutter_without_a_spread_does_not_lock_its_own_book() -> None:
    found = quotes(run(population("undercutter", params={"least_half_spread": 0.0, "widest_half_spread": 0.0})))
    assert found.tolist() == [[10_000, 10_001]]


def test_undercutters_bounds_must_be_in_order() -> None:
    assert registry.get("undercutter").validate({"least_half_spread": 0.2, "widest_half_spread": 0.1})


# --- mixed ----------------------------------------------------------------------------------------------------------


def drawn(episodes: int = 1, steps: int = 6_000, tick: float = FINE, **params: Any) -> NDArray[Any]:
    """The half-spreads of one maker, by episode and step."""
    maker = population("mixed_strategy", params={"sides": "sell", **params})
    played = run(maker, steps=steps, episodes=episodes, tick=tick)
    return played.book["ask"].to_numpy().reshape(episodes, steps) - 100.0


def dennert(share: float, makers: int) -> Callable[[Any], Any]:
    """Of the half-spread, for a jump of 1: on [share, 1]."""
    return lambda s: 1 - (share * (1 - s) / ((1 - share) * s)) ** (1 / (makers - 1))


@pytest.mark.parametrize(
    ("params", "law"),
    [
        ({"low": 0.2, "high": 0.7}, stats.uniform(0.2, 0.5).cdf),
        ({"distribution": "dennert", "informed_share": 0.3, "jump": 1.0, "makers": 2}, dennert(0.3, 2)),
        ({"distribution": "dennert", "informed_share": 0.1, "jump": 1.0, "makers": 5}, dennert(0.1, 5)),
    ],
)
def test_mixed_draws_from_its_distribution(params: dict[str, Any], law: Callable[[Any], Any]) -> None:
    assert stats.kstest(drawn(**params)[0], law).pvalue > 1e-3
    each = drawn(episodes=800, steps=2, drawn="episode", **params)
    assert (each[:, 0] == each[:, 1]).all()
    assert stats.kstest(each[:, 0], law).pvalue > 1e-3


@pytest.mark.parametrize("makers", [2, 3])
def test_mixed_with_the_best_of_others_is_as_wide_as_dennert_says(makers: int) -> None:
    best = drawn(distribution="dennert", jump=1.0, makers=makers)[0].reshape(makers, -1).min(axis=0)
    expected = {2: 0.4149, 3: 0.4515}[makers]
    assert abs(best.mean() - expected) <= 4 * best.std() / math.sqrt(len(best))


def test_mixed_draws_from_its_table() -> None:
    table = {"half_spreads": [0.03, 0.01, 0.5, 0.02], "weights": [2.0, 1.0, 0.0, 5]}
    found, counts = np.unique(np.round(drawn(tick=0.01, distribution="table", **table)[0], 6), return_counts=True)
    assert found.tolist() == [0.01, 0.02, 0.03]
    assert stats.chisquare(counts, 6_000 * np.array([1, 5, 2]) / 8).pvalue > 1e-3


def test_each_population_has_a_table_of_its_own() -> None:
    tables = {"first": [0.03], "second": [0.07, 0.07], "third": [0.05]}
    who = [
        population(
            name,
            "mixed_strategy",
            params={"distribution": "table", "half_spreads": table, "weights": [1.0] * len(table)},
        )
        for name, table in tables.items()
    ]
    sent = run(*who).messages
    asks = sent[sent["side"] == "sell"].groupby("population", observed=True)["price"].first()
    assert asks.to_dict() == pytest.approx({name: 100.0 + table[0] for name, table in tables.items()})


def test_mixed_members_draw_each_for_itself_and_quote_the_sides_they_should() -> None:
    for sides, kept in (("both", {"buy", "sell"}), ("buy", {"buy"}), ("sell", {"sell"})):
        sent = run(
            population("mixed_strategy", count=3, params={"sides": sides}), steps=2, tick=FINE, simultaneous=True
        )
        sent = sent.messages[sent.messages["kind"] == "post_only"]
        assert set(sent["side"]) == kept
        assert sent["price"].nunique() == len(sent) == 6 * len(kept)
    assert (sent["price"] > 100.0).all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"distribution": "uniform", "low": 0.2, "high": 0.1}, "low"),
        ({"distribution": "table", "half_spreads": (0.1,), "weights": (0.5, 0.5)}, "1 and 2"),
        ({"distribution": "table", "half_spreads": (), "weights": ()}, "one half-spread"),
        ({"distribution": "table", "half_spreads": (0.1, 0.2), "weights": (0.0, 0.0)}, "all be 0"),
        ({"distribution": "table", "half_spreads": (0.1, 0.2), "weights": (0.0, 1.0)}, ""),
    ],
)
def test_mixed_says_what_is_wrong_with_a_distribution(given: dict[str, Any], said: str) -> None:
    mixed = registry.get("mixed_strategy")
    found = mixed.validate(mixed.resolve(given))
    assert said in found
    assert bool(found) == bool(said)


# --- adaptive -------------------------------------------------------------------------------------------------------


def remembered(steps: int, *populations: dict[str, Any], **market: Any) -> tuple[list[Any], Any]:
    """What the first agent, an adaptive maker, remembers after each step, and the trades."""
    sink = Played()
    simulation = Simulation(build(scenario(*populations, steps=steps, **market)), sink)
    kind = memory_type(registry.get("adaptive"))
    kept = []
    for step in range(steps):
        simulation.advance(step + 1)
        kept.append(np.array(simulation.built.storage.world.memories)[: kind.itemsize].view(kind)[0])
    simulation.drain()
    return kept, sink.table("trades")


def test_garch_is_the_recursion_around_the_average_variance() -> None:
    params = {"forecast": "garch", "garch_news": 0.2, "garch_persistence": 0.7, "learning_rate": 0.02,
              "risk_aversion": 30.0, "horizon": 63}  # fmt: skip
    maker = population("maker", "adaptive", params=params)
    kept, _ = remembered(400, maker, buyers(3.0, 0.5), value=WALK, delay=0, tick=FINE)
    moves = np.diff([100.0, *(each["average"] for each in kept)])
    moves[0] = kept[0]["average"] - kept[0]["before"]
    variance = forecast = 0.0
    for move, each in zip(moves, kept, strict=True):
        variance += 0.02 * (move**2 - variance)
        forecast = 0.1 * variance + 0.2 * move**2 + 0.7 * forecast
        assert each["forecast"] == pytest.approx(forecast, rel=1e-9, abs=1e-15)
    assert forecast > 0.0


@pytest.mark.parametrize("forecast", ["average", "garch"])
def test_the_forecast_is_what_moves_the_quotes(forecast: str) -> None:
    params = {"forecast": forecast, "risk_aversion": 30.0, "horizon": 63, "quantity": 100}
    maker = population("maker", "adaptive", endowment={"inventory": 2}, params=params)
    kept, _ = remembered(100, maker, value=WALK, delay=0)
    found = quotes(run(maker, steps=100, value=WALK, delay=0))
    for quoted, each in zip(found, kept, strict=True):
        half = 0.01 + 0.5 * 30.0 * each["forecast"]
        centre = each["average"] - 30.0 * each["forecast"] * 2
        assert (quoted == outward(centre - half, centre + half)).all()
    assert (kept[-1]["forecast"] == kept[-1]["variance"]) == (forecast == "average")


@pytest.mark.parametrize("learns_from", ["tape", "own_fills"])
def test_the_markout_is_that_of_all_trades_or_of_its_own_fills(learns_from: str) -> None:
    params = {"learns_from": learns_from, "horizon": 7, "learning_rate": 0.02, "average_weight": 0.3}
    maker = population("maker", "adaptive", params=params)
    other = population("other", "fixed_spread", params={"half_spread": 0.02, "inventory_skew": 0.002})
    kept, trades = remembered(600, maker, other, buyers(2.0, 0.5))
    own = trades["maker"] == 0
    assert 100 < own.sum() < len(trades) - 100
    before = np.where(trades["step"] < 599)[0]  # its last turn saw no trade of the last step
    beliefs = [100.0]
    for price in trades["price"][before] * 0.01:
        beliefs.append(beliefs[-1] + 0.3 * (price - beliefs[-1]))
    markout, marked = 0.0, 0
    for serial in before[: len(before) - 7]:
        if own[serial] or learns_from == "tape":
            marked += 1
            moved = trades["aggressor"][serial] * (beliefs[serial + 8] - beliefs[serial])
            markout += max(0.02, 1 / marked) * (moved - markout)
    assert kept[-1]["markout"] == pytest.approx(markout, rel=1e-9)
    assert kept[-1]["marked"] == marked


def test_a_garch_that_returns_to_nothing_is_refused() -> None:
    adaptive = registry.get("adaptive")
    assert adaptive.validate(adaptive.resolve({"forecast": "garch", "garch_news": 0.1}))
    assert not adaptive.validate(adaptive.resolve({"garch_news": 0.1}))
