"""A market with every strategy, law and mechanism there is, and a strategy that does what none of ours does."""

from __future__ import annotations

from typing import Any

# What none of our own strategies does: orders that expire, other kinds of order, replacing, private values, the tape.
RESTLESS = """
from spreadgame.strategy import (
    BUY, HISTORY, NO_ASK, NO_BID, SELL, Parameter, best_ask, best_bid, cancel_all, cash, fill_or_kill_order, filled,
    inventory, limit_order, mark_price, nearest_tick, normal, own_order, own_orders, post_only_order, private_value,
    recent_trade, replace_order, step, strategy, next_trade_number, uniform,
)


@strategy(
    "restless",
    summary="does a little of everything, for tests",
    parameters={"reach": Parameter(6, "distance of its orders from the mark", unit="ticks", low=1)},
    memory={"seen": int, "drift": float},
    max_messages=8,
    needs=("private_values",),
)
def act(me, market):
    kept, reach = me.memory, me.parameters.reach
    kept.seen = max(kept.seen, next_trade_number(me, market) - HISTORY)
    while kept.seen < next_trade_number(me, market):
        trade = recent_trade(me, market, kept.seen)
        kept.drift += 0.01 * trade.aggressor * trade.quantity
        kept.seen += 1
    side = BUY if uniform(me, market) < 0.5 else SELL
    middle = nearest_tick(me, market, me.venue, mark_price(me, market, me.instrument) + 0.001 * kept.drift)
    away = int(abs(normal(me, market)) * reach)
    lots = 1 + int(3.0 * uniform(me, market)) + (1 if cash(me, market) < 0.0 else 0)
    chance = uniform(me, market)
    if private_value(me, market, side) * side > 0.0 or chance < 0.3:
        limit_order(me, market, me.venue, side, middle - side * away, lots, 1 + int(20.0 * uniform(me, market)))
    elif chance < 0.5:
        post_only_order(me, market, me.venue, side, middle + side * (3 - away), lots, 5)
    elif chance < 0.6:
        fill_or_kill_order(me, market, me.venue, side, middle + side * reach, 2 * lots)
        if filled(me, market) > 0:
            limit_order(me, market, me.venue, -side, middle + side * away, lots)
    elif own_orders(me, market) > 0 and chance < 0.9:
        place = int(uniform(me, market) * own_orders(me, market))
        replace_order(me, market, own_order(me, market, place), middle - away - 1, lots)
    if own_orders(me, market) > 4 or (step(me, market) % 17 == 0 and inventory(me, market) != 0):
        cancel_all(me, market)
    if best_bid(me, market, me.venue) == NO_BID and best_ask(me, market, me.venue) == NO_ASK:
        post_only_order(me, market, me.venue, BUY, middle - reach, 1, 40)
"""


SOLVED: dict[str, dict[str, Any]] = {  # what plays on one venue of its own
    "glosten_milgrom": {}, "glosten_milgrom_grid": {"deviation": 0.2}, "avellaneda_stoikov": {},
    "gueant_lehalle_tapia": {}, "cartea_jaimungal": {}, "undercutter": {}, "mixed_strategy": {"distribution": "table"},
}  # fmt: skip


