"""Money and lots: nothing appears, nothing is lost, whatever is paid to whom; and what an arbitrageur leaves over."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.core.errors import RunError
from sim.mesa_model.market import Market, Trader
from sim.runs.execute import execute
from sim.runs.result import open_run
from sim.scenario import load, parse
from tests.markets.rich_market import rich
from tests.places import ROOT

BOOKS = ["main", "rival", "other"]  # of the rich scenario: where trade is continuous


def sums(market: Market) -> tuple[int, list[int]]:
    """Cash over all accounts in whole units, and lots of each instrument, added in Python's own integers."""
    cash = sum(np.asarray(market.world.accounts["cash"]).tolist())
    lots = np.asarray(market.world.holdings["lots"]).reshape(-1, len(market.setup.instruments))
    return cash, [sum(row) for row in lots.T.tolist()]


def account(market: Market, name: str) -> int:
    return int(market.world.accounts[market.session._built.accounts.names.index(name)]["cash"])


def small(
    *populations: dict[str, Any], steps: int = 20, unit: float = 1e-6, initial: float = 100.0, **rest: Any
) -> dict[str, Any]:
    """A still market of these populations."""
    venue, instrument = rest.pop("venue", {}), rest.pop("instrument", {})
    return {
        "run": {"steps": steps, "seed": 4},
        "money": {"unit": unit},
        "instruments": [{"name": "ACME", "value": {"process": "constant", "initial": initial}, **instrument}],
        "venues": [{"name": "lit", "tick_size": max(0.01, unit), **venue}],
        "populations": [{"name": f"p{i}", **each} for i, each in enumerate(populations)],
        **rest,
    }


# --- zero sums ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("restless")
@pytest.mark.parametrize("settlement", ["value", "mid", "none"])
def test_cash_and_lots_sum_to_zero_after_every_step(settlement):
    data = rich(120, 3)
    data["instruments"][0]["settlement"] = settlement
    data["populations"][7]["endowment"] = {"cash": -250.5, "inventory": -8}
    cash = sum(each.get("count", 1) * each.get("endowment", {}).get("cash", 0.0) for each in data["populations"])
    market = Market(parse(data))
    paid = dict.fromkeys(("fees main", "fees rival", "dividends ACME", "interest", "settlement", "issue"), 0)
    rebated = False
    for _ in range(3):
        for step in range(120):
            market.step()
            assert sums(market) == (0, [0] * len(data["instruments"]))
            for name in paid:
                paid[name] += account(market, name) != 0
            rebated |= bool((np.asarray(market.world.accounts["fees"]) < 0).any())
            if step < 39:  # before an option expires
                assert account(market, "settlement") == 0
            if step < 119:
                assert account(market, "issue") == -round(1e6 * cash)
        stock = np.asarray(market.world.holdings["lots"]).reshape(-1, len(data["instruments"]))[: len(market.agents), 0]
        assert stock.any() == (settlement == "none")
    assert min(paid.values()) > 0  # each of them had money in it
    assert rebated


@pytest.mark.usefixtures("restless")
def test_trades_messages_and_fees_of_the_tables_are_those_of_the_accounts():
    run = execute(parse(rich(300, 2)))
    trades, ends = run.trades, run.episodes
    for role in ("maker", "taker"):
        assert (trades[f"{role}_fee"] != 0).any()
    fees = trades["maker_fee"].sum() + trades["taker_fee"].sum()
    assert ends["fees"].sum() == pytest.approx(fees, abs=1e-9)
    assert ends["volume"].sum() == 2 * trades["quantity"].sum()
    assert ends["trades"].sum() == 2 * len(trades)
    assert ends["messages"].sum() == run.manifest["messages"]
    removals = ("expire", "self_trade", "withdraw")
    assert (~run.messages["kind"].isin(removals)).sum() == run.manifest["messages"]
    at_once, traded = (table[table["venue"].isin(BOOKS)] for table in (run.messages, trades))
    assert at_once["filled"].sum() == traded["quantity"].sum()  # in an auction nothing trades at once


def test_payoffs_sum_to_what_the_named_accounts_lost():
    data = small({"strategy": "fixed_spread", "count": 2, "params": {"quantity": 3}},
                 {"strategy": "noise", "turn": 1, "count": 4}, steps=500,
                 venue={"taker_fee": 3e-4, "maker_fee": 1e-4})  # fmt: skip
    market = Market(parse(data))
    market.run_model()
    payoffs = market.result().episodes["payoff"].sum()
    assert payoffs == pytest.approx(-account(market, "fees lit") * 1e-6, abs=1e-6)
    assert account(market, "fees lit") > 0


def test_every_shipped_scenario_sums_to_zero():
    for path in sorted((ROOT / "scenarios").glob("*.toml")):
        short = {"run.episodes": 1} if path.stem == "shock" else {"run.episodes": 600, "run.steps": 150}
        scenario = load(path, short)
        market = Market(scenario)
        for _ in range(600):
            market.step()
            assert sums(market) == (0, [0] * len(scenario.instruments)), path


