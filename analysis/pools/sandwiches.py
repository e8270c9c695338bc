"""Sandwiches among recorded swaps, and whether the pool's formula tells how they ended.

``spreadgame measure sandwiches FILE``. An attacker trades before a victim (A) and back after it (C). A pair counts if
both are swaps of one pool in one block, of different transactions and in opposite directions; C brings what A got, to
one part in a thousand; and between their places in the block a third transaction swaps in A's direction.

What may be taken for a sandwich: a swap there and back in one transaction, a trade back of another size, somebody who
trades the other way between. None of them counts. Where a pool of Uniswap v2 has nothing but one victim between A and
C, A and the victim alone tell the reserves, and these tell what C must have got. That checks that the order in the file
was the order of the chain, and tells what the victim would have got without A.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.pools.recorded_swaps import RecordedSwaps, read_swaps
from analysis.reading.measures import Measurement, table_of
from analysis.reading.registry import Opener, measure
from sim.models.pools.constant_product import V2_FEE

CONSTANT_PRODUCT = "UniswapV2Pair"
SAME_AMOUNT = 1e-3  # relative difference of what C brings from what A got
PREDICTED, CLOSELY = 1e-6, 1e-9  # relative errors of what C gets
_KEPT = float(1 - V2_FEE)


@dataclass(frozen=True)
class Sandwich:
    """A pair of swaps around at least one victim.

    Attributes
    ----------
    first, last : swaps A and C, rows of :attr:`RecordedSwaps.table`.
    victims : swaps of other transactions between them in A's direction.
    alone : whether the one victim is all that happened in the pool between them.
    """

    first: Any
    last: Any
    victims: tuple[Any, ...]
    alone: bool

    @property
    def gains(self) -> bool:
        """Whether C got more than A paid."""
        return bool(self.last.amount_out > self.first.amount_in)


def _opened(path: Path, **_: Any) -> RecordedSwaps:
    return read_swaps(path)


def find(swaps: RecordedSwaps) -> Iterator[Sandwich]:
    """Every sandwich, by block and pool."""
    for _, group in swaps.table.groupby(["block", "pool"], sort=True):
        if len(group) > 2:
            yield from _of_a_pool(list(group.sort_values("position", kind="stable").itertuples()))


def _of_a_pool(rows: list[Any]) -> Iterator[Sandwich]:
    """The sandwiches among the swaps of one pool in one block, in their order."""
    for first in rows:
        for last in rows:
            if not _there_and_back(first, last):
                continue
            ends = {first.transaction, last.transaction}
            inside = [row for row in rows if first.position < row.position < last.position]
            victims = tuple(
                row for row in inside if row.transaction not in ends and _direction(row) == _direction(first)
            )
            if victims:
                around = [row for row in rows if first.position <= row.position <= last.position]
                yield Sandwich(first, last, victims, len(around) == 3)


def _direction(row: Any) -> tuple[str, str]:
    return row.token_in, row.token_out


def _there_and_back(first: Any, last: Any) -> bool:
    return (
        last.position > first.position
        and last.transaction != first.transaction
        and _direction(last) == _direction(first)[::-1]
        and abs(last.amount_in - first.amount_out) <= SAME_AMOUNT * first.amount_out
    )


def predicted(sandwich: Sandwich) -> tuple[float, float]:
    """What C must have got and what the victim lost, by the constant product that A and the victim tell.

    Returns
    -------
    The relative difference of C's output from the prediction, and the share by which the victim got less than without
    A. Both are nan where the two swaps tell no reserves.
    """
    first, victim, last = sandwich.first, sandwich.victims[0], sandwich.last
    a, b = first.amount_in, victim.amount_in
    # Without rounding A pays o = g a y / (x + g a), the victim g b (y − o) / (x + a + g b): solved for x and y.
    with np.errstate(all="ignore"):
        price = np.float64(first.amount_out) / a
        x = victim.amount_out * (a + _KEPT * b) / (price * b - victim.amount_out)
        y = price * (x / _KEPT + a)
        left_in, left_out = x + a + b, y - first.amount_out - victim.amount_out
        out = _KEPT * last.amount_in * left_in / (left_out + _KEPT * last.amount_in)
        alone = _KEPT * b * y / (x + _KEPT * b)
        return abs(float(last.amount_out / out) - 1.0), 1.0 - float(victim.amount_out / alone)


@measure(
    "sandwiches",
    summary="how many swaps were sandwiched, whether it paid, and what it cost the victims",
    source="the definition of a pair is ours; reserves by the constant product (Adams, Zinsmeister and Robinson 2020)",
    chapter="Pools and gas",
    place=1,
    without_error={"": "it is counted, or a median of what was counted"},
    opens=Opener("files of swaps as mev_inspect writes them (CSV, plain or gzip)", _opened),
    takes_runs=False,
)
def table(swaps: RecordedSwaps) -> pd.DataFrame:
    """The counts; ``attrs["details"]`` has them by name."""
    found = list(find(swaps))
    triples = [each for each in found if each.alone and each.first.kind == CONSTANT_PRODUCT]
    errors, losses = np.array([predicted(each) for each in triples], float).reshape(-1, 2).T
    median = float(np.nanmedian(losses)) if np.isfinite(losses).any() else float("nan")
    v2 = [each for each in found if each.first.kind == CONSTANT_PRODUCT]
    close, closely = (int((errors <= limit).sum()) for limit in (PREDICTED, CLOSELY))
    counts = {
        "swaps": (len(swaps.table), "swaps", "rows of the file"),
        "sandwiches": (len(found), "pairs", "A and C around a victim"),
        "blocks": (len({each.first.block for each in found}), "blocks", "that have a sandwich"),
        "gaining": (sum(each.gains for each in found), "pairs", "C got more than A paid, before gas"),
        "constant_product": (len(v2), "pairs", f"in pools of the kind {CONSTANT_PRODUCT}"),
        "triples": (len(triples), "pairs", "of those, nothing but one victim between A and C"),
        "predicted": (close, "triples", f"C got what A and the victim tell, to {PREDICTED:g}"),
        "predicted_closely": (closely, "triples", f"the same to {CLOSELY:g}"),
    }
    rows = [Measurement(name, float(value), None, unit, meaning) for name, (value, unit, meaning) in counts.items()]
    why = "" if np.isfinite(median) else "; none: there is no triple"
    meaning = f"of triples: how much less the victim got than without A{why}"
    frame = table_of([*rows, Measurement("victim_loss_median", median, None, "share", meaning)])
    details: dict[str, Any] = {name: value for name, (value, _, _) in counts.items()}
    frame.attrs["details"] = details | {"victim_loss_median": median if np.isfinite(median) else None}
    return frame
