"""The holders of a run, and their wealth by the ledger alone; trades are not used."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from analysis.money.marks import Marks
from analysis.reading.columns import columns
from analysis.reading.trades import Floats, Integers, Rows, Trades
from sim.core.errors import RunError
from sim.runs.result import Run

_MOST_CELLS = 50_000_000  # episodes · pieces · holders


def edges_of(run: Run, edges: Sequence[int] | None) -> tuple[tuple[int, ...], slice]:
    """Edges of the pieces of an episode, from 0 to its end, and which of these pieces were asked for.

    Raises RunError if the edges do not rise, if there are fewer than two, or if one lies outside an episode.
    """
    length = run.scenario.run.steps
    if edges is None:
        return (0, length), slice(0, 1)
    asked = [int(edge) for edge in edges]
    if len(asked) < 2 or asked[0] < 0 or asked[-1] > length or any(b <= a for a, b in pairwise(asked)):
        raise RunError(f"windows must lie between rising steps from 0 to {length}, at least two, not {asked}")
    before, after = asked[0] > 0, asked[-1] < length
    every = ((0,) if before else ()) + tuple(asked) + ((length,) if after else ())
    return every, slice(int(before), int(before) + len(asked) - 1)


def even_edges(run: Run, pieces: int = 64) -> tuple[int, ...]:
    """Edges of about ``pieces`` equal windows, at steps after which both agents and books were sampled.

    If a run was stopped in its first episode, the edges reach to the last sample. If holders received dividends or
    interest and agents were never sampled, an episode is one window.
    """
    length, sampling = run.scenario.run.steps, run.manifest["sampling"]
    agents, books = int(sampling["agents_every"]), int(sampling["book_every"])
    if not agents and (run.scenario.money.interest or any(each.dividend for each in run.scenario.instruments)):
        return (0, length)
    every = math.lcm(max(agents, 1), max(books, 1))
    if not run.manifest["episodes"]:  # stopped in the first: as far as the last sample
        length = int(run.manifest["steps"]) // every * every or length
    width = max(1, round(length / pieces / every)) * every
    return (*range(0, length, width), length)


class Holders:
    """Holders (populations or agents), episodes, and pieces between edges: the axes of all attributed amounts.

    Parameters
    ----------
    by : ``population`` or ``agent``.
    edges : steps of an episode, from 0 to its end.

    Raises
    ------
    RunError
        If ``by`` is neither, or memory cannot hold so many agents, episodes and pieces.
    """

    def __init__(self, run: Run, by: str, edges: Sequence[int]) -> None:
        if by not in ("population", "agent"):
            raise RunError(f"money is attributed by population or by agent, not by {by!r}")
        scenario = run.scenario
        self._run, self._by_agent, self._edges = run, by == "agent", np.asarray(edges, np.int64)
        self._counts = [each.count for each in scenario.populations]
        names = [each.name for each in scenario.populations]
        pairs = [(name, number) for name, count in zip(names, self._counts, strict=True) for number in range(count)]
        self.index: pd.Index = (
            pd.MultiIndex.from_tuples(pairs, names=["population", "agent"])
            if self._by_agent
            else pd.Index(names, name="population")
        )
        self._episodes = -(-int(run.manifest["steps"]) // scenario.run.steps)
        self.shape = (self._episodes, len(edges) - 1, len(self.index))
        if np.prod(self.shape, dtype=float) > _MOST_CELLS:
            raise RunError(
                f"{self._episodes:,} episodes, {len(edges) - 1:,} windows and {len(self.index):,} {by}s are too many "
                "to be told apart — attribute by population, over fewer windows"
            )

    # --- where amounts go ---------------------------------------------------------------------------------------------

    def piece(self, steps: Integers) -> Integers:
        """The piece that holds each step; an episode's end is in the last piece."""
        place: Integers = np.searchsorted(self._edges, steps, side="right") - 1
        return np.minimum(place, len(self._edges) - 2)

    def takers(self, trades: Trades) -> Rows:
        """The holder whose order arrived, (trades,)."""
        return trades.takers if self._by_agent else trades.taker_populations

    def makers(self, trades: Trades) -> Rows:
        """The holder whose order rested, (trades,)."""
        return trades.makers if self._by_agent else trades.maker_populations

    def summed(self, amounts: Floats, episodes: Integers, pieces: Integers, who: Rows) -> Floats:
        """Sums of amounts, (episodes, pieces, holders)."""
        _, width, holders = self.shape
        place = (episodes * width + pieces) * holders + who
        sums: Floats = np.bincount(place, amounts, int(np.prod(self.shape))).astype(float)
        return sums.reshape(self.shape)

    def at_edges(self, marks: Marks) -> Floats:
        """Marks at the edges, (episodes, edges)."""
        inner = self._edges[1:-1] - 1
        episodes = np.repeat(np.arange(self._episodes), len(inner))
        between = marks.at(episodes, np.tile(inner, self._episodes)).reshape(self._episodes, len(inner))
        return np.column_stack([marks.start, between, marks.end])

    def opening(self, trades: Trades, pieces: Integers, bought: Floats) -> Floats:
        """Lots held at the beginning of each piece, from earlier trades, (episodes, pieces, holders)."""
        change = self.summed(bought, trades.episodes, pieces, self.takers(trades))
        change -= self.summed(bought, trades.episodes, pieces, self.makers(trades))
        held = np.cumsum(change, axis=1) - change
        return held + self.endowed(trades.instrument)

    # --- what the ledger says -----------------------------------------------------------------------------------------

    def endowed(self, instrument: str | None) -> Floats:
        """Lots of an instrument that each holder has at the start, (holders,); for None, cash in units of money."""
        scenario = self._run.scenario
        each = np.array(
            [
                round(population.endowment.cash / scenario.money.unit)
                if instrument is None
                else scenario.endowed(population, instrument)
                for population in scenario.populations
            ],
            float,
        )
        counts = np.array(self._counts)
        return np.repeat(each, counts) if self._by_agent else each * counts

    def cash_changes(self) -> Floats:
        """Change of cash over each piece, settlement included, in units of money; nan if it was not recorded."""
        return self._changes("cash", np.broadcast_to(self.endowed(None), (self._episodes, len(self.index))))

    def received(self, name: str) -> Floats:
        """Receipts of ``dividends``, ``interest``, ``funding`` or ``forgiven`` losses in each piece, in units of money.

        Raises RunError if there were receipts that were not recorded at the edges.
        """
        scenario = self._run.scenario
        paid = {
            "interest": bool(scenario.money.interest),
            "dividends": any(each.dividend for each in scenario.instruments),
            "funding": any(each.what == "perpetual" for each in scenario.instruments),
            "forgiven": scenario.margin is not None,
        }
        if not paid[name]:
            return np.zeros(self.shape)
        changes = self._changes(name, np.zeros((self._episodes, len(self.index))))
        if np.isnan(changes[: int(self._run.manifest["episodes"])]).any():
            raise RunError(
                f"{name} were not recorded at the edges of these windows — take whole episodes, or windows that end "
                "where agents were sampled (record.agents_every), with record.agents and record.episodes"
            )
        return np.nan_to_num(changes)

    def worth_changes(self, instrument: str, marks: Floats, settled: Floats) -> Floats:
        """Change of the worth of positions over each piece, at marks (episodes, edges) in units of money per lot.

        ``settled`` are the mids at the edges: up to these, rounded to whole units, gains on a future have been paid.
        """
        own = next(each for each in self._run.scenario.instruments if each.name == instrument)
        closed = own.settlement != "none"
        if own.what in ("future", "perpetual"):
            marks = marks - np.rint(settled)
        first = np.broadcast_to(self.endowed(instrument), (self._episodes, len(self.index)))
        lots = self._levels(f"inventory.{instrument}", first, False)
        if closed:
            lots[: int(self._run.manifest["episodes"]), -1] = 0.0  # their worth has become cash
        # The difference of what they were worth, without that of two large products.
        return lots[:, :-1] * np.diff(marks)[:, :, None] + np.diff(lots, axis=1) * marks[:, 1:, None]

    def _changes(self, name: str, first: Floats) -> Floats:
        """Change of a column of money over each piece."""
        return np.diff(self._levels(name, first, True), axis=1)

    def _levels(self, name: str, first: Floats, money: bool) -> Floats:
        """A column at the edges, (episodes, edges, holders): from the samples; at the end, from the results."""
        levels = np.full((self._episodes, len(self._edges), len(self.index)), np.nan)
        levels[:, 0] = first
        inner = self._edges[1:-1] - 1
        done = int(self._run.manifest["steps"])
        for table, places in (("agents", inner), ("episodes", None)):
            rows = self._rows(table, name, places)
            if rows is None or not len(rows):
                continue
            edge = np.full(len(rows), len(self._edges) - 1)
            if places is not None:
                edge = np.searchsorted(inner, rows["step"].to_numpy()) + 1
            holder = rows["holder"].to_numpy()
            levels[rows["episode"].to_numpy(), edge, holder] = 0.0
            np.add.at(levels, (rows["episode"].to_numpy(), edge, holder), rows[name].to_numpy(float))
        ended = int(self._run.manifest["episodes"])
        if ended < self._episodes:  # stopped: the last sample, if it is of the last step
            rows = self._rows("agents", name, np.array([done - ended * self._run.scenario.run.steps - 1]))
            if rows is not None and len(rows := rows[rows["episode"] == ended]):
                sums = np.bincount(rows["holder"], rows[name].to_numpy(float), len(self.index))
                levels[ended, -1] = sums
        if money:
            levels[:, 1:] = np.rint(levels[:, 1:] / self._run.scenario.money.unit)
        return levels

    def _rows(self, table: str, name: str, steps: Integers | None) -> pd.DataFrame | None:
        """Rows of a table with the index of their holder; None if the table does not list all holders."""
        names = ["episode", "population", "agent", name] + ([] if steps is None else ["step"])
        rows = columns(self._run, table, names)
        if steps is not None:
            rows = rows[rows["step"].isin(steps)]
        if not len(rows) or (self._by_agent and bool(rows["agent"].isna().any())):
            return None
        places = {each.name: place for place, each in enumerate(self._run.scenario.populations)}
        population = rows["population"].map(places).to_numpy(np.int64)
        who: Any = population
        if self._by_agent:
            who = np.cumsum([0, *self._counts[:-1]])[population] + rows["agent"].to_numpy(np.int64)
        return rows.assign(holder=who)
