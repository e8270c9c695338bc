"""Candidates: possible equilibria of a market's game, with the gains of deviations and measures of the market.

A payoff is a sum over profiles, each weighted by the probability that a player meets it. The gain of a deviation is
such a sum too. So both are known run by run if their profiles were run on the same seeds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.games.certificates.distribution_free import Bound
from analysis.games.certificates.rare_events import Event, missed
from analysis.games.certificates.resampling import Certificate, certify, enough, sampled
from analysis.games.empirical.market import Column, MarketGame, Profile
from analysis.games.empirical.payoff_samples import Combination
from analysis.games.empirical.payoffs import WELFARE
from analysis.games.tables.counts import coefficients, count_profiles, weights
from analysis.stats.estimates import Estimate

if TYPE_CHECKING:
    from analysis.games.empirical.evidence import Evidence

Floats = NDArray[np.float64]
Counts = Sequence[Mapping[str, int]]  # by role, how many of the players that solvers see play what
Shares = Sequence[Mapping[str, float]]  # by role, the probability of each strategy that is played
Verdict = Literal["holds", "fails", "open"]
_ROUNDING = 1e-20  # of a variance
PLAYED = 1e-9  # a smaller probability is none


@dataclass(frozen=True)
class Deviation:
    """A deviation of one player.

    Attributes
    ----------
    before : the strategy it gives up; None for its mixture, or for the one strategy of its whole role.
    gain : its payoff after the deviation less its payoff before, as a sum of payoffs.
    """

    role: str
    before: str | None
    after: str
    gain: Combination


@dataclass(frozen=True)
class Gain:
    """The measured gain of a deviation.

    Attributes
    ----------
    estimate : currency per episode; its error is infinite if too few runs differ.
    variance_ratio : the variance of the gain if each profile had its own seeds, divided by its variance on common
        seeds; nan if the gain does not vary.
    differing : number of runs in which the gain is not the most frequent one.
    """

    deviation: Deviation
    estimate: Estimate
    variance_ratio: float
    differing: int


@dataclass
class Candidate:
    """A possible equilibrium.

    Attributes
    ----------
    plays : by role, the probability of each strategy that is played; for a pure profile, the share of its players.
    mixed : whether players draw from the shares; otherwise the shares are numbers of players.
    players : by role, how many there are.
    played : the profiles that result, with their probabilities; in a reduced game, those that its players meet.
    paid : by role, what a player earns as a sum of payoffs.
    deviations : all deviations to offered strategies, and the best one found outside of them.
    payoffs : by role, what a player earns, currency per episode; errors are infinite if too few runs differ.
    certificate : of its regret; None until there are runs for it.
    unmet : events of the scenario that are too rare for the runs of the certificate.
    bound : of its regret for any distribution of payoffs, if bounds of payoffs were given.
    runs : runs of the certificate: of each profile, or draws of the others' strategies.
    runs_wanted : estimated number of further runs that would decide whether it holds; None if it is decided.
    gains : of each deviation, on these runs.
    market : measures of the market at it.
    welfare : of each run, (runs,), currency per episode; None if nobody gains privately.
    """

    plays: dict[str, dict[str, float]]
    mixed: bool
    players: dict[str, int]
    played: dict[Profile, float]
    paid: dict[str, Combination]
    deviations: list[Deviation]
    payoffs: dict[str, Estimate] = field(default_factory=dict)
    certificate: Certificate | None = None
    unmet: list[Event] = field(default_factory=list)
    bound: Bound | None = None
    runs: int = 0
    runs_wanted: int | None = None
    gains: list[Gain] = field(default_factory=list)
    market: dict[str, Estimate] = field(default_factory=dict)
    welfare: Floats | None = None

    def verdict(self, epsilon: float) -> Verdict:
        """Whether nobody gains more than ε, somebody does, or it is not sure."""
        if self.certificate is None:
            return "open"
        return "holds" if self.certificate.high <= epsilon else "fails" if self.certificate.low > epsilon else "open"

    @property
    def needs(self) -> list[Profile]:
        """The profiles of which payoffs, deviations and measures are made."""
        combinations = [*self.paid.values(), *(each.gain for each in self.deviations)]
        return list(dict.fromkeys([*self.played, *(profile for terms in combinations for profile, _ in terms)]))

    def describe(self, evidence: Evidence, runs: int) -> None:
        """Find payoffs and measures of the market from the first ``runs`` runs; runs without a number are left out."""
        self.payoffs = {role: sampled(paid) for role, paid in evidence.paid(runs).items()}
        measured = evidence.market(runs)
        seen = {name: values[np.isfinite(values)] for name, values in measured.items()}
        self.market = {name: sampled(values) for name, values in seen.items() if len(values)}
        self.welfare = measured.get(WELFARE)

    def certify(
        self,
        evidence: Evidence,
        runs: int,
        confidence: float = 0.95,
        unmet: Sequence[Event] = (),
        width: float = np.inf,
    ) -> None:
        """Find gains and the interval of the regret from the first ``runs`` runs.

        Parameters
        ----------
        unmet : events of the scenario that are too rare for this number of runs.
        width : the largest possible payoff less the least; infinite if unknown.
        """
        gained, apart, made_of = evidence.gains(runs), evidence.apart(runs), evidence.payoffs(runs)
        sizes = [float(np.abs(paid).max(initial=0.0)) for paid, _ in made_of]
        spans = [width * weight for _, weight in made_of]
        self.unmet = list(unmet)
        self.certificate = certify(gained, confidence, sizes=sizes, spans=spans, missed=missed(self.unmet))
        self.runs, self.gains = runs, []
        known = zip(self.deviations, self.certificate.gains, self.certificate.differing, strict=True)
        for place, (deviation, estimate, differing) in enumerate(known):
            own = float(np.var(gained[place], ddof=1)) if differing else 0.0
            ratio = float(apart[place]) / own if own > _ROUNDING * apart[place] else np.nan
            self.gains.append(Gain(deviation, estimate, ratio, differing))

    @property
    def doubt(self) -> str | None:
        """Why its regret has no upper end; None if it has one, or if there is no certificate."""
        if self.certificate is None or np.isfinite(self.certificate.high):
            return None
        if self.unmet:
            rarest = self.unmet[0]
            return f"in {self.runs:,} runs {rarest.what} is expected {rarest.expected(self.runs):.2g} times"
        few = min(self.gains, key=lambda gain: gain.differing)
        if not enough(few.differing, self.runs):
            same = "all" if not few.differing else f"all but {few.differing}"
            who = f"{few.deviation.role}: " if len(self.plays) > 1 else ""
            return f"{who}what a deviation to {few.deviation.after} gains is the same in {same} of {self.runs:,} runs"
        return f"what a deviation gains hangs on a few of {self.runs:,} runs"


def plays(candidate: Candidate, named: bool = True, between: str = "; ") -> str:
    """``makers: tight``, with the probability of each strategy of a mixture, or the number of players of each.

    Parameters
    ----------
    named : whether roles are named.
    between : text between roles.
    """

    def told(role: str, name: str, share: float) -> str:
        if share == 1.0:
            return name
        return f"{share:.3g} {name}" if candidate.mixed else f"{share * candidate.players[role]:.0f} play {name}"

    return between.join(
        (f"{role}: " if named else "") + ", ".join(told(role, name, share) for name, share in shares.items())
        for role, shares in candidate.plays.items()
    )


def _players(game: MarketGame) -> dict[str, int]:
    return {role.name: role.players for role in game.whole}


def pure_candidate(game: MarketGame, counts: Counts) -> Candidate:
    """A profile, given by the number of players of each role that play each strategy."""
    plays = {
        role.name: {name: count / role.players for name, count in plays.items() if count}
        for role, plays in zip(game.roles, counts, strict=True)
    }
    paid: dict[str, Combination] = {}
    deviations = []
    for place, role in enumerate(game.roles):
        mine = {name: count for name, count in counts[place].items() if count}
        stay = {name: (game.stands_for(counts, (place, name)), (place, name)) for name in mine}
        paid[role.name] = {stay[name]: count / role.players for name, count in mine.items()}
        for name, after in product(mine, role.strategies):
            if name != after:
                moved = [dict(each) for each in counts]
                moved[place][name] -= 1
                moved[place][after] = moved[place].get(after, 0) + 1
                gain = {(game.stands_for(moved, (place, after)), (place, after)): 1.0, stay[name]: -1.0}
                deviations.append(Deviation(role.name, name if len(mine) > 1 else None, after, gain))
    return Candidate(plays, False, _players(game), _met(game, [(counts, 1.0)]), paid, deviations)


def seen_candidate(game: MarketGame, profile: Profile) -> Candidate:
    """A profile of the market without a claim: it has no deviations."""
    plays = {
        role.name: {name: count / role.players for name, count in chosen}
        for role, chosen in zip(game.whole, profile, strict=True)
    }
    paid: dict[str, Combination] = {
        role.name: {(profile, (place, name)): count / role.players for name, count in profile[place]}
        for place, role in enumerate(game.whole)
    }
    return Candidate(plays, False, _players(game), {profile: 1.0}, paid, [])


def mixed_candidate(game: MarketGame, shares: Shares) -> Candidate:
    """All players of a role draw from the same mixture, or play the same strategy."""
    shares = [{name: float(share) for name, share in each.items() if share > PLAYED} for each in shares]
    plays = {role.name: dict(each) for role, each in zip(game.roles, shares, strict=True)}
    paid: dict[str, Combination] = {}
    deviations = []
    for place, role in enumerate(game.roles):
        earns = {name: mixture_payoff(game, shares, (place, name)) for name in role.strategies}
        paid[role.name] = summed([(earns[name], share) for name, share in shares[place].items()])
        for name in role.strategies:
            if shares[place].get(name) != 1.0:
                gain = summed([(earns[name], 1.0), (paid[role.name], -1.0)])
                deviations.append(Deviation(role.name, None, name, gain))
    mixed = any(len(each) > 1 for each in shares)
    return Candidate(plays, mixed, _players(game), _met(game, _drawn(game, shares)), paid, deviations)


def mixture_payoff(game: MarketGame, shares: Shares, column: Column) -> Combination:
    """What a strategy earns if all others draw from the mixtures, as a sum of payoffs."""
    found: dict[tuple[Profile, Column], float] = {}
    for counts, chance in _drawn(game, shares, without=column[0]):
        counts[column[0]][column[1]] = counts[column[0]].get(column[1], 0) + 1
        term = game.stands_for(counts, column), column
        found[term] = found.get(term, 0.0) + chance
    return found


def _drawn(
    game: MarketGame, shares: Shares, without: int | None = None
) -> Iterator[tuple[list[dict[str, int]], float]]:
    """Profiles that drawing players may play, with their probabilities; one player of a role may be left out."""
    ways = []
    for place, (role, mixture) in enumerate(zip(game.roles, shares, strict=True)):
        counts = count_profiles(role.players - (place == without), len(mixture))
        chances = weights(np.array(list(mixture.values())), counts, coefficients(counts))
        ways.append([(dict(zip(mixture, map(int, row), strict=True)), float(chance))
                     for row, chance in zip(counts, chances, strict=True) if chance > PLAYED])  # fmt: skip
    for chosen in product(*ways):
        yield [dict(counts) for counts, _ in chosen], float(np.prod([chance for _, chance in chosen]))


def _met(game: MarketGame, drawn: Iterable[tuple[Counts, float]]) -> dict[Profile, float]:
    """The profiles of the market that players meet, with the share of players and draws that do."""
    found: dict[Profile, float] = {}
    players = sum(role.players for role in game.whole)
    for counts, chance in drawn:
        for place, (seen, whole) in enumerate(zip(game.roles, game.whole, strict=True)):
            for name, count in counts[place].items():
                if count:
                    profile = game.stands_for(counts, (place, name))
                    share = chance * count / seen.players * whole.players / players
                    found[profile] = found.get(profile, 0.0) + share
    return found


def summed(parts: Sequence[tuple[Combination, float]]) -> Combination:
    """Sums of payoffs added up, each with its factor."""
    found: dict[tuple[Profile, Column], float] = {}
    for terms, factor in parts:
        for term, weight in terms.items():
            found[term] = found.get(term, 0.0) + factor * weight
    return {term: weight for term, weight in found.items() if weight != 0.0}
