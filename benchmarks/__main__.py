"""``python -m benchmarks [--json FILE] [--only NAME …]``: one table, Spreadgame beside its peers, measured in turns."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.measure import ROUNDS, Result, Skipped, alternate
from benchmarks.peers import pams_market

REPLAYS = 10  # of a stream in one sample of the engine
WANTED = "`make bench` installs it, for Python below 3.13 (it has no later wheel)"
PACKAGES = ("spreadgame", "numpy", "numba", "mesa", "bourse")


def _ours(function: str, *arguments: object) -> Callable[[], float]:
    """Name a function of ``benchmarks.ours``, imported when first called."""
    return lambda: float(getattr(import_module("benchmarks.ours"), function)(*arguments))


def _bourse(module: str, function: str, *arguments: object) -> Callable[[], float]:
    """Name a function of a module that needs bourse, which not every Python has."""

    def measure() -> float:
        try:
            found = import_module(f"benchmarks.peers.{module}")
        except ModuleNotFoundError as error:
            if error.name != "bourse":
                raise
            raise Skipped(f"bourse is not installed in this Python, {platform.python_version()}: {WANTED}") from None
        return float(getattr(found, function)(*arguments))

    return measure


def _engine_call() -> float:
    """One Python call per message, on the stream that is slower so."""
    return min(_ours("engine_call", name)() for name in ("thin", "deep"))


# Name → (its key in the JSON file, what measures it). Those in one group take turns.
GROUPS: tuple[dict[str, tuple[str, Callable[[], float]]], ...] = (
    {
        "engine_thin": ("engine_thin_messages_per_second", _ours("engine", "thin", REPLAYS)),
        "bourse_thin": ("bourse_thin_messages_per_second", _bourse("bourse_engine", "engine", "thin")),
    },
    {
        "engine_deep": ("engine_deep_messages_per_second", _ours("engine", "deep", REPLAYS)),
        "bourse_deep": ("bourse_deep_messages_per_second", _bourse("bourse_engine", "engine", "deep")),
    },
    {"engine_call": ("engine_call_messages_per_second", _engine_call)},
    {
        "market": ("market_messages_per_second", _ours("market")),
        "python_agents": ("python_agents_messages_per_second", _ours("python_agents")),
        "bourse_market": ("bourse_market_messages_per_second", _bourse("bourse_market", "market")),
        "bourse_random_agents": ("bourse_random_agents_messages_per_second", _bourse("bourse_market", "random_agents")),
        "pams_market": ("pams_market_messages_per_second", pams_market.market),
    },
    {"sleepers": ("sleepers_ratio", _ours("sleepers_ratio"))},
    {"herd": ("herd_turns_per_second", _ours("herd_turns_per_second"))},
    {"hawkes": ("hawkes_ratio", _ours("hawkes_ratio"))},
    {"empty_step": ("empty_step_nanoseconds", _ours("empty_step_nanoseconds"))},
)
KEYS = {name: key for group in GROUPS for name, (key, _) in group.items()}

# The table: what is measured, ours, the peer, the peer's name.
ROWS = (
    ("engine, thin stream", "engine_thin", "bourse_thin", "bourse (Rust)"),
    ("engine, deep stream", "engine_deep", "bourse_deep", "bourse (Rust)"),
    ("engine, called per message", "engine_call", None, ""),
    ("whole market", "market", "bourse_market", "bourse, Python agents"),
    ("whole market", "market", "bourse_random_agents", "bourse, its own agents"),
    ("whole market", "market", "pams_market", "PAMS"),
    ("plain-Python agents", "python_agents", "bourse_market", "bourse, Python agents"),
    ("plain-Python agents", "python_agents", "bourse_random_agents", "bourse, its own agents"),
    ("plain-Python agents", "python_agents", "pams_market", "PAMS"),
    ("100,000 sleepers, speed kept", "sleepers", None, ""),
    ("turns of a herd of 100,000", "herd", None, ""),
    ("Hawkes arrivals, speed of Poisson", "hawkes", None, ""),
    ("step without a turn, ns", "empty_step", None, ""),
)


def ratio(results: dict[str, Result], ours: str, peer: str) -> float | None:
    """Return how many times faster ours is, None where either was not measured."""
    return results[ours].median / results[peer].median if {ours, peer} <= results.keys() else None


def report(results: dict[str, Result], skipped: dict[str, str]) -> dict[str, Any]:
    """Gather what the JSON file holds: medians, ratios, reasons, samples, machine and versions."""
    return {
        "engine_thin_ratio": ratio(results, "engine_thin", "bourse_thin"),
        "engine_deep_ratio": ratio(results, "engine_deep", "bourse_deep"),
        **{key: results[name].median if name in results else None for name, key in KEYS.items()},
        "skipped": skipped,
        "samples": {name: result.samples for name, result in results.items()},
        "machine": machine(),
        "versions": versions(),
    }


def machine() -> dict[str, Any]:
    """Say what this was measured on."""
    cpuinfo = Path("/proc/cpuinfo")
    models = cpuinfo.read_text().split("model name") if cpuinfo.exists() else []
    processor = models[1].partition(":")[2].partition("\n")[0].strip() if len(models) > 1 else platform.processor()
    return {"processor": processor, "cores": os.cpu_count(), "system": f"{platform.system()} {platform.machine()}"}


def versions() -> dict[str, str | None]:
    """Return the versions of Python and of the packages compared; None where one is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found | {"pams": pams_market.version()}


def table(results: dict[str, Result], skipped: dict[str, str]) -> Table:
    """Lay the medians out beside one another."""
    drawn = Table(title=f"Order messages per second, medians of {ROUNDS}")
    drawn.add_column("")
    drawn.add_column("Spreadgame", justify="right")
    drawn.add_column("peer")
    drawn.add_column("its", justify="right")
    drawn.add_column("ratio", justify="right")

    def cell(name: str | None) -> str:
        if name in skipped:
            return "skipped"
        return f"{results[name].median:,.{0 if results[name].median > 100 else 2}f}" if name in results else ""

    for title, ours, peer, label in ROWS:
        if {ours, peer} & (results.keys() | skipped.keys()):
            times = ratio(results, ours, peer) if peer else None
            drawn.add_row(title, cell(ours), label, cell(peer), "" if times is None else f"{times:.2f}")
    return drawn


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, show the table, write the file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Spreadgame's speed beside its peers'.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every figure to this file")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=KEYS, help=f"measure only: {', '.join(KEYS)}")
    options = parser.parse_args(arguments)

    console = Console()
    results: dict[str, Result] = {}
    skipped: dict[str, str] = {}
    with console.status("") as status:
        for group in GROUPS:
            chosen = {name: f for name, (_, f) in group.items() if not options.only or name in options.only}
            done, left = alternate(chosen, started=lambda name: status.update(f"measuring {name}"))
            results |= done
            skipped |= left
    console.print(table(results, skipped))
    for name, reason in skipped.items():
        console.print(f"skipped {name}: {reason}", style="yellow", highlight=False, markup=False)
    if options.json:
        options.json.write_text(json.dumps(report(results, skipped), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
