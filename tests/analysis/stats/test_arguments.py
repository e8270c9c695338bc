"""Whatever an estimator is given, it answers with numbers, with nan and a reason, or with a ValueError in words."""

from __future__ import annotations

import importlib
import inspect
import math
import pkgutil
import re
import traceback
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import analysis
from analysis.impact.informed_trading import Rates, imbalances, log_likelihood, pin
from analysis.impact.spread_models import glosten_harris, huang_stoll, huang_stoll_three_way, madhavan, roll
from analysis.impact.trade_signing import accuracy, prevailing, tick_rule
from analysis.quality.resilience import large
from analysis.reading import registry
from analysis.reading.queues import EVENT
from analysis.risk.positions import drawdown
from analysis.risk.risk_backtest import scaled_draw, shortfall_statistic, transitions
from analysis.stats.arguments import checked, unknown
from analysis.stats.clusters import group_means
from analysis.stats.estimates import Estimate, mean, ratio, slope
from analysis.stats.regression import least_squares
from analysis.stats.time_averages import time_average

ROWS = 60
HOME = str(Path(analysis.__file__).parent)
ROOMS = {"stats", "reading", *(each.room for each in registry.all_measures())}
DICE = np.random.default_rng(1)
WALK = 100 + 0.1 * np.cumsum(DICE.normal(size=ROWS))
SIDES = DICE.choice([-1, 1], ROWS)
EPISODES, STEPS = np.repeat([0, 1], ROWS // 2), np.tile(np.arange(ROWS // 2), 2)
LOTS = DICE.integers(1, 9, ROWS)

# What a parameter of a name is given where nothing is wrong; others are given normal numbers.
GOOD: dict[str, Any] = {
    "prices": WALK, "mids": WALK - 0.05 * SIDES, "later": WALK + 0.01, "bids": WALK - 0.05, "asks": WALK + 0.05,
    "signs": SIDES, "trades": SIDES, "aggressors": SIDES, "quantities": LOTS, "lots": LOTS, "wealth": WALK,
    "episodes": EPISODES, "quote_episodes": EPISODES, "steps": STEPS, "quote_steps": STEPS, "stretches": EPISODES,
    "clusters": np.repeat(np.arange(12), 5), "groups": np.zeros(ROWS, int), "weights": np.ones(ROWS),
    "buys": DICE.poisson(20, ROWS), "sells": DICE.poisson(22, ROWS), "money": LOTS * 100.0,
    "durations": DICE.integers(0, 9, ROWS), "ways": DICE.integers(0, 2, ROWS), "holders": DICE.integers(0, 3, ROWS),
    "flags": DICE.random(ROWS) < 0.1, "value_at_risk": np.full(ROWS, 1.6), "expected_shortfall": np.full(ROWS, 2.0),
    "bid_volumes": LOTS, "ask_volumes": LOTS[::-1], "imbalances": DICE.uniform(-1, 1, ROWS), "amounts": LOTS * 1.0,
    "exposures": DICE.normal(size=(ROWS, 2)), "shocks": np.array([-0.1, 0.1]), "lags": np.array([1, 2, 3]),
    "deviations": np.ones(ROWS), "squares": DICE.normal(size=ROWS) ** 2, "below": 1 + DICE.random(ROWS),
    "ahead": LOTS, "traded": DICE.random(ROWS) < 0.5, "before": 1 + DICE.random(ROWS),
    "after": 1 + DICE.random((ROWS, 7)), "inside": np.ones((ROWS, 7), bool), "volumes": LOTS * 1.0,
    "sides": np.repeat([0, 1], ROWS // 2), "events": np.recarray(0, EVENT), "orders": 3,
    "fit": least_squares(DICE.normal(size=ROWS), DICE.normal(size=ROWS)), "draw": scaled_draw(np.ones(ROWS)),
    "generator": np.random.default_rng(0), "statistic": np.mean, "rates": Rates(0.3, 0.5, 20.0, 20.0, 20.0),
    "level": 0.95, "share": 0.1, "bucket": 5.0, "horizon": 5, "probability": 0.05, "constant": 0.1, "news": 0.1,
    "memory": 0.8, "count": 3, "length": 30, "done": 60, "observations": 250, "window": 20, "method": "historical",
    "decay": 0.94, "side": 1, "target": 300.0, "decision": 100.0, "every": 1, "repeats": 20,
}  # fmt: skip
# Where a name means another thing.
OTHER: dict[tuple[str, str], Any] = {
    ("price_discovery", "mids"): np.column_stack([WALK, WALK + 0.01 * DICE.normal(size=ROWS)]),
    ("queues", "prices"): np.r_[np.arange(30)[::-1], np.arange(30)], ("survival", "count"): 1,
    ("garch", "before"): 1.0, ("positions", "traded"): 50.0, ("positions", "lags"): 2, ("regression", "lags"): 2,
    ("price_impact", "lags"): 2, ("price_discovery", "lags"): 2, ("stylised_facts.ljung_box", "lags"): 3,
    ("bootstrap", "length"): 3.0, ("clusters", "stretches"): 20, ("trades_and_quotes.consecutive", "count"): ROWS,
    ("trades_and_quotes.consecutive", "lags"): 2, ("regression", "function"): None,
}  # fmt: skip


def estimators() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every public function of a module of analysis that takes arrays."""
    for info in pkgutil.walk_packages(analysis.__path__, "analysis."):
        if info.ispkg or info.name.split(".")[1] not in ROOMS:
            continue
        module = importlib.import_module(info.name)
        for name, found in list(vars(module).items()):
            own = inspect.isfunction(found) and found.__module__ == module.__name__ and not name.startswith("_")
            if own and any(
                "ArrayLike" in str(each.annotation) for each in inspect.signature(found).parameters.values()
            ):
                yield f"{info.name.rpartition('.')[2]}.{name}", found


def is_array(parameter: inspect.Parameter) -> bool:
    return str(parameter.annotation) in ("ArrayLike", "ArrayLike | None", "Floats", "Integers")


def inputs(name: str, function: Callable[..., Any]) -> dict[str, Any]:
    """Arguments with which nothing is wrong, all arrays among them, optional ones too."""
    given = {}
    for key, parameter in inspect.signature(function).parameters.items():
        module = name.partition(".")[0]
        if (name, key) in OTHER or (module, key) in OTHER:
            given[key] = OTHER.get((name, key), OTHER.get((module, key)))
        elif parameter.kind is parameter.VAR_POSITIONAL:
            given[key] = (DICE.normal(size=ROWS),)
        elif key in GOOD and (is_array(parameter) or parameter.default is parameter.empty):
            given[key] = GOOD[key]
        elif is_array(parameter):
            given[key] = DICE.normal(size=ROWS)
    return given


def wrong(good: Any) -> Iterator[tuple[str, Any]]:
    """The array with something wrong in it, or that is hard to work on."""
    real = np.asarray(good, float)
    for value in (math.nan, math.inf, -math.inf, -3.0, 1e300, 0.5):
        for place in (0, min(2, len(real) - 1)):
            spoilt = real.copy()
            spoilt[place] = value
            yield f"{value} at {place}", spoilt
    yield from {
        "nan": np.full(real.shape, math.nan), "negative": -np.abs(real) - 1, "ones": np.ones_like(good),
        "zeros": np.zeros_like(good), "empty": good[:0], "one": good[:1], "two": good[:2], "one less": good[:-1],
        "a number": 3.0, "another axis": np.stack([good, good]), "text": ["a"] * len(good), "a list": good.tolist(),
    }.items()  # fmt: skip


def cases(given: dict[str, Any], arrays: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "as it should be", given
    for name in arrays:
        for what, value in wrong(given[name]):
            yield f"{name}: {what}", given | {name: value}
    for what in ("nan", "ones", "zeros", "empty", "one", "two"):
        yield f"all: {what}", given | {name: dict(wrong(given[name]))[what] for name in arrays}


def called(function: Callable[..., Any], given: dict[str, Any]) -> Any:
    parameters = inspect.signature(function).parameters.values()
    several = [each.name for each in parameters if each.kind is each.VAR_POSITIONAL]
    if not several:
        return function(**given)
    names = [each.name for each in parameters]
    before = names[: names.index(several[0])]
    rest = {name: value for name, value in given.items() if name not in (*before, *several)}
    return function(*(given[name] for name in before), *given[several[0]], **rest)


def without_reason(found: Any) -> bool:
    """Whether an estimate is nan in a result that has room for the reason, and none is there."""
    if not (is_dataclass(found) and hasattr(found, "reason")) or found.reason:
        return False
    parts = [getattr(found, each.name) for each in fields(found)]
    return any(isinstance(part, Estimate) and not math.isfinite(part.value) for part in parts)


ESTIMATORS = dict(estimators())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ESTIMATORS)
def test_whatever_it_is_given_the_answer_is_a_number_a_reason_or_an_error_in_words(name: str) -> None:
    function = ESTIMATORS[name]
    given = inputs(name, function)
    arrays = [
        key
        for key, parameter in inspect.signature(function).parameters.items()
        if is_array(parameter) and isinstance(given.get(key), np.ndarray) and given[key].ndim
    ]
    said = []
    for what, arguments in cases(given, arrays):
        try:
            found = called(function, arguments)
        except ValueError as why:
            last = traceback.extract_tb(why.__traceback__)[-1]
            if what == "as it should be" or not last.filename.startswith(HOME) or "broadcast" in str(why):
                said.append(f"{what}: {why} ({Path(last.filename).name}, line {last.lineno})")
        except Exception as why:
            said.append(f"{what}: {type(why).__name__}: {why}")
        else:
            said += [f"{what}: nan without a reason"] if without_reason(found) else []
    assert not said, "\n".join(said)


def test_every_module_that_checks_its_arrays_is_among_them() -> None:
    checking = {
        path.stem
        for room in ROOMS
        for path in Path(HOME, room).glob("*.py")
        if re.search(r"^@checked\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert len(ESTIMATORS) > 70
    assert checking <= {name.partition(".")[0] for name in ESTIMATORS}


# --- what is refused, and how it is said ------------------------------------------------------------------------------


@pytest.mark.parametrize("odd", [math.nan, -3.0, math.inf, 6.5])
def test_a_day_that_no_day_is_has_no_pin(odd: float) -> None:
    for days in (([5, 6, odd, 7, 8, 9], [7] * 6), ([7] * 6, [5, 6, odd, 7, 8, 9])):
        name = "buys" if odd in days[0] or days[0][2] is odd else "sells"
        with pytest.raises(ValueError, match=rf"{name}\[2\] is {odd} — a count is a whole number from 0 on"):
            pin(*days)
        with pytest.raises(ValueError, match=rf"{name}\[2\] is {odd}"):
            log_likelihood(*days, Rates(0.3, 0.5, 5.0, 5.0, 5.0))
    with pytest.raises(ValueError, match="sells has 5 rows and buys 6 — give both for the same rows"):
        pin([7] * 6, [7] * 5)


def test_a_price_that_is_not_known_leaves_no_spread_and_says_which() -> None:
    prices = [100, 101, math.nan] + [100, 101] * 20
    signs = [1 if place % 2 else -1 for place in range(len(prices))]
    models = (
        roll(prices),
        madhavan(prices, signs),
        huang_stoll(prices, signs),
        huang_stoll_three_way(prices, signs, prices),
        glosten_harris(prices, signs, [1] * len(prices)),
    )
    for model in models:
        assert math.isnan(model.spread.value)
        assert model.reason == "prices[2] is not known"
    with pytest.raises(ValueError, match=r"prices\[2\] is inf — leave the row out"):
        roll(np.nan_to_num(prices, nan=math.inf))
    with pytest.raises(ValueError, match=r"signs\[1\] is 2 — a sign is 1 for a buy, -1 for a sell"):
        madhavan([100, 101, 100, 101, 100], [1, 2, 1, -1, 1])


def test_what_is_not_known_is_neither_an_exception_nor_a_wrong_sign_nor_a_large_order() -> None:
    with pytest.raises(ValueError, match=r"flags\[1\] is nan"):
        transitions([0, math.nan, 1])
    with pytest.raises(ValueError, match=r"signs\[0\] is nan"):
        accuracy([math.nan, 1], [1, 1])
    with pytest.raises(ValueError, match=r"quantities\[1\] is nan"):
        large([1, math.nan, 5])
    with pytest.raises(ValueError, match=r"quantities\[1\] is -2"):
        imbalances([1, 1], [1, -2], 1)
    with pytest.raises(ValueError, match=r"value_at_risk\[1\] is nan"):
        shortfall_statistic([1.0, 2.0], [1.0, math.nan], [1.0, 1.0], 0.95)
    with pytest.raises(ValueError, match=r"quote_steps\[2\] is 1 — give quotes in the order of time"):
        prevailing([1.0, 2.0, 3.0], [0, 2, 1], [4])
    assert tick_rule([1.0, 2.0, math.nan, 1.0, 0.5]).tolist() == [0, 1, 1, 1, -1]


def test_nothing_has_an_error_of_0_because_it_is_nan() -> None:
    for found in (mean([1.0, math.nan]), mean([]), ratio([1.0, 2.0], [0.0, 0.0]), slope([1.0, 1.0], [0.0, 1.0])):
        assert np.isnan(found).all()
    assert np.isnan(time_average([1.0, 2.0], [0, 0], [1.0, math.nan])).all()
    assert np.isnan(group_means([1.0, 2.0], np.array([0, 1]), weights=[1.0, math.nan]).estimate()).all()
    assert math.isnan(drawdown([1.0, math.nan, 0.5]).depth)


def test_too_many_buckets_are_refused_before_they_are_made() -> None:
    with pytest.raises(ValueError, match="buckets — take a larger one"):
        imbalances([1, -1], [5, 5], 1e-300)


def test_what_is_optional_may_be_left_out_and_lists_pass() -> None:
    @checked("first", "second", labels=["third"])
    def count(first: Any, second: Any = None, third: Any = None) -> int:
        return len(first)

    assert count([1, 2]) == count((1.5, 2.5), None, [0, 1]) == count(first=np.ones(2)) == 2
    for arguments, says in (
        (([1, 2], [1]), "second has 1 rows and first 2"),
        (([[1], [2]],), r"first has shape \(2, 1\) — give an array of shape \(rows,\)"),
        ((["a"],), "first holds <U1, not numbers"),
        (([1, 2], None, [0, 0.5]), r"third\[1\] is 0.5 — a label is a whole number"),
    ):
        with pytest.raises(ValueError, match=says):
            count(*arguments)
    assert unknown(a=np.ones(2), b=np.array([0.0, math.nan])) == "b[1] is not known"
    assert unknown(a=np.ones(2)) == ""
