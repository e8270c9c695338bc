"""The command ``session``: the log of a session played again, to a run folder."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

OK, FAILED = 0, 1


def declare(parser: argparse.ArgumentParser) -> None:
    """What may be typed."""
    parser.description = "Play a session again from its log, compare every answer, and write a run folder."
    parser.add_argument("log", type=Path, metavar="LOG", help="the file that a session wrote")
    parser.add_argument("--out", type=Path, default=Path("runs"), metavar="DIR",
                        help="the folder that will hold the run folder (default: runs)")  # fmt: skip
    parser.add_argument(
        "--name", metavar="NAME", help="of the run folder (default: LOG); where it is taken, with a number"
    )
    parser.add_argument("--strategies", action="append", default=[], type=Path, metavar="FILE",
                        help="a Python file with strategies that were played (may be repeated)")  # fmt: skip
    parser.add_argument("--other-code", action="store_true",
                        help="allow another version of the code than the one that recorded")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object on standard output, nothing else")


def call(given: argparse.Namespace) -> int:
    """Replay the log. Returns the exit code: 1 where an answer is not the one that was recorded."""
    from sim.runs.session import Session
    from sim.runs.session_log import LogReader
    from sim.runs.session_replay import Differs
    from spreadgame.api import run_name

    try:
        session = Session.replay(given.log, strategies=given.strategies, other_code=given.other_code)
    except Differs as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    name = run_name(session.scenario, given.name or given.log.stem)
    run = session.save(given.out, name)
    if LogReader(given.log).is_torn():
        sys.stderr.write(f"{given.log}: its last line was cut off, and is left out: it was not answered\n")
    if given.json:
        said = {"folder": str(run.folder), "step": session.now, "steps": session.total}
        sys.stdout.write(json.dumps(said | {key: run.manifest[key] for key in ("messages", "trades")}, indent=2) + "\n")
        return OK
    counts = f"{run.manifest['messages']:,} messages, {run.manifest['trades']:,} trades"
    sys.stdout.write(f"step {session.now:,} of {session.total:,}, {counts}\nrun folder  {run.folder}\n")
    return OK
