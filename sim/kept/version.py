"""The version of the code on which a kept number depends.

A kept result is taken again only where all that could change it is the same: every file of ``sim``, the packages that
compute, and of ``analysis`` the modules that its numbers pass through. Files are found by walking folders and import
statements, never by a list that somebody would have to keep.
"""

from __future__ import annotations

import ast
import platform
from collections.abc import Iterator
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sim.core.sources import SIM, digest_of_files, digest_of_sim

_ROOT = SIM.parent
_OURS = ("analysis", "spreadgame")  # beside sim, all of which counts anyway
_COMPUTING = ("numpy", "numba", "llvmlite", "scipy", "networkx")


def packages() -> dict[str, str]:
    """Versions of Python and of the packages that compute."""
    found = {"python": platform.python_version()}
    for name in _COMPUTING:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # a copy that was not installed
            found[name] = "unknown"
    return found


def _digest(*parts: object) -> str:
    return blake2b(repr(parts).encode(), digest_size=16).hexdigest()


# Made when it is imported, as the code that runs is: an edit during a long session changes neither.
CODE = _digest(digest_of_sim(), sorted(packages().items()))


def version_of(*modules: str) -> str:
    """The version of numbers that pass through modules outside ``sim``: of these, and of ``sim``.

    Parameters
    ----------
    modules : names such as ``analysis.theory.spreads.kyle``. What they import counts, however far; so do data files
        beside a module that counts. An import by a name that is made while it runs is not seen.
    """
    return _digest(CODE, digest_of_files(files_of(*modules), _ROOT))


def files_of(*modules: str) -> list[Path]:
    """The files outside ``sim`` that :func:`version_of` looks at, sorted."""
    waiting, seen, found = list(modules), set[str](), set[Path]()
    while waiting:
        name = waiting.pop()
        if name in seen or name.partition(".")[0] not in _OURS:
            continue
        seen.add(name)
        path = _file_of(name)
        if path is None:  # a function or a class, which the module before the last dot has
            continue
        found |= {path, *(each for each in path.parent.iterdir() if _is_data(each))}
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        waiting += [name.rpartition(".")[0], *_imported(ast.parse(path.read_bytes()), package)]
    return sorted(found)


def _file_of(name: str) -> Path | None:
    stem = _ROOT.joinpath(*name.split("."))
    return next((path for path in (stem.with_suffix(".py"), stem / "__init__.py") if path.is_file()), None)


def _is_data(path: Path) -> bool:
    return path.is_file() and path.suffix not in (".py", ".pyc") and path.name[0] != "."


def _imported(tree: ast.AST, package: str) -> Iterator[str]:
    """Names of modules that a module imports when it runs, and perhaps of things in them."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            home = ".".join([*above, *([node.module] if node.module else [])])
            yield home
            yield from (f"{home}.{each.name}" for each in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from (name for each in node.orelse for name in _imported(each, package))
        else:
            yield from _imported(node, package)
