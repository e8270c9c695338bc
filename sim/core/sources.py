"""The digest of our sources: what compiled code and kept results are known by. It is made once per process."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from pathlib import Path

SIM = Path(__file__).parents[1]


def files_in(folder: Path) -> list[Path]:
    """All files of a folder and those in it, sorted; nothing hidden, and no bytecode."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def digest_of_files(files: Iterable[Path], root: Path) -> str:
    """A digest of names, relative to ``root``, and contents."""
    made = blake2b(digest_size=16)
    for path in files:
        content = path.read_bytes()
        made.update(f"{path.relative_to(root).as_posix()} {len(content)} ".encode() + content)
    return made.hexdigest()


@cache
def digest_of_sim() -> str:
    """A digest of every file below ``sim/`` as it was when somebody first asked."""
    return digest_of_files(files_in(SIM), SIM)
