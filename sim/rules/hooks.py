"""Where rules hang on the loop: before and after each turn, at each message, at the end of each step.

Rules are found by what their files declare (:class:`sim.rules.declare.Rule`) and called in the order of the files'
names. Each has a bit: a population's ``rules`` are the bits of those that it is under, the clock's are those of all
populations. Every hook is compiled into its caller: it costs a look at these bits, and nothing at all where no rule of
its kind exists.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

import sim.rules
from sim.core.codes import ACCEPTED
from sim.core.compiled import inlined
from sim.core.errors import RunError
from sim.core.wording import near_or_all
from sim.rules.declare import Rule

_NO_RULES = {"declare", "hooks"}


def _declared() -> dict[Path, Rule]:
    """The rules by their files, in the order of the files' names."""
    modules = sorted(pkgutil.iter_modules(sim.rules.__path__), key=lambda module: module.name)
    files = [Path(getattr(module.module_finder, "path", "")) / f"{module.name}.py" for module in modules]
    return {path: _rule_of(path) for path in files if path.stem not in _NO_RULES}


def _rule_of(path: Path) -> Rule:
    """The rule that a file declares; RunError if it declares none, since nobody would miss it in a run."""
    try:
        rule = getattr(import_module(f"sim.rules.{path.stem}"), "RULE", None)
    except Exception as error:
        where = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        said = error.msg if isinstance(error, SyntaxError) else f"{type(error).__name__}: {error}".partition("\n")[0]
        raise RunError(f"{path}{where}: {said}") from error
    if not isinstance(rule, Rule):
        raise RunError(f"{path}: it declares no rule — write RULE = Rule(…), or put the file elsewhere")
    return rule


_BY_FILE = _declared()
RULES = tuple(_BY_FILE.values())


def rules_of(population: Any) -> int:
    """The bits of the rules that a population of a scenario is under.

    Raises
    ------
    RunError
        If a rule names a table that populations do not have.
    """
    for path, rule in _BY_FILE.items():
        if not hasattr(population, rule.table):
            known = near_or_all(rule.table, type(population).model_fields)
            raise RunError(f"{path}: a population has no table {rule.table!r} — {known}")
    return sum(1 << place for place, rule in enumerate(RULES) if getattr(population, rule.table, None) is not None)


def messages_of(rules: int) -> int:
    """How many messages rules may send in a turn."""
    return sum(rule.messages for place, rule in enumerate(RULES) if rules >> place & 1)


# --- what the loop calls --------------------------------------------------------------------------------------------
#
# Each is made of the functions that rules declare for it, the first calling the next: so the compiler sees them all.


def _with(hook: str) -> list[tuple[np.int64, Callable[..., Any]]]:
    """Bit and function of each rule that has something to do there, the last first."""
    found = [(np.int64(1 << place), getattr(rule, hook)) for place, rule in enumerate(RULES)]
    return [(bit, function) for bit, function in reversed(found) if function is not None]


def _before(bit: np.int64, rule: Callable[..., Any], others: Callable[..., Any]) -> Callable[..., Any]:
    @inlined
    def before_turn(world, agent, rules):
        acts = rule(world, agent) if rules & bit != 0 else True
        return others(world, agent, rules) and acts

    return before_turn


def _after(bit: np.int64, rule: Callable[..., Any], others: Callable[..., Any]) -> Callable[..., Any]:
    @inlined
    def after_turn(world, agent, rules):
        if rules & bit != 0:
            rule(world, agent)
        others(world, agent, rules)

    return after_turn


def _check(bit: np.int64, rule: Callable[..., Any], others: Callable[..., Any]) -> Callable[..., Any]:
    @inlined
    def check_message(world, agent, venue, kind, side, price, lots):
        if world.clock[0].rules & bit != 0:
            reason = rule(world, agent, venue, kind, side, price, lots)
            if reason != ACCEPTED:
                return reason
        return others(world, agent, venue, kind, side, price, lots)

    return check_message


def _end(bit: np.int64, rule: Callable[..., Any], others: Callable[..., Any]) -> Callable[..., Any]:
    @inlined
    def end_step(world):
        if world.clock[0].rules & bit != 0:
            rule(world)
        others(world)

    return end_step


@inlined
def before_turn(world, agent, rules):
    """Before a strategy acts. Returns whether it may."""
    return True


@inlined
def after_turn(world, agent, rules):
    """After a strategy has acted."""


@inlined
def check_message(world, agent, venue, kind, side, price, lots):
    """Why a message is rejected; ACCEPTED if it is not. Of a replacement, ``kind`` is REPLACE."""
    return ACCEPTED


@inlined
def end_step(world):
    """A step ends."""


for _bit, _rule in _with("before_turn"):
    before_turn = _before(_bit, _rule, before_turn)
for _bit, _rule in _with("after_turn"):
    after_turn = _after(_bit, _rule, after_turn)
for _bit, _rule in _with("check_message"):
    check_message = _check(_bit, _rule, check_message)
for _bit, _rule in _with("end_step"):
    end_step = _end(_bit, _rule, end_step)

_CHECKS = np.int64(sum(int(bit) for bit, _ in _with("check_message")))


@inlined
def checks_messages(world):
    """Whether a rule of this market looks at messages."""
    return world.clock[0].rules & _CHECKS != 0
