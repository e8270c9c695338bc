"""What authors import is typed: their editor knows what each function takes and gives, and so does mypy."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch

import pytest
from mypy import api

from tests.places import ROOT

SOURCE = '''
from spreadgame.strategy import (
    BUY, Market, Parameter, Seat, best_ask, best_bid, compiled, inventory, limit_order, mark_price, recent_trade,
    requote, signal, strategy,
)


@compiled
def middle(me: Seat, market: Market, venue: int) -> float:
    """Halfway between the best quotes."""
    return 0.5 * (best_bid(me, market, venue) + best_ask(me, market, venue))


@strategy("typed", summary="is typed", parameters={"quantity": Parameter(1, "size", low=1)}, memory={"bid": int})
def act(me: Seat, market: Market) -> None:
    """Show what the functions give."""
    reveal_type(BUY)
    reveal_type(best_bid)
    reveal_type(best_bid(me, market, me.venue))
    reveal_type(middle)
    reveal_type(mark_price(me, market, me.instrument))
    reveal_type(inventory(me, market))
    reveal_type(inventory(me, market, me.instrument))
    reveal_type(signal(me, market, instrument=1))
    reveal_type(recent_trade(me, market, 3).mark)
    me.memory.bid = requote(me, market, me.venue, me.memory.bid, BUY, 9_900, me.parameters.quantity)


reveal_type(act)
'''
MISTAKES = {
    'best_bid(me, market, "lit")': 'Argument 3 to "best_bid" has incompatible type "str"; expected "int"',
    "best_bid(market, me, 0)": 'Argument 1 to "best_bid" has incompatible type "Market"; expected "Seat"',
    "limit_order(me, market, 0, BUY, 99.5, 1)": 'Argument 5 to "limit_order" has incompatible type "float"',
    "limit_order(me, market, 0, BUY, 9_950)": 'Missing positional argument "quantity" in call to "limit_order"',
    'middle(me, market, "lit")': 'Argument 3 to "middle" has incompatible type "str"; expected "int"',
    "market.levels[0]": '"Market" has no attribute "levels"',
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What mypy says of both files; its cache is the one that checks the whole tree."""
    folder = tmp_path_factory.mktemp("typed")
    right, wrong = folder / "right.py", folder / "wrong.py"
    right.write_text(SOURCE)
    wrong.write_text(SOURCE.replace("    reveal_type(BUY)\n", "".join(f"    {line}\n" for line in MISTAKES)))
    settings = ["--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(ROOT / ".mypy_cache")]
    told = [api.run([*settings, "--strict", "--no-error-summary", str(path)])[0] for path in (right, wrong)]
    return told


def test_the_functions_of_authors_keep_their_signatures(said: list[str]) -> None:
    assert "error" not in said[0]
    # mypy writes a named tuple in one of two ways.
    told = re.sub(r"tuple\[[^]]*fallback=([\w.]+)\]", r"\1", said[0].replace("builtins.", ""))
    found = re.findall(r'Revealed type is "(.*)"', told)
    look = "def (me: sim.strategy_kit.seat.Seat, market: sim.core.world.Market, venue: int) -> "
    shown = ["int", f"{look}int", "int", f"{look}float", "float", "int", "int", "float", "float"]
    assert found == [*shown, "sim.strategy_kit.declare.Strategy"]


@pytest.mark.parametrize("line", MISTAKES)
def test_an_argument_of_a_wrong_type_is_an_error(said: list[str], line: str) -> None:
    assert MISTAKES[line] in said[1]


STRICT = ("sim.runs.build", "sim.scenario.tables.market", "sim.experiment.jobs", "sim.strategy_kit.view",
          "sim.strategy_kit.interface.seeing", "analysis.stats.estimates", "spreadgame.strategy")  # fmt: skip


def test_what_is_not_checked_strictly_are_rooms_of_compiled_code_and_no_single_files() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    loose = [module for each in settings["overrides"] if each.get("allow_untyped_defs") for module in each["module"]]
    assert loose
    assert all(module.endswith(".*") for module in loose)
    assert not [name for name in STRICT for module in loose if fnmatch(name, module)]
    ours = [module for each in settings["overrides"] for module in each["module"] if module.startswith("sim.")]
    assert all((ROOT / module.removesuffix(".*").replace(".", "/")).is_dir() for module in ours)
