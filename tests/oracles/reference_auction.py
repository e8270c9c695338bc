"""A call auction to compare the compiled one with: every price of the grid is tried, and nothing is shared with it.

Prices are whole units of the grid, ``per_tick`` of them to a tick; orders are priced in ticks. An order is held by its
number. Who trades with whom is left open, as it is by the rules: only what each order gets is said.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

LOWEST, HIGHEST = -(2**29), 2**29 - 1
MOST_LOTS = 2**31 - 1
LEAVES = ("market", "immediate_or_cancel", "schedule")


@dataclass
class Order:
    number: int
    agent: int
    side: int  # 0: a schedule, which may do either
    price: int | None  # ticks; None: at any price
    open: int  # of a schedule, the most it trades
    expires: int  # 0: never
    leaves: bool
    centre: float = 0.0
    slope: float = 0.0
    post_only: bool = False


@dataclass
class Cleared:
    """What a clearing came to."""

    price: int | None = None
    lots: int = 0
    imbalance: int = 0
    fills: dict[int, int] = field(default_factory=dict)  # by order's number, negative where it sold
    agents: dict[int, int] = field(default_factory=dict)  # by order's number


class ReferenceAuction:
    """The rules, written down once more.

    Parameters
    ----------
    size : of a unit of the grid, currency.
    per_tick : units in a tick.
    matching : ``price_time`` or ``pro_rata``.
    """

    def __init__(self, size: float = 0.01, per_tick: int = 1, matching: str = "price_time") -> None:
        self.size, self.per_tick, self.matching, self.mark = size, per_tick, matching, 100.0
        self.also: set[int] = set()  # prices that the rules allow as well
        self.waiting: dict[int, Order] = {}  # in order of time
        self.step = self.number = 0
        self.rejected = 0
        self.seen: Counter[str] = Counter()  # which rules were put to use

    # --- messages ---------------------------------------------------------------------------------------------------

    def enter(self, agent: int, kind: str, side: int, price: int, lots: int, lifetime: int = 0) -> int:
        at_any = kind == "market"
        if not 1 <= lots <= MOST_LOTS or kind == "fill_or_kill" or not (at_any or LOWEST <= price <= HIGHEST):
            return self._refuse(kind)
        expires = self.step + lifetime if lifetime > 0 and kind not in LEAVES else 0
        order = Order(0, agent, side, None if at_any else price, lots, expires, kind in LEAVES)
        order.post_only = kind == "post_only"
        return self._add(order, kind)

    def schedule(self, agent: int, centre: float, slope: float, most: int = 0) -> int:
        if not 0 <= most <= MOST_LOTS or not 0.0 <= slope < math.inf or not -math.inf < centre < math.inf:
            return self._refuse("schedule")
        return self._add(Order(0, agent, 0, None, most or MOST_LOTS, 0, True, centre, slope), "schedule")

    def cancel(self, agent: int, number: int) -> int:
        order = self.waiting.get(number)
        if order is None or order.agent != agent:
            return self._refuse("cancel")
        self.seen["cancel"] += 1
        return self.waiting.pop(number).open

    def replace(self, agent: int, number: int, price: int, lots: int) -> int:
        order = self.waiting.get(number)
        if order is None or order.agent != agent or order.side == 0:
            return self._refuse("replace")
        if (price, lots) == (order.price, order.open):
            return number
        if not 1 <= lots <= MOST_LOTS or not LOWEST <= price <= HIGHEST:
            return self._refuse("replace")
        if price != order.price or lots > order.open:
            self.waiting[number] = self.waiting.pop(number)
            self.seen["replace: to the end"] += 1
        order.price, order.open = price, lots
        return number

    def advance(self) -> list[int]:
        """The next step. Returns the orders that expire."""
        self.step += 1
        gone = [number for number, order in self.waiting.items() if order.expires == self.step]
        for number in gone:
            del self.waiting[number]
        self.seen["expired"] += len(gone)
        return gone

    def _add(self, order: Order, kind: str) -> int:
        self.number += 1
        order.number = self.number
        self.waiting[order.number] = order
        self.seen[kind] += 1
        return order.number

    def _refuse(self, what: str) -> int:
        self.rejected += 1
        self.seen[f"rejected: {what}"] += 1
        return 0

    # --- the price --------------------------------------------------------------------------------------------------

    def queue(self, side: int) -> list[list[int]]:
        """What waits on a side: price, lots, number, agent; best first, then by time; market orders at the edge."""
        edge = HIGHEST if side > 0 else LOWEST
        rows = [
            [edge if order.price is None else order.price, order.open, order.number, order.agent]
            for order in self.waiting.values()
            if order.side == side
        ]
        return sorted(rows, key=lambda row: -side * row[0])

    def grid(self) -> NDArray[np.int64]:
        """Prices beyond which nothing more can be traded."""
        orders = list(self.waiting.values())
        bounds = [self.mark / self.size]
        bounds += [order.price * self.per_tick for order in orders if order.side and order.price is not None]
        total = sum(order.open for order in orders if order.side)
        for order in orders:
            if order.side == 0 and order.slope > 0.0:  # where it takes all that the others leave
                reach = (min(order.open, total) + 1) / order.slope / self.size
                bounds += [order.centre / self.size - reach, order.centre / self.size + reach]
        edges = np.array([LOWEST, HIGHEST]) * self.per_tick
        first, last = np.clip([math.floor(min(bounds)) - 2, math.ceil(max(bounds)) + 2], *edges)
        assert last - first < 10**7, "too many prices to try"
        return np.arange(first, last + 1)

    def interest(self, side: int, prices: NDArray[np.int64]) -> NDArray[np.int64]:
        """Demand, or supply, at each of the prices, one after another."""
        total = np.zeros(len(prices), np.int64)
        for order in self.waiting.values():
            if order.side == 0:
                lots = np.floor((order.slope * (order.centre - prices * self.size)).clip(-4e9, 4e9) + 0.5)
                total += np.minimum((side * lots).clip(0), order.open).astype(np.int64)
            elif order.side == side and order.price is None:
                total += order.open
            elif order.side == side:
                limit = int(np.searchsorted(prices, order.price * self.per_tick, "right" if side > 0 else "left"))
                total[slice(0, limit) if side > 0 else slice(limit, None)] += order.open
        return total

    def offers(self, order: Order, side: int, price: int) -> int:
        """Lots that an order has to trade on a side at a price that is good enough for it."""
        if order.side:
            return order.open
        lots = math.floor(max(-4e9, min(4e9, order.slope * (order.centre - price * self.size))) + 0.5)
        return min(order.open, max(0, side * lots))

    def choose(self) -> Cleared:
        """The price, the lots and the imbalance of a clearing that is not done yet."""
        prices = self.grid()
        demand, supply = self.interest(1, prices), self.interest(-1, prices)
        lots, left = np.minimum(demand, supply), demand - supply
        self.also = set()
        if lots.max() == 0:
            return Cleared(None, 0, int(left[prices == math.floor(self.mark / self.size + 0.5)][0]))
        most = lots == lots.max()
        least = most & (abs(left) == abs(left[most]).min())
        away = abs(prices - self.mark / self.size)
        self.seen["several prices trade most"] += most.sum() > 1
        self.seen["several prices leave least"] += least.sum() > 1
        self.seen["the mark decides"] += prices[least].min() <= self.mark / self.size <= prices[least].max()
        self.seen["excess of both signs"] += left[least].min() < 0 < left[least].max()
        best = np.flatnonzero(least & (away <= away[least].min() + 1e-6))
        self.also = {int(prices[place]) for place in best}  # equally near: the rules leave it open
        return Cleared(int(prices[best[0]]), int(lots[best[0]]), int(left[best[0]]))

    # --- the clearing -----------------------------------------------------------------------------------------------

    def clear(self, price: int | None = None) -> Cleared:
        """An auction ends, at ``price`` where the rules leave several."""
        cleared = self.choose()
        if cleared.price is not None and price is not None and price in self.also:
            at = np.array([price])
            cleared.price, cleared.imbalance = price, int((self.interest(1, at) - self.interest(-1, at))[0])
        if cleared.price is not None:
            for side in (1, -1):
                left = cleared.lots
                for group, by_size in self._groups(side, cleared.price):
                    offers = [self.offers(order, side, cleared.price) for order in group]
                    shares = _by_size(left, offers) if by_size else _by_time(left, offers)
                    self.seen["shared by size"] += by_size and 0 < sum(shares) < sum(offers)
                    for order, share in zip(group, shares, strict=True):
                        if share:
                            cleared.fills[order.number] = side * share
                            cleared.agents[order.number] = order.agent
                    left -= sum(shares)
                assert left == 0
            self.mark = cleared.price * self.size
        for number, lots in cleared.fills.items():
            if self.waiting[number].side:
                self.waiting[number].open -= abs(lots)
        self.waiting = {n: order for n, order in self.waiting.items() if order.open > 0 and not order.leaves}
        return cleared

    def _groups(self, side: int, price: int) -> list[tuple[list[Order], bool]]:
        """Who trades one after another on a side, and whether they share by size."""
        by_size = self.matching == "pro_rata"
        edge = HIGHEST if side > 0 else LOWEST
        by_price: dict[int, list[Order]] = {}
        for order in self.waiting.values():
            if order.side == side:
                by_price.setdefault(edge if order.price is None else order.price, []).append(order)
        schedules = [order for order in self.waiting.values() if order.side == 0]
        groups: list[tuple[list[Order], bool]] = []
        for each in sorted(by_price, key=lambda limit: -side * limit):
            if side * (each * self.per_tick - price) > 0:
                groups.append((by_price[each], by_size))
        groups.append((schedules, True))
        return groups + [(by_price[each], by_size) for each in by_price if each * self.per_tick == price]


def _by_time(lots: int, offers: list[int]) -> list[int]:
    shares = []
    for offer in offers:
        shares.append(min(lots, offer))
        lots -= shares[-1]
    return shares


def _by_size(lots: int, offers: list[int]) -> list[int]:
    """By size, rounded down; what is left over by time."""
    total = sum(offers)
    if lots >= total:
        return offers
    shares = [lots * offer // total for offer in offers]
    spare = _by_time(lots - sum(shares), [offer - share for offer, share in zip(offers, shares, strict=True)])
    return [share + extra for share, extra in zip(shares, spare, strict=True)]
