"""The folders of compiled code: one per version of our sources, never removed while a process uses it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

import numba
import numpy as np

from sim.core.sources import digest_of_sim

try:
    import fcntl
except ImportError:  # Windows: an open file prevents its folder from being renamed
    fcntl = None  # type: ignore[assignment]

_KEPT = 6  # folders of other versions of our sources; older ones are removed
_LOCK = "in-use"  # a file of each folder: users of the folder share a lock on it; removing it needs the lock alone
_UNLOCKED_SECONDS = 86_400.0  # age up to which a folder without that file counts as used
_REMOVED = ".removed-"  # prefix of the name of a folder that is being removed
_TRIES = 100
_held: list[IO[bytes]] = []  # open until this process ends


def _sources_hash() -> str:
    """Numba's cache does not see an edit in another file, so the folder's name is made from every file of ours."""
    checked: object = numba.config.BOUNDSCHECK  # type: ignore[attr-defined]  # settings are made at run time
    versions = f"{numba.__version__} {np.__version__} {sys.version_info[:2]} {checked}"
    return hashlib.blake2b(f"{versions} {digest_of_sim()}".encode(), digest_size=8).hexdigest()


SOURCES = _sources_hash()


def opened() -> Path | None:
    """The folder of our cache, writable and locked by this process; None if none is possible."""
    try:
        given = os.environ.get("NUMBA_CACHE_DIR")
        usual = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        base = Path(given or usual) / "spreadgame"
        if not given and not base.is_absolute():
            return None
        base.mkdir(parents=True, exist_ok=True)
        folder = base / SOURCES
        if not _held_open(folder):
            return None
    except (OSError, RuntimeError, ValueError):  # RuntimeError: this user has no home
        return None
    _remove_old(base)
    return folder


def _held_open(folder: Path) -> bool:
    """Make the folder, check that it is writable, and lock it. If another process removes it meanwhile, begin again."""
    for _ in range(_TRIES):
        folder.mkdir(exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            with tempfile.TemporaryFile(dir=folder):  # otherwise Numba would cache next to the sources, and miss edits
                os.utime(folder)
            if _holds(folder / _LOCK):
                return True
    return False


def _holds(path: Path) -> bool:
    file = path.open("ab")
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:  # it is being removed
            file.close()
            return False
        except OSError:
            pass  # a disk without locks; nothing is removed there either
        if not _is_there(file, path):
            file.close()
            return False
    _held.append(file)
    return True


def _is_there(file: IO[bytes], path: Path) -> bool:
    """Whether an open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _remove_old(base: Path) -> None:
    """Remove all but the newest folders that nobody uses."""
    with contextlib.suppress(OSError):
        folders = [folder for folder in base.iterdir() if folder.is_dir()]
        for left in folders:  # by a process that was killed while removing it
            if left.name.startswith(_REMOVED):
                shutil.rmtree(left, ignore_errors=True)
        versions = [folder for folder in folders if not folder.name.startswith(_REMOVED)]
        for old in sorted(versions, key=lambda folder: folder.stat().st_mtime)[:-_KEPT]:
            with contextlib.suppress(OSError):
                _remove_unused(old)


def _remove_unused(folder: Path) -> None:
    """Remove a folder unless a process uses it. In that case it raises OSError or returns without a word."""
    gone = folder.with_name(f"{_REMOVED}{os.getpid()}-{folder.name}")
    try:
        file = (folder / _LOCK).open("r+b")
    except FileNotFoundError:  # made by a version without locks
        if time.time() - folder.stat().st_mtime > _UNLOCKED_SECONDS:
            folder.rename(gone)
    else:
        with file:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                folder.rename(gone)  # while the lock keeps all others out
        if fcntl is None:
            folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)
