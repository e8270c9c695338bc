"""The line under a market says what its numbers say."""

from __future__ import annotations

from spreadgame.dashboard.caption import caption

PROFITS = {"makers": 120.0, "noise_traders": -200.0, "informed": 80.0, "idle": 0.0}


def test_nobody_has_traded_yet() -> None:
    assert caption(5, 100, 0, (1, 1), PROFITS, [], 20) == "Step 5 of 100. Nobody has traded yet."


def test_nobody_traded() -> None:
    assert caption(100, 100, 0, (1, 1), PROFITS, [], 20) == "Step 100 of 100. Nobody traded."


def test_who_lost_and_who_won_so_far_is_said_of_the_marks() -> None:
    said = caption(50, 100, 7, (1, 1), PROFITS, [("makers", 150.0, -40.0)], 20)
    assert said == (
        "Step 50 of 100, 7 trades. So far noise traders lost 200; makers won 120 and informed won 80.0, with positions "
        "at the mark. Makers gained 150 by the spread; within 20 trades after each trade the mark moved against it by "
        "40.0."
    )


def test_at_the_end_positions_are_settled_and_one_run_is_called_one() -> None:
    said = caption(100, 100, 7, (1, 1), PROFITS, [], 1)
    assert said.startswith("Step 100 of 100, 7 trades. Noise traders lost 200; makers won 120")
    assert "so far" not in said
    assert said.endswith("This is one run: another seed gives other amounts.")


def test_several_episodes_are_told_as_a_mean() -> None:
    said = caption(3, 20, 90, (4, 400), PROFITS, [("makers", 1.0, 0.5)], 1)
    assert said.startswith("Episode 4 of 400, step 3 of 20, 90 trades. In a mean of 4 episodes noise traders lost 200")
    assert said.endswith("within 1 trade after each trade the mark moved its way by 0.500.")


def test_small_amounts_are_no_news() -> None:
    assert "idle" not in caption(50, 100, 7, (1, 1), PROFITS, [], 20)
    assert "a little" not in caption(50, 100, 7, (1, 1), PROFITS | {"a little": 0.01}, [], 20)


def test_where_nothing_was_won_nothing_is_said() -> None:
    assert caption(50, 100, 2, (1, 1), {"a": 0.0, "b": 0.0}, [], 20) == "Step 50 of 100, 2 trades."
