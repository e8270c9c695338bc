"""Which profiles to run, and which equilibria the solvers find in them.

If the budget allows, all profiles are run, and the solvers look for all equilibria of the table. Otherwise, or if
parameters are chosen from ranges, only the profiles that are needed are run (Wellman, Kim and Duong 2013, "quiesce").
Games of few strategies are solved. An equilibrium is confirmed if no strategy outside the game gains more than half of
ε in it; a strategy that does joins the game. With ranges, the best reply to each confirmed equilibrium is then searched
within them (:mod:`analysis.games.empirical.range_best_reply`). A reply that pays more is offered too, until there is
none (the double oracle of McMahan, Gordon and Blum 2003).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, product

import numpy as np

from analysis.games.certificates.resampling import FEWEST
from analysis.games.empirical.candidates import Candidate, Shares, mixed_candidate, pure_candidate
from analysis.games.empirical.market import MarketGame, Profile
from analysis.games.empirical.payoff_samples import Samples
from analysis.games.empirical.payoff_tables import Subset, all_of, counts_of, profiles_of, shares_of, table_of
from analysis.games.empirical.range_best_reply import Reply, best_reply
from analysis.games.solvers.pure import pure_equilibria
from analysis.games.solvers.role_equilibria import role_equilibria
from analysis.games.tables.roles import RoleSymmetricGame
from sim.core.errors import RunError

_SHARE = 0.02  # of the range of payoffs: ε, where none is given
_ENOUGH = 0.5  # of ε: what pays more joins, so that of the rest one can become sure that it pays less than ε
_MOST_STARTS = 64  # games of one strategy a role, to begin with
_APART = 1e-6  # probabilities that differ by no more are the same
_MOST_ADDITIONS = 25  # rounds in which strategies of ranges join


@dataclass(frozen=True)
class Answer:
    """A reply, with the indices of its equilibrium and of its role."""

    equilibrium: int
    role: int
    reply: Reply


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes
    ----------
    game : with the strategies of ranges that joined it, and the best replies to its equilibria.
    table : of the largest set of strategies all of whose profiles were run.
    candidates : the equilibria.
    replies : the best that was found between the ends of ranges; empty without ranges.
    complete, note : whether these are all, and what the solver says of that.
    """

    game: MarketGame
    table: RoleSymmetricGame
    candidates: list[Candidate]
    epsilon: float
    complete: str
    note: str
    replies: list[Answer] = field(default_factory=list)


@dataclass
class RunBudget:
    """Runs that may still be made to choose equilibria."""

    samples: Samples
    runs: int  # of each profile
    most: int  # of all
    budget: int  # that they are a part of

    def buy(self, game: MarketGame, profiles: list[Profile]) -> bool:
        """Run these profiles too, unless that is too much."""
        if self.samples.count + self.samples.missing(profiles, self.runs) > self.most:
            return False
        self.samples.need(game, profiles, self.runs)
        return True


def search_all(game: MarketGame, run_budget: RunBudget, epsilon: float | None) -> Found:
    """Run all profiles; the budget must allow it."""
    run_budget.buy(game, profiles_of(game, all_of(game)))
    table = table_of(game, run_budget.samples, all_of(game), run_budget.runs)
    found = role_equilibria(table)
    candidates = [mixed_candidate(game, shares_of(table, each.mixtures)) for each in found.equilibria]
    rows = [] if game.is_reduced else pure_equilibria(table).rows.tolist()
    pure = [pure_candidate(game, counts_of(table, row)) for row in rows]
    apart = [each for each in pure if any(len(shares) > 1 for shares in each.plays.values())]
    ranges = [float(np.ptp(table.payoffs[:, columns][table.counts[:, columns] > 0])) for columns in table.columns]
    epsilon = _SHARE * _least(ranges) if epsilon is None else epsilon
    note = found.note
    if apart:
        note += f" Besides there {'is' if len(apart) == 1 else 'are'} {len(apart)} in which alike players differ."
    return Found(game, table, [*candidates, *apart], epsilon, found.complete, note)


