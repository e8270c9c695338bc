"""Whether `sim` and `analysis` are ours: a file of that name beside a user's script is found before them.

Imports nothing of ours, and nothing that is slow.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec

ROOMS = ("sim", "analysis")
_HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 -- pathlib is slower to import


def check() -> None:
    """Make sure that `import sim` and `import analysis` find the folders beside the package `spreadgame`.

    Raises
    ------
    ImportError
        With the file that is found instead, and what to do about it.
    """
    for room in ROOMS:
        ours = os.path.join(_HOME, room)  # noqa: PTH118
        found = _found(room)
        if found is None:
            raise ImportError(
                f"{ours}: Spreadgame's own package {room!r} is missing — install Spreadgame again", name=room
            )
        if not _same(found, ours):
            raise ImportError(
                f"{found} hides Spreadgame's own package {room!r} ({ours}) — rename it; its folder is searched first",
                name=room,
                path=found,
            )


def _found(room: str) -> str | None:
    """The file, or for a folder without `__init__.py` the folder, that `import` takes; None where there is none."""
    module = sys.modules.get(room)
    if module is not None and getattr(module, "__file__", None):
        return module.__file__
    spec: ModuleSpec | None = getattr(module, "__spec__", None) if module else find_spec(room)
    if spec is None:
        return None
    if spec.origin:
        return spec.origin
    folders = list(spec.submodule_search_locations or ())
    return folders[0] if folders else None


def _same(found: str, folder: str) -> bool:
    """Whether a package's file, or the package, is that folder's, links followed."""
    if found == os.path.join(folder, "__init__.py"):  # noqa: PTH118
        return True
    real = os.path.realpath(found)
    return os.path.realpath(folder) in (real, os.path.dirname(real))  # noqa: PTH120
