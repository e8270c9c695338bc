"""Equilibria of several games side by side: ``python -m analysis.compare_equilibria A B … [--vary PATH=v1,v2,v3]``.

The games are those of several scenario files, or of one file in which a value varies. Each is solved by running it
(:mod:`analysis.games.solution`), all on the same seeds. A table says who plays what at each equilibrium, what it pays,
how sure that is and what the market is like there; a figure draws it between two references: what the players would
choose as one, and the pure profile of players who all do the same in which they earn least without a loss.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.table import Table

from analysis.command import check_figure, number, plus_minus
from analysis.dress import ALARM, GREY, NUMBERS, dress, level, style
from analysis.estimates import Estimate
from analysis.games.candidates import Candidate
from analysis.games.solution import BUDGET, Solution, solve
from sim.errors import RunError, SpreadgameError
from sim.execute import stop_on_signals
from sim.scenario import Scenario, load

_WIDTH, _NAME, _CELL = 80, 12, 16  # characters of a line, of the name of a game, and of an estimate
_VERDICTS = {"holds": "nobody gains ε", "open": "not sure", "fails": "somebody gains ε"}
_COLOURS = {"holds": "#2a6f97", "open": "#b8860b", "fails": ALARM}
_REFERENCES = {"together": ("as one", "#a06a8c", (0, (4, 2))), "competitive": ("no loss", "#4d8f5b", (0, (1, 1.5)))}
_SURE = 1.96  # standard errors of a bar on either side: 95 %
_APART = 0.018  # of the width of the axes: equilibria of one game
_INTERRUPTED, _BAD_INPUT = 130, 2


@dataclass(frozen=True)
class Compared:
    """A game beside others.

    Attributes
    ----------
    label : what it is called: the value that varies, or the file's name.
    scenario, solution : what was solved, and what was found.
    """

    label: str
    scenario: Scenario
    solution: Solution

    @property
    def references(self) -> dict[str, Candidate]:
        """The profiles ``together`` and, unless all lose, ``competitive``."""
        found = {"together": self.solution.together, "competitive": self.solution.competitive}
        return {name: each for name, each in found.items() if each is not None}

    def parameter(self) -> str | None:
        """The one number in which the strategies of the game differ; None if there are several or none."""
        offered = list(self.scenario.game.strategies.values()) if self.scenario.game else []
        names = {name for params in offered for name, value in params.items() if value != offered[0].get(name)}
        only = names.pop() if len(names) == 1 else None
        numbers = [params.get(only) for params in offered if only]
        alike = numbers and all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in numbers)
        return only if alike else None

    def chosen(self, candidate: Candidate, parameter: str) -> Estimate:
        """The mean of the parameter over all players; as exact as the mixture."""
        offered = self.scenario.game.strategies if self.scenario.game else {}
        means = [
            sum(share * float(offered[name][parameter]) for name, share in candidate.plays[role.name].items())
            for role in self.solution.game.roles
        ]
        return Estimate(float(np.average(means, weights=self._players)), 0.0)

    def payoff(self, candidate: Candidate) -> Estimate:
        """The mean payoff of all players; of several roles the error is the largest that theirs allow."""
        values, errors = np.array([candidate.payoffs[role.name] for role in self.solution.game.roles]).T
        return Estimate(*(float(np.average(each, weights=self._players)) for each in (values, errors)))

    def effective_spread(self, candidate: Candidate) -> Estimate | None:
        """On the first venue; None where nothing was traded against a mid."""
        return candidate.market.get(f"{self.scenario.venues[0].name}.effective_spread")

    @property
    def _players(self) -> list[int]:
        return [role.players for role in self.solution.game.roles]


def compare(
    scenarios: Mapping[str, Scenario],
    budget: int = BUDGET,
    epsilon: float | None = None,
    workers: int | None = 1,
    out: str | Path | None = None,
    watch: Callable[[str], Callable[[str], Any]] = lambda label: lambda name: None,
) -> list[Compared]:
    """Solve games one after the other.

    Parameters
    ----------
    scenarios : by label.
    budget : the most runs of each game.
    epsilon : a gain that does not count, currency an episode; None for 2 % of the range of payoffs of each.
    workers : how many runs at a time, None for one a core.
    out : a folder in which runs are kept, in one of its own for each game; None for memory.
    watch : gives for a label what :func:`analysis.games.solution.solve` is watched by.

    Raises
    ------
    ValueError
        If there is nothing to compare.
    ScenarioError, RunError
        As :func:`analysis.games.solution.solve`; the message of a RunError begins with the label.
    """
    if not scenarios:
        raise ValueError("there are no games to compare")
    found = []
    for label, scenario in scenarios.items():
        folder = None if out is None else Path(out) / re.sub(r"[^\w.=+-]+", "-", label)
        try:
            found.append(
                Compared(label, scenario, solve(scenario, budget, epsilon, workers, folder, (), watch(label)))
            )
        except RunError as error:
            raise RunError(f"{label}: {error}") from error
    return found


def scenarios_of(files: Sequence[Path], overrides: Sequence[str] = (), vary: str | None = None) -> dict[str, Scenario]:
    """The scenarios of a comparison by label: of several files, or of one in which a value varies.

    Raises
    ------
    RunError
        If nothing varies, two things do, or two are the same.
    ScenarioError
        If a file is no scenario.
    """
    if vary is None:
        if len(files) < 2:
            raise RunError(f"{files[0]}: one game is nothing to compare — name another file, or say --vary PATH=v1,v2")
        stems = [file.stem for file in files]
        names = stems if len(set(stems)) == len(stems) else [str(file.with_suffix("")) for file in files]
        _differ("the files", names)
        return {name: load(file, overrides) for name, file in zip(names, files, strict=True)}
    path, _, values = vary.partition("=")
    texts = [text.strip() for text in values.split(",") if text.strip()]
    if not path.strip() or len(texts) < 2:
        raise RunError(f"--vary {vary}: this does not say PATH=v1,v2 — write for example makers.count=1,2,3")
    if len(files) > 1:
        raise RunError(f"--vary {vary}: it changes one game, and {len(files)} files are named — name one")
    _differ(f"--vary {vary}: the values", texts)
    return {f"{path.strip()}={text}": load(files[0], [*overrides, f"{path.strip()}={text}"]) for text in texts}


def _differ(what: str, names: Sequence[str]) -> None:
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise RunError(f"{what}: {twice} is there twice — leave one of them out")


# --- as text --------------------------------------------------------------------------------------------------------


def tables(found: Sequence[Compared]) -> Group:
    """Who plays what and what it pays, with the references below each game's equilibria; then the markets."""
    head, names = _names(found)
    first = _table(head, "", "plays", "payoff", "regret, 95 %", "")
    second: list[tuple[str, str, dict[str, Estimate]]] = []
    for each, name in zip(found, names, strict=True):
        epsilon, rows = each.solution.epsilon, list(enumerate(each.solution.equilibria, 1))
        for place, candidate in rows:
            sure = candidate.certificate
            regret = "-" if sure is None else f"{number(sure.low, 2)} to {number(sure.high, 2)}"
            first.add_row(
                name if place == 1 else "", str(place), plays(candidate), _paid(candidate), regret,
                _VERDICTS[candidate.verdict(epsilon)],
            )  # fmt: skip
            second.append((name if place == 1 else "", str(place), candidate.market))
        if not rows:
            first.add_row(name, "-", "no equilibrium was found", "", "", "")
        for reference, candidate in each.references.items():
            first.add_row("", "", f"{_REFERENCES[reference][0]}: {plays(candidate)}", _paid(candidate), "", "")
        first.add_section()
    least, most = (number(pick(each.solution.epsilon for each in found), 2) for pick in (min, max))
    told = least if least == most else f"{least} to {most}"
    first.caption = f"currency an episode, each; ε = {told}; regret on seeds that chose nothing"
    measures = list(dict.fromkeys(name for _, _, market in second for name in market))
    across = max(1, (_WIDTH - _NAME - 4) // _CELL)
    parts: list[Any] = [first]
    for start in range(0, len(measures), across):
        some = measures[start : start + across]
        part = _table(head, "", *(name.replace("_", " ").replace(".", " ") for name in some))
        for name, label, market in second:
            part.add_row(name, label, *(plus_minus(*market[each]) if each in market else "-" for each in some))
        parts += ["", part]
    return Group(*parts)


def _table(*heads: str) -> Table:
    made = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), caption_justify="left")
    for place, head in enumerate(heads):
        made.add_column(
            head, overflow="fold", max_width=_NAME if not place else None,
            justify="right" if place > 1 and heads[2] != "plays" or head == "payoff" else "left",
        )  # fmt: skip
    return made


