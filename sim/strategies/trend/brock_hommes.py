"""Rules that are chosen by what they earned: costly knowledge of the value against free extrapolation."""

from sim.core.compiled import njit
from sim.models.logistic import logistic
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import (
    demand_schedule,
    inventory,
    last_trade_price,
    members,
    public_value,
    trades_of_venue,
    uniform,
)
from sim.strategy_kit.taking import trade

_FUNDAMENTALIST, _CHARTIST = 0, 1
_FLATTEST = 1e-6  # lots per currency; a demand that falls less than this is none


@strategy(
    "brock_hommes",
    summary="bids an auction what its rule forecasts, weighted by how many choose the rule for what it lately earned",
    source="Brock and Hommes 1998, section 4.1: fundamentalists against trend chasers",
    parameters={
        "rule": Parameter(
            "fundamentalist",
            "expects the value, or the last price with its distance from the value multiplied; with random switching "
            "it is drawn in each turn",
            choices=("fundamentalist", "chartist"),
        ),
        "intensity": Parameter(2.0, "of choice: how sharply the rule that earned more is preferred", low=0.0, high=1e6),
        "cost": Parameter(1.0, "of the fundamentalist rule, per turn", unit="currency", low=0.0, high=1e6),
        "trend": Parameter(1.2, "by what chartists multiply the distance from the value", low=-100.0, high=100.0),
        "gross_return": Parameter(1.1, "of the riskless asset, in forecasts and earnings", above=0.0, high=100.0),
        "switching": Parameter(
            "shares",
            "all members play their rule with the weight of those who choose it; or each draws a rule by these chances",
            choices=("shares", "random"),
        ),
        "lots": Parameter(
            1_000_000,
            "lots that the whole market wants for each unit of currency that it expects to earn",
            unit="lots per currency",
            low=1,
            high=1 << 30,
        ),
        "start": Parameter(0.0, "distance of the price from the value before the first auction", unit="currency"),
    },
    memory={"begun": int, "trades": int, "first": float, "second": float, "third": float},
    max_messages=1,
    needs=("auction",),
    common=("intensity", "cost", "trend", "gross_return", "switching", "lots", "start"),
)
def act(me, market):
    """Send the schedule of its rule, net of what it holds."""
    choice = me.parameters
    _follow(me, market)
    chartists = _share_of_chartists(me)
    rule, weight = choice.rule, 1.0 / members(me, market)
    if choice.switching == 0:
        weight *= chartists if rule == _CHARTIST else 1.0 - chartists
    else:
        rule = _CHARTIST if uniform(me, market) < chartists else _FUNDAMENTALIST
    slope = weight * choice.gross_return * choice.lots
    held = inventory(me, market)
    if slope < _FLATTEST:
        trade(me, market, -held)
        return
    expected = _forecast(me, rule, me.memory.first) / choice.gross_return
    demand_schedule(me, market, me.venue, public_value(me, market) + expected - held / slope, slope)


@njit
def _follow(me, market):
    """Keep how far the last three prices lay from the value."""
    kept = me.memory
    if kept.begun == 0:
        kept.begun = 1
        kept.first = kept.second = kept.third = me.parameters.start
        return
    kept.third, kept.second = kept.second, kept.first
    if trades_of_venue(me, market, me.venue) > kept.trades:  # else it is priced as before
        kept.first = last_trade_price(me, market, me.venue) - public_value(me, market)
    kept.trades = trades_of_venue(me, market, me.venue)


@njit
def _forecast(me, rule, distance):
    """What a rule expects the next distance from the value to be."""
    return me.parameters.trend * distance if rule == _CHARTIST else 0.0


@njit
def _share_of_chartists(me):
    """Share that chooses the chartists' rule, by what each earned on the last price.

    What was earned on a unit of the last excess return, times what the rule then wanted: its forecast, made with the
    price before the one it bought at, less the cost of money.
    """
    choice, kept = me.parameters, me.memory
    paid = choice.gross_return * kept.second
    excess = kept.first - paid
    by_value = excess * (_forecast(me, _FUNDAMENTALIST, kept.third) - paid) - choice.cost
    by_trend = excess * (_forecast(me, _CHARTIST, kept.third) - paid)
    return logistic(-choice.intensity * (by_value - by_trend))
