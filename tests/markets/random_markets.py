"""Small random markets: several instruments and venues, every mechanism, process, settlement and way of being recorded.

The same number gives the same market. What is drawn stays small, so that a reference in plain Python can follow it.
"""

from __future__ import annotations

import os
import signal
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import parse

Random = np.random.Generator


def values_from_a_file() -> dict[str, Any]:
    """A value process that reads a file."""
    return {"process": "file", "path": str(_recorded_values())}


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="values")  # goes when the process ends


@cache
def _recorded_values() -> Path:
    path = Path(_folder().name) / "values.csv"
    walk = 100.0 + np.cumsum(np.random.default_rng(5).normal(0.0, 0.05, 400))
    path.write_text("value\n" + "".join(f"{each:.6f}\n" for each in walk), encoding="utf-8")
    return path


def _value(random: Random) -> dict[str, Any]:
    """A value process around 100."""
    processes: list[dict[str, Any]] = [
        {"process": "constant", "initial": 100.0},
        {"process": "random_walk", "initial": 100.0, "volatility": 0.03},
        {"process": "random_walk", "initial": 100.005, "volatility": 0.02, "increments": "coin", "drift": 0.001},
        {"process": "geometric_brownian", "initial": 100.0, "volatility": 5e-4},
        {"process": "mean_reverting", "mean": 100.0, "reversion": 0.05, "volatility": 0.05},
        {"process": "jump_diffusion", "initial": 100.0, "volatility": 0.01, "jump_probability": 0.1, "jump_size": 0.2},
        {"process": "binary", "low": 99.8, "high": 100.3},
        values_from_a_file(),
    ]
    return processes[int(random.integers(len(processes)))]


