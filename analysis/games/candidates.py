"""What may be an equilibrium of a market's game: who plays what, what deviations gain, and what the market is like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.estimates import Estimate, mean
from analysis.games.certificates import Certificate, mixture_gains
from analysis.games.counts import coefficients, count_profiles, weights
from analysis.games.market import MarketGame, Profile
from analysis.games.roles import RoleSymmetricGame
from sim.experiment import Results

Floats = NDArray[np.float64]
Verdict = Literal["holds", "fails", "open"]
PLAYED = 1e-9  # a smaller probability is none
_MEASURES = ("quoted_spread", "effective_spread", "depth")


@dataclass
class Candidate:
    """Something that may be an equilibrium.

    Attributes
    ----------
    plays : by role, the probability of each strategy that is played; of a pure profile the share of its players.
    profiles : which it comes to, with their probabilities.
    mixed : whether players draw from the shares; else so many play each.
    payoffs : by role, what a player earns, currency an episode.
    certificate : of its regret; None before there are runs for it.
    market : measures of the market at it, by column of the results.
    """

    plays: dict[str, dict[str, float]]
    profiles: dict[Profile, float]
    mixed: bool
    payoffs: dict[str, Estimate] = field(default_factory=dict)
    certificate: Certificate | None = None
    market: dict[str, Estimate] = field(default_factory=dict)

    def verdict(self, epsilon: float) -> Verdict:
        """Whether nobody gains more than ε, somebody does, or neither is sure."""
        if self.certificate is None:
            return "open"
        return "holds" if self.certificate.high <= epsilon else "fails" if self.certificate.low > epsilon else "open"


def plays(candidate: Candidate) -> str:
    """``makers: tight``, or with the share of each."""
    return "; ".join(
        f"{role}: " + ", ".join(name if share == 1.0 else f"{share:.3g} {name}" for name, share in shares.items())
        for role, shares in candidate.plays.items()
    )


def pure_candidate(game: MarketGame, profile: Profile) -> Candidate:
    """A profile, in which so many players of each role do this or that."""
    plays, width = {}, len(game.strategies)
    for place, role in enumerate(game.roles):
        counts = profile[place * width : (place + 1) * width]
        shares = zip(game.strategies, counts, strict=True)
        plays[role.name] = {name: count / role.players for name, count in shares if count}
    return Candidate(plays, {profile: 1.0}, mixed=False)


def mixed_candidate(game: MarketGame, mixture: Floats) -> Candidate:
    """Of one role: all draw from the same mixture."""
    role = game.roles[0]
    counts = count_profiles(role.players, len(game.strategies))
    chance = weights(mixture, counts, coefficients(counts))
    profiles = {
        tuple(int(count) for count in row): float(share)
        for row, share in zip(counts, chance, strict=True)
        if share > PLAYED
    }
    shares = zip(game.strategies, mixture, strict=True)
    plays = {role.name: {name: float(share) for name, share in shares if share > PLAYED}}
    return Candidate(plays, profiles, mixed=len(plays[role.name]) > 1)


def profiles_needed(game: MarketGame, table: RoleSymmetricGame, candidate: Candidate) -> list[Profile]:
    """The profiles that one player's deviation may lead to, and those that are played."""
    played = list(candidate.profiles)
    if _symmetric(game, candidate):
        role = game.roles[0]
        others = count_profiles(role.players - 1, len(game.strategies))
        chance = weights(_shares(game, candidate), others, coefficients(others))
        reached = others[chance > PLAYED][:, None] + np.eye(len(game.strategies), dtype=np.int64)
        return sorted(
            {tuple(int(count) for count in row) for row in reached.reshape(-1, others.shape[1])} | set(played)
        )
    row = int(table.rows(np.array(played[0])))
    mine = table.deviations.profiles == row
    reached = table.counts[table.deviations.reached[mine]]
    return sorted({tuple(int(count) for count in each) for each in reached} | set(played))


def _symmetric(game: MarketGame, candidate: Candidate) -> bool:
    """Whether all players draw from the same mixture, or all do the same."""
    return len(game.roles) == 1 and (candidate.mixed or len(candidate.plays[game.roles[0].name]) == 1)


def _shares(game: MarketGame, candidate: Candidate) -> Floats:
    plays = candidate.plays[game.roles[0].name]
    return np.array([plays.get(name, 0.0) for name in game.strategies])


def deviation_gains(
    game: MarketGame, table: RoleSymmetricGame, candidate: Candidate, wanted: Sequence[Profile], samples: Floats
) -> Floats:
    """What each deviation gains in each run, (deviations, runs)."""
    rows = {profile: row for row, profile in enumerate(wanted)}
    if _symmetric(game, candidate):
        others = count_profiles(game.roles[0].players - 1, len(game.strategies))
        against = np.full((len(others), len(game.strategies), samples.shape[2]), np.nan)
        for place, other in enumerate(others):
            for strategy in range(len(game.strategies)):
                profile = tuple(int(count) for count in other + np.eye(len(game.strategies), dtype=np.int64)[strategy])
                if profile in rows:
                    against[place, strategy] = samples[rows[profile], strategy]
        shares = _shares(game, candidate)
        return mixture_gains(against, shares.tolist(), others)[shares < 1.0]
    profile = next(iter(candidate.profiles))
    moves = table.deviations
    mine = np.flatnonzero(moves.profiles == int(table.rows(np.array(profile))))
    stay = samples[rows[profile]]
    return np.array(
        [
            samples[rows[tuple(int(count) for count in table.counts[moves.reached[move]])], moves.after[move]]
            - stay[moves.before[move]]
            for move in mine
        ]
    ).reshape(len(mine), samples.shape[2])


def describe(
    game: MarketGame, candidate: Candidate, results: Results, wanted: Sequence[Profile], samples: Floats
) -> None:
    """Payoffs of the players, and what the market is like, over the profiles that are played."""
    rows = {profile: row for row, profile in enumerate(wanted)}
    width = len(game.strategies)
    for place, role in enumerate(game.roles):
        columns = slice(place * width, (place + 1) * width)
        paid = sum(
            chance * np.nansum(np.array(profile[columns])[:, None] * samples[rows[profile], columns], axis=0)
            for profile, chance in candidate.profiles.items()
        )
        candidate.payoffs[role.name] = mean(np.asarray(paid) / role.players)
    scenario = game.scenario
    others = [
        each.name for each in scenario.populations if each.name not in (scenario.game.players if scenario.game else ())
    ]
    names = [f"{venue.name}.{measure}" for venue in scenario.venues for measure in _MEASURES]
    names += [f"{name}.payoff" for name in others]
    runs = samples.shape[2]
    for name in names:
        if name not in results.table.column_names:
            continue
        values = np.asarray(results.column(name), float).reshape(len(wanted), runs)
        seen = sum(chance * values[rows[profile]] for profile, chance in candidate.profiles.items())
        known = np.asarray(seen)[np.isfinite(seen)]
        if len(known):
            candidate.market[name] = mean(known)
