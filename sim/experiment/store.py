"""The files of many runs: one per chunk, written whole or not at all, and at the end one table of all.

A chunk's file has the name of everything it depends on, and a digest of what stands in it. So what is there and whole
is what would be made, and need not be made again. What is damaged is made again, and that is said. The folder::

    chunks/NAME.parquet   a chunk each
    runs/                 run folders, where they were asked for
    runs.parquet          all rows, in the order of jobs and seeds
    sweep.json            what was asked, and the chunks it came to

One process at a time writes there (:mod:`sim.kept.claim`), and never over the table of another question.
"""

from __future__ import annotations

import errno
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sim.core.errors import RunError, reason_of
from sim.experiment.jobs import FORMAT, Chunk, Source
from sim.experiment.question import Question
from sim.experiment.work import folder_name, sealable
from sim.kept.claim import claimed_place
from sim.kept.sealed import (
    LOG,
    Damaged,
    digest_in,
    is_whole,
    read_json,
    remove_leftovers,
    seal,
    sealed_json,
    was_sealed,
    write_whole,
)
from sim.kept.version import CODE, packages
from sim.runs.files import check_file, read_manifest
from sim.runs.folder import check_writable
from sim.runs.manifest import versions

SAID, TABLE = "sweep.json", "runs.parquet"
_FREE = "free some space; the same command goes on from what is kept"
_MOST_NAMED = 3
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))  # a quota is not known everywhere


class Store:
    """The folder of many runs, of which this process has the claim; see :func:`open_store`."""

    def __init__(self, folder: Path, question: Question) -> None:
        self.folder = folder
        self.question = question
        self.chunks = folder / "chunks"
        self.run_folders = folder / "runs"
        self._damaged: list[Path] = []

    def path(self, chunk: Chunk) -> Path:
        """Where a chunk's file is, or will be."""
        return self.chunks / f"{chunk.name}.parquet"

    def found(self, chunks: Sequence[Chunk]) -> dict[str, Path]:
        """The files of chunks that are finished, by name. What is damaged is removed, and said in one line."""
        found = {chunk.name: self.path(chunk) for chunk in chunks if self._has(chunk)}
        if damaged := list(dict.fromkeys(self._damaged)):
            names = ", ".join(f"{path.parent.name}/{path.name}" for path in damaged[:_MOST_NAMED])
            more = f" and {len(damaged) - _MOST_NAMED:,} others" if len(damaged) > _MOST_NAMED else ""
            LOG.warning("%s: %s%s: damaged, so made again", self.folder, names, more)
        self._damaged.clear()
        return found

    def _has(self, chunk: Chunk) -> bool:
        """Whether a chunk's file is whole, and its run folders are if there were any."""
        path = self.path(chunk)
        if not path.is_file():
            return False
        if not _is_of(path, chunk):
            self._damaged.append(path)
            path.unlink(missing_ok=True)
            return False
        if chunk.run_folders is None:
            return True
        folders = [chunk.run_folders / folder_name(piece.job, seed) for piece in chunk.pieces for seed in piece.seeds]
        there = [folder for folder in folders if folder.is_dir()]
        broken = [folder for folder in there if not _is_whole_run(folder, chunk)]
        self._damaged += broken
        return len(there) == len(folders) and not broken

    def put(self, chunk: Chunk, content: bytes) -> None:
        """Write a chunk's file.

        Raises
        ------
        RunError
            If the disk does not take it; nothing of it is left then.
        """
        _write(self.path(chunk), content)

    def describe(
        self, chunks: Sequence[Chunk], status: str, asked: dict[str, Any], sources: Sequence[Source], table: str = ""
    ) -> None:
        """Write ``sweep.json``: ``running`` before the first chunk, ``complete`` after the last.

        Parameters
        ----------
        table : the digest of ``runs.parquet``.
        """
        said = {
            "format": FORMAT, "status": status, "runs": sum(chunk.runs for chunk in chunks), **asked,
            "strategies": [source.as_json() for source in sources], "code": CODE, "versions": versions() | packages(),
            "question": self.question.as_json(), "table": table, "chunks": [chunk.name for chunk in chunks],
        }  # fmt: skip
        _write(self.folder / SAID, sealed_json(said))

    def gather(self, chunks: Sequence[Chunk]) -> str:
        """Write ``runs.parquet`` from the files of the chunks, a row group each. Returns its digest.

        Raises
        ------
        RunError
            If the disk does not take it; the chunks are still there. Or if one of them was damaged just now.
        """
        schema = pa.unify_schemas(
            [read_sealed(self.path(chunk)).schema.remove_metadata() for chunk in chunks], promote_options="permissive"
        )
        made = io.BytesIO()
        with sealable(made, schema) as writer:
            for chunk in chunks:
                writer.write_table(shaped(read_sealed(self.path(chunk)), schema))
        content = seal(made.getvalue())
        _write(self.folder / TABLE, content)
        return digest_in(content)


