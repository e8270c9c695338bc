"""A limit order book to compare the compiled one with: lists and dictionaries, nothing clever, nothing shared with it.

It has the methods of ``sim.session.order_book.OrderBook``; a handle here is the order's number. What to trade is
planned first, on a book that stands still, and then done.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

LOWEST, HIGHEST = -(2**29), 2**29 - 1
MOST_LOTS = 2**31 - 1
UNITS_PER_CURRENCY = 1_000_000
MOST_MONEY = 4.0e18


class MoneyOverflowError(Exception):
    """A trade or an account went beyond what the ledger holds."""


class Trade(NamedTuple):
    step: int
    price: int
    quantity: int
    maker: int
    taker: int
    maker_order: int
    taker_order: int
    maker_fee: int
    taker_fee: int
    mark: float
    microprice: float
    aggressor: int


@dataclass
class Order:
    number: int
    agent: int
    side: int
    price: int | None  # None: a market order
    open: int
    born: int
    lifetime: int  # in steps; not above 0: for ever
    post_only: bool


class ReferenceBook:
    """The rules, written down once more."""

    def __init__(
        self,
        agents: int = 2,
        matching: str = "price_time",
        self_trade_prevention: str = "cancel_resting",
        post_only: str = "reprice",
        maker_fee: float = 0.0,
        taker_fee: float = 0.0,
        fee_per: str = "notional",
        tick_units: int = 10_000,
    ) -> None:
        self.matching, self.self_trade_prevention, self.post_only = matching, self_trade_prevention, post_only
        self.maker_fee, self.taker_fee, self.fee_per = maker_fee, taker_fee, fee_per
        self.tick_units = tick_units
        self.fee_account = agents
        accounts = agents + 1
        self.cash, self.lots = [0] * accounts, [0] * accounts
        self.fees, self.traded, self.volume, self.sent = ([0] * accounts for _ in range(4))
        self.levels: dict[int, dict[int, list[Order]]] = {1: {}, -1: {}}  # side, price, queue
        self.resting: dict[int, Order] = {}
        self.step = self.number = self.filled = self.moved = self.rejected = 0
        self.rejection = "accepted"
        self.mark = 0.0
        self.made: list[Trade] = []
        self.seen: Counter[str] = Counter()  # which rules were put to use

    # --- messages ---------------------------------------------------------------------------------------------------

    def enter(self, agent: int, kind: str, side: int, price: int, quantity: int, lifetime: int = 0) -> int:
        self.filled, self.rejection = 0, "accepted"
        if not 1 <= quantity <= MOST_LOTS:
            return self._refuse("bad_quantity")
        if kind != "market" and not LOWEST <= price <= HIGHEST:
            return self._refuse("bad_price")
        limit = None if kind == "market" else price
        order = Order(0, agent, side, limit, quantity, self.step, lifetime, kind == "post_only")
        if order.post_only and not self._keep_off(order):
            return 0
        self.sent[agent] += 1
        self.number += 1
        order.number = self.number
        self._note(kind)
        stays = self._trade(order, whole=kind == "fill_or_kill")
        if kind not in ("limit", "post_only"):
            self._note(f"{kind} {'filled' if not order.open else 'dropped' if self.filled == 0 else 'part dropped'}")
            return 0
        return self._rest(order) if stays else 0

    def cancel(self, agent: int, number: int) -> int:
        self.filled, self.rejection = 0, "accepted"
        order = self.resting.get(number)
        if order is None or order.agent != agent:
            return self._refuse("gone", " as another's" if order else " as stale")
        self.sent[agent] += 1
        self._note("cancel")
        self._remove(order)
        return order.open

    def replace(self, agent: int, number: int, price: int, quantity: int) -> int:
        self.filled, self.rejection = 0, "accepted"
        order = self.resting.get(number)
        if order is None or order.agent != agent:
            return self._refuse("gone", " as another's" if order else " as stale")
        if (price, quantity) == (order.price, order.open):
            self._note("replace: no change")
            return number
        if not 1 <= quantity <= MOST_LOTS:
            return self._refuse("bad_quantity", " in replace")
        if not LOWEST <= price <= HIGHEST:
            return self._refuse("bad_price", " in replace")
        if price == order.price and quantity < order.open:
            self._note("replace: smaller")
            self.sent[agent] += 1
            order.open = quantity
            return number
        moved = Order(number, agent, order.side, price, quantity, order.born, order.lifetime, order.post_only)
        if order.post_only and not self._keep_off(moved, " in replace"):
            return 0
        self.sent[agent] += 1
        self._remove(order)
        stays = self._trade(moved)
        self._note(f"replace: {'traded' if self.filled else 'moved'} and {'stays' if stays else 'leaves'}")
        return self._rest(moved) if stays else 0

    def advance(self) -> None:
        self.step += 1
        for _, order in sorted(self.resting.items()):
            if order.lifetime > 0 and order.born + order.lifetime == self.step:
                self._note("expired" if order.lifetime < 256 else "expired late")
                self._remove(order)

    # --- the book ---------------------------------------------------------------------------------------------------

    def prices(self, side: int) -> list[int]:
        """Prices of a side, best first."""
        return sorted(self.levels[side], reverse=side > 0)

    def queue(self, side: int) -> list[list[int]]:
        levels = self.levels[side]
        return [[p, order.open, order.number, order.agent] for p in self.prices(side) for order in levels[p]]

    def _rest(self, order: Order) -> int:
        self.levels[order.side].setdefault(order.price, []).append(order)
        self.resting[order.number] = order
        self._look()
        return order.number

    def _remove(self, order: Order) -> None:
        queue = self.levels[order.side][order.price]
        queue.remove(order)
        if not queue:
            del self.levels[order.side][order.price]
        del self.resting[order.number]
        self._look()

    def _look(self) -> None:
        """Remember the mid while there is one. Called whenever the book has changed."""
        if self.levels[1] and self.levels[-1]:
            self.mark = (max(self.levels[1]) + min(self.levels[-1])) * self.tick_units / 2 * 1e-6

    def _micro(self) -> float:
        """The best quotes, each weighted by the lots at the other; the mark without both."""
        if not (self.levels[1] and self.levels[-1]):
            return self.mark
        bid, ask = max(self.levels[1]), min(self.levels[-1])
        at_bid, at_ask = (sum(each.open for each in self.levels[side][price]) for side, price in ((1, bid), (-1, ask)))
        amounts = float(bid * self.tick_units) * at_ask + float(ask * self.tick_units) * at_bid
        return amounts / (at_bid + at_ask) * 1e-6

    def _reaches(self, order: Order, price: int) -> bool:
        """Whether an incoming order's limit allows a price."""
        return order.price is None or (order.price >= price if order.side > 0 else order.price <= price)

    def _keep_off(self, order: Order, where: str = "") -> bool:
        """Move a post-only order that would trade one tick away from the other side, or refuse it (False)."""
        facing = self.prices(-order.side)
        if not facing or not self._reaches(order, facing[0]):
            return True
        if self.post_only == "reject":
            self._refuse("would_trade", where)
            return False
        order.price = facing[0] - order.side
        if not LOWEST <= order.price <= HIGHEST:
            self._refuse("bad_price", f" at the edge{where}")
            return False
        self.moved += 1
        self._note(f"post-only moved{where}")
        return True

    # --- matching ---------------------------------------------------------------------------------------------------

    def _plan(self, order: Order) -> tuple[list[tuple[Order, int]], bool]:
        """What an incoming order will do: (resting order, lots to trade; 0 to cancel it), and whether it is cut off."""
        plan = []
        left = order.open
        for price in self.prices(-order.side):
            if left == 0 or not self._reaches(order, price):
                break
            queue = self.levels[-order.side][price]
            if self.matching == "pro_rata":
                own = (
                    []
                    if self.self_trade_prevention == "allow"
                    else [other for other in queue if other.agent == order.agent]
                )
                if own and self.self_trade_prevention == "cancel_incoming":
                    return plan, True
                others = [other for other in queue if other not in own]
                shares = _shares(left, [other.open for other in others])
                plan += [(other, 0) for other in own]
                plan += [(other, share) for other, share in zip(others, shares, strict=True) if share > 0]
                left -= sum(shares)
                continue
            for other in queue:
                if left == 0:
                    break
                if other.agent != order.agent or self.self_trade_prevention == "allow":
                    share = min(left, other.open)
                    plan.append((other, share))
                    left -= share
                elif self.self_trade_prevention == "cancel_incoming":
                    return plan, True
                else:
                    plan.append((other, 0))
        return plan, False

    def _trade(self, order: Order, whole: bool = False) -> bool:
        """Trade an incoming order. True if what is left of it may rest."""
        plan, cut = self._plan(order)
        if whole and sum(share for _, share in plan) < order.open:
            own = cut or any(share == 0 for _, share in plan)
            self._note("killed: own order in the way" if own else "killed: too little there")
            return False
        for other, share in plan:
            if share == 0:
                self._note("self-trade: resting order cancelled")
                self._remove(other)
                continue
            self._settle(other, order, share)
            other.open -= share
            order.open -= share
            self.filled += share
            self._note("filled whole" if other.open == 0 else "filled in part")
            if other.open == 0:
                self._remove(other)
        if cut:
            self._note(f"self-trade: incoming order cut{' after trades' if self.filled else ''}")
        if len({other.price for other, share in plan if share}) > 1:
            self._note("swept levels")
        return order.open > 0 and not cut

    # --- the ledger -------------------------------------------------------------------------------------------------

    def _settle(self, resting: Order, incoming: Order, lots: int) -> None:
        maker, taker, side = resting.agent, incoming.agent, incoming.side
        money = resting.price * lots * self.tick_units
        if abs(money) > MOST_MONEY:
            raise MoneyOverflowError
        base = lots * UNITS_PER_CURRENCY if self.fee_per == "lot" else abs(money)
        maker_fee, taker_fee = round(self.maker_fee * base), round(self.taker_fee * base)
        buyer, seller = (taker, maker) if side > 0 else (maker, taker)
        self._pay(buyer, seller, money)
        self._pay(maker, self.fee_account, maker_fee)
        self._pay(taker, self.fee_account, taker_fee)
        self.lots[buyer] += lots
        self.lots[seller] -= lots
        for agent, fee in ((maker, maker_fee), (taker, taker_fee)):
            self.fees[agent] += fee
            self.traded[agent] += 1
            self.volume[agent] += lots
        if maker == taker:
            self._note("self-trade: allowed")
        self._note("mark is the mid" if self.levels[side] else "mark is old" if self.mark else "mark is 0")
        # fmt: off
        self.made.append(Trade(self.step, resting.price, lots, maker, taker, resting.number, incoming.number,
                               maker_fee, taker_fee, self.mark, self._micro(), side))
        # fmt: on

    def _pay(self, payer: int, receiver: int, units: int) -> None:
        self.cash[payer] -= units
        self.cash[receiver] += units
        if max(abs(self.cash[payer]), abs(self.cash[receiver])) > MOST_MONEY:
            raise MoneyOverflowError

    def _refuse(self, why: str, where: str = "") -> int:
        self.rejected += 1
        self.rejection = why
        self._note(f"rejected: {why}{where}")
        return 0

    def _note(self, what: str) -> None:
        self.seen[f"{self.matching}: {what}"] += 1


def _shares(quantity: int, sizes: list[int]) -> list[int]:
    """Pro rata: ``quantity`` shared by size, rounded down; what is left over goes in time order."""
    total = sum(sizes)
    if quantity >= total:
        return sizes
    shares = [quantity * size // total for size in sizes]
    spare = quantity - sum(shares)
    for place, size in enumerate(sizes):
        extra = min(spare, size - shares[place])
        shares[place] += extra
        spare -= extra
    return shares
