"""The market as a Mesa model: the same trades as a run, views that tell the truth, agents in plain Python."""

import gc
import weakref

import mesa
import pytest

import spreadgame as sg
from sim.scenario import load

QUICKSTART = "scenarios/quickstart.toml"


def market(steps=200, agents=None, **overrides):
    return sg.Market(load(QUICKSTART, {"run.steps": steps, **overrides}), agents=agents)


class Patient(sg.Trader):
    """Bids at the best bid, and counts its turns."""

    turns = 0

    def step(self):
        self.turns += 1
        bid = self.best_bid()
        if bid is not None:
            self.handle = self.limit_order(1, bid, 1, lifetime=3)


def test_it_makes_the_trades_of_a_run():
    model = market()
    while model.running:
        model.step()
    assert model.now == 200
    assert model.result().trades.equals(sg.run(load(QUICKSTART, {"run.steps": 200})).trades)


def test_it_stays_where_it_is_once_it_is_over():
    model = market(steps=3)
    model.run_model()
    before = model.result().trades
    model.step()
    assert not model.running
    assert model.now == 3
    assert model.result().trades.equals(before)


def test_agents_come_in_sets_by_population():
    model = market()
    assert [len(model.population(name)) for name in ("makers", "noise", "informed")] == [2, 500, 20]
    assert len(model.agents) == 522
    assert {kind.__name__: len(members) for kind, members in model.agents_by_type.items()} == {
        "makers": 2,
        "noise": 500,
        "informed": 20,
    }
    assert model.population("makers") is model.population("makers")


def test_an_unknown_population_is_named():
    with pytest.raises(KeyError, match="there are makers, noise, informed"):
        market().population("nobody")
    with pytest.raises(sg.ScenarioError, match="no population 'nobody'"):
        market(agents={"nobody": Patient})


def test_views_tell_what_the_ledger_and_the_book_hold():
    model = market()
    for _ in range(100):
        model.step()
    made = model.result()
    makers = list(model.population("makers"))
    volume = made.trades.assign(
        signed=made.trades["quantity"].where(made.trades["aggressor"] == "sell", -made.trades["quantity"])
    )
    mine = volume[volume["maker_population"] == "makers"].groupby("maker", observed=True)["signed"].sum()
    for maker in makers:
        assert maker.inventory == mine.get(maker.number, 0)
        assert maker.profit == pytest.approx(maker.wealth)
        assert {quote["side"] for quote in maker.quotes} <= {1, -1}
        assert all(maker.is_live(quote["handle"]) for quote in maker.quotes)
    best = max(quote["price"] for maker in makers for quote in maker.quotes if quote["side"] == 1)
    assert model.best_bid() == best
    assert model.spread() == pytest.approx((model.best_ask() - model.best_bid()) * 0.01)
    assert sum(agent.cash for agent in model.agents) == pytest.approx(0.0, abs=1e-6)


def test_mesas_collector_works():
    collector = mesa.DataCollector(
        model_reporters={"mid": lambda model: model.mid()}, agent_reporters={"inventory": "inventory"}
    )
    model = market()
    for _ in range(5):
        model.step()
        collector.collect(model)
    assert len(collector.get_model_vars_dataframe()) == 5
    assert len(collector.get_agent_vars_dataframe()) == 5 * 522


def test_an_agent_in_plain_python_trades_in_the_same_book_at_its_turn():
    model = market(steps=201, agents={"informed": Patient})
    while model.now < 200:  # positions are settled at the end
        model.step()
    trades = model.result().trades
    turns = sum(agent.turns for agent in model.population("informed"))
    assert 15 < turns < 75  # a fifth of 200 arrivals
    assert (trades["maker_population"] == "informed").sum() > 0
    assert (
        sum(agent.inventory for agent in model.population("informed"))
        == trades.loc[trades["maker_population"] == "informed", "quantity"].sum()
    )


def test_plain_python_agents_leave_the_others_draws_as_they_were():
    compiled, python = market(), market(agents={"informed": Patient})
    for model in (compiled, python):
        model.run_model()
    noise = [
        model.result().trades.query("taker_population == 'noise'")[["step", "taker", "aggressor"]].astype(str)
        for model in (compiled, python)
    ]
    both = noise[0].merge(noise[1], on="step", suffixes=("", "_python"))
    assert len(both) > 100
    assert (both["taker"] == both["taker_python"]).all()
    assert (both["aggressor"] == both["aggressor_python"]).all()


def test_python_agents_grow_what_their_messages_need():
    class Ladder(sg.Trader):
        """Rests many orders at once."""

        def step(self):
            for away in range(1, 40):
                self.limit_order(1, 9_000 - away, 1)

    model = sg.Market(load(QUICKSTART, {"run.steps": 20}), agents={"makers": Ladder}, orders=8)
    model.run_model()
    resting = sum(len(agent.quotes) for agent in model.population("makers"))
    assert resting + model.result().trades["quantity"].sum() == 20 * 2 * 39
    assert model.result().manifest["rejected"] == 0


def test_what_python_agents_may_not_know_is_refused_by_name():
    model = market(steps=1)
    noise = next(iter(model.population("noise")))
    with pytest.raises(AttributeError, match="no signal"):
        _ = noise.signal
    with pytest.raises(AttributeError, match="no reservation"):
        noise.reservation_price(1)
    assert next(iter(model.population("informed"))).signal == pytest.approx(model.value())


def test_cancel_and_replace_from_python():
    class Mover(sg.Trader):
        """Enters, replaces, cancels."""

        seen = ()

        def step(self):
            handle = self.limit_order(1, 5_000, 3)
            moved = self.replace_order(handle, 5_001, 2)
            self.seen = (*self.seen, handle > 0, moved == handle, self.cancel_order(handle), self.cancel_order(handle))
            assert self.fill_or_kill_order(1, 5_000, 1) == 0
            assert self.immediate_or_cancel_order(1, 5_000, 1) == 0

    model = market(steps=2, agents={"makers": Mover})
    model.run_model()
    assert all(agent.seen == (True, True, 2, 0) * 2 for agent in model.population("makers"))


def test_what_a_python_agent_raises_is_the_users_to_see():
    class Broken(sg.Trader):
        """Raises at its second turn."""

        turns = 0

        def step(self):
            self.turns += 1
            if self.turns == 2:
                raise ZeroDivisionError("mine")

    model = market(steps=5, agents={"makers": Broken})
    model.step()
    with pytest.raises(ZeroDivisionError, match="mine"):
        model.step()


def test_a_class_that_passes_another_row_on_is_refused():
    class Rowless(sg.Trader):
        def __init__(self, model, row):
            super().__init__(model, 0)

        def step(self):
            pass

    with pytest.raises(TypeError, match=r"Rowless.__init__ was given row 502 and passed 0 on — it must begin"):
        market(agents={"informed": Rowless})


def test_a_market_that_nobody_needs_any_more_is_freed_and_each_counts_its_agents_from_1() -> None:
    class Idle(sg.Trader):
        def step(self) -> None:
            return

    def made() -> sg.Market:
        market = sg.Market(QUICKSTART, overrides={"run.steps": 2, "informed.count": 2}, agents={"informed": Idle})
        market.run_model()
        return market

    kept = [weakref.ref(made()) for _ in range(3)]
    gc.collect()
    assert [each() for each in kept] == [None] * 3
    assert sorted(each.unique_id for each in made().population("informed")) == [1, 2]
