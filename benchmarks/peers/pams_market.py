"""A whole market in PAMS, which pins an old NumPy: in an environment of its own, under ``.bench/pams``."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

from benchmarks.measure import INFORMED, MAKERS, NOISE, ROOT, Skipped

STEPS = 20
HOME = ROOT / ".bench" / "pams"
READY = HOME / ".ready"


def market() -> float:
    """Run the market once, in a process of the other environment, which is made on first use.

    Returns
    -------
    float
        Order messages per second.
    """
    if not READY.exists():
        _do(sys.executable, "-m", "venv", "--clear", str(HOME))
        _do(str(HOME / "bin" / "python"), "-m", "pip", "install", "--quiet", "pams>=0.2")
        READY.touch()
    script = Path(__file__).with_name("pams_crowd.py")
    printed = _do(str(HOME / "bin" / "python"), str(script), *map(str, (NOISE, INFORMED, MAKERS, STEPS)))
    ran: dict[str, float] = json.loads(printed)
    if ran["volume"] < STEPS * NOISE / 2:
        raise Skipped("wrong: fewer than half of the noise traders' orders traded")
    return ran["messages"] / ran["seconds"]


def version() -> str | None:
    """Return the version of PAMS that is installed there, if any."""
    packages = [str(path) for path in HOME.glob("lib/python*/site-packages")]
    return next((found.version for found in distributions(name="pams", path=packages)), None)


def _do(*command: str) -> str:
    """Run a command and return what it printed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip() or f"exit {done.returncode}").splitlines()[-1]
        raise Skipped(f"`{' '.join(command[1:4])} …` failed: {last}")
    return done.stdout
