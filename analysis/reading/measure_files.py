"""The files of ``analysis`` that declare measures, found without importing one; what is wrong with a file, in a line.

A file that is wrong takes no other measure down: its own measures are refused with that line.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sim.core.errors import RunError, SpreadgameError

_DECORATED = re.compile(r'^@measure\((?:\s*"([^"]+)")?', re.MULTILINE)


@dataclass(frozen=True)
class Found:
    """What the search found.

    Attributes
    ----------
    modules : in which each measure is declared, by the measure's name, sorted.
    wrong : what is wrong, in a line, by the name of a measure or by the path of a file.
    """

    modules: dict[str, str]
    wrong: dict[str, str]


def declared(text: str) -> list[str]:
    """Names of the measures that a source declares; empty ones where a name is not written as text."""
    return _DECORATED.findall(text)


@cache
def found(home: Path) -> Found:
    """The measures that the files of a folder, which is ``analysis``, declare; nothing is imported."""
    modules: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for path in sorted(home.rglob("*.py")):
        module = ".".join(("analysis", *path.relative_to(home).with_suffix("").parts))
        try:
            names = declared(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            wrong[str(path)] = f"{path}: it cannot be read ({error})"
            continue
        for name in names:
            if not name:
                wrong[str(path)] = f'{path}: write the name of the measure as text, in @measure("NAME", …)'
            elif name in modules:
                both = f"{module} and {modules[name]}" if module != modules[name] else f"two functions of {module}"
                wrong[name] = f"{path}: {both} declare a measure {name!r} — rename one"
            else:
                modules[name] = module
    return Found({name: module for name, module in sorted(modules.items()) if name not in wrong}, wrong)


@contextmanager
def told_in_a_line(home: Path, module: str) -> Iterator[None]:
    """Inside, what a measure's file raises that is no error in words becomes one: it names the file and where in it."""
    try:
        yield
    except (SpreadgameError, MemoryError):
        raise
    except Exception as error:
        raise _failed(home.joinpath(*module.split(".")[1:]).with_suffix(".py"), error) from error


def _failed(path: Path, error: Exception) -> RunError:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
    line, said = (lines[-1] if lines else None), f"{type(error).__name__}: {error}".partition("\n")[0]
    if isinstance(error, SyntaxError):
        line, said = error.lineno, error.msg
    return RunError(f"{path}{f', line {line}' if line else ''}: {said}")
