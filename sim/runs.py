"""The result of a run: a folder of Parquet tables, or the same tables in memory; writing, reading, recognising what is whole.

A folder is written as ``NAME.partial`` and renamed when it can be read: complete, interrupted or failed. So a folder that
still has that name belongs to a run that is going on or was killed. Row groups have a fixed length whatever the flushes,
and no table holds a clock time or a path: the same run gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
from collections.abc import Iterator
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from sim.errors import RunError, ScenarioError
from sim.scenario import Scenario, dump_toml, load
from sim.simulation import Simulation
from sim.tables import TABLES, Tables

if TYPE_CHECKING:
    import pandas as pd

ROW_GROUP = 131_072
PARTIAL = ".partial"
FORMAT = 1
_SPARE_BYTES = 64 * 2**20  # left free on the disk, so that what is written can be closed
_PACKAGES = ("spreadgame", "numpy", "numba", "pandas", "pyarrow", "mesa")


class MemorySink:
    """Keeps the tables of a run in memory, as pyarrow tables."""

    def __init__(self, scenario: Scenario) -> None:
        self._tables = Tables(scenario)
        self._parts: dict[str, list[pa.Table]] = {name: [] for name in TABLES}
        self._keeps_trades = scenario.record.trades

    def trades(self, rows: Any) -> None:
        if self._keeps_trades:
            self._put("trades", self._tables.trades(rows))

    def messages(self, rows: Any) -> None:
        self._put("messages", self._tables.messages(rows))

    def book(self, rows: Any, ladder: Any) -> None:
        self._put("book", self._tables.book(rows, ladder))

    def agents(self, rows: Any, lots: Any) -> None:
        self._put("agents", self._tables.agents(rows, lots))

    def episodes(self, rows: Any, lots: Any) -> None:
        self._put("episodes", self._tables.episodes(rows, lots))

    def _put(self, name: str, table: pa.Table) -> None:
        self._parts[name].append(table)

    def table(self, name: str) -> pa.Table:
        """One table, whole."""
        parts = self._parts[name]
        if not parts:
            return self._tables.schemas[name].empty_table()
        whole = pa.concat_tables(parts)
        self._parts[name] = [whole]
        return whole


class FolderSink(MemorySink):
    """Writes the tables of a run into a folder, a row group at a time; only unfinished row groups stay in memory."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        super().__init__(scenario)
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        wanted = [name for name in TABLES if name != "messages" or scenario.record.messages]
        for name in wanted:
            self._writers[name] = pq.ParquetWriter(
                folder / f"{name}.parquet", self._tables.schemas[name], compression="zstd", store_schema=True
            )

    def _put(self, name: str, table: pa.Table) -> None:
        super()._put(name, table)
        rows = sum(len(part) for part in self._parts[name])
        if rows < ROW_GROUP:
            return
        whole = self.table(name)
        groups = rows // ROW_GROUP * ROW_GROUP
        self._write(name, whole.slice(0, groups))
        self._parts[name] = [whole.slice(groups).combine_chunks()]

    def _write(self, name: str, table: pa.Table) -> None:
        free = shutil.disk_usage(self._folder).free
        if free < _SPARE_BYTES + table.nbytes:
            raise RunError(f"{self._folder}: only {free / 2**20:.0f} MiB are left on the disk — free some, or record less ([record])")
        self._writers[name].write_table(table.combine_chunks(), row_group_size=ROW_GROUP)

    def close(self) -> None:
        """Write what is left and close the files: they can be read from now on."""
        for name, writer in self._writers.items():
            rest = self.table(name)
            if len(rest):
                writer.write_table(rest.combine_chunks(), row_group_size=ROW_GROUP)
            writer.close()
        self._writers = {}


def versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def scenario_hash(scenario: Scenario) -> str:
    """A digest of the scenario as resolved, its seed included."""
    return hashlib.blake2b(dump_toml(scenario).encode(), digest_size=16).hexdigest()




class RunFolder:
    """A run folder being written.

    Parameters
    ----------
    out : the folder that will hold the run folder; made if missing.
    name : the run folder's name; a number is put behind it where that is taken.

    Raises
    ------
    RunError
        If the folder cannot be written.
    """

    def __init__(self, scenario: Scenario, out: Path, name: str) -> None:
        self._scenario = scenario
        try:
            self.final, self.folder = _free_name(out, name)
            (self.folder / "scenario.toml").write_text(dump_toml(scenario), encoding="utf-8")
            self._write("manifest.json", {"format": FORMAT, "status": "running"})
            self.sink = FolderSink(scenario, self.folder)
        except OSError as error:
            raise RunError(f"{out}: cannot be written ({error.strerror or error}) — choose another folder with --out") from error

    def _write(self, name: str, content: Any) -> None:
        (self.folder / name).write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")

    def finish(self, manifest: dict[str, Any], summary: list[dict[str, Any]]) -> Path:
        """Close the tables, write manifest and summary, give the folder its name. Returns it.

        Raises
        ------
        RunError
            If the disk does not take it; the folder then stays partial.
        """
        try:
            self.sink.close()
            self._write("summary.json", summary)
            self._write("manifest.json", {"format": FORMAT, **manifest})
            self.folder.rename(self.final)
        except OSError as error:
            raise RunError(f"{self.folder}: cannot be finished ({error.strerror or error}); it is incomplete") from error
        return self.final


