"""Recorded events of pools through exact pools: what a replay takes and finds, whatever the pool's kind."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sim.core.errors import ReplayError

Progress = Callable[[int, int], None]
POOL_FORMATS = ("uniswap_v2", "uniswap_v3")


@dataclass
class PoolReplay:
    """What a replay of a pool found.

    Attributes
    ----------
    format : a name in ``POOL_FORMATS``.
    rows, rows_equal : swaps; those of which every integer is the recorded one.
    adoptions : times the reserves were taken from the file after the first.
    liquidity_rows, liquidity_equal : deposits and withdrawals; those with both amounts as recorded.
    exact_outputs : equal swaps that follow from what left the pool, and not from what came in.
    several_ticks, most_ticks : swaps that crossed more than one initialised tick, and the most ticks of a swap.
    first_difference : the first unequal row, in words; empty if there is none.
    seconds : time in the pool and the comparison.
    """

    format: str
    rows: int = 0
    rows_equal: int = 0
    adoptions: int = 0
    liquidity_rows: int = 0
    liquidity_equal: int = 0
    exact_outputs: int = 0
    several_ticks: int = 0
    most_ticks: int = 0
    first_difference: str = ""
    seconds: float = 0.0

    @property
    def is_equal(self) -> bool:
        """Whether every row is the recorded one."""
        return self.rows_equal == self.rows and self.liquidity_equal == self.liquidity_rows

    def differs(self, place: str, expected: str, found: str) -> None:
        """Keep the first unequal row."""
        self.first_difference = self.first_difference or f"{place}: the file has {expected}, the pool {found}"


def replay_pool(
    format: str,
    swaps: Path,
    pool: Path | None = None,
    liquidity: Path | None = None,
    progress: Progress | None = None,
) -> PoolReplay:
    """Put the recorded events of a pool through an exact pool and compare every integer.

    A row that differs leaves the exact pool with its own result, so later rows may differ too.

    Parameters
    ----------
    format : a name in ``POOL_FORMATS``.
    swaps : the file of swaps, and for uniswap_v2 of reserves; plain or gzip, as all files.
    pool : for uniswap_v3: the file whose one row tells fee, tick spacing and first price.
    liquidity : for uniswap_v3: the file of deposits and withdrawals.
    progress : called with the rows done and all rows.

    Raises
    ------
    ReplayError
        With file, line, column, value and remedy, for what cannot be read or cannot have happened.
    """
    began = time.perf_counter()
    if format == "uniswap_v2":
        from sim.recorded.uniswap_v2 import replay_v2

        if pool is not None or liquidity is not None:
            raise ReplayError(f"{pool or liquidity}: uniswap_v2 takes one file, with the reserves — leave it out")
        found = replay_v2(swaps, progress)
    elif format == "uniswap_v3":
        from sim.recorded.uniswap_v3 import replay_v3

        if pool is None or liquidity is None:
            lack = "pool (fee, tick spacing, first price)" if pool is None else "liquidity (deposits and withdrawals)"
            raise ReplayError(f"{swaps}: uniswap_v3 needs a file of the {lack} — give it")
        found = replay_v3(swaps, pool, liquidity, progress)
    else:
        raise ReplayError(f"format: {format!r} is not known — there is {', '.join(POOL_FORMATS)}")
    found.seconds = time.perf_counter() - began
    return found
