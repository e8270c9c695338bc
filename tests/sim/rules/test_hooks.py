"""Rules hang on the loop by what they declare: each hook is called where it should be, for who is under the rule."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sim.rules.hooks import HOOKS, RULES, addresses_of, messages_of, rules_of
from sim.runs.build import build
from sim.scenario import parse
from tests.command_line import QUICKSTART
from tests.places import ROOT

OBLIGATION = {"presence": 0.7, "maximum_spread": 0.1, "minimum_size": 5}
MARKET = {
    "run": {"steps": 6, "seed": 3},
    "instruments": [{"name": "ACME", "value": {"process": "constant", "initial": 100.0}}],
    "venues": [{"name": "lit"}],
    "populations": [
        {"name": "bound", "strategy": "fixed_spread", "endowment": {"cash": 5.0}, "obligation": OBLIGATION},
        {"name": "free", "strategy": "noise", "count": 8, "turn": 1},
    ],
    "record": {"messages": True},
}


def test_a_population_has_the_bits_of_its_rules_and_the_clock_those_of_all():
    scenario = parse(MARKET)
    world = build(scenario).storage.world
    bits = rules_of(scenario.populations[0], scenario)
    assert bits == 1 << [rule.table for rule in RULES].index("obligation")
    assert world.populations["rules"].tolist() == [bits, 0]
    assert world.clock[0]["rules"] == bits
    assert world.populations["rule_messages"].tolist() == [messages_of(bits), 0] == [4, 0]
    assert build(parse({**MARKET, "populations": MARKET["populations"][1:]})).storage.world.clock[0]["rules"] == 0


def test_what_nobody_is_under_has_no_address_and_is_not_compiled():
    calls = np.asarray(build(parse(MARKET)).storage.world.rule_calls)
    assert len(calls) == len(RULES) * len(HOOKS)
    place = [rule.table for rule in RULES].index("obligation")
    found = np.array(addresses_of(1 << place)).reshape(len(RULES), len(HOOKS))
    declared = [getattr(RULES[place], hook) is not None for hook in HOOKS]
    assert (found[place] != 0).tolist() == declared
    assert not np.delete(found, place, axis=0).any()


# A rule as its author writes it: a file, and nothing else. Every population has the table that sets it.
_RULE = """
from sim.core.codes import ACCEPTED, BAD_PRICE, NOT_HERE
from sim.core.compiled import njit
from sim.rules.declare import Rule

seen, changes = [], []


@njit
def open_episode(world):
    seen.append(("open", int(world.clock[0].step), -1))


@njit
def begin(world):
    seen.append(("begin", int(world.clock[0].step), -1))


@njit
def halve(world, agent, venue, kind, side, price, lots, order):
    return price, lots if world.clock[0].step != 3 else lots * 0


@njit
def note(world, agent, venue, bought, sold, traded):
    changes.append((int(world.clock[0].step), int(agent), int(bought), int(sold), int(traded)))


@njit
def close_episode(world):
    seen.append(("close", int(world.clock[0].step), -1))


@njit
def before(world, agent):
    seen.append(("before", int(world.clock[0].step), int(agent)))
    return world.clock[0].step != 2


@njit
def after(world, agent):
    seen.append(("after", int(world.clock[0].step), int(agent)))


@njit
def check(world, agent, venue, kind, side, price, lots):
    return BAD_PRICE if side > 0 and world.clock[0].step == 4 else ACCEPTED


@njit
def end(world):
    seen.append(("end", int(world.clock[0].step), -1))


RULE = Rule(
    table="endowment", rejection=NOT_HERE, open_episode=open_episode, begin_step=begin, before_turn=before,
    after_turn=after, check_message=check, amend_order=halve, note_change=note, end_step=end, end_episode=close_episode,
)
"""
_START = """
import sys

import sim.rules

sim.rules.__path__.append(sys.argv[1])

