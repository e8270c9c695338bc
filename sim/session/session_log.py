"""The log of a session: a head that says what was played, and a line for each thing that came from outside.

Every line is a JSON object. Its last key, ``check``, is a CRC-32 of the line before that key, begun with the check of
the line before: so a line that was changed, lost or put elsewhere is found where it stands. A line goes to the system
in one piece before the session answers. What was answered is therefore in the log, however the process ends; a machine
that loses its power may lose the last lines. A last line without an end was being written when the process was killed:
it was not answered, and is left out.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim.core.errors import RunError, reason_of
from sim.kept.claim import lock_file
from sim.kept.version import CODE
from sim.runs.files import Shape, StrategyFile
from sim.runs.manifest import kept_value, versions
from sim.scenario import Scenario, dump_toml
from sim.strategy_kit.loading.files import files_of

FORMAT = "spreadgame session 1"
_CHECK = ',"check":"'
_END = len(_CHECK) + 8 + len('"}\n')
_MOST_BYTES = 1 << 26  # of a line: the head holds a scenario, of which a page is usual


class _Head(Shape):
    """The shape of a head, see :func:`head_of`."""

    format: str
    code: str
    versions: dict[str, str]
    outside: list[str]
    strategy_files: list[StrategyFile]
    value_files: dict[str, str]
    overrides: dict[str, Any]
    scenario: str


def head_of(scenario: Scenario, outside: tuple[str, ...]) -> dict[str, Any]:
    """All that a session depends on besides what comes from outside."""
    return {
        "format": FORMAT,
        "code": CODE,
        "versions": versions(),
        "outside": list(outside),
        "strategy_files": files_of({population.strategy for population in scenario.populations}),
        "value_files": _value_files(scenario),
        "overrides": {path: kept_value(value) for path, value in scenario.changes.items()},
        "scenario": dump_toml(scenario),
    }


def _value_files(scenario: Scenario) -> dict[str, str]:
    """The files that values and networks are read from, with a digest of each."""
    return {str(path): _digest(path) for path in scenario.files()}


def _digest(path: Path) -> str:
    try:
        return blake2b(path.read_bytes(), digest_size=16).hexdigest()
    except OSError as error:
        raise RunError(f"{path}: the values cannot be read ({reason_of(error)}) — is the file still there?") from error


class LogWriter:
    """A log that lines are put to. One session at a time writes a log, under whatever name: the file itself is locked.

    Parameters
    ----------
    path : of the file.
    head : of a new log, see :func:`head_of`; None goes on with one that is there, behind ``read``.
    read : the log as it was read, to its end.

    Raises
    ------
    RunError
        If the file is there already, cannot be made, or another session writes it.
    """

    def __init__(self, path: Path, head: dict[str, Any] | None = None, read: LogReader | None = None) -> None:
        self.path = path
        self._file = -1
        self._check = read.check if read else 0
        try:
            how = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)
            self._file = os.open(path, how if read else how | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            there = "a folder is there" if path.is_dir() else "this file is there already"
            remedy = "" if path.is_dir() else "replay it, or "
            raise RunError(f"{path}: {there} — {remedy}name another file") from None
        except OSError as error:
            raise RunError(f"{path}: no log can be written there ({reason_of(error)}) — name another file") from error
        try:
            self._begin(head, read)
        except BaseException:
            self.close()
            if read is None:  # nothing is in it
                path.unlink(missing_ok=True)
            raise

    def _begin(self, head: dict[str, Any] | None, read: LogReader | None) -> None:
        try:
            if not lock_file(self._file):
                raise RunError(f"{self.path}: another session writes this log — end it, or name another file")
            if read:
                self._go_on(read)
        except OSError as error:
            why = reason_of(error)
            raise RunError(f"{self.path}: no log can be written there ({why}) — name another file") from error
        if head is not None:
            self.put(head)

    def _go_on(self, read: LogReader) -> None:
        """Cut off what is behind the last whole line, if that is what was read."""
        if os.fstat(self._file).st_size != read.size:
            raise RunError(f"{self.path}: it was written to while it was read — replay it again")
        os.ftruncate(self._file, read.end)

    @property
    def closed(self) -> bool:
        """Whether it takes no more lines."""
        return self._file < 0

    def put(self, record: dict[str, Any]) -> None:
        """Add a line.

        Raises
        ------
        RunError
            If the disk does not take it; the log is closed then.
        """
        line, self._check = _line(record, self._check)
        try:
            written = os.write(self._file, line)
        except OSError as error:
            self.close()
            raise RunError(f"{self.path}: the log cannot be written ({reason_of(error)}) — the session ends") from error
        if written < len(line):
            self.close()
            raise RunError(f"{self.path}: the log cannot be written (the disk is full) — the session ends")

    def close(self) -> None:
        """Take no more lines, and let another session go on with the log."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1


