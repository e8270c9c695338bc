"""Recorded swaps of many pools, in the order in which their blocks ran them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.reading.text_tables import TextTable, text_table
from sim.core.errors import ReplayError, RunError

_NUMBERS = ("block_number", "transaction_position", "token_in_amount", "token_out_amount")
_TEXTS = ("contract_address", "transaction_hash", "token_in_address", "token_out_address", "abi_name")
_HINT = f"recorded swaps have the columns {', '.join((*_NUMBERS, *_TEXTS))}, as mev_inspect writes them"


@dataclass(frozen=True)
class RecordedSwaps:
    """Swaps of a file.

    Attributes
    ----------
    name : of the file.
    table : a row each: ``block``, ``position`` (of its transaction in the block), ``transaction``, ``pool``, ``kind``
    (of
        the pool's contract), ``token_in``, ``amount_in``, ``token_out``, ``amount_out``.
    """

    name: str
    table: pd.DataFrame

    @property
    def heading(self) -> str:
        """What it is, in a line."""
        return f"{len(self.table):,} swaps of {self.table['pool'].nunique():,} pools in {self.name}"


def read_swaps(path: Path) -> RecordedSwaps:
    """Read a file of swaps, CSV, plain or gzip.

    Raises
    ------
    RunError
        With file, line, value and remedy, for what cannot be read.
    """
    try:
        text = text_table(path)
    except ReplayError as why:
        raise RunError(str(why)) from why
    numbers = {name: text.numbers(name, _HINT) for name in _NUMBERS}
    for name, values in numbers.items():
        if (values < 0.0).any():
            row = int(np.argmax(values < 0.0))
            raise RunError(f"{text.place(row)}: {name} is {values[row]:g} — it is never negative")
    texts = {name: _texts(text, name) for name in _TEXTS}
    table = pd.DataFrame(
        {
            "block": numbers["block_number"],
            "position": numbers["transaction_position"],
            "transaction": texts["transaction_hash"],
            "pool": texts["contract_address"],
            "kind": texts["abi_name"],
            "token_in": texts["token_in_address"],
            "amount_in": numbers["token_in_amount"],
            "token_out": texts["token_out_address"],
            "amount_out": numbers["token_out_amount"],
        }
    )
    if table.empty:
        raise RunError(f"{path}: it has no rows — a recording has a row for each swap")
    return RecordedSwaps(str(path), table)


def _texts(text: TextTable, name: str) -> pd.Series:
    found = text.column(name, _HINT)
    return found if name == "abi_name" else found.str.lower()  # addresses are hexadecimal numbers in either case
