"""``spreadgame measure``: lists the measures, explains one, or takes one of run folders, of files or of its options.

The options are those of the measure that is named, so they are added when the line is read. Nothing slow is imported
before somebody types the command.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Container
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.output.console import WIDTH, complain, print_json, results
from analysis.output.exit_codes import BAD_INPUT, OK
from analysis.output.options import numbers, real_number, whole_number

if TYPE_CHECKING:
    import pandas as pd

    from analysis.reading.registry import Measure, Option


# --- the line -------------------------------------------------------------------------------------------------------


def declare(parser: argparse.ArgumentParser) -> None:
    """What may be typed, whichever measure it is of."""
    parser.usage = "spreadgame measure [NAME [options] [RUN …]] [--json]"
    parser.description = "List the measures of runs; explain the one of this name; or take it of run folders."
    parser.epilog = "The options are those of the measure: spreadgame measure NAME --help"
    parser.set_defaults(name=None)
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN", help="folders that runs printed")
    parser.add_argument("--json", action="store_true", help="print one JSON object on standard output, nothing else")


def learn(parser: argparse.ArgumentParser, words: list[str]) -> list[str]:
    """Give the parser of the command the options of the measure that is named.

    Parameters
    ----------
    words : what was typed behind the command.

    Returns
    -------
    Those that are left to be read: without the name, and with several numbers bound to their option.
    """
    from analysis.reading import registry
    from analysis.reading.measure_options import flag
    from sim.core.errors import RunError

    place = _place_of_name(words, registry.modules())
    if place is None:
        return words
    try:
        found = registry.get(words[place])
    except RunError as error:
        complain(str(error))
        parser.exit(BAD_INPUT)
    parser.set_defaults(name=found.name)
    parser.prog, parser.usage = f"{parser.prog} {found.name}", None
    parser.description, parser.epilog = f"{found.summary[0].upper()}{found.summary[1:]}.", f"Source: {found.source}."
    if found.opens is not None or not found.takes_runs:
        parser.description += f" It takes {found.takes}."
    for name, option in found.options.items():
        _add_option(parser, name, option)
    if found.draw is not None:
        parser.add_argument("--figure", type=Path, metavar="FILE", help="draw it too")
    bound = {flag(name) for name, option in found.options.items() if option.is_several or option.kind is float}
    left: list[str] = []
    for word in (*words[:place], *words[place + 1 :]):
        if left and left[-1] in bound:  # argparse takes -0.3,0.1 and -1e-3 for options
            left[-1] = f"{left[-1]}={word}"
        else:
            left.append(word)
    return left


def _place_of_name(words: list[str], known: Container[str]) -> int | None:
    """Where the measure is named: options may stand before it, whose values are no names of measures."""
    places = [place for place, word in enumerate(words) if not word.startswith("-")]
    free = [place for place in places if place == 0 or words[place - 1] == "--json" or words[place - 1][:2] != "--"]
    named = (place for place in places if words[place] in known)
    return next(named, next(iter(free or places), None))


def _add_option(parser: argparse.ArgumentParser, name: str, option: Option) -> None:
    from analysis.reading.measure_options import flag

    more: dict[str, Any] = {"choices": option.choices}
    if not option.choices:
        metavar = "A,B,…" if option.is_several else "NAME" if option.kind is str else "N"
        more = {"type": _reader(option), "metavar": metavar}
    parser.add_argument(flag(name), dest=name, default=option.default, help=option.said.replace("%", "%%"), **more)


def _reader(option: Option) -> Any:
    low, high = option.low, option.high
    if option.is_several:
        return numbers(low, high)
    if option.kind is int:
        return whole_number(None if low is None else int(low), None if high is None else int(high))
    return real_number(low, high) if option.kind is float else str


# --- what is done ---------------------------------------------------------------------------------------------------


def call(given: argparse.Namespace) -> int:
    """Do what was typed. Returns the exit code."""
    from analysis.output import measure_listing as listing
    from analysis.reading import registry
    from sim.core.errors import RunError
    from sim.runs.total_measures import TOTALS

    if given.name is None:
        known = registry.all_measures()
        if given.json:
            print_json({"measures": [each.as_json() for each in known], "sweep": [each._asdict() for each in TOTALS]})
        else:
            results(None if sys.stdout.isatty() else WIDTH).print(listing.list_of(known, TOTALS))
        wrong = registry.problems()
        for line in wrong:
            complain(line)
        return BAD_INPUT if wrong else OK
    found = registry.get(given.name)
    if getattr(given, "figure", None) and not given.runs:
        raise RunError(f"{given.figure}: a figure is of one run — give one RUN")
    if given.runs or (found.takes_nothing and _options_of(found, given) != _defaults(found)):
        _take(found, given)
    elif given.json:
        print_json(found.as_json())
    else:
        results(None if sys.stdout.isatty() else WIDTH).print(listing.page_of(found))
    return OK


def _options_of(found: Measure, given: argparse.Namespace) -> dict[str, Any]:
    return {name: value for name, value in vars(given).items() if name in found.options}


def _defaults(found: Measure) -> dict[str, Any]:
    return {name: option.default for name, option in found.options.items()}


def _take(found: Measure, given: argparse.Namespace) -> None:
    from analysis.output.measure_table import NARROWEST, tables_of

    options = _options_of(found, given)
    figure = getattr(given, "figure", None)
    if figure is not None:
        _check_figure(figure, given.runs)
    runs = [found.open(path, **options) for path in given.runs] or [None]
    frames = [found.of(run, **options) for run in runs]
    if figure is not None:
        _draw(found, runs[0], options, figure)
    if given.json and not given.runs:
        print_json({"measure": found.name, "options": options, **found_in(frames[0])})
        return
    if given.json:
        measured = [as_json(path, frame) for path, frame in zip(given.runs, frames, strict=True)]
        alone = details(frames[0]) if len(frames) == 1 else {}
        print_json({"measure": found.name, "options": options, **alone, "runs": measured})
        return
    console = results(None if sys.stdout.isatty() else WIDTH)
    console.width = max(console.width, NARROWEST)
    for place, (run, frame) in enumerate(zip(runs, frames, strict=True)):
        if len(runs) > 1:
            heading = f"{given.runs[place]}: {run.heading}"
            console.print(*[""] * bool(place), heading, sep="\n", style="bold", soft_wrap=True)
        for number, table in enumerate(tables_of(frame, found.common_unit, found.sparse, console.width)):
            console.print(*[""] * bool(number), table, sep="\n")


def as_json(path: str | Path, frame: pd.DataFrame) -> dict[str, Any]:
    """What was found of a run as ``--json`` prints it."""
    return {"run": str(path), **found_in(frame)}


def found_in(frame: pd.DataFrame) -> dict[str, Any]:
    """What was found, as ``--json`` prints it."""
    from analysis.reading.measures import records

    return {"rows": records(frame), "note": frame.attrs.get("note") or None, **details(frame)}


def details(frame: pd.DataFrame) -> dict[str, Any]:
    """What a measure says in JSON besides its table, by name; it stands at the top too where one run was measured."""
    return dict(frame.attrs.get("details", {}))


def _check_figure(figure: Path, runs: list[Path]) -> None:
    from analysis.output.figure_files import check_figure
    from sim.core.errors import RunError

    check_figure(figure)
    if len(runs) > 1:
        raise RunError(f"{figure}: a figure is of one run — give one RUN, or leave --figure out")


def _draw(found: Measure, run: Any, options: dict[str, Any], figure: Path) -> None:
    from sim.core.errors import RunError, reason_of

    drawn = found.drawn(run, **options)
    try:
        drawn.savefig(figure)
    except OSError as error:
        raise RunError(f"{figure}: the figure cannot be written ({reason_of(error)})") from error
