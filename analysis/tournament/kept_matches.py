"""Matches that were played before: a sealed file each, taken again while all that it depends on is the same."""

from __future__ import annotations

import json
import math
import signal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from analysis.tournament.entries import REASONS, Failure
from analysis.tournament.matches import Match
from analysis.tournament.task import MEMORY
from sim.core.errors import RunError, reason_of
from sim.kept.sealed import LOG, Damaged, read_json, sealed_json, write_whole
from sim.kept.version import version_of
from sim.strategy_kit.loading.module_loader import digest

_FORMAT = 1
_FOLDER = "matches"
_MOST_TOLD = 1_000  # characters of a message


@dataclass
class Played:
    """What is known of a match.

    Attributes
    ----------
    runs : by seed, ``payoffs`` of the players, and ``lines`` of each; nan where they are not known.
    names : of the strategies that the files declare, by key.
    inputs : files that went into it, and a digest of each.
    failure : why it was not played to its end.
    examined : whether its player was looked at besides.
    by_chance : whether another try may end otherwise: it took too long, or its process was ended from outside.
    """

    runs: dict[int, dict[str, Any]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    failure: Failure | None = None
    examined: bool = False
    by_chance: bool = False


class KeptMatches:
    """The matches in a folder.

    Parameters
    ----------
    folder : of the tournament.
    question : a digest of the scenario and the population.
    seconds : the limit of time, on which it depends who fails.
    """

    def __init__(self, folder: Path, question: str, first_seed: int, seconds: float) -> None:
        self._folder = folder / _FOLDER
        self._common = (_FORMAT, version_of("analysis.tournament.playing"), question, first_seed, seconds)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{self._folder}: nothing can be kept there ({reason_of(error)})") from error

    def _path(self, match: Match) -> Path:
        made = blake2b(repr(self._common).encode(), digest_size=16)
        made.update(repr([(each.key, str(each.path), each.digest) for each in match.entries]).encode())
        return self._folder / f"{made.hexdigest()}.json"

    def find(self, match: Match) -> Played:
        """What is known of a match; nothing where a file was damaged, or one that it depends on was edited."""
        path = self._path(match)
        try:
            kept = read_json(path)
            found = Played(
                {int(seed): run for seed, run in kept["runs"].items()}, kept["names"], kept["inputs"],
                kept["packages"], Failure.from_json(kept["failure"]) if kept["failure"] else None, kept["examined"],
            )  # fmt: skip
        except FileNotFoundError:
            return Played()
        except (Damaged, OSError, ValueError, KeyError, TypeError, AttributeError):
            LOG.warning("%s: damaged, so made again", path)
            return Played()
        return found if _is_current(found.inputs) and _same_packages(found.packages) else Played()

    def put(self, match: Match, played: Played) -> None:
        """Keep what is known of a match, unless another try may end otherwise.

        Raises
        ------
        RunError
            If the disk does not take it.
        """
        if played.by_chance:
            return
        failure = played.failure
        said = {
            "match": list(match.keys), "names": played.names, "inputs": played.inputs, "packages": played.packages,
            "examined": played.examined, "failure": failure.as_json() if failure else None,
            "runs": {str(seed): played.runs[seed] for seed in sorted(played.runs)},
        }  # fmt: skip
        path = self._path(match)
        try:
            write_whole(path, sealed_json(said))
        except OSError as error:
            raise RunError(f"{path}: cannot be written ({reason_of(error)})") from error


def _is_current(inputs: Mapping[str, str]) -> bool:
    """Whether files say what they said. They are read, not run."""
    try:
        return all(digest(Path(path).read_bytes()) == was for path, was in inputs.items())
    except OSError:
        return False


def _same_packages(packages: Mapping[str, str]) -> bool:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return all(version(name) == was for name, was in packages.items())
    except PackageNotFoundError:
        return False


def taken_from(said: Iterable[Mapping[str, Any]], played: Played, match: Match, examined: bool) -> None:
    """Add to what is known of a match what its process said; a file's own code may have made it say anything."""
    try:
        for each in said:
            if isinstance(loaded := each.get("loaded"), dict):
                played.names[str(loaded["key"])] = str(loaded["name"])
                played.inputs |= {str(path): str(was) for path, was in loaded["inputs"].items()}
                played.packages |= {str(name): str(was) for name, was in loaded["packages"].items()}
            elif "run" in each:
                played.runs[int(each["run"])] = _run_in(each, len(match.entries))
            elif isinstance(failed := each.get("failed"), dict):
                played.failure = _failure_in(failed, match)
                played.by_chance = played.failure.reason == "time"
            elif "late" in each:
                message = f"{each['late'] or 'beginning'} took longer than it may, and did not answer"
                played.failure, played.by_chance = Failure(_only(match), "time", message), True
            elif "died" in each:
                played.failure = _death(int(each["died"]), int(each["memory"]), match)
                played.by_chance = True
            elif "garbled" in each:
                raise ValueError("this is not what our own code says")
            elif "closed" in each:
                told = "it closed the file by which its process answers"
                played.failure = Failure(_only(match), "raised", told)
            elif "killed" in each:
                told = "the process that watches its time and memory was killed or stopped each time that it played"
                played.failure, played.by_chance = Failure(_only(match), "raised", told), True
            elif "answer" in each:
                played.examined = played.examined or examined
    except (AttributeError, KeyError, TypeError, ValueError):
        told = "it wrote into the files by which its process answers"
        played.failure = Failure(_only(match), "breaks_contract", told)


def _only(match: Match) -> str | None:
    return match.keys[0] if len(match.keys) == 1 else None


def _run_in(said: Mapping[str, Any], players: int) -> dict[str, Any]:
    lines = {str(name): [float(each) for each in column] for name, column in said["lines"].items()}
    payoffs = [float(each) for each in said["payoffs"]]
    if not all(len(each) == players for each in (payoffs, *lines.values())) or not all(map(math.isfinite, payoffs)):
        raise ValueError("these are no payoffs of the players")
    return {"payoffs": payoffs, "lines": lines}


def _failure_in(said: dict[str, Any], match: Match) -> Failure:
    found = Failure.from_json(said)
    if found.key not in (None, *match.keys) or found.reason not in REASONS:
        raise ValueError("this is no reason of a player")
    return Failure(found.key, found.reason, " ".join(str(found.message).split())[:_MOST_TOLD], found.seed)


def _death(code: int, memory: int, match: Match) -> Failure:
    """What is said of a process that ended without an answer, by its signal or code, and the most memory it had."""
    if memory > MEMORY // 2:
        return Failure(_only(match), "memory", "its process ended for want of memory")
    if -code == signal.SIGKILL:
        told = f"its process was killed, with {memory / 2**20:,.0f} MiB: by itself, or from outside"
        return Failure(_only(match), "raised", told)
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    return Failure(_only(match), "raised", f"its process ended by itself ({how})")


def question_of(scenario: str, population: str, folder: Path) -> str:
    """A digest of what a tournament asks, whoever enters."""
    return blake2b(json.dumps([scenario, population, str(folder.resolve())]).encode(), digest_size=8).hexdigest()
