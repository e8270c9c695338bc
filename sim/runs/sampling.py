"""How often the tables of a run get rows: as the scenario asks, or so that tables are of moderate length."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sim.core.codes import BY_AGENT, BY_POPULATION, NOBODY
from sim.scenario import Scenario

_BOOK_SAMPLES, _AGENT_SAMPLES, _OUTCOMES = 100_000, 500_000, 10_000_000  # rows that a table has by default, at most


@dataclass(frozen=True)
class Sampling:
    """How often the tables of a run get rows."""

    book_every: int  # steps of an episode; 0 for never
    agents_every: int
    book_episodes: int  # every so many episodes
    agents_episodes: int
    agents_by: int
    episodes_by: int


def sampling_of(scenario: Scenario) -> Sampling:
    """What the scenario asks for, or tables of moderate length where it leaves that open."""
    record, run, agents = scenario.record, scenario.run, scenario.agents()
    by = {"agents": BY_AGENT, "populations": BY_POPULATION, "none": NOBODY}
    many = "populations" if agents > 1000 else "agents"
    agents_by = by[many if record.agents == "auto" else record.agents]
    rows = {BY_AGENT: agents, BY_POPULATION: len(scenario.populations), NOBODY: 0}
    fits = run.episodes * agents <= _OUTCOMES
    episodes_by = by[
        ("agents" if many == "agents" and fits else "populations") if record.episodes == "auto" else record.episodes
    ]
    book_every, book_episodes = _every(record.book_every, scenario, len(scenario.venues), _BOOK_SAMPLES)
    agents_every, agents_episodes = _every(record.agents_every, scenario, rows[agents_by], _AGENT_SAMPLES)
    return Sampling(
        book_every if record.levels > 0 else 0,
        agents_every if rows[agents_by] else 0,
        book_episodes,
        agents_episodes,
        agents_by,
        episodes_by,
    )


def _every(asked: int | None, scenario: Scenario, rows: int, most: int) -> tuple[int, int]:
    """Steps between samples, and episodes between sampled episodes."""
    if asked is not None:
        return asked, 1
    steps, episodes = scenario.run.steps, scenario.run.episodes
    samples = max(1, most // max(1, rows))
    if episodes > samples:
        return steps, _round_up(episodes / samples)
    return min(steps, _round_up(steps * episodes / samples)), 1


def _round_up(number: float) -> int:
    """The least of 1, 2, 5, 10, 20, … that is no less."""
    if number <= 1:
        return 1
    decade: int = 10 ** math.floor(math.log10(number))
    return next(factor * decade for factor in (1, 2, 5, 10) if factor * decade >= number)
