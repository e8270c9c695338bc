"""What a page is told of a market: once when it is opened, and in each frame.

Amounts of money are means of the episodes that have begun, which is the run's payoff when it has ended. The lines of a
population sum to its profit: spread, hedging, adverse_selection, revaluation, fees and income. Income is dividends,
interest, funding and forgiven losses. What is missing, or without meaning, is null.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sim.runs.attributed import SoFar
from sim.scenario import Scenario
from sim.session.market_in_progress import Book, MarketInProgress
from sim.strategy_kit import registry
from sim.strategy_kit.loading.uses import uses
from spreadgame.dashboard.caption import Earned, caption
from spreadgame.dashboard.history import RULE, History, price

LEVELS, MOST_MEMBERS = 20, 20
TRADES = 500  # of a market that a page shows: the last
LINES = ("spread", "hedging", "adverse_selection", "revaluation", "fees", "income")
_RECEIVED = ("dividends", "interest", "funding", "forgiven")
_PAYERS = {"forgiven": "default"}  # the account's name, where it is not the line's
_LEAST = 0.5  # units of money: less has not been paid


def opening(scenario: Scenario, name: str, seed: int, overrides: Mapping[str, Any], controls: Any) -> dict[str, Any]:
    """What a market is, for the message ``opened``."""
    return {
        "type": "opened", "scenario": name, "title": scenario.title or name, "question": scenario.question,
        "seed": seed, "steps": scenario.run.steps, "episodes": scenario.run.episodes, "overrides": dict(overrides),
        "controls": controls, "lines": list(LINES), "window": RULE | {"trades": TRADES},
        "venues": [
            {"name": each.name, "instrument": each.instrument, "mechanism": each.mechanism, "tick_size": each.tick_size}
            for each in scenario.venues
        ],
        "instruments": [{"name": each.name} for each in scenario.instruments],
        "populations": [
            {"name": each.name, "strategy": each.strategy, "count": each.count, "maker": is_maker(each.strategy)}
            for each in scenario.populations
        ],
    }  # fmt: skip


def is_maker(strategy: str) -> bool:
    """Whether a strategy makes markets: ours lie among the makers, a user's may send orders that only rest."""
    found = registry.get(strategy)
    if found.name in registry.built_in():
        return ".makers." in found.act.__module__
    return "post_only_order" in uses(found)


