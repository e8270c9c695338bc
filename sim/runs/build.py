"""From a checked scenario to a World that can run."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.compiled import njit
from sim.core.errors import StrategyError
from sim.core.rng import mix, name_key
from sim.core.world import HISTORY, NOTHING, Storage, attach
from sim.instruments import nature
from sim.instruments.nature import BLOCK, NEVER, PROCESSES, SETTLEMENTS
from sim.kernel.arrivals import ALWAYS, LAWS
from sim.kernel.kernel import BY_AGENT, BY_POPULATION, NOBODY, open_run
from sim.rules.quoting_obligation import MESSAGES
from sim.runs.memory import fitting
from sim.scenario import Scenario, read_values
from sim.scenario.tables.processes import known_at_first
from sim.strategy_kit import registry
from sim.strategy_kit.callbacks import compile_strategy, memory_type, parameter_type
from sim.strategy_kit.declare import Strategy
from sim.venues.book import CALL_AUCTION, CONTINUOUS, REASONS
from sim.venues.gateway import gateway_callbacks
from sim.venues.standalone import FEE_PER, MATCHING, POST_ONLY, SELF_TRADE, set_tick_units

RESERVATIONS = {"fixed": 1, "uniform": 2, "normal": 3, "exponential": 4}
REFERENCES = {"public_value": 0, "signal": 1, "mid": 2}
_BOOK_SAMPLES, _AGENT_SAMPLES, _OUTCOMES = 100_000, 500_000, 10_000_000  # rows that a table has by default, at most
_MOST_LOTS = 1 << 20  # positions that samples of agents, or results, hold before they are drained
_WHEEL = 4096


@dataclass(frozen=True)
class Accounts:
    """Numbers of the named accounts, which follow the agents'."""

    names: tuple[str, ...]  # agents first: "makers 0", …; then "fees lit", "dividends ACME", "interest", …
    agents: int

    def number(self, name: str) -> int:
        """The number of a named account."""
        return self.names.index(name, self.agents)


@dataclass(frozen=True)
class Sampling:
    """How often the tables of a run get rows."""

    book_every: int  # steps of an episode; 0 for never
    agents_every: int
    book_episodes: int  # every so many episodes
    agents_episodes: int
    agents_by: int
    episodes_by: int


def accounts_of(scenario: Scenario) -> Accounts:
    """Every account of a scenario's ledger, in the order of the World's."""
    members = [f"{each.name} {number}" for each in scenario.populations for number in range(each.count)]
    fees = [f"fees {venue.name}" for venue in scenario.venues]
    dividends = [f"dividends {instrument.name}" for instrument in scenario.instruments]
    return Accounts((*members, *fees, *dividends, "interest", "settlement", "issue"), len(members))


def sampling_of(scenario: Scenario) -> Sampling:
    """What the scenario asks for, or tables of moderate length where it leaves that open."""
    record, run, agents = scenario.record, scenario.run, scenario.agents()
    by = {"agents": BY_AGENT, "populations": BY_POPULATION, "none": NOBODY}
    many = "populations" if agents > 1000 else "agents"
    agents_by = by[many if record.agents == "auto" else record.agents]
    rows = {BY_AGENT: agents, BY_POPULATION: len(scenario.populations), NOBODY: 0}
    fits = run.episodes * agents <= _OUTCOMES
    episodes_by = by[
        ("agents" if many == "agents" and fits else "populations") if record.episodes == "auto" else record.episodes
    ]
    book_every, book_episodes = _every(record.book_every, scenario, len(scenario.venues), _BOOK_SAMPLES)
    agents_every, agents_episodes = _every(record.agents_every, scenario, rows[agents_by], _AGENT_SAMPLES)
    return Sampling(
        book_every if record.levels > 0 else 0,
        agents_every if rows[agents_by] else 0,
        book_episodes,
        agents_episodes,
        agents_by,
        episodes_by,
    )