from sim.runs.execute import execute
from sim.scenario import parse
from tests.sim.rules.test_hooks import MARKET

run = execute(parse(MARKET))
"""
_RUN = """
from sim.rules.added import changes, seen

assert [hook for hook, *_ in seen[:2]] == ["open", "begin"] and seen[-1][0] == "close", seen
turns = [(hook, agent) for hook, step, agent in seen if step == 1]
assert turns.pop(0) == ("begin", -1)
assert turns[:2] == [("before", 0), ("after", 0)] and turns[-1] == ("end", -1), turns
assert sorted(turns[2:-1]) == sorted((hook, agent) for hook in ("before", "after") for agent in range(1, 9)), turns
assert ("after", 2, 1) in seen and [step for hook, step, _ in seen if hook == "end"] == [*range(6)], seen
sent = run.messages.query("population == 'free'").groupby("step")["side"].apply(list)
assert sent.map(len).drop(4).to_dict() == {0: 8, 1: 8, 5: 8}, sent  # at 2 nobody may act, at 3 nothing is left
assert set(sent[4]) == {"sell"} and {"buy", "sell"} == set(sent[5]), sent
rejections = run.manifest["rejections"]
assert rejections == {
    "bound": {"price": 2, "not_here": rejections["bound"]["not_here"]},  # replaced, and added
    "free": {"price": 8 - len(sent[4]), "not_here": 8},
}, rejections
assert not [each for each in changes if each[0] in (2, 3) and each[1] > 0], changes
bought = run.trades.query("taker_population == 'free' and aggressor == 'buy'")["quantity"].sum()
assert sum(max(traded, 0) for *_, traded in changes) == bought > 0
"""
_NO_LATE_BUYER = """
sides = run.messages.query("population == 'free'").groupby("step")["side"].apply(set)
assert sides[5] == {"sell"} and sides[4] == {"buy", "sell"}, sides
"""


def run_with_rule(folder: Path, rule: str, script: str) -> None:
    """Run a script in a process in which ``sim.rules`` has one more file, ``added.py``."""
    (folder / "added.py").write_text(rule, encoding="utf-8")
    answer = subprocess.run(
        [sys.executable, "-c", _START + script, str(folder)],
        cwd=ROOT,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr


def test_a_rule_in_a_file_of_its_own_skips_turns_rejects_messages_and_sees_steps_end(tmp_path: Path):
    run_with_rule(tmp_path, _RULE, _RUN)


def test_the_rule_of_contributing_is_a_file_and_no_other_edit(tmp_path: Path):
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rule = text[text.index("## Add a rule") :].split("```python\n")[1].split("```")[0]
    run_with_rule(tmp_path, rule, _NO_LATE_BUYER)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("seen = 1\n", "added.py: it declares no rule — write RULE = Rule(…), or put the file elsewhere"),
        ("RULE = 3\n", "added.py: it declares no rule"),
        ("def (:\n", "added.py, line 1: invalid syntax"),
        ("import nothing_of_this_name\n", "added.py: ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("from sim.rules.declare import Rule\nRULE = Rule(table='obligations')\n",
         "added.py: a population has no table 'obligations' — did you mean 'obligation'?"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["validate", "run"])
def test_a_file_of_a_rule_that_is_wrong_is_named_in_a_line_by_the_first_command(
    tmp_path: Path, rule: str, says: str, command: str
):
    (tmp_path / "added.py").write_text(rule, encoding="utf-8")
    code = (
        "import sys, sim.rules; sim.rules.__path__.append(sys.argv.pop(1)); "
        "from spreadgame.commands.parser import main; main()"
    )
    more = ["--set", "run.steps=2", "--out", str(tmp_path / "runs")] if command == "run" else []
    answer = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), command, str(QUICKSTART), *more],
        cwd=ROOT,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (answer.returncode, answer.stdout) == (2, "")
    assert says in answer.stderr
    assert "Traceback" not in answer.stderr
