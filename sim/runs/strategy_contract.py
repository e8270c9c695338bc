"""The contract of strategies as checks: ``check(strategy)`` lists the promises that a strategy breaks.

Each claim plays the strategy in a small market: two agents of it among makers and noise traders, none of whom sees the
value. Our own strategies are held to the same claims by the tests.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.core.errors import SpreadgameError
from sim.core.questions import Answer, Unanswered, answer_of
from sim.strategy_kit import registry
from sim.strategy_kit.declare import ANY, NEEDS, Parameter, Strategy, Value
from sim.strategy_kit.loading.uses import uses

if TYPE_CHECKING:
    from sim.runs.build import Built

STEPS = 120
_VALUE = {"process": "random_walk", "initial": 100.0, "volatility": 0.05}
_OTHER_VALUE = {"process": "random_walk", "initial": 100.0, "volatility": 0.5, "increments": "coin"}
_UNBOUNDED = 1_000_000  # stands for a bound that a parameter does not have
_LONG_TURN = 20_000  # messages; extremes that declare more are not played
_ASKS_FOR_RISK = {"stress", "value_at_risk", "expected_shortfall"}
_SERIAL = ("sequence", "number", "maker_order", "taker_order")  # go on from episode to episode
Problems = Iterator[str]


def check(strategy: Strategy) -> list[str]:
    """Every promise that a strategy does not keep, each as ``claim: what was seen``; empty if it keeps them all.

    Parameters
    ----------
    strategy : ours, or one that :func:`sim.strategy_kit.loading.files.load_file` made known. It is compiled, and run
        both compiled and as plain Python, so this takes some seconds.

    Examples
    --------
    >>> check(load_file("my_maker.py")[0])  # doctest: +SKIP
    []
    """
    problems = []
    for name, claim in CLAIMS.items():
        try:
            problems += [f"{name}: {problem}" for problem in claim(strategy)]
        except SpreadgameError as error:
            problems.append(f"{name}: {error}")
    return list(dict.fromkeys(problems))


# --- the market it is played in -------------------------------------------------------------------------------------


def market(
    strategy: Strategy,
    params: Mapping[str, Value] | None = None,
    *,
    episodes: int = 1,
    value: Mapping[str, Any] = _VALUE,
    sight: float = 1.0,
    simultaneous: bool = False,
    steps: int = STEPS,
    auction: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """A scenario, as data, in which two agents play a strategy.

    Parameters
    ----------
    params : what the scenario sets.
    value : the process of a value that is never published.
    sight : probability that the agents, if they see anything, see the value in a step.
    simultaneous : whether their turn class is.
    auction : when its venues collect orders and trade at one price; None for never, or in each step if it needs that.
    """
    venues = [f"book{number}" for number in range(2 if isinstance(strategy.venues, str) else strategy.venues)]
    subject: dict[str, Any] = {"name": "subject", "strategy": strategy.name, "count": 2, "turn": 1, "venues": venues}
    subject["params"] = dict(params or {})
    given = {
        "signal": ("sees", {"of": "value", "noise": 0.02, "probability": sight}),
        "reservation": ("reservation", {"distribution": "exponential", "mean": 0.1}),
        "private_values": ("private_values", {"distribution": "normal", "deviation": 0.5, "units": 5}),
        "network": ("network", "pair"),
        "capital": ("risk", {"capital": {"amount": 1_000.0}}),
    }
    needs = strategy.needs_of(params or {})
    subject |= dict(given[need] for need in needs if need in given)
    if auction is None and "auction" in needs:
        auction = {"every": 1}
    others = []
    for venue in venues:  # the makers' quotes drift apart with what noise leaves them
        quoting = {"half_spread": 0.03, "inventory_skew": 0.02, "levels": 3, "quantity": 2}
        others += [
            {"name": f"makers-{venue}", "strategy": "fixed_spread", "count": 2, "venues": [venue], "params": quoting},
            {"name": f"noise-{venue}", "strategy": "noise", "count": 5, "turn": 2, "venues": [venue],
             "params": {"quantity": 2.0, "distribution": "geometric"},
             "arrivals": {"law": "bernoulli", "probability": 0.4}},
        ]  # fmt: skip
    return {
        "run": {"steps": steps, "episodes": episodes, "seed": 7},
        "money": {"unit": 0.01},  # large, so that extreme quantities are no overflow
        "instruments": [{"name": "X", "value": dict(value)}],
        "venues": [{"name": name, "auction": dict(auction or {})} for name in venues],
        "populations": [subject, *others],
        "networks": [{"name": "pair", "kind": "complete"}] if "network" in needs else [],
        "turns": {"simultaneous": [1] if simultaneous else []},
        "record": {"messages": True, "levels": 0, "agents": "none"},
        **({"risk": {"fewest": 10}} if uses(strategy) & _ASKS_FOR_RISK else {}),
    }


@dataclass
class Played:
    """The trades and messages of a run, as records of :mod:`sim.core.world`; a sink."""

    parts: dict[str, list[NDArray[Any]]] = field(default_factory=lambda: {"trades": [], "messages": []})

    def trades(self, rows: Any) -> None:
        """Keep trades."""
        self.parts["trades"].append(rows)

    def messages(self, rows: Any) -> None:
        """Keep messages."""
        self.parts["messages"].append(rows)

    def drop(self, *rows: Any) -> None:
        """Drop what is no trade and no message."""

    book = agents = episodes = settlements = limits = margin_calls = drop

    def table(self, name: str) -> NDArray[Any]:
        """All rows of ``trades`` or ``messages``."""
        from sim.core.world import MESSAGE, TRADE

        return np.concatenate([np.empty(0, {"trades": TRADE, "messages": MESSAGE}[name]), *self.parts[name]])

    def digest(self, episode: int | None = None) -> str:
        """A digest of what happened, of one episode only or of all; serial numbers count where all do."""
        made = hashlib.blake2b(digest_size=16)
        for name in self.parts:
            rows = self.table(name)
            if episode is not None:
                rows = rows[rows["episode"] == episode]
            for column in rows.dtype.names or ():
                if episode is None or column not in _SERIAL:
                    made.update(np.ascontiguousarray(rows[column]).tobytes())
        return made.hexdigest()

    def of_subject(self) -> NDArray[Any]:
        """What the two agents sent, and what became of it."""
        rows = self.table("messages")
        return rows[rows["agent"] < 2]


def play(
    scenario: dict[str, Any],
    chunk: int | None = None,
    between: Callable[[Built, int], None] | None = None,
    orders: int = 1024,
    tape: int = 1,
) -> Played:
    """Run a scenario given as data.

    Parameters
    ----------
    chunk : steps of a chunk.
    between : called with the World and the number of each episode before it opens.
    orders, tape : how large the World begins.
    """
    from sim.runs.build import build
    from sim.runs.simulation import Simulation
    from sim.scenario import parse

    played = Played()
    simulation = Simulation(build(parse(scenario), orders=orders, tape=tape), played)
    if between:
        run = simulation.built.scenario.run
        for episode in range(run.episodes):
            between(simulation.built, episode)
            simulation.advance((episode + 1) * run.steps)
            simulation.drain()
    simulation.run(chunk=chunk)
    return played


# --- the claims -----------------------------------------------------------------------------------------------------


def _declares_all(strategy: Strategy) -> Problems:
    """What it is and what may be set is said, and holds together."""
    if not strategy.summary.strip() or "\n" in strategy.summary:
        yield "its summary must be one line that says what it does"
    venues: object = strategy.venues
    if venues != ANY and (isinstance(venues, bool) or not isinstance(venues, int) or venues < 1):
        yield f"venues = {strategy.venues!r} must be a whole number from 1, or {ANY!r}"
    for name, parameter in strategy.parameters.items():
        yield from (f"parameter {name!r}: {problem}" for problem in _wrong_with(parameter))


def _wrong_with(parameter: Parameter) -> Problems:
    bounds = [bound for bound in (parameter.low, parameter.high, parameter.above) if bound is not None]
    if not parameter.meaning.strip():
        yield "say what it means"
    if wrong := parameter.check(parameter.default):
        yield f"its default is not allowed: {wrong}"
    if parameter.type is str and not parameter.form and len(set(parameter.choices)) < 2:
        yield "a name needs two choices or more"
    if parameter.type is not str and parameter.choices:
        yield "choices are for parameters whose default is a name"
    if parameter.type in (str, bool) and bounds:
        yield "bounds are for numbers"
    if unknown := set(parameter.needs) - set(parameter.choices):
        yield f"needs says something of {sorted(unknown)}, which are no choices"
    if unknown := set(parameter.needs.values()) - set(NEEDS):
        yield f"needs {sorted(unknown)}, and there are {', '.join(NEEDS)}"


def extremes(parameter: Parameter) -> list[Value]:
    """The least and the most that a parameter may be, alone in a list of numbers, or each of its choices."""
    if parameter.type is bool:
        return [False, True]
    if parameter.type is str:
        return list(parameter.choices) or [parameter.default]
    if parameter.type is tuple:
        return [(float(end),) for end in _ends(parameter)]
    return [parameter.type(end) for end in _ends(parameter)]


def _ends(parameter: Parameter) -> tuple[float, float]:
    low: float = -_UNBOUNDED if parameter.low is None else parameter.low
    high: float = _UNBOUNDED if parameter.high is None else parameter.high
    if parameter.above is not None:
        low = parameter.above + (1 if parameter.type is int else 1e-6)
    return low, high


def _plays_extremes(strategy: Strategy) -> Problems:
    """It runs with each parameter at its extremes, and with all of them at once, where that is not wrong together."""
    ends = {name: extremes(parameter) for name, parameter in strategy.parameters.items()}
    settings: list[dict[str, Value]] = [{name: value} for name, values in ends.items() for value in values]
    for params in [*settings, _all_at(strategy, 0), _all_at(strategy, -1)]:
        try:
            if _is_playable(strategy, params):
                yield from _self_trades(play(market(strategy, params)))
        except SpreadgameError as error:
            yield f"with params = {params}: {error}"


def _all_at(strategy: Strategy, end: int) -> dict[str, Value]:
    return {name: extremes(parameter)[end] for name, parameter in strategy.parameters.items()}


def _is_playable(strategy: Strategy, params: dict[str, Value]) -> bool:
    given = strategy.resolve(params)
    return not strategy.validate(given) and strategy.max_messages(given) <= _LONG_TURN


def _self_trades(played: Played) -> Problems:
    trades = played.table("trades")
    own = trades[trades["maker"] == trades["taker"]]
    if len(own):
        yield f"agent {own[0]['maker']} trades with itself in step {own[0]['step']}"


def _repeats(strategy: Strategy) -> Problems:
    """The same seed gives the same trades, whatever the chunks and capacities."""
    first = play(market(strategy)).digest()
    if play(market(strategy)).digest() != first:
        yield "two runs with one seed differ"
    if play(market(strategy), chunk=7).digest() != first:
        yield "what it does depends on the length of a chunk"
    if play(market(strategy), orders=8).digest() != first:
        yield "what it does depends on how much room there is for orders"


def _balances(strategy: Strategy) -> Problems:
    """Cash and lots sum to zero after every step: a chunk is checked when it ends."""
    play(market(strategy), chunk=1)
    yield from ()


def _begins_afresh(strategy: Strategy) -> Problems:
    """An episode does not depend on the one before it, nor on what that left in memory."""
    scenario = market(strategy, episodes=2)

    def change_the_first(built: Built, episode: int) -> None:
        from sim.runs.fill_populations import set_parameters

        for number, population in enumerate(built.scenario.populations):
            if population.strategy == "noise":
                buys = {"buy_probability": 1.0 if episode == 0 else 0.5}
                set_parameters(built.storage.world, number, registry.get("noise"), buys)
        if episode == 1:
            built.storage.world.memories[:] = 119

    plain, changed = play(scenario, between=lambda built, episode: None), play(scenario, between=change_the_first)
    if plain.digest(episode=1) != changed.digest(episode=1):
        yield "its second episode depends on what happened in the first"


def _plays_at_once(strategy: Strategy) -> Problems:
    """It plays in a simultaneous class, whose members never trade with one another."""
    trades = play(market(strategy, simultaneous=True)).table("trades")
    if ((trades["maker"] < 2) & (trades["taker"] < 2)).any():
        yield "members of its class trade with one another"


def _plays_in_auctions(strategy: Strategy) -> Problems:
    """It plays where orders are collected and trade at one price: always, and at the opening and the close."""
    for auction in ({"every": 3}, {"opening": 20, "closing": 20}):
        try:
            for simultaneous in (False, True):
                play(market(strategy, auction=auction, simultaneous=simultaneous), chunk=1)
        except SpreadgameError as error:
            yield f"with auction = {auction}: {error}"


def _sees_no_more(strategy: Strategy) -> Problems:
    """Nothing that it sends tells where the value is, unless its signal says so."""
    one, other = (play(market(strategy, value=value, sight=0.0)).of_subject() for value in (_VALUE, _OTHER_VALUE))
    both = min(len(one), len(other))
    if len(one) != len(other) or (one[:both] != other[:both]).any():
        yield "it sends other orders when only the value moves otherwise, which it cannot see"


def _needs_no_compiler(strategy: Strategy) -> Problems:
    """Run as plain Python it does the same."""
    yield from uncompiled_differences([strategy])


def uncompiled_differences(played: Sequence[Strategy], steps: int = STEPS) -> Problems:
    """What strategies do otherwise when nothing is compiled; in one process of their own, for so many steps."""
    own = {each.name for each in registry.built_in().values()}
    files = {each.file for each in played if each.name not in own}
    names = json.dumps([each.name for each in played])
    try:
        answers = answer_of(__name__, names, str(steps), *sorted(files), changes={"NUMBA_DISABLE_JIT": "1"})
    except Unanswered as error:
        yield f"it cannot be run with NUMBA_DISABLE_JIT=1:\n{error}"
        return
    for each in played:
        if answers[each.name] != _outcome(each, steps):
            yield f"{each.name} does something else with NUMBA_DISABLE_JIT=1: {answers[each.name]}"


def _outcome(strategy: Strategy, steps: int) -> str:
    """A digest of a run, of one in auctions and of one at the extremes, or the error that ended one."""
    high = _all_at(strategy, -1)
    try:
        digests = [play(market(strategy, steps=steps)).digest()]
        digests.append(play(market(strategy, steps=steps // 4, auction={"every": 3})).digest())
        if _is_playable(strategy, high):
            digests.append(play(market(strategy, high, steps=steps // 4)).digest())
        return " ".join(digests)
    except SpreadgameError as error:
        return str(error)


CLAIMS: dict[str, Callable[[Strategy], Problems]] = {
    "it declares all that it is": _declares_all,
    "it runs at the extremes of its parameters": _plays_extremes,
    "one seed gives one run": _repeats,
    "cash and lots sum to zero at every step": _balances,
    "an episode begins afresh": _begins_afresh,
    "it can play in a simultaneous class": _plays_at_once,
    "it can play in a call auction": _plays_in_auctions,
    "it sees no more than it may": _sees_no_more,
    "it does the same uncompiled": _needs_no_compiler,
}


def _main(names: str, steps: str, *files: str) -> None:
    from sim.strategy_kit.loading.files import load_file

    with Answer() as answer:
        for file in files:
            load_file(file)
        answer.give({name: _outcome(registry.get(name), int(steps)) for name in json.loads(names)})


if __name__ == "__main__":
    _main(*sys.argv[1:])
    os._exit(0)  # a thread of a user's file would keep the process
