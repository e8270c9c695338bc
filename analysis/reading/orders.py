"""What became of every order of a run: its message log replayed, with the queues in which orders waited.

An order that is replaced keeps its number; where that costs it its place in the queue, one *stay* ends and another
begins (:mod:`analysis.reading.queues`). The log does not say everything: a replaced post-only order that its venue
moved back to its old price, with fewer lots, cannot be told from one that was made smaller, and is taken to have kept
its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.reading import queues
from analysis.reading.columns import columns
from analysis.reading.queues import ENDS, ENTER, EVENT, NOWHERE, REMOVE, REPLACE, TRADE
from sim.core.codes import KINDS
from sim.core.errors import RunError
from sim.runs.result import Run
from sim.scenario.tables.venues import Venue
from sim.venues.levels import HIGHEST_PRICE, LOWEST_PRICE

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
RESTING = ("limit", "post_only")
IMMEDIATE = ("market", "immediate_or_cancel", "fill_or_kill")
_REMOVALS = {"cancel": "cancelled", "expire": "expired", "self_trade": "self_trade", "withdraw": "withdrawn"}
_SIDES = ("buy", "sell")
_PRICES = HIGHEST_PRICE - LOWEST_PRICE + 1
_LOGGED = ("sequence", "episode", "step", "venue", "population", "agent", "kind", "side", "price", "quantity", "filled",
           "order")  # fmt: skip
_TRADED = ("sequence", "episode", "step", "venue", "quantity", "maker_order", "taker_order", "maker_population",
           "taker_population")  # fmt: skip


def collects(venue: Venue, length: int, steps: Any) -> Flags:
    """In which steps of an episode of ``length`` steps a venue collects orders for an auction."""
    within = np.asarray(steps, np.int64)
    if venue.mechanism == "call_auction":
        return np.ones(len(within), bool)
    return np.asarray((within < venue.auction.opening) | (within >= length - venue.auction.closing))


def shows(venue: Venue, length: int, steps: Any) -> Flags:
    """In which steps a venue's book can be seen at the end: outside of auctions, and after a clearing."""
    within = np.asarray(steps, np.int64)
    last = within == length - 1
    if venue.mechanism == "call_auction":
        every = venue.auction.every or 1
        return np.asarray(last | (within % every == every - 1))
    return np.asarray(last | ~collects(venue, length, within) | (within == venue.auction.opening - 1))


