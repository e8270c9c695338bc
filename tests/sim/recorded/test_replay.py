"""Recorded messages through the engine: real days, a plain market cut at any depth, and files that lie."""

from __future__ import annotations

import dataclasses
import gzip
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from sim.core.errors import ReplayError
from sim.recorded.replay import CROSS, DELETE, EXECUTE, HALT, HIDDEN, REDUCE, SUBMIT, Difference, ReplayResult, replay
from tests.places import ROOT

BUY, SELL = 1, -1
Message = tuple[float, int, int, int, int, int]  # time, type, order, size, price, direction
Row = list[int]


# --- a plain market, whose messages and books are written as LOBSTER would -------------------------------------------


@dataclass
class PlainMarket:
    """Queues as lists of [order, lots]; nothing shared with the engine."""

    dice: random.Random
    prices: Sequence[int]  # those that orders may have, ascending
    padding: tuple[int, int, int] = (9_999_999_999, -9_999_999_999, 0)  # ask, bid, size of a level that is not there
    queues: dict[int, dict[int, list[list[int]]]] = field(default_factory=lambda: {BUY: {}, SELL: {}})
    centre: int = -1  # place among the prices; buyers come below it, sellers above
    next_order: int = 3_000_000_000  # beyond int32

    def best(self, side: int) -> int | None:
        prices = self.queues[side]
        return (max(prices) if side == BUY else min(prices)) if prices else None

    def view(self, depth: int) -> Row:
        asks, bids = sorted(self.queues[SELL]), sorted(self.queues[BUY], reverse=True)
        row = []
        for k in range(depth):
            for side, prices, empty in ((SELL, asks, self.padding[0]), (BUY, bids, self.padding[1])):
                if k < len(prices):
                    row += [prices[k], sum(lots for _, lots in self.queues[side][prices[k]])]
                else:
                    row += [empty, self.padding[2]]
        return row

    def submit(self) -> Message | None:
        side = self.dice.choice((BUY, SELL))
        if self.centre < 0 or self.dice.random() < 0.1:
            third = len(self.prices) // 3
            self.centre = self.dice.randint(third, 2 * third) if self.centre < 0 else self.centre
            self.centre = min(max(self.centre + self.dice.choice((-1, 1)), third), 2 * third)
        place = self.centre - side * int(self.dice.expovariate(0.3)) + (side == SELL)
        price = self.prices[min(max(place, 0), len(self.prices) - 1)]
        other = self.best(-side)
        if other is not None and side * price >= side * other:
            return None
        lots = self.dice.choice((1, 7, 50, 100, 100, 100))
        self.next_order += self.dice.choice((1, 2, 10**9))
        self.queues[side].setdefault(price, []).append([self.next_order, lots])
        return (0.0, SUBMIT, self.next_order, lots, price, side)

    def take(self, kind: int) -> Message | None:
        side = self.dice.choice((BUY, SELL))
        if not self.queues[side]:
            return None
        best = self.best(side)
        price = best if kind == EXECUTE and best is not None else self.dice.choice(list(self.queues[side]))
        queue = self.queues[side][price]
        # One execution in twenty is out of turn: exchanges have such orders.
        place = self.dice.randrange(len(queue)) if kind != EXECUTE or self.dice.random() < 0.05 else 0
        order = queue[place]
        if kind == REDUCE and order[1] == 1:
            return None
        lots = order[1]
        if kind == REDUCE or (kind == EXECUTE and self.dice.random() < 0.4):
            lots = self.dice.randint(1, max(1, order[1] - 1))
        order[1] -= lots
        if order[1] == 0:
            queue.remove(order)
        if not queue:
            del self.queues[side][price]
        return (0.0, kind, order[0], lots, price, side)

    def event(self, leaving: float) -> Message | None:
        if self.dice.random() > leaving:
            return self.submit()
        kind = self.dice.choice(
            (REDUCE, DELETE, DELETE, DELETE, EXECUTE, EXECUTE, EXECUTE, EXECUTE, HIDDEN, CROSS, HALT)
        )
        if kind == HIDDEN:
            return (0.0, HIDDEN, 0, 5, self.prices[0] + 1, BUY)  # between the ticks
        if kind == CROSS:
            return (0.0, CROSS, -1, 900, self.prices[0], BUY)
        if kind == HALT:
            return (0.0, HALT, 0, 0, self.dice.choice((-1, 0, 1)), -1)
        return self.take(kind)


