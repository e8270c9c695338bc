"""Which of a game's equilibria is reached, by several theories: evolution, errors, replies and correlation.

Theories of selection disagree, so none is preferred. Evolution asks which equilibrium drives out a few players who
deviate, and from which share of all mixtures the replicator and best replies reach it. Logit errors that slowly vanish
select one equilibrium (McKelvey and Palfrey 1995). Fictitious play depends on its start. Single improvements reach a
sink of the response graph. Correlated equilibria bound the payoffs of players who do not agree on one equilibrium.

Stability, motion and errors are defined for one role of players who are alike; everything else is defined for all
games. Computations that would take more than some seconds are left out, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, ParamSpec, TypeVar, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.games.dynamics.basins import Basins, basins
from analysis.games.dynamics.correlated import Kind, correlated
from analysis.games.dynamics.evolutionary_stability import Verdict, evolutionary_stability
from analysis.games.dynamics.fictitious_play import fictitious_play
from analysis.games.dynamics.motion import Law
from analysis.games.dynamics.quantal_response import logit_branch
from analysis.games.dynamics.response_graph import sink_components
from analysis.games.tables.roles import Role, RoleSymmetricGame
from analysis.stats.estimates import Estimate
from sim.core.errors import RunError

Floats = NDArray[np.float64]
Profile = tuple[int, ...]  # how many play what, by the columns of the game's counts
Mixtures = Sequence[Floats]  # one a role
Found = TypeVar("Found")
Given = ParamSpec("Given")
PRECISION = 10.0  # over the scale of payoffs: of erring players who play what loses a tenth of it 1/e times as often
BEGINNINGS = 4  # of fictitious play, drawn besides even play
_NEAR = 0.02  # of an equilibrium, in any probability: where the branch ends
_LEARNED = 0.05  # the same of fictitious play, which comes near slowly
_STEPS = 1_000  # of fictitious play
_POINTS = 2_000  # of the logit branch
_REPEATS = 4  # scrambles of starts
_WORK = 32 * 512  # starts of a scramble times payoffs against others: a second of best-response motion
_FEWEST = 8  # starts of a scramble: a share of fewer says little
_MOST_MOVED = 500  # profiles of games whose players move and learn here
_MOST = 3_000  # profiles of games that are looked at in any way


class Reached(NamedTuple):
    """Results for one equilibrium."""

    stable: Verdict | None  # whether those who play it drive out the few who deviate
    basins: dict[Law, Estimate]  # by law of motion, the share of all mixtures that come to it
    fictitious_play: float | None  # the share of the drawn beginnings that come to it


class Logit(NamedTuple):
    """The branch of logit equilibria from even play."""

    equilibrium: int | None  # place of the one at its end; None if it is none of those given
    end: tuple[float, ...]  # mixture
    precision: float  # of its first point from PRECISION / scale of payoffs on, else of its end; in 1 / game's unit
    mixture: tuple[float, ...]  # at that precision


class Learned(NamedTuple):
    """Fictitious play from even play."""

    equilibrium: int | None  # place of the one that it came near to; None if of none of those given
    end: tuple[float, ...]  # frequencies, by the columns of the game's counts
    regret: float  # of the frequencies as mixtures, the largest of all roles, in the game's unit


class Range(NamedTuple):
    """Least and greatest mean payoff of a player, in the game's unit."""

    low: float
    high: float


@dataclass(frozen=True)
class Selection:
    """Results for a game's equilibria; parts that were left out are None, or not among the laws.

    Attributes
    ----------
    roles : of the game.
    equilibria : results for each, in the given order.
    starts : of each law of motion, all scrambles together; 0 if players were not moved.
    elsewhere : by law, the share of starts that cycle, end elsewhere, or have not ended when time is over.
    logit, fictitious_play : where they end.
    sinks : of best replies, each with its profiles.
    correlated, coarse : by role, what a player may earn in correlated and in coarse correlated equilibria.
    reasons : by part, why it was left out; of stability, perhaps of some equilibria only.
    """

    roles: tuple[Role, ...]
    equilibria: tuple[Reached, ...]
    starts: int
    elsewhere: dict[Law, Estimate]
    logit: Logit | None
    fictitious_play: Learned | None
    sinks: tuple[tuple[Profile, ...], ...] | None
    correlated: dict[str, Range] | None
    coarse: dict[str, Range] | None
    reasons: dict[str, str]

    @property
    def unreached(self) -> tuple[int, ...]:
        """Places of the equilibria that no motion, branch or learning came to; none where nothing moved."""
        ends = {each.equilibrium for each in (self.logit, self.fictitious_play) if each is not None}
        return tuple(
            place
            for place, each in enumerate(self.equilibria)
            if (self.elsewhere or ends)
            and place not in ends
            and not each.fictitious_play
            and not any(share.value for share in each.basins.values())
        )


