"""Who enters a tournament: the files of a folder, as bytes. None of them is run here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.core.errors import RunError, reason_of
from sim.strategy_kit.loading.module_loader import digest

OURS = ""  # the key of the scenario's own strategy, which is the yardstick
MOST_ENTRIES = 100  # a hundred files are 5,050 matches already
_MOST_BYTES = 2**20  # of a file
REASONS = ("does_not_load", "breaks_contract", "reads_the_future", "raised", "time", "memory")


@dataclass(frozen=True)
class Entry:
    """One player of the tournament.

    Attributes
    ----------
    key : the name of its file in the folder, or :data:`OURS`.
    path : the file; None for the yardstick.
    digest : of what stands in the file.
    """

    key: str
    path: Path | None = None
    digest: str = ""


@dataclass(frozen=True)
class Failure:
    """Why an entry cannot play, or why a match was not played to its end.

    Attributes
    ----------
    key : of the entry; None where it cannot be told which of the players it was.
    reason : one of :data:`REASONS`.
    seed : of the run in which it happened; None before the first run.
    """

    key: str | None
    reason: str
    message: str
    seed: int | None = None

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"key": self.key, "reason": self.reason, "message": self.message, "seed": self.seed}

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Failure:
        """What :meth:`as_json` made."""
        return cls(said["key"], said["reason"], said["message"], said["seed"])


def entries_in(folder: Path) -> tuple[list[Entry], list[Failure]]:
    """The files of a folder, in the order of their names, and those that cannot be strategies.

    Files and folders whose names begin with a dot or an underscore, and all folders, are left alone: modules and data
    that several strategies share may lie there.

    Raises
    ------
    RunError
        If there is no such folder, it has no files, or too many.
    """
    if not folder.is_dir():
        what = "this is a file, not a folder" if folder.exists() else "there is no such folder"
        raise RunError(f"{folder}: {what} — name the folder that holds one Python file per strategy")
    try:
        files = sorted(path for path in folder.iterdir() if path.name[0] not in "._" and path.is_file())
    except OSError as error:
        raise RunError(f"{folder}: the folder cannot be read ({reason_of(error)})") from error
    if not files:
        raise RunError(f"{folder}: there are no files in it — put one Python file per strategy there, such as mine.py")
    if len(files) > MOST_ENTRIES:
        raise RunError(f"{folder}: {len(files):,} files are too many — at most {MOST_ENTRIES} can enter")
    found: list[Entry] = []
    refused: list[Failure] = []
    for path in files:
        if path.suffix != ".py":
            remedy = "save it as NAME.py; notes and data belong into a folder inside, or begin its name with _"
            refused.append(Failure(path.name, "does_not_load", f"{path.name}: this is not a Python file — {remedy}"))
            continue
        try:
            if (size := path.stat().st_size) > _MOST_BYTES:
                told = f"{path.name}: {size:,} bytes are too many — a strategy has at most {_MOST_BYTES:,}"
                refused.append(Failure(path.name, "does_not_load", told))
                continue
            found.append(Entry(path.name, path.resolve(), digest(path.read_bytes())))
        except OSError as error:
            refused.append(Failure(path.name, "does_not_load", f"{path.name}: cannot be read ({reason_of(error)})"))
    return found, refused
