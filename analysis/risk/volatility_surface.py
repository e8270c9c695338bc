"""The surface of implied volatility of option quotes, and how many of them it prices inside bid and ask.

``spreadgame measure volatility_surface SOURCE --leave-out 2`` fits SVI without arbitrage to the liquid quotes of each
expiry. The source is a snapshot of an exchange, or a run with books of options, whose quotes are taken at a step. What
may be taken for a good fit: wide quotes, which any curve lies inside; five parameters on six strikes. So one flat
volatility per expiry stands beside it, and strikes that are left out are priced by a fit to the others.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.output.numbers import number
from analysis.reading.registry import Opener, Option, measure
from analysis.risk.option_quotes import FEWEST, OptionQuotes, read_snapshot
from analysis.risk.run_option_quotes import quotes_of_run
from analysis.risk.surface_fit import Surface, fit_surfaces
from sim.core.errors import RunError
from sim.runs.result import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class _Source:
    """Quotes, whose surfaces are fitted once for each way of leaving strikes out."""

    def __init__(self, quotes: OptionQuotes) -> None:
        self.quotes = quotes
        self.surfaces = lru_cache(maxsize=2)(self._fitted)  # what draws asks for the same fits as what finds

    @property
    def heading(self) -> str:
        """What it is, in a line."""
        return self.quotes.heading

    def _fitted(self, leave_out: int | None) -> list[Surface]:
        found = fit_surfaces(self.quotes.table, leave_out)
        if not found:
            raise RunError(
                f"{self.quotes.name}: no expiry has {FEWEST} liquid quotes — they have a bid, an ask above it and a "
                "Black delta of .05 at least, are out of the money, and a day or a move from expiry"
            )
        return found


def _opened(path: Path, **_: Any) -> _Source:
    return _Source(read_snapshot(path))


def _of(source: _Source | OptionQuotes | Run, step: int | None) -> _Source:
    """The quotes of a source; of a run, at a step."""
    if isinstance(source, Run):
        return _of_run(source, step)
    opened = source if isinstance(source, _Source) else _Source(source)
    if step is not None:
        raise RunError(f"{opened.quotes.name}: a snapshot has no steps — leave --step out, or name a run's folder")
    return opened


def _of_run(run: Run, step: int | None) -> _Source:
    """The quotes of a run at a step, which are looked for once: a report asks for words, a table and a picture."""
    key = ("option quotes", step)
    if key not in run.derived:
        try:
            run.derived[key] = _Source(quotes_of_run(run, step))
        except RunError as error:
            run.derived[key] = error
    found: _Source | RunError = run.derived[key]
    if isinstance(found, RunError):
        raise found
    return found


def _drawn(source: _Source | Run, leave_out: int | None = None, step: int | None = None) -> Figure:
    from analysis.risk.surface_picture import picture  # here: most do not draw

    opened = _of(source, step)
    return picture(opened.surfaces(leave_out), opened.heading)


@measure(
    "volatility_surface",
    summary="implied volatility by expiry and strike: SVI without arbitrage, and how many quotes it prices inside",
    source="Gatheral and Jacquier 2014, Quantitative Finance 14, 59",
    unit="numbers of quotes; volatilities per √year, of a run per √step",
    chapter="Options",
    place=2,
    needs=("book",),
    options={
        "leave_out": Option(
            None, "every so many-th strike of an expiry is left out, and priced by a fit to the others", int, 2, 100
        ),
        "step": Option(
            None, "of a run: the step whose quotes are taken; omitted: the last that has enough", int, 0, 10**12
        ),
    },
    without_error={"": "it is counted, or a parameter of a fit to quotes"},
    draw=_drawn,
    opens=Opener("snapshots of Deribit's options (CSV, plain or gzip)", _opened),
)
def table(source: _Source | OptionQuotes | Run, leave_out: int | None = None, step: int | None = None) -> pd.DataFrame:
    """A row for each expiry; ``attrs["details"]`` has the parameters and the shares of all."""
    opened = _of(source, step)
    surfaces = opened.surfaces(leave_out)
    several = len({each.smile.moment for each in surfaces}) > 1
    rows = [_row(each, several, leave_out is not None) for each in surfaces]
    frame = pd.DataFrame(rows).set_index([*(["moment"] * several), "currency", "expiry"])
    details = {"surfaces": [_as_json(each) for each in surfaces], **_shares(surfaces)}
    of_step = f"{opened.quotes.name}: " if isinstance(source, Run) else ""
    frame.attrs["details"], frame.attrs["note"] = details, of_step + _note(details)
    return frame


def _row(found: Surface, several: bool, left_out: bool) -> dict[str, Any]:
    smile = found.smile
    row = {"moment": smile.moment} if several else {}
    row |= {"currency": smile.currency, "expiry": smile.expiry.partition("T")[0]}
    numbers: dict[str, float] = {"quotes": len(smile.ks), "inside": int(found.inside.sum())}
    if left_out:
        numbers |= {"left_out": int(found.left_out.sum()), "left_out_inside": int(found.left_out_inside.sum())}
    numbers |= {"flat_inside": int(found.flat_inside.sum())}
    numbers |= {"volatility_at_the_money": found.at_the_money}
    return row | {name: float(value) for name, value in numbers.items()}


def _as_json(found: Surface) -> dict[str, Any]:
    smile = found.smile
    return {
        "moment": smile.moment,
        "currency": smile.currency,
        "expiry": smile.expiry,
        "years": smile.years,
        "quotes": len(smile.ks),
        "inside": int(found.inside.sum()),
        "left_out": int(found.left_out.sum()),
        "left_out_inside": int(found.left_out_inside.sum()),
        "parameters": found.slice._asdict(),
        "volatility_at_the_money": found.at_the_money,
        "flat_inside": int(found.flat_inside.sum()),
        "arbitrage_free": found.arbitrage_free,
    }


def _shares(surfaces: list[Surface]) -> dict[str, Any]:
    quotes = sum(len(each.smile.ks) for each in surfaces)
    left_out = sum(int(each.left_out.sum()) for each in surfaces)
    return {
        "quotes": quotes,
        "share_inside": sum(int(each.inside.sum()) for each in surfaces) / quotes,
        "share_left_out": sum(int(each.left_out_inside.sum()) for each in surfaces) / left_out if left_out else None,
        "share_flat": sum(int(each.flat_inside.sum()) for each in surfaces) / quotes,
        "arbitrage_free": all(each.arbitrage_free for each in surfaces),
    }


def _note(details: dict[str, Any]) -> str:
    parts = [f"inside bid and ask: {_percent(details['share_inside'])} of {details['quotes']:,} liquid quotes"]
    if details["share_left_out"] is not None:
        parts.append(f"{_percent(details['share_left_out'])} of those left out, by the fit to the others")
    parts.append(f"{_percent(details['share_flat'])} by one volatility per expiry, that at the money")
    free = "no arbitrage on |ln(strike / forward price)| ≤ 1.5"
    parts.append(free if details["arbitrage_free"] else "there is arbitrage: see arbitrage_free in --json")
    return "; ".join(parts)


def _percent(share: float) -> str:
    return f"{number(100.0 * share, 3)} %"