def selection(
    game: RoleSymmetricGame, equilibria: Sequence[Sequence[ArrayLike]], starts: int = 32, seed: int = 0
) -> Selection:
    """Compute the results for a game's equilibria.

    Parameters
    ----------
    game : dynamics need at most 500 profiles; with more than 3000 nothing is computed.
    equilibria : of each, a mixture for each role, (strategies,).
    starts : of each law of motion in each of four scrambles, always the same; a power of two. Halved, down to 8, while
        the game is so large that they would take more than some seconds.
    seed : of the beginnings of fictitious play, which are drawn evenly from all mixtures.

    Raises
    ------
    ValueError
        If an equilibrium is not of the game's shapes or no probabilities, or starts is not a power of two.
    """
    known = _checked(game, equilibria)
    if starts < 1 or starts & (starts - 1):
        raise ValueError(f"starts must be a power of two, not {starts}")
    reasons: dict[str, str] = {}

    def part(
        name: str, most: int, call: Callable[Given, Found], *given: Given.args, **named: Given.kwargs
    ) -> Found | None:
        try:
            if len(game.counts) > most:
                raise RunError(f"{len(game.counts):,} profiles are more than {most:,}")
            return call(*given, **named)
        except (ValueError, RunError) as problem:
            reasons[name] = str(problem)
            return None

    laws: tuple[Law, ...] = get_args(Law)
    motions = {law: part(law, _MOST_MOVED, _moved, game, known, law, starts) for law in laws}
    moved = {law: found for law, found in motions.items() if found is not None}
    drawn = part("fictitious_play", _MOST_MOVED, _drawn, game, known, seed)
    kinds: tuple[Kind, ...] = get_args(Kind)
    earned = {kind: part(kind, _MOST, _earned, game, kind) for kind in kinds}
    return Selection(
        roles=game.roles,
        equilibria=tuple(
            Reached(
                part("stability", _MOST, _stable, game, mixtures),
                {law: found.shares[place] for law, found in moved.items()},
                None if drawn is None else drawn.count(place) / len(drawn),
            )
            for place, mixtures in enumerate(known)
        ),
        starts=max((len(found.starts) for found in moved.values()), default=0),
        elsewhere={law: found.elsewhere for law, found in moved.items()},
        logit=part("logit", _MOST, _logit, game, known),
        fictitious_play=part("fictitious_play", _MOST_MOVED, _learned, game, known),
        sinks=part("sinks", _MOST, _sinks, game),
        correlated=earned["correlated"],
        coarse=earned["coarse"],
        reasons=reasons,
    )


def _checked(game: RoleSymmetricGame, equilibria: Sequence[Sequence[ArrayLike]]) -> list[tuple[Floats, ...]]:
    shapes = [(len(role.strategies),) for role in game.roles]
    known = [tuple(np.asarray(mixture, np.float64) for mixture in each) for each in equilibria]
    for place, mixtures in enumerate(known):
        given = [mixture.shape for mixture in mixtures]
        if given != shapes:
            raise ValueError(f"equilibria[{place}] must have a mixture a role, of shapes {shapes}, not {given}")
        for role, x in zip(game.roles, mixtures, strict=True):
            if not (np.all(x >= 0.0) and abs(x.sum() - 1.0) < 1e-6):
                raise ValueError(f"equilibria[{place}]: {role.name!r} needs probabilities of sum 1, not {x.tolist()}")
    return known


def _nearest(mixtures: Mixtures, known: Sequence[Mixtures], within: float) -> int | None:
    """The place of the equilibrium at which these mixtures are; None if all are further away."""
    away = [max(float(np.abs(a - b).max()) for a, b in zip(mixtures, each, strict=True)) for each in known]
    return int(np.argmin(away)) if min(away, default=np.inf) < within else None


def _stable(game: RoleSymmetricGame, mixtures: Mixtures) -> Verdict:
    return evolutionary_stability(game.symmetric(), mixtures[0]).verdict


def _moved(game: RoleSymmetricGame, known: Sequence[Mixtures], law: Law, starts: int) -> Basins:
    one = game.symmetric()
    while starts > _FEWEST and starts * one.payoffs.size > _WORK:
        starts //= 2
    return basins(one, [mixtures[0] for mixtures in known], law, starts, _REPEATS)


def _logit(game: RoleSymmetricGame, known: Sequence[Mixtures]) -> Logit:
    one = game.symmetric()
    branch = logit_branch(one, points=_POINTS)
    shown = np.append(np.flatnonzero(branch.precisions >= PRECISION / one.scale), len(branch.precisions) - 1)[0]
    end, mixture = branch.mixtures[-1], branch.mixtures[shown]
    place = _nearest([end], known, _NEAR)
    return Logit(place, tuple(end.tolist()), float(branch.precisions[shown]), tuple(mixture.tolist()))


def _learned(game: RoleSymmetricGame, known: Sequence[Mixtures], first: Mixtures | None = None) -> Learned:
    play = fictitious_play(game, _STEPS, first, looks=2)
    ends = [frequencies[-1] for frequencies in play.frequencies]
    place = _nearest(ends, known, _LEARNED)
    return Learned(place, tuple(np.concatenate(ends).tolist()), float(play.regrets[-1].max()))


def _drawn(game: RoleSymmetricGame, known: Sequence[Mixtures], seed: int) -> list[int | None]:
    """Where fictitious play ends from beginnings that are drawn."""
    draw = np.random.default_rng(seed)
    firsts = [[draw.dirichlet(np.ones(len(role.strategies))) for role in game.roles] for _ in range(BEGINNINGS)]
    return [_learned(game, known, first).equilibrium for first in firsts]


def _sinks(game: RoleSymmetricGame) -> tuple[tuple[Profile, ...], ...]:
    rows = [sink.rows for sink in sink_components(game, "best")]
    return tuple(tuple(tuple(profile) for profile in game.counts[each].tolist()) for each in rows)


def _earned(game: RoleSymmetricGame, kind: Kind) -> dict[str, Range]:
    paid = np.where(game.counts > 0, game.counts * game.payoffs, 0.0)
    found = {}
    for role, columns in zip(game.roles, game.columns, strict=True):
        extremes = correlated(game, kind, paid[:, columns].sum(axis=1) / role.players)
        found[role.name] = Range(extremes.least, extremes.most)
    return found