def _line(record: dict[str, Any], check: int) -> tuple[bytes, int]:
    body = json.dumps(record, separators=(",", ":"), allow_nan=False)[:-1].encode()
    check = zlib.crc32(body, check)
    return body + f'{_CHECK}{check:08x}"}}\n'.encode(), check


class LogReader:
    """A log that is read: its ``head``, then its records one by one; each is held against its check.

    Attributes
    ----------
    head : see :func:`head_of`.
    number : of the line that was read last, the head's is 1.
    check, end : check of the last whole line, and the bytes until its end.
    size : bytes that were read.
    torn : whether a last line was cut off; known when all is read.

    Raises
    ------
    RunError
        If there is no such file, it is no log, or a line is not as it was written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number, self.check, self.end, self.size, self.torn = 0, 0, 0, 0, False
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise RunError(f"{path}: the log cannot be read ({reason_of(error)})") from error
        try:
            self.head = self._read_head()
        except RunError:
            self._file.close()
            raise

    def _read_head(self) -> dict[str, Any]:
        head = self._next()
        if head is None or head.get("format") != FORMAT:
            other = "it has no head" if head is None else f"its format is {head.get('format')!r:.60}"
            raise RunError(f"{self.path}: this is no log of a session that can be replayed ({other})")
        try:
            _Head.model_validate(head)
        except ValidationError as error:
            wrong = error.errors(include_url=False)[0]
            place = ".".join(map(str, wrong["loc"]))
            raise RunError(f"{self.path}, line 1: {place} cannot be used ({wrong['msg']})") from error
        return head

    def is_torn(self) -> bool:
        """Whether the last line was cut off; reads what is left."""
        for _ in self:
            pass
        return self.torn

    def __iter__(self) -> Iterator[dict[str, Any]]:
        with self._file:
            while (record := self._next()) is not None:
                yield record

    def _next(self) -> dict[str, Any] | None:
        """The next record; None at the end, or where a line is cut off."""
        try:
            line = self._file.readline(_MOST_BYTES)
        except OSError as error:
            raise RunError(f"{self.path}: the log cannot be read ({reason_of(error)})") from error
        self.size += len(line)
        if not line.endswith(b"\n"):
            if len(line) == _MOST_BYTES:
                raise RunError(f"{self.path}: this is no log of a session: its lines do not end")
            self.torn = bool(line)
            return None
        self.number += 1
        body, end = line[:-_END], line[-_END:]
        check = zlib.crc32(body, self.check)
        if end != f'{_CHECK}{check:08x}"}}\n'.encode():
            if self.number == 1 and b'"format"' not in line:
                raise RunError(f"{self.path}: this is no log of a session — give the file named when it was recorded")
            raise RunError(
                f"{self.path}, line {self.number}: it is damaged, or lines before it are missing — "
                f"the {self.number - 1} lines before it can be replayed, in a file of their own"
            )
        self.check = check
        self.end += len(line)
        try:
            record: dict[str, Any] = json.loads(body + b"}")
        except (ValueError, RecursionError) as error:
            raise RunError(f"{self.path}, line {self.number}: this is no JSON ({error})") from error
        return record


def check_head(read: LogReader, scenario: Scenario, other_code: bool, resume: bool) -> None:
    """See that what is replayed is what was played, and that what goes on in the log will be.

    Raises
    ------
    RunError
        If the code, a file of strategies or a file of values is another.
    """
    head, path = read.head, read.path
    if head["code"] != CODE and not other_code:
        was, now = (found.get("spreadgame", "of no version") for found in (head["versions"], versions()))
        raise RunError(
            f"{path}: it was recorded by other code (spreadgame {was}, {head['code'][:8]}; this is {now}, {CODE[:8]})"
            " — replay it with that, or allow other code: every answer is compared all the same"
        )
    if head["code"] != CODE and resume:
        raise RunError(
            f"{path}: it was recorded by other code, and what follows would stand under that one's name — "
            "go on in another file, with new_log instead of resume"
        )
    here = files_of({population.strategy for population in scenario.populations})
    digests = {file["digest"] for file in here}
    for file in head["strategy_files"]:
        if file["digest"] not in digests:
            raise RunError(
                f"{path}: it was recorded with another {Path(file['file']).name} ({file['digest'][:8]}) — "
                "name the file of strategies as it was"
            )
    for name, digest in head["value_files"].items():
        if _digest(Path(name)) != digest:
            raise RunError(f"{path}: the values of {name} are not those of the recording — put that file back")


def missing_strategies(read: LogReader, known: set[str]) -> list[str]:
    """Files of strategies that were played and of which nothing is known here."""
    files = read.head["strategy_files"]
    return [Path(each["file"]).name for each in files if not set(each["strategies"]) <= known]