def _names(found: Sequence[Compared]) -> tuple[str, list[str]]:
    """Head of the column of games, and what is in it: values alone if one path varies."""
    parts = [each.label.rpartition("=") for each in found]
    if all(equals for _, equals, _ in parts) and len({path for path, _, _ in parts}) == 1:
        return parts[0][0].rpartition(".")[2].replace("_", " "), [value for _, _, value in parts]
    return "game", [each.label.replace("_", " ") for each in found]


def plays(candidate: Candidate) -> str:
    """``makers: tight``, or with the share of each."""
    return "; ".join(
        f"{role}: " + ", ".join(name if share == 1.0 else f"{share:.3g} {name}" for name, share in shares.items())
        for role, shares in candidate.plays.items()
    )


def _paid(candidate: Candidate) -> str:
    return "\n".join(plus_minus(*each) for each in candidate.payoffs.values())


def as_json(found: Sequence[Compared]) -> dict[str, Any]:
    """What ``--json`` prints: a list of games, numbers that are none as null."""

    def numbers(estimate: Estimate) -> dict[str, float | None]:
        parts = zip(estimate._fields, estimate, strict=True)
        return {name: part if math.isfinite(part) else None for name, part in parts}

    def told(each: Compared, candidate: Candidate, epsilon: float | None) -> dict[str, Any]:
        parameter, sure = each.parameter(), candidate.certificate
        row: dict[str, Any] = {"strategies": candidate.plays, "mixed": candidate.mixed}
        row["payoff"] = {role: numbers(value) for role, value in candidate.payoffs.items()}
        row["market"] = {name: numbers(value) for name, value in candidate.market.items()}
        if parameter is not None:
            row[f"mean_{parameter}"] = each.chosen(candidate, parameter).value
        if epsilon is not None:
            row["verdict"] = candidate.verdict(epsilon)
            parts = ("regret", "low", "high")
            row["regret"] = None if sure is None else {name: getattr(sure, name) for name in parts}
        return row

    games = []
    for each in found:
        told_of = each.solution
        row = {"game": each.label, "epsilon": told_of.epsilon, "runs": told_of.runs, "complete": told_of.complete}
        row["equilibria"] = [told(each, candidate, told_of.epsilon) for candidate in told_of.equilibria]
        for name in _REFERENCES:
            row[name] = told(each, each.references[name], None) if name in each.references else None
        games.append(row)
    return {"games": games}
