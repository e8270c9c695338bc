"""Samples of a game whose payoffs are known: what the search and the certificates are held against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from analysis.games.empirical.market import MarketGame, Profile
from analysis.games.empirical.payoff_samples import Samples
from analysis.games.empirical.payoffs import Played, Runner
from sim.scenario import parse

Payoff = Callable[[dict[str, int], str], float]  # what all play, and the strategy that is paid


def market(players: int, strategies: Sequence[str], **game: object) -> MarketGame:
    """A game of makers, of which only the names of its strategies matter: nothing is run."""
    offered = {name: {"half_spread": 0.1 * (place + 1)} for place, name in enumerate(strategies)}
    return MarketGame(
        parse(
            {
                "run": {"steps": 1, "episodes": 2},
                "instruments": [{"name": "ACME", "value": {"process": "constant", "initial": 100.0}}],
                "venues": [{"name": "lit"}],
                "populations": [{"name": "makers", "strategy": "fixed_spread", "count": players}],
                "game": {"players": "makers", "strategies": offered, **game},
            }
        )
    )


class Known(Samples):
    """Samples that are drawn: the payoff of a strategy in a profile, and noise that all profiles of a run share.

    Parameters
    ----------
    payoff : the truth.
    common, own : standard deviation of the noise of a run that all payoffs share, and of each payoff's own.
    """

    def __init__(self, payoff: Payoff, common: float = 0.0, own: float = 0.0, seed: int = 0) -> None:
        super().__init__(1, Runner())
        self._payoff, self._common, self._own, self._seed = payoff, common, own, seed

    def _play(self, game: MarketGame, wanted: Sequence[Profile], seeds: range) -> list[Played]:
        shared = self._common * self._drawn(seeds)
        return [
            Played(
                {
                    (role, name): self._payoff(dict(plays), name)
                    + shared
                    + self._own * self._drawn(seeds, hash_of(profile, name))
                    for role, plays in enumerate(profile)
                    for name, _ in plays
                },
                {(role, name): np.zeros((2, len(seeds))) for role, plays in enumerate(profile) for name, _ in plays},
                {},
            )
            for profile in wanted
        ]

    def _drawn(self, seeds: range, *parts: int) -> NDArray[np.float64]:
        """A standard normal number of each seed, whatever the others are."""
        return np.random.default_rng([self._seed, *parts]).normal(size=seeds.stop)[seeds.start :]


def hash_of(profile: Profile, name: str) -> int:
    """A number that tells a payoff from others, the same in every process."""
    return crc32(repr((profile, name)).encode())