@contextmanager
def open_store(folder: Path, question: Question, elsewhere: bool = False, over: bool = False) -> Iterator[Store]:
    """The folder of many runs, which this process alone writes inside.

    Parameters
    ----------
    folder : made if missing.
    elsewhere : where the folder has another question's table, or one is being made there, take the next that is free:
        ``NAME-2``, ``NAME-3``.
    over : write over the table of another question; its chunks stay.

    Raises
    ------
    RunError
        If another process writes there (:class:`sim.kept.claim.Taken`), ``elsewhere`` only if it asks the same; if the
        folder has another question's table; if nothing can be written there.
    """

    def refused(place: Path) -> RunError | None:
        return None if over else _refused(place, question)

    with claimed_place(folder, question.digest, refused, elsewhere) as place:
        store = Store(place, question)
        check_writable(store.chunks)
        remove_leftovers(store.chunks, store.run_folders)
        yield store


def _refused(folder: Path, question: Question) -> RunError | None:
    """Why a table in a folder would be lost by that of a question; None if none would."""
    said, table = folder / SAID, folder / TABLE
    if not table.exists() or not said.exists():
        return None
    error = RunError(f"{table}: this is of another question — name another folder")
    try:
        kept = read_json(said)
        before = Question.from_json(kept["question"])
    except (OSError, Damaged):
        with suppress(OSError):
            if not was_sealed(said.read_bytes()):
                return RunError(f"{table}: this is of an earlier version of Spreadgame — name another folder")
        LOG.warning("%s: damaged, so it and the table are made again", said)
        return None
    except (AttributeError, KeyError, TypeError, ValueError):
        return error
    if not question.holds(before):
        return error
    if kept.get("code") != CODE:
        LOG.warning("%s: made by another version of the code, so it is made anew", table)
    elif before.strategies != question.strategies:
        LOG.warning("%s: made with strategies that were edited since, so it is made anew", table)
    return None


def _is_of(path: Path, chunk: Chunk) -> bool:
    """Whether a file is whole, and of this chunk."""
    try:
        content = path.read_bytes()
        if not is_whole(content):
            return False
        with pq.ParquetFile(pa.BufferReader(content)) as file:
            name = (file.schema_arrow.metadata or {}).get(b"name")
            return name == chunk.name.encode() and file.metadata.num_rows == chunk.runs
    except (OSError, pa.ArrowException):
        return False


def _is_whole_run(folder: Path, chunk: Chunk) -> bool:
    """Whether a run folder is as a run of this chunk wrote it."""
    try:
        manifest = read_manifest(folder)
        for name in manifest["files"]:
            check_file(folder, name, manifest)
    except RunError:
        return False
    return bool(manifest.get("chunk") == chunk.name)


def read_sealed(file: Path | bytes, content: bytes | None = None) -> pa.Table:
    """The table in a sealed file.

    Parameters
    ----------
    file : its path, or what stands in it.
    content : what stands in it, where that has been read.

    Raises
    ------
    RunError
        If it is damaged, or cannot be read.
    """
    name = file if isinstance(file, Path) else "a chunk"
    try:
        if content is None:
            content = file.read_bytes() if isinstance(file, Path) else file
        if not is_whole(content):
            raise RunError(f"{name}: this file is damaged — the command that made it makes it again")
        # Not by pq.read_table: threads of its scanner may hold Python's bytes when the process ends, which aborts it.
        with pq.ParquetFile(pa.BufferReader(content)) as opened:
            return opened.read(use_threads=False)
    except (OSError, pa.ArrowException) as error:
        raise RunError(f"{name}: cannot be read ({reason_of(error)}) — make it again") from error


def shaped(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table with the columns of ``schema``, null where it had none."""
    columns = [
        table.column(field.name).cast(field.type)
        if field.name in table.column_names
        else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _write(path: Path, content: bytes) -> None:
    try:
        write_whole(path, content)
    except OSError as error:
        remedy = f" — {_FREE}" if error.errno in _FULL else ""
        raise RunError(f"{path}: cannot be written ({reason_of(error)}){remedy}") from error
