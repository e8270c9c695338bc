"""What is known of a candidate, run by run: its payoffs, the gains of deviations, and measures of the market.

If a game is solved without a reduction, each profile has a known probability. Payoffs are sums over profiles, which are
all run on the same seeds. If a game was reduced, runs of the whole game are used. In each run, all players but one draw
their strategies; the remaining player plays each of its strategies in turn, on the same seed and against the same
others. So the gain of a deviation does not depend on the reduction.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from analysis.games.empirical.candidates import Candidate
from analysis.games.empirical.market import Column, MarketGame, Profile
from analysis.games.empirical.payoff_samples import Combination, Samples
from analysis.games.empirical.payoffs import Runner

Floats = NDArray[np.float64]
_PILOT = 16  # runs at least, to say how often
_WORTH = 0.8  # of the variance left at most, for it not to be an accident of few runs


class Evidence(Protocol):
    """Runs of a candidate; more can be made. All arrays are over the first ``runs`` of them."""

    def missing(self, runs: int) -> int:
        """How many runs have to be made to have so many."""

    def need(self, runs: int) -> None:
        """Make them."""

    def paid(self, runs: int) -> dict[str, Floats]:
        """By role, what a player earns, currency per episode, (runs,)."""

    def gains(self, runs: int) -> Floats:
        """What each deviation gains, (deviations, runs)."""

    def apart(self, runs: int) -> Floats:
        """The variance of each gain if each profile were run on seeds of its own, (deviations,)."""

    def payoffs(self, runs: int) -> list[tuple[Floats, float]]:
        """The payoffs that each gain is made of, (terms, runs), and the sum of their weights' sizes."""

    def market(self, runs: int) -> dict[str, Floats]:
        """Measures of the market, (runs,)."""


class WeightedEvidence:
    """A candidate whose profiles all have a known probability, on samples that other candidates may share.

    Players who are alike earn the same on average. So the payoff of the first, or the last, of them less their mean is
    0 on average. A multiple of it may be subtracted from a gain to reduce its variance (control variates). A player is
    then compared with itself as far as this is more precise than the mean of all. Other runs give the multiple.

    Parameters
    ----------
    pilot : samples that chose the candidate, and their number of runs per profile; None to subtract nothing.
    """

    def __init__(
        self, game: MarketGame, candidate: Candidate, samples: Samples, pilot: tuple[Samples, int] | None = None
    ) -> None:
        self._game, self._candidate, self._samples, self._pilot = game, candidate, samples, pilot

    def missing(self, runs: int) -> int:
        """How many runs have to be made to have so many."""
        return self._samples.missing(self._candidate.needs, runs)

    def need(self, runs: int) -> None:
        """Make them."""
        self._samples.need(self._game, self._candidate.needs, runs)

    def paid(self, runs: int) -> dict[str, Floats]:
        """By role, what a player earns, currency per episode, (runs,)."""
        return {role: self._samples.sum(terms, runs) for role, terms in self._candidate.paid.items()}

    def gains(self, runs: int) -> Floats:
        """What each deviation gains, (deviations, runs)."""
        gained = [
            self._samples.sum(each.gain, runs) - self._often(each.gain) @ self._samples.ends(each.gain, runs)
            for each in self._candidate.deviations
        ]
        return np.array(gained).reshape(-1, runs)

    def _often(self, gain: Combination) -> Floats:
        """How often to take off what the first and the last of alike players earn beyond their mean, (2,)."""
        nothing = np.zeros(2)
        if self._pilot is None:
            return nothing
        samples, runs = self._pilot
        if runs < _PILOT or any(samples.runs(profile) < runs for profile, _ in gain):
            return nothing
        gained, ends = samples.sum(gain, runs), samples.ends(gain, runs)
        centred = gained - gained.mean(), ends - ends.mean(axis=1, keepdims=True)
        often = np.linalg.lstsq(centred[1].T, centred[0], rcond=1e-9)[0]
        left = np.sum((centred[0] - often @ centred[1]) ** 2)
        return often if left < _WORTH * np.sum(centred[0] ** 2) else nothing

    def apart(self, runs: int) -> Floats:
        """The variance of each gain if each profile were run on seeds of its own, (deviations,)."""
        return np.array([self._samples.apart(each.gain, runs) for each in self._candidate.deviations])

    def payoffs(self, runs: int) -> list[tuple[Floats, float]]:
        """The payoffs that each gain is made of, (terms, runs), and the sum of their weights' sizes."""
        return [
            (np.array([self._samples.paid(*term, runs) for term in each.gain]), sum(map(abs, each.gain.values())))
            for each in self._candidate.deviations
        ]

    def market(self, runs: int) -> dict[str, Floats]:
        """Measures of the market, (runs,)."""
        return self._samples.measures(self._candidate.played, runs)


