"""What would have been otherwise: ``python -m analysis.counterfactuals SCENARIO --seeds N``.

The scenario and each of its ``[counterfactuals]`` run on the same seeds, so the same values, arrivals and draws. Each
difference is a mean of differences seed by seed, with its 95 % interval (Student's t). An interval holds for one
difference by itself: of a hundred that are 0, about five exclude 0. Measures are those of a sweep's columns, and those
of ``spreadgame measure crash`` and of other measures that are asked for. Runs are kept; the same command goes on where
it was stopped.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.table import Table

from analysis.output.console import WIDTH, print_json, results, say, status
from analysis.output.exit_codes import OK, exit_code_of
from analysis.output.figure_files import check_figure
from analysis.output.numbers import number, plus_minus
from analysis.output.options import MOST_WORKERS, Parser, whole_number
from analysis.output.style import GREY, INK, save_figure, style, style_axes
from analysis.output.tables import new_table, number_columns, text_column
from analysis.reading import registry
from analysis.reflexivity.crash import named_makers
from analysis.stats.estimates import Estimate, mean
from analysis.stats.paired import CONFIDENCE, Difference, difference
from sim.core.errors import RunError
from sim.experiment import Job, Results, SweepProgress, run_many
from sim.experiment.jobs import sources_of
from sim.experiment.measured import Measures, asked_of
from sim.experiment.question import question_of
from sim.experiment.store import open_store
from sim.runs.interrupt import stop_on_signals
from sim.runs.manifest import changes_in_words
from sim.runs.total_measures import TOTALS
from sim.scenario import Scenario, load, with_counterfactual
from sim.scenario.counterfactuals import BASE
from sim.strategy_kit.loading.files import load_files

_TOTALLED = {each.name for each in TOTALS}
_LABEL = "counterfactual"  # the column that tells the runs apart
_MOST_SEEDS = 1_000_000
_SHOWN = ("quoted_spread", "pricing_error", "payoff")  # of a sweep's columns, on the screen
_MOST_PANELS = 8
_TAKEN: dict[str, Any] = {"trades": True, "messages": False, "agents": "none", "episodes": "populations"}
_NOTE = "* excludes 0; each interval holds by itself. Other measures: --json"


@dataclass(frozen=True)
class Compared:
    """A scenario and its counterfactuals on common seeds."""

    scenario: Scenario
    seeds: tuple[int, ...]
    units: dict[str, str]  # by measure, those of the crash first
    values: dict[str, dict[str, NDArray[np.float64]]]  # by name (the scenario's is "base") and measure: (seeds,)

    def base(self) -> dict[str, Estimate]:
        """Means over seeds of the scenario as it is."""
        return {name: mean(values[np.isfinite(values)]) for name, values in self.values[BASE].items()}

    def differences(self) -> dict[str, dict[str, Difference]]:
        """By counterfactual and measure; those that both sides have on two seeds at least."""
        found: dict[str, dict[str, Difference]] = {}
        for name, own in self.values.items():
            if name != BASE:
                made = {measure: difference(own[measure], self.values[BASE][measure]) for measure in own}
                found[name] = {measure: each for measure, each in made.items() if each.pairs >= 2}
        return found


# --- the runs -------------------------------------------------------------------------------------------------------


def jobs_of(scenario: Scenario, seeds: Sequence[int], needs: Set[str] = frozenset()) -> list[Job]:
    """The scenario and its counterfactuals, each on all seeds.

    Parameters
    ----------
    needs : what measures besides that of a crash need to be kept (:data:`analysis.reading.registry.NEEDS`).

    Raises
    ------
    RunError
        If it has none.
    """
    if not scenario.counterfactuals:
        example = 'add for example [counterfactuals] and without_noise = { "populations.noise.count" = 0 }'
        raise RunError(f"{scenario.source}: it has no [counterfactuals], so there is nothing to compare — {example}")
    variants = {BASE: scenario} | {name: with_counterfactual(scenario, name) for name in scenario.counterfactuals}
    return [Job(_recording(each, needs), seeds, {_LABEL: name}) for name, each in variants.items()]


def _recording(scenario: Scenario, needs: Set[str]) -> Scenario:
    """The scenario with the tables kept that the measures read, and no others; its trades are the same."""
    kept: dict[str, Any] = {**_TAKEN, "levels": scenario.record.levels or 1}
    if "messages" in needs:
        kept["messages"] = True
    if "agents" in needs:
        kept["agents"] = "agents"
    return scenario.model_copy(update={"record": scenario.record.model_copy(update=kept)})


def measures_of(names: Sequence[str], makers: str | None, scenario: Scenario) -> Measures:
    """The measures that are taken of each run, with their options: that of a crash, and those that are named.

    Raises
    ------
    RunError
        If there is no such measure, one gives a table instead of a number a row, or no such population makes a market.
    """
    if makers is not None:
        named_makers(makers, [each.name for each in scenario.populations], "--makers")
    for name in names:
        if registry.get(name).common_unit:
            raise RunError(
                f"--measure {name}: it gives a table of several numbers a row, and one number a row is compared — take "
                f"it of the runs one by one: spreadgame measure {name} RUN"
            )
    return {"crash": {} if makers is None else {"makers": makers}} | {name: {} for name in names if name != "crash"}


def needs_of(measures: Measures) -> frozenset[str]:
    """What the measures need to be kept: herding reads opinions, which are in the samples of agents."""
    needs = {need for name in measures for need in registry.get(name).needs}
    return frozenset(needs | ({"agents"} if "herding" in measures else set()))


def compared(scenario: Scenario, jobs: Sequence[Job], found: Results) -> Compared:
    """What runs of :func:`jobs_of` came to."""
    told = {column.name: column.metadata for column in found.table.schema if column.metadata}
    names = sorted(told.keys() - {"seed"}, key=lambda name: (not _is_measured(name), list(told).index(name)))
    units = {name: told[name][b"unit"].decode() for name in names}
    columns = {name: np.asarray(found.by_job(name), float) for name in units}
    values = {
        str(job.labels[_LABEL]): {name: column[place] for name, column in columns.items()}
        for place, job in enumerate(jobs)
    }
    return Compared(scenario, tuple(jobs[0].seeds), units, values)


# --- what is shown --------------------------------------------------------------------------------------------------


def _is_measured(measure: str) -> bool:
    return measure.rpartition(".")[2] not in _TOTALLED


def shown_measures(found: Compared) -> list[str]:
    """Those that a table has room for: of the crash, then spreads, pricing errors and payoffs, as far as known."""
    known = [name for name, each in found.base().items() if math.isfinite(each.value)]
    others = [name for kind in _SHOWN for name in known if name.endswith(f".{kind}")]
    return [name for name in known if _is_measured(name)] + others


def table(found: Compared) -> Table:
    """Of each measure what it is in the scenario, then what each counterfactual changes; to be printed by rich."""
    base, differences = found.base(), found.differences()
    made = new_table(_NOTE)
    text_column(made, "measure: base, then the change by")
    number_columns(made, "value", "95 % interval", "pairs")
    for measure in shown_measures(found):
        made.add_row(f"{measure}, {found.units[measure]}", plus_minus(*base[measure]), "", "", style="bold")
        for name, of_name in differences.items():
            if measure in of_name:
                each = of_name[measure]
                span = f"{number(each.low, 3)} to {number(each.high, 3)}{' *' if each.excludes_nought else '  '}"
                made.add_row(f"  {name}", plus_minus(each.value, each.standard_error), span, f"{each.pairs}")
    return made


def as_json(found: Compared) -> dict[str, Any]:
    """What was found, as JSON has it: what is no finite number is null."""
    base = {name: each.as_json() | {"unit": found.units[name]} for name, each in found.base().items()}
    return {
        "scenario": found.scenario.source,
        "title": found.scenario.title,
        "set": changes_in_words({"overrides": found.scenario.changes}),
        "seeds": [found.seeds[0], found.seeds[-1]],
        "confidence": CONFIDENCE,
        "counterfactuals": {name: dict(each) for name, each in found.scenario.counterfactuals.items()},
        "base": base,
        "differences": {
            name: {measure: each._asdict() for measure, each in of_name.items()}
            for name, of_name in found.differences().items()
        },
    }


def picture(found: Compared) -> Figure:
    """A panel for each measure: the differences of single seeds, their mean, and its interval."""
    measures, names = shown_measures(found)[:_MOST_PANELS], [name for name in found.values if name != BASE]
    across = min(2, len(measures))
    down = -(-len(measures) // across)
    with style():
        figure = Figure(figsize=(5.6 * across, 0.9 + down * (1.1 + 0.34 * len(names))), dpi=110, layout="constrained")
        panels = figure.subplots(down, across, squeeze=False, sharey=True).ravel()
        for ax, measure in zip(panels, measures, strict=False):
            _draw(ax, found, measure, names)
        for ax in panels[len(measures) :]:
            ax.set_visible(False)
        first, last = found.seeds[0], found.seeds[-1]
        heading = [found.scenario.title or Path(found.scenario.source).stem]
        heading += [*changes_in_words({"overrides": found.scenario.changes}), f"seeds {first} to {last}"]
        note = "dots: single seeds; bars: 95 % intervals of their mean, in orange where 0 lies outside"
        figure.supxlabel(note, x=0.01, ha="left", fontsize=9, color=GREY)
        figure.suptitle(" · ".join(heading), x=0.01, ha="left", fontweight="bold", fontsize=12, parse_math=False)
    return figure


def _draw(ax: Axes, found: Compared, measure: str, names: list[str]) -> None:
    differences = found.differences()
    for place, name in enumerate(names):
        single = found.values[name][measure] - found.values[BASE][measure]
        single = single[np.isfinite(single)]
        ax.scatter(single, np.full(len(single), place + 0.22), s=9, color="#7b9fb8", alpha=0.55, linewidths=0)
        each = differences[name].get(measure)
        if each is None:
            ax.text(0.0, place, " not there", color=GREY, va="center", fontsize=8.5)
            continue
        colour = "#c2571a" if each.excludes_nought else INK
        ax.errorbar(each.value, place, xerr=each.high - each.value, fmt="o", color=colour, ms=5, capsize=3, lw=1.4)
    ax.axvline(0, color=".5", lw=0.8, zorder=0)
    value = found.base()[measure]
    style_axes(ax, f"{measure}: {plus_minus(*value)}", "", grid="x")
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(left=False)
    ax.set_xlabel(f"change, {found.units[measure]}", color=GREY)


# --- the command ----------------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m analysis.counterfactuals",
        description="Run a scenario and its [counterfactuals] on the same seeds, and say what each of them changes.",
        epilog="Runs are kept in DIR; the same command goes on where it was stopped.",
    )
    add = parser.add_argument
    add("scenario", type=Path, metavar="SCENARIO", help="a TOML file with [counterfactuals]")
    add("--seeds", type=whole_number(2, _MOST_SEEDS), default=20, metavar="N",
        help="how many, two or more (default: 20)")  # fmt: skip
    add("--seed", type=whole_number(), metavar="N", help="the first of the seeds (default: run.seed)")
    add("--set", action="append", default=[], dest="overrides", metavar="PATH=VALUE",
        help="change a value in all of them (may be repeated)")  # fmt: skip
    add("--makers", metavar="A,B", help="populations that make the market, for the measures of a crash")
    add("--measure", action="append", default=[], dest="measures", metavar="NAME",
        help="a measure to compare besides that of a crash, with a number a row (may be repeated)")  # fmt: skip
    add("--strategies", action="append", default=[], type=Path, metavar="FILE",
        help="a Python file with strategies of your own (may be repeated)")  # fmt: skip
    add("--workers", type=whole_number(1, MOST_WORKERS), metavar="N",
        help="how many runs at a time (default: one a core)")  # fmt: skip
    add("--out", type=Path, metavar="DIR", help="for the runs (default: runs/NAME-counterfactuals)")
    add("--figure", type=Path, metavar="FILE", help="the figure: .png, .svg or .pdf (default: in DIR)")
    add("--json", action="store_true", help="print one JSON object on standard output, nothing else")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit code."""
    given = _parser().parse_args(arguments)
    return exit_code_of(lambda: _call(given))