def rich(steps: int = 100, episodes: int = 2, seed: int = 7, **record: Any) -> dict[str, Any]:
    """A scenario with every strategy, law and mechanism there is, on seven instruments and nine venues.

    ``restless`` must be known.
    """
    populations = [
        {"name": "makers", "strategy": "fixed_spread", "count": 2, "turn": 0, "venues": ["main"],
         "params": {"half_spread": 0.04, "quantity": 4, "levels": 3, "level_gap": 2, "inventory_skew": 0.002},
         "obligation": {"presence": 0.8, "maximum_spread": 0.06, "minimum_size": 6}},
        {"name": "learners", "strategy": "adaptive", "count": 2, "turn": 0, "venues": ["main"],
         "params": {"quantity": 3, "levels": 2, "imbalance_weight": 0.3, "inventory_limit": 30}},
        {"name": "seers", "strategy": "fixed_spread", "turn": 0, "venues": ["other"],
         "params": {"half_spread": 0.06, "quantity": 9, "reference": "signal"}, "sees": {"delay": 2, "noise": 0.02}},
        {"name": "rivals", "strategy": "fixed_spread", "count": 2, "turn": 1, "venues": ["rival"],
         "params": {"half_spread": 0.03, "quantity": 2, "reference": "average", "inventory_limit": 12}},
        {"name": "shares", "strategy": "fixed_spread", "count": 3, "turn": 1, "venues": ["other"],
         "params": {"half_spread": 0.05, "quantity": 7, "reference": "mid"},
         "obligation": {"presence": 0.5, "maximum_spread": 0.08, "minimum_size": 5}},
        {"name": "flow", "strategy": "poisson_flow", "turn": 2, "venues": ["rival"],
         "params": {"market_rate": 0.4, "limit_rate": 0.02, "cancel_rate": 0.05, "window": 20, "quantity": 2}},
        {"name": "restless", "strategy": "restless", "count": 3, "turn": 2, "venues": ["main"],
         "arrivals": {"law": "bernoulli", "probability": 0.6},
         "private_values": {"distribution": "normal", "deviation": 0.1, "units": 4},
         "endowment": {"cash": 1000.0, "inventory": 5}},
        {"name": "noise", "strategy": "noise", "count": 3, "turn": 2, "venues": ["main"],
         "arrivals": {"law": "bernoulli", "probability": 0.3},
         "params": {"distribution": "lognormal", "quantity": 3.0}},
        {"name": "crowd", "strategy": "noise", "count": 2, "turn": 2, "venues": ["other"],
         "arrivals": {"law": "poisson", "rate": 1.5}, "params": {"distribution": "geometric", "quantity": 4.0}},
        {"name": "informed", "strategy": "informed", "turn": 2, "venues": ["main"],
         "arrivals": {"law": "one_of", "group": "takers", "share": 0.4},
         "params": {"threshold": 0.01, "amount": "all"}, "sees": {"noise": 0.05, "probability": 0.8}},
        {"name": "choosy", "strategy": "reservation_price_taker", "turn": 2, "venues": ["main"],
         "arrivals": {"law": "one_of", "group": "takers"}, "sees": {"noise": 0.1, "redraw": "episode"},
         "reservation": {"distribution": "normal", "mean": 0.05, "deviation": 0.1, "reference": "signal"}},
        {"name": "newsmen", "strategy": "informed", "turn": 2, "venues": ["other"], "sees": {"of": "value"},
         "arrivals": {"law": "on_news", "group": "readers"}, "params": {"amount": "quantity", "quantity": 6}},
        {"name": "readers", "strategy": "reservation_price_taker", "turn": 2, "venues": ["other"],
         "arrivals": {"law": "one_of", "group": "readers"}, "params": {"quantity": 3},
         "reservation": {"distribution": "exponential", "mean": 0.05, "offset": 0.02, "reference": "mid"}},
        {"name": "shaders", "strategy": "zir", "count": 3, "turn": 2, "venues": ["rival"], "sees": {"of": "value"},
         "private_values": {"distribution": "normal", "deviation": 0.3, "units": 5}, "params": {"shading_high": 0.2}},
        {"name": "patient", "strategy": "ladder", "turn": 1, "venues": ["rival"], "sees": {"of": "value"},
         "arrivals": {"law": "bernoulli", "probability": 0.2},
         "params": {"levels": 4, "level_gap": 3, "spread": 0.2, "long_run_mean": 100.0}},
        {"name": "bidders", "strategy": "zero_intelligence", "count": 2, "turn": 2, "venues": ["main"],
         "private_values": {"distribution": "linear", "role": "buyer", "first": 0.5, "last": 0.3},
         "params": {"low": 99.0, "high": 101.0}},
        {"name": "snipers", "strategy": "sniper", "turn": 1, "venues": ["other"], "params": {"quantity": 3}},
        {"name": "bridge", "strategy": "arbitrageur", "turn": 3, "venues": ["main", "rival"]},
        {"name": "linear", "strategy": "kyle_maker", "turn": 0, "venues": ["auction"],
         "params": {"noise_deviation": 20.0}},
        {"name": "insiders", "strategy": "kyle_insider", "count": 2, "turn": 1, "venues": ["auction"],
         "sees": {"of": "value"}, "params": {"noise_deviation": 20.0, "insiders": 2}},
        {"name": "hidden", "strategy": "noise", "count": 2, "turn": 1, "venues": ["auction"],
         "params": {"distribution": "normal", "quantity": 10.0}},
        *({"name": name, "strategy": name, "turn": 1, "venues": ["solved"], "params": params}
          for name, params in SOLVED.items()),
        {"name": "wall", "strategy": "fixed_spread", "turn": 0, "venues": ["main"],  # so that no feedback runs away
         "params": {"half_spread": 0.6, "quantity": 400, "levels": 3},
         "risk": {"limits": [{"of": "position", "most": 500.0, "action": "widen", "by": 0.1}]}},
        {"name": "values", "strategy": "fundamentalist", "turn": 2, "venues": ["main"],
         "params": {"intensity": 20.0, "most": 3}},
        {"name": "chasers", "strategy": "momentum", "turn": 2, "venues": ["main"],
         "params": {"intensity": 100.0, "most": 2}},
        {"name": "contrary", "strategy": "mean_reversion", "turn": 2, "venues": ["main"],
         "params": {"intensity": 100.0, "most": 4}},
        {"name": "rules", "strategy": "brock_hommes", "count": 2, "turn": 1, "venues": ["auction"],
         "params": {"switching": "random", "trend": 0.5, "lots": 50}},
        {"name": "fashions", "strategy": "franke_westerhoff", "turn": 2, "venues": ["main"],
         "params": {"lots": 3, "chartist_reaction": 0.5, "fundamental_reaction": 0.05}},
        {"name": "imitators", "strategy": "imitator", "count": 5, "turn": 2, "venues": ["main"], "network": "friends",
         "arrivals": {"law": "hawkes", "rate": 0.3, "mass": 0.4, "decay": 1.0, "by": {"noise": 0.2}},
         "params": {"mutation": 0.1, "up": 3}},
        {"name": "clusters", "strategy": "cluster", "count": 6, "turn": 2, "venues": ["main"], "network": "links",
         "params": {"activity": 0.2}},
        {"name": "gossips", "strategy": "social_learner", "turn": 2, "venues": ["rival"],
         "sees": {"network": "friends", "per_hop": 2}, "count": 3, "params": {"low": 99.0, "high": 101.0},
         "arrivals": {"law": "bernoulli", "probability": 0.3}},
        {"name": "hedgers", "strategy": "feedback_hedger", "turn": 2, "venues": ["main"], "params": {"gamma": 3.0}},
        {"name": "funds", "strategy": "leveraged", "turn": 2, "venues": ["main"],
         "endowment": {"cash": -800.0, "inventory": 6}, "params": {"leverage": 3.0}},
        {"name": "insured", "strategy": "portfolio_insurer", "turn": 2, "venues": ["main"],
         "endowment": {"cash": 2_000.0}, "params": {"floor": 1_500.0}},
        {"name": "stops", "strategy": "stop_loss", "count": 2, "turn": 2, "venues": ["main"],
         "endowment": {"inventory": 3}, "params": {"distance": 0.1}},
        {"name": "potatoes", "strategy": "hot_potato", "count": 2, "turn": 1, "venues": ["rival"],
         "params": {"quantity": 2, "limit": 2}},
        {"name": "frozen", "strategy": "recorded", "venues": ["main"], "turn": 2},
        {"name": "shock", "strategy": "one_order", "venues": ["main"], "turn": 2},
        {"name": "parent", "strategy": "executor", "turn": 2, "venues": ["solved"], "params": {"quantity": 60}},
        {"name": "sweepers", "strategy": "noise", "count": 2, "turn": 2, "venues": ["solved"],
         "params": {"distribution": "geometric", "quantity": 6.0}},
        {"name": "writers", "strategy": "option_maker", "turn": 1, "venues": ["rights"],
         "params": {"half_spread": 0.03, "vega_skew": 1e-6, "inventory_limit": 20},
         "hedge": {"venues": ["forwards", "other"], "rule": "band", "band": 2.0},
         "risk": {"limits": [
             {"of": "vega", "most": 400.0, "action": "widen", "by": 0.02}, {"of": "gamma", "most": 30.0},
             {"of": "delta", "most": 15.0, "action": "hedge", "at": 0.3},
             {"of": "stress", "most": 60.0, "action": "reduce"}, {"of": "value_at_risk", "most": 5.0},
             {"of": "unwind", "most": 200.0}, {"of": "basis", "most": 5.0}]}},
        {"name": "quoters", "strategy": "fixed_spread", "turn": 1, "venues": ["forwards"], "sees": {"noise": 0.01},
         "params": {"half_spread": 0.03, "quantity": 5, "reference": "signal", "inventory_skew": 0.001}},
        {"name": "carriers", "strategy": "basis_trader", "turn": 2, "venues": ["forwards", "other"],
         "params": {"quantity": 3, "position_limit": 12}},
        {"name": "seers_of_smiles", "strategy": "option_maker", "turn": 1, "venues": ["rights"],
         "params": {"volatility": "surface", "quotes": "solved", "stated_volatility": 0.002, "refit": 5}},
        {"name": "swappers", "strategy": "fixed_spread", "turn": 1, "venues": ["swaps"], "sees": {"noise": 0.01},
         "params": {"half_spread": 0.04, "quantity": 5, "reference": "signal", "inventory_skew": 0.01}},
        {"name": "minters", "strategy": "fixed_spread", "turn": 1, "venues": ["coins"], "sees": {"noise": 0.01},
         "params": {"half_spread": 0.05, "quantity": 8, "reference": "signal"},
         "risk": {"limits": [{"of": "loss", "most": 3.0, "action": "reduce"}, {"of": "drawdown", "most": 9.0,
                                                                             "action": "stop"}],
                  "plan": {"enter": 2, "stop_loss": 40.0, "take_profit": 60.0}}},
        {"name": "clients", "strategy": "noise", "count": 2, "turn": 2, "params": {"quantity": 2.0},
         "venues": ["rights", "forwards", "swaps", "coins"], "endowment": {"cash": 90.0, "positions": {"call": -2}},
         "risk": {"capital": {"amount": 300.0, "shares": "inverse_risk", "sizing": "risk_budget", "fraction": 0.02,
                              "deviation": 0.05}}},
        {"name": "holders", "strategy": "holder", "turn": 2, "venues": ["swaps"],
         "endowment": {"positions": {"put": 2}}, "params": {"hold": "target", "target": 3},
         "hedge": {"venues": ["other"], "every": 3, "volatility": 0.001}},
    ]  # fmt: skip
    option = {"of": "BOLT", "strike": 50.0, "volatility": 0.002, "expiry": max(1, min(40, steps - 3)), "average": 1}
    return {
        "run": {"steps": steps, "episodes": episodes, "seed": seed, "step_seconds": 0.5},
        "money": {"interest": 1e-4, "interest_every": 10},
        "instruments": [
            {"name": "ACME", "public_delay": 5, "price_feedback": 0.02, "lot_size": 2.0,
             "value": {"process": "geometric_brownian", "initial": 100.0, "volatility": 3e-4},
             "dividend": {"mean": 0.05, "deviation": 0.02, "every": 7},
             "shocks": [{"step": 30, "value": -0.5}, {"step": 40, "volatility": 2.0}]},
            {"name": "BOLT", "public_delay": 1, "settlement": "mid",
             "value": {"process": "jump_diffusion", "initial": 50.0, "volatility": 0.01, "jump_probability": 0.1,
                       "jump_size": 0.2, "factors": {"all": 0.5}}},
            {"name": "COIN", "value": {"process": "heston", "initial": 20.0, "variance": 1e-6, "mean": 1e-6,
                                       "reversion": 0.1, "volatility": 1e-4, "factors": {"all": -0.4}}},
            {"name": "call", "derivative": {"kind": "call", **option}},
            {"name": "put", "derivative": {"kind": "put", **option | {"settles_at": "mid", "average": 3}}},
            {"name": "forward", "derivative": {"kind": "future", "of": "BOLT", "expiry": max(1, steps - 5)}},
            {"name": "swap", "derivative": {"kind": "perpetual", "of": "COIN", "funding_every": 4}},
        ],
        "venues": [
            {"name": "main", "instrument": "ACME", "taker_fee": 1e-4, "maker_fee": -5e-5},
            {"name": "rival", "instrument": "ACME", "taker_fee": 0.003, "maker_fee": 0.001, "fee_per": "lot",
             "post_only": "reject", "self_trade_prevention": "cancel_incoming"},
            {"name": "other", "instrument": "BOLT", "matching": "pro_rata", "self_trade_prevention": "allow"},
            {"name": "auction", "instrument": "ACME", "auction": {"every": 3, "pricing": "free"}},
            {"name": "solved", "instrument": "ACME", "auction": {"opening": 10, "closing": 10}},
            *({"name": f"{name}s" if name != "call" else "rights", "instrument": name}
              for name in ("call", "forward", "swap")), {"name": "coins", "instrument": "COIN"},
        ],
        "networks": [{"name": "friends", "kind": "small_world", "degree": 2, "rewiring": 0.3},
                     {"name": "links", "kind": "random", "mean_degree": 1.0}],
        "populations": populations,
        "risk": {"window": 30, "fewest": 2, "horizon": 2},
        "margin": {"rule": "scan", "populations": ["clients", "funds"], "grace": 2},
        "turns": {"simultaneous": [0]},
        "record": {"messages": True, "levels": 3, **record},
    }  # fmt: skip
