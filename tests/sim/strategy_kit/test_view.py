"""What an agent sees, it sees through one view. Where its venues trade several instruments, it names the one meant."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import numpy as np
import pytest

import spreadgame as sg
from sim.runs.build import build
from sim.runs.simulation import Simulation
from sim.scenario import parse
from sim.strategy_kit import view
from sim.strategy_kit.loading.files import load_file
from tests.places import ROOT

MARKET = {"levels", "sides", "tape", "nodes", "children"}  # arrays of the World that say what the market looks like
READERS = {"market_price", "market_prices", "find_price", "best_of_others", "collects"}  # of the engine
ALONE = {"sim/strategy_kit/view.py"}
OWN = {  # what a file reads besides: an agent's own orders, and when an auction is cleared
    "sim/strategy_kit/interface/own_state.py": {"levels"},
    "sim/rules/quoting_obligation.py": {"levels", "collects"},
    "sim/rules/hedging.py": {"levels"},
}


def acting_for_agents() -> list[Path]:
    rooms = ("sim/strategies", "sim/strategy_kit", "sim/rules")
    return [path for room in rooms for path in sorted((ROOT / room).rglob("*.py"))]


@pytest.mark.parametrize("path", acting_for_agents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_whoever_acts_for_an_agent_reads_the_market_through_the_view_alone(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    if name in ALONE:
        return
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in ("world", "book", "auction", "ledger") and node.attr in MARKET | READERS:
                found.add(node.attr)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.module.startswith("sim.strategy_kit"):
            found |= READERS & {each.name for each in node.names}
    assert found <= OWN.get(name, set())


def test_every_look_says_who_looks() -> None:
    looks = [each for name, each in vars(view).items() if getattr(each, "__module__", "") == view.__name__]
    assert len(looks) > 8
    for look in looks:
        assert list(inspect.signature(getattr(look, "py_func", look)).parameters)[:2] == ["world", "agent"]


# --- several instruments --------------------------------------------------------------------------------------------

SOURCE = """
from spreadgame.strategy import *


@strategy("pair", summary="looks at two instruments", venues=2, needs=("signal",), memory={{"seen": (float, 4)}},
          max_messages=2)
def act(me, market):
    one, other = venue_of(me, market, 0), venue_of(me, market, 1)
    if step(me, market) == 0:
        market_order(me, market, other, BUY, 3)
    {line}
"""


def scenario(instruments: int, noise: float = 0.0, delay: int = 0, steps: int = 5) -> dict[str, object]:
    names = [f"X{number}" for number in range(instruments)]
    return {
        "run": {"steps": steps, "seed": 3},
        "instruments": [
            {"name": name, "value": {"process": "random_walk", "initial": 100.0 + 10.0 * place, "volatility": 0.5}}
            for place, name in enumerate(names)
        ],
        "venues": [{"name": "a", "instrument": "X0"}, {"name": "b", "instrument": names[min(1, instruments - 1)]}]
        + [{"name": f"c{name}", "instrument": name} for name in names[2:]],
        "populations": [
            {"name": "pair", "strategy": "pair", "turn": 1, "venues": ["a", "b"],
             "sees": {"of": "value", "noise": noise, "delay": delay}},
            *({"name": f"makers-{name}", "strategy": "fixed_spread", "venues": [name], "params": {"quantity": 9}}
              for name in ("a", "b")),
            *({"name": f"makers-{name}", "strategy": "fixed_spread", "venues": [f"c{name}"]} for name in names[2:]),
        ],
    }  # fmt: skip


def seen(folder: Path, line: str, **market: float) -> tuple[list[float], Simulation]:
    """What the strategy wrote into its memory in the last step."""
    path = folder / "pair.py"
    path.write_text(SOURCE.format(line=line))
    load_file(path)
    simulation = Simulation(build(parse(scenario(**market))))  # type: ignore[arg-type]
    simulation.run()
    world = simulation.built.storage.world
    return np.asarray(world.memories)[:32].view(np.float64).tolist(), simulation


@pytest.mark.parametrize("call", ["inventory(me, market)", "public_value(me, market)", "signal(me, market)"])
def test_what_is_of_one_instrument_names_it_where_an_agents_venues_trade_several(call: str, tmp_path: Path) -> None:
    seen(tmp_path, f"me.memory.seen[0] = {call}", instruments=1)
    with pytest.raises(sg.StrategyError, match="its venues trade several — name it: inventory"):
        seen(tmp_path, f"me.memory.seen[0] = {call}", instruments=2)


def test_a_signal_is_of_an_instrument_that_the_agent_trades(tmp_path: Path) -> None:
    with pytest.raises(sg.StrategyError, match="its signal of instrument 2 — none of its venues trades that"):
        seen(tmp_path, "me.memory.seen[0] = signal(me, market, 2)", instruments=3)


def test_an_agent_sees_each_of_its_instruments_and_what_it_holds_of_it(tmp_path: Path) -> None:
    line = (
        "me.memory.seen[0], me.memory.seen[1] = inventory(me, market, 0), inventory(me, market, 1)\n"
        "    me.memory.seen[2], me.memory.seen[3] = signal(me, market, 0), signal(me, market, instrument=1)"
    )
    found, simulation = seen(tmp_path, line, instruments=2)
    values = simulation.built.storage.world.instruments["value"].tolist()
    assert found == [0.0, 3.0, *values]


def test_the_errors_of_two_signals_are_independent_and_the_first_is_as_if_there_were_no_second(tmp_path: Path) -> None:
    both = "me.memory.seen[0], me.memory.seen[1] = signal(me, market, me.instrument), signal(me, market, 1)"
    found, simulation = seen(tmp_path, both, instruments=2, noise=1.0)
    values = simulation.built.storage.world.instruments["value"].tolist()
    errors = [found[0] - values[0], found[1] - values[1]]
    assert abs(errors[0] - errors[1]) > 1e-6
    alone, simulation = seen(tmp_path, "me.memory.seen[0] = signal(me, market)", instruments=1, noise=1.0)
    assert alone[0] - simulation.built.storage.world.instruments["value"][0] == pytest.approx(errors[0], abs=1e-9)


def test_a_late_signal_is_late_for_every_instrument_of_the_agent(tmp_path: Path) -> None:
    line = (
        "if step(me, market) == 11:\n        me.memory.seen[0] = signal(me, market, 1)\n"
        "    if step(me, market) == 18:\n        me.memory.seen[1] = signal(me, market, 1)"
    )
    late, _ = seen(tmp_path, line, instruments=2, delay=7, steps=19)
    now, _ = seen(tmp_path, line, instruments=2, steps=12)
    assert late[1] == now[0] != late[0]
