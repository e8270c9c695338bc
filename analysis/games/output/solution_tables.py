"""A solved game as a terminal shows it: equilibria, their best deviations, the market at each, and what bounds them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group
from rich.table import Table

from analysis.games.empirical.candidates import Candidate, plays
from analysis.games.empirical.edges import edges
from analysis.games.empirical.payoffs import WELFARE
from analysis.games.empirical.solution import Solution
from analysis.output.numbers import NOTHING, estimated, interval, number, plus_minus
from analysis.output.tables import APART, new_table, number_columns, text_column
from analysis.stats.estimates import Estimate

_VERDICTS = {"holds": "holds", "fails": "fails", "open": "not sure"}
_MOST_ACROSS = 4  # equilibria whose markets are shown beside one another


def tables(found: Solution) -> Group:
    """The equilibria: who plays what, what it pays, its regret's interval; the best deviation; the market at each."""
    shown: list[Any] = [_equilibria(found)]
    if any(each.gains for each in found.equilibria):
        shown += ["", _deviations(found)]
    cells = market_cells([each.market for each in found.equilibria])
    if cells and len(found.equilibria) <= _MOST_ACROSS:
        shown += ["", _markets(cells, len(found.equilibria))]
    return Group(*shown)


def _equilibria(found: Solution) -> Table:
    bounded = any(each.bound is not None for each in found.equilibria)
    made = new_table(padding=APART)
    for head in ("", "play", "payoff", "regret", "95 % interval", *(["any distribution"] if bounded else []), ""):
        made.add_column(head, overflow="fold", justify="right" if head in ("payoff", "regret") else "left")
    for place, each in enumerate(found.equilibria, 1):
        paid = "\n".join(estimated(*estimate) for estimate in each.payoffs.values())
        regret, sure = "-", "-"
        if each.certificate is not None:
            regret = number(each.certificate.regret, 3)
            sure = interval(each.certificate.low, each.certificate.high, 3)
        bound = [interval(each.bound.low, each.bound.high, 3) if each.bound else "-"]
        verdict = _VERDICTS[each.verdict(found.epsilon)] if each.certificate else "no runs left"
        made.add_row(str(place), _plays(found, each, "\n"), paid, regret, sure, *(bound if bounded else []), verdict)
    if not found.equilibria:
        made.add_row("-", "no equilibrium was found")
    said = f"currency per episode; regret on seeds that chose nothing; it holds below ε = {number(found.epsilon, 3)}"
    if found.game.is_reduced:
        seen = [f"{whole.players} {whole.name} as {role.players}" for role, whole in
                zip(found.game.roles, found.game.whole, strict=True) if role.players < whole.players]  # fmt: skip
        said += f"; solved with {', '.join(seen)}, certified with all"
    if bounded:
        wanted = max(each.bound.runs_wanted for each in found.equilibria if each.bound)
        said += f"; {wanted:,} runs of each profile would make the band for any distribution no wider than ε"
    made.caption = said
    return made


def _plays(found: Solution, candidate: Candidate, between: str = "; ") -> str:
    """Who plays what; of one role alone, what."""
    return plays(candidate, len(found.game.roles) > 1, between)


def _deviations(found: Solution) -> Table:
    made = new_table(padding=APART)
    made.add_column("at")
    for head in ("best deviation", "gains", "common seeds"):
        made.add_column(head, overflow="fold", justify="left" if head == "best deviation" else "right")
    for place, each in enumerate(found.equilibria, 1):
        if each.gains:
            best = max(each.gains, key=lambda gain: gain.estimate.value)
            move = best.deviation
            text = f"to {move.after}" if move.before is None else f"from {move.before} to {move.after}"
            text = f"{move.role}: {text}" if len(found.game.roles) > 1 else text
            times = f"{number(best.variance_ratio, 3)} x" if best.variance_ratio < math.inf else "-"
            made.add_row(str(place), text, estimated(*best.estimate), times)
    made.caption = "common seeds: how many times the variance of the gain would be without them"
    return made


def market_cells(markets: Sequence[Mapping[str, Estimate]]) -> dict[str, list[str]]:
    """What markets are like: of each measure, in words, a cell for each of them; ``-`` where it has no such measure."""
    names = dict.fromkeys(name for market in markets for name in market)
    return {
        name.replace("_", " ").replace(".", " "): [
            plus_minus(*market[name]) if name in market else NOTHING for market in markets
        ]
        for name in names
    }


def _markets(cells: Mapping[str, Sequence[str]], equilibria: int) -> Table:
    made = new_table(padding=APART)
    text_column(made, "at each", overflow="ellipsis")
    number_columns(made, *(str(place) for place in range(1, equilibria + 1)), no_wrap=False, overflow="fold")
    for name, row in cells.items():
        made.add_row(name, *row)
    return made


def doubts(found: Solution) -> Iterator[str]:
    """What would settle the equilibria of which it is not sure whether they hold, and which are at the edge."""
    for place, each in enumerate(found.equilibria, 1):
        if each.certificate is None:
            yield f"no runs were left for {place}: what is said of it is of the runs that chose it — raise the budget"
        elif each.verdict(found.epsilon) == "open":
            yield f"not sure of {place}: {_remedy(each, each.certificate.high)}"
    for place, each in enumerate(found.equilibria, 1):
        for edge in edges(found.game, each) if each.verdict(found.epsilon) != "fails" else ():
            yield f"{place} is at the edge: {f'{edge.role}: ' if len(found.game.roles) > 1 else ''}{edge}"
    for event in found.unmet[:1]:
        yield (
            f"the table of mean payoffs, and what is said of it, knows little of {event.what}: in the "
            f"{found.table_runs:,} runs of each profile it is expected {event.expected(found.table_runs):.2g} times — "
            "raise the budget, or run.episodes"
        )


def _remedy(candidate: Candidate, high: float) -> str:
    """What would settle whether an equilibrium holds."""
    if candidate.doubt is None:
        more = f"about {candidate.runs_wanted:,} runs more would tell, or " if candidate.runs_wanted else ""
        return f"{more}it would hold with --epsilon {high:.3g}"
    more = f"about {candidate.runs_wanted:,} runs more may tell" if candidate.runs_wanted else "more runs may tell"
    rule = "" if candidate.unmet else ", and what happens in fewer than one of a third of them none may have met"
    return f"{candidate.doubt}{rule} — {more}, or more episodes a run; --payoff-bounds LOW HIGH bounds it"


def references(found: Solution) -> Iterator[str]:
    """What bounds the equilibria: players as one, competition, and the greatest welfare."""
    yield f"as one they would play  {_plays(found, found.together)}: {_earning(found.together)}"
    if found.competitive is not None:
        yield f"just without a loss     {_plays(found, found.competitive)}: {_earning(found.competitive)}"
    if not any(each.values_privately for each in found.game.scenario.populations):
        yield "welfare                 transfers only: what one earns, another pays"
    elif found.efficient is not None and WELFARE in found.efficient.market:
        best = estimated(*found.efficient.market[WELFARE])
        yield f"greatest welfare        {_plays(found, found.efficient)}: {best} of all together"
    if found.anarchy is not None:
        yield f"price of anarchy        {estimated(*found.anarchy)}"


def _earning(candidate: Candidate) -> str:
    return ", ".join(f"{estimated(*value)} each" for value in candidate.payoffs.values())