# --- fees -----------------------------------------------------------------------------------------------------------


class Buyer(Trader):
    """Buys in its n-th turn what its list says."""

    amounts = (1, 3, 5, 7, 2)

    def step(self) -> None:
        turn = self.model.now
        if turn < len(self.amounts):
            assert self.market_order(1, self.amounts[turn]) == self.amounts[turn]


SELLER = {"strategy": "fixed_spread", "params": {"sides": "sell", "quantity": 10, "half_spread": 1.0}}


@pytest.mark.parametrize(("fee_per", "fee", "paid"), [
    ("lot", 0.5, [0, 2, 2, 4, 1]),  # .5, 1.5, 2.5, 3.5, 1: halves to even
    ("lot", -0.5, [0, -2, -2, -4, -1]),
    ("notional", 0.5 / 101, [0, 2, 2, 4, 1]),
    ("notional", 0.25 / 101, [0, 1, 1, 2, 0]),  # .25, .75, 1.25, 1.75, .5
])  # fmt: skip
def test_fees_are_rounded_once_halves_to_even_and_go_to_the_venue(fee_per, fee, paid):
    maker_fee = -2 * fee if fee_per == "lot" else 0.0
    venue = {"fee_per": fee_per, "taker_fee": fee, "maker_fee": maker_fee}
    data = small(SELLER, {"strategy": "noise", "turn": 1}, unit=1.0, venue=venue)
    market = Market(parse(data), agents={"p1": Buyer})
    for _ in range(6):
        market.step()
    trades = market.result().trades
    assert trades["price"].tolist() == [101.0] * 5
    assert trades["taker_fee"].tolist() == paid
    whole = [-2 * fee * lots for lots in Buyer.amounts] if fee_per == "lot" else [0.0] * 5
    assert trades["maker_fee"].tolist() == whole
    assert account(market, "fees lit") == sum(paid) + sum(whole)
    assert account(market, "p0 0") == 101 * 18 - sum(whole)
    assert account(market, "p1 0") == -101 * 18 - sum(paid)


# --- private values -------------------------------------------------------------------------------------------------


class Hoarder(Trader):
    """Buys (number 0) or sells (number 1) three lots, one a step."""

    def step(self) -> None:
        if self.model.now < 3:
            self.market_order(1 if self.number == 0 else -1, 1)


def test_private_value_is_that_of_the_lots_acquired_and_parted_with():
    maker = {"strategy": "fixed_spread", "params": {"half_spread": 0.5, "quantity": 9}}
    hoarders = {"strategy": "noise", "turn": 1, "count": 3,
                "private_values": {"distribution": "normal", "deviation": 1.0, "units": 2},
                "endowment": {"inventory": 5}}  # fmt: skip
    market = Market(parse(small(maker, hoarders, steps=5)), agents={"p1": Hoarder})
    market.step()
    mine = np.asarray(market.world.private_values).reshape(3, 4)
    assert (np.diff(mine, axis=1) <= 0).all()  # the first lot more is worth most
    # Of the second lot less, the first lot less, the first lot more, the second lot more.
    mine[0], mine[1], mine[2] = [2.0, 1.5, 0.7, -0.2], [3.0, 0.4, 0.1, -1.0], [9.0, 8.0, 7.0, 6.0]
    market.run_model()
    ends = market.result().episodes.query("population == 'p1'").set_index("agent")
    assert ends["inventory.ACME"].tolist()[0] == 5 + 3
    assert ends["private_value"][0] == pytest.approx(0.7 - 0.2)  # a third lot more is worth nothing
    assert ends["private_value"][1] == pytest.approx(-0.4 - 3.0)  # it parted with the first, then with the second lot
    assert ends["payoff"][0] == pytest.approx(-3 * 0.5)  # the surplus is told apart from money


def test_private_values_are_normal_draws_new_in_every_episode():
    data = small({"strategy": "noise", "arrivals": {"law": "bernoulli", "probability": 0.0}, "count": 50,
                  "private_values": {"distribution": "normal", "deviation": 2.0, "units": 10}})  # fmt: skip
    data["run"] |= {"steps": 1, "episodes": 20}
    market = Market(parse(data))
    drawn = []
    for _ in range(20):
        market.step()
        drawn.append(np.array(market.world.private_values))
    all_of_them = np.array(drawn)
    assert len(np.unique(all_of_them)) == all_of_them.size
    n = all_of_them.size
    assert abs(all_of_them.mean()) <= 4 * 2.0 / n**0.5
    assert abs(all_of_them.var() - 4.0) <= 4 * 4.0 * (2 / n) ** 0.5


# --- arbitrage ------------------------------------------------------------------------------------------------------


