"""The memory that a market needs, computed before it is used. A market that does not fit is refused with an error."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sim.core.errors import RunError
from sim.core.storage import Storage
from sim.core.world import DTYPES
from sim.networks.fit import LINK_BYTES

try:
    import resource
except ImportError:  # Windows, which has no limits of this kind
    resource = None  # type: ignore[assignment]

_NAME = 120  # bytes of an account's name
_GIB = 2.0**30
_UNKNOWN = 1 << 62


def needed(lengths: Mapping[str, int], drawn: int = 0) -> int:
    """Bytes of a World's arrays, and of the networks while they are drawn.

    Parameters
    ----------
    lengths : of the arrays, by name, as :class:`sim.core.storage.Storage` takes them.
    drawn : links of the largest network.
    """
    sizes = {name: dtype.itemsize for name, dtype in DTYPES._asdict().items()}
    arrays = sum(int(sizes[name]) * length for name, length in lengths.items())
    return arrays + _NAME * lengths.get("accounts", 0) + LINK_BYTES * drawn


def available() -> int:
    """Bytes that this process can still take: what is free, and what the limits of the process leave."""
    found = [_UNKNOWN]
    with suppress(AttributeError, OSError, ValueError):  # not every system says
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    with suppress(OSError, ValueError, IndexError):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        found += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    with suppress(OSError, ValueError):  # of a container; "max" is no number
        found.append(int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    if resource is not None:
        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            found.append(limit)
    return min(found)


def fitting(drawn: int = 0, **lengths: int) -> Storage:
    """:class:`sim.core.storage.Storage` of these lengths, if it fits together with a network of so many drawn links.

    Raises
    ------
    RunError
        With the memory they take, what is available, and what there is so much of.
    """
    takes, free = needed(lengths, drawn), available()
    if takes <= free:
        return Storage(**lengths)
    counts = {name: lengths.get(name, 0) for name in ("agents", "instruments", "venues", "private_values")}
    counts["links"] = drawn
    listed = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items() if count)
    raise RunError(
        f"this market takes {takes / _GIB:,.1f} GiB of memory ({listed}), and {free / _GIB:,.1f} GiB are available — "
        "take fewer agents, links or instruments, or a shorter run"
    )
