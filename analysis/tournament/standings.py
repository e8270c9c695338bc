"""The table of a tournament: mean payoffs on common seeds, their intervals, and which of them cannot be told apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.stats.estimates import mean
from analysis.tournament.entries import Entry
from analysis.tournament.matches import ALONE, PAIR, TOGETHER
from analysis.tournament.rounds import Outcome

CONFIDENCE = 0.95
KINDS = (ALONE, PAIR, TOGETHER)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Standing:
    """A row of the table. Amounts are in currency per episode.

    Attributes
    ----------
    samples : the payoff on each seed: the mean over the kinds of matches, and within a kind over its matches, (seeds,).
    low, high : bounds of its mean with 95 % confidence, by Student's t over seeds; nan of a single seed.
    lines : the attribution, of which the payoff is the sum; nan where a run had no mid to tell them by.
    tied : keys of those whose payoff differs by no more than chance does (:func:`is_tied`).
    """

    rank: int
    entry: Entry
    name: str
    samples: Floats
    payoff: float
    low: float
    high: float
    lines: dict[str, float]
    tied: tuple[str, ...]


def standings(outcome: Outcome) -> list[Standing]:
    """Rows of the table, the largest payoff first; equal payoffs in the order of the files."""
    payoffs = {each.key: _samples(outcome, each.key, None) for each in outcome.entries}
    names = _line_names(outcome)
    found = []
    order = sorted(outcome.entries, key=lambda each: -float(payoffs[each.key].mean()))
    pairs = max(1, len(order) * (len(order) - 1) // 2)
    for place, entry in enumerate(order):
        samples = payoffs[entry.key]
        low, high = interval(samples)
        others = [other.key for other in order if other is not entry]
        tied = [key for key in others if is_tied(samples, payoffs[key], pairs)]
        lines = {name: float(_samples(outcome, entry.key, name).mean()) for name in names}
        name = outcome.names.get(entry.key, entry.key)
        found.append(Standing(place + 1, entry, name, samples, float(samples.mean()), low, high, lines, tuple(tied)))
    return found


def interval(samples: Floats, many: int = 1) -> tuple[float, float]:
    """Bounds of a mean with 95 % confidence, by Student's t; nan of a single sample.

    Parameters
    ----------
    many : means that are to be within their bounds all at once, with 95 % confidence (Bonferroni).
    """
    if len(samples) < 2:
        return math.nan, math.nan
    from scipy.special import stdtrit

    value, error = mean(samples)
    reach = float(stdtrit(len(samples) - 1, 1.0 - (1.0 - CONFIDENCE) / (2 * many))) * error
    return value - reach, value + reach


def is_tied(one: Floats, other: Floats, pairs: int = 1) -> bool:
    """Whether the mean difference on common seeds is no larger than chance makes it.

    Parameters
    ----------
    pairs : how many differences are judged. Chance calls one of them real in a twentieth of all tournaments at most.
    """
    low, high = interval(one - other, pairs)
    return not (low > 0.0 or high < 0.0)


def _samples(outcome: Outcome, key: str, line: str | None) -> Floats:
    """Payoff, or a line of it, on each seed."""
    seeds = outcome.asked.seeds
    by_kind: dict[str, list[list[float]]] = {}
    for match, played in outcome.matches:
        if key in match.keys:
            place = match.keys.index(key)
            runs = [played.runs[seed] for seed in seeds]
            column = [(run["lines"][line] if line else run["payoffs"])[place] for run in runs]
            by_kind.setdefault(match.kind, []).append(column)
    means: Floats = np.mean([np.mean(columns, axis=0) for columns in by_kind.values()], axis=0)
    return means


def _line_names(outcome: Outcome) -> list[str]:
    runs = (run for _, played in outcome.matches for run in played.runs.values())
    return list(dict.fromkeys(name for run in runs for name in run["lines"]))
