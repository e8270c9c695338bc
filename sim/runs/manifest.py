"""What a run's manifest says of it: what ran, on what, how far it came, what was rejected, what was changed.

The shape of a manifest and its digests are those of :mod:`sim.runs.files`.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.scenario import Scenario, dump_toml
from sim.scenario.toml_writer import to_text

if TYPE_CHECKING:  # reading a manifest needs no engine
    from sim.runs.simulation import Simulation

_PACKAGES = ("spreadgame", "numpy", "numba", "pandas", "pyarrow", "mesa")


def versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def scenario_hash(scenario: Scenario) -> str:
    """A digest of the scenario as resolved, its seed included."""
    return hashlib.blake2b(dump_toml(scenario).encode(), digest_size=16).hexdigest()


def changes_in_words(manifest: dict[str, Any]) -> list[str]:
    """What was changed for a run, as a heading says it: ``informed.arrivals.share = 0.5``, ``mine.py (3f2a9c1d)``."""
    changed = [
        f"{path} = {_in_words(value)}"
        for path, value in manifest.get("overrides", {}).items()
        if path != "run.seed"  # the seed is said anyway
    ]
    files = manifest.get("strategy_files", ())
    return changed + [f"{Path(each['file']).name} ({each['digest'][:8]})" for each in files if each["strategies"]]


def _in_words(value: Any) -> str:
    try:
        return to_text(value)
    except TypeError:  # null, which nobody wrote
        return json.dumps(value)


def rejections(simulation: Simulation) -> dict[str, dict[str, int]]:
    """How many messages were rejected, by population and reason (one of :data:`sim.core.codes.REASONS`)."""
    from sim.core.codes import REASONS

    world, found = simulation.built.storage.world, {}
    counts = world.rejections.reshape(-1, len(REASONS))
    for population, row in zip(simulation.built.scenario.populations, counts, strict=True):
        if row.any():
            found[population.name] = {reason: int(count) for reason, count in zip(REASONS, row, strict=True) if count}
    return found


def kept_value(value: Any) -> Any:
    """A value of a scenario as JSON has it: numbers that are not finite, which JSON has not, as TOML writes them."""
    if isinstance(value, dict):
        return {key: kept_value(held) for key, held in value.items()}
    if isinstance(value, list):
        return [kept_value(held) for held in value]
    return to_text(value) if isinstance(value, float) and not math.isfinite(value) else value


def manifest_of(simulation: Simulation, status: str, seconds: float) -> dict[str, Any]:
    """What a run's manifest says of it; whoever stopped the run adds the reason, and the signal if that was one."""
    from sim.strategy_kit.loading.files import files_of  # here: it brings the engine

    clock, scenario = simulation.clock, simulation.built.scenario
    messages = int(clock["messages"])
    populations, first = [], 0
    for population in scenario.populations:
        populations.append(
            {"name": population.name, "strategy": population.strategy, "first": first, "count": population.count}
        )
        first += population.count
    return {
        "status": status,
        "reason": "",
        "signal": None,
        "title": scenario.title,
        "scenario_hash": scenario_hash(scenario),
        "warnings": [str(each) for each in scenario.warnings()],
        "seed": scenario.run.seed,
        "overrides": {path: kept_value(value) for path, value in scenario.changes.items()},
        "strategy_files": files_of({population.strategy for population in scenario.populations}),
        "versions": versions(),
        "steps": simulation.done,
        "steps_asked": simulation.total,
        "episodes": int(clock["episode"]),
        "messages": messages,
        "trades": int(clock["trades"]),
        "rejected": int(clock["rejected"]),
        "rejections": rejections(simulation),
        "repriced_quotes": int(clock["repriced_quotes"]),
        "seconds": seconds,
        "messages_per_second": messages / seconds if seconds > 0 else 0.0,
        "populations": populations,
        "sampling": {
            "book_every": simulation.built.sampling.book_every,
            "agents_every": simulation.built.sampling.agents_every,
        },
    }
