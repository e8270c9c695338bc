"""Only one process at a time writes in a folder of kept results; the others get an error that names it.

The lock is one of the operating system, so it ends with the process that has it, however that ends: nothing is left to
be removed by hand. A file beside it says who has it.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from sim.core.errors import RunError, reason_of
from sim.kept.sealed import remove_leftovers, write_whole

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_BEYOND = 1 << 40  # bytes
_LOCK, _WRITER = ".writer.lock", ".writer.json"
_LOOKS, _PAUSE = 40, 0.05  # for what a writer says of itself just after it has the lock


class Taken(RunError):
    """Another process writes there; ``question`` says what for."""

    def __init__(self, folder: Path, writer: dict[str, Any]) -> None:
        self.question = str(writer.get("question", ""))
        who = "another process"
        if writer:
            who = f"process {writer.get('process')} on {writer.get('host')} (since {writer.get('since')})"
        super().__init__(f"{folder}: {who} writes there — wait until it has ended, or name another folder")


@contextmanager
def claimed(folder: Path, question: str = "") -> Iterator[None]:
    """Inside, this process alone writes in a folder; what killed ones left unfinished there is removed.

    Parameters
    ----------
    folder : made if missing.
    question : told to whoever finds it taken.

    Raises
    ------
    Taken
        If another process, or another thread of this one, writes there.
    RunError
        If the folder cannot be made, or nothing can be locked there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = _locked(folder)
    except (OSError, NotImplementedError) as error:
        why = reason_of(error) if isinstance(error, OSError) else "its disk has no locks"
        file = next((each for each in (folder, *folder.parents) if each.is_file()), None)
        why = f"{file} is a file, not a folder" if file else why
        raise RunError(f"{folder}: results cannot be kept there ({why}) — choose another folder with --out") from error
    writer = folder / _WRITER
    try:
        remove_leftovers(folder)
        since = datetime.now().astimezone().isoformat(" ", "seconds")
        said = {"process": os.getpid(), "host": socket.gethostname(), "since": since, "question": question}
        try:
            write_whole(writer, json.dumps(said).encode(), lasting=False)
        except OSError as error:
            raise RunError(f"{folder}: results cannot be kept there ({reason_of(error)})") from error
        yield
    finally:
        with suppress(OSError):
            writer.unlink(missing_ok=True)
        lock.release()


@contextmanager
def claimed_place(
    folder: Path, question: str, refused: Callable[[Path], RunError | None], elsewhere: bool
) -> Iterator[Path]:
    """Inside, this process alone writes in a folder that can take a question.

    Parameters
    ----------
    refused : why a folder that is claimed cannot take it; None if it can.
    elsewhere : take the next that can, of ``NAME-2``, ``NAME-3`` and so on.

    Raises
    ------
    Taken
        If another process writes there; ``elsewhere``, if it does so for the same question.
    RunError
        Why the folder cannot take it, or that it cannot be made.
    """
    others = (folder.with_name(f"{folder.name}-{number}") for number in count(2))
    for place in chain([folder], others if elsewhere else ()):
        with ExitStack() as held:
            try:
                held.enter_context(claimed(place, question))
            except Taken as taken:
                if not elsewhere or taken.question in ("", question):
                    raise
                continue
            error = refused(place)
            if error is None:
                yield place
                return
            if not elsewhere:
                raise error


def lock_file(file: int) -> bool:
    """Lock a file that is open, whatever it is called, until it is closed. Says whether nobody else has locked it.

    Raises
    ------
    OSError
        If its disk has no locks.
    """
    try:
        if sys.platform == "win32":  # which locks bytes, for readers too: one that no file reaches
            os.lseek(file, _BEYOND, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLOCK):
            return False
        raise
    return True


def _locked(folder: Path) -> FileLock:
    lock = FileLock(folder / _LOCK, thread_local=False)
    for look in range(_LOOKS):
        try:
            lock.acquire(blocking=False)
            return lock
        except Timeout:
            writer = _writer(folder)
            if writer or look == _LOOKS - 1:
                raise Taken(folder, writer) from None
            time.sleep(_PAUSE)
    raise Taken(folder, {})


def _writer(folder: Path) -> dict[str, Any]:
    try:
        said = json.loads((folder / _WRITER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def holds_nothing(folder: Path) -> bool:
    """Whether there is nothing in a folder but what claims leave, or no such folder."""
    return not folder.is_dir() or all(path.name in (_LOCK, _WRITER) for path in folder.iterdir())
