"""A user's own strategies: a Python file given with ``--strategies my_maker.py``.

What runs is what stands in the files now: they are read anew each time, and run again when they, or modules beside
them, no longer say what they said when they last ran.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np
from numba.core.dispatcher import Dispatcher

from sim.core.compiled import not_kept
from sim.core.errors import StrategyError
from sim.strategy_kit import declare, registry
from sim.strategy_kit.compile_errors import PUBLIC, PUBLIC_NAMES
from sim.strategy_kit.declare import Strategy
from sim.strategy_kit.loading.closed_code import calls_itself, own_draws, unchecked_index
from sim.strategy_kit.loading.fingerprint import fingerprint
from sim.strategy_kit.loading.module_loader import TAKEN, Contents, Reader, digest, folder_first
from sim.strategy_kit.loading.reads import packages_in, recorded_reads
from sim.strategy_kit.loading.uses import uses

_MOST_MESSAGES = 10_000_000  # of a turn: room for all of them is made before it
_NAME = re.compile(r"[\w-]{1,64}")  # it is part of a file's name in the cache


@dataclasses.dataclass(frozen=True)
class _Loaded:
    """A file that was run."""

    contents: Contents  # of it and of the modules beside it
    declared: list[Strategy]
    reads: Contents  # other files that it read while it ran
    packages: dict[str, str]  # that it imports, and their versions

    def is_current(self) -> bool:
        """Whether every file still says what it said."""
        try:
            return all(digest(path.read_bytes()) == was for path, was in (self.contents | self.reads).items())
        except OSError:
            return False


_loaded: dict[Path, _Loaded] = {}


def load_file(path: str | Path) -> list[Strategy]:
    """Make known the strategies that a Python file declares.

    Parameters
    ----------
    path : the file. Modules beside it can be imported; they are read anew with it, whatever Python has in memory.

    Returns
    -------
    list of Strategy
        Those that the file and the modules beside it declare, by name; scenarios can use them from now on. The very
        same as last time if nothing was edited.

    Raises
    ------
    StrategyError
        If there is no such file, it is not Python, it raises, or a declaration in it cannot stand. Nothing is known of
        its strategies then, not even what an earlier version declared.
    """
    path = Path(path)
    try:
        home = path.resolve()
        data = home.read_bytes()
    except (OSError, ValueError, RuntimeError) as error:
        raise StrategyError(f"{path}: {_unreadable(path, error)}") from error
    known = _loaded.pop(home, None)
    for found in known.declared if known else ():
        if registry._from_files.get(found.name) is found:
            del registry._from_files[found.name]
    if known is None or not known.is_current():
        known = _run(path, home, data)
    _loaded[home] = known
    for found in known.declared:
        registry.register(found)
    return list(known.declared)


def files_of(names: Collection[str]) -> list[dict[str, Any]]:
    """The files from which known strategies of these names came, by path.

    Returns
    -------
    list of dict
        Of each file its path (``file``), a ``digest`` of what stood in it when it ran, and those of the ``strategies``
        that it declares; of modules beside a file, which ran with it, too.
    """
    found: dict[str, dict[str, Any]] = {}
    for loaded in _loaded.values():
        used = [each for each in loaded.declared if each.name in names and registry._from_files.get(each.name) is each]
        for path, said in loaded.contents.items() if used else ():
            own = sorted(each.name for each in used if Path(each.file) == path)
            found[str(path)] = {"file": str(path), "digest": said, "strategies": own}
    return [found[path] for path in sorted(found)]


def load_files(paths: Iterable[str | Path]) -> None:
    """Make known the strategies of several files that are to be used together.

    Raises
    ------
    StrategyError
        If one cannot be loaded, or two declare a strategy of one name.
    """
    declared: dict[str, Strategy] = {}
    for path in paths:
        for found in load_file(path):
            other = declared.setdefault(found.name, found)
            if other.file != found.file:
                twice = f"{_line(found)}: strategy {found.name!r} has the name of another ({_line(other)})"
                raise StrategyError(f"{twice} — choose another for one of them, or leave one of the files out")


def loaded(home: Path) -> _Loaded:
    """What is known of a file that :func:`load_file` has loaded, by its resolved path."""
    return _loaded[home]


def _unreadable(path: Path, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        near = get_close_matches(path.name, [other.name for other in path.parent.glob("*.py")], 1)
        return "there is no such file" + (f" — did you mean {near[0]!r}?" if near else "")
    if isinstance(error, IsADirectoryError):
        return "this is a folder — give the Python file in it that declares strategies"
    return f"the file cannot be read: {getattr(error, 'strerror', None) or error}"


# --- running a file -------------------------------------------------------------------------------------------------


def _run(path: Path, home: Path, data: bytes) -> _Loaded:
    """Run the file as a module named by its content, and look at what it declared."""
    ours = registry.built_in().values()
    name = f"spreadgame_user_{digest(data)}"
    contents: Contents = {}
    reads: Contents = {}
    loader = Reader(name, str(home), contents)
    module = importlib.util.module_from_spec(ModuleSpec(name, loader, origin=str(home)))
    module.__file__ = str(home)
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        with (
            folder_first(home.parent, contents),
            _uncached(contents),
            _recording() as declared,
            recorded_reads(reads),
        ):
            loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a file may raise anything
        del sys.modules[name]
        if before is not None:
            sys.modules[name] = before
        raise StrategyError(_import_failure(path, home, contents, error)) from error
    declared += [value for value in vars(module).values() if isinstance(value, Strategy)]
    found = list(dict.fromkeys(each for each in declared if each not in ours))
    if not found:
        raise StrategyError(f"{path}: it declares no strategy — put @strategy(…), from {PUBLIC}, over act(me, market)")
    checked = [_checked(each, found, contents) for each in sorted(found, key=lambda each: each.name)]
    packages = packages_in(contents, reads)
    return _Loaded(contents, checked, {each: was for each, was in reads.items() if each not in contents}, packages)


@contextmanager
def _uncached(contents: Contents) -> Iterator[None]:
    """Inside, functions of these files are not cached by themselves: Numba would not see what changes around them.

    A strategy's callback is cached, with all of them inside it.
    """
    enable = Dispatcher.enable_caching

    def enable_elsewhere(function: Any) -> None:
        if Path(function.py_func.__code__.co_filename) not in contents:
            enable(function)

    Dispatcher.enable_caching = enable_elsewhere  # type: ignore[assignment, method-assign]
    try:
        with not_kept(contents):
            yield
    finally:
        Dispatcher.enable_caching = enable  # type: ignore[method-assign]


@contextmanager
def _recording() -> Iterator[list[Strategy]]:
    """Inside, every declaration is noted, also one that a second function of its name hides."""
    found: list[Strategy] = []

    def note(**fields: Any) -> Strategy:
        found.append(Strategy(**fields))
        return found[-1]

    declare.Strategy = note  # type: ignore[assignment, misc]
    try:
        yield found
    finally:
        declare.Strategy = Strategy  # type: ignore[misc]


def _import_failure(path: Path, home: Path, contents: Contents, error: BaseException) -> str:
    """What went wrong while the file ran, and where."""
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename) in contents:
        line = f", line {error.lineno}" if error.lineno else ""
        return f"{_shown(path, home, error.filename)}{line}: this is not Python: {error.msg}"
    place = str(path)
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename) in contents:
            place = f"{_shown(path, home, frame.filename)}, line {frame.lineno}"
    if isinstance(error, StrategyError):
        return f"{place}: {error}"
    text = f"{place}: it cannot be imported: {type(error).__name__}: {error}".rstrip(": ")
    remedy = _import_remedy(home.parent, error)
    return f"{text} — {remedy}" if remedy else text


def _shown(path: Path, home: Path, filename: str) -> str:
    return str(path) if Path(filename) == home else filename


def _import_remedy(folder: Path, error: BaseException) -> str:
    if isinstance(error, NameError) and error.name in PUBLIC_NAMES:
        return f"from {PUBLIC} import {error.name}"
    if not isinstance(error, ImportError):
        return ""
    if "relative import" in str(error):
        return "write the import without the dot: modules beside the file are found by their names"
    top = (error.name or "").partition(".")[0]
    if top in TAKEN and any((folder / each).exists() for each in (top, f"{top}.py")):
        return f"{folder / top} is not found under this name, which is taken: rename it"
    if isinstance(error, ModuleNotFoundError):
        return "install it, or put it beside the file"
    wanted = re.match(r"cannot import name '(\w+)'", str(error))
    near = get_close_matches(wanted[1], dir(sys.modules.get(error.name or "")), 1) if wanted else []
    return f"did you mean {near[0]!r}?" if near else ""


# --- looking at what it declared ------------------------------------------------------------------------------------


def _checked(found: Strategy, all_of_them: list[Strategy], contents: Contents) -> Strategy:
    """The strategy, ready to be known by its name.

    Raises
    ------
    StrategyError
        If its name or its function cannot stand.
    """
    act = getattr(found.act, "py_func", found.act)  # of a function that its author has compiled already
    place = f"{_line(found)}: strategy {found.name!r}"
    if not _NAME.fullmatch(found.name):
        raise StrategyError(f"{place}: this is not a name — use 1 to 64 letters, digits, _ and -")
    if found.name in registry.built_in():
        raise StrategyError(f"{place} has the name of one of ours — choose another")
    if twins := [other for other in all_of_them if other.name == found.name and other is not found]:
        raise StrategyError(f"{place} has the name of another ({_line(twins[0])}) — choose another for one of them")
    try:
        inspect.signature(act).bind(None, None)
    except TypeError:
        takes = f"{act.__name__}{inspect.signature(act)}"
        raise StrategyError(f"{place}: it is {takes} — it must take two arguments: act(me, market)") from None
    _check_code(found, act)
    _check_needs(found, place)
    bound = _bounded(found, place)
    bound(found.resolve({}))
    checked = dataclasses.replace(found, act=act, max_messages=bound, validate=_worded(found, place))
    return dataclasses.replace(checked, cache_key=fingerprint(checked, contents))


def _line(found: Strategy) -> str:
    return f"{found.file}, line {found.act.__code__.co_firstlineno}"


def _check_code(found: Strategy, act: Any) -> None:
    """What a strategy's function may not be or do."""
    if inspect.isgeneratorfunction(act) or inspect.iscoroutinefunction(act) or inspect.isasyncgenfunction(act):
        raise StrategyError(
            f"{_line(found)}: strategy {found.name!r}: act must be a plain function, without yield or async"
        )
    for look, what in (
        (own_draws, "draws from {}, so that the same seed would not give the same run — use uniform(me, market) or "
         "normal(me, market)"),
        (calls_itself, "has a function {}() that calls itself, which can end the process — write it as a loop"),
        (unchecked_index, "reaches memory by {}, where no index is checked — index the array itself"),
    ):  # fmt: skip
        if place := look(act):
            name, line = place
            raise StrategyError(f"{found.file}, line {line}: strategy {found.name!r} {what.format(name)}")


