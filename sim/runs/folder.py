"""Writing a run folder: tables by row groups, full disks, and the final name once the folder can be read."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sim.core.errors import RunError, reason_of
from sim.kept.sealed import write_whole
from sim.runs.files import FORMAT, MANIFEST, PARTIAL, SCENARIO, SUMMARY, sealed
from sim.runs.limit_words import limits_in_words
from sim.runs.result import ROW_GROUP, MemorySink
from sim.scenario import Scenario, dump_toml

_SPARE_BYTES = 256 * 2**10  # of the disk, for what a table has at its end, manifest and summary
_FOOTER_BYTES = 8 * 2**10  # of each row group, in what a table has at its end
_COMPRESSION = "zstd"


class DiskError(RunError):
    """The disk did not take what was written."""


class FolderSink(MemorySink):
    """Writes the tables of a run into a folder, a row group at a time; only unfinished row groups stay in memory."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        super().__init__(scenario)
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        kept = {
            "messages": scenario.record.messages,
            "limits": any(limits_in_words(scenario, each) for each in scenario.populations),
            "margin_calls": scenario.margin is not None,
        }
        self._wanted = [name for name in self._parts if kept.get(name, True)]
        self._groups = 0  # row groups written
        self._held = dict.fromkeys(self._wanted, 0)  # bytes in memory of each table
        self._taken = 0  # bytes taken
        self._taken_before = 0  # when the room was looked at last

    def _put(self, name: str, table: pa.Table) -> None:
        super()._put(name, table)
        self._taken += table.nbytes
        self._held[name] += table.nbytes
        rows = sum(len(part) for part in self._parts[name])
        if rows < ROW_GROUP:
            return
        whole = self.table(name)
        groups = rows // ROW_GROUP * ROW_GROUP
        self._write(name, whole.slice(0, groups))
        rest = whole.slice(groups).combine_chunks()
        self._parts[name], self._held[name] = [rest], rest.nbytes

    def _write(self, name: str, table: pa.Table) -> None:
        try:
            if name not in self._writers:
                path = self._folder / f"{name}.parquet"
                self._writers[name] = pq.ParquetWriter(path, self._tables.schemas[name], **_how())
            if len(table):
                self._writers[name].write_table(table.combine_chunks(), row_group_size=ROW_GROUP)
                self._groups += len(table) // ROW_GROUP
        except OSError as error:
            raise DiskError(f"{self._folder}: {name}.parquet cannot be written ({reason_of(error)})") from error

    def lacks_room(self, growth: float = 0.0) -> str:
        """Why the next chunk might find no room on the disk; an empty string if it will. To be asked after each chunk.

        What is in memory must find room at the end as well, so a run is stopped while all of it still does. Where it
        might not as it is, it is compressed to see.

        Parameters
        ----------
        growth : how many times as many rows as the last chunk the next one may bring.
        """
        free = shutil.disk_usage(self._folder).free
        spare = _SPARE_BYTES + _FOOTER_BYTES * self._groups
        held, coming = sum(self._held.values()), int(growth * (self._taken - self._taken_before))
        self._taken_before = self._taken
        if self._taken and free < held + coming + spare:
            held = sum(_compressed(table) for name in self._wanted if len(table := self.table(name)))
            written = sum((self._folder / f"{name}.parquet").stat().st_size for name in self._writers)
            coming = coming * (written + held) // self._taken
        return f"disk full: only {free / 2**20:.1f} MiB are left" if free < held + coming + spare else ""

    def close(self) -> None:
        """Write what is left and close the files: they can be read from now on."""
        for name in self._wanted:
            self._write(name, self.table(name))
            try:
                self._writers[name].close()
                with (self._folder / f"{name}.parquet").open("rb") as file:
                    file.seek(-4, 2)
                    whole = file.read() == b"PAR1"  # pyarrow may fail to write this and say nothing
            except OSError as error:
                raise DiskError(f"{self._folder}: {name}.parquet cannot be closed ({reason_of(error)})") from error
            if not whole:
                raise DiskError(f"{self._folder}: {name}.parquet cannot be closed")


def _how() -> dict[str, Any]:
    return {"compression": _COMPRESSION, "store_schema": True}


def _compressed(table: pa.Table) -> int:
    """Bytes that a table takes in a file."""
    file = pa.BufferOutputStream()
    pq.write_table(table.combine_chunks(), file, row_group_size=ROW_GROUP, **_how())
    return int(file.tell())


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
        try:
            self.final, self.folder = _free_name(out, name)
        except OSError as error:
            raise RunError(_unwritable(out, error)) from error
        try:
            self._write(MANIFEST, {"format": FORMAT, "status": "running"})
            (self.folder / SCENARIO).write_text(dump_toml(scenario), encoding="utf-8")
            self.sink = FolderSink(scenario, self.folder)
            lack = self.sink.lacks_room()
        except OSError as error:
            self._discard()
            raise RunError(_unwritable(out, error)) from error
        if lack:
            self._discard()
            raise RunError(f"{out}: {lack} — free some space, or choose another folder with --out")

    def _write(self, name: str, content: Any) -> None:
        """Write a file whole: whoever kills us leaves the one before, or none."""
        text = json.dumps(content, indent=2, allow_nan=False) + "\n"
        write_whole(self.folder / name, text.encode(), lasting=False)

    def _discard(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def finish(self, manifest: dict[str, Any], summary: list[dict[str, Any]]) -> dict[str, Any]:
        """Close the tables, write summary and manifest, give the folder its name. Returns the manifest as written.

        Raises
        ------
        RunError
            If the disk does not take it; the folder then stays partial.
        """
        try:
            self.sink.close()
            self._write(SUMMARY, summary)
            written = sealed(self.folder, manifest)
            self._write(MANIFEST, written)
            self.folder.rename(self.final)
        except (OSError, DiskError) as error:
            what = reason_of(error) if isinstance(error, OSError) else str(error)
            raise RunError(f"{self.folder}: cannot be finished ({what}) — it is incomplete; remove it") from error
        return written


def check_writable(out: Path) -> None:
    """Make the folder that will hold a run folder.

    Raises
    ------
    RunError
        If it cannot be made, or nothing can be made in it.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out):
            pass
    except OSError as error:
        raise RunError(_unwritable(out, error)) from error


def _unwritable(out: Path, error: OSError) -> str:
    why = reason_of(error)
    if isinstance(error, FileExistsError | NotADirectoryError):
        why = next((f"{each} is a file, not a folder" for each in (out, *out.parents) if each.is_file()), why)
    return f"{out}: no run folder can be made there ({why}) — choose another folder with --out"


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
        if not final.exists():  # else another run took its name just now
            return final, partial
        partial.rmdir()
    raise RunError(f"{out}: there are too many runs called {name!r} — choose another folder with --out")
