"""Where the money went: each change of wealth is a sum of lines. This is an identity, without estimates or remainder.

Events, in order of time, are trades and changes of the mark. For one agent and one instrument, let z be the lots bought
(+) or sold (-) at P, m the mark just before, q the position after, and Y the part of q that is younger than the
horizon. The lines are

    spread              Σ z (m - P)         gain from trading at prices other than the mark
    adverse selection   Σ Y Δm              effect of the mark's moves within the horizon after each trade
    revaluation         Σ (q - Y) Δm        effect of the mark's moves on older positions
    hedging             Σ z (m - P)         the same, of orders that a hedge sent
    fees                                    paid, less rebates; negative
    dividends, interest, funding            received
    forgiven                                losses under margin that the account ``default`` paid

Their sum is the change of cash + q m. With the value V instead of the mark, the lines are

    spread              Σ z (m - P)
    information         Σ z (V - m)         error of the mark, in the agent's favour
    revaluation         Σ q ΔV

and so on. Their sum is the change of cash + q V. Settlement is a last change of the mark, so over whole episodes both
sums are the payoff. The lines of several windows add up. Spread, information and adverse selection each sum to zero
over all agents, the spread together with hedging: that is the spread's part of trades of orders that a hedge sent, for
whom it sent them. Gains on a future are paid every step; they count as its mark's moves, so its lines are those of a
stock.

If an episode never had a mid, the value known to all at its start takes its place. The sum is still exact, but its
parts have no meaning. So the parts are given for the other episodes only, and are nan if there are none.

Amounts are counted in units of money. Prices and mids are whole numbers or halves of units. So sums without a value are
exact up to 2^52 units: 4.5 billion in currency if a unit is a millionth.

``spreadgame measure attribution RUN [--mark MARK] [--horizon N] [--unit steps|trades] [--by agent]``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.money.accounts import Holders, edges_of, even_edges
from analysis.money.amounts import Amounts
from analysis.money.by_greeks import LINES as GREEKS
from analysis.money.by_greeks import by_greeks
from analysis.money.marks import MARKS, MOST_HORIZON, check_horizon, marks_of
from analysis.reading.marked import NEVER
from analysis.reading.measures import ERROR, records
from analysis.reading.registry import Option, measure
from analysis.reading.trades import Floats, trades_of
from analysis.stats.bootstrap import bootstrap
from analysis.stats.estimates import Estimate, mean
from sim.runs.lines import HORIZON, horizon_for
from sim.runs.result import Run
from sim.scenario.tables.derivatives import Call, Put

_PAID = ("hedging", "fees", "dividends", "interest", "funding")
BY_MARK = ("spread", "adverse_selection", "revaluation", *_PAID)
BY_VALUE = ("spread", "information", "revaluation", *_PAID)
UNIT = "trades"
_MANY = 30  # episodes whose scatter gives an error
_FEWEST_PIECES = 8  # of one series, from which an error can be had
_RESAMPLED = 400
_ROUNDING = 1e-12  # of the money traded: what sums of float64 may differ by


@dataclass(frozen=True)
class Attribution:
    """Amounts of every line.

    Attributes
    ----------
    lines : their names.
    holders : populations, or pairs of population and number of the agent.
    edges : steps of an episode between which the pieces lie, (pieces + 1,).
    units : amounts in units of money, float64 (episodes, pieces, holders, lines); costs are negative.
    recorded : change of wealth by the ledger alone, without the trades, in units of money, float64
        (episodes, pieces, holders); nan if it was not recorded.
    gross : money traded, in units, float64 (episodes, pieces, holders).
    unit : the unit of money, currency.
    ended : number of finished episodes; a further episode, if there is one, was stopped.
    horizon : of adverse selection, in words; empty where there is none.
    by_price : lines that are measured against the mark.
    known : episodes in which every mark that was needed was a price, not the initial value, bool (episodes,).
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
        """Text: in how many episodes the lines are not known, and why; empty if all are known."""
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
        """Greatest distance between a sum of lines and the record, as a share of the money traded; 0 if unknown.

        If the lines are larger than the money traded, it is a share of the lines.
        """
        money = np.maximum(self.gross, np.abs(self.units).sum(axis=-1))
        away = np.abs(self.units.sum(axis=-1) - self.recorded) / np.maximum(money, 1.0)
        return float(np.nanmax(away, initial=0.0)) if np.isfinite(away).any() else 0.0

    @property
    def left_over(self) -> str:
        """Text: how far the sums of lines are from the ledger's record."""
        if not np.isfinite(self.recorded).all():
            return "what the ledger recorded is not known for all of it"
        if self.gap > _ROUNDING:
            return f"{self.gap:.0e} of the money traded is left over"
        return "nothing is left over" + (f" but rounding ({self.gap:.0e} of the money traded)" if self.gap else "")

    def table(self) -> pd.DataFrame:
        """Holders by lines, over all episodes and pieces, their sum ``total``, and what is ``recorded``. Currency.

        Lines are nan if those of an episode are not known.
        """
        whole = self.units.sum(axis=(0, 1))
        frame = pd.DataFrame(whole * self.unit, index=self.holders, columns=list(self.lines))
        if not self.known.all():
            frame[list(self.by_price)] = np.nan
        frame["total"] = whole.sum(axis=1) * self.unit
        frame["recorded"] = self.recorded.sum(axis=(0, 1)) * self.unit
        return frame

    def estimates(self) -> pd.DataFrame:
        """Mean per episode and its standard error: holders by (line or ``total``, ``value`` or ``standard_error``).

        For many episodes, or a few that are not cut in pieces, the error is that of independent samples. Otherwise it
        comes from the pieces, by the stationary bootstrap; for one episode in fewer than 8 pieces it is infinite.
        Episodes whose lines are not known are left out; if there are no others, the lines are nan.
        """
        return self._estimates

    def of_an_episode(self) -> pd.DataFrame:
        """:meth:`estimates` with the errors in columns ``LINE_error``, and what was ``recorded``. Currency."""
        estimates = self._estimates
        columns = {
            line + end: estimates[line, part]
            for line in (*self.lines, "total")
            for end, part in zip(("", ERROR), Estimate._fields, strict=True)
        }
        return pd.DataFrame(columns).assign(recorded=self.recorded.sum(axis=(0, 1)) * self.unit / len(self.units))

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
    """Change of wealth at a mark: spread, adverse selection within a horizon, revaluation, and payments.

    Parameters
    ----------
    mark : one of :data:`analysis.money.marks.MARKS`.
    horizon, unit : of adverse selection, so many ``steps``, or ``trades`` of the instrument.
    by : ``population`` or ``agent``.
    edges : steps of an episode at which windows begin and end, rising; None for the whole episode. Time before the
        first edge and after the last is left out.

    Raises
    ------
    RunError
        If the run kept no trades, has no such mark, or did not record what the windows need.
    """
    check_horizon(horizon, unit)
    return _attribution(run, _lines(run, BY_MARK), mark, (horizon, unit), by, edges)