def gains(market: Market) -> list[float]:
    """What one lot bought on one book and sold on the other would bring after fees, both ways; books 0 and 1."""
    found = []
    for cheap, dear in ((0, 1), (1, 0)):
        ask, bid = market.best_ask(cheap), market.best_bid(dear)
        if ask is None or bid is None:
            found.append(-np.inf)
            continue
        fee = [market.setup.venues[each].taker_fee for each in (cheap, dear)]
        paid, got = ask * market.setup.venues[cheap].tick_size, bid * market.setup.venues[dear].tick_size
        found.append(got * (1 - fee[1]) - paid * (1 + fee[0]))
    return found


# In the file the first book's makers look at both books; with "last" nothing but the arbitrageur ties the two together.
@pytest.mark.parametrize(("reference", "least"), [("mid", 1), ("last", 500)])
def test_an_arbitrageur_leaves_no_gain_between_two_books_and_holds_their_mids_within_its_costs(reference, least):
    settings = {"run.steps": 4000, "main_makers.params.reference": reference}
    market = Market(load(ROOT / "scenarios" / "two_books.toml", settings))
    gaps = []
    for _ in range(4000):
        market.step()  # the arbitrageur's turn is the last one
        # After its turn no lot bought on one book and sold on the other would gain after fees …
        assert max(gains(market)) <= 1e-9
        assert sums(market) == (0, [0, 0])
        mids = market.mid(0), market.mid(1)
        if None not in mids:
            # … so that the mids differ by no more than the fees and both half-spreads.
            asks, bids = (market.best_ask(0), market.best_ask(1)), (market.best_bid(0), market.best_bid(1))
            fees = 1e-4 * 0.01 * (max(asks) + max(bids))
            assert abs(mids[0] - mids[1]) <= fees + (market.spread(0) + market.spread(1)) / 2 + 1e-9
            gaps.append(abs(mids[0] - mids[1]))
    assert len(gaps) > 3000
    run = market.result()
    mine = run.trades[run.trades["taker_population"] == "arbitrageur"]
    assert len(mine) >= 2 * least
    assert set(mine["venue"]) == {"main", "rival"}
    bought = mine["quantity"] * mine["aggressor"].astype(str).map({"buy": 1, "sell": -1})
    assert (bought.groupby([mine["step"]], observed=True).sum() == 0).all()  # what it buys it sells, in the same turn
    end = run.episodes.query("population == 'arbitrageur'")
    assert end["payoff"].iloc[0] > 0
    assert end["inventory.ACME"].iloc[0] == 0
    # Nobody's gain but somebody's loss: payoffs of all and fees of the venues sum to zero.
    fees_paid = sum(account(market, f"fees {venue.name}") for venue in market.setup.venues)
    assert run.episodes["payoff"].sum() == pytest.approx(-fees_paid * 1e-6, abs=1e-5)


def test_without_an_arbitrageur_the_books_drift_apart():
    settings = {"run.steps": 4000, "main_makers.params.reference": "last"}
    data = load(ROOT / "scenarios" / "two_books.toml", settings).model_dump(exclude_none=True)
    data["populations"] = [each for each in data["populations"] if each["name"] != "arbitrageur"]
    market = Market(parse(data))
    open_gains = 0
    for _ in range(4000):
        market.step()
        open_gains += max(gains(market)) > 1e-9
    assert open_gains > 2000


# --- too much money -------------------------------------------------------------------------------------------------


def test_money_beyond_64_bits_ends_the_run_with_an_error(tmp_path):
    data = small({"strategy": "fixed_spread", "params": {"quantity": (1 << 31) - 1}},
                 {"strategy": "noise", "turn": 1, "params": {"quantity": 1e9}}, initial=1e5)  # fmt: skip
    with pytest.raises(RunError, match=r"episode 0, step 0: an amount of money is too large .* larger money\.unit"):
        execute(parse(data), tmp_path)
    run = open_run(tmp_path / "run")
    assert run.status == "failed"
    assert "too large" in run.manifest["reason"]


def test_cash_that_piles_up_beyond_64_bits_ends_the_run_too():
    data = small({"strategy": "fixed_spread", "params": {"quantity": 10**6, "sides": "sell"}},
                 {"strategy": "noise", "turn": 1, "params": {"quantity": 1e6, "buy_probability": 1.0}},
                 initial=1e6, steps=100)  # fmt: skip
    with pytest.raises(RunError, match="step 3: an amount of money is too large"):
        execute(parse(data))


@pytest.mark.parametrize("income", [
    {"settlement": "value"},
    {"settlement": "none", "dividend": {"mean": 18_446.744074}},
])  # fmt: skip
def test_income_beyond_64_bits_ends_the_run_with_an_error(income):
    # 10**9 lots at 18,446.744074 are 2**64 + 290,448,384 units.
    data = small(
        {"strategy": "noise", "endowment": {"inventory": 10**9}}, initial=18_446.744074, steps=1, instrument=income
    )
    with pytest.raises(RunError, match="too large"):
        execute(parse(data))
