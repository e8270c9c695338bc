"""One line under a market in progress: what its numbers say, and no more."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from analysis.output.numbers import short
from analysis.output.sentences import in_a_row, plainly, sentence
from spreadgame.dashboard.amounts import amount

_SMALL = 0.005  # of the largest amount: less is not worth a word
_MOST = 2  # of winners, of losers: the panels have all


class Earned(NamedTuple):
    """A population that earned a spread: its name, and the lines of its attribution, currency."""

    name: str
    spread: float
    adverse_selection: float


def caption(
    step: int,
    total: int,
    trades: int,
    episodes: tuple[int, int],
    profits: Mapping[str, float],
    earned: Sequence[Earned],
    horizon: int,
    quoted: float = math.nan,
    per_trade: float | None = None,
) -> str:
    """What has happened so far.

    Parameters
    ----------
    step, total, trades : steps done, of how many, and trades.
    episodes : those that have begun, and all.
    profits : change of wealth by population, mean of the episodes begun, currency.
    earned : populations that earned a spread, where that is known; the largest alone is told.
    horizon : of adverse selection, in trades.
    quoted : mean quoted spread, of a market with one venue.
    per_trade : what makers lose per trade to adverse selection, where one population of them has all trades.
    """
    begun, several = episodes[0], episodes[1] > 1
    ended = step == total
    where = (
        f"Episode {begun:,} of {episodes[1]:,}, step {step:,} of {total:,}"
        if several
        else f"Step {step:,} of {total:,}"
    )
    if not trades:
        return f"{where}. Nobody {'traded' if ended else 'has traded yet'}."
    said = [f"{where}, {trades:,} {'trade' if trades == 1 else 'trades'}."]
    if math.isfinite(quoted):
        said.append(f"The quoted spread was {short(quoted)} on average.")
    if told := _who(profits):
        mean = f"on average over {begun:,} episodes " if begun > 1 else "" if ended else "so far "
        said.append(sentence(f"{mean}{told}{'' if ended else ', with positions at the mark'}."))
    if earned:
        said.append(_costs(max(earned, key=lambda each: each.spread), horizon, per_trade))
    if begun == 1:
        said.append("This is one run: another seed gives other amounts.")
    return " ".join(said)


def _who(profits: Mapping[str, float]) -> str:
    """Who lost most, and who won most."""
    largest = max(abs(value) for value in profits.values())
    worth = sorted((value, name) for name, value in profits.items() if abs(value) > _SMALL * largest)
    lost = [f"{plainly(name)} lost {amount(value)}" for value, name in worth if value < 0]
    won = [f"{plainly(name)} won {amount(value)}" for value, name in reversed(worth) if value > 0]
    return "; ".join(filter(None, (in_a_row(_largest(lost)), in_a_row(_largest(won)))))


def _largest(parts: list[str]) -> list[str]:
    if len(parts) <= _MOST + 1:
        return parts
    return [*parts[:_MOST], f"{len(parts) - _MOST} others less"]


def _costs(earned: Earned, horizon: int, per_trade: float | None) -> str:
    """What a population earned as spread, and what of it adverse selection took."""
    name, spread, adverse = earned
    said = f"{plainly(name)} gained {amount(spread)} by the spread"
    if abs(adverse) <= _SMALL * spread:
        return sentence(f"{said}.")
    way = f"against them by {amount(adverse)}" if adverse < 0 else f"their way by {amount(adverse)}"
    each = f", {short(per_trade)} per trade" if per_trade is not None and adverse < 0 else ""
    within = f"within {horizon:,} {'trade' if horizon == 1 else 'trades'} after each trade"
    return sentence(f"{said}; {within} the mark moved {way}{each}.")
