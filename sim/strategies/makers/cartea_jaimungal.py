"""A maker with a penalty for inventory, per step and at the end, that quotes the solution of its control problem."""

from sim.models import inventory as models
from sim.strategy_kit.control_quotes import GAME, keep_solved_quotes, steps_solved, unsolvable
from sim.strategy_kit.declare import Parameter, strategy


def _solve(given, longer, steps):
    """The distances, solved on a grid whose steps are longer by the given factor."""
    return models.cartea_jaimungal(
        given["arrival_rate"] * longer,
        given["fill_decay"],
        given["running_penalty"] * longer,
        given["terminal_penalty"],
        given["inventory_limit"],
        steps,
    )


@strategy(
    "cartea_jaimungal",
    summary="quotes one lot per side at the optimal distances of a maker with a penalty for its inventory",
    source="Cartea, Jaimungal and Penalva 2015, chapter 10",
    parameters={
        "running_penalty": Parameter(
            1e-4,
            "penalty per step: this times the square of the inventory, phi",
            unit="currency per step and lot²",
            low=0.0,
        ),
        "terminal_penalty": Parameter(
            1e-3, "penalty at the end: this times the square of the inventory, alpha", unit="currency per lot²", low=0.0
        ),
        **GAME,
    },
    memory={"bids": (int, 1), "asks": (int, 1)},
    max_messages=2,
    validate=unsolvable(_solve),
    precompute=lambda given, steps: _solve(given, 1, steps_solved(given, steps)),
)
def act(me, market):
    """Quote the solution for the steps that remain and the inventory."""
    keep_solved_quotes(me, market)