def search_needed(game: MarketGame, run_budget: RunBudget, epsilon: float | None) -> Found:
    """Run the profiles that are needed, as far as the budget allows; the note says what is missing."""
    starts = list(alone(game))
    seen = _range(game, run_budget, starts)
    epsilon = _SHARE * seen if epsilon is None else epsilon
    for _ in range(_MOST_ADDITIONS):
        quiet = _Quiet(game, run_budget, epsilon * _ENOUGH)
        quiet.settle([*alone(game), *starts])
        replies = _replies(game, run_budget, quiet.confirmed)
        paying = [each for each in replies if each.reply.new and each.reply.gain > epsilon * _ENOUGH]
        if not paying:
            break
        for each in paying:
            game = game.extended(each.role, each.reply.strategy)
            support = [tuple(shares) for shares in quiet.confirmed[each.equilibrium][1]]
            support[each.role] = (*support[each.role], *each.reply.strategy)
            starts.append(tuple(support))
    for each in replies:
        if each.reply.new:
            game = game.extended(each.role, each.reply.strategy)
            quiet.confirmed[each.equilibrium][0].deviations.append(each.reply.deviation)
    note = quiet.note
    if replies and (paying or not all(each.reply.searched for each in replies)):
        note += " Half of the budget did not reach to search the ranges for better replies: raise it."
    elif replies:
        best = max(each.reply.gain for each in replies)
        note += (
            " In the runs that chose, between the ends of the ranges nothing pays more than ε; the best that was found "
            f"gains {best:.3g}."
        )
    return Found(game, quiet.table(), [each for each, _ in quiet.confirmed], epsilon, "open", note, replies)


def _replies(game: MarketGame, run_budget: RunBudget, confirmed: Sequence[tuple[Candidate, Shares]]) -> list[Answer]:
    """The best reply of each role to each equilibrium, where it has ranges."""
    found = []
    for (place, (candidate, shares)), role in product(enumerate(confirmed), range(len(game.roles))):
        reply = best_reply(game, shares, candidate, role, run_budget)
        if reply is not None:
            found.append(Answer(place, role, reply))
    return found


def alone(game: MarketGame) -> Iterator[Subset]:
    """Games of one strategy a role."""
    for chosen in islice(product(*all_of(game)), _MOST_STARTS):
        yield tuple((name,) for name in chosen)


def _range(game: MarketGame, run_budget: RunBudget, starts: list[Subset]) -> float:
    """The range of payoffs of players who all do the same, and of one who does not; of several roles the least.

    Raises
    ------
    RunError
        If the budget does not reach for one such game.
    """
    needs = [mixed_candidate(game, [{chosen[0]: 1.0} for chosen in subset]).needs for subset in starts]
    affordable = run_budget.most // len(needs[0])
    if affordable < min(FEWEST, run_budget.runs):
        raise RunError(
            f"{run_budget.budget:,} runs are too few: at least {2 * FEWEST * len(needs[0]):,} are needed for players "
            "who all do the same and one who does not — raise the budget"
        )
    run_budget.runs = min(run_budget.runs, affordable)
    for each in needs:
        run_budget.buy(game, each)
    paid: list[list[float]] = [[] for _ in game.roles]
    for profile in run_budget.samples.profiles:
        for role, plays in enumerate(profile):
            paid[role] += [float(run_budget.samples.paid(profile, (role, name)).mean()) for name, _ in plays]
    return _least([float(np.ptp(each)) for each in paid])


def _least(ranges: Sequence[float]) -> float:
    """The least range of payoffs of a role that has one; 1 where none has."""
    return min((each for each in ranges if each > 0), default=1.0)


