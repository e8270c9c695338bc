"""Equilibria of several games side by side as tables that fit 80 columns: what is played, the markets, welfare."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table

from analysis.games.empirical.candidates import Candidate, plays
from analysis.games.empirical.comparison import Compared, welfare_gained
from analysis.games.empirical.edges import edges
from analysis.games.output.equilibrium_picture import REFERENCES
from analysis.games.output.solution_tables import market_cells
from analysis.output.numbers import NOTHING, estimated, interval, number
from analysis.output.tables import new_table

WIDTH = 80  # characters of a line
_NAME, _GAP = 12, 2  # of the name of a game, and between columns
_DIGITS = 4  # of the ends of an interval
_GAME = "game"  # over names of files
_VERDICTS = {"holds": "nobody gains ε", "open": "not sure", "fails": "somebody gains ε"}


def tables(found: Sequence[Compared]) -> Group:
    """Who plays what and what it pays, with the references below each game's equilibria; the markets; welfare."""
    head, names = _names(found)
    roles = {role.name for each in found for role in each.solution.game.roles}
    alone = next(iter(roles)) if len(roles) == 1 else None

    def told(candidate: Candidate) -> str:
        return plays(candidate, named=alone is None)

    rows: list[list[str]] = []
    for each, name in zip(found, names, strict=True):
        if rows:
            rows.append([""] * 6)
        for place, candidate in enumerate(each.solution.equilibria, 1):
            sure = candidate.certificate
            regret = NOTHING if sure is None else interval(sure.low, sure.high, 2)
            verdict = _VERDICTS[candidate.verdict(each.solution.epsilon)]
            rows.append([name if place == 1 else "", str(place), told(candidate), _paid(candidate), regret, verdict])
        if not each.solution.equilibria:
            rows.append([name, NOTHING, "no equilibrium was found", "", "", ""])
        for reference, candidate in each.references.items():
            rows.append(["", "", f"{REFERENCES[reference][0]}: {told(candidate)}", _paid(candidate), "", ""])
    least, most = (number(pick(each.solution.epsilon for each in found), 2) for pick in (min, max))
    gain = least if least == most else f"{least} to {most}"
    note = f"currency per episode, each; ε = {gain}; regret on seeds that chose nothing"
    heads = [head, "", "play" if alone is None else f"{alone} play", "payoff", "regret, 95 %", ""]
    markets = (part for each in _markets(found, head, names) for part in ("", each))
    return Group(_table(heads, rows, {3}, note), *_remarks(found, head, names), *markets, *_welfare(found, head, names))


def _remarks(found: Sequence[Compared], head: str, names: Sequence[str]) -> list[str]:
    """Of which equilibria nothing is sure and why, which are at the edge of what was offered, what runs hardly meet."""
    remarks = []
    for each, name in zip(found, names, strict=True):
        where = name if head == _GAME else f"{head} {name}"
        for event in each.solution.unmet[:1]:
            remarks.append(f"{where}: the runs that chose the equilibria hardly meet {event.what}")
        for place, candidate in enumerate(each.solution.equilibria, 1):
            if candidate.doubt is not None:
                remarks.append(f"{where}, equilibrium {place}: {candidate.doubt}")
            if candidate.verdict(each.solution.epsilon) != "fails":
                remarks += [f"{where}, equilibrium {place}: {edge}" for edge in edges(each.solution.game, candidate)]
    return remarks


def _markets(found: Sequence[Compared], head: str, names: Sequence[str]) -> list[Table]:
    """What the markets are like at each equilibrium, in as many tables as the width of a line asks for."""
    rows = [
        (name if place == 1 else "", str(place), candidate.market)
        for each, name in zip(found, names, strict=True)
        for place, candidate in enumerate(each.solution.equilibria, 1)
    ]
    columns = market_cells([market for _, _, market in rows])
    wide = {title: max(map(len, [*title.split(), *cells])) + _GAP for title, cells in columns.items()}
    groups: list[list[str]] = []
    left = 0
    for title, width in wide.items():
        if width > left:
            groups.append([])
            left = WIDTH - (_NAME + _GAP) - (1 + _GAP)
        groups[-1].append(title)
        left -= width
    return [
        _table(
            [head, "", *group],
            [(name, label, *(columns[title][place] for title in group)) for place, (name, label, _) in enumerate(rows)],
            set(range(2, 2 + len(group))),
        )
        for group in groups
    ]


def _welfare(found: Sequence[Compared], head: str, names: Sequence[str]) -> list[RenderableType]:
    """How much more welfare there is than in the first game; nothing where nobody gains privately."""
    gained = welfare_gained(found)
    if not gained:
        return []
    rows = [
        [
            names[each.game] if place == 0 or gained[place - 1].game != each.game else "",
            str(each.equilibrium + 1),
            estimated(*each.more),
            interval(*each.interval, _DIGITS),
        ]
        for place, each in enumerate(gained)
    ]
    first = f"in {names[0]}" if head == _GAME else f"at {head} = {names[0]}"
    several = len(found[0].solution.equilibria) > 1
    best = f", equilibrium {gained[0].than + 1}, which has the most there" if several else ""
    note = f"welfare more than {first}{best}; currency per episode, run by run on common seeds"
    return ["", _table([head, "", "welfare more", "95 %"], rows, {2, 3}), note]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: set[int], note: str = "") -> Table:
    """Columns of numbers are flush right and as wide as what is in them: the texts beside them are broken instead."""
    made = new_table(note or None)
    for place, head in enumerate(heads):
        texts = [*head.split(), *(line for row in rows for line in row[place].split("\n"))]
        made.add_column(
            head,
            justify="right" if place in numbers else "left",
            overflow="fold",
            width=max(map(len, texts)) if place in numbers else None,
            max_width=None if place else _NAME,
        )
    for row in rows:
        made.add_row(*row)
    return made


def _names(found: Sequence[Compared]) -> tuple[str, list[str]]:
    """Head of the column of games, and what is in it: values alone if one path varies."""
    parts = [each.label.rpartition("=") for each in found]
    if all(equals for _, equals, _ in parts) and len({path for path, _, _ in parts}) == 1:
        return parts[0][0].rpartition(".")[2].replace("_", " "), [value for _, _, value in parts]
    return _GAME, [each.label.replace("_", " ") for each in found]


def _paid(candidate: Candidate) -> str:
    return "\n".join(estimated(*each) for each in candidate.payoffs.values())
