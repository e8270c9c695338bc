"""The command ``session``: the log of a session played again, to a run folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from analysis.output.console import print_json, say
from analysis.output.exit_codes import FAILED, OK
from spreadgame.commands.options import add_json, add_strategies


def declare(parser: argparse.ArgumentParser) -> None:
    """What may be typed."""
    parser.description = "Play a session again from its log, compare every answer, and write a run folder."
    parser.add_argument("log", type=Path, metavar="LOG", help="the file that a session wrote")
    parser.add_argument("--out", type=Path, default=Path("runs"), metavar="DIR",
                        help="the folder that will hold the run folder (default: runs)")  # fmt: skip
    parser.add_argument(
        "--name", metavar="NAME", help="of the run folder (default: LOG); where it is taken, with a number"
    )
    add_strategies(parser)
    parser.add_argument("--other-code", action="store_true",
                        help="allow another version of the code than the one that recorded")  # fmt: skip
    add_json(parser)


def _name(given: argparse.Namespace) -> str:
    """The name of the run folder, looked at before a long replay."""
    from sim.core.errors import RunError
    from sim.runs.files import folder_name

    if given.name is not None:
        return folder_name(given.name)
    try:
        return folder_name(given.log.stem)
    except RunError as error:
        raise RunError(f"{given.log}: its name cannot be that of the run folder — give another with --name") from error


def call(given: argparse.Namespace) -> int:
    """Replay the log. Returns the exit code: 1 where an answer is not the one that was recorded."""
    from sim.session.session import Session
    from sim.session.session_log import LogReader
    from sim.session.session_replay import Differs

    name = _name(given)
    try:
        session = Session.replay(given.log, strategies=given.strategies, other_code=given.other_code)
    except Differs as error:
        say(str(error))
        return FAILED
    run = session.save(given.out, name)
    if LogReader(given.log).is_torn():
        say(f"{given.log}: its last line was cut off, and is left out: it was not answered")
    if given.json:
        said = {"folder": str(run.folder), "step": session.now, "steps": session.total}
        print_json(said | {key: run.manifest[key] for key in ("messages", "trades")})
        return OK
    counts = f"{run.manifest['messages']:,} messages, {run.manifest['trades']:,} trades"
    sys.stdout.write(f"step {session.now:,} of {session.total:,}, {counts}\nrun folder  {run.folder}\n")
    return OK
