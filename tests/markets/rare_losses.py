"""Games in which a loss is so rare that few runs meet it, and what is true of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.games.empirical.candidates import Candidate
from analysis.games.tables.symmetric import SymmetricGame
from sim.scenario import Scenario, parse

HALF_SPREADS = {"one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0}

SCENARIO = """
[run]
steps = 1
episodes = 5
seed = 1000
[[instruments]]
name = "ACME"
public_delay = 1
[instruments.value]
process = "jump_diffusion"
initial = 100.0
jump_probability = 0.002
jump = "fixed"
jump_size = 1500.0
up_probability = 1.0
[[venues]]
name = "lit"
tick_size = 1.0
[[populations]]
name = "first"
strategy = "fixed_spread"
params = { half_spread = 3.0, sides = "sell" }
[[populations]]
name = "second"
strategy = "fixed_spread"
params = { half_spread = 3.0, sides = "sell" }
[[populations]]
name = "noise"
strategy = "noise"
turn = 1
arrivals = { law = "one_of", group = "takers" }
params = { buy_probability = 1.0 }
[[populations]]
name = "informed"
strategy = "informed"
turn = 1
arrivals = { law = "on_news", group = "takers" }
sees = { of = "value" }
[turns]
simultaneous = [0]
[game]
players = ["first", "second"]
[game.strategies]
one = { half_spread = 1.0 }
two = { half_spread = 2.0 }
three = { half_spread = 3.0 }
four = { half_spread = 4.0 }
"""


@dataclass(frozen=True)
class RareLoss:
    """A market whose makers earn a little in nearly all episodes, and lose much where the value jumps.

    Attributes
    ----------
    chance, size : of a jump, and how far it goes, ticks.
    episodes, seed : of a run.
    buying : the probability that noise buys, and so trades with the makers; below 1 payoffs vary without a jump too.
    up : the probability that a jump goes up, where it hurts.
    """

    chance: float = 0.002
    size: float = 1500.0
    episodes: int = 5
    seed: int = 1000
    buying: float = 1.0
    up: float = 1.0

    @property
    def changes(self) -> dict[str, Any]:
        """Of the scenario, as overrides."""
        return {
            "ACME.value.jump_probability": self.chance,
            "ACME.value.jump_size": self.size,
            "ACME.value.up_probability": self.up,
            "noise.params.buy_probability": self.buying,
            "run.episodes": self.episodes,
            "run.seed": self.seed,
        }

    def scenario(self) -> Scenario:
        """The market."""
        return parse(SCENARIO, overrides=self.changes)

    def truth(self) -> SymmetricGame:
        """The game as it is: the closest quote trades alone, equal ones share."""
        spreads = np.array(list(HALF_SPREADS.values()))
        alone = (1 - self.chance) * self.buying * spreads - self.chance * self.up * np.maximum(0.0, self.size - spreads)
        table = np.triu(np.broadcast_to(alone[:, None], (4, 4)), 1) + np.diag(alone / 2.0)
        return SymmetricGame.from_matrix(table)

    def regret_alone(self, name: str) -> float:
        """What the best deviation gains in truth where all play one strategy."""
        return float(self.truth().regret(np.array([float(each == name) for each in HALF_SPREADS])))

    def regret(self, candidate: Candidate) -> float:
        """What a deviation from a candidate gains in truth."""
        (shares,) = candidate.plays.values()
        mixture = np.array([shares.get(name, 0.0) for name in HALF_SPREADS])
        if candidate.mixed or len(shares) == 1:
            return float(self.truth().regret(mixture))
        low, high = (place for place, share in enumerate(mixture) if share)
        table = self.truth().expected(np.eye(4)[low]), self.truth().expected(np.eye(4)[high])
        return float(max(table[1].max() - table[1][low], table[0].max() - table[0][high], 0.0))


def drawn(number: int) -> tuple[RareLoss, int]:
    """The case of a number, and the budget that it is solved with."""
    random = np.random.default_rng([11, number])
    chance = float(10.0 ** random.uniform(-3.7, -1.5))
    lost = float(random.uniform(1.5, 8.0))  # an episode, in the mean
    mean_buys = bool(random.random() < 0.4)
    case = RareLoss(
        round(chance, 6),
        float(round(lost / chance)),
        int(10.0 ** random.uniform(0.0, 2.3)),
        int(random.integers(1, 10**6)),
        float(round(random.uniform(0.3, 0.9), 2)) if mean_buys else 1.0,
        float(round(random.uniform(0.4, 1.0), 2)) if random.random() < 0.3 else 1.0,
    )
    return case, int(random.integers(160, 1_200))
