"""The command ``solve``: the equilibria of a scenario's game, as a table or as JSON."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import RunError
from spreadgame import commands
from spreadgame.cli import OK

if TYPE_CHECKING:
    from rich.console import Group

    from analysis.games.candidates import Candidate
    from analysis.games.solution import Solution
    from sim.experiment import Standing

_VERDICTS = {"holds": "nobody gains ε", "fails": "somebody gains ε", "open": "not sure"}
_MOST_ACROSS = 4  # equilibria whose markets are shown beside one another


def solve(given: argparse.Namespace) -> int:
    """Solve what was typed. Returns the exit code."""
    commands._load_strategies(given.strategies)
    from sim.scenario import load

    scenario = load(given.scenario, given.overrides, given.seed)
    if given.workers is not None and given.workers < 1:
        raise RunError(f"--workers {given.workers}: at least one is needed")
    if given.epsilon is not None and not given.epsilon > 0:
        raise RunError(f"--epsilon {given.epsilon:g}: a gain that does not count is above 0")
    from analysis.games.candidates import plays
    from analysis.games.market import MarketGame
    from analysis.games.solution import BUDGET
    from analysis.games.solution import solve as solved

    game = MarketGame(scenario)
    budget = BUDGET if given.budget is None else given.budget
    played = {each.strategy for profile in game.profiles for each in game.scenario_of(profile).populations}
    commands._announce_compiling("kernel.advance", sorted(played))
    out: Path = given.out or Path("runs") / f"{given.scenario.stem}-game"
    from sim.execute import stop_on_signals

    with stop_on_signals(), _progress(given.json) as watch:
        try:
            found = solved(scenario, budget, given.epsilon, given.workers, out, given.strategies, watch)
        except KeyboardInterrupt:
            commands._say(f"what was finished is kept in {out}; the same command goes on from there")
            raise
    if given.json:
        commands._print_json(as_json(found))
        return OK
    screen = commands._results()
    screen.print(table(found))
    screen.print(found.note)
    screen.print(f"as one they would play  {plays(found.together)}: {_earning(found.together)}")
    if found.competitive is not None:
        screen.print(f"just without a loss     {plays(found.competitive)}: {_earning(found.competitive)}")
    screen.print(f"{found.runs:,} runs, kept in {out}", soft_wrap=True)
    return OK


@contextmanager
def _progress(hidden: bool) -> Iterator[Callable[[str], Any]]:
    """Runs of each round on the screen, with the time that is left."""
    screen = commands._screen()
    if hidden or not screen.is_terminal:
        yield lambda name: None
        return
    with screen.status("beginning") as status:

        def watch(name: str) -> Callable[[Standing], None]:
            def show(standing: Standing) -> None:
                left = f", {standing.left:,.0f} s left" if math.isfinite(standing.left) else ""
                status.update(f"{name}: {standing.runs:,} of {standing.total:,} runs{left}")

            return show

        yield watch


def table(found: Solution) -> Group:
    """The equilibria: who plays what, what it pays, its regret's interval; then what the market is like at each."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table

    from analysis.command import number, plus_minus
    from analysis.games.candidates import plays

    def made() -> Table:
        return Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold", caption_justify="left")

    first = made()
    for head in ("", "plays", "payoff", "regret", "95 % interval", ""):
        first.add_column(head, overflow="fold", justify="right" if head in ("payoff", "regret") else "left")
    for place, each in enumerate(found.equilibria, 1):
        paid = "\n".join(plus_minus(*estimate) for estimate in each.payoffs.values())
        regret, interval = "-", "-"
        if each.certificate is not None:
            low, high = each.certificate.low, each.certificate.high
            regret, interval = number(each.certificate.regret, 3), f"{number(low, 3)} to {number(high, 3)}"
        first.add_row(str(place), plays(each), paid, regret, interval, _VERDICTS[each.verdict(found.epsilon)])
    first.caption = f"currency an episode; ε = {number(found.epsilon, 3)}; regret on seeds that chose nothing"
    measures = list(dict.fromkeys(name for each in found.equilibria for name in each.market))
    second = made()
    second.add_column("at each")
    for place in range(1, len(found.equilibria) + 1):
        second.add_column(str(place), justify="right", overflow="fold")
    for name in measures:
        cells = [plus_minus(*each.market[name]) if name in each.market else "-" for each in found.equilibria]
        second.add_row(name.replace("_", " ").replace(".", " "), *cells)
    return Group(first, "", second) if measures and len(found.equilibria) <= _MOST_ACROSS else Group(first)


def _earning(candidate: Candidate) -> str:
    from analysis.command import plus_minus

    return ", ".join(f"{plus_minus(*value)} each" for value in candidate.payoffs.values())


def as_json(found: Solution) -> dict[str, Any]:
    """What ``--json`` prints."""

    def told(each: Candidate) -> dict[str, Any]:
        certificate = each.certificate
        return {
            "strategies": each.plays,
            "mixed": each.mixed,
            "payoff": {role: value.as_json() for role, value in each.payoffs.items()},
            "regret": None if certificate is None else certificate.regret,
            "regret_low": None if certificate is None else certificate.low,
            "regret_high": None if certificate is None else certificate.high,
            "verdict": each.verdict(found.epsilon),
            "market": {name: value.as_json() for name, value in each.market.items()},
        }

    return {
        "equilibria": [told(each) for each in found.equilibria],
        "runs": found.runs,
        "complete": found.complete,
        "note": found.note,
        "epsilon": found.epsilon,
        "together": told(found.together),
        "competitive": None if found.competitive is None else told(found.competitive),
    }
