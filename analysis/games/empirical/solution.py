"""Solving a scenario's game by running it: payoffs, equilibria, and how sure each one is.

Half of the runs fill the table of payoffs, on common seeds; :mod:`analysis.games.empirical.search` looks for equilibria
in it. The other runs have new seeds, which had no part in this choice. They give the interval of each equilibrium's
regret (:mod:`analysis.games.empirical.sequential`), for the whole game if it was reduced. All results of an equilibrium
come from these runs, unless the budget left none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from analysis.games.certificates.rare_events import Event, events, too_rare
from analysis.games.certificates.resampling import FEWEST, sampled_ratio
from analysis.games.empirical.candidates import Candidate, seen_candidate
from analysis.games.empirical.evidence import Evidence, SampledEvidence, WeightedEvidence
from analysis.games.empirical.market import MarketGame, Profile
from analysis.games.empirical.payoff_samples import Samples
from analysis.games.empirical.payoff_tables import all_of, profiles_of
from analysis.games.empirical.payoffs import WELFARE, Runner
from analysis.games.empirical.search import Answer, Found, RunBudget, search_all, search_needed
from analysis.games.empirical.sequential import certify_all
from analysis.games.tables.counts import number_of_profiles
from analysis.games.tables.roles import RoleSymmetricGame
from analysis.stats.estimates import Estimate
from sim.core.errors import Problem, RunError, ScenarioError
from sim.experiment import open_workers
from sim.scenario import Scenario

Search = Literal["all", "needed"]
BUDGET = 2000  # runs
_FRESH = 1_000_000_007  # the first seed that chooses nothing, beyond the first of the others
_MOST = 0.8  # of the budget, to choose what half of it did not reach for
_SPREAD = 20.0  # where it is not known how many profiles will be needed, they and the runs of each grow alike


@dataclass(frozen=True)
class Solution:
    """What is known of a scenario's game.

    Attributes
    ----------
    game : with the strategies of ranges that joined it, and the best replies to its equilibria.
    equilibria : what the solvers found, each with its certificate.
    table : of mean payoffs that chose the equilibria, over the strategies all of whose profiles were run.
    epsilon : ε, currency per episode.
    runs : number of runs, including those found in a kept folder.
    complete : ``proved``, ``index`` or ``open``: whether these are all symmetric equilibria of the table of means.
    note : the solver's remark on that.
    together : the profile, of those run, in which players of all roles earn most together, as if they were one.
    competitive : the profile in which all players do the same and earn least without a loss; None if all lose.
    efficient : the profile of the greatest welfare; None if nobody gains privately, so that payoffs only move money.
    anarchy : greatest welfare over that of the worst equilibrium; None without welfare. The price of anarchy.
    replies : the best reply within the ranges to each equilibrium.
    table_runs : of each profile of the table.
    unmet : events of the scenario that are too rare for these runs, so that the table, and results from it, know little
        of them.
    """

    game: MarketGame
    equilibria: list[Candidate]
    table: RoleSymmetricGame
    epsilon: float
    runs: int
    complete: str
    note: str
    together: Candidate
    competitive: Candidate | None
    efficient: Candidate | None
    anarchy: Estimate | None
    replies: list[Answer]
    table_runs: int
    unmet: list[Event]


def solve(  # long: half of it is what its parameters mean
    scenario: Scenario,
    budget: int = BUDGET,
    epsilon: float | None = None,
    workers: int | None = 1,
    out: str | Path | None = None,
    strategies: Sequence[str | Path] = (),
    watch: Callable[[str], Any] = lambda name: None,
    search: Search | None = None,
    payoff_bounds: tuple[float, float] | None = None,
) -> Solution:
    """Find the equilibria of a scenario's game.

    Parameters
    ----------
    budget : the most runs there may be.
    epsilon : a gain that does not count, currency per episode; None for 2 % of the range of payoffs, of several roles
        of the least range.
    workers : how many runs at a time, None for one per core.
    out : a folder in which runs are kept, so that the same call continues where it was stopped; None for memory.
    strategies : files of strategies of your own.
    watch : called with the name of each round of runs, gives what :func:`sim.experiment.run_many` is watched by.
    search : ``all`` profiles, or only those that are ``needed``; None for all where the budget allows and no parameter
        is chosen from a range.
    payoff_bounds : the least and the largest payoff there can be; each certificate then has a bound that holds for any
        distribution of payoffs between them.

    Raises
    ------
    ScenarioError
        If the scenario has no game that can be played.
    RunError
        If the budget is too small for so many profiles, a run fails, or a payoff is beyond its bounds.
    """
    game = MarketGame(scenario)
    each_profile = _runs_of_each(game, budget, search)
    first = _first_fresh_seed(scenario, budget)
    with open_workers(workers) as pool:
        runner = Runner(pool, None if out is None else Path(out), [Path(file) for file in strategies], watch)
        chosen = Samples(scenario.run.seed, runner)
        if each_profile is None:
            run_budget = RunBudget(chosen, max(FEWEST, round(math.sqrt(budget / _SPREAD))), budget // 2, budget)
            found = _searched(game, run_budget, epsilon)
        else:
            run_budget = RunBudget(chosen, each_profile, budget // 2, budget)
            found = search_all(game, run_budget, epsilon)
        game, fresh = found.game, Samples(first, runner, "certificates")
        together, competitive = _together(game, chosen), _competitive(game, chosen)
        for each in found.candidates:
            each.describe(WeightedEvidence(game, each, chosen), run_budget.runs)
        evidence: list[Evidence] = [
            SampledEvidence(game, each, first, runner)
            if game.is_reduced
            else WeightedEvidence(game, each, fresh, (chosen, run_budget.runs))
            for each in found.candidates
        ]
        rare = list(events(scenario))
        certify_all(
            found.candidates, evidence, lambda: budget - runner.count, found.epsilon, payoff_bounds, events=rare
        )
        efficient, anarchy = _anarchy(found, chosen, fresh, evidence, budget - runner.count)
        for reference in filter(None, (together, competitive)):
            _describe(game, reference, chosen, fresh, run_budget.runs, budget - runner.count)
    return Solution(
        found.game, found.candidates, found.table, found.epsilon, runner.count, found.complete,
        found.note, together, competitive, efficient, anarchy, found.replies, run_budget.runs,
        too_rare(rare, run_budget.runs),
    )  # fmt: skip


def _runs_of_each(game: MarketGame, budget: int, search: Search | None) -> int | None:
    """How many runs each profile has if all are run; None where only those that are needed are."""
    ranged = bool(game.scenario.game and game.scenario.game.ranges)
    whole = _runs_of_all(game, budget)
    if search == "needed" or (search is None and (ranged or whole < FEWEST)):
        return None
    if ranged or whole < FEWEST:
        raise RunError(_too_few(game, budget, ranged))
    return whole


def _first_fresh_seed(scenario: Scenario, budget: int) -> int:
    """The first of the seeds on which equilibria are certified."""
    first = scenario.run.seed + _FRESH
    if first + budget >= 2**63:
        problem = Problem("run.seed", f"{scenario.run.seed} leaves no seeds beyond it", f"write {2**62} or less")
        raise ScenarioError(scenario.source, [problem])
    return first


def _searched(game: MarketGame, run_budget: RunBudget, epsilon: float | None) -> Found:
    """What is needed, with half of the budget, and where that confirms nothing with most of it."""
    found = search_needed(game, run_budget, epsilon)
    if not found.candidates and run_budget.most < _MOST * run_budget.budget:
        run_budget.most = int(_MOST * run_budget.budget)
        found = search_needed(game, run_budget, epsilon)
    return found


def _runs_of_all(game: MarketGame, budget: int) -> int:
    """How many runs each profile can have if all are run; 0 where they are too many for that, and not listed.

    The market has a profile at least for each that solvers see.
    """
    if math.prod(number_of_profiles(role.players, len(role.strategies)) for role in game.roles) * FEWEST > budget // 2:
        return 0
    try:
        return budget // 2 // len(profiles_of(game, all_of(game)))
    except ValueError:
        return 0


def _too_few(game: MarketGame, budget: int, ranged: bool) -> str:
    if ranged:
        return "game.ranges: a range has no end of profiles, so they cannot all be run — search what is needed"
    try:
        many = len(profiles_of(game, all_of(game)))
    except ValueError as error:
        return f"game: {error}"
    return (
        f"{budget:,} runs are too few for {many:,} profiles: at least {2 * FEWEST * many:,} are needed — raise the "
        "budget, offer fewer strategies, or search what is needed"
    )


# --- what bounds the equilibria: profiles among those that were run ---------------------------------------------------


def _offered(game: MarketGame, chosen: Samples) -> list[Profile]:
    """Those that were run and are not of strategies that were tried and did not join the game."""
    known = [set(role.strategies) for role in game.whole]
    return [
        profile
        for profile in chosen.profiles
        if all(name in names for plays, names in zip(profile, known, strict=True) for name, _ in plays)
    ]


def _together(game: MarketGame, chosen: Samples) -> Candidate:
    return seen_candidate(game, max(_offered(game, chosen), key=lambda profile: sum(_earned(profile, chosen))))


def _competitive(game: MarketGame, chosen: Samples) -> Candidate | None:
    alike = [profile for profile in _offered(game, chosen) if _alike(game, profile)]
    kept = [profile for profile in alike if min(_earned(profile, chosen)) >= 0]
    return seen_candidate(game, min(kept, key=lambda profile: sum(_earned(profile, chosen)))) if kept else None


def _alike(game: MarketGame, profile: Profile) -> bool:
    """Whether all players of a role do the same, and all players where their choices have the same names."""
    named = {name for plays in profile for name, _ in plays}
    shared = len({role.strategies for role in game.whole}) == 1
    return all(len(plays) == 1 for plays in profile) and (len(named) == 1 or not shared)


def _earned(profile: Profile, chosen: Samples) -> list[float]:
    """What the players of each role earn together, currency per episode."""
    return [
        sum(count * float(chosen.paid(profile, (role, name)).mean()) for name, count in plays)
        for role, plays in enumerate(profile)
    ]


def _describe(game: MarketGame, reference: Candidate, chosen: Samples, fresh: Samples, runs: int, left: int) -> None:
    """On runs that did not choose it, if there are some left."""
    played = WeightedEvidence(game, reference, fresh)
    if played.missing(runs) <= left:
        played.need(runs)
        reference.describe(played, runs)
    else:
        reference.describe(WeightedEvidence(game, reference, chosen), runs)


def _anarchy(
    found: Found, chosen: Samples, fresh: Samples, evidence: Sequence[Evidence], left: int
) -> tuple[Candidate | None, Estimate | None]:
    """The profile of the greatest welfare, and how much greater it is than that of the worst equilibrium.

    The profile is chosen on runs that choose, and its welfare is that of others, on the seeds that all equilibria have
    in common. Nothing is known of the worst where one of them has no certificate; those that fail are no equilibria.
    """
    offered = _offered(found.game, chosen)
    welfare = {profile: chosen.measures({profile: 1.0}).get(WELFARE) for profile in offered}
    known = {profile: float(values.mean()) for profile, values in welfare.items() if values is not None}
    held = [place for place, each in enumerate(found.candidates) if each.verdict(found.epsilon) != "fails"]
    if not known:
        return None, None
    best = max(known, key=lambda profile: (float(f"{known[profile]:.12g}"), _alike(found.game, profile)))
    efficient = seen_candidate(found.game, best)
    runs = min([fresh.runs(best) + left, *(found.candidates[place].runs for place in held)])
    played = WeightedEvidence(found.game, efficient, fresh)
    if runs < FEWEST:
        efficient.describe(WeightedEvidence(found.game, efficient, chosen), chosen.runs(best))
        return efficient, None
    played.need(runs)
    efficient.describe(played, runs)
    reached = [evidence[place].market(runs)[WELFARE] for place in held]
    worst = min(reached, key=lambda values: float(values.mean()), default=None)
    if worst is None or not worst.mean() > 0:
        return efficient, None
    return efficient, sampled_ratio(played.market(runs)[WELFARE], worst)
