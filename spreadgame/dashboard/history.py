"""What a market has shown so far, at steps that do not depend on when a page looked: one seed gives one picture.

A chart over some steps has a point at each multiple of a power of two (:func:`spacing`), between 125 and 250 of them.
So a point is taken where one of these charts needs it: that of the whole run, that of the window of the pace at which
the market is played, and before a step at which it will stand, those of all windows. A point is kept while a chart may
need it: the last 256 multiples of each power of two. So their number grows as the logarithm of the steps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from sim.session.market_in_progress import MarketInProgress

POINTS, KEPT = 125, 256  # of a chart, at least; multiples of each power of two that are kept
WINDOW_STEPS, WINDOW_SECONDS = 200, 2.5  # that charts show: so many steps at least, and so many seconds of play
RULE = {"points": POINTS, "kept": KEPT, "steps": WINDOW_STEPS, "seconds": WINDOW_SECONDS}
_ROOM = 2 * KEPT  # points beyond which it is seen whether some are of no more use


def spacing(steps: float) -> int:
    """Steps between the points of a chart over so many steps."""
    return 1 << max(0, int(steps / POINTS).bit_length() - 1)


def window(pace: float) -> float:
    """Steps that charts show of a market that is played at so many steps per second."""
    return max(WINDOW_STEPS, WINDOW_SECONDS * pace)


def price(value: float) -> float | None:
    """A price as the page is told: null where there is none, and without the noise of float64."""
    return round(value, 12) if math.isfinite(value) else None


class History:
    """The points of a market that the page does not have yet.

    Parameters
    ----------
    market : what is shown.
    makers : numbers of the populations whose members are shown one by one.
    """

    def __init__(self, market: MarketInProgress, makers: Sequence[int]) -> None:
        self._market, self._makers = market, makers
        self._new: list[dict[str, Any]] = []
        self._most = _ROOM
        self._ticks = [each.tick_size for each in market.scenario.venues]

    def take(self) -> list[dict[str, Any]]:
        """The points since it was last called."""
        found, self._new, self._most = self._new, [], _ROOM
        return found

    def advance(self, until: int, stop: int | None, pace: float) -> None:
        """Go on, and take points on the way.

        Parameters
        ----------
        until : so many steps are to be done.
        stop : the step at which the market will stand; None where nobody knows.
        pace : of a market that is played, steps per second.
        """
        market = self._market
        until = min(until, market.total)
        stop = None if stop is None else min(stop, market.total)
        while market.now < until:
            due = next_point(market.now, stop, pace)
            market.step(min(due, until) - market.now)
            if market.now == due:
                self._add()

    def _add(self) -> None:
        self._market.look()
        self._new.append(self.point())
        if len(self._new) > self._most:
            now = self._market.now
            self._new = [each for each in self._new if _is_kept(each["step"], now)]
            self._most = len(self._new) + _ROOM

    def point(self) -> dict[str, Any]:
        """What charts show of the last look."""
        market = self._market
        return {
            "step": market.now, "episode": market.episode,
            "venues": [self._quotes(venue, tick, mean) for (venue, tick), mean in
                       zip(enumerate(self._ticks), market.spread_means(), strict=True)],
            "instruments": [[price(each.value), price(each.public_value)] for each in market.worths()],
            "inventory": market.inventories().tolist(),
            "members": {str(number): market.members(number).tolist() for number in self._makers},
        }  # fmt: skip

    def _quotes(self, venue: int, tick: float, mean: float) -> list[float | None]:
        bid, ask = self._market.best_bid(venue), self._market.best_ask(venue)
        last, mean_known = self._market.last_price(venue), math.isfinite(mean)
        return [
            None if bid is None else round(bid * tick, 12), None if ask is None else round(ask * tick, 12),
            None if bid is None or ask is None else round(0.5 * (bid + ask) * tick, 12),
            price(last), mean if mean_known else None,
        ]  # fmt: skip


def next_point(now: int, stop: int | None, pace: float) -> int:
    """The next step after some at which a point is taken; ``stop`` and ``pace`` as :meth:`History.advance` has them."""
    found = [_after(now, spacing(now + 1))]
    if pace:
        found.append(_after(now, spacing(window(pace))))
    if stop is not None:
        space = spacing(WINDOW_STEPS)
        while space <= spacing(stop):
            found.append(_after(max(now, stop - KEPT * space), space))
            space *= 2
    return min(found)


def _after(now: int, space: int) -> int:
    return (now // space + 1) * space


def _is_kept(step: int, now: int) -> bool:
    return now - step <= KEPT * (step & -step)
