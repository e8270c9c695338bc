"""What each command does. Errors a user can mend end as their message and exit code 2, never as a traceback."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from sim.errors import SpreadgameError
from spreadgame.cli import BAD_INPUT, FAILED, INTERRUPTED, OK

_screen = Console(stderr=True, highlight=False)  # progress and errors; results go to standard output


def call(given: argparse.Namespace) -> int:
    """Run the command that was typed. Returns the exit code."""
    command: Callable[[argparse.Namespace], int] = globals()[f"_{given.command}"]
    try:
        return command(given)
    except SpreadgameError as error:
        _screen.print(str(error), markup=False, style="red", soft_wrap=True)
        return BAD_INPUT
    except KeyboardInterrupt:
        _screen.print("interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # somebody closed our output, as head does
        sys.stderr.close()
        return OK


def _print_json(content: Any) -> None:
    sys.stdout.write(json.dumps(content, indent=2) + "\n")


def _load_strategies(files: list[Path]) -> None:
    if files:
        from sim.strategies.files import load_file

        for path in files:
            load_file(path)


# --- run ------------------------------------------------------------------------------------------------------------


def _run(given: argparse.Namespace) -> int:
    _load_strategies(given.strategies)
    from sim.scenario import load

    scenario = load(given.scenario, given.overrides, given.seed)
    quiet = given.json
    _announce_compiling([population.strategy for population in scenario.populations])
    from sim.execute import execute
    from spreadgame.api import run_name

    if quiet or not _screen.is_terminal:
        result = execute(scenario, given.out, run_name(scenario))
    else:
        with _progress_bar(scenario.run.steps * scenario.run.episodes) as watch:
            result = execute(scenario, given.out, run_name(scenario), watch)
    manifest = result.manifest
    if given.plot:
        from analysis.plots import save_picture

        drawn = save_picture(result)
    if quiet:
        keys = ("status", "steps", "messages", "trades", "messages_per_second", "seconds")
        _print_json({"folder": str(result.folder), **{key: manifest[key] for key in keys}})
    else:
        from analysis.report import summary_table

        out = Console(highlight=False)
        out.print(summary_table(result))
        out.print(
            f"{manifest['steps']:,} steps, {manifest['messages']:,} messages, {manifest['trades']:,} trades in "
            f"{manifest['seconds']:.2f} s ({manifest['messages_per_second'] / 1e6:.2f} million messages a second)"
        )
        if manifest["refused"] or manifest["moved_quotes"]:
            out.print(f"{manifest['refused']:,} messages refused, {manifest['moved_quotes']:,} quotes moved off the other side")
        out.print(f"run folder  {result.folder}", soft_wrap=True)
        if given.plot:
            out.print(f"picture     {drawn}", soft_wrap=True)
        else:
            out.print(f"draw it     spreadgame plot {result.folder}", soft_wrap=True)
    if result.status == "interrupted":
        _screen.print(f"interrupted after {manifest['steps']:,} of {manifest['steps_asked']:,} steps; what was done is in the folder")
        return INTERRUPTED
    return OK


def _announce_compiling(strategies: list[str]) -> None:
    from sim.compiled import is_compiled

    if not is_compiled(strategies):
        _screen.print("compiling the engine, once for this version: about 20 seconds …")


class _progress_bar:  # noqa: N801  reads as a function
    """A bar with steps and messages a second; entering it gives the function that moves it."""

    def __init__(self, total: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("running"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("steps"),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            console=_screen,
            transient=True,
        )
        self._task = self._bar.add_task("running", total=total, speed="")

    def __enter__(self) -> Callable[[Any], None]:
        self._bar.__enter__()
        return self._watch

    def __exit__(self, *exception: Any) -> None:
        self._bar.__exit__(*exception)

    def _watch(self, progress: Any) -> None:
        speed = progress.messages / max(progress.seconds, 1e-9)
        self._bar.update(self._task, completed=progress.steps, speed=f"{speed / 1e6:.2f} million messages a second")


# --- the others -----------------------------------------------------------------------------------------------------


def _validate(given: argparse.Namespace) -> int:
    _load_strategies(given.strategies)
    from sim.scenario import load

    bad = 0
    for path in given.files:
        try:
            scenario = load(path)
        except SpreadgameError as error:
            bad += 1
            _screen.print(str(error), markup=False, style="red", soft_wrap=True)
        else:
            agents = scenario.agents()
            sys.stdout.write(f"{path}: fine ({agents:,} agents, {scenario.run.episodes:,} × {scenario.run.steps:,} steps)\n")
    return BAD_INPUT if bad else OK


def _schema(given: argparse.Namespace) -> int:
    from sim.scenario import json_schema

    _print_json(json_schema())
    return OK


def _strategies(given: argparse.Namespace) -> int:
    _load_strategies(given.files)
    from analysis.report import strategy_page, strategy_table
    from sim import strategies

    out = Console(highlight=False)
    if given.name is None:
        out.print(strategy_table([strategies.get(name) for name in strategies.names()]))
        out.print("spreadgame strategies NAME explains one")
    else:
        out.print(strategy_page(strategies.get(given.name)))
    return OK


def _plot(given: argparse.Namespace) -> int:
    from analysis.plots import save_picture
    from sim.runs import open_run

    sys.stdout.write(f"{save_picture(open_run(given.run), given.out)}\n")
    return OK


def _replay(given: argparse.Namespace) -> int:
    from sim.replay import replay

    result = replay(given.messages, given.book, format=given.format, depth=given.depth, adopt=not given.no_adopt)
    if given.json:
        keys = ("rows", "rows_equal", "adoptions", "messages_per_second")
        _print_json({key: getattr(result, key) for key in keys})
    else:
        from analysis.report import replay_table

        Console(highlight=False).print(replay_table(result))
    return OK if result.rows_equal == result.rows else FAILED
