"""Results of many runs, one row per run: as a table, as columns, or as arrays by job and seed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sim.core.arguments import a_path
from sim.core.errors import RunError
from sim.core.wording import near
from sim.experiment.jobs import FORMAT, Job
from sim.experiment.store import SAID, TABLE, read_sealed
from sim.kept.sealed import Damaged, digest_in, read_json

if TYPE_CHECKING:
    import pandas as pd


class Results:
    """The results of :func:`sim.experiment.run_many`.

    Parameters
    ----------
    jobs : in the order in which they were given.
    chunks : sealed Parquet files, or their contents, in the order of jobs and seeds.
    """

    def __init__(self, jobs: Sequence[Job], chunks: Sequence[bytes | Path]) -> None:
        self.jobs = tuple(jobs)
        self._chunks = list(chunks)

    @cached_property
    def table(self) -> pa.Table:
        """One row per run, in the order of jobs and seeds, with the unit of each column in its metadata."""
        tables = [read_sealed(chunk).replace_schema_metadata() for chunk in self._chunks]
        return pa.concat_tables(tables, promote_options="permissive").combine_chunks()

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The table as a DataFrame: ``frame.groupby("makers.params.risk_aversion")["makers.payoff"].mean()``."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    def column(self, name: str) -> NDArray[Any]:
        """A column: (runs,), nan where there is no number.

        Raises
        ------
        ValueError
            If there is none of that name.
        """
        if name not in self.table.column_names:
            raise ValueError(f"no column {name!r} — {near(name, self.table.column_names) or 'see table.column_names'}")
        found: NDArray[Any] = self.table.column(name).combine_chunks().to_numpy(zero_copy_only=False)
        return found

    def by_job(self, name: str) -> NDArray[Any]:
        """A column by job and seed: (jobs, seeds). Rows of one column ran on one seed where all jobs have the same.

        Raises
        ------
        ValueError
            If there is no such column, or the jobs have different numbers of seeds.
        """
        return self.column(name).reshape(len(self.jobs), self._seeds())

    def payoffs(self, population: str) -> NDArray[np.float64]:
        """What a population earned, its members together: (jobs, seeds, episodes), currency.

        Raises
        ------
        ValueError
            If the payoffs of episodes were not kept, or the jobs differ in seeds or episodes.
        """
        name = f"{population}.payoffs"
        if name not in self.table.column_names:
            raise ValueError(f"no column {name!r} — ask for payoffs=True, of a population there is")
        flat = self.table.column(name).combine_chunks().flatten().to_numpy(zero_copy_only=False)
        episodes = {job.scenario.run.episodes for job in self.jobs}
        if len(episodes) > 1:
            raise ValueError(f"jobs have {min(episodes)} to {max(episodes)} episodes: take their payoffs one by one")
        found: NDArray[np.float64] = flat.reshape(len(self.jobs), self._seeds(), episodes.pop())
        return found

    def _seeds(self) -> int:
        counts = {job.runs for job in self.jobs}
        if len(counts) > 1:
            raise ValueError(f"jobs have {min(counts)} to {max(counts)} seeds: take the column as it is")
        return counts.pop()

    def __len__(self) -> int:
        return sum(job.runs for job in self.jobs)

    def __repr__(self) -> str:
        return f"<Results of {len(self):,} runs, {len(self.jobs):,} jobs>"


def open_many(folder: str | Path) -> pa.Table:
    """The rows of a folder that :func:`sim.experiment.run_many` has filled, one row per run.

    Raises
    ------
    RunError
        If it is none, not all runs are done, or a file in it is damaged.
    """
    folder = a_path("folder", folder)
    said = _said(folder)
    chunks = said["chunks"]
    if said["status"] != "complete":
        there = sum((folder / "chunks" / f"{name}.parquet").is_file() for name in chunks)
        raise RunError(
            f"{folder}: not all runs are done ({there:,} of {len(chunks):,} chunks are) — run the same command again"
        )
    try:
        content = (folder / TABLE).read_bytes()
    except OSError as error:
        raise RunError(f"{folder / TABLE}: cannot be read ({error.strerror}) — run the sweep again") from error
    table = read_sealed(folder / TABLE, content)
    if digest_in(content) != said["table"]:
        raise RunError(f"{folder / TABLE}: this is not the table that {SAID} describes — run the sweep again")
    return table.replace_schema_metadata()


def _said(folder: Path) -> dict[str, Any]:
    """What ``sweep.json`` says."""
    path = folder / SAID
    try:
        said = read_json(path)
    except FileNotFoundError as error:
        raise RunError(
            f"{folder}: this is no folder of many runs (it has no {SAID}) — give the one that a sweep printed"
        ) from error
    except OSError as error:
        raise RunError(f"{path}: cannot be read ({error.strerror}) — give the folder that a sweep printed") from error
    except Damaged as error:
        raise RunError(f"{path}: damaged, or of an earlier version — run the sweep again") from error
    if said.get("format") != FORMAT:
        raise RunError(
            f"{folder}: written in format {said.get('format')}; this version of Spreadgame reads {FORMAT} — run the "
            "sweep again"
        )
    return said