# What a strategy needs of its population to call a function: without it, the function tells it nothing.
_NEEDED_BY = {"signal": "signal", "reservation_price": "reservation", "private_value": "private_values"}


def _check_needs(found: Strategy, place: str) -> None:
    """A strategy that asks for what its population may not have declares it, so that the scenario is checked for it."""
    declared = {*found.needs, *(need for each in found.parameters.values() for need in each.needs.values())}
    for function, need in _NEEDED_BY.items():
        if function in uses(found) and need not in declared:
            raise StrategyError(
                f"{place}: it calls {function}(), which tells nothing where a population has none — declare "
                f'needs=("{need}",), or {{choice: "{need}"}} as needs of the parameter that decides'
            )


def _worded(found: Strategy, place: str) -> Callable[[Mapping[str, Any]], str]:
    """Its ``validate``, whose own mistakes are told as such."""

    def validate(given: Mapping[str, Any]) -> str:
        try:
            text: object = found.validate(given)
        except (Exception, SystemExit) as error:
            raise StrategyError(f"{place}: its validate raised {type(error).__name__}: {error}") from error
        if not isinstance(text, str):
            raise StrategyError(
                f"{place}: its validate returned {text!r} — it must return a text, empty if nothing is wrong"
            )
        return text

    return validate


def _bounded(found: Strategy, place: str) -> Callable[[Mapping[str, Any]], int]:
    """Its ``max_messages``, whose own mistakes are told as such."""

    def most(given: Mapping[str, Any]) -> int:
        try:
            number: object = found.max_messages(given)
        except (Exception, SystemExit) as error:
            raise StrategyError(f"{place}: its max_messages raised {type(error).__name__}: {error}") from error
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 0:
            raise StrategyError(f"{place}: its max_messages is {number!r} — it must be, or return, a whole number")
        if number > _MOST_MESSAGES:
            raise StrategyError(f"{place}: its max_messages is {number:,} — {_MOST_MESSAGES:,} are the most of a turn")
        return int(number)

    return most
