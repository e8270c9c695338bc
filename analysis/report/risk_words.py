"""What a run with limits, margin, hedges or options shows of them, in sentences; nothing of a run without."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

from analysis.output.numbers import number, percent, plus_minus, short
from analysis.report.words import Finding
from analysis.risk import hedging, volatility_surface
from analysis.risk.limit_use import LimitUse, limit_uses, margin_uses
from analysis.stats.estimates import Estimate
from sim.core.errors import RunError
from sim.runs.result import Run
from sim.scenario.tables.derivatives import Call, Put
from sim.scenario.tables.market import Population

_MOST_LIMITS = 4  # of a population, that have a sentence of their own
_DONE = {
    "hedge": "its hedge traded at once, whatever its rule, after",
    "reduce": "positions were traded out after",
    "stop": "its strategy stood still after",
}


def findings(run: Run) -> list[Finding]:
    """Which limits were reached and what was done, calls for margin, what hedging cost, what the surface prices."""
    return [*_limits(run), *_margin(run), *_hedges(run), *_surface(run)]


# --- limits -----------------------------------------------------------------------------------------------------------


def _limits(run: Run) -> Iterator[Finding]:
    if not run.manifest["episodes"]:
        return
    for name, group in groupby(limit_uses(run), key=lambda use: use.holder.name):
        uses = list(group)
        stated, capital = ([each for each in uses if (each.limit.of == "capital") is own] for own in (False, True))
        text = " ".join([*_stated(stated), *_capital(uses[0].holder.population, capital)])
        yield Finding(f"The limits of {name.replace('_', ' ')}", text)


def _stated(uses: Sequence[LimitUse]) -> Iterator[str]:
    if not uses:
        return
    uses = sorted(uses, key=lambda use: -use.used)
    reached = [use for use in uses if use.stood_in_the_way]
    most = uses[0]
    if not reached:
        which = f"None of {len(uses)} limits" if len(uses) > 1 else "Its limit"
        verb = "was" if len(uses) > 1 else "was not"
        yield f"{which} {verb} reached. Of {_name(most)}, {_share(most.used)} of what is allowed was used at worst."
        return
    yield from map(_sentence, reached[:_MOST_LIMITS])
    if (more := len(reached) - _MOST_LIMITS) > 0:
        yield f"{more} more {'were' if more > 1 else 'was'} reached."
    if rest := len(uses) - len(reached):
        yield f"The other {rest} were not reached." if rest > 1 else "The other one was not reached."


def _sentence(use: LimitUse) -> str:
    """What one limit came to, and what was done."""
    limit, name = use.limit, _name(use)
    first = f"{name[0].upper()}{name[1:]} came to {short(use.worst)} at worst, {_share(use.used)} of what is allowed."
    if math.isinf(use.worst):
        first = f"Of {name}, {number(limit.most)} is allowed, and at worst nothing was there for margin."
    parts = [f"it was passed at the end of {_mean(use.over)} steps"] if use.over.value > 0.0 else []
    if use.acted.value > 0.0 and limit.action in _DONE:
        parts.append(f"{_DONE[limit.action]} {_mean(use.acted)} steps")
    parts += _kept_out([use], "it")
    return f"{first} In a mean episode {'; '.join(parts)}."


def _capital(population: Population, uses: Sequence[LimitUse]) -> Iterator[str]:
    if population.risk is None or population.risk.capital is None:
        return
    parts = _kept_out(uses, "that")
    rest = f"In a mean episode {'; '.join(parts)}." if parts else "Nothing that it sent was too much for that."
    yield f"Its capital of {number(population.risk.capital.amount)} says how much it may hold. {rest}"


def _kept_out(uses: Sequence[LimitUse], subject: str) -> list[str]:
    """What limits did at the venues' door."""
    rejected, cut = (sum(getattr(use, name).value for use in uses) for name in ("rejected", "cut"))
    parts = [f"kept {number(rejected, 4)} messages out"] if rejected > 0.0 else []
    parts += [f"took {number(cut, 4)} lots off {'others' if parts else 'messages'}"] if cut > 0.0 else []
    return [f"{subject} {' and '.join(parts)}"] if parts else []


