"""What a TOML file may say: reading it, checking it, changing it, writing it.

The vocabulary is in :mod:`sim.scenario.tables.market` and :mod:`sim.scenario.tables.processes`. Importing this compiles
nothing and imports neither NumPy nor pandas.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim.core.errors import Problem, ScenarioError
from sim.core.wording import near, patient
from sim.scenario.chains import expanded
from sim.scenario.checks.all import reference_problems
from sim.scenario.counterfactuals import counterfactual_problems, otherwise
from sim.scenario.declared import control_problems
from sim.scenario.defaults import filled
from sim.scenario.messages import Places, problems_of
from sim.scenario.overrides import Overrides, Pairs, override, pairs_of
from sim.scenario.tables.kinds import readable
from sim.scenario.tables.market import Scenario
from sim.scenario.toml_writer import to_toml
from sim.scenario.value_file import read_values

__all__ = [
    "Scenario", "dump_toml", "json_schema", "load", "parse", "read_values", "resolved", "with_counterfactual",
    "with_overrides",
]  # fmt: skip

_MANY_DIGITS = 10**40
_DEEPEST = 64
_MOST_BYTES = 16 * 2**20
_EMPTY = "there is nothing in it; a scenario needs at least [run], [[instruments]], [[venues]] and [[populations]]"


def load(path: str | Path, overrides: Overrides | None = None, seed: int | None = None) -> Scenario:
    """Read a scenario file.

    Parameters
    ----------
    path : a TOML file.
    overrides : changes made before anything is checked: a mapping of paths to values, or texts ``path=value``; see
        :func:`sim.scenario.overrides.pairs_of` and ``override`` there.
    seed : takes the place of ``run.seed``.

    Returns
    -------
    Scenario
        Checked, with every default filled in.

    Raises
    ------
    ScenarioError
        With every problem that can be known at once.

    Examples
    --------
    >>> load("scenarios/two_makers.toml", ["run.steps=100", "makers.params.half_spread=0.05"])  # doctest: +SKIP
    """
    path = Path(path)
    return parse(_read(path), str(path), path.parent, overrides, seed)


def parse(
    data: str | Mapping[str, Any],
    source: str = "<text>",
    folder: str | Path | None = None,
    overrides: Overrides | None = None,
    seed: int | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Scenario:
    """Read a scenario from TOML text, or from the data it stands for.

    Parameters
    ----------
    data : text, or a mapping of the same form.
    source : what error messages call it.
    folder : where relative paths to value files start; the current folder if None.
    overrides, seed : as for :func:`load`.
    changes : what was changed in the data before, by path, to be remembered with the overrides.

    Raises
    ------
    ScenarioError
        With every problem that can be known at once.
    """
    folder = Path() if folder is None else Path(folder)
    try:
        given = _listed(_decoded(data, source) if isinstance(data, str) else data)
        with patient():
            scenario = _checked(given, source, folder, overrides, seed, changes or {})
            if scenario.dashboard and not scenario.changes:  # of what the file says; changes may lead its paths nowhere
                _check_controls(scenario, source)
            return scenario
    except RecursionError as error:
        raise ScenarioError(source, [Problem("", "tables or lists are nested too deeply")]) from error


def with_overrides(scenario: Scenario, overrides: Overrides | None = None, seed: int | None = None) -> Scenario:
    """The scenario with some values changed, checked anew.

    The changes are made to what its file says, before defaults are filled in: a share left out is still the rest, and
    parameters that were not given are those of the strategy, even of another one.

    Parameters
    ----------
    scenario : from :func:`load` or :func:`parse`.
    overrides, seed : as for :func:`load`.

    Raises
    ------
    ScenarioError
        With every problem that can be known at once.
    """
    return parse(scenario.given, scenario.source, scenario.folder, overrides, seed, scenario.changes)


def with_counterfactual(scenario: Scenario, name: str) -> Scenario:
    """The scenario as one of its counterfactuals has it; it asks for no others.

    Raises
    ------
    KeyError
        If it has none of that name.
    """
    given, changes = _listed(scenario.given), _listed(scenario.counterfactuals[name])
    otherwise(given, list(changes.items()))  # each was checked when the scenario was read
    return parse(given, scenario.source, scenario.folder, None, scenario.run.seed, {**scenario.changes, **changes})


def resolved(scenario: Scenario | str | Path, overrides: Overrides | None = None, seed: int | None = None) -> Scenario:
    """A scenario, or the one of a file, with some values changed.

    Parameters
    ----------
    scenario : from :func:`load` or :func:`parse`, or the path of a TOML file.
    overrides, seed : as for :func:`load`.

    Raises
    ------
    ScenarioError
        With every problem that can be known at once.
    TypeError
        If the scenario is neither.
    """
    if not isinstance(scenario, Scenario):
        from sim.core.arguments import a_path  # here: it imports NumPy

        return load(a_path("scenario", scenario), overrides, seed)
    return with_overrides(scenario, overrides, seed) if overrides or seed is not None else scenario


def dump_toml(scenario: Scenario) -> str:
    """A scenario as TOML, with every default written out; :func:`parse` makes an equal scenario of it.

    Its counterfactuals are left out: they are questions about it. Paths to value files are absolute, so that it may be
    saved in any folder.
    """
    return to_toml(scenario.market())


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a scenario file, for editors that complete and check while one types."""
    return Scenario.model_json_schema() | {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Spreadgame scenario",
    }


