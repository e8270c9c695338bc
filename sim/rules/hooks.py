"""Where rules hang on the loop: before and after each turn, at each message, at the end of each step.

Rules are found by what their files declare (:class:`sim.rules.declare.Rule`) and called in the order of the files'
names. Each has a bit: a population's ``rules`` are the bits of those that it is under, the clock's are those of all
populations. A hook costs a look at these bits.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

import sim.rules
from sim.core.codes import ACCEPTED, BROKEN
from sim.core.compiled import COMPILED, callback, caller, inlined, njit
from sim.core.errors import RunError
from sim.core.wording import near_or_all
from sim.core.world import NONE, address_of, attach
from sim.rules.declare import Rule

_NO_RULES = {"declare", "hooks", "kit"}


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
RULES: tuple[Rule, ...] = tuple(_BY_FILE.values())


def rules_of(population: Any, scenario: Any) -> int:
    """The bits of the rules that a population of a scenario is under.

    Raises
    ------
    RunError
        If a rule names a table that populations, or scenarios, do not have.
    """
    return sum(1 << place for place, path in enumerate(_BY_FILE) if _is_under(path, population, scenario))


def _is_under(path: Path, population: Any, scenario: Any) -> bool:
    rule = _BY_FILE[path]
    owner, what = (scenario, "scenario") if rule.of_market else (population, "population")
    if not hasattr(owner, rule.table):
        known = near_or_all(rule.table, type(owner).model_fields)
        raise RunError(f"{path}: a {what} has no table {rule.table!r} — {known}")
    table = getattr(owner, rule.table)
    if table is None:
        return False
    return not rule.of_market or not table.populations or population.name in table.populations


def messages_of(rules: int) -> int:
    """How many messages rules may send in a turn."""
    return sum(rule.messages for place, rule in enumerate(RULES) if rules >> place & 1)


def look_at_messages(rules: int) -> bool:
    """Whether one of the rules looks at messages."""
    return rules & int(_CHECKS) != 0


# --- what the loop calls --------------------------------------------------------------------------------------------
#
# The functions that rules declare are called by address, as strategies are: what no population of a market is under is
# not compiled for it. Rules are called in the order of their files.

HOOKS = ("open_episode", "begin_step", "before_turn", "after_turn", "check_message", "amend_order", "note_change",
         "end_step", "end_episode")  # fmt: skip
_WIDTH = len(HOOKS)
(OPEN_EPISODE, BEGIN_STEP, BEFORE_TURN, AFTER_TURN, CHECK_MESSAGE, AMEND_ORDER, NOTE_CHANGE, END_STEP, END_EPISODE) = (
    np.int64(i) for i in range(_WIDTH)
)
_AT_MESSAGES = ("check_message", "amend_order", "note_change")
_CHECKS = np.int64(
    sum(1 << place for place, rule in enumerate(RULES) if any(getattr(rule, hook) for hook in _AT_MESSAGES))
)
_call_1, _call_2, _call_6, _call_7, _call_8 = caller(1), caller(2), caller(6), caller(7), caller(8)


@njit
def _called(world, rules, rule, hook):
    """The address of what a rule does at a hook; 0 if it does nothing there, or its bit is not among ``rules``."""
    return world.rule_calls[rule * _WIDTH + hook] if rules >> rule & 1 != 0 else NONE


@njit
def _for_all(world, hook):
    for rule in range(len(world.rule_calls) // _WIDTH):
        address = _called(world, world.clock[0].rules, rule, hook)
        if address != 0:
            _call_1(address, address_of(world))


@njit
def _before(world, agent, rules):
    acts = True
    for rule in range(len(world.rule_calls) // _WIDTH):
        address = _called(world, rules, rule, BEFORE_TURN)
        if address != 0:
            acts = _call_2(address, address_of(world), agent) != 0 and acts
    return acts


@njit
def _after(world, agent, rules):
    for rule in range(len(world.rule_calls) // _WIDTH):
        address = _called(world, rules, rule, AFTER_TURN)
        if address != 0:
            _call_2(address, address_of(world), agent)


@inlined
def open_episode(world):
    """An episode begins."""
    if world.clock[0].rules != 0:
        _for_all(world, OPEN_EPISODE)


@inlined
def begin_step(world):
    """A step begins."""
    if world.clock[0].rules != 0:
        _for_all(world, BEGIN_STEP)


@inlined
def end_step(world):
    """A step ends."""
    if world.clock[0].rules != 0:
        _for_all(world, END_STEP)


@inlined
def end_episode(world):
    """An episode ends."""
    if world.clock[0].rules != 0:
        _for_all(world, END_EPISODE)


@inlined
def before_turn(world, agent, rules):
    """Before a strategy acts. Returns whether it may."""
    return _before(world, agent, rules) if rules != 0 else True


@inlined
def after_turn(world, agent, rules):
    """After a strategy has acted."""
    if rules != 0:
        _after(world, agent, rules)


@inlined
def checks_messages(world):
    """Whether a rule of this market looks at messages."""
    return world.clock[0].rules & _CHECKS != 0


@njit
def check_message(world, agent, venue, kind, side, price, lots):
    """Why a message is rejected; ACCEPTED if it is not. Of a replacement, ``kind`` is REPLACE."""
    for rule in range(len(world.rule_calls) // _WIDTH):
        address = _called(world, world.clock[0].rules, rule, CHECK_MESSAGE)
        if address != 0:
            reason = _call_7(address, address_of(world), agent, venue, kind, side, price, lots)
            if reason != ACCEPTED:
                return reason
    return ACCEPTED


@njit
def amend_order(world, agent, rules, venue, kind, side, price, lots, order):
    """Price and lots with which a message enters, and why it is rejected; ACCEPTED if it is not."""
    clock = world.clock[0]
    for rule in range(len(world.rule_calls) // _WIDTH):
        address = _called(world, rules, rule, AMEND_ORDER)
        if address != 0:
            asked = lots
            clock.amended_price = price
            lots = _call_8(address, address_of(world), agent, venue, kind, side, price, asked, order)
            price = clock.amended_price
            if lots == 0 and asked != 0:
                return price, lots, _REJECTIONS[rule]
    return price, lots, ACCEPTED


@njit
def note_change(world, agent, rules, venue, bought, sold, traded):
    """A message has changed what an agent's open orders may buy and sell, and what it has bought."""
    for rule in range(len(world.rule_calls) // _WIDTH):
        address = _called(world, rules, rule, NOTE_CHANGE)
        if address != 0:
            _call_6(address, address_of(world), agent, venue, bought, sold, traded)


_REJECTIONS = tuple(np.int64(rule.rejection) for rule in RULES)


# --- callbacks --------------------------------------------------------------------------------------------------------

# Each is a copy of one of these, with a rule's function as RULE. A C callback hides an exception that is raised in it,
# so it is turned into a status that ends the run.
RULE: Any = None


@njit
def _end_run(address):
    attach(address).clock[0].status = BROKEN
    return np.int64(0)


def _raise_again(address):
    raise


end_broken = _end_run if COMPILED else _raise_again


def _of_all(address):
    try:
        RULE(attach(address))
        return np.int64(0)
    except Exception:
        return end_broken(address)


def _of_turn(address, agent):
    try:
        RULE(attach(address), agent)
        return np.int64(0)
    except Exception:
        return end_broken(address)


def _whether(address, agent):
    try:
        return np.int64(1 if RULE(attach(address), agent) else 0)
    except Exception:
        return end_broken(address)


def _of_message(address, agent, venue, kind, side, price, lots):
    try:
        return np.int64(RULE(attach(address), agent, venue, kind, side, price, lots))
    except Exception:
        return end_broken(address)


def _of_order(address, agent, venue, kind, side, price, lots, order):
    try:
        world = attach(address)
        price, lots = RULE(world, agent, venue, kind, side, price, lots, order)
        world.clock[0].amended_price = price
        return np.int64(lots)
    except Exception:
        return end_broken(address)


def _of_change(address, agent, venue, bought, sold, traded):
    try:
        RULE(attach(address), agent, venue, bought, sold, traded)
        return np.int64(0)
    except Exception:
        return end_broken(address)


_TEMPLATES: dict[str, Any] = dict.fromkeys(HOOKS, _of_all) | {
    "before_turn": _whether, "after_turn": _of_turn, "check_message": _of_message, "amend_order": _of_order,
    "note_change": _of_change,
}  # fmt: skip


@cache
def _compiled(place: int, hook: str) -> Any:
    """The callback of a rule at a hook."""
    rule, path, template = RULES[place], list(_BY_FILE)[place], _TEMPLATES[hook]
    name = f"{hook}_of_{path.stem}"  # it enters the name of the cached file
    made = FunctionType(template.__code__, globals() | {"RULE": getattr(rule, hook)}, name)
    made.__qualname__ = name
    made.__module__ = __name__
    return callback(made, template.__code__.co_argcount, cached=path.parent == Path(__file__).parent)


def addresses_of(rules: int) -> list[int]:
    """Where what rules do is called, by rule and hook: of those with these bits, the others do nothing."""
    return [
        _compiled(place, hook).address if rules >> place & 1 and getattr(rule, hook) is not None else 0
        for place, rule in enumerate(RULES)
        for hook in HOOKS
    ]
