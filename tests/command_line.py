"""The command as a process of its own, and a market small enough to start often."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from spreadgame.commands.parser import main
from tests.places import ROOT

QUICKSTART = ROOT / "scenarios" / "quickstart.toml"
MARKET = """
title = "One maker and one trader"
[run]
steps = 200
[[instruments]]
name = "ACME"
value = { process = "random_walk", initial = 100.0, volatility = 0.02 }
[[venues]]
name = "lit"
[[populations]]
name = "maker"
strategy = "fixed_spread"
[[populations]]
name = "noise"
strategy = "noise"
turn = 1
"""
FAILING = """
from spreadgame.strategy import strategy

@strategy("fails", summary="raises at its twentieth turn", memory={"turns": int})
def fails(me, market):
    me.memory.turns += 1
    if me.memory.turns == 20:
        raise ValueError("enough")
"""
LONG = "run.steps=1000000000"
_started: list[subprocess.Popen[str]] = []


def environment(**more: str) -> dict[str, str]:
    """This process's environment with our sources first."""
    return os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "COLUMNS": "80"} | more


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "spreadgame", *map(str, arguments)]


def shell(*arguments: str | Path, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    """The command, run to its end."""
    return subprocess.run(
        command(*arguments), cwd=cwd, env=environment(**more), capture_output=True, text=True, encoding="utf-8"
    )


def take(name: str, arguments: Sequence[str | Path]) -> int:
    """The exit code of ``spreadgame measure NAME``, called in this process."""
    try:
        main(["measure", name, *map(str, arguments)])
    except SystemExit as end:
        return int(end.code or 0)
    raise AssertionError("a command ends by exiting")


def started(*arguments: str | Path, **more: str) -> subprocess.Popen[str]:
    """The command, still running; it is ended with the test if it lives as long."""
    process = subprocess.Popen(
        command(*arguments),
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    _started.append(process)
    return process


def end_started() -> None:
    """Kill what a test has left running, as one that fails does."""
    for process in _started:
        if process.poll() is None:
            process.kill()
            process.communicate()
    _started.clear()


def lasting(folder: Path) -> dict[str, bytes]:
    """What a command has left in a folder, but for clock times: its tables, and what describes them."""
    names = (path for path in sorted(folder.rglob("*")) if path.suffix in (".parquet", ".json", ".partial"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in names if path.name != "manifest.json"}


def killed_and_typed_again(line: list[str | Path], out: Path, moments: int, seed: int = 1) -> dict[str, bytes]:
    """Kill a command at random moments, type it again each time to its end, and see that the same bytes are left.

    Returns what it leaves when nobody kills it.
    """
    begin = time.monotonic()
    assert shell(*line, "--out", out).returncode == 0
    took, whole = time.monotonic() - begin, lasting(out)
    draws = random.Random(seed)
    for _ in range(moments):
        shutil.rmtree(out)
        process = started(*line, "--out", out)
        time.sleep(draws.uniform(0.0, took))  # any moment will do; late ones find it ended
        process.kill()
        process.communicate()
        again = shell(*line, "--out", out)
        assert again.returncode == 0, again.stderr
        assert "damaged" not in again.stderr
        assert lasting(out) == whole
        assert not list(out.rglob("*.partial"))
    return whole
