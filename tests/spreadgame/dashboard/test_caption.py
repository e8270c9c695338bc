"""The line under a market says what its numbers say."""

from __future__ import annotations

import math

import pytest

from spreadgame.dashboard.amounts import amount
from spreadgame.dashboard.caption import Earned, caption

PROFITS = {"makers": 120.0, "noise_traders": -200.0, "informed": 80.0, "idle": 0.0}


def test_nobody_has_traded_yet() -> None:
    assert caption(5, 100, 0, (1, 1), PROFITS, [], 20) == "Step 5 of 100. Nobody has traded yet."


def test_nobody_traded() -> None:
    assert caption(100, 100, 0, (1, 1), PROFITS, [], 20) == "Step 100 of 100. Nobody traded."


def test_who_lost_and_who_won_so_far_is_said_of_the_marks() -> None:
    said = caption(50, 100, 7, (1, 1), PROFITS, [Earned("makers", 150.0, -40.0)], 20, 0.05125, 40.0 / 7)
    assert said == (
        "Step 50 of 100, 7 trades. The quoted spread was 0.0512 on average. So far noise traders lost 200; makers won "
        "120 and informed won 80.0, with positions at the mark. Makers gained 150 by the spread; within 20 trades "
        "after each trade the mark moved against them by 40.0, 5.71 per trade. This is one run: another seed gives "
        "other amounts."
    )


def test_a_mark_that_moved_the_makers_way_or_not_at_all_is_said_so() -> None:
    assert "the mark moved their way by 0.50." in caption(
        5, 9, 7, (1, 1), PROFITS, [Earned("a", 1.0, 0.5)], 1, 0.1, -0.1
    )
    assert "Makers gained 1.00 by the spread. This" in caption(
        5, 9, 7, (1, 1), PROFITS, [Earned("makers", 1.0, 0.0)], 1
    )


def test_at_the_end_positions_are_settled() -> None:
    said = caption(100, 100, 7, (1, 1), PROFITS, [], 1)
    assert said.startswith("Step 100 of 100, 7 trades. Noise traders lost 200; makers won 120")
    assert "so far" not in said
    assert said.endswith("This is one run: another seed gives other amounts.")


def test_several_episodes_are_told_as_an_average() -> None:
    said = caption(3, 20, 90, (4, 400), PROFITS, [Earned("makers", 1.0, 0.5)], 1)
    assert "Episode 4 of 400, step 3 of 20, 90 trades. On average over 4 episodes noise traders lost 200" in said
    assert "one run" not in said


def test_the_largest_are_named_and_the_others_counted() -> None:
    many = {f"n{i}": 10.0 + i for i in range(5)} | {"loser": -60.0}
    said = caption(5, 9, 7, (1, 1), many, [Earned("n1", 1.0, -0.5), Earned("n2", 2.0, -0.5)], 1)
    assert "loser lost 60.0; n4 won 14.0, n3 won 13.0 and 3 others less" in said.replace("Loser", "loser")
    assert ("N2 gained" in said, "N1 gained" in said) == (True, False)


def test_small_amounts_are_no_news() -> None:
    assert "idle" not in caption(50, 100, 7, (1, 1), PROFITS, [], 20)
    assert "a little" not in caption(50, 100, 7, (1, 1), PROFITS | {"a little": 0.01}, [], 20)


def test_where_nothing_was_won_nothing_is_said() -> None:
    said = caption(50, 100, 1, (1, 1), {"a": 0.0, "b": 0.0}, [], 20)
    assert said == "Step 50 of 100, 1 trade. This is one run: another seed gives other amounts."


@pytest.mark.parametrize(
    ("value", "text"),
    [(88.65, "88.7"), (-88.649999999999, "88.7"), (8.325, "8.33"), (99.96, "100.0"), (0.0, "0"), (1234.5, "1,235"),
     (12_345_678.0, "12.35 m"), (3.2e9, "3.20 bn"), (math.nan, "-")],
)  # fmt: skip
def test_halves_are_rounded_away_from_zero(value: float, text: str) -> None:
    assert amount(value) == text
