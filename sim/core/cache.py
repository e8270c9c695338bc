"""Numba's cache on disk. A damaged or missing file of the cache, or a full disk, never stops a run.

Each file begins with a digest of its bytes and of its place. The digest is checked before the file is used, because
damaged machine code would kill the process. If a file was cut, overwritten, exchanged or made unreadable, one warning
names it, and the function is compiled again. If the disk is full, compiled code is used but not kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba.core import caching, sigutils

_FunctionCache: Any = caching.FunctionCache  # Numba has no types for it
_IndexDataCacheFile: Any = caching.IndexDataCacheFile
_normalize: Any = sigutils.normalize_signature
_log = logging.getLogger("spreadgame")  # warnings go to standard error if logging is not set up
_said: set[str] = set()
_DIGEST = 16  # bytes


class _Damaged(ValueError):
    """A file that is not as it was written."""


class _SealedFiles(_IndexDataCacheFile):
    """The index of one function, and the compiled code that it names."""

    def __init__(self, home: Path, cache_path: str, filename_base: str, source_stamp: Any) -> None:
        super().__init__(cache_path, filename_base, source_stamp)
        self._home = home

    def _load_index(self) -> Any:
        try:
            stamp, overloads = self._unsealed(self._index_path)
        except FileNotFoundError:
            return {}
        return overloads if stamp == self._source_stamp else {}

    def _save_index(self, overloads: Any) -> None:
        self._seal(self._index_path, (self._source_stamp, overloads))

    def _load_data(self, name: str) -> Any:
        return self._unsealed(self._data_path(name))

    def _save_data(self, name: str, data: Any) -> None:
        self._seal(self._data_path(name), data)

    def _seal(self, path: str, content: Any) -> None:
        data = self._dump(content)
        with self._open_for_write(path) as file:
            file.write(self._digest(path, data))
            file.write(data)

    def _unsealed(self, path: str) -> Any:
        whole = memoryview(Path(path).read_bytes())
        if bytes(whole[:_DIGEST]) != self._digest(path, whole[_DIGEST:]):
            raise _Damaged("it is not as it was written")
        return pickle.loads(whole[_DIGEST:])

    def _digest(self, path: str, data: bytes | memoryview) -> bytes:
        """Digest of the bytes and of their place: a complete file in the place of another is damage too."""
        place = Path(path).relative_to(self._home.parent).as_posix()  # relative, because the whole folder may be moved
        made = hashlib.blake2b(place.encode() + b"\0", digest_size=_DIGEST)
        made.update(data)
        return made.digest()


class CarefulCache(_FunctionCache):
    """The cache of one function, in the folder ``home``.

    Raises
    ------
    OSError
        If Numba would keep it elsewhere, where it does not see edits in other files.
    """

    def __init__(self, function: Callable[..., Any], home: Path) -> None:
        super().__init__(function)
        if home not in Path(self._cache_path).parents:
            raise OSError(f"{home} cannot be written any more")
        self._cache_file = _SealedFiles(
            home, self._cache_path, self._impl.filename_base, self._impl.locator.get_source_stamp()
        )

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The code stored for a signature; None if there is none, or none that can be read."""
        try:
            found = super().load_overload(sig, target_context)
        except Exception as error:  # another program may have written anything into the index
            _say_once("read", f"compiled code in {self.cache_path} cannot be read and is made anew", error)
            with contextlib.suppress(OSError):
                self.flush()  # otherwise storing the new code would read the damaged index
            return None
        if found is None:
            return None
        # Two processes that store two signatures of one function at once may give both the same file.
        return found if found.signature.args == tuple(_normalize(sig)[0]) else None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Store the code compiled for a signature, if possible."""
        try:
            super().save_overload(sig, data)
        except Exception as error:
            if "no compiled object yet" in str(error):
                return  # a Ctrl-C arrived in the callback that stores it, and is raised again later
            _say_once("keep", f"compiled code cannot be kept in {self.cache_path}; the next run makes it anew", error)


def _say_once(what: str, message: str, error: Exception) -> None:
    if what in _said:
        return
    _said.add(what)
    text = (error.strerror if isinstance(error, OSError) else None) or str(error).partition("\n")[0]
    name = "" if isinstance(error, _Damaged) else f"{type(error).__name__}: "
    _log.warning("%s (%s)", message, f"{name}{text[:80]}".rstrip(": "))
