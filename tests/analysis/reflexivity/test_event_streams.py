"""Streams of events: clocks are found, windows are watched as long as they last, and files are read or refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from analysis.reflexivity.event_files import changed, file_events
from analysis.reflexivity.event_streams import Streams, clock_step, one_stream, steps_as_streams
from sim.core.errors import RunError

MESSAGES = (  # LOBSTER: time, type, order, size, price, direction
    "34200.1,1,1,10,1000000,1\n34200.2,1,2,10,1010000,-1\n34201.5,4,1,5,1000000,1\n34201.5,4,2,5,1010000,-1\n"
    "34203.25,5,0,7,1005000,1\n34204.0,4,1,5,1000000,1\n"
)
BOOK = (  # after each message: ask, size, bid, size
    "9999999999,0,1000000,10\n1010000,10,1000000,10\n1010000,10,1000000,5\n1010000,5,1000000,5\n1010000,5,1000000,5\n"
    "1010000,5,990000,5\n"
)


@pytest.mark.parametrize(
    ("times", "step"),
    [
        ([0.0, 3.0, 9.0], 3.0),
        ([0.25, 1.0, 34_200.5], 0.25),
        ([1.5, 4.5, 7.5], 3.0),
        ([34_200.000000001, 34_200.5], 0.499999999),
        ([0.1, 0.1 + 1e-9, 1.0], 1e-9),
        ([0.123456789123, 1.0, 2.0], 0.0),
        ([1.0], 0.0),
        ([0.0, 1e9], 0.0),
    ],
)
def test_the_step_of_a_clock_is_found_and_real_numbers_have_none(times: list[float], step: float) -> None:
    assert clock_step(times) == pytest.approx(step, rel=1e-12)


def test_ties_are_counted_and_a_record_reaches_half_a_gap_beyond_its_events() -> None:
    found = one_stream([10.1234567890123, 12.0, 12.0, 13.1234567890123])
    assert (found.events, found.distinct, found.step) == (4, 3, 0.0)
    assert found.times == pytest.approx([0.5, 2.3765432109877, 3.5])
    assert found.seconds == pytest.approx(4.0)


def test_on_a_clock_times_stay_on_its_steps() -> None:
    found = one_stream([2.0, 4.0, 4.0, 10.0, 12.0])
    assert found.step == 2.0
    assert found.times.tolist() == [0.0, 2.0, 8.0, 10.0]
    assert found.counts.tolist() == [1, 2, 1, 1]
    assert found.seconds == 12.0


def test_windows_are_of_whole_steps_and_streams_share_them() -> None:
    found = steps_as_streams(np.array([0, 0, 0, 2]), np.array([0, 3, 9, 4]), np.array([10, 10, 5]), 0.5)
    assert found.starts.tolist() == [0, 3, 3, 4]
    assert found.edges(3).tolist() == [0.0, 2.0, 3.5, 5.0]
    assert found.window_of(3).tolist() == [0, 0, 2, 1]
    assert found.exposures(3).tolist() == [6.0, 3.5, 3.0]
    assert found.exposures(1).tolist() == [found.seconds]


def test_a_mid_changes_where_it_differs_from_the_last_one_that_was_known() -> None:
    nan = np.nan
    assert changed(np.array([nan, 1.0, nan, 1.0, 2.0, 2.0, nan, 1.0])).tolist() == [
        False, False, False, False, True, False, False, True,
    ]  # fmt: skip
    assert not changed(np.array([nan, nan])).any()


def test_a_column_of_times_is_read_wherever_it_stands_and_however_it_is_packed(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text("kind, time ,x\na,1.5,\n\nb, 2.5,3\nc,2.5,\n", encoding="utf-8")
    packed = tmp_path / "events.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    for each in (path, packed):
        found = file_events(each)
        assert (found.events, found.distinct) == (3, 2)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("times,x\n1,2\n", "line 1: no column 'time' — did you mean 'times'"),
        ("\n1.0,2\n3.0,4\n", "line 2: no column 'time'"),
        ("time\n1.0\n\nten\n", "line 4: time is 'ten', not a number of seconds"),
        ("time,x\n1.0,1\n,2\n", "line 3: time is '', not a number of seconds"),
        ("time\n1.0\ninf\n", "line 3: time is 'inf', not a number of seconds"),
        ("time\n1.0\nnan\n", "line 3: time is 'nan', not a number of seconds"),
        ("time\n1.0\n3.0\n2.5\n", "line 4: 2.5 is earlier than the line before — sort it by time"),
        ("time\n1,2\n3,4\n", "not a table of values separated by commas"),
        ("time,x\n1,2\n1,2,3,4\n", "not a table of values separated by commas"),
    ],
)
def test_a_file_that_is_no_column_of_times_is_refused_with_the_place(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RunError) as refused:
        file_events(path)
    assert str(path) in str(refused.value)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_executions_are_displayed_and_hidden_ones_and_mids_are_of_the_book_file_beside(tmp_path: Path) -> None:
    path = tmp_path / "X_message_1.csv"
    path.write_text(MESSAGES, encoding="utf-8")
    found = file_events(path, format="lobster")
    assert (found.events, found.distinct) == (4, 3)
    with pytest.raises(RunError, match=r"mids are in its order book file, which is not there — put it at .*orderbook"):
        file_events(path, "mids", "lobster")
    (tmp_path / "X_orderbook_1.csv").write_text(BOOK, encoding="utf-8")
    moved = file_events(path, "mids", "lobster")
    assert (moved.events, moved.distinct) == (1, 1)


def test_recorded_messages_that_fall_or_are_none_are_refused_with_the_place(tmp_path: Path) -> None:
    path = tmp_path / "X_message_1.csv"
    path.write_text(MESSAGES.replace("34204.0", "34203.0"), encoding="utf-8")
    with pytest.raises(RunError, match=r"line 6: 34203.0 is earlier than the line before — sort it by time"):
        file_events(path, format="lobster")
    path.write_text("time\n1\n", encoding="utf-8")
    with pytest.raises(RunError, match="line 1: 1 columns, but a LOBSTER message file has 6"):
        file_events(path, format="lobster")
    with pytest.raises(RunError, match="a column of times has no mids — leave --events out, or name the --format"):
        file_events(path, "mids")


def test_counts_are_as_uneven_as_poisson_ones_or_more_or_nothing_is_said_of_them() -> None:
    random = np.random.default_rng(1)

    def clocked(counts: np.ndarray) -> Streams:
        steps = np.repeat(np.arange(len(counts)), counts)
        return steps_as_streams(np.zeros(len(steps), np.int64), steps, np.array([len(counts)]), 0.5)

    assert clocked(random.poisson(2.0, 20_000)).dispersion == pytest.approx(1.0, abs=0.05)
    single = random.binomial(1, 0.9, 20_000)
    assert clocked(single).dispersion == pytest.approx(0.1, abs=0.02)
    with pytest.raises(RunError, match=r"counts per step have 0\.\d+ of the variance of independent ones"):
        clocked(single).check()
    assert np.isnan(one_stream([0.0, 0.1234567890123, 1.0]).dispersion)


def test_there_are_no_more_windows_than_steps() -> None:
    steps = np.repeat(np.arange(4), 50)
    with pytest.raises(RunError, match="windows: 5 for 4 steps of a clock — choose 4 or fewer"):
        steps_as_streams(np.zeros(200, np.int64), steps, np.array([4]), 1.0).check(5)
