"""The command ``plot``: a run folder as a picture."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from analysis.output.exit_codes import OK


def declare(parser: argparse.ArgumentParser) -> None:
    """What may be typed."""
    parser.description = "Draw a run folder."
    parser.add_argument("run", type=Path, metavar="RUN", help="the folder that a run printed")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to (default: picture.png in the folder)")


def call(given: argparse.Namespace) -> int:
    """Draw the run. Returns the exit code."""
    from sim.runs.result import open_run

    run = open_run(given.run)
    from analysis.output.run_picture import save_picture

    sys.stdout.write(f"{save_picture(run, given.out)}\n")
    return OK