def _every(asked: int | None, scenario: Scenario, rows: int, most: int) -> tuple[int, int]:
    """Steps between samples, and episodes between sampled episodes."""
    if asked is not None:
        return asked, 1
    steps, episodes = scenario.run.steps, scenario.run.episodes
    samples = max(1, most // max(1, rows))
    if episodes > samples:
        return steps, _round_up(episodes / samples)
    return min(steps, _round_up(steps * episodes / samples)), 1


def _round_up(number: float) -> int:
    """The least of 1, 2, 5, 10, 20, … that is no less."""
    if number <= 1:
        return 1
    decade = 10 ** math.floor(math.log10(number))
    return next(factor * decade for factor in (1, 2, 5, 10) if factor * decade >= number)


@dataclass
class Built:
    """A World ready to run, and what Python must remember of it."""

    scenario: Scenario
    storage: Storage
    accounts: Accounts
    sampling: Sampling
    played: list[Strategy]  # by the World's strategy number
    values: dict[str, NDArray[np.float64]]  # of instruments whose value comes from a file


def build(scenario: Scenario, external: Iterable[str] = (), orders: int = 1024, tape: int = 4 * HISTORY) -> Built:
    """Make a World of a scenario.

    Parameters
    ----------
    external : names of populations whose members act in Python.
    orders, tape : capacities to begin with; they grow, and no result depends on them.
    """
    sampling = sampling_of(scenario)
    played = [registry.get(name) for name in dict.fromkeys(each.strategy for each in scenario.populations)]
    agents, instruments, venues = scenario.agents(), len(scenario.instruments), len(scenario.venues)
    accounts = agents + venues + instruments + 3  # as accounts_of names them
    populations = len(scenario.populations)
    groups = _groups(scenario)
    ranks = sorted({each.turn for each in scenario.populations})
    delays = [_history(scenario, instrument.name) for instrument in scenario.instruments]
    rows_agents = max(populations, agents if sampling.agents_by == BY_AGENT else 0, 1)
    rows_episodes = max(populations, agents if sampling.episodes_by == BY_AGENT else 0, 1)
    memory = [memory_type(registry.get(each.strategy)).itemsize for each in scenario.populations]
    parameters = [parameter_type(registry.get(each.strategy)).itemsize for each in scenario.populations]
    book_samples = max(4096, venues)
    agent_samples = max(min(1 << 15, _MOST_LOTS // instruments), rows_agents)
    outcomes = max(min(1 << 15, _MOST_LOTS // instruments), rows_episodes)
    settlements = max(1 << 12, instruments)
    simultaneous = bool(scenario.turns.simultaneous)
    precomputed = [_precomputed(each.strategy, each.params, scenario.run.steps) for each in scenario.populations]
    valued = sum(
        private_slots(each.private_values) * each.count for each in scenario.populations if each.private_values
    )
    nodes = 64 + 2 * venues
    block = min(BLOCK, scenario.run.steps * scenario.run.episodes)
    tape = 1 << (max(tape, 2 * HISTORY) - 1).bit_length()
    storage = fitting(
        clock=1, orders=orders, auction_orders=orders if _has_auctions(scenario) else 0, levels=orders, nodes=nodes,
        children=64 * nodes, sides=2 * venues, venues=venues,
        instruments=instruments, shocks=sum(len(each.shocks) for each in scenario.instruments), history=sum(delays),
        increments=block * instruments, agents=agents, accounts=accounts,
        holdings=accounts * instruments, populations=populations, groups=len(groups), classes=len(ranks),
        rejections=populations * len(REASONS),
        in_class=populations, in_venues=sum(len(each.venues) for each in scenario.populations),
        first_holdings=accounts * instruments, first_cash=accounts,
        parameters=sum(parameters),
        memories=sum(size * each.count for size, each in zip(memory, scenario.populations, strict=True)),
        private_values=valued, obligations=sum(each.count for each in scenario.populations if each.obligation),
        reserved=agents if any(each.reservation for each in scenario.populations) else 0,
        precomputed=sum(map(len, precomputed)),
        turns=agents + 64, scratch=agents + 64, pending=orders if simultaneous else 0, wheel=2 * _WHEEL, tape=tape,
        log=tape if scenario.record.messages else 0, book_samples=book_samples,
        ladder=4 * scenario.record.levels * book_samples if scenario.record.levels > 1 else 0,
        agent_samples=agent_samples, sample_lots=agent_samples * instruments, outcomes=outcomes,
        outcome_lots=outcomes * instruments, settlements=settlements, strategies=len(played), gateway=3,
    )  # fmt: skip
    built = Built(scenario, storage, accounts_of(scenario), sampling, played, {})
    _fill_clock(built)
    _fill_instruments(built, delays)
    _fill_venues(built)
    _fill_populations(built, groups, ranks, memory, parameters, precomputed, set(external))
    _fill_endowments(built)
    open_run(storage.address)
    seed_streams(built)
    return built


def seed_streams(built: Built) -> None:
    """Give groups, populations and agents the random streams of the scenario's seed."""
    scenario, world = built.scenario, built.storage.world
    seed = np.uint64(mix(np.uint64(0), scenario.run.seed))
    world.clock[0]["seed"] = seed
    for row, group in zip(world.groups, _groups(scenario), strict=True):
        row["stream"] = mix(seed, name_key("group", group))
    for row, population in zip(world.populations, scenario.populations, strict=True):
        row["stream"] = mix(seed, name_key("population", population.name))
    fill_streams(built.storage.address)


def _groups(scenario: Scenario) -> list[str]:
    return list(dict.fromkeys(law.group for law in _laws(scenario) if hasattr(law, "group")))


def _precomputed(name: str, params: dict[str, Any], steps: int) -> NDArray[np.float64]:
    """What a population's strategy has solved before the run."""
    precompute = registry.get(name).precompute
    if precompute is None:
        return np.zeros(0)
    try:
        found = precompute(dict(params), steps)
        if found is None:
            raise StrategyError(
                f"strategy {name!r}: its precompute returned nothing — return the numbers, or an empty list"
            )
        if np.iscomplexobj(found):
            raise StrategyError(f"strategy {name!r}: its precompute returned complex numbers")
        return np.asarray(found, np.float64).ravel()
    except ValueError as error:
        raise StrategyError(f"strategy {name!r} with params = {params}: {error}") from error
    except StrategyError:
        raise
    except (Exception, SystemExit) as error:
        said = f"{type(error).__name__}: {error}".rstrip(": ")
        raise StrategyError(f"strategy {name!r} with params = {params}: its precompute raised {said}") from error


def private_slots(values: Any) -> int:
    """Private values of a member: those of the lots it may give up, and those of the lots it may get."""
    return 2 * values.units if values.distribution == "normal" else 1


def _has_auctions(scenario: Scenario) -> bool:
    return any(each.auction.every or each.auction.opening or each.auction.closing for each in scenario.venues)


def _laws(scenario: Scenario) -> list[Any]:
    return [each.arrivals for each in scenario.populations if each.arrivals is not None]


def _history(scenario: Scenario, instrument: str) -> int:
    """Past values that somebody may still have to be told: a power of two."""
    traded = {venue.name: venue.instrument for venue in scenario.venues}
    seen = [each.sees.delay for each in scenario.populations if each.sees and traded[each.venues[0]] == instrument]
    public = [
        each.public_delay for each in scenario.instruments if each.name == instrument and each.public_delay != "never"
    ]
    # What is older than an episode is never asked for.
    return 1 << min(int(max([*seen, *public, 0])), scenario.run.steps).bit_length()


def _fill_clock(built: Built) -> None:
    scenario, accounts, sampling = built.scenario, built.accounts, built.sampling
    clock = built.storage.world.clock[0]
    clock["steps"], clock["episodes"] = scenario.run.steps, scenario.run.episodes
    clock["instruments"] = len(scenario.instruments)
    clock["first_account"] = accounts.agents
    clock["money_unit"] = scenario.money.unit
    clock["interest"] = scenario.money.interest
    clock["interest_every"] = scenario.money.interest_every if scenario.money.interest else 0
    clock["interest_account"] = accounts.number("interest")
    clock["settlement_account"] = accounts.number("settlement")
    clock["keeps_log"] = scenario.record.messages
    clock["shares"] = any(venue.matching == "pro_rata" for venue in scenario.venues)
    clock["book_levels"] = scenario.record.levels
    clock["book_every"], clock["agents_every"] = sampling.book_every, sampling.agents_every
    clock["book_episodes"], clock["agents_episodes"] = sampling.book_episodes, sampling.agents_episodes
    clock["agents_by"], clock["episodes_by"] = sampling.agents_by, sampling.episodes_by


def _fill_instruments(built: Built, delays: list[int]) -> None:
    world = built.storage.world
    shock = start = 0
    for row, instrument, length in zip(world.instruments, built.scenario.instruments, delays, strict=True):
        process = instrument.value
        row["process"] = PROCESSES[process.process]
        row["settlement"] = SETTLEMENTS[instrument.settlement]
        row["public_delay"] = NEVER if instrument.public_delay == "never" else instrument.public_delay
        row["history_start"], row["history_mask"] = start, length - 1
        start += length
        row["lot_size"] = instrument.lot_size
        row["price_unit"] = built.scenario.money.unit / instrument.lot_size
        row["feedback"] = instrument.price_feedback
        row["clip"] = getattr(process, "clip_at_zero", False)
        for name in ("volatility", "drift", "mean", "reversion", "low", "high", "probability"):
            row[name] = getattr(process, name, 0.0)
        row["initial"] = _initial(built, instrument)
        row["first_shock"], row["shocks"] = shock, len(instrument.shocks)
        for each in sorted(instrument.shocks, key=lambda each: each.step):
            strike = world.shocks[shock]
            strike["step"], strike["value"] = each.step, each.value
            strike["volatility"] = -1.0 if each.volatility is None else each.volatility
            shock += 1
        if instrument.dividend:
            row["dividend"], row["dividend_deviation"] = instrument.dividend.mean, instrument.dividend.deviation
            row["dividend_every"] = instrument.dividend.every
            row["dividend_account"] = built.accounts.number(f"dividends {instrument.name}")


def _initial(built: Built, instrument: Any) -> float:
    """What everybody knows of the value before an episode begins."""
    process = instrument.value
    known = known_at_first(process)
    if known is None:
        values = read_values(process.path, process.column)
        built.values[instrument.name] = values
        return float(values[0])
    return float(known)


def _fill_venues(built: Built) -> None:
    scenario, world = built.scenario, built.storage.world
    numbers = {instrument.name: number for number, instrument in enumerate(scenario.instruments)}
    world.instruments["first_venue"] = NOTHING
    price_sizes, auctions = scenario.price_sizes(), _has_auctions(scenario)
    for number, venue in reversed(list(enumerate(scenario.venues))):
        row = world.venues[number]
        instrument = world.instruments[numbers[venue.instrument]]
        row["instrument"] = numbers[venue.instrument]
        row["next_of_instrument"], instrument["first_venue"] = instrument["first_venue"], number
        row["matching"], row["self_trade_prevention"] = (
            MATCHING[venue.matching],
            SELF_TRADE[venue.self_trade_prevention],
        )
        row["post_only"], row["fee_per"] = POST_ONLY[venue.post_only], FEE_PER[venue.fee_per]
        row["clear_book_after_trade"] = venue.clear_book_after_trade
        row["maker_fee"], row["taker_fee"] = venue.maker_fee, venue.taker_fee
        row["fee_account"] = built.accounts.number(f"fees {venue.name}")
        row["tick_size"] = venue.tick_size
        set_tick_units(row, round(venue.tick_size * instrument["lot_size"] / scenario.money.unit))
        row["price_size"] = price_sizes[number]
        if venue.auction.pricing == "free":
            row["price_units"], row["per_tick"] = 1, row["tick_units"]
        row["mechanism"] = CALL_AUCTION if venue.mechanism == "call_auction" else CONTINUOUS
        row["every"], row["opening"] = venue.auction.every or 0, venue.auction.opening
        row["closing"], row["first_schedule"], row["last_schedule"] = venue.auction.closing, NOTHING, NOTHING
    world.clock[0]["auctions"] = auctions
    world.clock[0]["plain"] = not (auctions or any(venue.clear_book_after_trade for venue in scenario.venues))


def _fill_populations(
    built: Built,
    groups: list[str],
    ranks: list[int],
    memory: list[int],
    parameters: list[int],
    precomputed: list[NDArray[np.float64]],
    external: set[str],
) -> None:
    scenario, world = built.scenario, built.storage.world
    venue_numbers = {venue.name: number for number, venue in enumerate(scenario.venues)}
    instrument_numbers = {instrument.name: number for number, instrument in enumerate(scenario.instruments)}
    world.groups["news_population"] = NOTHING
    first = venue = parameter = kept = private = solved = obliged = 0
    for number, population in enumerate(scenario.populations):
        row = world.populations[number]
        strategy = registry.get(population.strategy)
        row["first"], row["count"] = first, population.count
        row["strategy"] = built.played.index(strategy)
        row["external"] = population.name in external
        # A Python agent's messages find room one by one; a compiled turn must find it all before it begins.
        row["allowed"] = 1 if population.name in external else strategy.max_messages(population.params)
        if population.obligation:
            row["allowed"] += MESSAGES
            row["first_obligation"] = obliged
            for name in ("presence", "maximum_spread", "minimum_size"):
                row[name] = getattr(population.obligation, name)
            obliged += population.count
        row["first_venue"], row["venues"] = venue, len(population.venues)
        for name in population.venues:
            world.in_venues[venue] = venue_numbers[name]
            venue += 1
        row["parameters"] = parameter
        set_parameters(world, number, strategy, population.params)
        parameter += parameters[number]
        members = slice(first, first + population.count)
        world.agents["population"][members] = number
        world.agents["number"][members] = np.arange(population.count)
        world.agents["memory"][members] = kept + memory[number] * np.arange(population.count)
        kept += memory[number] * population.count
        _fill_arrivals(world, number, population.arrivals, groups, instrument_numbers)
        if population.sees:
            row["delay"], row["noise"] = population.sees.delay, population.sees.noise
            row["sight"], row["redraw"] = population.sees.probability, population.sees.redraw == "episode"
        if population.reservation:
            _fill_reservation(row, population.reservation)
        if population.private_values:
            row["private_first"] = private
            private += fill_private_values(world, row, population)
        row["precomputed_first"], row["precomputed_count"] = solved, len(precomputed[number])
        world.precomputed[solved : solved + len(precomputed[number])] = precomputed[number]
        solved += len(precomputed[number])
        row["endowment_lots"] = population.endowment.inventory
        first += population.count
    place = 0
    for number, rank in enumerate(ranks):
        members_of = [i for i, population in enumerate(scenario.populations) if population.turn == rank]
        row = world.classes[number]
        row["first"], row["count"] = place, len(members_of)
        row["simultaneous"] = rank in scenario.turns.simultaneous
        world.in_class[place : place + len(members_of)] = members_of
        place += len(members_of)


def set_parameters(world: Any, population: int, strategy: Strategy, params: dict[str, Any]) -> None:
    """Write a population's parameters where its compiled strategy reads them."""
    kind = parameter_type(strategy)
    start = int(world.populations[population]["parameters"])
    record = np.asarray(world.parameters)[start : start + kind.itemsize].view(kind)[0]
    for name, value in params.items():
        if strategy.parameters[name].type is not tuple:
            record[name] = strategy.parameters[name].number(value)


def _fill_arrivals(world: Any, number: int, law: Any, groups: list[str], instruments: dict[str, int]) -> None:
    row = world.populations[number]
    if law is None:
        row["law"] = ALWAYS
        return
    row["law"] = LAWS[law.law]
    if law.law == "bernoulli":
        row["log_miss"] = math.log1p(-law.probability) if law.probability < 1.0 else -math.inf
    elif law.law == "poisson":
        row["rate"] = law.rate
    else:
        row["group"] = groups.index(law.group)
        if law.law == "one_of":
            row["share"] = law.share
        else:
            world.groups[row["group"]]["news_population"] = number
            world.groups[row["group"]]["news_instrument"] = instruments[law.instrument]


def fill_private_values(world: Any, row: Any, population: Any) -> int:
    """What a population's members value. Returns how many numbers that takes."""
    values = population.private_values
    if values.distribution == "normal":
        row["units_down"] = row["units_up"] = values.units
        row["deviation"] = values.deviation
    else:
        row["units_up" if values.role == "buyer" else "units_down"] = 1
        first = int(row["private_first"])
        world.private_values[first : first + population.count] = np.linspace(
            values.first, values.last, population.count
        )
    return private_slots(values) * population.count


def _fill_reservation(row: Any, reservation: Any) -> None:
    row["reservation"], row["reference"] = RESERVATIONS[reservation.distribution], REFERENCES[reservation.reference]
    names = {
        "fixed": ("distance", None),
        "uniform": ("low", "high"),
        "normal": ("mean", "deviation"),
        "exponential": ("mean", "offset"),
    }[reservation.distribution]
    for field, name in zip(("first_number", "second_number"), names, strict=True):
        row[field] = getattr(reservation, name) if name else 0.0


def _fill_endowments(built: Built) -> None:
    """What members begin with was issued by the account of that name, so that cash and lots still sum to zero."""
    scenario, world = built.scenario, built.storage.world
    issue = built.accounts.number("issue")
    lots = np.asarray(world.first_holdings).reshape(-1, len(scenario.instruments))
    traded = np.asarray(world.venues["instrument"])
    for number, population in enumerate(scenario.populations):
        row = world.populations[number]
        members = slice(int(row["first"]), int(row["first"]) + population.count)
        world.first_cash[members] = round(population.endowment.cash / scenario.money.unit)
        for venue in world.in_venues[row["first_venue"] : row["first_venue"] + row["venues"]]:
            lots[members, traded[venue]] = population.endowment.inventory
    world.first_cash[issue] = -world.first_cash[: built.accounts.agents].sum()
    lots[issue] = -lots[: built.accounts.agents].sum(axis=0)


@njit
def fill_streams(address):
    """Give every agent its random stream."""
    world = attach(address)
    for agent in range(len(world.agents)):
        record = world.agents[agent]
        record.stream = mix(world.populations[record.population].stream, record.number)


def compile_all(built: Built) -> None:
    """Compile the strategies that play, and tell the World where they and the gateway to the venues are."""
    built.storage.world.gateway[:] = [each.address for each in gateway_callbacks()]
    external = np.asarray(built.storage.world.populations["external"])
    playing = np.asarray(built.storage.world.populations["strategy"])
    for number, strategy in enumerate(built.played):
        if not external[playing == number].all():
            built.storage.world.strategies[number] = compile_strategy(strategy).address


def fill_block(built: Built, block: int) -> None:
    """Draw nature's increments of one block into the World."""
    world, run = built.storage.world, built.scenario.run
    wanted = min(BLOCK, run.steps * run.episodes - block * BLOCK)
    for number, instrument in enumerate(built.scenario.instruments):
        random_dividend = instrument.dividend is not None and instrument.dividend.deviation > 0.0
        if instrument.value.process == "constant" and not random_dividend:
            continue
        rows = nature.draw_block(
            instrument.value,
            instrument.name,
            run.seed,
            block,
            run.steps,
            random_dividend,
            built.values.get(instrument.name),
            wanted,
        )
        world.increments[number :: len(world.instruments)][:wanted] = rows[:wanted]
    world.clock[0]["block"] = block
