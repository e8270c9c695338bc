"""Event times of runs: orders that traded, and changes of the mid, each episode a stream that begins afresh."""

from __future__ import annotations

import numpy as np

from analysis.reading.columns import columns
from analysis.reading.trades import trades_of
from analysis.reflexivity.event_files import changed
from analysis.reflexivity.event_streams import Integers, Streams, steps_as_streams
from sim.core.errors import RunError
from sim.core.wording import near_or_all
from sim.runs.result import Run


def run_events(run: Run, events: str = "trades", venue: str | None = None) -> Streams:
    """Events of a run: counts per step, or per sample of the book.

    Parameters
    ----------
    events : ``trades``, orders that arrived and traded, each once whatever it traded with; or ``mids``, samples of the
        book whose mid differs from the last one before.
    venue : whose; of None, trades on all venues of the first instrument, and its consolidated mid.

    Raises
    ------
    RunError
        If there is no such venue, or the run did not keep what is needed.
    """
    names = [each.name for each in run.scenario.venues]
    if venue is not None and venue not in names:
        raise RunError(f"measure hawkes: there is no venue {venue!r} — {near_or_all(venue, names)}")
    key = "hawkes events", events, venue
    if key not in run.derived:
        run.derived[key] = (_mids if events == "mids" else _trades)(run, venue)
    found: Streams = run.derived[key]
    return found


def _lengths(run: Run) -> Integers:
    """Steps of each episode that were made, (episodes,)."""
    steps, done = run.scenario.run.steps, int(run.manifest["steps"])
    whole, rest = divmod(done, steps)
    return np.array([steps] * whole + [rest] * bool(rest), np.int64)


def _where(run: Run, venue: str | None) -> str:
    several = len(run.scenario.instruments) > 1
    return f" on {venue}" if venue else f" of {run.scenario.instruments[0].name}" if several else ""


def _trades(run: Run, venue: str | None) -> Streams:
    instrument = next((each.instrument for each in run.scenario.venues if each.name == venue), None)
    trades = trades_of(run, instrument)
    new = trades.first_of_order == np.arange(len(trades))
    if venue is not None:
        new &= trades.venue == trades.venues.index(venue)
    what = f"orders that traded{_where(run, venue)}"
    seconds = run.scenario.run.step_seconds
    return steps_as_streams(trades.episodes[new], trades.steps[new], _lengths(run), seconds, what)


def _mids(run: Run, venue: str | None) -> Streams:
    if not run.scenario.record.levels:
        raise RunError(f"{run.folder or 'this run'}: it kept no book — set record.levels = 1 and run it again")
    first = venue or next(
        each.name for each in run.scenario.venues if each.instrument == run.scenario.instruments[0].name
    )
    rows = columns(run, "book", ["episode", "step", "venue", "bid", "ask", "mark"])
    rows = rows[rows["venue"] == first]
    mids = ((rows["bid"] + rows["ask"]) / 2 if venue else rows["mark"]).to_numpy(float)
    episodes, steps = rows["episode"].to_numpy(np.int64), rows["step"].to_numpy(np.int64)
    sampled, streams = np.unique(episodes, return_inverse=True)  # of very many, some episodes only
    moved = np.zeros(len(rows), bool)
    for place in np.split(np.arange(len(rows)), np.flatnonzero(np.diff(streams)) + 1):
        moved[place] = changed(mids[place])
    every = int(run.manifest["sampling"]["book_every"])
    what = f"changes of the mid{_where(run, venue)}"
    lengths = -(-_lengths(run)[sampled] // every)  # the end of an episode is sampled too
    seconds = run.scenario.run.step_seconds * every
    return steps_as_streams(streams[moved], steps[moved] // every, lengths, seconds, what)
