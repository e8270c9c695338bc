"""Inputs of a user's file besides its own text: the files that it reads during its import, and its packages.

Python tells of every file that it opens. What other languages' code opens by itself (Arrow's readers do) is not seen,
nor are environment variables, clocks and networks.
"""

from __future__ import annotations

import ast
import os
import sys
import sysconfig
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from types import FrameType
from typing import Any

from sim.strategy_kit.loading.module_loader import OURS, Contents, digest

_ROOT = Path(__file__).resolve().parents[3]
_OF_THE_SYSTEM = ("/proc/", "/dev/", "/sys/")
_SAME_NAME = {"numba", "numpy", "pandas", "scipy"}  # to look every distribution through takes a tenth of a second
_active: dict[int, tuple[set[Path], FrameType]] = {}  # by thread, what was opened below which frame
_hooked = False


@contextmanager
def recorded_reads(reads: Contents) -> Iterator[None]:
    """Inside, files that this thread opens to read are noted; afterwards ``reads`` has them with what stood in them.

    Python's own files, those of installed packages and ours are left out, as is all that importing a package reads:
    versions tell of them.
    """
    global _hooked
    if not _hooked:
        sys.addaudithook(_note)  # it can never be taken away again
        _hooked = True
    thread = threading.get_ident()
    before = _active.get(thread)
    opened: set[Path] = set()
    _active[thread] = opened, sys._getframe(2)  # of the caller, beyond this generator and what enters it
    try:
        yield
    finally:
        if before is None:
            del _active[thread]
        else:
            _active[thread] = before
    for path in sorted(opened):
        _add(path, reads)


def _add(path: Path, reads: Contents) -> None:
    with suppress(OSError, ValueError):
        found = path.resolve()
        if not (_installed(str(found)) or str(found).startswith(_OF_THE_SYSTEM) or _is_code(found)):
            reads[found] = digest(found.read_bytes())


def _is_code(path: Path) -> bool:
    return path.suffix in (".pyc", ".nbi", ".nbc")


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open" or not _active:
        return
    recording = _active.get(threading.get_ident())
    if recording is None:
        return
    opened, caller = recording
    path, mode, flags = arguments
    writes = any(letter in mode for letter in "wax") if mode else bool(flags and flags & os.O_WRONLY)
    if writes or not isinstance(path, str | bytes) or _imports_a_package(caller):
        return
    with suppress(ValueError):
        opened.add(Path(os.fsdecode(path)).absolute())


def _imports_a_package(caller: FrameType) -> bool:
    """Whether an installed module is being run for the first time, which other processes may have done before."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame is not caller:
        if frame.f_code.co_name == "<module>" and _installed(frame.f_code.co_filename):
            return True
        frame = frame.f_back
    return False


@cache
def _folders() -> tuple[str, ...]:
    """Folders whose files come with a version."""
    paths = sysconfig.get_paths()
    places = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    places += [str(_ROOT / name) for name in OURS]
    return tuple(f"{Path(place).resolve()}{os.sep}" for place in places)


def _installed(path: str) -> bool:
    return path.startswith(_folders()) or not {"site-packages", "dist-packages"}.isdisjoint(Path(path).parts)


def packages_in(contents: Contents, reads: Contents) -> dict[str, str]:
    """The installed packages that Python files import, by the name of each distribution, and their versions.

    Modules that are neither installed nor beside the files have no version: their sources are added to ``reads``.
    """
    tops = {name.partition(".")[0] for path in contents for name in _imported(path.read_bytes())}
    tops -= OURS | sys.stdlib_module_names
    known = packages_distributions() if tops - _SAME_NAME else {}
    found: dict[str, str] = {}
    for top in sorted(tops):
        for name in known.get(top, [top]):
            with suppress(PackageNotFoundError):
                found[name] = version(name)
        for path in _sources(getattr(sys.modules.get(top), "__file__", None)):
            _add(path, reads)
    return found


def _sources(file: str | None) -> Iterable[Path]:
    """The Python files of a module or a package that is not installed."""
    if file is None or _installed(str(Path(file).resolve())):
        return []
    return sorted(Path(file).parent.rglob("*.py")) if Path(file).name == "__init__.py" else [Path(file)]


def _imported(content: bytes) -> Iterator[str]:
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