def by_value(run: Run, mark: str = "mid", by: str = "population", edges: Sequence[int] | None = None) -> Attribution:
    """Change of wealth at the value: spread against a mark, information, revaluation at the value, and payments.

    Parameters and errors are those of :func:`by_mark`.
    """
    return _attribution(run, _lines(run, BY_VALUE), mark, None, by, edges)


def _lines(run: Run, lines: tuple[str, ...]) -> tuple[str, ...]:
    """The lines of a run: with losses that the account default paid where there is margin."""
    return (*lines, "forgiven") if run.scenario.margin else lines


def _attribution(
    run: Run, lines: tuple[str, ...], mark: str, horizon: tuple[int, str] | None, by: str, edges: Sequence[int] | None
) -> Attribution:
    every, inside = edges_of(run, edges)
    holders = Holders(run, by, every)
    line = {name: place for place, name in enumerate(lines)}
    by_price: tuple[str, ...] = ("spread", "adverse_selection", "revaluation") if horizon else ("spread", "information")
    if any(each.hedge for each in run.scenario.populations):
        by_price += ("hedging",)
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
        hedging = own.hedging()
        units[..., line["spread"]] += own.spread() - hedging
        units[..., line["hedging"]] += hedging
        units[..., line["fees"]] -= own.fees()
        revaluation = valued.moves()
        if horizon:
            young = own.young(*horizon)
            units[..., line["adverse_selection"]] += young
            revaluation -= young
        else:
            units[..., line["information"]] += own.wrong_by(valued)
        units[..., line["revaluation"]] += revaluation
        mids = own if mark == "mid" else Amounts(trades, marks_of(trades), holders)
        recorded += holders.worth_changes(instrument.name, valued.edges, mids.edges)
    for name in set(lines) & {"dividends", "interest", "funding", "forgiven"}:
        units[..., line[name]] += holders.received(name)
    told = f"{horizon[0]:,} {horizon[1] if horizon[0] != 1 else horizon[1][:-1]}" if horizon else ""
    return Attribution(
        lines, holders.index, every[inside.start : inside.stop + 1], units[:, inside], recorded[:, inside],
        gross[:, inside], run.scenario.money.unit, int(run.manifest["episodes"]), told, by_price, known,
    )  # fmt: skip