class Orders:
    """Orders, stays and quotes of a run.

    Attributes
    ----------
    orders : one row per order, by number: ``sequence`` of the message that sent it, ``episode``, ``step``, ``venue``,
        ``population``, ``agent``, ``kind``, ``side``; ``at_once``, lots that traded when it arrived; ``filled``, lots
        that traded at all; ``left``, lots that it had left when it ended, or has. Demand schedules are not among them.
    stays : one row per stay, as they began: ``order``, ``venue``, ``population``, ``agent``, ``kind``, ``side``,
        ``episode``, ``step``, ``price`` (ticks) and ``lots`` with which it began; ``lots_ahead`` and ``orders_ahead``
        of it then, at its price; ``traded``, lots; ``wait``, steps to its first trade, nan without one; ``lots_then``
        and ``orders_then``, ahead just before that trade, or when it ended without, nan while neither has come;
        ``end``, one of :data:`analysis.reading.queues.ENDS`; ``lifetime``, steps to its end, or to that of its episode.
    quotes : a row for each side of a book at the end of each step in which it changed: ``episode``, ``step``,
        ``venue``, ``side``, best ``price`` (ticks, nan where the side is empty) and the ``lots`` there, ``depth``, lots
        of the whole side, and ``orders``, their number. In an auction these are the orders collected.
    messages, trades : the log and the tape, a row each in the order in which they came, with a ``sequence`` in common;
        of their columns, those that say who and where.

    Raises
    ------
    RunError
        If the run kept no messages, or no trades.
    """

    def __init__(self, run: Run) -> None:
        record, scenario = run.scenario.record, run.scenario
        for kept, name in ((record.messages, "messages"), (record.trades, "trades")):
            if not kept:
                raise RunError(
                    f"{run.folder or 'this run'}: what became of its orders cannot be known, because it kept no {name} "
                    f"— set record.{name} = true and run it again"
                )
        self._scenario = scenario
        self._done = int(run.manifest["steps"])
        self._length = scenario.run.steps
        populations, venues = [each.name for each in scenario.populations], [each.name for each in scenario.venues]
        log, trades = columns(run, "messages", list(_LOGGED)), columns(run, "trades", list(_TRADED))
        for frame in (log, trades):
            frame["venue"] = _coded(frame["venue"], venues)
        log["population"] = _coded(log["population"], populations)
        log["kind"], log["side"] = _coded(log["kind"], KINDS), _coded(log["side"], _SIDES)
        count = int(log["order"].max() if len(log) else 0) + 1
        place, sides, ticks = _placed(self._keys(log), self._waits(log))
        events = self._events(log, trades, place)
        found = queues.replay(events, sides, ticks, count)
        filled = np.bincount(np.concatenate([trades["maker_order"], trades["taker_order"]]).astype(np.int64),
                             np.tile(trades["quantity"], 2), count)  # fmt: skip
        self.orders = self._orders(log, filled.astype(np.int64), found.left)
        self.messages = log[["sequence", "episode", "venue", "population", "kind"]]
        self.trades = trades[["sequence", "episode", "venue", "maker_population", "taker_population"]]
        steps = events["step"].copy()
        del log, trades, place, events  # of long runs, before as much again is made of them
        self.stays = self._stays(steps, found.stays, ticks)
        self.quotes = self._quotes(found.quotes, ticks, venues)

    # --- from the log to events ---------------------------------------------------------------------------------------

    def _collecting(self, frame: pd.DataFrame) -> Flags:
        """Rows of steps in which their venue collects orders."""
        found = np.zeros(len(frame), bool)
        codes, steps = frame["venue"].cat.codes.to_numpy(), frame["step"].to_numpy()
        for code, venue in enumerate(self._scenario.venues):
            own = codes == code
            found[own] = collects(venue, self._length, steps[own])
        return found

    def _waits(self, log: pd.DataFrame) -> Flags:
        """Messages whose order, or what is left of it, comes to wait at a price."""
        here = log["kind"].isin([*RESTING, "replace"]).to_numpy(bool)
        held = log["kind"].isin(["market", "immediate_or_cancel"]).to_numpy(bool)  # for the next clearing
        return here | (held & self._collecting(log))

    def _keys(self, log: pd.DataFrame) -> Integers:
        """Side and price of each message as one number, (messages,): rising over sides, and from the best to the worst.

        The sides of all venues count on over the episodes.
        """
        venue, sells = log["venue"].cat.codes.to_numpy(np.int64), log["side"].cat.codes.to_numpy(np.int64)
        side = 2 * (log["episode"].to_numpy() * len(self._scenario.venues) + venue) + sells
        sizes = np.array([each.tick_size for each in self._scenario.venues])
        price = np.rint(log["price"].to_numpy() / sizes[venue]).astype(np.int64)
        market = (log["kind"] == "market").to_numpy(bool)
        price[market] = np.where(sells[market] == 0, HIGHEST_PRICE, LOWEST_PRICE)
        keys: Integers = side * _PRICES + np.where(sells == 0, HIGHEST_PRICE - price, price - LOWEST_PRICE)
        return keys

    def _events(self, log: pd.DataFrame, trades: pd.DataFrame, place: Integers) -> Any:
        """Trades and messages as events in the order in which they came."""
        kinds = log["kind"].cat.codes.to_numpy()
        whats, ends = np.full(len(KINDS), ENTER), np.zeros(len(KINDS), np.int64)
        whats[KINDS.index("replace")] = REPLACE
        for kind, end in _REMOVALS.items():
            whats[KINDS.index(kind)], ends[KINDS.index(kind)] = REMOVE, ENDS.index(end)
        called = self._collecting(trades)
        traded = {"what": TRADE, "order": trades["maker_order"], "lots": trades["quantity"], "level": NOWHERE,
                  "other": np.where(called, trades["taker_order"], 0), "collects": called}  # fmt: skip
        sent = {"what": whats[kinds], "order": log["order"], "lots": log["quantity"] - log["filled"], "level": place,
                "other": ends[kinds], "collects": self._collecting(log)}  # fmt: skip
        events = np.recarray(len(trades) + len(log), EVENT)
        for frame, other, fields in ((trades, log, traded), (log, trades, sent)):
            row = np.arange(len(frame)) + np.searchsorted(other["sequence"], frame["sequence"])
            events["step"][row] = frame["episode"] * self._length + frame["step"]
            for name, values in fields.items():
                events[name][row] = values
        return events

    # --- from what the replay found to tables -------------------------------------------------------------------------

    def _orders(self, log: pd.DataFrame, filled: Integers, left: Integers) -> pd.DataFrame:
        first = log["kind"].isin([*RESTING, *IMMEDIATE]).to_numpy(bool)
        names = ["sequence", "episode", "step", "venue", "population", "agent", "kind", "side"]
        rows = log.loc[first, [*names, "filled"]].rename(columns={"filled": "at_once"})
        number = log["order"].to_numpy()[first]
        return rows.assign(filled=filled[number], left=left[number]).set_index(pd.Index(number, name="order"))

    def _stays(self, steps: Integers, stays: Any, ticks: Integers) -> pd.DataFrame:
        sent = np.searchsorted(self.orders.index, stays["order"])
        began = steps[stays["began"]]
        ended, first = (np.where(stays[name] >= 0, steps[stays[name]], -1) for name in ("ended", "first"))
        last = np.minimum((began // self._length + 1) * self._length, self._done) - 1
        table = {
            "order": stays["order"],
            **{name: self.orders[name].array.take(sent) for name in ("venue", "population", "agent", "kind", "side")},
            "episode": began // self._length,
            "step": began % self._length,
            "price": ticks[stays["level"]],
            **{name: stays[name] for name in ("lots", "lots_ahead", "orders_ahead", "traded")},
            "wait": np.where(first >= 0, (first - began).astype(float), np.nan),
            **{
                name: np.where(stays[name] >= 0, stays[name].astype(float), np.nan)
                for name in ("lots_then", "orders_then")
            },
            "end": _category(stays["end"], ENDS),
            "lifetime": np.where(ended >= 0, ended, last) - began,
        }
        return pd.DataFrame(table)

    def _quotes(self, quotes: Any, ticks: Integers, venues: Sequence[str]) -> pd.DataFrame:
        side = quotes["side"]
        known = quotes["level"] >= 0
        return pd.DataFrame(
            {
                "episode": quotes["step"] // self._length,
                "step": quotes["step"] % self._length,
                "venue": _category(side // 2 % len(venues), venues),
                "side": _category(side % 2, _SIDES),
                "price": np.where(known, ticks[quotes["level"]] if len(ticks) else 0, np.nan),
                "lots": quotes["lots"],
                "depth": quotes["depth"],
                "orders": quotes["orders"],
            }
        )


def _coded(words: pd.Series[Any], categories: Sequence[str]) -> pd.Series[Any]:
    """A column of words whose categories are these, in this order."""
    return words.astype("category").cat.set_categories(list(categories))


def _category(codes: Any, words: Sequence[str]) -> Any:
    return pd.Categorical.from_codes(np.asarray(codes, np.int64), pd.Index(words))


def _placed(keys: Integers, waits: Flags) -> tuple[Integers, Integers, Integers]:
    """Levels from the keys of messages: which one is each message's, and the side and price of each, the best first."""
    place = np.full(len(keys), NOWHERE)
    levels, place[waits] = np.unique(keys[waits], return_inverse=True)
    side, rank = np.divmod(levels, _PRICES)
    return place, side, np.where(side % 2 == 0, HIGHEST_PRICE - rank, rank + LOWEST_PRICE)


def orders_of(run: Run) -> Orders:
    """:class:`Orders`, the same at every call: the log is replayed once. Errors are those of the class."""
    if Orders not in run.derived:
        run.derived[Orders] = Orders(run)
    found: Orders = run.derived[Orders]
    return found
