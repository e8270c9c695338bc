"""Where the money went: changes of wealth as sums of lines, by identity: nothing is estimated, nothing left over.

Events in order are trades and changes of the mark. For one agent and one instrument, with z lots bought (+) or sold
(-) at P, m the mark just before, q the position after, and Y the part of it that is younger than the horizon,

    spread              Σ z (m - P)         what trading away from the mark brought
    adverse selection   Σ Y Δm              what the mark did within the horizon after each trade
    revaluation         Σ (q - Y) Δm        what it did to older positions
    fees                                    paid, less rebates; negative
    dividends, interest                     received

and their sum is the change of cash + q m. Against the value V instead,

    spread              Σ z (m - P)
    information         Σ z (V - m)         what the mark was wrong by, in the agent's favour
    revaluation         Σ q ΔV

and so on, and their sum is the change of cash + q V. Settlement is a last change of the mark, so over whole episodes
both sums are the payoff. Windows add; spread, information and adverse selection sum to zero over all agents. Hedging
and funding are lines of their own, zero in the markets there are so far.

Where an episode never had a mid, what everybody knew at its start stands for it. The sum is then as exact, but its
parts mean nothing: they are given of the other episodes, and are nan where there is none.

Amounts are counted in units of money. Prices and mids are whole numbers or halves of these, so where no value enters
the sums are exact, up to 2^52 units: 4.5 billion in currency if a unit is a millionth.

``python -m analysis.money.attribution RUN [--mark MARK] [--horizon N] [--unit steps|trades] [--by agent] [--json]``.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table

from analysis.money.accounts import Holders, edges_of, even_edges
from analysis.money.marks import MARKS, Marks, check_horizon, marks_of
from analysis.output.command import answer, error, number
from analysis.output.options import MOST_HORIZON, whole_number
from analysis.reading.marked import NEVER
from analysis.reading.trades import Floats, Integers, Trades, trades_of
from analysis.stats.bootstrap import bootstrap
from analysis.stats.estimates import Estimate, mean
from sim.runs.result import Run

_PAID = ("hedging", "fees", "dividends", "interest", "funding")
BY_MARK = ("spread", "adverse_selection", "revaluation", *_PAID)
BY_VALUE = ("spread", "information", "revaluation", *_PAID)
HORIZON, UNIT = 20, "trades"
_MANY = 30  # episodes whose scatter gives an error
_FEWEST_PIECES = 8  # of one series, from which an error can be had
_RESAMPLED = 400
_MOST_SHOWN = 24  # holders of a table on the screen
_NEAR = 1e-6  # of a unit of money: so far are halves from what float64 makes of them


@dataclass(frozen=True)
class Attribution:
    """Amounts of every line.

    Attributes
    ----------
    lines : their names.
    holders : populations, or pairs of population and number of the agent.
    edges : steps of an episode between which the pieces lie, (pieces + 1,).
    units : amounts in units of money, float64 (episodes, pieces, holders, lines); costs are negative.
    recorded : change of wealth that the ledger shows, found without looking at a trade, in units of money, float64
        (episodes, pieces, holders); nan where it was not recorded.
    gross : money traded, in units, float64 (episodes, pieces, holders).
    unit : the unit of money, currency.
    ended : episodes that came to their end; the one after them, if there is one, was stopped.
    horizon : of adverse selection, in words; empty where there is none.
    by_price : lines that are measured against the mark.
    known : episodes in which every mark that was needed was a price, bool (episodes,).
    """

    lines: tuple[str, ...]
    holders: pd.Index
    edges: tuple[int, ...]
    units: Floats
    recorded: Floats
    gross: Floats
    unit: float
    ended: int
    horizon: str
    by_price: tuple[str, ...]
    known: NDArray[np.bool_]

    @property
    def unknown(self) -> str:
        """In how many episodes the lines are not known, and why, in words; empty where all are."""
        left_out = int((~self.known).sum())
        if not left_out:
            return ""
        if not self.known.any():
            return f"only sums are known: {NEVER}"
        return f"lines are of {len(self.known) - left_out:,} of {len(self.known):,} episodes: in the others {NEVER}"

    @property
    def amounts(self) -> Floats:
        """Amounts in currency, (episodes, pieces, holders, lines)."""
        return self.units * self.unit

    @property
    def gap(self) -> float:
        """Greatest distance of a sum of lines from what is recorded, as a share of the money traded; 0 if unknown.

        Where less was traded than the lines come to, it is a share of these.
        """
        money = np.maximum(self.gross, np.abs(self.units).sum(axis=-1))
        away = np.abs(self.units.sum(axis=-1) - self.recorded) / np.maximum(money, 1.0)
        return float(np.nanmax(away, initial=0.0)) if np.isfinite(away).any() else 0.0

    @property
    def left_over(self) -> str:
        """How far the sums of lines are from what the ledger recorded, in words."""
        if not np.isfinite(self.recorded).all():
            return "what the ledger recorded is not known for all of it"
        return f"{self.gap:.0e} of the money traded is left over" if self.gap else "nothing is left over"

    def table(self) -> pd.DataFrame:
        """Holders by lines, over all episodes and pieces, their sum ``total``, and what is ``recorded``. Currency.

        Lines are nan where an episode's are not known.
        """
        whole = self.units.sum(axis=(0, 1))
        frame = pd.DataFrame(whole * self.unit, index=self.holders, columns=list(self.lines))
        if not self.known.all():
            frame[list(self.by_price)] = np.nan
        frame["total"] = whole.sum(axis=1) * self.unit
        frame["recorded"] = self.recorded.sum(axis=(0, 1)) * self.unit
        return frame

    def estimates(self) -> pd.DataFrame:
        """Mean of an episode and its standard error: holders by (line or ``total``, ``value`` or ``standard_error``).

        Over many episodes, or a few that are not cut in pieces, the error is that of independent samples. Else it is
        found from the pieces, by the stationary bootstrap; of one episode in fewer than 8 pieces it is infinite.
        Episodes whose lines are not known are left out; where there are no others the lines are nan.
        """
        return self._estimates

    @cached_property
    def _estimates(self) -> pd.DataFrame:
        units, known = self.units[: self.ended or None], self.known[: self.ended or None]
        if known.any():
            units = units[known]
        whole = np.concatenate([units, units.sum(axis=-1, keepdims=True)], axis=-1) * self.unit
        found = {
            (line, part): [_estimate(whole[:, :, place, column])[which] for place in range(len(self.holders))]
            for column, line in enumerate((*self.lines, "total"))
            for which, part in enumerate(Estimate._fields)
        }
        frame = pd.DataFrame(found, index=self.holders)
        if not known.any():
            for line in self.by_price:
                for part in Estimate._fields:
                    frame[line, part] = np.nan
        return frame


def by_mark(
    run: Run,
    mark: str = "mid",
    horizon: int = HORIZON,
    unit: str = UNIT,
    by: str = "population",
    edges: Sequence[int] | None = None,
) -> Attribution:
    """Change of wealth at a mark: spread, adverse selection within a horizon, revaluation, and what was paid.

    Parameters
    ----------
    mark : one of :data:`analysis.money.marks.MARKS`.
    horizon, unit : of adverse selection, so many ``steps``, or ``trades`` of the instrument.
    by : ``population`` or ``agent``.
    edges : steps of an episode at which windows begin and end, rising; None for the whole episode. What lies before the
        first and after the last is left out.

    Raises
    ------
    RunError
        If the run kept no trades, has no such mark, or did not record what the windows need.
    """
    check_horizon(horizon, unit)
    return _attribution(run, BY_MARK, mark, (horizon, unit), by, edges)


def by_value(run: Run, mark: str = "mid", by: str = "population", edges: Sequence[int] | None = None) -> Attribution:
    """Change of wealth at the value: spread against a mark, information, revaluation at value, and what was paid.

    Parameters and errors are those of :func:`by_mark`.
    """
    return _attribution(run, BY_VALUE, mark, None, by, edges)


def _attribution(
    run: Run, lines: tuple[str, ...], mark: str, horizon: tuple[int, str] | None, by: str, edges: Sequence[int] | None
) -> Attribution:
    every, inside = edges_of(run, edges)
    holders = Holders(run, by, every)
    line = {name: place for place, name in enumerate(lines)}
    by_price = ("spread", "adverse_selection", "revaluation") if horizon else ("spread", "information")
    known = np.ones(holders.shape[0], bool)
    units, gross, recorded = np.zeros((*holders.shape, len(lines))), np.zeros(holders.shape), holders.cash_changes()
    for instrument in run.scenario.instruments:
        trades = trades_of(run, instrument.name)
        own = Amounts(trades, marks_of(trades, mark), holders)
        valued = own if horizon else Amounts(trades, marks_of(trades, "value"), holders)
        moved = own.gross()
        gross += moved
        # With nothing held and nothing traded all lines are 0, whatever the mark. Episodes are left out for the want of
        # a mark, not for what was traded in them: else those would stay in which nobody was served.
        needed = moved.any(axis=(1, 2)) | holders.endowed(instrument.name).any()
        priced = marks_of(trades, mark).known
        known &= priced | ~(needed & ~priced).any()
        units[..., line["spread"]] += own.spread()
        units[..., line["fees"]] -= own.fees()
        revaluation = valued.moves()
        if horizon:
            young = own.young(*horizon)
            units[..., line["adverse_selection"]] += young
            revaluation -= young
        else:
            units[..., line["information"]] += own.wrong_by(valued)
        units[..., line["revaluation"]] += revaluation
        recorded += holders.worth_changes(instrument.name, valued.edges)
    for name in ("dividends", "interest"):
        units[..., line[name]] += holders.received(name)
    told = f"{horizon[0]:,} {horizon[1] if horizon[0] != 1 else horizon[1][:-1]}" if horizon else ""
    return Attribution(
        lines, holders.index, every[inside.start : inside.stop + 1], units[:, inside], recorded[:, inside],
        gross[:, inside], run.scenario.money.unit, int(run.manifest["episodes"]), told, by_price, known,
    )  # fmt: skip


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
        """Prices as units of money a lot, those that are whole or halves exactly so."""
        units = prices * self._scale
        halves = np.rint(2.0 * units) / 2.0
        return np.where(np.abs(units - halves) < _NEAR, halves, units)

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
        units: Floats = np.rint(self._trades.prices * self._scale)
        return units

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
        return self._summed(self._bought * (self.before - self._prices))

    def settled(self) -> Floats:
        """Σ z (m - P) of each trade's taker, with m the mark at its episode's end, (trades,)."""
        won: Floats = self._bought * (self.edges[self._trades.episodes, -1] - self._prices)
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


def _estimate(parts: Floats) -> Estimate:
    """Mean of an episode, from its pieces (episodes, pieces)."""
    episodes, pieces = parts.shape
    if episodes >= _MANY or pieces == 1 or pieces * episodes < _FEWEST_PIECES:
        found = mean(parts.sum(axis=1))
        return found if episodes > 1 else Estimate(found.value, math.inf)
    if not parts.any():
        return Estimate(0.0, 0.0)
    piece = bootstrap(parts.ravel(), lambda x: float(np.mean(x)), np.random.default_rng(0), _RESAMPLED)
    return Estimate(pieces * piece.value, pieces * piece.standard_error)


# --- the command ----------------------------------------------------------------------------------------------------


def fitting_horizon(run: Run) -> int:
    """A horizon in trades that lies well within an episode: 20, or a fifth of the trades that there are in one."""
    return int(min(HORIZON, max(1, run.manifest["trades"] // (5 * max(1, run.manifest["episodes"])))))


def both(
    run: Run, mark: str = "mid", horizon: int | None = None, unit: str = UNIT, by: str = "population"
) -> list[Attribution]:
    """:func:`by_mark` and :func:`by_value`, cut in windows where that gives errors: of few episodes, by population.

    ``horizon`` None is :func:`fitting_horizon`.
    """
    edges = even_edges(run) if by == "population" and run.scenario.run.episodes < _MANY else None
    horizon = fitting_horizon(run) if horizon is None else horizon
    return [by_mark(run, mark, horizon, unit, by, edges), by_value(run, mark, by, edges)]


def _as_table(found: list[Attribution]) -> Group:
    parts: list[Any] = []
    for each, how in zip(found, ("by the mark", "by the value"), strict=True):
        estimates = each.estimates()
        shown = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
        shown.add_column(how, overflow="fold", min_width=10)
        lines = [line for line in (*each.lines, "total") if estimates[line].to_numpy()[:, 0].any() or line == "total"]
        for line in lines:
            shown.add_column(line.replace("_", "\n"), justify="right", no_wrap=True)
        stake = np.abs(each.units).sum(axis=(0, 1, 3))
        most = set(np.argsort(-stake, kind="stable")[:_MOST_SHOWN].tolist())
        rows = (row for place, row in enumerate(estimates.iterrows()) if place in most)
        for holder, row in rows:
            shown.add_row(_name(holder), *(number(row[line, "value"]) for line in lines))
            if np.isfinite([row[line, "standard_error"] for line in lines]).any():
                shown.add_row("  ±", *(error(row[line, "standard_error"]) for line in lines), style="dim")
        shown.caption = f"currency an episode; {each.left_over}"
        if each.unknown:
            shown.caption += f"; {each.unknown}"
        if len(each.holders) > _MOST_SHOWN:
            shown.caption += f"; the {_MOST_SHOWN} of {len(each.holders):,} with most at stake, --json has all"
        parts += [shown, ""]
    return Group(*parts[:-1])


def _name(holder: Any) -> str:
    return holder if isinstance(holder, str) else f"{holder[0]} {holder[1]}"


def _as_json(found: list[Attribution]) -> dict[str, Any]:
    def finite(value: float) -> float | None:
        return value if math.isfinite(value) else None

    answers: dict[str, Any] = {}
    for each, how in zip(found, ("by_mark", "by_value"), strict=True):
        table, estimates = each.table(), each.estimates()
        answers[how] = [
            {
                "holder": _name(holder),
                "recorded": finite(table["recorded"].iloc[place]),
                "lines": {
                    line: {"total": finite(table[line].iloc[place]),
                           "episode": finite(estimates[line, "value"].iloc[place]),
                           "standard_error": finite(estimates[line, "standard_error"].iloc[place])}
                    for line in (*each.lines, "total")
                },
            }
            for place, holder in enumerate(each.holders)
        ]  # fmt: skip
        answers[f"{how}_left_over"] = each.gap
        answers[f"{how}_unknown"] = each.unknown or None
    return answers


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--mark", choices=MARKS, default="mid", help="what prices are held against (default: mid)")
    parser.add_argument("--horizon", type=whole_number(0, MOST_HORIZON), metavar="N",
                        help="at least 1 trade, or 0 steps: to the step's end; the episode's end is the last "
                             f"(default: {HORIZON}, less where episodes are short)")  # fmt: skip
    parser.add_argument("--unit", choices=("steps", "trades"), default=UNIT, help=f"of the horizon (default: {UNIT})")
    parser.add_argument("--by", choices=("population", "agent"), default="population", help="whom a row is of")


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit code."""
    what = "Where the money went: every change of wealth as a sum of lines."
    return answer("attribution", what, both, _as_json, _as_table, arguments, _options)


if __name__ == "__main__":
    sys.exit(main())