def record(market: PlainMarket, depth: int, length: int, leaving: float = 0.5) -> tuple[list[Message], list[Row]]:
    """Messages and book rows as a file cut at ``depth`` has them: what does not show in the view is not recorded."""
    for _ in range(4 * depth):
        market.submit()
    messages: list[Message] = []
    rows: list[Row] = []
    before = market.view(depth)
    while len(rows) < length:
        # The flow swings, so that books fill beyond the depth and empty again.
        swing = leaving + (0.2 if (len(rows) // 20) % 2 else -0.2)
        message = market.event(swing)
        view = market.view(depth)
        if message is not None and (view != before or message[1] >= HIDDEN):
            messages.append((34_200 + len(rows) / 1000, *message[1:]))
            rows.append(view)
        before = view
    return messages, rows


def write(folder: Path, messages: Sequence[Sequence[object]], rows: Sequence[Sequence[object]]) -> tuple[Path, Path]:
    paths = folder / "message.csv", folder / "orderbook.csv"
    for path, table in zip(paths, (messages, rows), strict=True):
        path.write_text("".join(",".join(map(str, line)) + "\n" for line in table))
    return paths


CENT = list(range(1_000_000, 1_004_000, 100))
MARKETS: dict[str, dict[str, object]] = {
    "cents": {"prices": CENT},
    "far apart": {"prices": [100 * 3**k for k in range(1, 15)]},
    "thin": {"prices": CENT[::10]},
    "$600,000": {"prices": [6_000_000_000 + 100 * k for k in range(40)]},
    "$0.0123": {"prices": list(range(100, 140)), "padding": (0, 0, 0)},
    "ticks beyond the engine": {"prices": [*range(101, 130), 1_999_999_900, 1_999_999_901], "padding": (-1, -1, -1)},
}


def market_of(name: str, seed: int) -> PlainMarket:
    return PlainMarket(random.Random(f"{name} {seed}"), **MARKETS[name])  # type: ignore[arg-type]


@pytest.mark.parametrize("depth", [1, 2, 5, 10])
@pytest.mark.parametrize("name", MARKETS)
def test_every_row_is_equal_when_what_slides_in_is_adopted(name: str, depth: int, tmp_path: Path) -> None:
    adoptions = 0
    for seed in range(8):
        messages, rows = record(market_of(name, seed), depth, 400, leaving=0.6 if name == "thin" else 0.5)
        result = replay(*write(tmp_path, messages, rows))
        assert result.first_difference is None, (seed, result.first_difference)
        assert result.rows_equal == result.rows == len(rows)
        assert result.equal_by_level == [len(rows)] * depth
        assert (result.unmatched, result.crossed) == (0, 0)
        kinds = [message[1] for message in messages]
        assert (result.executions, result.hidden) == (kinds.count(EXECUTE), kinds.count(HIDDEN))
        assert (result.crosses, result.halts) == (kinds.count(CROSS), kinds.count(HALT))
        adoptions += result.adoptions
    if name == "cents" and depth <= 2:
        assert adoptions > 50  # the cut matters, or this test proves nothing


@pytest.mark.parametrize("name", MARKETS)
def test_at_full_depth_nothing_is_adopted(name: str, tmp_path: Path) -> None:
    for seed in range(4):
        files = write(tmp_path, *record(market_of(name, seed), 45, 400))
        result = replay(*files)
        assert (result.rows_equal, result.adoptions, result.levels_adopted) == (400, 0, 0)
        assert dataclasses.replace(replay(*files, level_adoption=False), level_adoption=True) == dataclasses.replace(
            result,
            seconds=pytest.approx(result.seconds, abs=9),
            messages_per_second=pytest.approx(0, abs=1e12),
            reading_seconds=pytest.approx(0, abs=99),
        )


def test_fewer_levels_than_the_file_has_can_be_asked_for(tmp_path: Path) -> None:
    files = write(tmp_path, *record(market_of("cents", 0), 10, 400))
    for depth in (1, 3, 10):
        result = replay(*files, depth=depth)
        assert (result.depth, result.levels, result.equal_by_level) == (depth, 10, [400] * depth)


def test_uncompiled_replay_finds_the_same(tmp_path: Path) -> None:
    files = write(tmp_path, *record(market_of("cents", 1), 2, 300))
    code = (
        "import dataclasses, json, sys; from sim.recorded.replay import replay;"
        "print(json.dumps(dataclasses.asdict(replay(*sys.argv[1:]))))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, *map(str, files)],
        cwd=ROOT,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    found, expected = json.loads(answer.stdout), dataclasses.asdict(replay(*files))
    for clock in ("seconds", "messages_per_second", "reading_seconds"):
        del found[clock], expected[clock]
    assert found == expected


# --- adoption must not be able to mend a wrong engine: a wrong message is a wrong engine ------------------------------


def _smaller(message: Message) -> Message | None:
    return (*message[:3], message[3] - 1, *message[4:]) if message[3] > 1 else None


def _larger(message: Message) -> Message:
    return (*message[:3], message[3] + 1, *message[4:])


def _elsewhere(message: Message) -> Message:
    return (*message[:4], message[4] + 100, message[5])


def _other_side(message: Message) -> Message:
    return (*message[:5], -message[5])


def _lost(message: Message) -> Message:
    return (message[0], HIDDEN, *message[2:])


@pytest.mark.parametrize("depth", [1, 3, 45])
@pytest.mark.parametrize("wrong", [_smaller, _larger, _elsewhere, _other_side, _lost])
def test_one_wrong_message_makes_its_row_unequal(
    wrong: Callable[[Message], Message | None], depth: int, tmp_path: Path
) -> None:
    messages, rows = record(market_of("cents", 5), depth, 150)
    tried = 0
    for row in range(1, len(messages)):
        message = wrong(messages[row])
        if message is None or messages[row][1] > EXECUTE:
            continue
        tried += 1
        result = replay(*write(tmp_path, [*messages[:row], message, *messages[row + 1 :]], rows))
        if wrong is _larger and messages[row][1] != SUBMIT and result.rows_equal == result.rows:
            assert result.unmatched > 0  # nothing else was there to take: the book is right, the message is not
            continue
        assert result.rows_equal < result.rows, (row, messages[row])
        assert result.first_difference is not None
        assert result.first_difference.row == row
    assert tried > 50


def test_a_row_missing_from_both_files_is_noticed(tmp_path: Path) -> None:
    messages, rows = record(market_of("cents", 6), 45, 150)
    for row in range(1, len(messages) - 1):
        if messages[row][1] > EXECUTE:
            continue
        result = replay(*write(tmp_path, messages[:row] + messages[row + 1 :], rows[:row] + rows[row + 1 :]))
        assert result.rows_equal < result.rows or result.unmatched > 0, (row, messages[row])


def test_a_wrong_book_row_is_one_unequal_row(tmp_path: Path) -> None:
    messages, rows = record(market_of("cents", 7), 3, 100)
    row = next(i for i in range(40, 100) if rows[i][5] > 0 and rows[i - 1] != rows[i])
    wrong = [*rows[row][:5], rows[row][5] + 3, *rows[row][6:]]
    result = replay(*write(tmp_path, messages, [*rows[:row], wrong, *rows[row + 1 :]]))
    assert result.rows_equal == 99
    assert result.equal_by_level == [100, 99, 99]
    expected, found = (wrong[4], wrong[5]), (rows[row][4], rows[row][5])
    assert result.first_difference == Difference(
        row=row, level=2, side="ask", expected=expected, found=found, line=row + 1
    )


# --- what a recorded day may hold ------------------------------------------------------------------------------------

NO_ASK, NO_BID = (9_999_999_999, 0), (-9_999_999_999, 0)


def small(folder: Path, *events: tuple[Sequence[int], Sequence[int]], **options: object) -> ReplayResult:
    """Events are (type, order, size, price, direction) and the row after them."""
    messages = [(34_200 + k, *event) for k, (event, _) in enumerate(events)]
    return replay(*write(folder, messages, [row for _, row in events]), **options)  # type: ignore[arg-type]


OPENING = ((SUBMIT, 1, 10, 1_000_000, BUY), (1_000_200, 30, 1_000_000, 40))


def test_unknown_orders_are_taken_from_the_anonymous_one(tmp_path: Path) -> None:
    result = small(
        tmp_path,
        OPENING,
        ((REDUCE, 77, 5, 1_000_000, BUY), (1_000_200, 30, 1_000_000, 35)),
        ((SUBMIT, 2, 10, 1_000_000, BUY), (1_000_200, 30, 1_000_000, 45)),
        ((DELETE, 78, 35, 1_000_000, BUY), (1_000_200, 30, 1_000_000, 10)),
        ((EXECUTE, 2, 4, 1_000_000, BUY), (1_000_200, 30, 1_000_000, 6)),
        ((EXECUTE, 79, 10, 1_000_200, SELL), (1_000_200, 20, 1_000_000, 6)),
    )
    assert (result.rows_equal, result.unmatched) == (6, 0)
    assert (result.executions, result.executions_at_head) == (2, 2)
    assert (result.queues_known, result.queues_known_at_head) == (1, 1)


def test_an_unknown_order_does_not_take_from_a_known_one(tmp_path: Path) -> None:
    result = small(
        tmp_path,
        ((HIDDEN, 0, 1, 5, BUY), (*NO_ASK, *NO_BID)),
        ((SUBMIT, 1, 10, 1_000_000, BUY), (*NO_ASK, 1_000_000, 10)),
        ((DELETE, 2, 10, 1_000_000, BUY), (*NO_ASK, *NO_BID)),
    )
    assert (result.rows_equal, result.unmatched) == (2, 1)
    assert result.first_difference == Difference(
        row=2, level=1, side="bid", expected=None, found=(1_000_000, 10), line=3
    )


def test_an_execution_larger_than_its_order_goes_on_to_the_next(tmp_path: Path) -> None:
    result = small(
        tmp_path,
        ((HIDDEN, 0, 1, 5, BUY), (*NO_ASK, *NO_BID)),
        ((SUBMIT, 1, 10, 1_000_000, BUY), (*NO_ASK, 1_000_000, 10)),
        ((SUBMIT, 2, 10, 1_000_000, BUY), (*NO_ASK, 1_000_000, 20)),
        ((EXECUTE, 1, 13, 1_000_000, BUY), (*NO_ASK, 1_000_000, 10)),
    )
    assert (result.rows_equal, result.unmatched) == (3, 1)
    assert result.first_difference is not None
    assert result.first_difference.found == (1_000_000, 7)


def test_a_level_that_left_the_view_and_comes_back_is_the_files(tmp_path: Path) -> None:
    best, away = 1_000_000, 999_900
    result = small(
        tmp_path,
        ((SUBMIT, 1, 10, away, BUY), (*NO_ASK, away, 10)),
        ((SUBMIT, 2, 5, away, BUY), (*NO_ASK, away, 15)),
        ((SUBMIT, 3, 20, best, BUY), (*NO_ASK, best, 20)),
        ((DELETE, 3, 20, best, BUY), (*NO_ASK, away, 12)),  # unseen, 10 lots of order 1 became 7
        ((DELETE, 2, 5, away, BUY), (*NO_ASK, away, 7)),
        ((EXECUTE, 1, 7, away, BUY), (*NO_ASK, *NO_BID)),
    )
    assert (result.rows_equal, result.adoptions, result.unmatched) == (6, 1, 0)


def test_a_level_that_comes_back_by_chance_with_the_same_size_may_hold_other_orders(tmp_path: Path) -> None:
    best, away = 1_000_000, 999_900
    result = small(
        tmp_path,
        ((HIDDEN, 0, 1, 5, BUY), (*NO_ASK, *NO_BID)),
        ((SUBMIT, 2, 100, away, BUY), (*NO_ASK, away, 100)),
        ((SUBMIT, 3, 20, best, BUY), (*NO_ASK, best, 20)),
        ((DELETE, 3, 20, best, BUY), (*NO_ASK, away, 100)),  # unseen, order 2 left and order 4 came
        ((DELETE, 4, 100, away, BUY), (*NO_ASK, *NO_BID)),
    )
    assert (result.rows_equal, result.adoptions, result.unmatched) == (5, 0, 0)


def test_a_level_remembered_but_gone_is_forgotten_when_the_view_passes_it(tmp_path: Path) -> None:
    result = small(
        tmp_path,
        ((HIDDEN, 0, 1, 5, BUY), (*NO_ASK, *NO_BID)),
        ((SUBMIT, 2, 100, 999_900, BUY), (*NO_ASK, 999_900, 100)),
        ((SUBMIT, 3, 20, 1_000_000, BUY), (*NO_ASK, 1_000_000, 20)),
        ((DELETE, 3, 20, 1_000_000, BUY), (*NO_ASK, 999_800, 4)),
        ((DELETE, 9, 4, 999_800, BUY), (*NO_ASK, *NO_BID)),
    )
    assert (result.rows_equal, result.adoptions, result.levels_adopted) == (5, 1, 2)


def test_a_crossed_opening_stands_as_recorded_and_a_crossing_order_is_reported(tmp_path: Path) -> None:
    result = small(
        tmp_path,
        ((HIDDEN, 0, 1, 5, BUY), (1_000_000, 30, 1_000_100, 40)),
        ((HALT, 0, 0, -1, -1), (1_000_000, 30, 1_000_100, 40)),
        ((SUBMIT, 5, 10, 1_000_000, BUY), (1_000_000, 30, 1_000_100, 40)),
    )
    assert (result.rows_equal, result.crossed, result.halts) == (2, 1, 1)
    assert result.first_difference == Difference(2, 1, "ask", (1_000_000, 30), (1_000_000, 20), 3)


def test_an_order_number_used_again_means_the_new_order(tmp_path: Path) -> None:
    result = small(
        tmp_path,
        ((HIDDEN, 0, 1, 5, BUY), (*NO_ASK, *NO_BID)),
        ((SUBMIT, 0, 10, 999_900, BUY), (*NO_ASK, 999_900, 10)),
        ((SUBMIT, 0, 6, 999_900, BUY), (*NO_ASK, 999_900, 16)),
        ((DELETE, 0, 10, 999_900, BUY), (*NO_ASK, 999_900, 6)),
        ((DELETE, 0, 6, 999_900, BUY), (*NO_ASK, *NO_BID)),
    )
    assert (result.rows_equal, result.unmatched) == (5, 0)


def test_sizes_beyond_an_order_of_the_engine_are_counted_in_lots(tmp_path: Path) -> None:
    lot = 10**9
    result = small(
        tmp_path,
        ((SUBMIT, 1, 5 * lot, 1_000_000, BUY), (*NO_ASK, 1_000_000, 7 * lot)),
        ((SUBMIT, 2, 3 * lot, 1_000_000, BUY), (*NO_ASK, 1_000_000, 10 * lot)),
        ((EXECUTE, 1, 4 * lot, 1_000_000, BUY), (*NO_ASK, 1_000_000, 5 * lot)),
    )
    assert result.first_difference == Difference(2, 1, "bid", (1_000_000, 5 * lot), (1_000_000, 6 * lot), 3)
    with pytest.raises(ReplayError, match="line 2: size 3000000001 — an order holds at most 2147483647 lots of 1"):
        small(tmp_path, OPENING, ((SUBMIT, 2, 3 * lot + 1, 1_000_000, BUY), OPENING[1]))


def test_prices_too_far_apart_for_the_engine_enter_by_rank(tmp_path: Path) -> None:
    low, high = (123, 5), (1_999_999_900, 7)  # a penny stock, and a stub quote at the price limit
    result = small(
        tmp_path,
        ((SUBMIT, 1, 5, 123, BUY), (*high, *low)),
        ((SUBMIT, 2, 9, 124, BUY), (*high, 124, 9)),
        ((EXECUTE, 2, 9, 124, BUY), (*high, *low)),
        ((SUBMIT, 3, 1, 1_999_999_899, SELL), (1_999_999_898, 1, *low)),
    )
    assert (result.tick, result.rows_equal) == (None, 3)
    assert result.first_difference == Difference(3, 1, "ask", (1_999_999_898, 1), (1_999_999_899, 1), 4)


def test_storage_grows_while_a_book_fills(tmp_path: Path) -> None:
    messages: list[Message] = []
    rows: list[Row] = []
    for k in range(6_000):
        messages.append((float(k), SUBMIT, 10**15 + k, 1, 100 * (9_999 - k), BUY))
        rows.append([*NO_ASK, 999_900, 1])
    result = replay(*write(tmp_path, messages, rows))
    assert (result.rows, result.rows_equal) == (6_000, 6_000)


def test_progress_is_told_and_may_interrupt(tmp_path: Path) -> None:
    files = write(tmp_path, *record(market_of("cents", 2), 5, 100))
    told: list[tuple[int, int]] = []
    replay(*files, progress=lambda done, rows: told.append((done, rows)))
    assert told[-1] == (100, 100)

    def stop(done: int, rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay(*files, progress=stop)


# --- files -----------------------------------------------------------------------------------------------------------


def test_gzip_is_known_by_its_content_and_endings_do_not_matter(tmp_path: Path) -> None:
    messages, book = write(tmp_path, *record(market_of("cents", 3), 2, 50))
    packed = tmp_path / "packed.csv"  # gzip, whatever it is called
    packed.write_bytes(gzip.compress(messages.read_bytes()))
    plain = tmp_path / "plain.gz"
    plain.write_bytes(book.read_bytes().replace(b"\n", b"\r\n") + b"\r\n")
    assert replay(packed, str(plain)).rows_equal == 50


def test_a_seventh_column_is_ignored_and_one_row_is_enough(tmp_path: Path) -> None:
    row = ((1.5, SUBMIT, 1, 10, 1_000_000, BUY, "null"), (*NO_ASK, 1_000_000, 10))
    result = replay(*write(tmp_path, [row[0]], [row[1]]))
    assert (result.rows, result.rows_equal, result.messages_per_second) == (1, 1, 0.0)
    json.dumps(dataclasses.asdict(result))


GOOD = "34200.1,1,11,10,1000000,1\n34200.2,3,11,10,1000000,1\n"
BOOK = "1000200,5,1000000,10\n1000200,5,999900,3\n"


@pytest.mark.parametrize(
    ("messages", "book", "says"),
    [
        ("", BOOK, "message.csv: the file is empty"),
        (GOOD, "\n\n", "orderbook.csv: the file is empty"),
        (GOOD, BOOK + BOOK, "orderbook.csv: 4 rows, but .*message.csv has 2"),
        (BOOK, GOOD, "message.csv, line 1: 4 columns, but a LOBSTER message file has 6"),
        (GOOD, GOOD, "orderbook.csv, line 1: 6 columns, but a LOBSTER book file has 4 a level"),
        (GOOD[:-7], BOOK, "message.csv, line 2: 5 columns where the first line has 6"),
        (GOOD.replace("34200.2", "noon"), BOOK, "message.csv, line 2, column 1: 'noon' is not a number"),
        (GOOD.replace("3,11", "3,1x1"), BOOK, "message.csv, line 2, column 3: '1x1' is not a whole number"),
        ("time,type,order,size,price,direction\n" + GOOD, BOOK, "line 1, column 1: 'time' .* remove the header"),
        (GOOD, BOOK.replace("999900,3", "999900,"), "orderbook.csv, line 2, column 4: '' is not a whole number"),
        (GOOD, BOOK.replace("999900", "999900.5"), "orderbook.csv, line 2, column 3: '999900.5' is not a whole"),
        (GOOD.replace("3,11", "3,99999999999999999999"), BOOK, "column 3: 99999999999999999999 does not fit 64 bits"),
        (GOOD.replace(",3,", ",8,"), BOOK, "message.csv, line 2: 8 is no type of LOBSTER message; they are 1 to 7"),
        (GOOD.replace("3,11,10", "3,11,0"), BOOK, "message.csv, line 2: 0 is no size"),
        (GOOD.replace("1000000,1\n", "-1,1\n"), BOOK, "message.csv, line 1: -1 is no price"),
        (GOOD.replace(",1\n", ",0\n"), BOOK, "message.csv, line 1: 0 is no direction"),
        (
            GOOD.split("\n")[0],
            "9999999999,0,1000000,10,1000200,5,999900,3\n",
            "orderbook.csv, line 1: 0 is the size of",
        ),
    ],
)
def test_errors_name_file_line_value_and_remedy(messages: str, book: str, says: str, tmp_path: Path) -> None:
    paths = tmp_path / "message.csv", tmp_path / "orderbook.csv"
    for path, text in zip(paths, (messages, book), strict=True):
        path.write_text(text)
    with pytest.raises(ReplayError, match=says):
        replay(*paths)


# A day in which every kind of order comes and goes, with its book: what is done to it below is what people do to files.
DAY = """34200.1,1,11,10,1000000,1
34200.2,1,12,5,1000000,1
34200.3,1,13,7,1000200,-1
34200.4,4,11,4,1000000,1
34200.5,2,12,2,1000000,1
34200.6,3,13,7,1000200,-1
34200.7,5,0,3,1000100,-1
34200.8,1,14,6,1000100,-1
"""
BOOK_OF_DAY = """1000300,20,1000000,10,9999999999,0,999900,30
1000300,20,1000000,15,9999999999,0,999900,30
1000200,7,1000000,15,1000300,20,999900,30
1000200,7,1000000,11,1000300,20,999900,30
1000200,7,1000000,9,1000300,20,999900,30
1000300,20,1000000,9,9999999999,0,999900,30
1000300,20,1000000,9,9999999999,0,999900,30
1000100,6,1000000,9,1000300,20,999900,30
"""
NO_SIZE = DAY.replace("4,11,4,", "4,11,0,")  # in its fourth line


def of_day(folder: Path, messages: str, book: str = BOOK_OF_DAY, ending: str = "\n") -> ReplayResult:
    paths = folder / "message.csv", folder / "orderbook.csv"
    for path, text in zip(paths, (messages, book), strict=True):
        path.write_bytes(text.replace("\n", ending).encode())
    return replay(*paths)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_empty_lines_count_as_lines_wherever_they_stand(ending: str, tmp_path: Path) -> None:
    assert of_day(tmp_path, DAY, ending=ending).rows_equal == 8
    for blank, line in ((f"\n\n{NO_SIZE}", 6), (f"\n{NO_SIZE}", 5), (NO_SIZE.replace("\n", "\n\n"), 7)):
        with pytest.raises(ReplayError, match=rf"message\.csv, line {line}: 0 is no size"):
            of_day(tmp_path, blank, ending=ending)
    with pytest.raises(ReplayError, match=r"message\.csv, line 6, column 1: 'noon' is not a number"):
        of_day(tmp_path, f"\n\n{DAY.replace('34200.4', 'noon')}", ending=ending)
    with pytest.raises(ReplayError, match=r"message\.csv, line 3: 5 columns, but a LOBSTER message file has 6"):
        of_day(tmp_path, "\n\n" + DAY.replace(",1\n", "\n"), ending=ending)
    hole = BOOK_OF_DAY.replace("1000200,7,1000000,11", "9999999999,0,1000000,11")
    with pytest.raises(ReplayError, match=r"orderbook\.csv, line 5: 0 is the size of a level before one with orders"):
        of_day(tmp_path, DAY, f"\n{hole}", ending)


def test_a_difference_names_the_line_of_the_book_file(tmp_path: Path) -> None:
    wrong = BOOK_OF_DAY.replace("1000000,11", "1000000,12")
    for blank, line in ((wrong, 4), (f"\n\n{wrong}", 6)):
        found = of_day(tmp_path, DAY, blank).first_difference
        assert found is not None
        assert (found.row, found.line) == (3, line)


def test_an_order_beyond_the_engine_is_in_the_line_that_it_stands_in(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match="line 4: size 3000000001"):
        of_day(tmp_path, "\n\n" + DAY.replace("1,12,5,", "1,12,3000000001,"))


def test_prices_in_dollars_are_said_to_be_that_and_no_header(tmp_path: Path) -> None:
    with pytest.raises(ReplayError) as of_messages:
        of_day(tmp_path, DAY.replace("1000000", "100.00"))
    says = "message.csv, line 1, column 5: '100.00' is not a whole number: prices are USD × 10,000, whole"
    assert str(of_messages.value).endswith(says)
    with pytest.raises(ReplayError) as of_book:
        of_day(tmp_path, DAY, BOOK_OF_DAY.replace("1000000", "100.00"))
    assert str(of_book.value).endswith(
        "orderbook.csv, line 1, column 3: '100.00' is not a whole number: prices are USD × 10,000, whole"
    )


@pytest.mark.parametrize(
    ("first", "says"),
    [
        ("34200.1,1,x11,10,1000000,1", "line 1, column 3: 'x11' is not a whole number"),
        ("34200.1,1,11,1_0,1000000,1", "line 1, column 4: '1_0' is not a whole number"),
        ("34200.1,1,11,+10,1000000,1", "line 1, column 4: '+10' is not a whole number"),
        ("\ufeff34200.1,1,11,10.0,1000000,1", "line 1, column 4: '10.0' is not a whole number"),
        ("nan,1,11,10,1000000,1", "line 1: nan is no time in seconds after midnight"),
        ("-1,1,11,10,1000000,1", "line 1: -1.0 is no time in seconds after midnight"),
    ],
)
def test_a_first_line_that_is_damaged_is_no_header(first: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ReplayError) as refused:
        of_day(tmp_path, DAY.replace("34200.1,1,11,10,1000000,1", first))
    assert str(refused.value).endswith(says)


def test_times_that_fall_are_no_matter_for_the_book_and_are_told(tmp_path: Path) -> None:
    result = of_day(tmp_path, DAY)
    assert (result.times_fall, result.falls_at) == (0, None)
    result = of_day(tmp_path, DAY.replace("34200.4", "34199.0"))
    assert (result.rows_equal, result.times_fall, result.falls_at) == (8, 1, 4)
    result = of_day(tmp_path, "\n\n" + DAY.replace("34200.4", "34199.0").replace("34200.8", "34200.0"))
    assert (result.rows_equal, result.times_fall, result.falls_at) == (8, 2, 6)


def test_unreadable_files_and_options(tmp_path: Path) -> None:
    messages, book = write(tmp_path, *record(market_of("cents", 3), 2, 50))
    cut = tmp_path / "cut.gz"
    for length in (5, 60, -1):
        cut.write_bytes(gzip.compress(messages.read_bytes())[:length])
        with pytest.raises(ReplayError, match=r"cut\.gz: damaged or cut gzip file"):
            replay(cut, book)
    with pytest.raises(ReplayError, match=r"missing\.csv: cannot be read \(No such file or directory\)"):
        replay(messages, tmp_path / "missing.csv")
    with pytest.raises(ReplayError, match="cannot be read"):
        replay(tmp_path, book)
    (tmp_path / "noise.csv").write_bytes(np.random.default_rng(0).bytes(2_000))
    with pytest.raises(ReplayError, match=r"noise\.csv"):
        replay(tmp_path / "noise.csv", book)
    with pytest.raises(ReplayError, match="format: 'itch' is not known — there is lobster"):
        replay(messages, book, format="itch")
    for depth in (0, 3):
        with pytest.raises(ReplayError, match=f"depth: {depth}, but .* has 2 levels — choose 1 to 2"):
            replay(messages, book, depth=depth)


# --- recorded days ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lobster(data_folder: Path) -> Callable[[str], tuple[Path, Path]]:
    folder = data_folder / "lobster"
    if not folder.is_dir():
        pytest.skip(f"no recorded data: {folder} does not exist")

    def files(stock: str) -> tuple[Path, Path]:
        (messages,), (book,) = folder.glob(f"{stock}_*_message_*"), folder.glob(f"{stock}_*_orderbook_*")
        return messages, book

    return files


@dataclass(frozen=True)
class Day:
    stock: str
    rows: int
    levels: int
    adoptions: int  # rows
    executions: int
    at_head: int
    known: int  # executions in a queue known in full
    known_at_head: int


DAYS = (
    Day("AAPL", 118_497, 1, 17_251, 23_658, 22_471, 10_936, 10_913),
    Day("AMZN", 155_935, 5, 12_051, 8_974, 8_667, 7_281, 7_272),
    Day("MSFT", 1_000, 50, 5, 110, 110, 34, 34),
)


@pytest.mark.parametrize("day", DAYS, ids=lambda day: day.stock)
def test_a_recorded_day_is_reproduced_row_by_row(day: Day, lobster: Callable[[str], tuple[Path, Path]]) -> None:
    result = replay(*lobster(day.stock))
    assert result.first_difference is None
    assert result.equal_by_level == [day.rows] * day.levels
    assert (result.rows, result.rows_equal, result.adoptions) == (day.rows, day.rows, day.adoptions)
    assert (result.executions, result.executions_at_head) == (day.executions, day.at_head)
    assert (result.queues_known, result.queues_known_at_head) == (day.known, day.known_at_head)
    assert (result.unmatched, result.crossed, result.tick) == (0, 0, 100)


def test_a_deep_file_needs_no_adoption_near_the_best(lobster: Callable[[str], tuple[Path, Path]]) -> None:
    result = replay(*lobster("MSFT"), level_adoption=False)
    assert [result.equal_by_level[level - 1] for level in (1, 3, 5, 10)] == [1_000] * 4
    assert result.first_difference == Difference(
        row=29, level=50, side="bid", expected=(303_100, 200), found=None, line=30
    )
    assert replay(*lobster("MSFT"), level_adoption=False, depth=10).rows_equal == 1_000


def test_without_adoption_a_shallow_file_cannot_be_followed(lobster: Callable[[str], tuple[Path, Path]]) -> None:
    result = replay(*lobster("AMZN"), level_adoption=False)
    assert result.first_difference is not None
    assert result.first_difference.level == 5
    assert result.equal_by_level == sorted(result.equal_by_level, reverse=True)
    assert result.equal_by_level[0] < result.rows


@pytest.mark.parametrize("wrong", [_smaller, _elsewhere, _lost])
def test_one_wrong_message_in_a_recorded_day_shows(
    wrong: Callable[[Message], Message | None], lobster: Callable[[str], tuple[Path, Path]], tmp_path: Path
) -> None:
    messages, book = lobster("AMZN")
    lines = gzip.decompress(messages.read_bytes()).decode().splitlines()
    for row in (1_000, 70_003):
        time, *numbers = lines[row].split(",")
        changed = wrong((float(time), *map(int, numbers)))  # type: ignore[arg-type]
        assert changed is not None
        path = tmp_path / "message.csv"
        path.write_text("\n".join([*lines[:row], ",".join(map(str, changed)), *lines[row + 1 :]]))
        result = replay(path, book)
        assert result.first_difference is not None
        assert result.first_difference.row == row
        assert result.rows_equal < result.rows
