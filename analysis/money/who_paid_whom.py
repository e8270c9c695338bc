"""Who paid whom: what each population won from each other one, trade by trade, at the price at which all was settled.

Entry (a, b) is Σ z (m - P) over the trades of a with b, with z the lots that a bought (+) or sold (-) at P, and m what
the instrument came to at the episode's end. It is minus entry (b, a). Fees are a column for each venue, negative where
paid. With what endowments gained, dividends and interest, a row sums to the change of wealth.

``python -m analysis.money.who_paid_whom RUN [--json]``.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table

from analysis.money.accounts import Holders, edges_of
from analysis.money.attribution import Amounts
from analysis.money.marks import marks_of
from analysis.output.command import answer, number
from analysis.reading.trades import Floats, trades_of
from analysis.stats.estimates import mean
from sim.core.errors import RunError
from sim.runs.result import Run

_MOST_CELLS = 50_000_000
_MOST_COLUMNS = 6  # of a table that fits a terminal


@dataclass(frozen=True)
class WhoPaidWhom:
    """What populations won from one another.

    Attributes
    ----------
    populations, venues : their names.
    won : in units of money, float64 (episodes, populations, populations): what the second axis's lost to the first's.
    fees : what each paid each venue, negative for rebates, units, float64 (episodes, populations, venues).
    others : of endowments, dividends and interest, what each received, units, float64 (episodes, populations, 3).
    recorded : change of wealth that the ledger shows, units, float64 (episodes, populations).
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
        """What each population (rows) won from each (columns), over all episodes. Antisymmetric; currency."""
        names = pd.Index(self.populations, name="population")
        return pd.DataFrame(self.won.sum(axis=0) * self.unit + 0.0, index=names, columns=list(self.populations))

    def table(self) -> pd.DataFrame:
        """The matrix, fees by venue, endowment, dividends, interest, their ``total``, and ``recorded``. Currency."""
        frame = self.matrix()
        for place, venue in enumerate(self.venues):
            frame[f"fees {venue}"] = 0.0 - self.fees[:, :, place].sum(axis=0) * self.unit
        for place, name in enumerate(("endowment", "dividends", "interest")):
            frame[name] = self.others[:, :, place].sum(axis=0) * self.unit
        whole = self.won.sum(axis=2) - self.fees.sum(axis=2) + self.others.sum(axis=2)
        frame["total"] = whole.sum(axis=0) * self.unit
        frame["recorded"] = self.recorded.sum(axis=0) * self.unit
        return frame

    def errors(self) -> pd.DataFrame:
        """Standard error of the mean of an episode, of each entry of the matrix; infinite of one episode. Currency."""
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
    won, fees = np.zeros((episodes, count, count)), np.zeros((episodes, count, len(venues)))
    others, recorded = np.zeros((episodes, count, 3)), holders.cash_changes()[:, 0]
    for instrument in run.scenario.instruments:
        trades = trades_of(run, instrument.name)
        amounts = Amounts(trades, marks_of(trades), holders)
        part = np.bincount(
            (trades.episodes * count + trades.taker_populations) * count + trades.maker_populations,
            amounts.settled(),
            won.size,
        ).reshape(won.shape)
        won += part - part.transpose(0, 2, 1)
        places = np.array([venues.index(name) for name in trades.venues])[trades.venue]
        for paid, who in ((trades.taker_fees, holders.takers(trades)), (trades.maker_fees, holders.makers(trades))):
            place = (trades.episodes * count + who) * len(venues) + places
            fees += np.bincount(place, np.rint(paid / run.scenario.money.unit), fees.size).reshape(fees.shape)
        others[..., 0] += holders.endowed(instrument.name) * np.diff(amounts.edges)
        recorded = recorded + holders.worth_changes(instrument.name, amounts.edges)[:, 0]
    for place, name in enumerate(("dividends", "interest"), 1):
        others[..., place] = holders.received(name)[:, 0]
    names = tuple(each.name for each in run.scenario.populations)
    return WhoPaidWhom(names, tuple(venues), won, fees, others, recorded, run.scenario.money.unit)


# --- the command ----------------------------------------------------------------------------------------------------


def _as_table(found: WhoPaidWhom) -> Table:
    frame = found.table()
    frame = frame.loc[:, [name in found.populations or bool(frame[name].any()) for name in frame.columns]]
    shown = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    shown.caption = "currency, over all episodes, at the prices at which positions were settled"
    if len(frame.columns) <= _MOST_COLUMNS:
        shown.add_column("won by", overflow="fold")
        for name in frame.columns:
            head = f"from\n{name}" if name in found.populations else str(name)
            shown.add_column(head, justify="right", overflow="fold")
        for population, row in frame.iterrows():
            shown.add_row(str(population), *(number(value) for value in row))
        return shown
    for head in ("won by", "from"):
        shown.add_column(head, overflow="fold")
    shown.add_column("currency", justify="right", no_wrap=True)
    for population, row in frame.iterrows():
        for source, value in row[row != 0].items():
            shown.add_row(str(population), str(source), number(value))
    return shown


def _as_json(found: WhoPaidWhom) -> dict[str, Any]:
    table, errors = found.table(), found.errors()
    finite = table.astype(object).where(np.isfinite(table), None)
    return {
        "rows": [{"population": name, **row} for name, row in zip(table.index, finite.to_dict("records"), strict=True)],
        "standard_errors_an_episode": errors.astype(object).where(np.isfinite(errors), None).to_dict("index"),
    }


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit code."""
    what = "What each population won from each other one."
    return answer("who_paid_whom", what, who_paid_whom, _as_json, _as_table, arguments)


if __name__ == "__main__":
    sys.exit(main())
