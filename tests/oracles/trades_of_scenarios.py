"""What every shipped scenario traded when its digest was written down: the same seed gives the same trades for good.

``python -m tests.oracles.trades_of_scenarios`` writes the digests anew. That is right only after a change that is meant
to change trades. Scenarios are cut to a few steps and episodes. Names of columns are left out: they may be renamed.
"""

from __future__ import annotations

import json
import platform
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path

from sim.runs.execute import execute
from sim.scenario import Scenario, load
from tests.places import SCENARIOS

FILE = Path(__file__).with_suffix(".json")
MOST_STEPS, MOST_EPISODES = 1_000, 10
TABLES = ("trades", "episodes")


def shipped() -> list[str]:
    """The scenarios, by their paths below scenarios/."""
    return sorted(path.relative_to(SCENARIOS).as_posix() for path in SCENARIOS.rglob("*.toml"))


def shortened(name: str) -> Scenario:
    """A scenario of few steps and episodes, and of all its shocks."""
    whole = load(SCENARIOS / name)
    last = max((shock.step for each in whole.instruments for shock in each.shocks), default=0)
    steps = min(whole.run.steps, max(MOST_STEPS, last + 1))
    changes = {"run.steps": steps, "run.episodes": min(whole.run.episodes, MOST_EPISODES), "record.trades": True}
    return load(SCENARIOS / name, changes)


def digest(name: str) -> str:
    """A digest of the values of a scenario's trades and episodes, column by column."""
    run, made = execute(shortened(name)), blake2b(digest_size=8)
    for table in TABLES:
        for column in run.table(table).columns:
            made.update(repr(column.to_pylist()).encode())
    return made.hexdigest()


def versions() -> dict[str, str]:
    """What the last bits of logarithms and of normal draws may depend on."""
    return {"machine": platform.machine(), "system": platform.system(), "numpy": version("numpy")}


def write() -> None:
    """Write the digests anew."""
    found = {"versions": versions(), "digests": {name: digest(name) for name in shipped()}}
    FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
