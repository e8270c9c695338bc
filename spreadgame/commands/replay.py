"""The command ``replay``: recorded messages through the engine, and where its book differs from the recorded one."""

from __future__ import annotations

import argparse
from pathlib import Path

from analysis.output.console import bar, print_json, results, time_left
from analysis.output.exit_codes import FAILED, OK
from analysis.output.options import whole_number
from spreadgame.commands.options import add_json
from spreadgame.commands.screen import announce_compiling

_OUTPUT = ("rows", "rows_equal", "adoptions", "falls_at", "messages_per_second")


def declare(parser: argparse.ArgumentParser) -> None:
    """What may be typed."""
    parser.description = "Drive the engine with recorded messages and compare its book with the recorded one."
    parser.add_argument("messages", type=Path, metavar="MESSAGES", help="the message file, plain or gzip")
    parser.add_argument("--book", type=Path, required=True, metavar="BOOK", help="the order book file, plain or gzip")
    parser.add_argument("--format", default="lobster", help="of both files (default: lobster)")
    parser.add_argument(
        "--depth", type=whole_number(), metavar="N", help="levels to compare (default: all in the file)"
    )
    parser.add_argument("--no-level-adoption", action="store_true",
                        help="take no level from the file that slides in from beyond its depth")  # fmt: skip
    add_json(parser)


def call(given: argparse.Namespace) -> int:
    """Replay the files. Returns the exit code."""
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