def _free_name(out: Path, name: str) -> tuple[Path, Path]:
    out.mkdir(parents=True, exist_ok=True)
    for number in range(1, 1_000_000):
        final = out / (name if number == 1 else f"{name}-{number}")
        partial = final.with_name(final.name + PARTIAL)
        if final.exists():
            continue
        try:
            partial.mkdir()
        except FileExistsError:
            continue
        return final, partial
    raise RunError(f"{out}: there are too many runs called {name!r} — choose another folder with --out")


class Run:
    """What a run came to. Tables are pandas DataFrames, read when first asked for.

    Columns and units are those of :mod:`sim.tables`; ``units(table)`` lists them. Populations, venues and sides are
    categories. ``trades``, ``book``, ``agents`` and ``episodes`` are always there; ``messages`` only where the scenario
    says ``record.messages = true``.
    """

    def __init__(
        self, scenario: Scenario, manifest: dict[str, Any], summary: list[dict[str, Any]], source: Path | MemorySink
    ) -> None:
        self.scenario = scenario
        self.manifest = manifest
        self._summary = summary
        self._source = source

    @property
    def folder(self) -> Path | None:
        """The run folder; None for a run kept in memory."""
        return self._source if isinstance(self._source, Path) else None

    @property
    def status(self) -> str:
        """``complete``, ``interrupted`` or ``failed``."""
        return str(self.manifest["status"])

    def table(self, name: str) -> pa.Table:
        """A table as pyarrow has it, with units and meanings in the metadata of its columns."""
        if isinstance(self._source, MemorySink):
            return self._source.table(name)
        path = self._source / f"{name}.parquet"
        if not path.exists():
            raise RunError(f"{self._source}: this run kept no {name} — see [record] in the scenario")
        return pq.read_table(path)

    def batches(self, name: str) -> Iterator[pa.RecordBatch]:
        """A table batch by batch, for those that do not fit in memory."""
        if isinstance(self._source, MemorySink):
            yield from self._source.table(name).to_batches()
        else:
            with pq.ParquetFile(self._source / f"{name}.parquet") as file:
                yield from file.iter_batches(ROW_GROUP)

    def units(self, name: str) -> dict[str, str]:
        """Unit of each column of a table."""
        return {field.name: field.metadata[b"unit"].decode() for field in self.table(name).schema}

    @cached_property
    def trades(self) -> pd.DataFrame:
        """Every trade."""
        return self.table("trades").to_pandas()

    @cached_property
    def book(self) -> pd.DataFrame:
        """Samples of each venue's book, with value and mark."""
        return self.table("book").to_pandas()

    @cached_property
    def agents(self) -> pd.DataFrame:
        """Samples of inventory, cash and wealth, by agent or by population."""
        return self.table("agents").to_pandas()

    @cached_property
    def episodes(self) -> pd.DataFrame:
        """Payoffs of each episode, by agent or by population."""
        return self.table("episodes").to_pandas()

    @cached_property
    def messages(self) -> pd.DataFrame:
        """The message log."""
        return self.table("messages").to_pandas()

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Spreads by venue and payoffs by population, a row a measure, means with their standard errors."""
        import pandas as pd

        return pd.DataFrame(self._summary, columns=["scope", "name", "measure", "value", "standard_error", "unit"])

    def __repr__(self) -> str:
        where = self.folder or "in memory"
        counts = f"{self.manifest['steps']:,} steps, {self.manifest['trades']:,} trades"
        return f"<Run {self.scenario.title or self.scenario.source!r}, {self.status}, {counts}, {where}>"


def open_run(folder: str | Path) -> Run:
    """Open a run folder.

    Raises
    ------
    RunError
        If it is none, or belongs to a run that is going on or was killed.
    """
    folder = Path(folder)
    if not folder.exists() and folder.with_name(folder.name + PARTIAL).exists():
        folder = folder.with_name(folder.name + PARTIAL)
    if not (folder / "manifest.json").is_file():
        raise RunError(f"{folder}: this is no run folder (it has no manifest.json) — give the folder that a run printed")
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if manifest["status"] == "running":
            raise RunError(f"{folder}: this run is incomplete: it is still going on, or it was killed — run it again")
        if manifest["format"] != FORMAT:
            raise RunError(f"{folder}: written in format {manifest['format']}; this version of Spreadgame reads {FORMAT}")
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        scenario = load(folder / "scenario.toml")
    except (OSError, ValueError, KeyError) as error:
        raise RunError(f"{folder}: this run folder is damaged ({error})") from error
    except ScenarioError as error:
        raise RunError(f"{folder}: its scenario does not fit this version or this machine\n{error}") from error
    return Run(scenario, manifest, summary, folder)


def manifest_of(simulation: Simulation, status: str, seconds: float) -> dict[str, Any]:
    """What a run's manifest says of it, but for the reason why it ended early."""
    clock, scenario = simulation.clock, simulation.built.scenario
    messages = int(clock["messages"])
    populations, first = [], 0
    for population in scenario.populations:
        populations.append(
            {"name": population.name, "strategy": population.strategy, "first": first, "count": population.count}
        )
        first += population.count
    return {
        "status": status,
        "title": scenario.title,
        "scenario_hash": scenario_hash(scenario),
        "seed": scenario.run.seed,
        "versions": versions(),
        "steps": simulation.done,
        "steps_asked": simulation.total,
        "episodes": int(clock["episode"]),
        "messages": messages,
        "trades": int(clock["trades"]),
        "refused": int(clock["refused"]),
        "moved_quotes": int(clock["moved_quotes"]),
        "seconds": seconds,
        "messages_per_second": messages / seconds if seconds > 0 else 0.0,
        "populations": populations,
        "sampling": {
            "book_every": simulation.built.sampling.book_every,
            "agents_every": simulation.built.sampling.agents_every,
        },
    }
