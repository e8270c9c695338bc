"""The command ``validate``: what is wrong with scenario files, or that nothing is."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from analysis.output.console import complain
from analysis.output.exit_codes import BAD_INPUT, OK
from spreadgame.commands.options import add_strategies
from spreadgame.commands.screen import load_strategies, warn


def declare(parser: argparse.ArgumentParser) -> None:
    """What may be typed."""
    parser.description = "Check scenario files."
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    add_strategies(parser)


def call(given: argparse.Namespace) -> int:
    """Check each file. Returns the exit code."""
    load_strategies(given.strategies)
    from sim.core.errors import SpreadgameError
    from sim.rules.hooks import rules_of
    from sim.scenario import load

    bad = 0
    for path in given.files:
        try:
            scenario = load(path)
            for population in scenario.populations:
                rules_of(population, scenario)  # a file of sim/rules may be wrong
        except SpreadgameError as error:
            bad += 1
            complain(str(error))
        else:
            steps = f"{scenario.run.episodes:,} × {scenario.run.steps:,} steps"
            many = len(scenario.warnings())
            verdict = "fine" if not many else f"can run, with {many} warning{'' if many == 1 else 's'}"
            sys.stdout.write(f"{path}: {verdict} ({scenario.agents():,} agents, {steps})\n")
            warn(scenario)
    return BAD_INPUT if bad else OK
