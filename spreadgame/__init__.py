"""Spreadgame: a market you can study as a game.

``import spreadgame as sg`` costs nothing until a name is used:

- ``sg.load(path)`` reads a scenario, ``sg.run(scenario)`` runs it, ``sg.open_run(folder)`` opens what a run left;
- ``run.measure(name)`` takes a measure of it, of those that ``spreadgame measure`` lists;
- ``sg.Session`` is a run that is stepped, given orders from outside, logged and replayed;
- ``sg.Market`` is the market as a Mesa model, ``sg.Trader`` the base of an agent written in Python;
- ``sg.OrderBook`` is one limit order book by itself, ``sg.replay`` drives it with a recorded exchange day;
- ``sg.run_many(sg.jobs_of(scenario, seeds, sg.grid({path: values})))`` runs it many times;
- ``sg.picture(run)`` draws a run.

Strategies are written with :mod:`spreadgame.strategy`.
"""

from __future__ import annotations

from spreadgame import _guard

TYPE_CHECKING = False  # as typing has it, which takes longer to import than all the rest here
if TYPE_CHECKING:
    from typing import Any

    from analysis.output.run_picture import picture as picture
    from analysis.output.run_picture import save_picture as save_picture
    from sim.core.errors import ReplayError as ReplayError
    from sim.core.errors import RunError as RunError
    from sim.core.errors import ScenarioError as ScenarioError
    from sim.core.errors import SpreadgameError as SpreadgameError
    from sim.core.errors import StrategyError as StrategyError
    from sim.experiment import Job as Job
    from sim.experiment import grid as grid
    from sim.experiment import jobs_of as jobs_of
    from sim.experiment import open_many as open_many
    from sim.experiment import run_many as run_many
    from sim.mesa_model.market import Market as Market
    from sim.mesa_model.trader import Trader as Trader
    from sim.recorded.replay import replay as replay
    from sim.runs.result import Run as Run
    from sim.runs.result import open_run as open_run
    from sim.scenario import Scenario as Scenario
    from sim.session.order_book import OrderBook as OrderBook
    from sim.session.session import Session as Session
    from spreadgame.api import load as load
    from spreadgame.api import load_strategies as load_strategies
    from spreadgame.api import run as run

_guard.check()

_HOMES = {
    "load": "spreadgame.api",
    "run": "spreadgame.api",
    "load_strategies": "spreadgame.api",
    "run_many": "sim.experiment",
    "Job": "sim.experiment",
    "jobs_of": "sim.experiment",
    "grid": "sim.experiment",
    "open_many": "sim.experiment",
    "open_run": "sim.runs.result",
    "Run": "sim.runs.result",
    "Scenario": "sim.scenario",
    "Market": "sim.mesa_model.market",
    "Trader": "sim.mesa_model.trader",
    "Session": "sim.session.session",
    "OrderBook": "sim.session.order_book",
    "replay": "sim.recorded.replay",
    "picture": "analysis.output.run_picture",
    "save_picture": "analysis.output.run_picture",
    "SpreadgameError": "sim.core.errors",
    "ScenarioError": "sim.core.errors",
    "StrategyError": "sim.core.errors",
    "RunError": "sim.core.errors",
    "ReplayError": "sim.core.errors",
}
__all__ = sorted([*_HOMES, "__version__"])


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("spreadgame")
    if name not in _HOMES:
        raise AttributeError(f"module 'spreadgame' has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
