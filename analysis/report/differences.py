"""What runs laid side by side differ in: values of their scenarios, the user's files of strategies, versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.runs.result import Run
from sim.scenario.toml_writer import to_text

_MOST, _LONGEST = 24, 60  # rows, and characters of a value
_TOLD = ("title", "question")  # stand above the table
NONE, _VERSION = "–", "version of "  # versions come last


def differences(runs: Sequence[Run]) -> list[tuple[str, list[str]]]:
    """Whatever is not the same in all runs: its path, as ``--set`` takes it, and what it is in each.

    Seeds, and values of the scenarios as they were resolved, defaults and all; then files of strategies, by a digest
    of their content, and versions of packages. At most 24 rows; the last then says how many there are beyond.
    """
    held = [dict(_of(run)) for run in runs]
    paths = sorted(dict.fromkeys(path for each in held for path in each), key=lambda path: path.startswith(_VERSION))
    found = [(path, [each.get(path, NONE) for each in held]) for path in paths]
    found = [(path, values) for path, values in found if len(set(values)) > 1]
    if len(found) > _MOST:
        return [*found[:_MOST], (f"… and {len(found) - _MOST:,} more", [""] * len(runs))]
    return found


def _of(run: Run) -> Iterator[tuple[str, str]]:
    yield "run.seed", str(run.scenario.run.seed)
    for path, value in _leaves({name: held for name, held in run.scenario.market().items() if name not in _TOLD}):
        text = to_text(value)
        yield path, text if len(text) <= _LONGEST else f"{text[: _LONGEST - 2]} …"
    for each in run.strategy_files:
        yield Path(str(each.get("file"))).name, str(each.get("digest"))[:8]
    versions = run.manifest.get("versions")
    for name, version in versions.items() if isinstance(versions, dict) else ():
        yield f"{_VERSION}{name}", str(version)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Values that are not tables, by path; members of arrays of tables go by name, or by number."""
    if isinstance(value, Mapping) and value:
        for key, held in value.items():
            yield from _leaves(held, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)) and value and all(isinstance(each, Mapping) for each in value):
        for place, each in enumerate(value):
            yield from _leaves(each, f"{path}.{each['name']}" if "name" in each else f"{path}[{place}]")
    else:
        yield path, value
