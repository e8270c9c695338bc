"""How much of what happens answers what happened before: Hawkes processes fitted to trades or to moves of the mid.

``spreadgame measure hawkes RUN|EVENTS.csv|MESSAGES`` fits kernels of one exponential, two and three, with a constant
baseline and, with ``--windows W``, a free one in each of W windows. The branching ratio n is the mean number of events
that an event causes directly: of all events the share n answers others (Filimonov and Sornette 2012, Physical Review E
85, 056108). What may be taken for feedback: a rate that changes by itself, which the residual test does not
see, so compare fits with windows; a kernel of one exponential where there are several times, which gives too little.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.output.numbers import number
from analysis.reading.measures import ERROR
from analysis.reading.registry import Opener, Option, measure
from analysis.reflexivity.event_files import FILE_FORMATS, TIMES, file_events
from analysis.reflexivity.event_streams import Streams
from analysis.reflexivity.hawkes_fit import Fit, Fits, fit_all
from analysis.reflexivity.run_events import run_events
from analysis.reflexivity.variance_to_mean import VarianceToMean, variance_to_mean
from sim.core.errors import RunError
from sim.runs.result import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_UNEVEN = 0.9  # variance over mean of counts per step, below which a fit is said to suffer
fitted = lru_cache(maxsize=4)(fit_all)  # what draws asks for the same fits as what finds


def _opened(path: Path, events: str = "trades", format: str = TIMES, venue: str | None = None, **_: Any) -> Streams:
    if venue is not None:
        raise RunError(f"{path}: events of a file have no venue — leave --venue out")
    return file_events(path, events, format)


def _fits(source: Run | Streams, events: str, windows: int | None, venue: str | None) -> Fits:
    return fitted(run_events(source, events, venue) if isinstance(source, Run) else source, windows)


def _drawn(
    source: Run | Streams, events: str = "trades", format: str = TIMES, windows: int | None = None,
    venue: str | None = None,
) -> Figure:  # fmt: skip
    from analysis.reflexivity.hawkes_picture import picture  # here: most do not draw

    return picture(_fits(source, events, windows, venue))


@measure(
    "hawkes",
    summary="how much of what happens answers what happened before: self-exciting processes",
    source="Hawkes 1971, Biometrika 58, 83; Ogata 1988, J. American Statistical Association 83, 9 (residuals); "
    "Hardiman and Bouchaud 2014, Physical Review E 90, 062807 (variance to mean)",
    unit="branching ratio: events per event; decays: 1/second; residual_p: probability",
    chapter="Reflexivity",
    place=1,
    needs=("trades",),
    options={
        "events": Option("trades", "orders that traded, or changes of the mid", choices=("trades", "mids")),
        "format": Option(
            TIMES, "of a file: a CSV with a column time, in seconds, or recorded messages", choices=FILE_FORMATS
        ),
        "windows": Option(None, "equal parts of the time that have baselines of their own, besides one of all", int, 2),
        "venue": Option(None, "the venue of a run; without it, all of the first instrument's together"),
    },
    without_error={
        "decay": "the table has the range of a fit's decays only",
        "aic": "a maximum of the likelihood has none",
        "residual_p": "a probability has none",
    },
    draw=_drawn,
    opens=Opener("CSV files with a column time, files of recorded messages", _opened),
)
def table(
    source: Run | Streams, events: str = "trades", format: str = TIMES, windows: int | None = None,
    venue: str | None = None,
) -> pd.DataFrame:  # fmt: skip
    """A row for each fit and one for the variance to mean; all numbers are in ``attrs["details"]``."""
    found = _fits(source, events, windows, venue)
    counted = variance_to_mean(found.streams, found.best)
    rows = [_row(fit, fit is found.best) for fit in found.fits]
    value, error = counted.branching_ratio
    rows.append({"fit": "variance to mean", "branching_ratio": value, f"branching_ratio{ERROR}": error})
    frame = pd.DataFrame(rows).set_index("fit").astype(float)
    frame.attrs["note"] = _note(found, counted, windows)
    frame.attrs["details"] = _details(found, counted)
    return frame


def _row(fit: Fit, best: bool) -> dict[str, Any]:
    value, error = fit.branching_ratio
    return {
        "fit": f"{fit.name} (best)" if best else fit.name,
        "branching_ratio": value,
        f"branching_ratio{ERROR}": error,
        "slowest_decay": fit.kernels[0].decay,
        "fastest_decay": fit.kernels[-1].decay,
        "aic": fit.aic,
        "residual_p": fit.residual_p,
    }


def _note(found: Fits, counted: VarianceToMean, windows: int | None) -> str:
    streams, best = found.streams, found.best
    kernels = ", ".join(f"{number(kernel.mass, 3)} at {number(kernel.decay, 3)}/s" for kernel in best.kernels)
    taken = f"counts per step of {number(streams.step)} s" if best.discrete else "each time once"
    parts = [
        f"{streams.events:,} {streams.what} at {streams.distinct:,} distinct times, taken as {taken}",
        f"best by AIC: {best.name}, of mass {kernels}",
        *[f"it has no error, as {best.reason}"] * bool(best.reason),
        "a branching ratio is the share of events that answer others",
        "a rate that changes by itself looks like that too, and residual_p does not see it"
        + (": compare --windows" if windows is None else ""),
    ]
    if best.discrete and streams.dispersion < _UNEVEN:
        parts.append(f"counts have {number(streams.dispersion, 2)} of the variance of independent ones: n is too low")
    parts += [f"variance to mean: none, {counted.reason}"] * bool(counted.reason)
    return "; ".join(parts)


# --- JSON -----------------------------------------------------------------------------------------------------------


def _details(found: Fits, counted: VarianceToMean) -> dict[str, Any]:
    streams = found.streams
    return {
        "events": streams.events,
        "distinct_times": streams.distinct,
        "streams": len(streams.lengths),
        "seconds": streams.seconds,
        "step": streams.step or None,
        "dispersion": _finite(streams.dispersion),
        "likelihood": "discrete" if found.best.discrete else "continuous",
        "fits": [_as_json(fit) for fit in found.fits],
        "best": _as_json(found.best),
        "variance_to_mean": {
            **counted.branching_ratio.as_json(),
            "ratio": _finite(counted.ratio),
            "window": _finite(counted.window),
            "windows": counted.windows,
            "reason": counted.reason or None,
        },
    }


def _as_json(fit: Fit) -> dict[str, Any]:
    return {
        "exponentials": fit.exponentials,
        "windows": fit.windows,
        "branching_ratio": _finite(fit.branching_ratio.value),
        "standard_error": _finite(fit.branching_ratio.standard_error),
        "kernels": [{name: _finite(value) for name, value in asdict(kernel).items()} for kernel in fit.kernels],
        "baselines": [_finite(float(each)) for each in fit.baselines],
        "log_likelihood": _finite(fit.log_likelihood),
        "aic": _finite(fit.aic),
        "residual_p": _finite(fit.residual_p),
        "reason": fit.reason or None,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
