"""A word that was replaced is refused wherever it comes in, in one line that says what it is called now."""

import argparse
from typing import Any

import pytest

import spreadgame as sg
import spreadgame.strategy
from sim.core.errors import ScenarioError, StrategyError
from sim.core.renamed import ARGUMENTS, ATTRIBUTES, OPTIONS, SCENARIO, STRATEGY_FUNCTIONS, TABLES
from sim.core.wording import near
from sim.experiment import run_many
from sim.recorded.replay import replay
from sim.runs.result import Run
from sim.runs.tables import Tables
from sim.runs.total_measures import of_scope
from sim.scenario import load, parse
from sim.session.order_book import OrderBook
from sim.strategy_kit import registry
from sim.strategy_kit.declare import strategy
from sim.strategy_kit.loading.files import load_file
from spreadgame.commands.parser import COMMANDS, _parser, main
from tests.places import ROOT

MAKER = {"name": "makers", "strategy": "fixed_spread"}


def market(venue: dict[str, Any] | None = None, **population: Any) -> dict[str, Any]:
    return {
        "run": {"steps": 10},
        "instruments": [{"name": "X", "value": {"process": "constant", "initial": 100.0}}],
        "venues": [{"name": "lit", **(venue or {})}],
        "populations": [{**MAKER, **population}],
    }


# What a file may say with each old word of a scenario.
RESERVATION = {"distribution": "fixed", "distance": 1.0}
WRITTEN = {
    "around": market(reservation={**RESERVATION, "around": "mid"}),
    "clear_after_trade": market({"clear_after_trade": True}),
    "mixed": market(strategy="mixed"),
    "move": market({"post_only": "move"}),
    "order_decay": market(strategy="cartea_jaimungal", params={"order_decay": 2.0}),
    "refuse": market({"post_only": "refuse"}),
    "reservation_flow": market(strategy="reservation_flow", reservation=RESERVATION),
    "rung_gap": market(strategy="ladder", sees={}, params={"rung_gap": 2}),
    "rungs": market(strategy="ladder", sees={}, params={"rungs": 2}),
    "self_trade": market({"self_trade": "allow"}),
}


@pytest.mark.parametrize("old", SCENARIO)
def test_an_old_word_of_a_scenario_is_refused_with_the_new_one(old):
    with pytest.raises(ScenarioError) as refused:
        parse(WRITTEN[old])
    (problem,) = refused.value.problems
    assert str(problem).endswith(f" — {old} is now {SCENARIO[old]}")


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("lit.self_trade=allow", "self_trade is now self_trade_prevention"),
        ("lit.post_only=refuse", "refuse is now reject"),
        ("makers.reservation.around=mid", "around is now reference"),
        ("makers.params.order_decay=2", "order_decay is now fill_decay"),
        ("makers.strategy=mixed", "mixed is now mixed_strategy"),
    ],
)
def test_an_old_word_of_a_path_is_refused_with_the_new_one(path, told):
    given = market(strategy="cartea_jaimungal", reservation=RESERVATION)
    with pytest.raises(ScenarioError, match=told):
        parse(given, overrides=[path])


def test_an_old_word_of_a_game_is_refused_with_the_new_one():
    for choice, told in (({"order_decay": 2.0}, "order_decay"), ({"strategy": "mixed"}, "mixed")):
        game = {"players": "makers", "strategies": {"one": choice, "two": {}}}
        with pytest.raises(ScenarioError, match=f"{told} is now {SCENARIO[told]}"):
            parse({**market(strategy="cartea_jaimungal"), "game": game})


def test_a_strategy_by_its_old_name_is_told_the_new_one():
    for old in ("mixed", "reservation_flow"):
        with pytest.raises(StrategyError, match=f"{old} is now {SCENARIO[old]}"):
            registry.get(old)


@pytest.mark.parametrize("old", TABLES)
def test_an_old_name_in_a_table_is_told_the_new_one(old):
    assert near(old, [TABLES[old], "price"]) == f"{old} is now {TABLES[old]}"


