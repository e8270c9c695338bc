"""Running the scoreboard: experiment by experiment; what is done is kept, and not done again."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.theory.experiments import Experiment
from analysis.theory.markets import Markets, folder
from analysis.theory.rows import Row, row_from
from sim.errors import RunError
from sim.execute import Progress

_HERE = Path(__file__).parent
_SOURCES = ("sim/**/*.py", "analysis/theory/*.py", "analysis/theory/*.toml", "analysis/estimates.py")
_SHOWN = ("page.py", "picture.py")  # they only show the rows


@dataclass(frozen=True)
class Watch:
    """Whom the board tells how far it is."""

    begins: Callable[[Experiment, int, int], None] = lambda experiment, place, count: None
    moves: Callable[[str, Progress], None] = lambda market, progress: None
    ends: Callable[[Experiment, list[Row], bool], None] = lambda experiment, rows, known: None


def version() -> str:
    """A digest of all that the rows depend on: the engine, the experiments, the scenario files."""
    digest = hashlib.blake2b(digest_size=8)
    root = _HERE.parents[1]
    sources = [path for pattern in _SOURCES for path in root.glob(pattern) if path.name not in _SHOWN]
    for path in sorted([*sources, *folder().glob("*.toml")]):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def seed_of(experiment: Experiment) -> int:
    """Each experiment has a seed of its own, so that one unlucky draw is not the bad luck of all."""
    return zlib.crc32(experiment.name.encode())


def run_board(
    experiments: Sequence[Experiment], quick: bool = False, kept: Path | None = None, watch: Watch = Watch()
) -> list[Row]:
    """Run experiments and return their rows.

    Parameters
    ----------
    quick : small samples.
    kept : folder in which rows are kept, and from which experiments already done with this version are taken.

    Raises
    ------
    RunError
        If the folder cannot be written.
    Interrupted
        After Ctrl-C or SIGTERM; finished experiments are kept.
    """
    stamp = f"{version()}-{'quick' if quick else 'full'}"
    rows: list[Row] = []
    for place, experiment in enumerate(experiments):
        watch.begins(experiment, place, len(experiments))
        path = None if kept is None else kept / f"{experiment.name}.json"
        found = _known(path, stamp)
        known = found is not None
        if found is None:
            found = experiment.play(Markets(seed_of(experiment), quick, watch.moves))
            _keep(path, stamp, found)
        rows += found
        watch.ends(experiment, found, known)
    return rows


def _known(path: Path | None, stamp: str) -> list[Row] | None:
    if path is None or not path.is_file():
        return None
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return [row_from(row) for row in content["rows"]] if content["version"] == stamp else None
    except (OSError, ValueError, KeyError, TypeError):  # damaged: it is done again
        return None


def _keep(path: Path | None, stamp: str, rows: list[Row]) -> None:
    if path is None:
        return
    content = {"version": stamp, "rows": [row.as_json() for row in rows]}
    partial = path.with_suffix(".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(content, indent=1), encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise RunError(f"{path}: the results cannot be kept: {error.strerror or error}") from error
