"""What of a scenario the page lets one change: a slider for each number, a choice for each name.

Which values these are, ``[dashboard]`` of the scenario says, else what its file sets. Their bounds are those of the
declarations. Where these are wider than a slider is of use, it ends at a few times what the file says.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from sim.scenario import Scenario
from sim.scenario.declared import Declared, declared, declared_in
from sim.scenario.overrides import NotThere

_MOST = 16  # controls where nobody says which
_TIMES = 4  # a slider ends at so many times the value
_NEAR = 10  # bounds within so many times the value are those of the slider
_POSITIONS = 50  # at least, of a slider
_MOST_POSITIONS = 10**12  # as many digits as are told (`_round`): one with more has no place of its own
_OFF = 1e-6  # of a step: so far float64 may put a value beside its position
_LEFT_OUT = ("params", "value")  # words of a path that a label can do without


def controls_of(base: Scenario, now: Scenario) -> list[dict[str, Any]]:
    """The controls of a scenario.

    Parameters
    ----------
    base : as its file has it: what the sliders' ends follow from.
    now : with what was changed: what the controls show.
    """
    if base.dashboard is not None:
        found = [declared(base.given, path) for path in base.dashboard.controls]
    else:
        found = list(declared_in(base.given))[:_MOST]
    controls = []
    for each in found:
        try:
            controls.append(_control(each, declared(now.given, each.path).value))
        except NotThere:  # what was changed has led its path nowhere
            continue
        except (ArithmeticError, ValueError):  # float64 has no positions for a slider of its size
            continue
    return controls


def _control(found: Declared, value: bool | int | float | str) -> dict[str, Any]:
    control: dict[str, Any] = {
        "path": found.path, "label": _label(found.path), "meaning": _meaning(found), "value": value,
    }  # fmt: skip
    if found.choices:
        return control | {"choices": list(found.choices)}
    low, high, step = _ends(found, float(value))
    if found.whole:
        return control | {"low": round(low), "high": round(high), "step": round(step), "integer": True}
    return control | {"low": low, "high": high, "step": step}


def _label(path: str) -> str:
    head, _, tail = path.partition(".")
    words = [word for word in tail.split(".") if word not in _LEFT_OUT]
    return f"{head}: {' '.join(words)}".replace("_", " ")


def _meaning(found: Declared) -> str:
    said = found.meaning.partition("; omitted")[0]
    return f"{said}, {found.unit}" if found.unit else said


def _ends(found: Declared, value: float) -> tuple[float, float, float]:
    """Low, high and step of a slider on which both what the file says and the value of now have a place."""
    file = float(found.value)
    least = -math.inf if found.low is None else float(found.low)
    most = math.inf if found.high is None else float(found.high)
    size = max(abs(file), 1.0)
    if most - least <= _NEAR * size:
        low, high = least, most
    else:
        low = max(least, -_nice(_TIMES * -file) if file < 0 else (0.0 if least <= 0.0 else least))
        high = min(most, _nice(_TIMES * file) if file > 0 else (0.0 if file < 0 else max(low, 0.0) + 1.0))
    low, high = min(low, value), max(high, value)
    step, finest = (
        10.0 ** math.floor(math.log10((high - low) / many)) if high > low else 1.0
        for many in (_POSITIONS, _MOST_POSITIONS)
    )
    step = max(1.0, step) if found.whole else max(min(step, _grain(file), _grain(value)), finest)
    low += step if found.open_low and low <= least else 0.0
    high -= step if found.open_high and high >= most else 0.0
    if any(abs((each - low) / step - round((each - low) / step)) > _OFF for each in (file, value)):
        # A browser moves what lies between two positions.
        step = max(min(_grain(each) for each in (low, file, value)), finest)
    return min(_round(low), value), max(_round(high), value), _round(step)


def _nice(number: float) -> float:
    """The least of 1, 2, 5, 10, 20, … times a power of ten that is no less."""
    size = 10.0 ** math.floor(math.log10(number))
    return next(_round(factor * size) for factor in (1, 2, 5, 10) if factor * size >= number * (1 - 1e-12))


def _grain(number: float) -> float:
    """The place of a number's last digit: .01 of .25; 1 of what is whole."""
    exponent = Decimal(repr(number)).normalize().as_tuple().exponent
    return 10.0 ** min(int(exponent), 0)


def _round(number: float) -> float:
    return float(f"{number:.12g}")
