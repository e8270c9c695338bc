"""From a checked scenario to a World that can run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.codes import BY_AGENT, REASONS
from sim.core.compiled import njit
from sim.core.rng import mix, name_key
from sim.core.storage import Storage
from sim.core.world import GREEK_COLUMNS, HISTORY, RISK_COLUMNS, attach
from sim.instruments.processes import BLOCK, draw_block
from sim.kernel.kernel import open_run
from sim.kernel.messages import gateway_callbacks
from sim.rules.hooks import HOOKS, RULES, addresses_of, look_at_messages
from sim.runs.fill_hedges import fill_hedges
from sim.runs.fill_limits import fill_limits, limits_of
from sim.runs.fill_market import fill_instruments, fill_pools, fill_venues, has_auctions
from sim.runs.fill_networks import draw_networks, links_drawn
from sim.runs.fill_populations import fill_populations
from sim.runs.fill_risk import fill_risk, lengths_of_risk
from sim.runs.layout import Accounts, Layout, PopulationLayout, groups_of, lay_out
from sim.runs.memory import fitting
from sim.runs.sampling import Sampling, sampling_of
from sim.scenario import Scenario
from sim.strategy_kit.callbacks import compile_strategy
from sim.strategy_kit.declare import Strategy

_MOST_LOTS = 1 << 20  # positions that samples of agents, or results, hold before they are drained
_WHEEL = 4096


@dataclass
class Built:
    """A World ready to run, and what Python must remember of it."""

    scenario: Scenario
    storage: Storage
    accounts: Accounts
    sampling: Sampling
    played: list[Strategy]  # by the World's strategy number
    populations: tuple[PopulationLayout, ...]
    values: dict[str, NDArray[np.float64]]  # of instruments whose value comes from a file


def build(
    scenario: Scenario, external: Mapping[str, int] | None = None, orders: int = 1024, tape: int = 4 * HISTORY
) -> Built:
    """Make a World of a scenario.

    Parameters
    ----------
    external : of populations whose strategies are not called, who lets their members act instead
        (``BY_PYTHON`` or ``BY_OUTSIDE`` of :mod:`sim.core.codes`).
    orders, tape : capacities to begin with; they grow, and no result depends on them.
    """
    sampling, layout = sampling_of(scenario), lay_out(scenario)
    tape = 1 << (max(tape, 2 * HISTORY) - 1).bit_length()
    lengths = _of_the_scenario(scenario, layout) | _of_the_run(scenario, layout, sampling, orders, tape)
    storage = fitting(links_drawn(scenario), **lengths)
    world = storage.world
    values = fill_instruments(world, scenario, layout)
    _fill_clock(world, scenario, layout.accounts, sampling)
    fill_venues(world, scenario, layout.accounts)
    fill_populations(world, scenario, layout, external or {})
    fill_pools(world, scenario, layout)
    world.clock[0]["examines"] = world.clock[0]["derivatives"] > 0 or look_at_messages(int(world.clock[0]["rules"]))
    fill_hedges(world, scenario, layout)
    fill_limits(world, scenario, layout)
    fill_risk(world, scenario)
    draw_networks(storage, scenario, layout.populations)
    open_run(storage.address)
    built = Built(scenario, storage, layout.accounts, sampling, list(layout.played), layout.populations, values)
    seed_streams(built)
    return built


def _of_the_scenario(scenario: Scenario, layout: Layout) -> dict[str, int]:
    """Lengths of the arrays that the scenario fixes."""
    agents, instruments, venues = scenario.agents(), len(scenario.instruments), len(scenario.venues)
    populations, accounts = len(scenario.populations), len(layout.accounts.names)
    drawn = _stocks(scenario)
    block = min(BLOCK, scenario.run.steps * scenario.run.episodes)
    return {
        "clock": 1, "sides": 2 * venues, "venues": venues, "pools": len(scenario.pools),
        "instruments": instruments,
        "shocks": sum(len(each.shocks) for each in scenario.instruments), "history": layout.histories[-1].end,
        "increments": block * drawn, "agents": agents, "accounts": accounts,
        "holdings": accounts * instruments, "first_holdings": accounts * instruments, "first_cash": accounts,
        "populations": populations, "groups": len(layout.groups), "classes": len(layout.ranks),
        "in_class": populations, "in_venues": layout.length("in_venues"), "rejections": populations * len(REASONS),
        "parameters": layout.length("parameters"), "memories": layout.length("memories"),
        "private_values": layout.length("private_values"), "obligations": layout.length("obligations"),
        "reserved": agents if any(each.reservation for each in scenario.populations) else 0,
        "precomputed": layout.length("precomputed"), "members": layout.length("members"), "hops": layout.length("hops"),
        "hedges": sum(bool(each.hedge) for each in scenario.populations), "hedgers": layout.length("hedgers"),
        "limited": sum(bool(each.guards.count) for each in layout.populations), "guards": layout.length("guards"),
        "limits": sum(limits_of(scenario, each.population) for each in layout.populations if each.guards.count),
        "limit_uses": _limit_uses(scenario, layout), "margin_accounts": agents if scenario.margin else 0,
        "hedge_venues": sum(len(each.hedge.venues) for each in scenario.populations if each.hedge),
        "greeks": instruments if drawn < instruments or _asks_greeks(scenario) else 0,
        **lengths_of_risk(scenario),
        "excitations": layout.length("excitations"), "opinions": agents if layout.has_opinions else 0,
        "first_opinions": agents if layout.has_opinions else 0, "wheel": 2 * _WHEEL,
        "strategies": len(layout.played), "rule_calls": len(RULES) * len(HOOKS), "gateway": 3,
    }  # fmt: skip


def _of_the_run(scenario: Scenario, layout: Layout, sampling: Sampling, orders: int, tape: int) -> dict[str, int]:
    """Lengths of the arrays that grow, or that are drained, while the run goes on."""
    agents, instruments, venues = scenario.agents(), len(scenario.instruments), len(scenario.venues)
    populations, record = len(scenario.populations), scenario.record
    drawn, uses = _stocks(scenario), _limit_uses(scenario, layout)
    orders += 2 * len(scenario.pools)  # that show their quotes
    nodes = 64 + 2 * venues
    book_samples = max(4096, venues)
    rows = min(1 << 15, _MOST_LOTS // instruments)
    agent_samples = max(rows, populations, agents if sampling.agents_by == BY_AGENT else 0)
    outcomes = max(rows, populations, agents if sampling.episodes_by == BY_AGENT else 0)
    return {
        "orders": orders, "auction_orders": orders if has_auctions(scenario) else 0, "levels": orders, "nodes": nodes,
        "children": 64 * nodes, "turns": agents + 64, "scratch": agents + 64,
        "pending": orders if scenario.turns.simultaneous else 0, "tape": tape, "log": tape if record.messages else 0,
        "book_samples": book_samples, "ladder": 4 * record.levels * book_samples if record.levels > 1 else 0,
        "agent_samples": agent_samples, "sample_lots": agent_samples * instruments,
        "sample_greeks": len(GREEK_COLUMNS) * drawn * agent_samples if drawn < instruments else 0,
        "sample_risks": len(RISK_COLUMNS) * agent_samples if scenario.risk else 0,
        "outcomes": outcomes, "outcome_lots": outcomes * instruments, "settlements": max(1 << 12, instruments),
        "limit_outcomes": max(1 << 12, uses) if uses else 0,
        "margin_events": max(1 << 12, 2 * agents) if scenario.margin else 0,
    }  # fmt: skip


def _limit_uses(scenario: Scenario, layout: Layout) -> int:
    """Limits of all members of all populations."""
    return sum(limits_of(scenario, each.population) * each.guards.count for each in layout.populations)


def _asks_greeks(scenario: Scenario) -> bool:
    """Whether a rule asks for greeks, also of what has no options."""
    return any(each.hedge or each.risk for each in scenario.populations)


def _stocks(scenario: Scenario) -> int:
    """Instruments with a value of their own."""
    return sum(not each.is_derivative for each in scenario.instruments)


def _fill_clock(world: Any, scenario: Scenario, accounts: Accounts, sampling: Sampling) -> None:
    clock = world.clock[0]
    clock["steps"], clock["episodes"] = scenario.run.steps, scenario.run.episodes
    clock["instruments"] = len(scenario.instruments)
    clock["first_account"] = accounts.agents
    clock["money_unit"] = scenario.money.unit
    clock["interest"] = scenario.money.interest
    clock["interest_every"] = scenario.money.interest_every if scenario.money.interest else 0
    clock["rate"] = scenario.money.rate
    clock["drawn"] = _stocks(scenario)
    clock["derivatives"] = len(scenario.instruments) - clock["drawn"]
    clock["closes"] = bool((np.asarray(world.instruments["lasts"]) > 0).any())
    clock["interest_account"] = accounts.number("interest")
    clock["settlement_account"] = accounts.number("settlement")
    if scenario.margin:
        clock["default_account"] = accounts.number("default")
    clock["keeps_log"] = scenario.record.messages
    clock["shares"] = any(venue.matching == "pro_rata" for venue in scenario.venues)
    clock["book_levels"] = scenario.record.levels
    clock["book_every"], clock["agents_every"] = sampling.book_every, sampling.agents_every
    clock["book_episodes"], clock["agents_episodes"] = sampling.book_episodes, sampling.agents_episodes
    clock["agents_by"], clock["episodes_by"] = sampling.agents_by, sampling.episodes_by


def seed_streams(built: Built) -> None:
    """Give groups, populations and agents the random streams of the scenario's seed."""
    scenario, world = built.scenario, built.storage.world
    seed = np.uint64(mix(np.uint64(0), scenario.run.seed))
    world.clock[0]["seed"] = seed
    for row, group in zip(world.groups, groups_of(scenario), strict=True):
        row["stream"] = mix(seed, name_key("group", group))
    for row, population in zip(world.populations, scenario.populations, strict=True):
        row["stream"] = mix(seed, name_key("population", population.name))
    fill_streams(built.storage.address)


