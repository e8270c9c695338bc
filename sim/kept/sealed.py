"""Kept files: written whole or not at all, each with a digest of its content.

The digest stands in the file itself, so a file that is copied, or put among those of another folder, keeps it. It is
made of the whole file with zeros in its own place, so nothing in the file can change unseen: not even what a format
leaves unread, such as padding.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import shutil
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

_MARK = b"blake2b:"
_BEGIN = 40  # bytes of JSON, in which its digest begins
_SIZE = 32  # bytes of the digest, twice as many hexadecimal digits
UNSEALED = _MARK.decode() + "0" * 2 * _SIZE  # to be written where the digest belongs: first in JSON, else last
LOG = logging.getLogger("spreadgame")  # a warning goes to standard error if nobody has set up logging
_PARTIAL = ".partial"


class Damaged(Exception):
    """A file is not as it was written."""


def seal(content: bytes) -> bytes:
    """The content with its digest in the place of :data:`UNSEALED`.

    Raises
    ------
    ValueError
        If there is no such place.
    """
    place = _place(content)
    if place is None:
        raise ValueError("there is no place for a digest")
    return content[:place] + _digest(content, place) + content[place + 2 * _SIZE :]


def is_whole(content: bytes) -> bool:
    """Whether a sealed file's content is what was sealed."""
    place = _place(content)
    return place is not None and content[place : place + 2 * _SIZE] == _digest(content, place)


def was_sealed(content: bytes) -> bool:
    """Whether JSON looks as if it had been sealed, whole or not; files of before there were digests have none."""
    begin = content[:_BEGIN]
    return not begin or b"blake2b" in begin or b'"digest"' in begin


def digest_in(content: bytes) -> str:
    """The digest that a sealed content carries."""
    place = _place(content)
    return "" if place is None else content[place : place + 2 * _SIZE].decode("ascii", "replace")


def _place(content: bytes) -> int | None:
    found = content.find(_MARK) if content[:1] == b"{" else content.rfind(_MARK)
    place = found + len(_MARK)
    return None if found < 0 or place + 2 * _SIZE > len(content) else place


def _digest(content: bytes, place: int) -> bytes:
    view = memoryview(content)
    made = blake2b(view[:place], digest_size=_SIZE)
    made.update(b"0" * 2 * _SIZE)
    made.update(view[place + 2 * _SIZE :])
    return made.hexdigest().encode()


# --- JSON -----------------------------------------------------------------------------------------------------------


def sealed_json(content: dict[str, Any], indent: int = 2, allow_nan: bool = True) -> bytes:
    """A JSON object as a sealed file has it: ``digest`` is its first key.

    Raises
    ------
    ValueError
        If it has a number that is none, and may not.
    """
    return seal((json.dumps({"digest": UNSEALED, **content}, indent=indent, allow_nan=allow_nan) + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """The object in a sealed JSON file.

    Raises
    ------
    Damaged
        If it is not as it was written.
    OSError
        If it cannot be read.
    """
    content = path.read_bytes()
    if not is_whole(content):
        raise Damaged(f"{path} is damaged")
    try:
        found = json.loads(content)
    except ValueError as error:
        raise Damaged(f"{path} is no JSON") from error
    if not isinstance(found, dict):
        raise Damaged(f"{path} is no object")
    return found


# --- writing --------------------------------------------------------------------------------------------------------


def partial_name(path: Path) -> Path:
    """A name beside ``path`` that no other process and no other thread has, for what is not whole yet."""
    return path.with_name(f".{path.name}-{os.getpid()}-{secrets.token_hex(4)}{_PARTIAL}")


def write_whole(path: Path, write: bytes | Callable[[Path], Any], lasting: bool = True) -> None:
    """Write a file under a name of its own, and give it the right one when it is on the disk.

    Parameters
    ----------
    write : the content, or what writes the file that it is given.
    lasting : wait until it is on the disk.

    Raises
    ------
    OSError
        If the disk does not take it; nothing of it is left then.
    """
    part = partial_name(path)
    try:
        if isinstance(write, bytes):
            part.write_bytes(write)
        else:
            write(part)
        if lasting:
            with part.open("rb+") as file:
                os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def remove_leftovers(*folders: Path) -> None:
    """Remove what killed processes have not finished. Only for the one who may write there."""
    for folder in folders:
        for left in folder.glob(f".*{_PARTIAL}"):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)
