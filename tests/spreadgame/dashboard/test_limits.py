"""What may come in by the page."""

from __future__ import annotations

from typing import Any

import pytest

from sim.scenario import load
from spreadgame.dashboard.limits import check_overrides, check_size
from spreadgame.dashboard.refused import Refused
from tests.command_line import QUICKSTART


@pytest.mark.parametrize("value", [3, 0.5, True, "fixed_spread", [0, 1]])
def test_a_plain_value_comes_in(value: Any) -> None:
    check_overrides({"makers.params.x": value, "run.steps": 3})


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("ACME.value.path", "/etc/passwd", "no path of a file"),
        ("networks.friends.path", "a.csv", "no path of a file"),
        ("makers.params.run", "runs/other", "no path of a file"),
        ("ACME.value", {"process": "file", "path": "/etc/passwd"}, "neither a number"),
        ("populations", [{"name": "x"}], "neither a number"),
        ("makers.strategy", "x" * 201, "neither a number"),
        ("makers.count", None, "neither a number"),
        ("dashboard.controls", ["makers.count"], "which values can be changed"),
        ("simultaneous", [0] * 101, "neither a number"),
        ("", 1, "this does not say path=value"),
        ("a..b", 1, "this does not say path=value"),
        ("x" * 5000 + "..", 1, "this does not say path=value"),
    ],
)
def test_neither_files_nor_tables_come_in(path: str, value: Any, words: str) -> None:
    with pytest.raises(Refused, match=words) as refused:
        check_overrides({path: value})
    assert len(str(refused.value)) < 400


def test_a_market_of_a_page_has_a_hundred_thousand_agents_at_most() -> None:
    own = load(QUICKSTART)
    check_size(load(QUICKSTART, {"noise.count": 99_978}), own)
    with pytest.raises(Refused, match="100,000 agents at most"):
        check_size(load(QUICKSTART, {"noise.count": 99_979}), own)


def test_the_users_own_market_may_be_larger() -> None:
    check_size(load(QUICKSTART, {"noise.count": 200_000}), load(QUICKSTART, {"noise.count": 200_000}))
