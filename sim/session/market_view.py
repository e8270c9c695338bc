"""What is seen of a market from outside its agents: quotes, depth, values, for pages, collectors and scripts."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.core.arguments import one_of, whole
from sim.core.arguments import side as one_side
from sim.core.codes import REASONS
from sim.core.world import NO_PRICE
from sim.runs.build import Built
from sim.session.look import value_now
from sim.session.python_gateway import best_price, depth


class MarketView:
    """A World looked at.

    Parameters
    ----------
    built : the World and what Python remembers of it.
    """

    address: int  # of the World; a copy's is another one

    def __init__(self, built: Built) -> None:
        self._built = built
        self.scenario = built.scenario
        self.address = built.storage.address
        self.venue_numbers = {venue.name: number for number, venue in enumerate(self.scenario.venues)}
        counts = [each.count for each in self.scenario.populations]
        self.population_rows = np.repeat(np.arange(len(counts)), counts).tolist()  # of each agent

    @property
    def world(self) -> Any:
        """The state of the market: record arrays, read them freely."""
        return self._built.storage.world

    def venue_number(self, venue: int | str) -> int:
        """The number of a venue, given by number or name.

        Raises
        ------
        TypeError, ValueError
            If there is none.
        """
        if isinstance(venue, str):
            return self.venue_numbers[one_of("venue", venue, self.venue_numbers)]
        count = len(self.venue_numbers)
        return whole("venue", venue, f"or a name: {', '.join(self.venue_numbers)}", low=0, high=count - 1)

    def best_bid(self, venue: int | str = 0) -> int | None:
        """The best bid in ticks, None where there is none, or where an auction hides it."""
        price = best_price(self.address, 2 * self.venue_number(venue))
        return None if price == NO_PRICE else price

    def best_ask(self, venue: int | str = 0) -> int | None:
        """The best ask in ticks, None where there is none, or where an auction hides it."""
        price = best_price(self.address, 2 * self.venue_number(venue) + 1)
        return None if price == NO_PRICE else price

    def spread(self, venue: int | str = 0) -> float | None:
        """The quoted spread in currency, None while a side is empty."""
        place = self.venue_number(venue)
        bid, ask = self.best_bid(place), self.best_ask(place)
        return None if bid is None or ask is None else (ask - bid) * float(self.world.venues[place]["tick_size"])

    def mid(self, venue: int | str = 0) -> float | None:
        """The mid in currency, None while a side is empty."""
        place = self.venue_number(venue)
        bid, ask = self.best_bid(place), self.best_ask(place)
        return None if bid is None or ask is None else 0.5 * (bid + ask) * float(self.world.venues[place]["tick_size"])

    def depth(self, side: int, levels: int = 10, venue: int | str = 0) -> Any:
        """Price (ticks) and volume (lots) of a side's best levels: int64 (levels, 2); hidden ones are none."""
        row = 2 * self.venue_number(venue) + (0 if one_side(side) > 0 else 1)
        most = int(self.world.clock[0]["resting"])
        rows = np.empty((min(whole("levels", levels, low=0), most), 2), np.int64)
        return rows[: depth(self.address, row, rows)]

    def value(self, instrument: int = 0) -> float:
        """The fundamental value, currency. To look changes nothing."""
        count = len(self.scenario.instruments)
        place = whole("instrument", instrument, low=0, high=count - 1)
        return float(value_now(self.address, place))

    def first_wealth(self, row: int) -> float:
        """What an agent began the episode with, its lots at the initial value, currency."""
        row = whole("row", row, low=0, high=len(self.population_rows) - 1)
        world, width = self.world, len(self.scenario.instruments)
        lots = world.first_holdings[row * width : (row + 1) * width]
        paid = np.asarray(world.instruments["margined"]) == 0  # a future's gains are settled from its first price on
        values = np.asarray(world.instruments["initial"]) * np.asarray(world.instruments["lot_size"]) * paid
        return float(world.first_cash[row]) * self.scenario.money.unit + float(lots @ values)

    @property
    def filled(self) -> int:
        """Lots that the last message traded at once."""
        return int(self.world.clock[0]["filled"])

    @property
    def rejection(self) -> str:
        """Why the last message was rejected, a word of ``sim.core.codes.REASONS``; else empty."""
        reason = int(self.world.clock[0]["rejection"])
        return REASONS[reason] if reason else ""