@njit
def fill_streams(address: int) -> None:
    """Give every agent its random stream."""
    world = attach(address)
    for agent in range(len(world.agents)):
        record = world.agents[agent]
        record.stream = mix(world.populations[record.population].stream, record.number)


def compile_all(built: Built) -> None:
    """Compile the strategies that play and the rules that hold, and tell the World where they and the gateway are."""
    built.storage.world.gateway[:] = [each.address for each in gateway_callbacks()]
    built.storage.world.rule_calls[:] = addresses_of(int(built.storage.world.clock[0]["rules"]))
    external = np.asarray(built.storage.world.populations["external"])
    playing = np.asarray(built.storage.world.populations["strategy"])
    for number, strategy in enumerate(built.played):
        if not external[playing == number].all():
            built.storage.world.strategies[number] = compile_strategy(strategy).address


def fill_block(built: Built, block: int) -> None:
    """Draw nature's increments of one block into the World."""
    world, run = built.storage.world, built.scenario.run
    wanted = min(BLOCK, run.steps * run.episodes - block * BLOCK)
    stocks = [(each, each.value) for each in built.scenario.instruments if each.value is not None]
    for number, (instrument, process) in enumerate(stocks):
        random_dividend = instrument.dividend is not None and instrument.dividend.deviation > 0.0
        if process.process == "constant" and not random_dividend:
            continue
        rows = draw_block(
            process,
            instrument.name,
            run.seed,
            block,
            run.steps,
            random_dividend,
            built.values.get(instrument.name),
            wanted,
        )
        world.increments[number :: len(stocks)][:wanted] = rows[:wanted]
    world.clock[0]["block"] = block
