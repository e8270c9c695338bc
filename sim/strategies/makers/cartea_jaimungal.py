"""A maker who pays for what it holds, step by step and at the end, and quotes the solution of its control problem."""

from sim.models import inventory as models
from sim.strategy_kit.control_quotes import GAME, keep_solved_quotes, steps_solved, unsolvable
from sim.strategy_kit.declare import Parameter, strategy


def _solve(given, longer, steps):
    """The distances, counted in steps that are so many times longer."""
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
    summary="quotes one lot per side at the optimal distances of a maker who is fined for its inventory",
    source="Cartea, Jaimungal and Penalva 2015, chapter 10",
    parameters={
        "running_penalty": Parameter(
            1e-4, "fine for inventory: times its square, every step, phi", unit="currency per step and lot²", low=0.0
        ),
        "terminal_penalty": Parameter(
            1e-3, "fine at the end: times the square of what is held, alpha", unit="currency per lot²", low=0.0
        ),
        **GAME,
    },
    memory={"bids": (int, 1), "asks": (int, 1)},
    max_messages=2,
    validate=unsolvable(_solve),
    precompute=lambda given, steps: _solve(given, 1, steps_solved(given, steps)),
)
def act(me, market):
    """Quote what was solved for the steps left and the inventory."""
    keep_solved_quotes(me, market)
