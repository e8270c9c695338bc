"""Rules hang on the loop by what they declare: each hook is called where it should be, for who is under the rule."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sim.rules.hooks import RULES, messages_of, rules_of
from sim.runs.build import build
from sim.scenario import parse
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
    bits = rules_of(scenario.populations[0])
    assert bits == 1 << [rule.table for rule in RULES].index("obligation")
    assert world.populations["rules"].tolist() == [bits, 0]
    assert world.clock[0]["rules"] == bits
    assert world.populations["rule_messages"].tolist() == [messages_of(bits), 0] == [4, 0]
    assert build(parse({**MARKET, "populations": MARKET["populations"][1:]})).storage.world.clock[0]["rules"] == 0


# A rule as its author writes it: a file, and nothing else. Every population has the table that sets it.
_RULE = """
from sim.core.codes import ACCEPTED, BAD_PRICE, LIMIT
from sim.core.compiled import njit
from sim.rules.declare import Rule

seen = []


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


RULE = Rule(table="endowment", before_turn=before, after_turn=after, check_message=check, end_step=end)
"""
_RUN = """
import sys

import sim.rules

sim.rules.__path__.append(sys.argv[1])

from sim.runs.execute import execute
from sim.scenario import parse
from tests.sim.rules.test_hooks import MARKET
from sim.rules.never_buys import seen

run = execute(parse(MARKET))
turns = [(hook, agent) for hook, step, agent in seen if step == 1]
assert turns[:2] == [("before", 0), ("after", 0)] and turns[-1] == ("end", -1), turns
assert sorted(turns[2:-1]) == sorted((hook, agent) for hook in ("before", "after") for agent in range(1, 9)), turns
assert ("after", 2, 1) in seen and [step for hook, step, _ in seen if hook == "end"] == [*range(6)], seen
sent = run.messages.query("population == 'free'").groupby("step")["side"].apply(list)
assert sent.map(len).drop(4).to_dict() == {0: 8, 1: 8, 3: 8, 5: 8}, sent  # at step 2 nobody may act
assert set(sent[4]) == {"sell"} and {"buy", "sell"} == set(sent[5]), sent
rejections = run.manifest["rejections"]
assert rejections == {"bound": {"price": 2}, "free": {"price": 8 - len(sent[4])}}, rejections  # replaced, and added
"""


def test_a_rule_in_a_file_of_its_own_skips_turns_rejects_messages_and_sees_steps_end(tmp_path: Path):
    (tmp_path / "never_buys.py").write_text(_RULE, encoding="utf-8")
    answer = subprocess.run(
        [sys.executable, "-c", _RUN, str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
