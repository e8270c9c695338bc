"""The records of a World can be read alike by compiled and by uncompiled code."""

from __future__ import annotations

import numpy as np

from sim.core.world import DTYPES


def test_no_field_has_a_name_that_uncompiled_code_would_read_elsewhere() -> None:
    fields = {(array, name) for array, dtype in DTYPES._asdict().items() for name in dtype.names or ()}
    assert {each for each in fields if hasattr(np.record, each[1])} == set()
