"""Where compiled code is kept: a folder for each version of our sources, never removed while somebody uses it."""

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

try:
    import fcntl
except ImportError:  # Windows, where a file that is open keeps its folder from being renamed
    fcntl = None  # type: ignore[assignment]

_KEPT = 6  # folders of other versions of our sources; older ones are removed
_LOCK = "in-use"  # a file of each folder: those who use it share a lock on it, who removes it needs the lock alone
_UNLOCKED_SECONDS = 86_400.0  # for which a folder without that file is taken to be in use
_REMOVED = ".removed-"  # begins the name of a folder that is going
_TRIES = 100
_held: list[IO[bytes]] = []  # open as long as this process lives


def _sources_hash() -> str:
    """Numba's cache does not see an edit in another file, so the folder's name is made from every compiled source."""
    digest = hashlib.blake2b(digest_size=8)
    checked: object = numba.config.BOUNDSCHECK  # type: ignore[attr-defined]  # settings are made at run time
    digest.update(f"{numba.__version__} {np.__version__} {sys.version_info[:2]} {checked}".encode())
    sim = Path(__file__).parents[1]
    for path in sorted(sim.rglob("*.py")):
        digest.update(path.relative_to(sim).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


SOURCES = _sources_hash()


def opened() -> Path | None:
    """The folder of our cache, ready to be written and held by this process; None if there can be none."""
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
    """Make the folder, see that it can be written, and hold it. Whoever removes it meanwhile makes us begin again."""
    for _ in range(_TRIES):
        folder.mkdir(exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            with tempfile.TemporaryFile(dir=folder):  # else Numba would cache beside the sources, and miss edits
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
            pass  # a disk without locks, on which nothing is removed either
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
        for left in folders:  # by one who was killed while he removed it
            if left.name.startswith(_REMOVED):
                shutil.rmtree(left, ignore_errors=True)
        versions = [folder for folder in folders if not folder.name.startswith(_REMOVED)]
        for old in sorted(versions, key=lambda folder: folder.stat().st_mtime)[:-_KEPT]:
            with contextlib.suppress(OSError):
                _remove_unused(old)


def _remove_unused(folder: Path) -> None:
    """Remove a folder, unless somebody uses it (then an OSError says so, or nothing is said)."""
    gone = folder.with_name(f"{_REMOVED}{os.getpid()}-{folder.name}")
    try:
        file = (folder / _LOCK).open("r+b")
    except FileNotFoundError:  # of a version that took no lock
        if time.time() - folder.stat().st_mtime > _UNLOCKED_SECONDS:
            folder.rename(gone)
    else:
        with file:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                folder.rename(gone)  # while nobody can come in between
        if fcntl is None:
            folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)
