"""Points of a market at steps that do not depend on who looked when: one seed, one picture, and few of them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from sim.session.market_in_progress import MarketInProgress
from spreadgame.dashboard.history import KEPT, POINTS, History, next_point, spacing, window
from tests.command_line import QUICKSTART
from tests.places import SCENARIOS


def played(parts: list[int], pace: float = 0.0, **overrides: Any) -> tuple[dict[int, dict[str, Any]], int]:
    """Points by step, of a market that goes on by parts: played at a pace, or stepped."""
    market = MarketInProgress(QUICKSTART, overrides={k.replace("__", "."): v for k, v in overrides.items()})
    history, found = History(market, [0]), {}
    for part in parts:
        end = market.now + part
        history.advance(end, None if pace else end, pace)
        found |= {each["step"]: each for each in history.take()}
    return found, market.now


def chart(points: dict[int, dict[str, Any]], now: int, steps: float) -> dict[int, dict[str, Any]]:
    """The points of a chart over the last steps."""
    space, first = spacing(min(steps, now)), now - min(steps, now)
    return {step: each for step, each in points.items() if step % space == 0 and step >= first}


@pytest.mark.parametrize("steps", [200, 1_000, 1e9])
def test_however_a_market_was_stepped_its_charts_have_the_same_points(steps: float) -> None:
    (one, now), (other, _) = played([3_000]), played([3, 700, 1_296, 1, 1_000])
    assert chart(one, now, steps) == chart(other, now, steps)
    assert POINTS <= len(chart(one, now, steps)) <= 2 * POINTS + 1


@pytest.mark.parametrize("pace", [10.0, 400.0, 100_000.0])
def test_a_market_that_was_played_has_the_points_of_its_window_and_of_the_whole_run(pace: float) -> None:
    (one, now), (other, _) = played([37] * 81, pace), played([37 * 81])
    for steps in (window(pace), 1e9):
        assert chart(one, now, steps) == chart(other, now, steps)


def test_few_points_wait_for_a_page_that_reads_nothing() -> None:
    market = MarketInProgress(QUICKSTART, overrides={"run.steps": 10**6})
    history = History(market, [])
    for _ in range(30):
        history.advance(market.now + 500, None, 10.0)
    assert len(history.take()) < 6 * KEPT


def test_no_point_of_a_chart_is_dropped_before_its_time() -> None:
    steps = [0]
    while steps[-1] < 40_000:
        steps.append(next_point(steps[-1], 40_000, 0.0))
    kept = [each for each in steps[1:] if 40_000 - each <= KEPT * (each & -each)]
    for reach in (200, 999, 5_000, 40_000):
        space = spacing(reach)
        shown = [each for each in kept if each % space == 0 and each >= 40_000 - reach]
        assert {b - a for a, b in pairwise(shown)} == {space}
        assert shown[0] - space <= 40_000 - reach


def test_points_say_what_frames_say_and_in_which_episode() -> None:
    from spreadgame.dashboard.frames import Frames

    market = MarketInProgress(SCENARIOS / "two_books.toml", overrides={"run.steps": 100, "run.episodes": 2})
    frames = Frames(market)
    frames.history.advance(160, 160, 0.0)
    frame = frames.frame(False, 0.0)
    point = frame["history"][-1]
    assert (point["step"], point["episode"]) == (160, 1)
    assert [each["episode"] for each in frame["history"] if each["step"] in (100, 101)] == [0, 1]
    shown = [[each[key] for key in ("bid", "ask", "mid", "last", "spread_mean")] for each in frame["venues"]]
    assert point["venues"] == shown
    assert point["instruments"] == [[each["value"], each["public_value"]] for each in frame["instruments"]]
    assert point["inventory"] == [list(each["inventory"].values()) for each in frame["populations"]]