class _Quiet:
    """Games of few strategies, solved one after the other until no equilibrium is left that is not confirmed."""

    def __init__(self, game: MarketGame, run_budget: RunBudget, epsilon: float) -> None:
        self._game, self._run_budget, self._epsilon = game, run_budget, epsilon
        self.confirmed: list[tuple[Candidate, Shares]] = []
        self._solved: list[Subset] = []
        self._wider: list[Subset] = []  # for the case that deviations lead round in a circle
        self._left = 0  # games and equilibria for which there were no runs

    def settle(self, waiting: list[Subset]) -> None:
        """Solve these games and those to which deviations from their equilibria lead."""
        while waiting or (self._wider and not self.confirmed):
            subset = waiting.pop(0) if waiting else self._wider.pop(0)
            if any(_inside(subset, other) for other in self._solved):
                continue
            if not self._run_budget.buy(self._game, profiles_of(self._game, subset)):
                self._left += 1
                continue
            self._solved.append(subset)
            table = table_of(self._game, self._run_budget.samples, subset, self._run_budget.runs)
            for each in role_equilibria(table).equilibria:
                more = self._confirm(shares_of(table, each.mixtures))
                if more is not None:
                    waiting.append(more)
                    self._wider.append(_joined(subset, more))

    def _confirm(self, shares: Shares) -> Subset | None:
        """Confirm an equilibrium, or give the game that what pays more has joined."""
        candidate = mixed_candidate(self._game, shares)
        if any(_same(candidate, other) for other, _ in self.confirmed):
            return None
        if not self._run_budget.buy(self._game, candidate.needs):
            self._left += 1
            return None
        support = [tuple(name for name, share in each.items() if name in candidate.plays[role.name])
                   for role, each in zip(self._game.roles, shares, strict=True)]  # fmt: skip
        paying = False
        for place, role in enumerate(self._game.roles):
            gains = {
                deviation.after: float(self._run_budget.samples.sum(deviation.gain, self._run_budget.runs).mean())
                for deviation in candidate.deviations
                if deviation.role == role.name
            }
            best = max(gains, key=lambda name: gains[name], default=None)
            if best is not None and gains[best] > self._epsilon and best not in support[place]:
                support[place] = (*support[place], best)
                paying = True
        if paying:
            return tuple(support)
        self.confirmed.append((candidate, [dict(candidate.plays[role.name]) for role in self._game.roles]))
        return None

    def table(self) -> RoleSymmetricGame:
        """Of all that is played in the equilibria if that can be run, otherwise of the largest game that was solved."""
        union = tuple(
            tuple(name for name in role.strategies if any(name in each.plays[role.name] for each, _ in self.confirmed))
            for role in self._game.roles
        )
        sizes = [int(np.prod([len(chosen) for chosen in subset])) for subset in self._solved]
        largest = self._solved[int(np.argmax(sizes))]
        choice = max(map(len, union)) > 1 or max(map(len, largest)) < 2
        if all(union) and choice and self._run_budget.buy(self._game, profiles_of(self._game, union)):
            largest = union
        return table_of(self._game, self._run_budget.samples, largest, self._run_budget.runs)

    @property
    def note(self) -> str:
        """What was left out."""
        said = "Only profiles that were needed were run, so there may be other equilibria."
        if self._left:
            games = "a game that was" if self._left == 1 else f"{self._left} games that were"
            said += f" Half of the budget did not reach for {games} needed too: raise it, or reduce the players."
        return said


def _same(one: Candidate, other: Candidate) -> bool:
    """Whether two equilibria are one that was found in two games."""
    return all(
        abs(shares.get(name, 0.0) - other.plays[role].get(name, 0.0)) < _APART
        for role, shares in one.plays.items()
        for name in {*shares, *other.plays[role]}
    )


def _joined(subset: Subset, other: Subset) -> Subset:
    return tuple(tuple(dict.fromkeys((*mine, *theirs))) for mine, theirs in zip(subset, other, strict=True))


def _inside(subset: Subset, other: Subset) -> bool:
    return all(set(mine) <= set(theirs) for mine, theirs in zip(subset, other, strict=True))
