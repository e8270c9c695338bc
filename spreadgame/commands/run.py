"""The command ``run``: a scenario becomes a run folder, and its summary stands on the screen."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.output.console import bar, complain, print_json, results, time_left
from analysis.output.exit_codes import BAD_INPUT, OK, of_signal
from analysis.output.options import whole_number
from spreadgame.commands.options import add_json, add_scenario, add_set, add_strategies
from spreadgame.commands.screen import announce_compiling, load_strategies, warn

if TYPE_CHECKING:
    from sim.runs.execute import Progress
    from sim.runs.result import Run
    from sim.scenario import Scenario

_OUTPUT = ("status", "steps", "messages", "trades", "messages_per_second", "seconds")


def declare(parser: argparse.ArgumentParser) -> None:
    """What may be typed."""
    parser.description = "Run a scenario and write a run folder."
    parser.epilog = "Ctrl-C ends a run early, what was done is kept; a second one ends it at once."
    add_scenario(parser)
    parser.add_argument("--out", type=Path, default=Path("runs"), metavar="DIR",
                     help="the folder that will hold the run folder (default: runs)")  # fmt: skip
    parser.add_argument("--name", metavar="NAME",
                     help="of the run folder (default: SCENARIO-seedN); where it is taken, with a number")  # fmt: skip
    parser.add_argument("--seed", type=whole_number(), metavar="N", help="takes the place of run.seed")
    add_set(parser, "change a value: --set makers.params.risk_aversion=0.2")
    add_strategies(parser)
    parser.add_argument("--plot", action="store_true", help="draw the run too")
    add_json(parser)


def call(given: argparse.Namespace) -> int:
    """Run what was typed. Returns the exit code."""
    load_strategies(given.strategies)
    from sim.scenario import load

    scenario = load(given.scenario, given.overrides, given.seed)
    warn(scenario)
    result, error = _watched(scenario, given.out, given.name, given.json)
    if given.json:
        print_json({"folder": str(result.folder), **{key: result.manifest[key] for key in _OUTPUT}})
    elif error is None:
        _summarise(result)
    if result.status != "complete":
        return _ending(result, error)
    out = None if given.json else results()
    if given.plot:
        from analysis.output.run_picture import save_picture

        drawn = save_picture(result)
        if out:
            out.print(f"picture     {drawn}", soft_wrap=True)
    elif out:
        out.print(f"draw it     spreadgame plot {result.folder}", soft_wrap=True)
    return OK


def _watched(scenario: Scenario, out: Path, name: str | None, quiet: bool) -> tuple[Run, Exception | None]:
    from spreadgame.api import run_name

    name = run_name(scenario, name)
    announce_compiling("kernel.advance", [population.strategy for population in scenario.populations])
    from sim.runs.execute import attempt

    with bar("running", quiet) as move:

        def watch(progress: Progress) -> None:
            if move:
                speed = progress.messages / max(progress.seconds, 1e-9) / 1e6
                said = f"{progress.steps:,} steps, {speed:.2f} million messages per second"
                left = progress.seconds * (progress.total / max(progress.steps, 1) - 1)
                move(progress.steps, progress.total, said, time_left(left))

        outcome = attempt(scenario, out, name, watch)
    return outcome.run, outcome.error


def _summarise(result: Run) -> None:
    from analysis.output.rejections import rejection_lines
    from analysis.output.run_summary import summary_table

    out, manifest = results(), result.manifest
    out.print(summary_table(result))
    out.print(f"{manifest['steps']:,} steps, {manifest['messages']:,} messages, {manifest['trades']:,} trades")
    out.print(f"{manifest['seconds']:.2f} s, {manifest['messages_per_second'] / 1e6:.2f} million messages per second")
    if manifest["repriced_quotes"]:
        out.print(f"{manifest['repriced_quotes']:,} quotes repriced off the other side")
    for line in rejection_lines(manifest):
        out.print(line, soft_wrap=True)
    out.print(f"run folder  {result.folder}", soft_wrap=True)


def _ending(result: Run, error: Exception | None) -> int:
    """Say on the screen why the run ended early. Returns the exit code."""
    from sim.core.errors import SpreadgameError

    manifest = result.manifest
    if error is not None:
        if not isinstance(error, SpreadgameError):
            raise error
        complain(f"{error}\nwhat was done before it is in {result.folder}")
        return BAD_INPUT
    reached = f"after {manifest['steps']:,} of {manifest['steps_asked']:,} steps; what was done is in {result.folder}"
    if manifest["signal"] is not None:
        complain(f"interrupted ({manifest['reason']}) {reached}")
        return of_signal(int(manifest["signal"]))
    complain(f"{manifest['reason']} {reached} — free some space, or record less ([record] in the scenario)")
    return BAD_INPUT
