"""What a page is told of a market: once when it is opened, and in each frame."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sim.scenario import Scenario
from sim.session.market_in_progress import Book, MarketInProgress

LEVELS, MOST_MEMBERS = 20, 20


def opening(scenario: Scenario, name: str, seed: int, overrides: Mapping[str, Any], controls: Any) -> dict[str, Any]:
    """What a market is, for the message ``opened``."""
    return {
        "type": "opened", "scenario": name, "title": scenario.title or name, "question": scenario.question,
        "seed": seed, "steps": scenario.run.steps, "episodes": scenario.run.episodes, "overrides": dict(overrides),
        "controls": controls,
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
    """Whether a strategy makes markets: it lies among the makers."""
    from sim.strategy_kit import registry

    return ".makers." in registry.get(strategy).act.__module__


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
        self._sizes = scenario.price_sizes()

    def frame(self, playing: bool, pace: float) -> dict[str, Any]:
        """What the market shows now."""
        market = self._market
        market.look()
        tape, left_out = self._tape()
        return {
            "type": "frame", "step": market.now, "steps": market.total, "episode": market.episode,
            "ended": not market.running, "playing": playing, "pace": pace, "trades": market.trades, "caption": "",
            "venues": [self._venue(number) for number in range(len(self._venues))],
            "instruments": self._worths(), "populations": self._parties(), "paid": [], "tape": tape,
            "tape_left_out": left_out,
        }  # fmt: skip

    def _venue(self, number: int) -> dict[str, Any]:
        book = self._market.book(number, LEVELS)
        bids, asks = _levels(book.bids), _levels(book.asks)
        bid, ask = bids[0][0] if bids else None, asks[0][0] if asks else None
        mid = None if bid is None or ask is None else round(0.5 * (bid + ask), 12)
        return {
            "name": self._venues[number], "bids": bids, "asks": asks, "bid": bid, "ask": ask, "mid": mid,
            "spread_mean": _number(book.spread_mean), **_auction(book), "last": _price(book.last),
        }  # fmt: skip

    def _worths(self) -> list[dict[str, Any]]:
        return [
            {"name": name, "value": _price(value), "public_value": _price(public), "mark": _price(mark)}
            for name, (mark, value, public) in zip(self._instruments, self._market.worths(), strict=True)
        ]

    def _parties(self) -> list[dict[str, Any]]:
        market = self._market
        lots, profits = market.inventories().tolist(), market.profits().tolist()
        found: list[dict[str, Any]] = []
        for number, name in enumerate(self._populations):
            party: dict[str, Any] = {
                "name": name, "profit": profits[number], "spread": 0.0, "adverse_selection": 0.0, "revaluation": 0.0,
                "fees": 0.0, "income": 0.0, "inventory": self._held(lots[number]),
            }  # fmt: skip
            if number in self._makers:
                party["members"] = [self._held(each) for each in market.members(number).tolist()]
            found.append(party)
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
                "step": int(row["episode"]) * self._steps + int(row["step"]), "venue": self._venues[venue],
                "price": round(int(row["price"]) * self._sizes[venue], 12), "lots": int(row["quantity"]),
                "buyer": taker if buys else maker, "seller": maker if buys else taker, "aggressor": 1 if buys else -1,
            })  # fmt: skip
        return found, left_out


def _auction(book: Book) -> dict[str, Any]:
    return {"collecting": book.collecting, "indicative": _price(book.indicative), "imbalance": book.imbalance}


def _levels(rows: Any) -> list[list[float]]:
    return [[round(price, 12), int(lots)] for price, lots in rows.tolist()]


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _price(value: float) -> float | None:
    return round(value, 12) if math.isfinite(value) else None
