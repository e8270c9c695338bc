"""The strategies by name: ours, which are the files in ``sim/strategies``, and those of a user's files."""

from __future__ import annotations

import importlib
import pkgutil
from difflib import get_close_matches
from functools import cache
from types import ModuleType

from sim.core.errors import StrategyError
from sim.core.renamed import SCENARIO, now
from sim.strategy_kit.declare import Strategy

_HOME = "sim.strategies"  # looked for when it is wanted: strategies stand above what they are written with
_from_files: dict[str, Strategy] = {}


def declared_in(module: ModuleType) -> list[Strategy]:
    """The strategies that a module itself declares, in the order of their names."""
    found = {value.name: value for value in vars(module).values() if isinstance(value, Strategy)}
    return [found[name] for name in sorted(found) if found[name].file == module.__file__]


@cache
def built_in() -> dict[str, Strategy]:
    """Our own strategies by name."""
    home = importlib.import_module(_HOME)
    modules = [importlib.import_module(each.name) for each in pkgutil.walk_packages(home.__path__, f"{_HOME}.")]
    return {found.name: found for module in modules for found in declared_in(module)}


def register(found: Strategy) -> None:
    """Make a user's strategy known by its name; the last file that declares a name wins over one loaded before it.

    Files that are to be used together may not share a name: see :func:`sim.strategy_kit.loading.files.load_files`.
    """
    if found.name in built_in():
        raise StrategyError(f"{found.file}: strategy {found.name!r} has the name of one of ours; choose another")
    _from_files[found.name] = found


def names() -> list[str]:
    """Every known strategy's name, sorted."""
    return sorted({*built_in(), *_from_files})


def get(name: str) -> Strategy:
    """The strategy called ``name``.

    Raises
    ------
    StrategyError
        If there is none; the message carries the nearest name.
    """
    if name in _from_files:
        return _from_files[name]
    if name in built_in():
        return built_in()[name]
    near = get_close_matches(name, names(), 1)
    told = now(name, SCENARIO, names())
    hint = told or (f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names())}")
    raise StrategyError(f"no strategy {name!r} — {hint}")
