"""Which profiles to run, and what the solvers find in them.

If the budget allows, all profiles are run and all equilibria of the table are sought. Otherwise, and where parameters
are chosen from ranges, only those that are needed (Wellman, Kim and Duong 2013, "quiesce"): games of few strategies
are solved, and each of their equilibria is confirmed if no strategy left out pays more than ε in it; if one does, it
joins the game. Where there are ranges, the best reply to each confirmed equilibrium is then sought between their ends
(:mod:`analysis.games.outside`), and what pays more than ε is offered too, until nothing does (the double oracle of
McMahan, Gordon and Blum 2003).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, product

import numpy as np

from analysis.games.candidates import Candidate, Shares, mixed_candidate, pure_candidate
from analysis.games.market import MarketGame, Profile
from analysis.games.outside import Reply, best_reply
from analysis.games.pure import pure_equilibria
from analysis.games.role_equilibria import role_equilibria
from analysis.games.roles import RoleSymmetricGame
from analysis.games.samples import Samples
from analysis.games.tables import Subset, all_of, counts_of, profiles_of, shares_of, table_of

_SHARE = 0.02  # of the range of payoffs: ε, where none is given
_MOST_STARTS = 64  # games of one strategy a role, to begin with
_APART = 1e-6  # probabilities that differ by no more are the same
_MOST_ADDITIONS = 25  # rounds in which strategies of ranges join


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes
    ----------
    game : with the strategies of ranges that joined it.
    table : of the largest set of strategies all of whose profiles were run.
    candidates : the equilibria.
    replies : the best reply found between the ends of ranges to each equilibrium, by its place; empty without ranges.
    complete, note : whether these are all, and what the solver says of that.
    """

    game: MarketGame
    table: RoleSymmetricGame
    candidates: list[Candidate]
    epsilon: float
    complete: str
    note: str
    replies: list[Reply] = field(default_factory=list)


@dataclass
class Purse:
    """Runs that may still be made to choose equilibria."""

    samples: Samples
    runs: int  # of each profile
    most: int  # of all

    def affords(self, profiles: list[Profile]) -> bool:
        """Whether these profiles may be run too."""
        return self.samples.count + self.samples.missing(profiles, self.runs) <= self.most

    def buy(self, game: MarketGame, profiles: list[Profile]) -> bool:
        """Run them, unless that is too much."""
        if not self.affords(profiles):
            return False
        self.samples.need(game, profiles, self.runs)
        return True


def search_all(game: MarketGame, purse: Purse, epsilon: float | None) -> Found:
    """Run all profiles; the purse must allow it."""
    purse.buy(game, profiles_of(game, all_of(game)))
    table = table_of(game, purse.samples, all_of(game), purse.runs)
    found = role_equilibria(table)
    candidates = [mixed_candidate(game, shares_of(table, each.mixtures)) for each in found.equilibria]
    for row in pure_equilibria(table).rows:
        apart = pure_candidate(game, counts_of(table, int(row)))
        if any(len(shares) > 1 for shares in apart.plays.values()):
            candidates.append(apart)
    epsilon = _SHARE * table.range if epsilon is None else epsilon
    return Found(game, table, candidates, epsilon, found.complete, found.note)


def search_needed(game: MarketGame, purse: Purse, epsilon: float | None) -> Found:
    """Run what is needed, as far as the purse goes; the note says where that was not far enough."""
    starts = list(alone(game))
    threshold = _threshold(game, purse, starts) if epsilon is None else epsilon
    replies: list[Reply] = []
    for _ in range(_MOST_ADDITIONS):
        quiet = _Quiet(game, purse, threshold)
        quiet.settle([*alone(game), *starts])
        added, replies, known = [], [], True
        for candidate, shares in quiet.confirmed:
            for role in range(len(game.roles)):
                reply = best_reply(game, shares, candidate, role, purse)
                if reply is None:
                    continue
                known = known and reply.searched
                replies.append(reply)
                if reply.gain > threshold and reply.new:
                    added.append((role, shares, reply))
        if not added:
            break
        for role, shares, reply in added:
            game = game.extended(role, reply.strategy)
            support = [tuple(each) for each in shares]
            support[role] = (*support[role], *(name for name in reply.strategy if name not in support[role]))
            starts.append(tuple(support))
    else:
        known = False
    note = quiet.note
    if replies:
        best = max(reply.gain for reply in replies)
        note += (
            f" Between the ends of the ranges nothing pays more than ε; the best reply found gains {best:.3g}."
            if known and best <= threshold
            else " The runs did not reach to search the ranges for better replies: raise the budget."
        )
    return Found(game, quiet.table(), [each for each, _ in quiet.confirmed], threshold, "open", note, replies)


def alone(game: MarketGame) -> Iterator[Subset]:
    """Games of one strategy a role."""
    for chosen in islice(product(*all_of(game)), _MOST_STARTS):
        yield tuple((name,) for name in chosen)


def _threshold(game: MarketGame, purse: Purse, starts: list[Subset]) -> float:
    """ε as a share of the range of payoffs of players who all do the same, and of one who does not."""
    for subset in starts:
        purse.buy(game, mixed_candidate(game, [{chosen[0]: 1.0} for chosen in subset]).needs)
    paid = [
        float(purse.samples.paid(profile, (role, name)).mean())
        for profile in purse.samples.profiles
        for role, plays in enumerate(profile)
        for name, _ in plays
    ]
    return _SHARE * (float(np.ptp(paid)) or 1.0) if paid else 0.0


class _Quiet:
    """Games of few strategies, solved one after the other until no equilibrium is left that is not confirmed."""

    def __init__(self, game: MarketGame, purse: Purse, epsilon: float) -> None:
        self._game, self._purse, self._epsilon = game, purse, epsilon
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
            if not self._purse.buy(self._game, profiles_of(self._game, subset)):
                self._left += 1
                continue
            self._solved.append(subset)
            table = table_of(self._game, self._purse.samples, subset, self._purse.runs)
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
        if not self._purse.buy(self._game, candidate.needs):
            self._left += 1
            return None
        support = [tuple(name for name, share in each.items() if name in candidate.plays[role.name])
                   for role, each in zip(self._game.roles, shares, strict=True)]  # fmt: skip
        paying = False
        for place, role in enumerate(self._game.roles):
            gains = {
                deviation.after: float(self._purse.samples.sum(deviation.gain, self._purse.runs).mean())
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
        if all(union) and self._purse.buy(self._game, profiles_of(self._game, union)):
            largest = union
        return table_of(self._game, self._purse.samples, largest, self._purse.runs)

    @property
    def note(self) -> str:
        """What was left out."""
        said = "Only profiles that were needed were run, so there may be other equilibria."
        if self._left:
            said += f" There were no runs left for {self._left} further games: raise the budget."
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