def _name(use: LimitUse) -> str:
    what = use.limit.of.replace("_", " ")
    joined = {"position": "in"}.get(use.limit.of, "to")
    return f"{what} {joined} {use.limit.on}" if use.limit.on else what


def _mean(amount: Estimate) -> str:
    return plus_minus(amount.value, amount.standard_error)


def _times(count: Estimate) -> str:
    told = _mean(count)
    return {"0": "never", "1": "once"}.get(told, f"{told} times")


def _share(share: float) -> str:
    """A share, which may be more than all, in per cent."""
    return percent(share) if share <= 1.0 else f"{number(100.0 * share, 3)} %"


# --- margin, hedges, surface ------------------------------------------------------------------------------------------


def _margin(run: Run) -> Iterator[Finding]:
    if run.scenario.margin is None or not run.manifest["episodes"]:
        return
    uses = margin_uses(run)
    called = [use for use in uses if use.events["call"].value > 0.0 or use.events["default"].value > 0.0]
    if not called:
        yield Finding("Margin", "Nobody was called for margin.")
        return
    texts = []
    for use in called:
        calls, met, closings, defaults = (use.events[each] for each in ("call", "met", "closing", "default"))
        text = (
            f"{use.holder.name.replace('_', ' ')} was called for margin {_times(calls)} in a mean episode. "
            f"The clearing house began to close positions {_times(closings)}. What was needed was there again "
            f"{_times(met)}."
        )
        if defaults.value > 0.0:
            text += f" Defaults: {_mean(defaults)}, of which the account default paid {_mean(use.paid)}."
        texts.append(f"{text[0].upper()}{text[1:]}")
    rest = [use.holder.name for use in uses if use not in called]
    texts += ["All others had enough."] if rest else []
    yield Finding("Margin", " ".join(texts))


def _hedges(run: Run) -> Iterator[Finding]:
    hedged = [each for each in run.scenario.populations if each.hedge is not None]
    if not hedged or not run.scenario.record.trades or not run.manifest["trades"]:
        return
    found = {each.name: each for each in hedging.measures(run)}
    for population in hedged:
        name = population.name

        def said(what: str, name: str = name) -> str:
            row = found[f"{name}.{what}"]
            return _mean(Estimate(row.value, row.standard_error or 0.0))

        if not found[f"{name}.orders"].value:
            yield Finding(f"The hedge of {name.replace('_', ' ')}", "It never traded.")
            continue
        text = (
            f"In a mean episode it traded {said('turnover')} units in {said('orders')} orders, and paid "
            f"{said('slippage')} beyond the mid at its decisions: {said('half_spread')} up to the best quote, "
            f"{said('depth')} by going deeper into the book. Fees came to {said('fees')}."
        )
        left = found[f"{name}.variance_left"]
        if math.isfinite(left.value):
            share = plus_minus(100.0 * left.value, 100.0 * (left.standard_error or 0.0), 3)
            text += f" Changes of wealth had {share} % of the variance that they would have had without its gains."
        yield Finding(f"The hedge of {name.replace('_', ' ')}", text)


def _surface(run: Run) -> Iterator[Finding]:
    if not run.scenario.record.levels or not any(isinstance(each.derivative, Call | Put)
                                                 for each in run.scenario.instruments):  # fmt: skip
        return
    try:
        details = volatility_surface.table(run).attrs["details"]
    except RunError:
        return
    expiries = len(details["surfaces"])
    text = (
        f"A surface without arbitrage, fitted to the last sampled quotes of {expiries} "
        f"{'expiries' if expiries > 1 else 'expiry'}, lies inside bid and ask for {percent(details['share_inside'])} "
        f"of {details['quotes']:,} liquid quotes. One volatility per expiry does for {percent(details['share_flat'])}."
    )
    yield Finding("The surface of implied volatility", text)
