"""Numba's cache on disk, of which nothing that lies there or cannot be written there stops a run.

A file that was cut, overwritten or made unreadable is a miss: it is said once, and the function is compiled anew. So is
a full disk: what was compiled is then used and not kept.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Any

from numba.core import sigutils
from numba.core.caching import FunctionCache

_log = logging.getLogger("spreadgame")  # a warning goes to standard error if nobody has set up logging
_said: set[str] = set()


class CarefulCache(FunctionCache):  # type: ignore[misc]
    """The cache of one function."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What is stored for a signature; None if nothing is, or nothing that can be read."""
        try:
            found = super().load_overload(sig, target_context)
        except Exception as error:  # unpickling what is no pickle raises whatever its bytes say
            _say_once(f"the compiled code in {self.cache_path} cannot be read ({_named(error)}); it is compiled anew")
            with contextlib.suppress(OSError):
                self.flush()  # else its index could not be read when the new code is stored
            return None
        # Two processes that store two signatures of one function at once can give both the same file.
        return found if found is None or found.signature.args == tuple(sigutils.normalize_signature(sig)[0]) else None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Store what was compiled for a signature, if that is possible."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _say_once(
                f"compiled code cannot be kept in {self.cache_path} ({_named(error)}); the next run compiles it again"
            )


def _named(error: Exception) -> str:
    text = (error.strerror if isinstance(error, OSError) else None) or str(error).partition("\n")[0]
    return f"{type(error).__name__}: {text[:80]}".rstrip(": ")


def _say_once(message: str) -> None:
    kind = message.partition("(")[0]
    if kind not in _said:
        _said.add(kind)
        _log.warning("%s", message)
