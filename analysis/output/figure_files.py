"""The look at the name of a figure's file, before the figure is drawn."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile

from sim.core.errors import RunError, reason_of

_ENDINGS = (".png", ".svg", ".pdf")


def check_figure(path: Path) -> None:
    """Say why a figure cannot be written to a file.

    Raises
    ------
    RunError
        If the file's folder does not exist or takes no file, or its name has another ending.
    """
    if not path.parent.is_dir():
        raise RunError(f"{path}: there is no folder {path.parent} — make it, or choose another place")
    if path.is_dir():
        raise RunError(f"{path}: this is a folder — name a file")
    if path.suffix.lower() not in _ENDINGS:
        raise RunError(f"{path}: a figure is a picture — end its name in {', '.join(_ENDINGS)}")
    try:
        with TemporaryFile(dir=path.parent):  # as it will be written: beside its place, under another name
            pass
    except OSError as error:
        raise RunError(
            f"{path}: nothing can be written in {path.parent} ({reason_of(error)}) — choose another place"
        ) from error
