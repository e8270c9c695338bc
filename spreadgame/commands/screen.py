"""What commands say on the screen before they begin."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.output.console import say, screen

if TYPE_CHECKING:
    from sim.scenario import Scenario


def warn(scenario: Scenario) -> None:
    """Say what in a scenario will have no effect."""
    if found := scenario.warnings():
        from sim.core.errors import listed

        screen().print(listed(scenario.source, "warning", found), style="yellow", soft_wrap=True)


def load_strategies(files: Sequence[Path]) -> None:
    """Make the strategies of files known, if there are any."""
    if files:
        from sim.strategy_kit.loading.files import load_files

        load_files(files)


def announce_compiling(entry: str, strategies: Sequence[str]) -> None:
    """Say that compiled code, or a strategy, must be compiled first, where that is so; arguments as for `compiling`."""
    if said := compiling(entry, strategies):
        say(said)


def compiling(entry: str, strategies: Sequence[str]) -> str:
    """What is said while compiled code, or a strategy, is compiled first; empty where nothing must be.

    Parameters
    ----------
    entry : the function that will be called, such as ``kernel.advance``.
    """
    from sim.core.compiled import CACHE, COMPILED, is_compiled

    if not COMPILED or is_compiled(strategies, entry):
        return ""
    if CACHE is None:
        return "compiling, a minute or two, each time: no cache can be written — set NUMBA_CACHE_DIR to a folder"
    if is_compiled([], entry):
        return "compiling strategies, once for this version: it may take a minute or two …"
    return "compiling the engine, once for this version: it may take a minute or two …"
