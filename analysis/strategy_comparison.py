"""Every strategy of a game alone against the same flow.

``python -m analysis.strategy_comparison SCENARIO [--out DIR] [--json]``

The players of the scenario's ``[game]`` all play one of its strategies, then all the next, on the same random numbers:
the same values, arrivals and signals. What differs between two rows is the strategy's doing alone.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.table import Table

from analysis.output.console import print_json
from analysis.output.console import results as console
from analysis.output.exit_codes import OK, exit_code_of
from analysis.output.figure_files import check_figure
from analysis.output.options import Parser, whole_number
from analysis.output.style import GREY, INK, save_figure, style
from analysis.output.tables import APART, new_table, number_columns
from analysis.stats.estimates import Estimate, mean
from sim.core.errors import RunError
from sim.runs.execute import execute, whole
from sim.runs.manifest import changes_in_words
from sim.runs.result import Run
from sim.scenario import Scenario, load
from sim.scenario.choices import offered, with_choices

_UNITS = (
    "payoff, from customers, to the informed: currency per episode; risk: standard deviation of the payoff over "
    "episodes, currency; final lots: root mean square; spread: currency"
)


@dataclass(frozen=True)
class StrategyResult:
    """What one strategy came to, means over episodes with their standard errors."""

    strategy: str
    payoff: Estimate  # of all players together, currency per episode
    risk: float  # standard deviation of the payoff over episodes, currency
    against_customers: Estimate  # what all but the informed lost, currency per episode
    lost_to_informed: Estimate  # what those who see the value gained, currency per episode
    inventory: float  # root mean square of what players hold at the end of an episode, lots
    quoted_spread: float  # currency, of all venues alike; nan where no book was ever whole
    volume: float  # lots per episode that players traded


def compare_strategies(scenario: Scenario) -> list[StrategyResult]:
    """Run every strategy of the scenario's game.

    Raises
    ------
    RunError
        If the scenario has no game.
    """
    if scenario.game is None:
        raise RunError(f"{scenario.source}: it has no [game], so there is nothing to compare — add [game.strategies]")
    if scenario.record.episodes == "none":
        raise RunError(
            f'{scenario.source}: without payoffs there is nothing to compare — drop record.episodes = "none"'
        )
    players = scenario.game.players
    return [
        _result_of(name, whole(execute(with_choices(scenario, dict.fromkeys(players, name)))), players)
        for name in offered(scenario, players[0])
        if all(name in offered(scenario, player) for player in players)
    ]


def _result_of(name: str, run: Run, players: tuple[str, ...]) -> StrategyResult:
    episodes = run.episodes
    seeing = {each.name for each in run.scenario.populations if each.sees}

    def total(populations: set[str], column: str = "payoff") -> NDArray[np.float64]:
        mine = episodes[episodes["population"].isin(populations)]
        summed = mine.groupby("episode")[column].sum()
        return summed.reindex(range(run.scenario.run.episodes), fill_value=0.0).to_numpy(float)

    others = {each.name for each in run.scenario.populations} - seeing - set(players)
    held = [column for column in episodes.columns if column.startswith("inventory.")]
    inventory = np.stack([total(set(players), column) for column in held])
    payoff = total(set(players))
    quoted = run.summary.loc[run.summary["measure"] == "quoted_spread", "value"]
    return StrategyResult(
        name,
        mean(payoff),
        float(payoff.std(ddof=1)) if len(payoff) > 1 else float("nan"),
        mean(-total(others)),
        mean(total(seeing - set(players))),
        float(np.sqrt((inventory**2).mean())),
        float(quoted.mean()),
        float(total(set(players), "volume").mean()),
    )


def table(results: list[StrategyResult]) -> Table:
    """A row a strategy, to be printed by rich."""
    found = new_table(_UNITS, padding=APART)
    found.add_column("strategy", no_wrap=True)
    number_columns(found, "payoff\n± s.e.", "risk", "from\ncustomers", "to the\ninformed", "final\nlots", "spread")
    for each in results:
        found.add_row(
            each.strategy,
            f"{each.payoff.value:.1f} ± {each.payoff.standard_error:.1f}",
            f"{each.risk:.1f}",
            f"{each.against_customers.value:.1f}",
            f"{each.lost_to_informed.value:.1f}",
            f"{each.inventory:.1f}",
            f"{each.quoted_spread:.3f}",
        )
    return found


def picture(results: list[StrategyResult], title: str) -> Figure:
    """What each strategy earned and from whom, beside the risk that it took."""
    with style():
        figure = Figure(figsize=(13, 1.6 + 0.42 * len(results)), dpi=100, layout="constrained")
        money, risk, held = figure.subplots(1, 3, width_ratios=[5, 2, 2], sharey=True)
        _money(money, results)
        places = np.arange(len(results))
        for ax, values, what, unit in (
            (risk, [each.risk for each in results], "risk: deviation of the payoff", "currency"),
            (held, [each.inventory for each in results], "inventory at the end, either way", "lots"),
        ):
            ax.barh(places, values, 0.6, color="#7b9fb8")
            ax.set_title(what, loc="left", fontsize=9.5)
            ax.set_xlabel(unit, color=GREY)
        for ax in (money, risk, held):
            ax.grid(axis="x", color=".87", lw=0.7)
            ax.set_axisbelow(True)
            ax.tick_params(left=False)
            for side in ("top", "right", "left"):
                ax.spines[side].set_visible(False)
        figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=12)
    return figure


def _money(ax: Axes, results: list[StrategyResult]) -> None:
    places = np.arange(len(results))
    ax.barh(places, [each.against_customers.value for each in results], 0.6, color="#9fc3a5", label="from customers")
    ax.barh(places, [-each.lost_to_informed.value for each in results], 0.6, color="#d98b7b", label="to the informed")
    errors = [4 * each.payoff.standard_error for each in results]
    payoffs, label = [each.payoff.value for each in results], "payoff, ± 4 standard errors"
    ax.errorbar(payoffs, places, xerr=errors, fmt="o", color=INK, ms=5, capsize=3, lw=1, label=label)
    ax.axvline(0, color=".5", lw=0.8)
    ax.set_yticks(places, [each.strategy for each in results])
    ax.set_ylim(len(results) - 0.5, -0.5)
    ax.set_xlabel("currency per episode", color=GREY)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, fontsize=9)


def _as_json(result: StrategyResult) -> dict[str, Any]:
    """Numbers that are none, as JSON has none, become null; an estimate becomes two numbers."""
    flat: dict[str, Any] = {}
    for name, value in vars(result).items():
        parts = (
            {name: value.value, f"{name}_standard_error": value.standard_error}
            if isinstance(value, Estimate)
            else {name: value}
        )
        flat |= {
            key: None if isinstance(part, float) and not math.isfinite(part) else part for key, part in parts.items()
        }
    return flat


def _heading(scenario: Scenario) -> str:
    """Title, what was changed of the file, and seed."""
    changed = changes_in_words({"overrides": scenario.changes})
    return " · ".join([scenario.title, *changed, f"seed {scenario.run.seed}"])


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit code."""
    parser = Parser(prog="python -m analysis.strategy_comparison", description=__doc__)
    parser.add_argument("scenario", type=Path, help="a TOML file with a [game]")
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="PATH=VALUE",
                        help="change a value (may be repeated)")  # fmt: skip
    parser.add_argument("--seed", type=whole_number(), metavar="N", help="takes the place of run.seed")
    parser.add_argument(
        "--out", type=Path, default=Path("runs"), metavar="DIR", help="the picture's folder (default: runs)"
    )
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    given = parser.parse_args(arguments)
    return exit_code_of(lambda: _call(given))


def _call(given: argparse.Namespace) -> int:
    scenario = load(given.scenario, given.overrides, given.seed)
    path = given.out / f"{given.scenario.stem}-showdown.png"
    given.out.mkdir(parents=True, exist_ok=True)
    check_figure(path)
    results = compare_strategies(scenario)
    save_figure(picture(results, _heading(scenario)), path)
    if given.json:
        print_json({"rows": [_as_json(each) for each in results], "picture": str(path)})
    else:
        console().print(table(results))
        console().print(f"picture     {path}", soft_wrap=True)
    return OK


if __name__ == "__main__":
    sys.exit(main())
