"""The files of ``analysis`` that declare measures, found without importing one; what is wrong with a file, in a line.

A file that is wrong takes no other measure down: its own measures are refused with that line.
"""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sim.core.errors import RunError

_HOME = Path(__file__).parents[1]
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
def found() -> Found:
    """The measures that the files declare; nothing is imported."""
    modules: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for path in sorted(_HOME.rglob("*.py")):
        module = ".".join(("analysis", *path.relative_to(_HOME).with_suffix("").parts))
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


def failed(module: str, error: Exception) -> RunError:
    """An exception that a measure's file raised, as a line that names the file and where in it."""
    path = _HOME.joinpath(*module.split(".")[1:]).with_suffix(".py")
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
    line, said = (lines[-1] if lines else None), f"{type(error).__name__}: {error}".partition("\n")[0]
    if isinstance(error, SyntaxError):
        line, said = error.lineno, error.msg
    return RunError(f"{path}{f', line {line}' if line else ''}: {said}")