def _call(given: argparse.Namespace) -> int:
    if given.figure is not None:
        check_figure(given.figure)
    load_files(given.strategies)
    scenario = load(given.scenario, given.overrides, given.seed)
    first = scenario.run.seed
    if first + given.seeds > 2**63:
        raise RunError(f"--seeds {given.seeds}: there are not so many from {first} on")
    measures = measures_of(given.measures, given.makers, scenario)
    jobs = jobs_of(scenario, range(first, first + given.seeds), needs_of(measures))
    wanted = given.out or Path("runs") / f"{given.scenario.stem}-counterfactuals"
    found, folder = _run(given, scenario, jobs, wanted, measures)
    figure = given.figure or folder / f"{given.scenario.stem}-counterfactuals.png"
    save_figure(picture(found), figure)
    if given.json:
        print_json(as_json(found) | {"folder": str(folder), "figure": str(figure)})
    else:
        for change in changes_in_words({"overrides": scenario.changes}):
            results(WIDTH).print(f"  set {change}", soft_wrap=True)
        results(WIDTH).print(table(found))
        results(WIDTH).print(f"figure  {figure}", soft_wrap=True)
    return OK


def _run(
    given: argparse.Namespace, scenario: Scenario, jobs: list[Job], wanted: Path, measures: Measures
) -> tuple[Compared, Path]:
    """What the runs came to, and the folder in which they are kept."""
    sources = sources_of(given.strategies)
    asked = {"scenario": given.scenario.name, "set": list(given.overrides)}
    with open_store(wanted, question_of(jobs, False, sources, asked_of(measures)), elsewhere=True) as store:
        if store.folder != wanted:
            say(f"{wanted} is for another question; this one goes to {store.folder}")
        try:
            with stop_on_signals(), _progress(given.json) as watch:
                found = run_many(
                    jobs, given.workers, out=store, watch=watch, strategies=sources, asked=asked, measures=measures
                )
        except KeyboardInterrupt:
            say(f"what was finished is kept in {store.folder}; the same command goes on from there")
            raise
        return compared(scenario, jobs, found), store.folder


@contextmanager
def _progress(hidden: bool) -> Iterator[Any]:
    """How many runs are done, on a screen that can be written over."""
    with status("beginning", hidden) as show:

        def watch(done: SweepProgress) -> None:
            show(f"{done.runs:,} of {done.total:,} runs")

        yield watch


if __name__ == "__main__":
    sys.exit(main())