class Frames:
    """The frames of one market.

    Parameters
    ----------
    market : is looked at whenever a frame is made; nobody else may be using it then.
    """

    def __init__(self, market: MarketInProgress) -> None:
        self._market = market
        scenario = market.scenario
        self._venues = [each.name for each in scenario.venues]
        self._instruments = [each.name for each in scenario.instruments]
        self._populations = [each.name for each in scenario.populations]
        self._steps = scenario.run.steps
        self._makers = [
            number
            for number, each in enumerate(scenario.populations)
            if each.count <= MOST_MEMBERS and is_maker(each.strategy)
        ]
        self._all_makers = [number for number, each in enumerate(scenario.populations) if is_maker(each.strategy)]
        self.history = History(market, self._makers)
        self._sizes = scenario.price_sizes()
        self._least = _LEAST * scenario.money.unit

    def frame(self, playing: bool, pace: float) -> dict[str, Any]:
        """What the market shows now."""
        market = self._market
        market.look()
        tape, left_out = self._tape()
        money, profits = market.money(), (market.profits() / market.begun).tolist()
        return {
            "type": "frame", "step": market.now, "steps": market.total, "episode": market.episode,
            "ended": not market.running, "playing": playing, "pace": pace, "trades": market.trades,
            "caption": self._caption(money, profits), "horizon": money.horizon,
            "adverse_per_trade": self._adverse_per_trade(money), "history": self.history.take(),
            "venues": [self._venue(number) for number in range(len(self._venues))],
            "instruments": self._worths(), "populations": self._parties(money, profits), "paid": self._paid(money),
            "tape": tape, "tape_left_out": left_out,
        }  # fmt: skip

    def _caption(self, money: SoFar, profits: list[float]) -> str:
        market, lines = self._market, money.lines
        earned = [
            Earned(self._populations[number], float(lines.spread[number]) / market.begun,
                   float(lines.adverse_selection[number]) / market.begun)
            for number in self._all_makers
            if money.known and lines.spread[number] > 0
        ]  # fmt: skip
        episodes, by_name = market.scenario.run.episodes, dict(zip(self._populations, profits, strict=True))
        within = market.now - market.episode * self._steps
        quoted = market.spread_means()[0] if len(self._venues) == 1 else math.nan
        return caption(
            within, self._steps, market.trades, (market.begun, episodes), by_name, earned, money.horizon, quoted,
            self._adverse_per_trade(money),
        )  # fmt: skip

    def _adverse_per_trade(self, money: SoFar) -> float | None:
        """What makers lose per trade to adverse selection, where there is one population of them, and one venue."""
        if len(self._all_makers) != 1 or len(self._venues) != 1 or not self._market.trades or not money.known:
            return None
        return -float(money.lines.adverse_selection[self._all_makers[0]]) / self._market.trades + 0.0

    def _venue(self, number: int) -> dict[str, Any]:
        book = self._market.book(number, LEVELS)
        bids, asks = _levels(book.bids), _levels(book.asks)
        bid, ask = bids[0][0] if bids else None, asks[0][0] if asks else None
        mid = None if bid is None or ask is None else round(0.5 * (bid + ask), 12)
        return {
            "name": self._venues[number], "bids": bids, "asks": asks, "bid": bid, "ask": ask, "mid": mid,
            "spread_mean": _number(book.spread_mean), **_auction(book), "last": price(book.last),
        }  # fmt: skip

    def _worths(self) -> list[dict[str, Any]]:
        return [
            {"name": name, "value": price(value), "public_value": price(public), "mark": price(mark)}
            for name, (mark, value, public) in zip(self._instruments, self._market.worths(), strict=True)
        ]

    def _parties(self, money: SoFar, profits: list[float]) -> list[dict[str, Any]]:
        market, begun, lines = self._market, self._market.begun, money.lines
        lots = market.inventories().tolist()
        amounts = lines._asdict() | {"income": sum(getattr(lines, name) for name in _RECEIVED)}
        columns = {name: (amounts[name] / begun).tolist() for name in LINES}
        found: list[dict[str, Any]] = []
        for number, name in enumerate(self._populations):
            party: dict[str, Any] = {"name": name, "profit": profits[number]}
            party |= {line: _number(column[number] + 0.0) for line, column in columns.items()}
            party["inventory"] = self._held(lots[number])
            if number in self._makers:
                party["members"] = [self._held(each) for each in market.members(number).tolist()]
            found.append(party)
        return found

    def _paid(self, money: SoFar) -> list[dict[str, Any]] | None:
        """Who paid whom: populations each other, at the price of settlement or the mark, and accounts."""
        names, begun, found = self._populations, self._market.begun, []
        if not len(money.won):
            return None

        def pay(payer: str, payee: str, amount: float) -> None:
            if amount < 0:
                payer, payee, amount = payee, payer, -amount
            if amount >= self._least:
                found.append({"payer": payer, "payee": payee, "amount": amount / begun})

        for number, row in enumerate(money.won.tolist()):
            for payer, amount in zip(names[:number], row, strict=False):
                pay(payer, names[number], amount)
        for venue, row in zip(self._venues, money.fees.tolist(), strict=True):
            for payer, amount in zip(names, row, strict=True):
                pay(payer, f"fees {venue}", amount)
        for line in _RECEIVED:
            for payee, amount in zip(names, getattr(money.lines, line).tolist(), strict=True):
                pay(_PAYERS.get(line, line), payee, amount)
        for payee, amount in zip(names, money.endowments.tolist(), strict=True):
            pay("endowment", payee, amount)
        return found

    def _held(self, lots: list[int]) -> dict[str, int]:
        return dict(zip(self._instruments, lots, strict=True))

    def _tape(self) -> tuple[list[dict[str, Any]], int]:
        rows, left_out = self._market.recent.take()
        who = self._market.population_rows
        found = []
        for row in rows:
            venue, buys = int(row["venue"]), int(row["aggressor"]) > 0
            taker, maker = (self._populations[who[int(row[side])]] for side in ("taker", "maker"))
            found.append({
                "step": int(row["episode"]) * self._steps + int(row["step"]) + 1, "venue": self._venues[venue],
                "price": round(int(row["price"]) * self._sizes[venue], 12), "lots": int(row["quantity"]),
                "buyer": taker if buys else maker, "seller": maker if buys else taker, "aggressor": 1 if buys else -1,
            })  # fmt: skip
        return found, left_out


def _auction(book: Book) -> dict[str, Any]:
    return {"collecting": book.collecting, "indicative": price(book.indicative), "imbalance": book.imbalance}


def _levels(rows: Any) -> list[list[float]]:
    return [[round(price, 12), int(lots)] for price, lots in rows.tolist()]


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