class SampledEvidence:
    """A candidate of a reduced game, in runs of the whole game in which the others draw their strategies.

    Parameters
    ----------
    first : the first seed; each run has the next one, and draws by it.
    """

    def __init__(self, game: MarketGame, candidate: Candidate, first: int, runner: Runner) -> None:
        self._game, self._first, self._runner = game, first, runner
        self._shares = [candidate.plays[role.name] for role in game.whole]
        names = [role.name for role in game.whole]
        self._moves: list[Column] = [(names.index(each.role), each.after) for each in candidate.deviations]
        played = [(role, name) for role, shares in enumerate(self._shares) for name in shares]
        self._columns = list(dict.fromkeys([*played, *self._moves]))
        self._drawn: list[dict[Column, Profile]] = []  # by draw, as far as anybody asked
        self._paid: dict[Column, Floats] = {column: np.zeros(0) for column in self._columns}
        self._market: dict[str, Floats] = {}
        self._runs = 0

    def missing(self, runs: int) -> int:
        """How many runs have to be made to have so many."""
        return sum(len(set(each.values())) for each in self._draws(runs))

    def need(self, runs: int) -> None:
        """Make them."""
        draws = self._draws(runs)
        if not draws:
            return
        seeds: dict[Profile, list[int]] = {}
        placed: list[dict[Column, tuple[Profile, int]]] = []  # by draw and column the profile, and which of its runs
        for seed, profiles in enumerate(draws, self._first + self._runs):
            for profile in dict.fromkeys(profiles.values()):
                seeds.setdefault(profile, []).append(seed)
            placed.append({column: (profile, len(seeds[profile]) - 1) for column, profile in profiles.items()})
        wanted = dict(sorted(seeds.items()))
        played = dict(zip(wanted, self._runner.play(self._game, wanted, "certificates"), strict=True))
        seen = {column: [(played[draw[column][0]], draw[column][1]) for draw in placed] for column in self._columns}
        for column, those in seen.items():
            paid = [each.paid[column][at] for each, at in those]
            self._paid[column] = np.concatenate([self._paid[column], paid])
        for name in next(iter(played.values())).measured:
            # By what the first player of the first role would draw: over all draws the market of the mixture.
            found = sum(
                share * np.array([each.measured[name][at] for each, at in seen[0, played_by]])
                for played_by, share in self._shares[0].items()
            )
            self._market[name] = np.concatenate([self._market.get(name, np.zeros(0)), np.asarray(found)])
        self._runs = runs

    def paid(self, runs: int) -> dict[str, Floats]:
        """By role, what a player earns, currency per episode, (runs,)."""
        return {
            role.name: np.asarray(sum(share * self._paid[place, name][:runs] for name, share in shares.items()))
            for place, (role, shares) in enumerate(zip(self._game.whole, self._shares, strict=True))
        }

    def gains(self, runs: int) -> Floats:
        """What each deviation gains, (deviations, runs)."""
        return np.array([np.sum(self._terms(each, runs), axis=0) for each in self._moves]).reshape(-1, runs)

    def apart(self, runs: int) -> Floats:
        """The variance of each gain if each profile were run on seeds of its own, (deviations,)."""
        return np.array([np.var(self._terms(each, runs), axis=1, ddof=1).sum() for each in self._moves])

    def payoffs(self, runs: int) -> list[tuple[Floats, float]]:
        """The payoffs that each gain is made of, (terms, runs), and the sum of their weights' sizes."""
        found = []
        for move in self._moves:
            weights = self._weights(move)
            paid = np.array([self._paid[column][:runs] for column in weights])
            found.append((paid, sum(map(abs, weights.values()))))
        return found

    def market(self, runs: int) -> dict[str, Floats]:
        """Measures of the market, (runs,)."""
        return {name: values[:runs] for name, values in self._market.items()}

    def _weights(self, move: Column) -> dict[Column, float]:
        """What is paid for a strategy less what is paid for the mixture."""
        found = {(move[0], name): -share for name, share in self._shares[move[0]].items()}
        found[move] = found.get(move, 0.0) + 1.0
        return found

    def _terms(self, move: Column, runs: int) -> Floats:
        return np.array([weight * self._paid[column][:runs] for column, weight in self._weights(move).items()])

    def _draws(self, runs: int) -> list[dict[Column, Profile]]:
        """What is played in the draws that were not run yet."""
        self._drawn += [self._profiles(draw) for draw in range(len(self._drawn), runs)]
        return self._drawn[self._runs : runs]

    def _profiles(self, draw: int) -> dict[Column, Profile]:
        """What all play in a draw if the first player of a role plays this or that."""
        random = np.random.default_rng([self._first, draw])
        drawn = []
        for role, shares in zip(self._game.whole, self._shares, strict=True):
            ends = np.cumsum(list(shares.values()))
            places = np.searchsorted(ends, random.random(role.players) * ends[-1], side="right")
            drawn.append([list(shares)[min(place, len(shares) - 1)] for place in places])
        found: dict[Column, Profile] = {}
        for column in self._columns:
            chosen = [([column[1], *plays[1:]] if place == column[0] else plays) for place, plays in enumerate(drawn)]
            found[column] = self._game.profile(chosen)
        return found
