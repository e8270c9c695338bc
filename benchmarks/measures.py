"""``python -m benchmarks.measures [--steps N] [--json FILE]``: what time and memory it takes to measure a large run.

Runs the quickstart scenario for so many steps (5,300,000 make more than 5 million trades) into a folder that is thrown
away, then measures it in processes of their own: each measure that this market has, and the whole report. Times are
wall-clock, from the start of Python to its end.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from subprocess import DEVNULL, Popen

from rich.console import Console
from rich.table import Table

from analysis.reading.registry import all_measures
from benchmarks.measure import ROOT, Skipped
from sim.runs.result import open_run

_NOT_THERE = ("price_discovery", "surplus")  # of one book, without private values
_SCENARIO = ROOT / "scenarios" / "quickstart.toml"


def measured(command: Sequence[str]) -> tuple[float, float]:
    """Seconds and mebibytes that a command took.

    Raises
    ------
    Skipped
        Where this system does not tell how much memory a process took.
    RuntimeError
        If the command failed.
    """
    try:
        from os import wait4
    except ImportError:
        raise Skipped("this system does not tell how much memory a process took") from None
    begin = time.perf_counter()
    process = Popen(command, stdout=DEVNULL, cwd=ROOT)
    _, status, usage = wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    if status:
        raise RuntimeError(f"{' '.join(command)} ended with {status}")
    return seconds, usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the run, measure it, show the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.measures", description="Measure a large run, and time it."
    )
    parser.add_argument("--steps", type=int, default=5_300_000, metavar="N", help="of the run (default: 5,300,000)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every figure to this file")
    given = parser.parse_args(arguments)
    console, python = Console(), sys.executable
    with tempfile.TemporaryDirectory() as folder:
        overrides = ["--set", f"run.steps={given.steps}", "--out", folder]
        measured([python, "-m", "spreadgame", "run", str(_SCENARIO), *overrides])
        run = next(Path(folder).glob("*/manifest.json")).parent
        trades = json.loads((run / "manifest.json").read_text(encoding="utf-8"))["trades"]
        opened = open_run(run)
        names = [each.name for each in all_measures() if not each.lack(opened) and each.name not in _NOT_THERE]
        commands = {name: [python, "-m", "spreadgame", "measure", name, str(run)] for name in names}
        commands["report"] = [
            python,
            "-m",
            "spreadgame",
            "report",
            str(run),
            "--out",
            str(Path(folder) / "report.html"),
        ]
        shown = Table(title=f"Measuring a run of {trades:,} trades")
        for head in ("", "seconds", "MiB"):
            shown.add_column(head, justify="right" if head else "left")
        figures = {}
        with console.status("") as status:
            for name, command in commands.items():
                status.update(f"measuring {name}")
                figures[name] = measured(command)
                shown.add_row(name, f"{figures[name][0]:.1f}", f"{figures[name][1]:,.0f}")
    console.print(shown)
    if given.json:
        told = {name: {"seconds": seconds, "mebibytes": memory} for name, (seconds, memory) in figures.items()}
        given.json.write_text(json.dumps({"trades": trades, "measured": told}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
