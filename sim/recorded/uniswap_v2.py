"""Recorded swaps of a constant-product pool as Uniswap v2, replayed integer by integer.

A file has the columns ``kind``, ``amount0`` and ``amount1``. A row ``reserves`` tells what the pool holds: first, and
wherever liquidity changed. A row ``swap`` tells what came in (positive) and what left (negative). Routers compute one
of the two from the other, so a swap is equal if its output follows from its input or its input from its output.
"""

from __future__ import annotations

from pathlib import Path

from sim.core.errors import ReplayError
from sim.core.wording import near_or_all
from sim.models.pools.constant_product import ConstantProduct
from sim.recorded.pool_replay import PoolReplay, Progress
from sim.recorded.whole_number_table import Row, read_rows

_COLUMNS = ("kind", "amount0", "amount1")
_KINDS = ("reserves", "swap")


def replay_v2(path: Path, progress: Progress | None = None) -> PoolReplay:
    """Replay a file; :func:`sim.recorded.pool_replay.replay_pool` has parameters and errors."""
    rows = read_rows(path, _COLUMNS, "swap")
    found, pool = PoolReplay("uniswap_v2"), None
    for number, row in enumerate(rows, 1):
        kind = row.text("kind")
        if kind not in _KINDS:
            raise row.wrong("kind", "is no kind of row", near_or_all(kind, _KINDS))
        if kind == "reserves":
            reserves = row.whole("amount0", low=1), row.whole("amount1", low=1)
            found.adoptions += pool is not None
            pool = ConstantProduct(reserves)
        elif pool is None:
            raise row.wrong("kind", "stands before the first reserves", "begin with a row of reserves")
        else:
            _swap(found, pool, row)
        if progress is not None:
            progress(number, len(rows))
    if not found.rows:
        raise ReplayError(f"{path}: no row is a swap — a recording has a row for each swap")
    return found


def _swap(found: PoolReplay, pool: ConstantProduct, row: Row) -> None:
    amount0, amount1 = amounts_of(row)
    if amount0 == amount1 == 0:
        raise row.wrong("amount0", "and nothing of the other came in", NOTHING)
    zero_for_one = amount0 > 0
    came, left = (amount0, -amount1) if zero_for_one else (amount1, -amount0)
    found.rows += 1
    by_input = pool.quote_out(zero_for_one, came)
    if by_input == left:
        pool.swap_in(zero_for_one, came)
    elif left < pool.reserves[1 if zero_for_one else 0] and pool.quote_in(zero_for_one, left) == came:
        pool.swap_out(zero_for_one, left)
        found.exact_outputs += 1
    else:
        pool.swap_in(zero_for_one, came)
        found.differs(f"{row.path}, line {row.line}", f"{left} for {came}", f"{by_input}")
        return
    found.rows_equal += 1


NOTHING = "a swap has a positive amount, which came in; what left is negative"


def amounts_of(row: Row) -> tuple[int, int]:
    """What a swap moved of both assets: what came in is positive, what left is negative.

    Raises
    ------
    ReplayError
        If both came in or both left, or something left and nothing came in.
    """
    amount0, amount1 = row.whole("amount0"), row.whole("amount1")
    if amount0 > 0 and amount1 > 0:
        raise row.wrong("amount1", f"came in, and {amount0} of the other too", "one asset comes in, the other leaves")
    if min(amount0, amount1) < 0 and max(amount0, amount1) <= 0:
        column = "amount0" if amount0 < 0 else "amount1"
        raise row.wrong(column, "left the pool, and nothing came in", NOTHING)
    return amount0, amount1
