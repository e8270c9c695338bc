"""Numba's cache on disk, of which nothing that lies there or cannot be written there stops a run.

A file that was cut, overwritten or made unreadable is a miss: it is said once, and the function is compiled anew. So is
a full disk: what was compiled is then used and not kept.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Any

from numba.core import caching, sigutils

_FunctionCache: Any = caching.FunctionCache  # it has no types
_normalize: Any = sigutils.normalize_signature
_log = logging.getLogger("spreadgame")  # a warning goes to standard error if nobody has set up logging
_said: set[str] = set()


class CarefulCache(_FunctionCache):  # type: ignore[misc]
    """The cache of one function."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What is stored for a signature; None if nothing is, or nothing that can be read."""
        try:
            found = super().load_overload(sig, target_context)
        except Exception as error:  # unpickling what is no pickle raises whatever its bytes say
            _say_once("read", f"compiled code in {self.cache_path} cannot be read and is made anew", error)
            with contextlib.suppress(OSError):
                self.flush()  # else its index could not be read when the new code is stored
            return None
        if found is None:
            return None
        # Two processes that store two signatures of one function at once may give both the same file.
        return found if found.signature.args == tuple(_normalize(sig)[0]) else None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Store what was compiled for a signature, if that is possible."""
        try:
            super().save_overload(sig, data)
        except Exception as error:
            if "no compiled object yet" in str(error):
                return  # a Ctrl-C fell into the callback that keeps it, and comes again
            _say_once("keep", f"compiled code cannot be kept in {self.cache_path}; the next run makes it anew", error)


def _say_once(what: str, message: str, error: Exception) -> None:
    if what in _said:
        return
    _said.add(what)
    text = (error.strerror if isinstance(error, OSError) else None) or str(error).partition("\n")[0]
    _log.warning("%s (%s)", message, f"{type(error).__name__}: {text[:80]}".rstrip(": "))
