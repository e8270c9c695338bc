"""The strategies of the files of a match, loaded in the process that plays it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from analysis.tournament.entries import OURS
from sim.core.errors import StrategyError
from sim.strategy_kit import registry
from sim.strategy_kit.declare import Strategy
from sim.strategy_kit.loading import files


class Ended(Exception):
    """A match ends before its end, for a reason that is told: see :class:`analysis.tournament.entries.Failure`."""

    def __init__(self, key: str | None, reason: str, message: str, seed: int | None = None) -> None:
        super().__init__(message)
        self.said = {"key": key, "reason": reason, "message": message, "seed": seed}


def loaded(
    players: Mapping[str, str], tell: Callable[[dict[str, Any]], None] = lambda said: None
) -> dict[str, Strategy]:
    """The strategies of the players that have files, by key. Two of one name are both known: one gets another name.

    Parameters
    ----------
    players : the path of each file, by key.
    tell : takes what each declares, and which files went into it.

    Raises
    ------
    Ended
        If a file cannot be loaded, or declares several strategies.
    """
    found: dict[str, Strategy] = {}
    for key, path in players.items():
        if key == OURS:
            continue
        strategy = _strategy_in(key, path)
        known = files.loaded(Path(path))
        inputs = {str(file): was for file, was in (known.contents | known.reads).items()}
        tell({"key": key, "name": strategy.name, "inputs": inputs, "packages": known.packages})
        same = sum(each.name.partition(".")[0] == strategy.name for each in found.values())
        found[key] = replace(strategy, name=f"{strategy.name}.{same + 1}") if same else strategy
    for strategy in found.values():
        registry.register(strategy)
    return found


def names_of(players: Mapping[str, str], strategies: Mapping[str, Strategy]) -> dict[str, str]:
    """What each player's strategy is called in this process; nothing for the yardstick."""
    return {key: strategies[key].name if key in strategies else "" for key in players}


def _strategy_in(key: str, path: str) -> Strategy:
    """The one strategy that a file declares.

    Raises
    ------
    Ended
        If it cannot be loaded, or declares several.
    """
    try:
        found = [each for each in files.load_file(path) if Path(each.file).resolve() == Path(path)]
    except StrategyError as error:
        reason = "memory" if isinstance(error.__cause__, MemoryError) else "does_not_load"
        raise Ended(key, reason, str(error)) from error
    except KeyboardInterrupt as error:  # which the file itself has raised
        raise Ended(key, "does_not_load", f"{key}: it cannot be imported: KeyboardInterrupt") from error
    if len(found) != 1:
        names = ", ".join(each.name for each in found) or "none of its own"
        raise Ended(
            key, "does_not_load", f"{key}: it declares {len(found)} strategies ({names}) — one file enters one strategy"
        )
    return found[0]
