"""What a scenario says of instruments and venues, written into a World."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.world import NOTHING
from sim.instruments.kinds import KINDS
from sim.instruments.processes import NEVER, PROCESSES
from sim.instruments.settlement import SETTLEMENTS
from sim.runs.layout import Accounts, Layout
from sim.scenario import Scenario, read_values
from sim.scenario.defaults import is_pool, mechanism_of
from sim.scenario.tables.derivatives import Call, Future, Perpetual, Put
from sim.scenario.tables.instruments import Instrument
from sim.scenario.tables.processes import known_at_first
from sim.venues.settings import FEE_PER, MATCHING, MECHANISMS, POST_ONLY, SELF_TRADE, set_tick_units


def fill_instruments(world: Any, scenario: Scenario, layout: Layout) -> dict[str, NDArray[np.float64]]:
    """Write the instruments and their shocks. Returns the values of those whose value comes from a file, by name."""
    files: dict[str, NDArray[np.float64]] = {}
    first_shock = 0
    numbers = {instrument.name: number for number, instrument in enumerate(scenario.instruments)}
    column = 0
    for row, instrument, history in zip(world.instruments, scenario.instruments, layout.histories, strict=True):
        row["kind"] = KINDS[instrument.what]
        row["history_start"], row["history_mask"] = history.first, history.count - 1
        row["lot_size"] = instrument.lot_size
        row["price_unit"] = scenario.money.unit / instrument.lot_size
        row["column"], row["of"] = NOTHING, NOTHING
        process = instrument.value
        if process is None:
            _fill_derivative(row, instrument, numbers, layout)
            continue
        row["column"] = column
        column += 1
        known = known_at_first(process)
        if known is None:
            files[instrument.name] = read_values(process.path, process.column)
            known = files[instrument.name][0]
        row["initial"] = known
        row["process"] = PROCESSES[process.process]
        row["settlement"] = SETTLEMENTS[instrument.settlement]
        row["public_delay"] = NEVER if instrument.public_delay == "never" else instrument.public_delay
        row["feedback"] = instrument.price_feedback
        row["clips"] = getattr(process, "clip_at_zero", False)
        for name in ("volatility", "drift", "reversion", "low", "high", "probability", "correlation"):
            row[name] = getattr(process, name, 0.0)
        row["long_run_mean"] = getattr(process, "mean", 0.0)
        row["first_variance"] = getattr(process, "variance", 0.0)
        row["first_shock"], row["shocks"] = first_shock, len(instrument.shocks)
        _fill_shocks(world.shocks[first_shock : first_shock + len(instrument.shocks)], instrument)
        first_shock += len(instrument.shocks)
        if instrument.dividend:
            row["dividend"], row["dividend_deviation"] = instrument.dividend.mean, instrument.dividend.deviation
            row["dividend_every"] = instrument.dividend.every
            row["dividend_account"] = layout.accounts.number(f"dividends {instrument.name}")
    return files


def _fill_derivative(row: Any, instrument: Instrument, numbers: dict[str, int], layout: Layout) -> None:
    """What an instrument follows from, and how; its value is found when an episode begins."""
    derivative = instrument.derivative
    if derivative is None:
        return
    row["of"], row["settlement"] = numbers[derivative.of], SETTLEMENTS[derivative.settles_at]
    if isinstance(derivative, Perpetual):
        row["margined"], row["funding_every"] = 1, derivative.funding_every
        for name in ("base_rate", "clamp", "cap"):
            row[name] = getattr(derivative, name)
        row["funding_account"] = layout.accounts.number(f"funding {instrument.name}")
        return
    row["lasts"], row["average"] = derivative.expiry, derivative.average
    row["margined"] = isinstance(derivative, Future)
    if isinstance(derivative, Call | Put):
        row["side"], row["strike"] = (1 if isinstance(derivative, Call) else -1), derivative.strike
        row["stated"] = derivative.volatility or 0.0


def _fill_shocks(rows: Any, instrument: Instrument) -> None:
    for row, shock in zip(rows, sorted(instrument.shocks, key=lambda each: each.step), strict=True):
        row["step"], row["value"] = shock.step, shock.value
        row["volatility"] = -1.0 if shock.volatility is None else shock.volatility


def fill_venues(world: Any, scenario: Scenario, accounts: Accounts) -> None:
    """Write the venues, and link those of each instrument."""
    numbers = {instrument.name: number for number, instrument in enumerate(scenario.instruments)}
    world.instruments["first_venue"] = NOTHING
    price_sizes, auctions = scenario.price_sizes(), has_auctions(scenario)
    for number, venue in reversed(list(enumerate(scenario.venues))):
        row = world.venues[number]
        instrument = world.instruments[numbers[venue.instrument]]
        row["instrument"] = numbers[venue.instrument]
        row["next_of_instrument"], instrument["first_venue"] = instrument["first_venue"], number
        row["matching"], row["post_only"] = MATCHING[venue.matching], POST_ONLY[venue.post_only]
        row["self_trade_prevention"] = SELF_TRADE[venue.self_trade_prevention]
        row["fee_per"] = FEE_PER[venue.fee_per]
        row["clear_book_after_trade"] = venue.clear_book_after_trade
        row["maker_fee"], row["taker_fee"] = venue.maker_fee, venue.taker_fee
        row["fee_account"] = accounts.number(f"fees {venue.name}")
        row["tick_size"] = venue.tick_size
        set_tick_units(row, round(venue.tick_size * instrument["lot_size"] / scenario.money.unit))
        row["price_size"] = price_sizes[number]
        if venue.auction.pricing == "free" or is_pool(venue):
            row["price_units"], row["per_tick"] = 1, row["tick_units"]
        row["mechanism"] = MECHANISMS[mechanism_of(venue)]
        row["every"], row["opening"] = venue.auction.every or 0, venue.auction.opening
        row["pool"] = NOTHING
        row["closing"], row["first_schedule"], row["last_schedule"] = venue.auction.closing, NOTHING, NOTHING
    world.clock[0]["auctions"] = auctions
    emptied = any(venue.clear_book_after_trade for venue in scenario.venues)
    world.clock[0]["plain"] = not (auctions or emptied or scenario.pools)


def fill_pools(world: Any, scenario: Scenario, layout: Layout) -> None:
    """Write the pools: who holds them, what they begin with, and their fee."""
    width = len(scenario.instruments)
    numbers = {venue.name: number for number, venue in enumerate(scenario.venues)}
    holders = {each.population.name: each.agents.first for each in layout.populations}
    for number, name in enumerate(scenario.pools):
        row, venue = world.pools[number], scenario.venues[numbers[name]]
        place = world.venues[numbers[name]]
        place["pool"] = number
        row["venue"], row["agent"] = numbers[name], holders[name]
        row["first_lots"] = world.first_holdings[holders[name] * width + place["instrument"]]
        row["first_cash"] = world.first_cash[holders[name]]
        kept = 1 - Fraction(round((venue.fee or 0.0) * 10**6), 10**6)
        row["kept"], row["whole"] = kept.numerator, kept.denominator


def has_auctions(scenario: Scenario) -> bool:
    """Whether any venue collects orders for an auction, at any time."""
    return any(each.auction.every or each.auction.opening or each.auction.closing for each in scenario.venues)
