"""The messages that a page sends, each checked where it comes in."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from spreadgame.dashboard.refused import Refused

MOST_LETTERS = 65_536  # of a message
MOST_PACE, MOST_STEPS, MOST_OVERRIDES = 100_000, 1_000_000, 200
_MOST_SEED = 2**63 - 1


@dataclass(frozen=True)
class Open:
    """Begin a market, in the place of the one that there is."""

    scenario: str
    seed: int | None = None
    overrides: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Play:
    """Go on at so many steps per second."""

    pace: float


@dataclass(frozen=True)
class Pause:
    """Stand still."""


@dataclass(frozen=True)
class Step:
    """Make so many steps, then stand still; ``frames`` says whether they are shown on the way."""

    steps: int
    frames: bool = False


Message = Open | Play | Pause | Step
_KEYS = {"open": {"scenario", "seed", "overrides"}, "play": {"pace"}, "pause": set(), "step": {"steps", "frames"}}


def message_of(text: str | bytes | None) -> Message:
    """What a page sent.

    Raises
    ------
    Refused
        If it is no message: not JSON, too long, without a known ``do``, or with a wrong value.
    """
    if not isinstance(text, str):
        raise Refused("message", None, "this is not text", "send JSON as text")
    if len(text) > MOST_LETTERS:
        what = f"{len(text):,} letters are more than {MOST_LETTERS:,}"
        raise Refused("message", None, what, "send a shorter message")
    try:
        said = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        remedy = 'send for example {"do": "play", "pace": 100}'
        raise Refused("message", text, "this is not JSON", remedy) from None
    if not isinstance(said, dict):
        raise Refused("message", said, "this is not an object", 'send for example {"do": "pause"}')
    do = said.pop("do", None)
    if not isinstance(do, str) or do not in _KEYS:
        raise Refused("do", do, "this is nothing that can be done", f"send one of {', '.join(_KEYS)}")
    for key in said:
        if key not in _KEYS[do]:
            known = ", ".join(sorted(_KEYS[do])) or "no other key"
            raise Refused(key, said[key], f"{do!r} has no such key", f"it has {known}")
    return _READ[do](said)


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(word)  # NaN and Infinity are no JSON


def _open(said: dict[str, Any]) -> Open:
    seed, overrides = said.get("seed"), said.get("overrides")
    if seed is not None:
        seed = _whole("seed", seed, 0, _MOST_SEED)
    if overrides is None:
        overrides = {}
    if not isinstance(overrides, dict):
        raise Refused("overrides", overrides, "this is not an object", 'send values by path, {"makers.count": 3}')
    if len(overrides) > MOST_OVERRIDES:
        raise Refused("overrides", None, f"{len(overrides):,} are more than {MOST_OVERRIDES}", "send fewer")
    scenario = said.get("scenario")
    if not isinstance(scenario, str):
        raise Refused("scenario", scenario, "this is no name", "GET /api/scenarios lists them")
    return Open(scenario, seed, overrides)


def _play(said: dict[str, Any]) -> Play:
    pace = said.get("pace")
    if isinstance(pace, bool) or not isinstance(pace, int | float) or not 1 <= pace <= MOST_PACE:
        raise Refused("pace", pace, "this is no number of steps per second", f"send a number from 1 to {MOST_PACE:,}")
    return Play(float(pace))


def _step(said: dict[str, Any]) -> Step:
    frames = said.get("frames", False)
    if not isinstance(frames, bool):
        raise Refused("frames", frames, "this is neither true nor false", "send true, or leave it out")
    return Step(_whole("steps", said.get("steps"), 1, MOST_STEPS), frames)


def _whole(place: str, value: object, low: int, high: int) -> int:
    number = int(value) if isinstance(value, float) and math.isfinite(value) and value.is_integer() else value
    if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
        raise Refused(place, value, "this cannot be", f"send a whole number from {low:,} to {high:,}")
    return number


_READ: dict[str, Callable[[dict[str, Any]], Message]] = {
    "open": _open,
    "play": _play,
    "pause": lambda said: Pause(),
    "step": _step,
}
