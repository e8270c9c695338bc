"""What a run shows, in sentences: each is found in its numbers, and is said only where they bear it out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from analysis.money.attribution import Attribution, by_mark
from analysis.money.who_paid_whom import WhoPaidWhom
from analysis.output.numbers import error, percent, short
from analysis.output.rejections import rejection_lines
from analysis.output.sentences import in_a_row, plainly, sentence
from analysis.quality.spreads import HORIZON, Parts, Spreads
from analysis.reading.columns import columns
from analysis.reading.trades import Floats, Trades, trades_of
from analysis.stats.estimates import Estimate, mean
from sim.core.errors import RunError
from sim.runs.result import Run
from sim.scenario.tables.processes import Constant

_SURE = 4.0  # standard errors within which a mean is taken to be what it should be
_ROUNDED = 3.0  # ticks by which rounding may move a quote and a belief
_LITTLE = 0.01  # of the spread: as good as nothing
_FEW = 2.0  # standard errors from which a difference is worth a word
_MANY = 30  # episodes that tell a mean
_SMALL = 0.005  # of the largest amount: less is not worth a word


class Finding(NamedTuple):
    """A sentence or some, under a few words that say what they are about."""

    title: str
    text: str


def headline(run: Run, who: WhoPaidWhom | None, attribution: Attribution | None = None) -> str:
    """What happened, in one sentence: who lost and who won, give or take a standard error."""
    if not run.manifest["trades"]:
        reasons = "; ".join([*run.manifest["warnings"], *rejection_lines(run.manifest)])
        return f"Nobody traded ({reasons})." if reasons else "Nobody traded."
    if who is None or attribution is None:
        return f"{run.manifest['trades']:,} trades took place; who won from whom was not recorded."
    episodes = len(who.won)
    fees = float(who.fees.sum()) * who.unit / episodes
    totals = attribution.estimates()["total"]
    amounts = [
        (plainly(name), float(value), float(doubt))
        for name, (value, doubt) in zip(totals.index, totals.to_numpy(), strict=True)
    ]
    largest = max(abs(fees), *(abs(value) for _, value, _ in amounts))
    if largest < 0.5 * who.unit:
        return "Lots changed hands, and nobody won or lost by it."
    many = episodes >= _MANY
    even = [name for name, value, error in amounts if many and 0 < abs(value) <= _FEW * error]
    worth = sorted(
        (each for each in amounts if abs(each[1]) > _SMALL * largest and each[0] not in even), key=lambda x: x[1]
    )
    losers = [f"{name} lost {_give_or_take(-value, error)}" for name, value, error in worth if value < 0]
    winners = [f"{name} won {_give_or_take(value, error)}" for name, value, error in reversed(worth) if value > 0]
    if fees > _SMALL * largest:
        winners.append(f"the venues took {short(fees)} in fees")
    elif fees < -_SMALL * largest:
        losers.append(f"the venues paid {short(-fees)} in rebates")
    broke = f"{in_a_row(even)} broke even" if even else ""
    said = "; ".join(part for part in (in_a_row(losers), in_a_row(winners), broke) if part)
    return sentence(f"in a mean episode {said}." if episodes > 1 else f"{said}.")


def _give_or_take(value: float, standard_error: float) -> str:
    known = np.isfinite(standard_error) and standard_error > 0
    return f"{short(value)} ± {error(standard_error)}" if known else short(value)


def findings(run: Run, attribution: Attribution, spreads: list[Spreads]) -> list[Finding]:
    """What else there is to say of a run with these attributions and spreads."""
    found: list[Finding] = []
    for each in spreads:
        found += _cost_of_trading(each, len(spreads) > 1)
    for each in spreads:
        found += _at_the_belief(run, each)
    found += _nobody_knew_more(run)
    found += _price_and_value(run)
    if np.isfinite(attribution.recorded).all():
        text = (
            "Each line is computed from the trades alone, and their sum is held against the change of wealth that the "
            f"ledger shows: {attribution.left_over}."
        )
        found.append(Finding("The accounts agree", text))
    return found


def _cost_of_trading(spreads: Spreads, several: bool) -> list[Finding]:
    of = f" ({spreads.trades.instrument})" if several else ""
    try:
        row, takers = spreads.table().iloc[0], spreads.table("taker")
    except RunError:
        return []
    text = (
        f"Taking liquidity cost {short(row['effective'])} per lot there and back, against the mid just before the "
        f"order. {HORIZON} orders later the mid had moved the taker's way by {short(row['impact'])} (price impact); "
        f"{short(row['realised'])} ± {error(row['realised_standard_error'])} was left to those who made the market "
        f"(realised spread).{_goes_on(spreads)}"
    )
    found = [Finding(f"What trading cost{of}", text)]
    takers = takers.sort_values("impact")
    low, high = takers.iloc[0], takers.iloc[-1]
    apart = float(np.hypot(low["impact_standard_error"], high["impact_standard_error"]))
    if len(takers) > 1 and high["impact"] - low["impact"] > _FEW * apart:
        knowing, other = plainly(takers.index[-1]), plainly(takers.index[0])
        end = "made a loss on it" if high["realised"] < 0 else f"kept {short(high['realised'])}"
        text = (
            f"After an order by {knowing} the mid moved by {short(high['impact'])}, after one by {other} by "
            f"{short(low['impact'])}. Who traded with {knowing} {end}; who traded with {other} kept "
            f"{short(low['realised'])} of {short(low['effective'])}. That is adverse selection: makers who cannot tell "
            "the two apart quote for both."
        )
        found.append(Finding(f"Whose orders carried information{of}", text))
    return found


def _goes_on(spreads: Spreads) -> str:
    """That the value becomes public only after the horizon, so that the mid may not have learned all by then."""
    run, name = spreads.trades.run, spreads.trades.instrument
    delay = next(each.public_delay for each in run.scenario.instruments if each.name == name)
    took = HORIZON * run.manifest["steps"] / max(1, len(spreads.orders))
    if delay == "never" or not any(each.sees for each in run.scenario.populations) or took >= float(delay):
        return ""
    return (
        f" {HORIZON} orders come in about {short(took)} steps, and the value becomes public {delay:,} steps late: with "
        "a longer horizon the impact may be larger."
    )


def _at_the_belief(run: Run, spreads: Spreads) -> list[Finding]:
    """Where makers publish what they believe: what a trade earns, and what the belief then moves by."""
    trades = spreads.trades
    try:
        believed, at_mid = Spreads(run, trades.instrument, "belief", 1).parts, spreads.at(1)
        attributed = by_mark(run, "belief", 1)
    except RunError:
        return []
    known = np.isfinite(believed.impact)
    if not known.any():
        return []
    tick = max(venue.tick_size for venue in run.scenario.venues if venue.instrument == trades.instrument)
    away, kept = float(np.abs(believed.realised[known]).max()), _kept(believed, known, trades)
    effective = _mean(believed.effective, known, trades)
    profit = _profit(attributed, trades)
    zero = profit is None or abs(profit.value) <= _SURE * profit.standard_error
    if away > _ROUNDED * tick or abs(kept) > _LITTLE or not zero:
        what = f"kept {percent(kept)}" if kept >= 0 else f"lost {percent(-kept)} more than all"
        why = " Quotes rounded outward to ticks leave them so much." if kept > 0 and away <= _ROUNDED * tick else ""
        text = (
            f"Marked at what the makers themselves believed just before each trade, they {what} of the spread of "
            f"{short(effective)} once the next trade had moved the belief.{why}{_settled(profit)}"
        )
        return [Finding("At the makers' belief", text)]
    text = (
        "Marked at what the makers themselves believed just before each trade, and over a horizon of one trade, "
        f"adverse selection is minus the spread, trade by trade: the realised spread of each of {int(known.sum()):,} "
        f"trades is 0 (at most {away:.2g} away; a tick is {tick:g}). A quote is what the value is expected to be if "
        f"it is taken, so to be taken moves the belief to the price.{_settled(profit)}"
    )
    found = [Finding("At the makers' belief nothing is kept", text)]
    first = np.diff(trades.episodes, prepend=-1) != 0
    known = np.isfinite(at_mid.impact)
    of_first, of_all = (_kept(at_mid, rows, trades) for rows in (known & first, known))
    if of_first > _SMALL or of_all > _SMALL:
        text = (
            f"Marked at the midpoint instead, the makers seem to keep {percent(of_first)} of the spread of an "
            f"episode's first trade, and {percent(of_all)} of all. They do not: the midpoint of the quotes is not "
            "what the makers believe, except where both outcomes are equally likely. After a trade the two quotes "
            "lie at different distances from the belief, and the midpoint follows it only part of the way."
        )
        found.append(Finding("Why the midpoint tells another story", text))
    return found


def _mean(part: Floats, rows: Floats, trades: Trades) -> float:
    """Of some trades, weighed by lots."""
    return float(np.average(part[rows], weights=trades.quantities[rows]))


def _kept(parts: Parts, rows: Floats, trades: Trades) -> float:
    """Realised over effective spread of some trades; 0 where nothing was paid."""
    paid = _mean(parts.effective, rows, trades) if rows.any() else 0.0
    return _mean(parts.realised, rows, trades) / paid if paid else 0.0


def _profit(attributed: Attribution, trades: Trades) -> Estimate | None:
    """What the makers won in a mean episode, settled; None of one episode."""
    makers = np.unique(trades.maker_populations)
    profits = attributed.amounts.sum(axis=(1, 3))[:, makers].sum(axis=1)
    return mean(profits) if len(profits) > 1 else None


def _settled(profit: Estimate | None) -> str:
    if profit is None:
        return ""
    inside = abs(profit.value) <= _SURE * profit.standard_error
    verdict = f"0 within {_SURE:g} standard errors" if inside else "which is not 0"
    return f" Settled, the makers' profit is {profit.value:.2g} ± {profit.standard_error:.2g} per episode: {verdict}."


def _nobody_knew_more(run: Run) -> list[Finding]:
    """Noise only, and a constant value: who makes the market keeps the whole spread."""
    scenario = run.scenario
    still = all(
        isinstance(each.value, Constant) and not each.shocks and not each.price_feedback and not each.dividend
        for each in scenario.instruments
    )
    if not still or any(each.sees for each in scenario.populations) or not run.manifest["trades"]:
        return []
    try:
        found = by_mark(run, "value", 1)
    except RunError:
        return []
    line = {name: place for place, name in enumerate(found.lines)}
    if np.any(found.units[..., [line["adverse_selection"], line["revaluation"]]]):
        return []
    names = [each.name for each in scenario.instruments]
    places = np.unique(np.concatenate([trades_of(run, name).maker_populations for name in names]))
    takers = np.unique(np.concatenate([trades_of(run, name).taker_populations for name in names]))
    if np.intersect1d(places, takers).size:
        return []
    makers = [str(found.holders[place]) for place in places]
    table = found.table()
    spread, fees = (float(table.loc[makers, each].sum()) for each in ("spread", "fees"))
    after = f", less {short(-fees)} of fees" if fees < 0 else f", and {short(fees)} of rebates" if fees > 0 else ""
    exactly = "exactly" if np.array_equal(found.units.sum(axis=-1), found.recorded) else "but for rounding"
    text = (
        "The value never moved and nobody knew more of it than others, so there was nobody to lose to: marked at "
        f"the value, adverse selection and revaluation are 0, and {in_a_row(plainly(name) for name in makers)} kept "
        f"the whole spread of {short(spread)}{after}, {exactly}."
    )
    return [Finding("The whole spread is kept", text)]


def _price_and_value(run: Run) -> list[Finding]:
    if not run.scenario.record.levels:
        return []
    book = columns(run, "book", ["venue", "mark", "value"])
    found = []
    for instrument in run.scenario.instruments:
        venue = next(each.name for each in run.scenario.venues if each.instrument == instrument.name)
        rows = book[(book["venue"] == venue).to_numpy(bool)]
        if not rows["mark"].notna().any():
            continue
        away = float(np.sqrt(((rows["mark"] - rows["value"]) ** 2).mean()))
        of = f" of {instrument.name}" if len(run.scenario.instruments) > 1 else ""
        text = f"The market's price{of} was typically {short(away)} away from the value (root of the mean square)."
        if away == 0.0:
            text = f"The market's price{of} was the value whenever the book was sampled."
        found.append(Finding(f"Price and value{of}", text))
    return found