def _checked(
    given: dict[str, Any],
    source: str,
    folder: Path,
    overrides: Overrides | None,
    seed: int | None,
    changes: Mapping[str, Any],
) -> Scenario:
    made = pairs_of(_listed(overrides) if isinstance(overrides, Mapping) else overrides or ())
    problems = override(given, made)
    if seed is not None:
        problems += override(given, [("run.seed", _listed(seed))])
    tree = _frozen(given)
    places = Places(tree)
    try:
        draft = Scenario.model_validate(tree)
    except ValidationError as error:
        problems += problems_of(error, places)
        draft = readable(Scenario, tree)
    draft, places.origins = expanded(draft)
    problems += reference_problems(draft, places, folder)
    if not problems and draft.counterfactuals:
        problems = counterfactual_problems(
            given, draft.counterfactuals, lambda pairs: _problems_if(given, source, folder, pairs)
        )
    if problems:
        raise ScenarioError(source, problems)
    scenario = filled(draft, folder)
    scenario.came_from(source, folder, given, {**changes, **dict(made)}, places.origins)
    return scenario


def _check_controls(scenario: Scenario, source: str) -> None:
    controls = scenario.dashboard.controls if scenario.dashboard else ()
    if problems := control_problems(scenario.given, controls):
        raise ScenarioError(source, problems)


def _problems_if(given: dict[str, Any], source: str, folder: Path, changes: Pairs) -> list[Problem]:
    """What would be wrong with the scenario of a counterfactual."""
    tree = _listed(given)
    problems = otherwise(tree, [(path, _listed(value)) for path, value in changes])
    try:
        _checked(tree, source, folder, None, None, {})
    except ScenarioError as error:
        problems += error.problems
    return problems


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        hint = ""
        if isinstance(error, FileNotFoundError):
            hint = near(path.name, [other.name for other in path.parent.glob("*.toml")])
        raise _unread(path, _why(error), hint) from error
    if len(data) > _MOST_BYTES:
        raise _unread(path, f"the file is larger than {_MOST_BYTES // 2**20} MiB; a scenario is a page or two")
    try:
        return data.decode("utf-8-sig")  # some editors put a byte order mark in front
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _unread(path, f"the file is not UTF-8 text (line {line})", "save it with the encoding UTF-8") from error


def _why(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, IsADirectoryError):
        return "this is a folder, not a file"
    return f"the file cannot be read: {getattr(error, 'strerror', None) or error}"


def _unread(path: Path, message: str, remedy: str = "") -> ScenarioError:
    return ScenarioError(str(path), [Problem("", message, remedy)])


def _decoded(text: str, source: str) -> dict[str, Any]:
    try:
        data = tomllib.loads(text)
    except ValueError as error:
        at = re.search(r" \(at (line \d+, column \d+|end of document)\)$", str(error))
        message = str(error)[: at.start()] if at else str(error)
        if "integer string conversion" in message:  # Python's own limit, at which tomllib gives no line
            message = "it holds a number of thousands of digits"
        raise ScenarioError(source, [Problem(at[1] if at else "", f"this is not TOML: {message}")]) from error
    if not data:
        raise ScenarioError(source, [Problem("", _EMPTY)])
    return data


def _listed(value: Any, depth: int = 0) -> Any:
    """A copy in dictionaries, lists and plain Python numbers, for values that come from NumPy as grids do.

    Raises
    ------
    RecursionError
        If tables or lists are nested more deeply than any scenario needs, whatever depth Python itself allows.
    """
    if depth > _DEEPEST:
        raise RecursionError
    if isinstance(value, int) and value.bit_length() > 200:
        # Wrong wherever it stands, and beyond 4,300 digits Python cannot even put it into an error message.
        return _MANY_DIGITS if value > 0 else -_MANY_DIGITS
    if isinstance(value, Mapping):
        return {str(key): _listed(held, depth + 1) for key, held in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    return [_listed(held, depth + 1) for held in value] if isinstance(value, (list, tuple)) else value


def _frozen(value: Any) -> Any:
    """A copy with tuples for lists: nothing in a scenario can be changed."""
    if isinstance(value, dict):
        return {key: _frozen(held) for key, held in value.items()}
    return tuple(_frozen(held) for held in value) if isinstance(value, list) else value
