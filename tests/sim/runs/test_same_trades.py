from __future__ import annotations

import json

import pytest

from tests.oracles.trades_of_scenarios import FILE, digest, shipped, versions

KEPT = json.loads(FILE.read_text(encoding="utf-8"))


@pytest.mark.skipif(KEPT["versions"] != versions(), reason=f"digests were made by {KEPT['versions']}")
@pytest.mark.parametrize("name", shipped())
def test_a_shipped_scenario_trades_as_it_did_when_its_digest_was_written(name: str) -> None:
    assert digest(name) == KEPT["digests"].get(name), (
        f"{name}: other trades — if they are meant, python -m tests.oracles.trades_of_scenarios"
    )
