"""The result of a run: a folder of Parquet tables, or the same tables in memory; reading, recognising what is whole.

A folder is written as ``NAME.partial`` and renamed when it can be read: complete, interrupted or failed. So a folder
that still has that name belongs to a run that is going on or was killed (:mod:`sim.runs.files` says how the others
prove themselves). Row groups have a fixed length whatever the
flushes, and no table holds a clock time or a path: the same run gives the same bytes.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from sim.core.arguments import a_path, one_of
from sim.core.errors import RunError, reason_of
from sim.core.renamed import old_attributes_refused
from sim.core.wording import near, near_or_all
from sim.runs.files import (
    MANIFEST,
    PARTIAL,
    SCENARIO,
    TABLES,
    check_file,
    damaged,
    incomplete,
    read_manifest,
    read_summary,
)
from sim.runs.manifest import changes_in_words
from sim.scenario import Scenario
from sim.scenario.defaults import with_holders

if TYPE_CHECKING:  # opening a run needs neither the engine nor pandas
    import pandas as pd

ROW_GROUP = 131_072
_MEASURES = "analysis.reading.registry"  # asked for by name when wanted: what measures runs stands above them


class MemorySink:
    """Keeps the tables of a run in memory, as pyarrow tables."""

    def __init__(self, scenario: Scenario) -> None:
        from sim.runs.tables import TABLES, Tables  # here: it brings the engine

        self._tables = Tables(scenario)
        self._parts: dict[str, list[pa.Table]] = {name: [] for name in TABLES}
        self._keeps_trades = scenario.record.trades

    def trades(self, rows: Any) -> None:
        """Take rows of the trade tape."""
        if self._keeps_trades:
            self._put("trades", self._tables.trades(rows))

    def messages(self, rows: Any) -> None:
        """Take rows of the message log."""
        self._put("messages", self._tables.messages(rows))

    def book(self, rows: Any, ladder: Any) -> None:
        """Take samples of the book."""
        self._put("book", self._tables.book(rows, ladder))

    def agents(self, rows: Any, lots: Any, greeks: Any, risks: Any) -> None:
        """Take samples of agents or populations."""
        self._put("agents", self._tables.agents(rows, lots, greeks, risks))

    def episodes(self, rows: Any, lots: Any) -> None:
        """Take results of episodes."""
        self._put("episodes", self._tables.episodes(rows, lots))

    def settlements(self, rows: Any) -> None:
        """Take what instruments came to."""
        self._put("settlements", self._tables.settlements(rows))

    def limits(self, rows: Any) -> None:
        """Take what became of limits."""
        self._put("limits", self._tables.limits(rows))

    def margin_calls(self, rows: Any) -> None:
        """Take what happened to accounts under margin."""
        self._put("margin_calls", self._tables.margin_calls(rows))

    def _put(self, name: str, table: pa.Table) -> None:
        self._parts[name].append(table)

    def pass_on(self, other: MemorySink) -> None:
        """Give another sink every row that is kept."""
        for name, parts in self._parts.items():
            for part in parts:
                other._put(name, part)

    def table(self, name: str) -> pa.Table:
        """One table, whole."""
        parts = self._parts[name]
        if not parts:
            return self._tables.schemas[name].empty_table()
        whole = pa.concat_tables(parts)
        self._parts[name] = [whole]
        return whole


@old_attributes_refused
class Run:
    """What a run came to. Tables are pandas DataFrames, read when first asked for.

    Columns and units are those of :mod:`sim.runs.tables`; ``units(table)`` lists them. Populations, venues and sides
    are categories. ``trades``, ``book``, ``agents``, ``episodes`` and ``settlements`` are always there; ``messages``
    only where the scenario says ``record.messages = true``, ``limits`` and ``margin_calls`` where there are some.
    """

    def __init__(
        self, scenario: Scenario, manifest: dict[str, Any], summary: list[dict[str, Any]], source: Path | MemorySink
    ) -> None:
        self.scenario = scenario
        self.manifest = manifest
        self.measures = summary  # the rows of the summary, without pandas
        self._source = source
        self._checked: set[str] = set()  # tables whose files are as they were written
        self.derived: dict[
            Any, Any
        ] = {}  # what analysis has made of the tables and wants again; lives as long as the run

    @property
    def overrides(self) -> dict[str, Any]:
        """What was changed of what the scenario's file says, by path."""
        return dict(self.manifest["overrides"])

    @property
    def strategy_files(self) -> list[dict[str, Any]]:
        """The user's own files whose strategies played, each with a digest of what stood in it and their names."""
        return list(self.manifest["strategy_files"])

    @property
    def title(self) -> str:
        """The scenario's title, else the name of the folder or of the file."""
        folder = self.folder
        return self.scenario.title or (folder.name if folder else Path(self.scenario.source).stem.strip("<>"))

    @property
    def changed(self) -> list[str]:
        """What was changed of the file, files of strategies, and the seed, as headings say it."""
        return [*changes_in_words(self.manifest), f"seed {self.scenario.run.seed}"]

    @property
    def heading(self) -> str:
        """What the run is: ``Quickstart · informed.arrivals.share = 0.5 · seed 1``."""
        return " · ".join([self.title, *self.changed])

    @property
    def folder(self) -> Path | None:
        """The run folder; None for a run kept in memory."""
        return self._source if isinstance(self._source, Path) else None

    @property
    def status(self) -> str:
        """``complete``, ``interrupted`` or ``failed``."""
        return str(self.manifest["status"])

    def table(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """A table as pyarrow has it, or some of its columns, with units and meanings in the metadata of each.

        Raises
        ------
        ValueError
            If there is no such table or column.
        RunError
            If its file is not as the run wrote it, or the run kept no such table.
        """
        one_of("table", name, TABLES)
        if isinstance(self._source, MemorySink):
            whole = self._source.table(name)
            self._check_columns(name, columns, whole.schema)
            return whole if columns is None else whole.select(columns)
        with self._file(name) as file:
            self._check_columns(name, columns, file.schema_arrow)
            try:
                return file.read(columns)
            except (OSError, pa.ArrowException) as error:
                raise damaged(self._path(name), reason_of(error)) from error

    def _check_columns(self, name: str, columns: Sequence[str] | None, schema: pa.Schema) -> None:
        for column in columns or ():
            if column not in schema.names:
                raise ValueError(f"{name} has no column {column!r} — {near_or_all(column, schema.names)}")

    def batches(self, name: str) -> Iterator[pa.RecordBatch]:
        """A table batch by batch, for those that do not fit in memory."""
        one_of("table", name, TABLES)
        if isinstance(self._source, MemorySink):
            yield from self._source.table(name).to_batches()
            return
        with self._file(name) as file:
            try:
                yield from file.iter_batches(ROW_GROUP)
            except (OSError, pa.ArrowException) as error:
                raise damaged(self._path(name), reason_of(error)) from error

    def _path(self, name: str) -> Path:
        return Path(str(self._source)) / f"{name}.parquet"

    def _file(self, name: str) -> pq.ParquetFile:
        """A table's file, once it was compared with its digest."""
        path = self._path(name)
        if path.name not in self.manifest["files"]:
            raise RunError(f"{self._source}: this run kept no {name} — see [record] in the scenario")
        if name not in self._checked:
            check_file(path.parent, path.name, self.manifest)
            self._checked.add(name)
        try:
            return pq.ParquetFile(path)
        except (OSError, pa.ArrowException) as error:
            raise damaged(path, reason_of(error)) from error

    def check(self) -> None:
        """Compare the files of all tables with their digests, as otherwise each is when it is first read.

        Raises
        ------
        RunError
            If one is not as the run wrote it.
        """
        for file in self.manifest["files"] if self.folder else ():
            if file.endswith(".parquet"):
                self._file(file.removesuffix(".parquet")).close()

    def units(self, name: str) -> dict[str, str]:
        """Unit of each column of a table."""
        return {field.name: field.metadata[b"unit"].decode() for field in self.table(name).schema}

    def _frame(self, name: str) -> pd.DataFrame:
        frame: pd.DataFrame = self.table(name).to_pandas()
        return frame

    @cached_property
    def trades(self) -> pd.DataFrame:
        """Every trade."""
        return self._frame("trades")

    @cached_property
    def book(self) -> pd.DataFrame:
        """Samples of each venue's book, with value and mark."""
        return self._frame("book")

    @cached_property
    def agents(self) -> pd.DataFrame:
        """Samples of inventory, cash and wealth, by agent or by population."""
        return self._frame("agents")

    @cached_property
    def episodes(self) -> pd.DataFrame:
        """Payoffs of each episode, by agent or by population."""
        return self._frame("episodes")

    @cached_property
    def settlements(self) -> pd.DataFrame:
        """What each instrument came to in each episode: the price at which positions were closed, and the value."""
        return self._frame("settlements")

    @cached_property
    def limits(self) -> pd.DataFrame:
        """What became of each limit of each member in each episode."""
        return self._frame("limits")

    @cached_property
    def margin_calls(self) -> pd.DataFrame:
        """Calls for margin, what came of them, and defaults."""
        return self._frame("margin_calls")

    @cached_property
    def messages(self) -> pd.DataFrame:
        """The message log."""
        return self._frame("messages")

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Spreads by venue and payoffs by population, one row per measure, means with their standard errors."""
        import pandas as pd

        return pd.DataFrame(self.measures, columns=["scope", "name", "measure", "value", "standard_error", "unit"])

    def measure(self, name: str, **options: Any) -> pd.DataFrame:
        """Take a measure of the run; ``spreadgame measure`` lists them, with their options.

        Returns
        -------
        pandas.DataFrame
            Rows ``value, standard_error, unit, meaning`` by name, or a table with a column for each number, and
            ``X_standard_error`` for its standard errors; ``attrs["note"]`` is to be read with it.

        Raises
        ------
        RunError
            If there is no such measure or option, or the run did not keep what is needed.

        Examples
        --------
        >>> run.measure("attribution", horizon=50)  # doctest: +SKIP
        """
        measured: Callable[..., pd.DataFrame] = import_module(_MEASURES).measured
        return measured(self, name, **options)

    def __repr__(self) -> str:
        where = self.folder or "in memory"
        counts = f"{self.manifest['steps']:,} steps, {self.manifest['trades']:,} trades"
        return f"<Run {self.heading!r}, {self.status}, {counts}, {where}>"


def open_run(folder: str | Path) -> Run:
    """Open a run folder.

    The scenario is taken as it was resolved for the run: neither value files nor strategies are looked for again.

    Raises
    ------
    RunError
        If it is none, belongs to a run that is going on or was killed, or is not as the run wrote it.
    """
    folder = a_path("folder", folder)
    if not folder.exists() and folder.with_name(folder.name + PARTIAL).exists():
        folder = folder.with_name(folder.name + PARTIAL)
    if not (folder / MANIFEST).exists():
        raise incomplete(folder) if folder.name.endswith(PARTIAL) else RunError(_no_run(folder))
    manifest = read_manifest(folder)
    summary = read_summary(folder, manifest)
    check_file(folder, SCENARIO, manifest)
    try:
        scenario = _resolved(folder / SCENARIO, manifest["overrides"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise damaged(folder / SCENARIO, error) from error
    return Run(scenario, manifest, summary, folder)


def _no_run(folder: Path) -> str:
    if not folder.exists():
        others = [other.name for other in folder.parent.glob("*") if other.is_dir()]
        hint = near(folder.name, others) or "give the folder that a run printed"
        return f"{folder}: there is no such folder — {hint}"
    if not folder.is_dir():
        inside = (folder.parent / "manifest.json").is_file()
        return f"{folder}: this is a file — give {folder.parent if inside else 'the folder that a run printed'}"
    runs = sorted(path.parent.name for path in folder.glob("*/manifest.json"))
    more = ", …" if len(runs) > 5 else ""
    named = ", ".join(f"{name}{_changes_of(folder / name)}" for name in runs[:5])
    hint = f"give one of those in it: {named}{more}" if runs else "give the folder that a run printed"
    return f"{folder}: this is no run folder (it has no manifest.json) — {hint}"


def _changes_of(folder: Path) -> str:
    """What was changed for a run, in brackets; an empty string where nothing was, or it cannot be read."""
    try:
        changed = changes_in_words(read_manifest(folder))
    except RunError:
        return ""
    return f" ({', '.join(changed)})" if changed else ""


def _resolved(path: Path, changes: dict[str, Any]) -> Scenario:
    """A scenario as ``dump_toml`` wrote it, every default filled in; ``changes`` as its manifest has them."""
    given = tomllib.loads(path.read_text(encoding="utf-8"))
    written = Scenario.model_validate_json(json.dumps(given))  # strict, but for lists, which are tuples in it
    scenario = with_holders(written)
    scenario.came_from(str(path), path.parent, given, changes)
    return scenario
