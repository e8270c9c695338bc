"""The look at the name of a figure's file, before the figure is drawn."""

from __future__ import annotations

from pathlib import Path

from sim.core.errors import RunError

_ENDINGS = (".png", ".svg", ".pdf")


def check_figure(path: Path) -> None:
    """Say why a figure cannot be written to a file.

    Raises
    ------
    RunError
        If the file's folder does not exist or its name has another ending.
    """
    if not path.parent.is_dir():
        raise RunError(f"{path}: there is no folder {path.parent} — make it, or choose another place")
    if path.is_dir():
        raise RunError(f"{path}: this is a folder — name a file")
    if path.suffix.lower() not in _ENDINGS:
        raise RunError(f"{path}: a figure is a picture — end its name in {', '.join(_ENDINGS)}")
