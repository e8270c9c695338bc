"""What was typed after ``spreadgame sweep`` becomes jobs."""

from __future__ import annotations

import argparse
from typing import Any

from sim.core.errors import SpreadgameError
from sim.experiment import Job, Range, cross, grid, jobs_of, latin_hypercube, profiles, sobol
from sim.scenario import Scenario
from sim.scenario.overrides import parsed, place_of


class _SweepError(SpreadgameError):
    """Something in what was typed."""


def jobs_of_sweep(given: argparse.Namespace, scenario: Scenario) -> list[Job]:
    """The jobs that were typed.

    Raises
    ------
    SpreadgameError
        If the options do not go together, or one has no meaning.
    """
    if (given.backend == "dask") != (given.scheduler is not None):
        raise _SweepError("--scheduler gives the address of a cluster to --backend dask; the two go together")
    if given.workers is not None and given.workers < 1:
        raise _SweepError(f"--workers {given.workers}: at least one is needed")
    if given.seeds < 1:
        raise _SweepError(f"--seeds {given.seeds}: at least one is needed")
    values = dict(_named("--grid", text, "1,2,3") for text in given.grid)
    ranges = {path: _range(path, text) for path, text in (_named("--range", each, "0.1,0.5") for each in given.ranges)}
    _check_apart(given, scenario)
    if (given.design is None) != (not ranges) or (given.design_points is None) != (given.design is None):
        raise _SweepError("a design needs all of --design, --design-points and --range: which, how many, and where")
    try:
        points = grid({path: _values(text) for path, text in values.items()})
        if given.design:
            spread = latin_hypercube if given.design == "latin" else sobol
            points = cross(points, spread(ranges, given.design_points))
    except ValueError as error:
        raise _SweepError(str(error)) from error
    first = scenario.run.seed
    if first + given.seeds > 2**63:
        raise _SweepError(f"--seeds {given.seeds}: there are not so many from {first} on")
    chosen = profiles(scenario) if given.profiles else ({},)
    return jobs_of(scenario, range(first, first + given.seeds), points, chosen)


def _named(option: str, text: str, example: str) -> tuple[str, str]:
    path, equals, values = text.partition("=")
    if not equals or not path.strip():
        raise _SweepError(f"{option} {text}: this does not say PATH=VALUES — write for example makers.count={example}")
    return path.strip(), values.strip()


def _check_apart(given: argparse.Namespace, scenario: Scenario) -> None:
    """See that nothing is asked twice of one value: of two settings one would have no effect."""
    typed = [("--set", text) for text in given.overrides]
    typed += [("--grid", text) for text in given.grid] + [("--range", text) for text in given.ranges]
    seen: dict[tuple[str | int, ...], str] = {}
    for option, text in typed:
        path = text.partition("=")[0].strip()
        place, other = place_of(scenario.given, path), None
        if option != "--set":
            other = seen.get(place)
        if other == option:
            raise _SweepError(f"{option} has {path} twice — put all its values into one")
        if other:
            raise _SweepError(f"{path} is in {other} and in {option} — leave one of them out")
        if option != "--set" and place == ("run", "seed"):
            raise _SweepError(f"{option} {text}: seeds are given by --seeds, and the first by --seed")
        seen[place] = option


def _values(text: str) -> list[Any]:
    """Values as TOML has them, between commas; texts may go without their quotes."""
    whole = parsed(f"[{text}]")
    if isinstance(whole, list):
        return whole
    return [parsed(part.strip()) for part in text.split(",") if part.strip()]


def _range(path: str, text: str) -> Range:
    parts = [part.strip() for part in text.split(",")]
    logarithmic = len(parts) == 3 and parts[2] == "log"
    try:
        low, high = (
            int(part) if part.lstrip("+-").isdigit() else float(part) for part in parts[: 2 if logarithmic else None]
        )
        return Range(low, high, logarithmic)
    except ValueError as error:
        raise _SweepError(f"--range {path}={text}: write {path}=LOW,HIGH or {path}=LOW,HIGH,log ({error})") from error
