"""The command ``replay``: recorded messages or events through our engine or pools, and where they differ."""

from __future__ import annotations

import argparse
from pathlib import Path

from analysis.output.console import bar, print_json, results, time_left
from analysis.output.exit_codes import FAILED, OK
from analysis.output.options import whole_number
from spreadgame.commands.options import add_json
from spreadgame.commands.screen import announce_compiling

_OUTPUT = ("rows", "rows_equal", "adoptions", "falls_at", "messages_per_second")
_OUTPUT_OF_POOLS = ("rows", "rows_equal", "adoptions", "liquidity_rows", "liquidity_equal", "first_difference")
# The options of each format; those of others are refused. What is needed has a reason.
_BOOKS = ("book", "depth", "no_level_adoption")
_OPTIONS: dict[str, tuple[str, ...]] = {"lobster": _BOOKS, "uniswap_v2": (), "uniswap_v3": ("pool", "liquidity")}
_NEEDED: dict[str, dict[str, str]] = {
    "lobster": {"book": "the order book file"},
    "uniswap_v2": {},
    "uniswap_v3": {
        "pool": "the file with the pool's fee, tick spacing and first price",
        "liquidity": "the file of its deposits and withdrawals",
    },
}


def declare(parser: argparse.ArgumentParser) -> None:
    """What may be typed."""
    parser.description = (
        "Drive the engine with recorded messages and compare its book with the recorded one; or an exact pool with a "
        "recorded one's events, and compare every integer."
    )
    add = parser.add_argument
    add("messages", type=Path, metavar="MESSAGES", help="the file of messages, or of a pool's swaps; plain or gzip")
    add("--format", default="lobster", metavar="NAME", help=f"of the files: {', '.join(_OPTIONS)} (default: lobster)")
    add("--book", type=Path, metavar="BOOK", help="lobster: the order book file, needed")
    add("--depth", type=whole_number(), metavar="N", help="lobster: levels to compare (default: all in the file)")
    told = "lobster: take no level from the file that slides in from beyond its depth"
    add("--no-level-adoption", action="store_true", help=told)
    told = f"uniswap_v3: {_NEEDED['uniswap_v3']['pool']}, needed"
    add("--pool", type=Path, metavar="CONFIG", help=told)
    told = f"uniswap_v3: {_NEEDED['uniswap_v3']['liquidity']}, needed"
    add("--liquidity", type=Path, metavar="EVENTS", help=told)
    add_json(parser)


def call(given: argparse.Namespace) -> int:
    """Replay the files. Returns the exit code."""
    _check(given)
    return _of_a_book(given) if given.format == "lobster" else _of_a_pool(given)


def _check(given: argparse.Namespace) -> None:
    """Raise ReplayError for a format that there is not, an option of another one, and one that is missing."""
    from sim.core.errors import ReplayError
    from sim.core.wording import near_or_all

    if given.format not in _OPTIONS:
        raise ReplayError(f"format: {given.format!r} is not known — {near_or_all(given.format, _OPTIONS)}")
    for option in {name for names in _OPTIONS.values() for name in names}.difference(_OPTIONS[given.format]):
        if getattr(given, option) not in (None, False):
            theirs = " and ".join(name for name, options in _OPTIONS.items() if option in options)
            raise ReplayError(f"{_flag(option)}: it is an option of {theirs}, not of {given.format} — leave it out")
    for option, what in _NEEDED[given.format].items():
        if getattr(given, option) is None:
            raise ReplayError(f"{given.messages}: {given.format} needs {_flag(option)} FILE — it is {what}")


def _flag(option: str) -> str:
    return f"--{option.replace('_', '-')}"


def _of_a_book(given: argparse.Namespace) -> int:
    import time

    from sim.recorded.replay import replay

    with bar("replaying", given.json) as move:
        begin = time.perf_counter()

        def progress(done: int, rows: int) -> None:
            if move:
                seconds = time.perf_counter() - begin
                said = f"{done:,} rows, {done / max(seconds, 1e-9) / 1e6:.2f} million messages per second"
                move(done, rows, said, time_left(seconds * (rows / max(done, 1) - 1)))

        def ready() -> None:
            announce_compiling("matching.replay_rows", [])

        files = (given.messages, given.book, given.format, given.depth, not given.no_level_adoption)
        result = replay(*files, progress, ready)
    if given.json:
        print_json({key: getattr(result, key) for key in _OUTPUT})
    else:
        from analysis.output.listings import replay_table

        results().print(replay_table(result))
    same = result.rows_equal == result.rows and not result.unmatched and not result.crossed
    return OK if same else FAILED


def _of_a_pool(given: argparse.Namespace) -> int:
    from sim.recorded.pool_replay import replay_pool

    with bar("replaying", given.json) as move:

        def progress(done: int, rows: int) -> None:
            if move and (done % 100 == 0 or done == rows):
                move(done, rows, f"{done:,} rows", "")

        result = replay_pool(given.format, given.messages, given.pool, given.liquidity, progress)
    if given.json:
        print_json({key: getattr(result, key) for key in _OUTPUT_OF_POOLS})
    else:
        from analysis.output.listings import pool_replay_table

        results().print(pool_replay_table(result))
    return OK if result.is_equal else FAILED
