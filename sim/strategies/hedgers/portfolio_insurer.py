"""Portfolio insurers: they invest a multiple of what they can afford to lose, so they sell as prices fall."""

from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.exposure import trade_to_exposure, wealth_of


@strategy(
    "portfolio_insurer",
    summary="keeps its position at a multiple of its wealth above a floor, and holds nothing below that",
    source="Black and Jones 1987; Perold and Sharpe 1988 (constant proportion portfolio insurance)",
    parameters={
        "multiplier": Parameter(3.0, "value of its position as a multiple of the cushion", low=0.0, high=1000.0),
        "floor": Parameter(0.0, "wealth that is to be kept; the cushion is what lies above it", unit="currency"),
    },
    max_messages=1,
)
def act(me, market):
    """Send one market order."""
    cushion = wealth_of(me, market) - me.parameters.floor
    trade_to_exposure(me, market, me.parameters.multiplier * max(0.0, cushion))
