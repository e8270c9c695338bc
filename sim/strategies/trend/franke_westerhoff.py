"""Fundamentalists and chartists whose numbers move with herds and with mispricing: structural volatility."""

from sim.core.compiled import njit
from sim.models.logistic import logistic
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import mark_price, nearest_lots, normal, public_value
from sim.strategy_kit.taking import trade

_FUNDAMENTALIST = 0


@strategy(
    "franke_westerhoff",
    summary="trades by a noisy rule with the weight of those who choose it; they follow the herd and the mispricing",
    source="Franke and Westerhoff 2012, discrete choice with herding, predisposition and misalignment (DCA-HPM)",
    parameters={
        "rule": Parameter(
            "fundamentalist",
            "buys below the value, or buys after a rise",
            choices=("fundamentalist", "chartist"),
        ),
        "fundamental_reaction": Parameter(0.12, "demand for each unit of mispricing, phi", low=0.0, high=1e6),
        "chartist_reaction": Parameter(1.5, "demand for each unit of the last change, chi", low=-1e6, high=1e6),
        "fundamental_noise": Parameter(0.758, "standard deviation of fundamentalists' demand", low=0.0, high=1e6),
        "chartist_noise": Parameter(2.087, "standard deviation of chartists' demand", low=0.0, high=1e6),
        "predisposition": Parameter(-0.327, "towards the fundamental rule, alpha_0", low=-1e6, high=1e6),
        "herding": Parameter(1.79, "attraction of the rule that more have, alpha_n", low=-1e6, high=1e6),
        "misalignment": Parameter(
            18.43, "attraction of the fundamental rule for each squared unit of mispricing, alpha_p", low=0.0, high=1e9
        ),
        "intensity": Parameter(1.0, "of choice, beta", low=0.0, high=1e6),
        "switching": Parameter("shares", "shares move, or stay at one half", choices=("shares", "frozen")),
        "lots": Parameter(1_000, "lots for a demand of 1", unit="lots", low=1, high=1 << 30),
    },
    memory={"begun": int, "price": float, "share": float},
    max_messages=1,
    common=("predisposition", "herding", "misalignment", "intensity", "switching", "lots"),
)
def act(me, market):
    """Send one market order."""
    choice, kept = me.parameters, me.memory
    price = mark_price(me, market, me.instrument)
    mispricing = public_value(me, market) - price
    if kept.begun == 0:
        kept.begun = 1
        kept.price = price
        kept.share = 0.5
    elif choice.switching == 0:
        kept.share = _next_share(me, public_value(me, market) - kept.price)
    if choice.rule == _FUNDAMENTALIST:
        wanted = choice.fundamental_reaction * mispricing + choice.fundamental_noise * normal(me, market)
        weight = kept.share
    else:
        wanted = choice.chartist_reaction * (price - kept.price) + choice.chartist_noise * normal(me, market)
        weight = 1.0 - kept.share
    kept.price = price
    trade(me, market, nearest_lots(weight * wanted * choice.lots))


@njit
def _next_share(me, mispricing):
    """The share of fundamentalists, from that of the turn before and the mispricing then."""
    choice, share = me.parameters, me.memory.share
    attraction = choice.herding * (2.0 * share - 1.0) + choice.predisposition
    attraction += choice.misalignment * mispricing * mispricing
    return logistic(choice.intensity * attraction)
