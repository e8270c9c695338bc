"""Marks: the worth of an instrument at any moment of a run, by one of several definitions.

A mark is one of

    mid     mid of the consolidated book, or the last valid one
    microprice   best quotes, each weighted by the lots at the other
    last    price of the last trade
    value   fundamental value
    belief  last value estimate published by the maker of the trade

At the start of an episode, every mark is the value known to all. If the book never has both sides, the mark does not
change, and the episode has no mid and no microprice (:mod:`analysis.reading.marked`). At the end of an episode, the
mark is the price at which positions were closed; this is the last change of the mark. In between, a mark is known just
before each trade, and at the end of each step at which the book was sampled.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from analysis.reading.columns import columns
from analysis.reading.marked import marked
from analysis.reading.trades import Floats, Integers, Trades
from sim.core.errors import RunError
from sim.core.wording import shown
from sim.scenario.tables.processes import known_at_first

MOST_HORIZON = 10**12  # steps, trades or orders
MARKS = ("mid", "microprice", "last", "value", "belief")
_COLUMNS = {"mid": "mark", "microprice": "microprice", "value": "value"}


class Marks:
    """One instrument's marks.

    Parameters
    ----------
    trades : of the instrument.
    kind : one of :data:`MARKS`.

    Raises
    ------
    RunError
        If there is no such mark, if it is ``belief`` and no maker published one, or if no episode ended.
    """

    def __init__(self, trades: Trades, kind: str = "mid") -> None:
        if kind not in MARKS:
            raise RunError(f"there is no mark {kind!r} — there are {', '.join(MARKS)}")
        self.kind = kind
        self._trades = trades
        run = trades.run
        self._length = run.scenario.run.steps
        settlements = columns(run, "settlements", ["episode", "instrument", "initial", "price", "value"])
        settlements = settlements[(settlements["instrument"] == trades.instrument).to_numpy(bool)]
        self._settled: Floats = settlements["price"].to_numpy(float)
        ended, done = len(settlements), int(run.manifest["steps"])
        self.episodes = -(-done // self._length)  # the last one may have been stopped
        own = next(each for each in run.scenario.instruments if each.name == trades.instrument)
        self._lasts = getattr(own.derivative, "expiry", 0)  # after so many steps it is settled; 0: as its episode ends
        first = float(settlements["initial"].iloc[0]) if ended else known_at_first(own.value) if own.value else None
        if first is None:
            raise RunError(
                f"{run.folder or 'this run'}: it was stopped in its first episode, and what {trades.instrument} was "
                "marked at before that is in a file or follows from another instrument — run it again, to the end of "
                "an episode at least"
            )
        self.start: Floats = np.full(self.episodes, first)
        # Whether each episode has this mark; where it has none, the numbers are those at its beginning. (episodes,)
        priced = kind in ("mid", "microprice")
        self.known = marked(run, trades.instrument) if priced else np.ones(self.episodes, bool)
        before = self._before(trades, kind)
        self.before = before
        self._after = trades.prices if kind == "last" else before
        self._sample(kind)
        last_steps = np.full(self.episodes, self._length - 1)
        if self.episodes > ended:
            last_steps[-1] = done - (self.episodes - 1) * self._length - 1
        column = "price" if own.settlement != "none" or kind == "mid" else "value" if kind == "value" else ""
        self.end: Floats = self.at(np.arange(self.episodes), last_steps)
        if column:
            self.end[:ended] = settlements[column].to_numpy(float)
        self.ended = ended

    def _before(self, trades: Trades, kind: str) -> Floats:
        """Mark just before each trade, (trades,)."""
        count = len(trades)
        first = np.ones(count, bool)
        first[1:] = trades.episodes[1:] != trades.episodes[:-1]
        start = self.start[trades.episodes]
        if kind == "last":
            before = np.empty(count)
            before[1:] = trades.prices[:-1]
            return np.where(first, start, before)
        if kind != "belief":
            return trades.price_of(_COLUMNS[kind])
        belief = trades.price_of("belief")
        known = np.isfinite(belief)
        if not known.any():
            raise RunError(
                f"{trades.run.folder or 'this run'}: no maker of {trades.instrument} published what it believes the "
                "value to be — choose another mark, or a strategy that publishes its belief"
            )
        if known.all():
            return belief
        places = np.maximum.accumulate(np.where(known | first, np.arange(count), 0))
        return np.where(known[places], belief[places], start)

    def _sample(self, kind: str) -> None:
        """Marks at the ends of sampled steps."""
        self._sample_keys: Integers = np.zeros(0, np.int64)
        self._samples: Floats = np.zeros(0)
        if kind not in _COLUMNS or not self._trades.venues or not self._trades.run.scenario.record.levels:
            return
        name = _COLUMNS[kind]
        rows = columns(self._trades.run, "book", ["episode", "step", "venue", name])
        rows = rows[(rows["venue"] == self._trades.venues[0]).to_numpy(bool)]
        rows = rows[rows[name].notna().to_numpy(bool)]
        self._sample_keys = rows["episode"].to_numpy(np.int64) * self._length + rows["step"].to_numpy(np.int64)
        self._samples = rows[name].to_numpy(float)

    def at(self, episodes: ArrayLike, steps: ArrayLike) -> Floats:
        """Mark at the ends of steps, both (n,): from the step's sample, or the last mark known before."""
        own, until = np.asarray(episodes, np.int64), np.asarray(steps, np.int64)
        first = own * self._length
        keys = first + until
        found = self.start[own]
        latest = first - 1
        for known, values in ((self._trades.keys, self._after), (self._sample_keys, self._samples)):
            if not len(known):
                continue
            place = np.searchsorted(known, keys, side="right") - 1
            when = np.where(place >= 0, known[np.maximum(place, 0)], -1)
            newer = (when >= latest) & (when >= first)
            found = np.where(newer, values[np.maximum(place, 0)], found)
            latest = np.where(newer, when, latest)
        if self._lasts and len(self._settled):  # at its expiry the price at which it was settled is the mark
            expired = (until >= self._lasts - 1) & (own < len(self._settled))
            found = np.where(expired, self._settled[np.minimum(own, len(self._settled) - 1)], found)
        return found

    def check_steps(self) -> None:
        """Check that horizons can be counted in steps.

        Raises
        ------
        RunError
            If the mark is not known at the end of every step.
        """
        sampled = bool(self._trades.run.scenario.record.levels)
        every = int(self._trades.run.manifest["sampling"]["book_every"])
        if self.kind == "last" or (self.kind in _COLUMNS and sampled and every == 1):
            return
        why = "known only when its makers trade" if self.kind == "belief" else "not known at the end of each step"
        cure = "" if self.kind == "belief" else ", or set record.levels = 1 and record.book_every = 1 and run it again"
        raise RunError(
            f"{self._trades.run.folder or 'this run'}: {self.kind} is {why}, so a horizon cannot be counted in steps — "
            f"count in trades{cure}"
        )

    def later(self, horizon: int, unit: str) -> tuple[Floats, Integers]:
        """The mark of each trade a horizon later, or at the end of the episode if that comes first.

        Parameters
        ----------
        horizon : at least 0.
        unit : ``steps``: at the end of the step that many later; ``trades``: just before the trade that many later.

        Returns
        -------
        Marks, and the steps at or before whose end they were known, each (trades,). The number of steps of an
        episode stands for its end.
        """
        trades, count = self._trades, len(self._trades)
        if unit == "steps":
            self.check_steps()
            steps = trades.steps + horizon
            past = steps >= self._length
            marks = self.at(trades.episodes, np.minimum(steps, self._length - 1))
            return np.where(past, self.end[trades.episodes], marks), np.where(past, self._length, steps)
        place = np.minimum(np.arange(count) + horizon, max(count - 1, 0))
        past = trades.episodes[place] != trades.episodes
        past[max(count - horizon, 0) :] = True
        return (
            np.where(past, self.end[trades.episodes], self.before[place]),
            np.where(past, self._length, trades.steps[place]),
        )


def marks_of(trades: Trades, kind: str = "mid") -> Marks:
    """:class:`Marks`, computed once; errors are those of the class."""
    key = "marks", trades.instrument, kind
    if key not in trades.run.derived:
        trades.run.derived[key] = Marks(trades, kind)
    found: Marks = trades.run.derived[key]
    return found


def check_horizon(horizon: int, unit: str, things: str = "trades") -> None:
    """Check a horizon, counted in steps or in ``things``.

    It is at least 1 trade, because a mark does not move between a trade and itself. 0 steps means the end of the
    trade's step.

    Raises
    ------
    RunError
        If it is smaller, larger than any run, or counted in another unit.
    """
    if unit not in ("steps", things):
        raise RunError(f"a horizon is counted in steps or {things}, not in {unit!r}")
    if horizon < (unit == things):
        raise RunError(
            f"a horizon must be at least {f'1 {things[:-1]}' if unit == things else '0 steps'}, not {horizon}"
        )
    if not horizon <= MOST_HORIZON:
        raise RunError(f"a horizon must be at most {MOST_HORIZON:,} {unit}, not {shown(horizon)}")