def _estimate(parts: Floats) -> Estimate:
    """Mean per episode, from its pieces (episodes, pieces)."""
    episodes, pieces = parts.shape
    if episodes >= _MANY or pieces == 1 or pieces * episodes < _FEWEST_PIECES:
        found = mean(parts.sum(axis=1))
        return found if episodes > 1 else Estimate(found.value, math.inf)
    if not parts.any():
        return Estimate(0.0, 0.0)
    piece = bootstrap(parts.ravel(), lambda x: float(np.mean(x)), np.random.default_rng(0), _RESAMPLED)
    return Estimate(pieces * piece.value, pieces * piece.standard_error)


def fitting_horizon(run: Run) -> int:
    """A horizon in trades that fits well into an episode: 20, or a fifth of the trades per episode if that is less."""
    return horizon_for(run.manifest["trades"], run.manifest["episodes"])


def both(
    run: Run, mark: str = "mid", horizon: int | None = None, unit: str = UNIT, by: str = "population"
) -> list[Attribution]:
    """:func:`by_mark` and :func:`by_value`; few episodes, by population, are cut in windows to get errors.

    ``horizon`` None is :func:`fitting_horizon`.
    """
    edges = even_edges(run) if by == "population" and run.scenario.run.episodes < _MANY else None
    horizon = fitting_horizon(run) if horizon is None else horizon
    return [by_mark(run, mark, horizon, unit, by, edges), by_value(run, mark, by, edges)]


@measure(
    "attribution",
    summary="where the money went: every change of wealth as a sum of lines, against the mark and the value",
    source="an identity of the ledger, as docs/design.md writes it",
    unit="currency, mean of an episode",
    chapter="Where the money went",
    needs=("trades",),
    options={
        "mark": Option("mid", "what prices are held against", choices=MARKS),
        "horizon": Option(
            None,
            "at least 1 trade, or 0 steps: to the step's end; the episode's end is the last "
            f"(default: {HORIZON}, less where episodes are short)",
            int,
            0,
            MOST_HORIZON,
        ),
        "unit": Option(UNIT, "of the horizon", choices=("steps", "trades")),
        "by": Option("population", "whom a row is of", choices=("population", "agent")),
        "every": Option(1, "samples from one to the next of the gains by greeks, if there are options", int, 1, 10**9),
    },
    without_error={"recorded": "it is read in the ledger"},
    sparse=True,
)
def table(
    run: Run, mark: str = "mid", horizon: int | None = None, unit: str = UNIT, by: str = "population", every: int = 1
) -> pd.DataFrame:
    """Lines of each holder, ``against`` the mark and the value, with standard errors, and what the ledger recorded.

    If there are options, also by ``greeks``: these take the place of the revaluation at the value, and are taken from
    each ``every`` samples. A line that the others do not have is nan in their rows. Other parameters and errors are
    those of :func:`both`.
    """
    found = both(run, mark, horizon, unit, by)
    parts = {against: each.of_an_episode() for against, each in zip((mark, "value"), found, strict=True)}
    greeks = _by_greeks(run, by, every)
    if greeks is not None:
        parts["greeks"] = greeks.of_an_episode()
    frame = pd.concat(parts, names=["against"])
    last = [name for line in ("total", "recorded") for name in (line, line + ERROR) if name in frame]
    frame = frame[[name for name in frame.columns if name not in last] + last]
    notes = {
        against: "; ".join(filter(None, (each.left_over, each.unknown)))
        for against, each in zip((mark, "value"), found, strict=True)
    }
    alike = len(set(notes.values())) == 1
    frame.attrs["note"] = notes[mark] if alike else "; ".join(f"against {name}: {note}" for name, note in notes.items())
    if greeks is not None:
        rows = greeks.of_an_episode()[list(GREEKS)].reset_index()
        frame.attrs["details"] = {
            "by_greeks": records(rows.set_index(list(rows.columns[: -len(GREEKS)]))),
            "by_greeks_left_over": float(greeks.gap),
        }
    return frame


def _by_greeks(run: Run, by: str, every: int) -> Attribution | None:
    """:func:`by_value` over whole episodes with greeks in the place of the revaluation; None without options."""
    if not any(isinstance(each.derivative, Call | Put) for each in run.scenario.instruments) or by != "population":
        return None
    whole = by_value(run)
    if run.manifest["sampling"]["agents_every"] == 0 or whole.ended < len(whole.units):
        return None
    greeks = by_greeks(run, Holders(run, by, whole.edges), every)
    kept = [place for place, line in enumerate(whole.lines) if line != "revaluation"]
    units = np.concatenate([whole.units[..., kept], greeks.amounts[:, None] / whole.unit], axis=-1)
    return replace(whole, lines=(*(whole.lines[place] for place in kept), *GREEKS), units=units)
