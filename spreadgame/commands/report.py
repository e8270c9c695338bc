"""The command ``report``: one page that explains run folders."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from analysis.output.console import status
from analysis.output.exit_codes import OK


def declare(parser: argparse.ArgumentParser) -> None:
    """What may be typed."""
    parser.description = "Write one HTML file that says, shows and explains what happened; several runs side by side."
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="a folder that a run printed")
    parser.add_argument("--out", type=Path, metavar="FILE",
                        help="where to (default: report.html in the folder; of several runs, here)")  # fmt: skip


def call(given: argparse.Namespace) -> int:
    """Write the page. Returns the exit code."""
    from sim.runs.result import open_run

    runs = [open_run(folder) for folder in given.runs]
    from analysis.report.page import save_report

    with status("reading") as watch:
        path = save_report(runs, given.out, watch)
    sys.stdout.write(f"{path}\n")
    return OK