@pytest.mark.parametrize("old", STRATEGY_FUNCTIONS)
def test_a_file_that_imports_an_old_name_is_told_the_new_one_in_a_line(old, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(f"# mine\nfrom spreadgame.strategy import {old}\n", encoding="utf-8")
    with pytest.raises(StrategyError) as refused:
        load_file(file)
    assert str(refused.value) == f"{file}, line 2: {old} is now {STRATEGY_FUNCTIONS[old]}"
    assert STRATEGY_FUNCTIONS[old] in spreadgame.strategy.__all__
    assert old not in spreadgame.strategy.__all__


@pytest.mark.parametrize("old", ["wrong", "prepare"])
def test_a_declaration_with_an_old_argument_is_told_the_new_one_and_its_line(old, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "from spreadgame.strategy import strategy\n\n\n"
        f"@strategy('mine', summary='mine', {old}=lambda *given: '')\n"
        "def act(me, market):\n    pass\n",
        encoding="utf-8",
    )
    with pytest.raises(StrategyError) as refused:
        load_file(file)
    assert str(refused.value).startswith(f"{file}, line 4: ")
    assert f"{old} is now {ARGUMENTS[old]}" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("old", ARGUMENTS)
def test_an_old_argument_is_refused_with_the_new_one(old):
    calls = {
        "adopt": lambda: replay("m.csv", "b.csv", adopt=False),
        "full": lambda: run_many([], full=True),
        "prepare": lambda: strategy("x", summary="x", prepare=None),
        "self_trade": lambda: OrderBook(self_trade="allow"),
        "wrong": lambda: strategy("x", summary="x", wrong=None),
    }
    with pytest.raises(TypeError, match=f"{old} is now {ARGUMENTS[old]}$"):
        calls[old]()


def test_an_old_attribute_is_refused_with_the_new_one():
    found = [
        (kind, old) for kind in (sg.Trader, OrderBook, Run) for old, new in ATTRIBUTES.items() if hasattr(kind, new)
    ]
    assert {old for _, old in found} == set(ATTRIBUTES)
    for kind, old in found:
        with pytest.raises(AttributeError, match=f"^{old} is now {ATTRIBUTES[old]}$"):
            getattr(kind, old)


def test_an_old_value_of_an_argument_is_refused_with_the_new_one():
    for old in ("refuse", "move"):
        with pytest.raises(ValueError, match=f"{old} is now {SCENARIO[old]}"):
            OrderBook(post_only=old)


@pytest.mark.parametrize("old", OPTIONS)
def test_an_old_option_is_refused_with_the_new_one_and_exit_code_2(old, capsys):
    commands = _parser([*COMMANDS])[1]
    assert isinstance(commands["sweep"], argparse.ArgumentParser)
    having = [name for name, each in commands.items() if OPTIONS[old] in each._option_string_actions]
    given = {"sweep": ["market.toml"], "replay": ["m.csv", "--book", "b.csv"]}
    assert having
    for command in having:
        with pytest.raises(SystemExit) as left:
            main([command, *given[command], old])
        assert left.value.code == 2
        assert f"{old!r} is no option — {old} is now {OPTIONS[old]}" in capsys.readouterr().err


def test_nothing_here_is_written_with_an_old_word():
    """No shipped scenario reads with one, and no name is both an old and a new one."""
    for path in sorted((ROOT / "scenarios").rglob("*.toml")):
        load(path)
    for table in (SCENARIO, TABLES, STRATEGY_FUNCTIONS, ARGUMENTS, ATTRIBUTES, OPTIONS):
        assert not set(table) & set(table.values())
    columns = {
        name
        for fields in Tables(load(ROOT / "scenarios" / "quickstart.toml")).schemas.values()
        for name in fields.names
    }
    assert not columns & set(TABLES)
    assert not set(of_scope("population")) & set(TABLES)
