"""What each command does. Errors a user can mend end as their message and exit code 2, never as a traceback."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from sim.core.errors import SpreadgameError, listed
from spreadgame.commands.parser import BAD_INPUT, FAILED, INTERRUPTED, OK

if TYPE_CHECKING:
    from analysis.theory.board import Watch
    from analysis.theory.experiments import Experiment
    from analysis.theory.rows import Row
    from sim.runs.execute import Progress
    from sim.runs.result import Run
    from sim.scenario import Scenario

_OUTPUT = ("status", "steps", "messages", "trades", "messages_per_second", "seconds")
Move = Callable[[int, int, int, float], None]  # done, of how many, messages, seconds
_REPLAY_OUTPUT = ("rows", "rows_equal", "adoptions", "falls_at", "messages_per_second")


def call(given: argparse.Namespace) -> int:
    """Run the command that was typed. Returns the exit code."""
    command: Callable[[argparse.Namespace], int] = globals()[f"_{given.command}"]
    try:
        code = command(given)
        sys.stdout.flush()
        return code
    except SpreadgameError as error:
        _complain(str(error))
        return BAD_INPUT
    except KeyboardInterrupt as interrupt:
        _complain("interrupted")
        number = getattr(interrupt, "signal", None)
        return 128 + number if number else INTERRUPTED
    except BrokenPipeError:  # somebody closed our output, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:
        _complain(f"{error.filename or 'standard output'}: {error.strerror or error}")
        return BAD_INPUT
    except MemoryError:
        _complain("there is not enough memory for this — take fewer agents, or record less ([record] in the scenario)")
        return BAD_INPUT


def _results() -> Console:
    """Results go to standard output."""
    return Console(highlight=False, emoji=False, markup=False)


def _screen() -> Console:
    """Progress and errors go to standard error."""
    return Console(stderr=True, highlight=False, emoji=False, markup=False)


def _complain(message: str) -> None:
    _screen().print(message, style="red", soft_wrap=True)


def _say(message: str) -> None:
    _screen().print(message, soft_wrap=True)


def _warn(scenario: Scenario) -> None:
    """Say on the screen what in a scenario will have no effect."""
    if found := scenario.warnings():
        _screen().print(listed(scenario.source, "warning", found), style="yellow", soft_wrap=True)


def _print_json(content: Any) -> None:
    sys.stdout.write(json.dumps(content, indent=2) + "\n")


def _load_strategies(files: list[Path]) -> None:
    if files:
        from sim.strategy_kit.loading.files import load_files

        load_files(files)


def _announce_compiling(entry: str, strategies: list[str]) -> None:
    from sim.core.compiled import CACHE, COMPILED, is_compiled

    if not COMPILED or is_compiled(strategies, entry):
        return
    if CACHE is None:
        _say("compiling, about 20 seconds, each time: no cache can be written — set NUMBA_CACHE_DIR to a folder")
    elif is_compiled([], entry):
        _say("compiling strategies, once for this version: a few seconds …")
    else:
        _say("compiling the engine, once for this version: about 20 seconds …")


@contextmanager
def _bar(what: str, of: str, hidden: bool) -> Iterator[Move]:
    """A progress bar on the screen, none where there is no screen. Gives the function that moves it."""
    screen = _screen()
    if hidden or not screen.is_terminal:
        yield lambda done, total, messages, seconds: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn(what), BarColumn(20), TextColumn("{task.fields[said]}"), TimeRemainingColumn()
    bar = Progress(*columns, console=screen, transient=True)
    task = bar.add_task("", total=None, said="")

    def move(done: int, total: int, messages: int, seconds: float) -> None:
        speed = messages / max(seconds, 1e-9) / 1e6
        said = f"{done:,} {of}, {speed:.2f} million messages a second"
        bar.update(task, completed=done, total=total, said=said)

    with bar:
        yield move


# --- run ------------------------------------------------------------------------------------------------------------


def _measure(given: argparse.Namespace) -> int:
    from spreadgame.commands.measure import measure

    return measure(given)


def _run(given: argparse.Namespace) -> int:
    _load_strategies(given.strategies)
    from sim.scenario import load

    scenario = load(given.scenario, given.overrides, given.seed)
    _warn(scenario)
    result, error = _watched(scenario, given.out, given.name, given.json)
    if given.json:
        _print_json({"folder": str(result.folder), **{key: result.manifest[key] for key in _OUTPUT}})
    elif error is None:
        _summarise(result)
    if result.status != "complete":
        return _ending(result, error)
    out = None if given.json else _results()
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
    _announce_compiling("kernel.advance", [population.strategy for population in scenario.populations])
    from sim.runs.execute import attempt

    with _bar("running", "steps", quiet) as move:

        def watch(progress: Progress) -> None:
            move(progress.steps, progress.total, progress.messages, progress.seconds)

        outcome = attempt(scenario, out, name, watch)
    return outcome.run, outcome.error


def _summarise(result: Run) -> None:
    from analysis.output.rejections import rejection_lines
    from analysis.output.run_summary import summary_table

    out, manifest = _results(), result.manifest
    out.print(summary_table(result))
    out.print(f"{manifest['steps']:,} steps, {manifest['messages']:,} messages, {manifest['trades']:,} trades")
    out.print(f"{manifest['seconds']:.2f} s, {manifest['messages_per_second'] / 1e6:.2f} million messages a second")
    if manifest["repriced_quotes"]:
        out.print(f"{manifest['repriced_quotes']:,} quotes repriced off the other side")
    for line in rejection_lines(manifest):
        out.print(line, soft_wrap=True)
    out.print(f"run folder  {result.folder}", soft_wrap=True)


def _ending(result: Run, error: Exception | None) -> int:
    """Say on the screen why the run ended early. Returns the exit code."""
    manifest = result.manifest
    if error is not None:
        if not isinstance(error, SpreadgameError):
            raise error
        _complain(f"{error}\nwhat was done before it is in {result.folder}")
        return BAD_INPUT
    reached = f"after {manifest['steps']:,} of {manifest['steps_asked']:,} steps; what was done is in {result.folder}"
    if manifest["signal"] is not None:
        _complain(f"interrupted ({manifest['reason']}) {reached}")
        return 128 + int(manifest["signal"])
    _complain(f"{manifest['reason']} {reached} — free some space, or record less ([record] in the scenario)")
    return BAD_INPUT


# --- sweep ----------------------------------------------------------------------------------------------------------


def _solve(given: argparse.Namespace) -> int:
    from spreadgame.commands.solve import solve

    return solve(given)


def _sweep(given: argparse.Namespace) -> int:
    from spreadgame.commands.sweep import sweep

    return sweep(given)


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
            _complain(str(error))
        else:
            steps = f"{scenario.run.episodes:,} × {scenario.run.steps:,} steps"
            many = len(scenario.warnings())
            verdict = "fine" if not many else f"can run, with {many} warning{'' if many == 1 else 's'}"
            sys.stdout.write(f"{path}: {verdict} ({scenario.agents():,} agents, {steps})\n")
            _warn(scenario)
    return BAD_INPUT if bad else OK


def _schema(given: argparse.Namespace) -> int:
    from sim.scenario import json_schema

    _print_json(json_schema())
    return OK


def _strategies(given: argparse.Namespace) -> int:
    _load_strategies(given.files)
    from analysis.output.listings import strategy_page, strategy_table
    from sim.strategy_kit import registry as strategies

    out = _results()
    if given.name is None:
        out.print(strategy_table([strategies.get(name) for name in strategies.names()]))
        out.print("spreadgame strategies NAME explains one")
    else:
        out.print(strategy_page(strategies.get(given.name)))
    return OK


def _plot(given: argparse.Namespace) -> int:
    from sim.runs.result import open_run

    run = open_run(given.run)
    from analysis.output.run_picture import save_picture

    sys.stdout.write(f"{save_picture(run, given.out)}\n")
    return OK


def _report(given: argparse.Namespace) -> int:
    from sim.runs.result import open_run

    runs = [open_run(folder) for folder in given.runs]
    from analysis.report.page import save_report

    with _parts() as watch:
        path = save_report(runs, given.out, watch)
    sys.stdout.write(f"{path}\n")
    return OK


@contextmanager
def _parts() -> Iterator[Callable[[str], None]]:
    """What is being made, on the screen while it is."""
    screen = _screen()
    if not screen.is_terminal:
        yield lambda part: None
        return
    with screen.status("reading") as status:
        yield lambda part: status.update(part)


def _replay(given: argparse.Namespace) -> int:
    import time

    _announce_compiling("replay._replay", [])
    from sim.recorded.replay import replay

    with _bar("replaying", "rows", given.json) as move:
        begin = time.perf_counter()

        def progress(done: int, rows: int) -> None:
            move(done, rows, done, time.perf_counter() - begin)

        result = replay(given.messages, given.book, given.format, given.depth, not given.no_level_adoption, progress)
    if given.json:
        _print_json({key: getattr(result, key) for key in _REPLAY_OUTPUT})
    else:
        from analysis.output.listings import replay_table

        _results().print(replay_table(result))
    same = result.rows_equal == result.rows and not result.unmatched and not result.crossed
    return OK if same else FAILED


def _theory(given: argparse.Namespace) -> int:
    from analysis.theory.experiments import chosen
    from sim.runs.folder import check_writable

    experiments = chosen(given.only)
    if given.page and given.page.suffix != ".md":
        raise SpreadgameError(
            f"{given.page}: the page is Markdown, with a picture beside it — give it a name like board.md"
        )
    for folder in [given.out, *([given.page.parent] if given.page else [])]:
        check_writable(folder)  # rather than after minutes
    _announce_compiling("kernel.advance", [])
    from analysis.theory.board import run_board
    from analysis.theory.page import board_table, markdown
    from analysis.theory.picture import save_picture
    from sim.runs.interrupt import stop_on_signals

    kept = given.out / ("quick" if given.quick else "full")
    try:
        with stop_on_signals(), _board_bar(given.json) as watch:
            rows = run_board(experiments, given.quick, kept, watch)
    except KeyboardInterrupt:
        _say(f"what was finished is kept in {kept}; the same command goes on from there")
        raise
    drawn = save_picture(rows, kept / "theory.png", given.quick)
    if given.page:
        beside = save_picture(rows, given.page.with_suffix(".png"), given.quick)
        given.page.write_text(markdown(rows, beside.name, given.quick), encoding="utf-8")
    if given.json:
        _print_json({"rows": [row.as_json() for row in rows]})
    else:
        _results().print(board_table(rows))
        _results().print(f"picture     {drawn}", soft_wrap=True)
        if given.page:
            _results().print(f"page        {given.page}", soft_wrap=True)
    return FAILED if any(row.verdict == "fail" for row in rows) else OK


@contextmanager
def _board_bar(hidden: bool) -> Iterator[Watch]:
    """A bar for the experiments on the screen; where there is no screen, a line for each that ends."""
    import time

    from analysis.theory.board import Watch
    from analysis.theory.picture import tally

    screen, begun = _screen(), [time.perf_counter()]

    def ended(experiment: Experiment, rows: list[Row], known: bool) -> None:
        spent = "kept" if known else f"{time.perf_counter() - begun[0]:.1f} s"
        begun[0] = time.perf_counter()
        if not hidden:
            _say(f"{experiment.name:<28} {tally(rows):<20} {spent}")

    if hidden or not screen.is_terminal:
        yield Watch(ends=ended)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), BarColumn(20), TextColumn("{task.fields[said]}"), TimeElapsedColumn()
    bar = Progress(*columns, console=screen, transient=True)
    task = bar.add_task("", total=None, said="")

    def begins(experiment: Experiment, place: int, count: int) -> None:
        bar.update(task, description=experiment.title, completed=place, total=count, said=f"{place} of {count}")

    def moves(market: str, progress: Any) -> None:
        bar.update(task, said=f"{market}: {progress.steps:,} of {progress.total:,} steps")

    with bar:
        yield Watch(begins, moves, ended)
