"""Whether recorded base fees move as EIP-1559 says, and the use of blocks that they imply.

``spreadgame measure base_fees FILE --target N``. After a block with base fee b that used u of gas the fee is b + max(1,
⌊⌊b (u − T) / T⌋ / 8⌋) if u is above the target T, and b − ⌊⌊b (T − u) / T⌋ / 8⌋ else; a block uses at most 2T. So all
steps lie in b ± ⌊b/8⌋, which says little, since a clipped series does too. A step that the whole numbers of the rule
can give for some use says more: at a wrong target that is rare where fees are small against the target, so compare
targets.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.reading.measures import Measurement, table_of
from analysis.reading.registry import Opener, Option, measure
from sim.core.errors import ReplayError, RunError
from sim.recorded.whole_number_table import read_rows

_SHARE = 8  # the fee moves by at most 1/8 per block
_COLUMNS = ("height", "base_fee")
TARGET = 15_000_000  # gas, of Ethereum from 2021-08 to 2025-02


@dataclass(frozen=True)
class BaseFees:
    """Base fees of a file, wei, by the height of their block, which rises."""

    name: str
    fees: dict[int, int]

    @property
    def heading(self) -> str:
        """What it is, in a line."""
        return f"base fees of {len(self.fees):,} blocks in {self.name}"

    def pairs(self) -> list[tuple[int, int]]:
        """The fees of each block and its next, where the file has both."""
        return [(fee, self.fees[height + 1]) for height, fee in self.fees.items() if height + 1 in self.fees]


def read_base_fees(path: Path) -> BaseFees:
    """Read a CSV file, plain or gzip; of several rows of a height the first counts.

    Raises
    ------
    RunError
        With file, line, column, value and remedy, for what cannot be read.
    """
    fees: dict[int, int] = {}
    try:
        for row in read_rows(path, _COLUMNS, "block"):
            fees.setdefault(row.whole("height", 0), row.whole("base_fee", 0))
    except ReplayError as why:
        raise RunError(str(why)) from why
    return BaseFees(str(path), dict(sorted(fees.items())))


def uses(fee: int, after: int, target: int) -> tuple[int, int] | None:
    """The least and the most gas with which a block of a fee may have led to the next fee; None if no use does.

    Parameters
    ----------
    fee, after : wei, not negative.
    target : gas, above 0.
    """
    change, rises = abs(after - fee), after > fee
    low = 1 if rises and change == 1 else _least(change, fee, target)  # a rise is at least 1
    high = min(_least(change + 1, fee, target) - 1, target)
    if low > high:
        return None
    return (target + low, target + high) if rises else (target - high, target - low)


def _least(change: int, fee: int, target: int) -> int:
    """The least distance from the target with which ⌊fee · distance / (8 target)⌋ is at least the change."""
    if change == 0:
        return 0
    return -(-_SHARE * change * target // fee) if fee else target + 1


def _opened(path: Path, **_: Any) -> BaseFees:
    return read_base_fees(path)


@measure(
    "base_fees",
    summary="whether recorded base fees move by the whole numbers of EIP-1559, and the use of blocks that they imply",
    source="Buterin et al. 2019, EIP-1559",
    chapter="Pools and gas",
    place=2,
    options={"target": Option(TARGET, "gas that a block uses if the fee is to stay", int, 1, 10**12)},
    without_error={"pairs": "it is counted", "inside": "it is counted", "exact": "it is counted"},
    opens=Opener("files of base fees with the columns height and base_fee, in wei (CSV, plain or gzip)", _opened),
    takes_runs=False,
)
def table(recorded: BaseFees, target: int = TARGET) -> pd.DataFrame:
    """The counts and the mean use; ``attrs["details"]`` has them by name."""
    pairs = recorded.pairs()
    inside = [(fee, after) for fee, after in pairs if -(fee // _SHARE) <= after - fee <= max(fee // _SHARE, 1)]
    exact = sum(uses(fee, after, target) is not None for fee, after in pairs)
    implied = np.array([1.0 + _SHARE * (after - fee) / fee for fee, after in inside if fee])
    mean = float(implied.mean()) if len(implied) else float("nan")
    error = float(implied.std(ddof=1) / np.sqrt(len(implied))) if len(implied) > 1 else None
    why = "" if len(implied) else "; none: no block's fee and the next one's are inside"
    frame = table_of(
        [
            Measurement("pairs", len(pairs), None, "pairs", "blocks whose next one is in the file too"),
            Measurement("inside", len(inside), None, "pairs", "the fee moved by at most an eighth"),
            Measurement("exact", exact, None, "pairs", f"some use gives the next fee to the wei, at target {target:,}"),
            Measurement("mean_use", mean, error, "of target", f"that pairs inside imply{why}"),
        ]
    )
    counts = {"pairs": len(pairs), "inside": len(inside), "exact": exact}
    frame.attrs["details"] = counts | {"mean_use": mean if len(implied) else None, "mean_use_standard_error": error}
    return frame
