"""How much of a move answers the move: ``python -m analysis.amplification SCENARIO --population P --lots Q --at STEP``.

One market order more is sent, with the population P live in one pair of markets and frozen in the other
(:mod:`analysis.reflexivity.impulse`). A table says how far the order has moved the price so many steps later.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from analysis.output.console import WIDTH, print_json, results, status
from analysis.output.exit_codes import OK, exit_code_of
from analysis.output.numbers import plus_minus
from analysis.output.options import Parser, whole_number
from analysis.output.tables import new_table, number_columns
from analysis.reflexivity.impulse import Amplification, Horizon, amplification
from sim.core.errors import RunError
from sim.runs.interrupt import stop_on_signals
from sim.runs.manifest import changes_in_words
from sim.scenario import Scenario, load
from sim.strategy_kit.loading.files import load_files

_MOST_SEEDS = 1_000_000


# --- the command ----------------------------------------------------------------------------------------------------


def heading(scenario: Scenario, population: str, lots: int, at: int, seeds: range) -> list[str]:
    """What was run, in lines."""
    order = f"an order to {'buy' if lots > 0 else 'sell'} {abs(lots):,} lots in step {at:,}"
    named = f"{scenario.title or Path(scenario.source).stem} ({scenario.source})"
    return [
        f"{named}: {order}, {population} live and frozen, seeds {seeds[0]} to {seeds[-1]}",
        *(f"  set {change}" for change in changes_in_words({"overrides": scenario.changes})),
    ]


def table(found: Sequence[Horizon]) -> Table:
    """A row for each horizon, to be printed by rich."""
    made = new_table("moves in currency; live over frozen: above 1 the population amplifies")
    number_columns(made, "steps later", "frozen", "live", "live over frozen")
    for each in found:
        made.add_row(f"{each.steps:,}", *(plus_minus(*part, digits=5) for part in (each.frozen, each.live, each.ratio)))
    return made


def notes(found: Amplification, population: str) -> list[str]:
    """What a reader of the table has to know besides, in lines."""
    reasons: dict[str, list[str]] = {}
    for each in found.horizons:
        if each.why_no_ratio:
            reasons.setdefault(each.why_no_ratio, []).append(f"{each.steps:,}")
    lines = [f"no ratio {', '.join(steps)} steps later: {why}" for why, steps in reasons.items()]
    return [*lines, *([f"population {population}: {found.note}"] if found.note else [])]


def _steps(text: str) -> tuple[int, ...]:
    """A type of option: whole numbers from 0 with commas between."""
    read = whole_number(0)
    return tuple(dict.fromkeys(read(part.strip()) for part in text.split(",")))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m analysis.amplification",
        description="Say how a population's answer changes the move that one more market order causes.",
    )
    add = parser.add_argument
    add("scenario", type=Path, metavar="SCENARIO", help="a TOML file")
    add("--population", required=True, metavar="P", help="who is live in one pair of markets and frozen in the other")
    add("--lots", required=True, type=whole_number(), metavar="Q", help="size of the order, negative to sell")
    add("--at", required=True, type=whole_number(0), metavar="STEP", help="step of the episode in which it is sent")
    add("--horizons", type=_steps, default=(0, 1, 10), metavar="A,B,…", help="steps later (default: 0,1,10)")
    add("--seeds", type=whole_number(2, _MOST_SEEDS), default=20, metavar="N",
        help="how many, two or more (default: 20)")  # fmt: skip
    add("--seed", type=whole_number(), metavar="N", help="the first of the seeds (default: run.seed)")
    add("--set", action="append", default=[], dest="overrides", metavar="PATH=VALUE",
        help="change a value (may be repeated)")  # fmt: skip
    add("--strategies", action="append", default=[], type=Path, metavar="FILE",
        help="a Python file with strategies of your own (may be repeated)")  # fmt: skip
    add("--json", action="store_true", help="print one JSON object on standard output, nothing else")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit code."""
    given = _parser().parse_args(arguments)
    return exit_code_of(lambda: _call(given))


def _call(given: argparse.Namespace) -> int:
    load_files(given.strategies)
    scenario = load(given.scenario, given.overrides, given.seed)
    first = scenario.run.seed
    if first + given.seeds > 2**63:
        raise RunError(f"--seeds {given.seeds}: there are not so many from {first} on")
    seeds = range(first, first + given.seeds)
    with stop_on_signals(), status("beginning", given.json) as show:
        found = amplification(
            scenario, given.population, given.lots, given.at, given.horizons, seeds,
            lambda done: show(f"{done:,} of {given.seeds:,} seeds"),
        )  # fmt: skip
    if given.json:
        print_json({
            "scenario": scenario.source, "title": scenario.title,
            "set": changes_in_words({"overrides": scenario.changes}), "population": given.population,
            "lots": given.lots, "at": given.at, "seeds": [first, first + given.seeds - 1],
            "horizons": [each.as_json() for each in found.horizons], "messages": found.messages,
            "trades": found.trades, "note": found.note or None,
        })  # fmt: skip
    else:
        screen = results(WIDTH)
        for line in heading(scenario, given.population, given.lots, given.at, seeds):
            screen.print(line, soft_wrap=True, highlight=False)
        screen.print(table(found.horizons))
        for line in notes(found, given.population):
            screen.print(line, soft_wrap=True, highlight=False)
    return OK


if __name__ == "__main__":
    sys.exit(main())
