"""What the trades of one instrument brought whom: the sums over trades and marks of which attributions are made.

Signs and letters are those of :mod:`analysis.money.attribution`. Amounts are counted in units of money, so that what is
made of prices and mids alone is exact.
"""

from __future__ import annotations

import numpy as np

from analysis.money.accounts import Holders
from analysis.money.marks import Marks
from analysis.reading.trades import Floats, Integers, Trades
from sim.runs.lines import counted, gain


class Amounts:
    """What the trades of one instrument brought their takers and makers, in units of money.

    Every method that gives amounts gives float64 (episodes, pieces, holders).
    """

    def __init__(self, trades: Trades, marks: Marks, holders: Holders) -> None:
        scenario = trades.run.scenario
        lot = next(each.lot_size for each in scenario.instruments if each.name == trades.instrument)
        self._scale = lot / scenario.money.unit
        self._unit = scenario.money.unit
        self._trades, self._marks, self._holders = trades, marks, holders
        self.before = self._counted(marks.before)
        self.edges: Floats = self._counted(holders.at_edges(marks))  # marks at the edges, (episodes, edges)
        self._bought = trades.signs * trades.quantities.astype(float)  # by the taker
        self._pieces = holders.piece(trades.steps)

    def _counted(self, prices: Floats) -> Floats:
        """Prices as units of money a lot."""
        units: Floats = counted(prices * self._scale)
        return units

    def _summed(self, amounts: Floats, pieces: Integers | None = None, rows: Integers | None = None) -> Floats:
        """Amounts that takers receive and makers give."""
        trades = self._trades
        taken = (self._pieces if rows is None else self._pieces[rows]) if pieces is None else pieces
        episodes = trades.episodes if rows is None else trades.episodes[rows]
        takers, makers = self._holders.takers(trades), self._holders.makers(trades)
        sums = self._holders.summed(amounts, episodes, taken, takers if rows is None else takers[rows])
        return sums - self._holders.summed(amounts, episodes, taken, makers if rows is None else makers[rows])

    @property
    def _prices(self) -> Floats:
        units: Floats = self._trades.prices * self._scale
        whole: Floats = np.rint(units)
        if not self._trades.in_pools.any():
            return whole
        lots = self._trades.quantities
        return np.where(self._trades.in_pools, np.rint(units * lots) / lots, whole)  # there the money is whole

    def gross(self) -> Floats:
        """Money traded, as maker or taker."""
        money, trades = np.abs(self._bought * self._prices), self._trades
        return sum(
            self._holders.summed(money, trades.episodes, self._pieces, who)
            for who in (self._holders.takers(trades), self._holders.makers(trades))
        )  # type: ignore[return-value]

    def fees(self) -> Floats:
        """Fees paid, less rebates."""
        trades, holders = self._trades, self._holders
        paid = ((trades.taker_fees, holders.takers), (trades.maker_fees, holders.makers))
        return sum(
            holders.summed(np.rint(fees / self._unit), trades.episodes, self._pieces, who(trades)) for fees, who in paid
        )  # type: ignore[return-value]

    def spread(self) -> Floats:
        """Σ z (m - P)."""
        return self._summed(gain(self._bought, self.before, self._prices))

    def hedging(self) -> Floats:
        """The part of :meth:`spread` in trades of orders that a hedge sent, for whom it sent them."""
        trades, hedges = self._trades, self._trades.hedges
        rows = np.flatnonzero(hedges)
        if not len(rows):
            return np.zeros(self._holders.shape)
        won = gain(self._bought, self.before, self._prices)[rows]
        episodes, pieces = trades.episodes[rows], self._pieces[rows]
        taken = self._holders.summed(
            np.where(hedges[rows] & 1, won, 0.0), episodes, pieces, self._holders.takers(trades)[rows]
        )
        made = self._holders.summed(
            np.where(hedges[rows] & 2, won, 0.0), episodes, pieces, self._holders.makers(trades)[rows]
        )
        return taken - made

    def settled(self) -> Floats:
        """Σ z (m - P) of each trade's taker, with m the mark at its episode's end, (trades,)."""
        won: Floats = gain(self._bought, self.edges[self._trades.episodes, -1], self._prices)
        return won

    def wrong_by(self, valued: Amounts) -> Floats:
        """Σ z (V - m), with V the other's marks."""
        return self._summed(self._bought * (valued.before - self.before))

    def moves(self) -> Floats:
        """Σ q Δm: what is held at a piece's beginning, and what is bought within it from then on."""
        held = self._holders.opening(self._trades, self._pieces, self._bought)
        after = self.edges[self._trades.episodes, self._pieces + 1] - self.before
        opening: Floats = held * np.diff(self.edges)[:, :, None]
        return opening + self._summed(self._bought * after)

    def young(self, horizon: int, unit: str) -> Floats:
        """Σ Y Δm: what the mark does within the horizon after each trade, each part in the piece in which it does."""
        marks, steps = self._marks.later(horizon, unit)
        last, later = self._holders.piece(steps), self._counted(marks)
        at_once = last == self._pieces
        total = self._summed(np.where(at_once, self._bought * (later - self.before), 0.0))
        rows = np.flatnonzero(~at_once)
        piece, mark = self._pieces[rows], self.before[rows]
        while len(rows):
            until = last[rows] == piece
            ahead = np.where(until, later[rows], self.edges[self._trades.episodes[rows], piece + 1])
            total += self._summed(self._bought[rows] * (ahead - mark), piece, rows)
            rows, piece, mark = rows[~until], piece[~until] + 1, ahead[~until]
        return total
