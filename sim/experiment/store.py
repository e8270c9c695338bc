"""The files of many runs: one a chunk, written whole or not at all, and at the end one table of all.

A chunk's file has the name of everything it depends on, so what is there is what would be made, and need not be made
again. The folder::

    chunks/NAME.parquet   a chunk each
    runs/                 run folders, where full runs were asked for
    runs.parquet          all rows, in the order of jobs and seeds
    sweep.json            what was asked, and the chunks it came to
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sim.errors import RunError
from sim.experiment.jobs import FORMAT, Chunk
from sim.experiment.work import folder_name
from sim.run_folder import check_writable
from sim.runs import reason_of, versions


class Store:
    """The folder of many runs.

    Parameters
    ----------
    folder : made if missing.

    Raises
    ------
    RunError
        If nothing can be written there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.chunks = folder / "chunks"
        self.full = folder / "runs"
        check_writable(self.chunks)

    def path(self, chunk: Chunk) -> Path:
        """Where a chunk's file is, or will be."""
        return self.chunks / f"{chunk.name}.parquet"

    def has(self, chunk: Chunk) -> bool:
        """Whether a chunk is finished: its file can be read, and its full runs are there if there were any."""
        path = self.path(chunk)
        if not path.is_file():
            return False
        try:
            with pq.ParquetFile(path) as file:
                whole = (file.schema_arrow.metadata or {}).get(b"name") == chunk.name.encode()
                whole = whole and file.metadata.num_rows == chunk.runs
        except (OSError, pa.ArrowException):
            whole = False
        if not whole:
            path.unlink(missing_ok=True)
        if chunk.full is None or not whole:
            return whole
        wanted = (chunk.full / folder_name(piece.job, seed) for piece in chunk.pieces for seed in piece.seeds)
        return all((folder / "manifest.json").is_file() for folder in wanted)

    def put(self, chunk: Chunk, content: bytes) -> None:
        """Write a chunk's file.

        Raises
        ------
        RunError
            If the disk does not take it; nothing of it is left then.
        """
        _write_whole(self.path(chunk), content)

    def describe(self, chunks: Sequence[Chunk], status: str, asked: dict[str, Any]) -> None:
        """Write ``sweep.json``: ``running`` before the first chunk, ``complete`` after the last."""
        said = {
            "format": FORMAT, "status": status, "runs": sum(chunk.runs for chunk in chunks), **asked,
            "versions": versions(), "chunks": [chunk.name for chunk in chunks],
        }  # fmt: skip
        _write_whole(self.folder / "sweep.json", (json.dumps(said, indent=2) + "\n").encode())

    def gather(self, chunks: Sequence[Chunk]) -> Path:
        """Write ``runs.parquet`` from the files of the chunks, a row group each. Returns its path.

        Raises
        ------
        RunError
            If the disk does not take it; the chunks are still there.
        """
        final = self.folder / "runs.parquet"
        part = final.with_suffix(".partial")
        try:
            schema = pa.unify_schemas(
                [pq.read_schema(self.path(chunk)).remove_metadata() for chunk in chunks], promote_options="permissive"
            )
            with pq.ParquetWriter(part, schema, compression="zstd") as writer:
                for chunk in chunks:
                    writer.write_table(shaped(pq.read_table(self.path(chunk)), schema))
            _check_end(part)
            part.replace(final)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise RunError(f"{final}: cannot be written ({reason_of(error)}) — {_FREE}") from error
        return final


_FREE = "free some space; the same command goes on from what is kept"


def shaped(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table with the columns of ``schema``, null where it had none."""
    columns = [
        table.column(field.name).cast(field.type)
        if field.name in table.column_names
        else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file under another name, and give it its own when it is on the disk."""
    part = path.with_name(f".{path.stem}-{os.getpid()}.partial")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({reason_of(error)}) — {_FREE}") from error
    finally:
        part.unlink(missing_ok=True)


def _check_end(path: Path) -> None:
    with path.open("rb") as file:  # pyarrow may fail to write the end and say nothing
        file.seek(-4, os.SEEK_END)
        if file.read() != b"PAR1":
            raise OSError(28, "No space left on device")
