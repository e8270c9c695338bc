"""Who paid whom: gains of each population from each other one, trade by trade, at the price of settlement.

Entry (a, b) is Σ z (m - P) over the trades of a with b. z are the lots that a bought (+) or sold (-) at P, and m is the
price of settlement at the end of the episode. Entry (b, a) is its negative. Each venue has a column of fees, negative
if paid. Together with gains on endowments, dividends, interest, funding and
losses forgiven, a row sums to the change of wealth.

``spreadgame measure who_paid_whom RUN``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.money.accounts import Holders, edges_of
from analysis.money.amounts import Amounts
from analysis.money.marks import marks_of
from analysis.reading.measures import ERROR
from analysis.reading.registry import measure
from analysis.reading.trades import Floats, trades_of
from analysis.stats.estimates import mean
from sim.core.errors import RunError
from sim.runs.result import Run

_RECEIVED = ("endowment", "dividends", "interest", "funding", "forgiven")
_MOST_CELLS = 50_000_000


@dataclass(frozen=True)
class WhoPaidWhom:
    """What populations won from one another.

    Attributes
    ----------
    populations, venues : their names.
    won : in units of money, float64 (episodes, populations, populations): [e, a, b] is the gain of a from b.
    fees : paid by each population to each venue, negative for rebates, units, float64 (episodes, populations, venues).
    others : receipts from endowments, dividends, interest, funding and, where there is margin, losses forgiven, units,
        float64 (episodes, populations, 4 or 5).
    recorded : change of wealth by the ledger, units, float64 (episodes, populations).
    unit : the unit of money, currency.
    """

    populations: tuple[str, ...]
    venues: tuple[str, ...]
    won: Floats
    fees: Floats
    others: Floats
    recorded: Floats
    unit: float

    def matrix(self) -> pd.DataFrame:
        """Gains of each population (rows) from each (columns), over all episodes. Antisymmetric; currency."""
        names = pd.Index(self.populations, name="population")
        return pd.DataFrame(self.won.sum(axis=0) * self.unit + 0.0, index=names, columns=list(self.populations))

    def table(self) -> pd.DataFrame:
        """The matrix, fees by venue, what holders received, its ``total``, and what is ``recorded``. Currency."""
        frame = self.matrix()
        for place, venue in enumerate(self.venues):
            frame[f"fees {venue}"] = 0.0 - self.fees[:, :, place].sum(axis=0) * self.unit
        for place, name in enumerate(_RECEIVED[: self.others.shape[2]]):
            frame[name] = self.others[:, :, place].sum(axis=0) * self.unit
        whole = self.won.sum(axis=2) - self.fees.sum(axis=2) + self.others.sum(axis=2)
        frame["total"] = whole.sum(axis=0) * self.unit
        frame["recorded"] = self.recorded.sum(axis=0) * self.unit
        return frame

    def errors(self) -> pd.DataFrame:
        """Standard error of the mean per episode, for each entry of the matrix; infinite for one episode. Currency."""
        count = len(self.populations)
        found = [[mean(self.won[:, a, b] * self.unit).standard_error for b in range(count)] for a in range(count)]
        return pd.DataFrame(found, index=pd.Index(self.populations, name="population"), columns=list(self.populations))


def who_paid_whom(run: Run) -> WhoPaidWhom:
    """What populations won from one another over whole episodes.

    Raises
    ------
    RunError
        If the run kept no trades, or has too many episodes and populations.
    """
    every, _ = edges_of(run, None)
    holders = Holders(run, "population", every)
    episodes, _, count = holders.shape
    venues = [venue.name for venue in run.scenario.venues]
    if episodes * count * max(count, len(venues)) > _MOST_CELLS:
        raise RunError(f"{episodes:,} episodes of {count:,} populations are too many for a table of who paid whom")
    received = _RECEIVED if run.scenario.margin else _RECEIVED[:-1]
    won, fees = np.zeros((episodes, count, count)), np.zeros((episodes, count, len(venues)))
    others, recorded = np.zeros((episodes, count, len(received))), holders.cash_changes()[:, 0]
    for instrument in run.scenario.instruments:
        trades = trades_of(run, instrument.name)
        amounts = Amounts(trades, marks_of(trades), holders)
        part = np.bincount(
            (trades.episodes * count + trades.taker_populations) * count + trades.maker_populations,
            amounts.settled(),
            won.size,
        ).reshape(won.shape)
        won += part - part.transpose(0, 2, 1)
        places = np.array([venues.index(name) for name in trades.venues], np.int64)[trades.venue]
        for paid, who in ((trades.taker_fees, holders.takers(trades)), (trades.maker_fees, holders.makers(trades))):
            place = (trades.episodes * count + who) * len(venues) + places
            fees += np.bincount(place, np.rint(paid / run.scenario.money.unit), fees.size).reshape(fees.shape)
        others[..., 0] += holders.endowed(instrument.name) * np.diff(amounts.edges)
        recorded = recorded + holders.worth_changes(instrument.name, amounts.edges, amounts.edges)[:, 0]
    for column, name in enumerate(received[1:], 1):
        others[..., column] = holders.received(name)[:, 0]
    names = tuple(each.name for each in run.scenario.populations)
    return WhoPaidWhom(names, tuple(venues), won, fees, others, recorded, run.scenario.money.unit)


@measure(
    "who_paid_whom",
    summary="what each population won from each other one, at the prices at which positions were settled",
    source="an identity of the ledger: each trade has two sides",
    unit="currency, over all episodes",
    chapter="Who paid whom",
    place=1,
    needs=("trades",),
    without_error=dict.fromkeys(("fees", *_RECEIVED, "total", "recorded"), "it is counted"),
    sparse=True,
)
def table(run: Run) -> pd.DataFrame:
    """Rows: who won. Columns: ``from`` whom, with standard errors, then fees and the rest of the change of wealth."""
    found = who_paid_whom(run)
    frame, errors = found.table(), found.errors() * len(found.won)
    columns = {}
    for name in frame.columns:
        won = f"from {name}" if name in found.populations else str(name)
        columns[won] = frame[name]
        if name in found.populations:
            columns[won + ERROR] = errors[name]
    return pd.DataFrame(columns)