def _instruments(random: Random, unit: float, steps: int) -> list[dict[str, Any]]:
    found = []
    for name in ["ACME", "BOLT"][: int(random.integers(1, 3))]:
        one: dict[str, Any] = {
            "name": name,
            "value": _value(random),
            "lot_size": float(random.choice([1.0, 2.0, 10.0] if unit == 0.01 else [0.5, 1.0, 2.0])),
            "settlement": str(random.choice(["value", "mid", "none"])),
            "public_delay": int(random.integers(0, 6)) if random.random() < 0.7 else "never",
            "price_feedback": float(random.choice([0.0, 0.0, 0.1])),
        }
        if random.random() < 0.3:
            one["dividend"] = {"mean": 0.03, "deviation": 0.01, "every": int(random.integers(1, 8))}
        if random.random() < 0.3:
            one["shocks"] = [{"step": steps // 3, "value": -0.4}]
            if one["value"]["process"] not in ("constant", "binary", "file"):
                one["shocks"].append({"step": steps // 2, "volatility": 2.0})
        found.append(one)
    return found


def _venues(random: Random, instruments: list[dict[str, Any]], steps: int) -> list[dict[str, Any]]:
    """A book for each instrument, and up to two venues more."""
    kinds = ["book"] * len(instruments) + [
        str(each) for each in random.choice(["book", "auction"], random.integers(0, 3))
    ]
    found = []
    for place, kind in enumerate(kinds):
        instrument = instruments[place if place < len(instruments) else int(random.integers(len(instruments)))]
        one: dict[str, Any] = {"name": f"{kind}{place}", "instrument": instrument["name"]}
        if kind == "auction":
            one["auction"] = {"every": int(random.integers(1, 6)), "pricing": str(random.choice(["tick", "free"]))}
        else:
            one["matching"] = str(random.choice(["price_time", "pro_rata"]))
            one["self_trade_prevention"] = str(random.choice(["cancel_resting", "cancel_incoming", "allow"]))
            if random.random() < 0.3:
                one["auction"] = {"opening": steps // 5, "closing": steps // 6}
        if random.random() < 0.6:
            per_lot = random.random() < 0.5
            one |= {"fee_per": "lot" if per_lot else "notional", "taker_fee": 0.013 if per_lot else 3e-4,
                    "maker_fee": -0.004 if per_lot else -1e-4}  # fmt: skip
        found.append(one)
    return found


def _endowment(random: Random) -> dict[str, Any]:
    if random.random() < 0.6:
        return {}
    cash = float(random.choice([-50.25, 0.0, 1000.0]))
    return {"endowment": {"cash": cash, "inventory": int(random.integers(-3, 9))}}


def _on_a_book(random: Random, venue: str, one_sided: bool, collects: bool) -> list[dict[str, Any]]:
    """Who trades on a limit order book, which may collect orders at first: makers, takers, and whoever else."""
    amount = "quantity" if collects else "all"  # in an auction all is more than float64 counts
    quotes = {"half_spread": 0.03, "quantity": int(random.integers(1, 6)), "levels": int(random.integers(1, 4))}
    if one_sided:
        quotes["sides"] = str(random.choice(["buy", "sell"]))
    reference = str(random.choice(["public_value", "mid", "last"]))
    makers: list[dict[str, Any]] = [
        {"strategy": "fixed_spread", "params": quotes | {"reference": reference}},
        {"strategy": "adaptive", "params": {"quantity": 3}},
        {"strategy": "undercutter", "params": {"quantity": 2}},
        {"strategy": "glosten_milgrom_grid", "params": {"deviation": 0.2, "quantity": 3}},
    ]
    takers: list[dict[str, Any]] = [
        {"strategy": "informed", "sees": {"of": "value", "noise": 0.02}, "params": {"amount": amount, "quantity": 4}},
        {"strategy": "sniper", "params": {"quantity": 2}},
        {"strategy": "zir", "sees": {"of": "value"}, "params": {"shading_high": 0.2},
         "private_values": {"distribution": "normal", "deviation": 0.3, "units": 5}},
        {"strategy": "zero_intelligence", "params": {"low": 99.0, "high": 101.0, "constrained": False},
         "private_values": {"distribution": "normal", "deviation": 0.3, "units": 5}},
        {"strategy": "reservation_price_taker", "params": {"quantity": 2},
         "reservation": {"distribution": "normal", "mean": 0.02, "deviation": 0.1, "reference": "mid"}},
        {"strategy": "poisson_flow",
         "params": {"market_rate": 0.3, "limit_rate": 0.02, "cancel_rate": 0.05, "window": 15, "quantity": 2}},
    ]  # fmt: skip
    chosen = [makers[0 if one_sided else int(random.integers(len(makers)))]]
    chosen += [takers[int(each)] for each in random.choice(len(takers), random.integers(0, 3), replace=False)]
    noise = {"distribution": str(random.choice(["fixed", "geometric"])), "quantity": float(random.integers(1, 7))}
    chosen.append({"strategy": "noise", "params": noise,
                   "arrivals": {"law": "bernoulli", "probability": float(random.choice([0.1, 0.6]))}})  # fmt: skip
    return [{"turn": min(turn, 1), **each, "venues": [venue]} for turn, each in enumerate(chosen)]


def _in_a_call(random: Random, venue: str) -> list[dict[str, Any]]:
    """Who trades in an auction: schedules, market orders, and limit orders from either side."""
    found: list[dict[str, Any]] = [
        {"strategy": "kyle_maker", "params": {"noise_deviation": 10.0}},
        {"strategy": "noise", "params": {"distribution": "normal", "quantity": 5.0}},
        {"strategy": "kyle_insider", "sees": {"of": "value"}, "params": {"noise_deviation": 10.0}},
        {"strategy": "fixed_spread", "params": {"half_spread": 0.02, "quantity": 3}},
    ]
    return [{**each, "venues": [venue]} for each in found if random.random() < 0.8]


def random_market(number: int) -> dict[str, Any]:
    """A scenario; hundreds of trades at most."""
    random = np.random.default_rng(number)
    steps, unit = int(random.integers(12, 60)), float(random.choice([0.01, 1e-6]))
    instruments = _instruments(random, unit, steps)
    venues = _venues(random, instruments, steps)
    populations: list[dict[str, Any]] = []
    for venue in venues:
        called = venue["name"].startswith("auction")
        one_sided = not called and random.random() < 0.2
        if called:
            populations += _in_a_call(random, venue["name"])
        else:
            populations += _on_a_book(random, venue["name"], one_sided, "auction" in venue)
    for instrument in instruments:
        books = [each["name"] for each in venues if each["instrument"] == instrument["name"] and "auction" not in each]
        if len(books) > 1:
            populations.append({"strategy": "arbitrageur", "turn": 2, "venues": books[:2], "params": {"quantity": 4}})
    for place, each in enumerate(populations):
        many = each["strategy"] != "poisson_flow"
        each |= {"name": f"{each['strategy']}-{place}", "count": int(random.integers(1, 4)) if many else 1}
        each |= _endowment(random)
    record: dict[str, Any] = {
        "levels": int(random.choice([0, 1, 1, 3])),
        "agents": str(random.choice(["agents", "agents", "populations", "none"])),
        "episodes": str(random.choice(["agents", "agents", "populations", "none"])),
        "agents_every": int(random.choice([1, 1, 3])),
        "book_every": int(random.choice([1, 1, 4])),
    }
    income = any("dividend" in each for each in instruments)
    money: dict[str, Any] = {"unit": unit}
    if random.random() < 0.3:
        money |= {"interest": float(random.choice([1e-4, -1e-4])), "interest_every": int(random.integers(1, 8))}
        income = True
    if income:  # what holders were paid must be known where windows end
        record |= {"agents": "agents", "episodes": "agents", "agents_every": 1}
    return {
        "run": {"steps": steps, "episodes": int(random.integers(1, 4)), "seed": number},
        "money": money,
        "instruments": instruments,
        "venues": venues,
        "populations": populations,
        "turns": {"simultaneous": [0] if random.random() < 0.3 else []},
        "record": record,
    }


def stopped(data: dict[str, Any], steps: int) -> Run:
    """A run that was interrupted after so many steps, over all its episodes."""

    def watch(_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    run = execute(parse(data), watch=watch, chunk=steps)
    if run.status != "interrupted" or run.manifest["steps"] != steps:
        raise AssertionError(f"stopped after {run.manifest['steps']} steps, {run.status}")
    return run
