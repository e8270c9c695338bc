"""Running the scoreboard: experiment by experiment; what is done is kept, and not done again."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from analysis.theory.experiments import Experiment
from analysis.theory.markets import Markets, folder
from analysis.theory.rows import Row, row_from
from sim.core.errors import RunError
from sim.core.sources import digest_of_files, files_in
from sim.kept.claim import claimed
from sim.kept.sealed import LOG, Damaged, read_json, sealed_json, was_sealed, write_whole
from sim.runs.execute import Progress


@dataclass(frozen=True)
class Watch:
    """Whom the board tells how far it is."""

    begins: Callable[[Experiment, int, int], None] = lambda experiment, place, count: None
    moves: Callable[[str, Progress], None] = lambda market, progress: None
    ends: Callable[[Experiment, list[Row], bool], None] = lambda experiment, rows, known: None


def version(experiment: Experiment) -> str:
    """What an experiment's rows depend on: the code that they pass through, the scenario files."""
    scenarios = folder().parent
    files = [each for name in ("theory", "reflexivity") for each in files_in(scenarios / name)]
    return f"{experiment.code}-{digest_of_files(files, scenarios)}"


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
        If the folder cannot be written, or another process writes there.
    Interrupted
        After Ctrl-C or SIGTERM; finished experiments are kept.
    """
    with claimed(kept, "theory") if kept is not None else nullcontext():
        return _run(experiments, quick, kept, watch)


def _run(experiments: Sequence[Experiment], quick: bool, kept: Path | None, watch: Watch) -> list[Row]:
    rows: list[Row] = []
    damaged: list[str] = []
    for place, experiment in enumerate(experiments):
        watch.begins(experiment, place, len(experiments))
        path = None if kept is None else kept / f"{experiment.name}.json"
        stamp = f"{version(experiment)}-{'quick' if quick else 'full'}"
        found = _known(path, stamp, damaged)
        known = found is not None
        if found is None:
            found = experiment.play(Markets(seed_of(experiment), quick, watch.moves))
            _keep(path, stamp, found)
        rows += found
        watch.ends(experiment, found, known)
    return rows


def _known(path: Path | None, stamp: str, damaged: list[str]) -> list[Row] | None:
    """The rows that are kept for a version; None if there are none. The first damaged file is said."""
    if path is None or not path.is_file():
        return None
    try:
        if not was_sealed(path.read_bytes()):  # of an earlier version
            return None
        content = read_json(path)
        return [row_from(row) for row in content["rows"]] if content["version"] == stamp else None
    except (OSError, Damaged, KeyError, TypeError):
        if not damaged:
            LOG.warning("%s: damaged, so made again; so is each that is like it", path)
        damaged.append(path.name)
        return None


def _keep(path: Path | None, stamp: str, rows: list[Row]) -> None:
    if path is None:
        return
    try:
        write_whole(path, sealed_json({"version": stamp, "rows": [row.as_json() for row in rows]}, indent=1))
    except OSError as error:
        raise RunError(f"{path}: the results cannot be kept: {error.strerror or error}") from error
