"""The whole state of a run: record arrays in one NamedTuple, and its address.

Python allocates the arrays and keeps them alive (:mod:`sim.core.storage`). Compiled code gets one int64, the address of
a table of pointers and lengths, and ``attach`` makes of it something that reads like the NamedTuple. When an array
grows, Python rewrites the table, never while compiled code runs.

Every array has its instrument or venue axis, even while there is one of each: holdings are ``agent * instruments +
instrument``, sides are ``2 * venue + side``. Prices are whole ticks, quantities whole lots, cash whole money units.
A field must not have a name of numpy.record's own (``sum``, ``size``, ``fill``, …): uncompiled code reads it there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.core.compiled import COMPILED

# To a type checker a whole number like any other; in compiled code an int64, also of a field of four bytes.
int64: Callable[[Any], int] = np.int64  # type: ignore[assignment]
# Of type int64, so that compiled code makes no second version of a function for each constant it is called with.
NOTHING: int = int64(-1)  # no order, no level, no node
NO_PRICE: int = int64(-(1 << 62))
NONE: int = int64(0)
BUY: int = int64(1)
SELL: int = int64(-1)
HISTORY = 1024  # trades that strategies may always look back on, whatever the tape's capacity
NODES_PER_LEVEL = 4  # the most that one new price level can take from the pool: the trie of levels is one deeper


def _record(*fields: tuple[str, str]) -> np.dtype[Any]:
    return np.dtype(list(fields), align=True)


def _named(types: str) -> np.dtype[Any]:
    """``"i8: a b / i4: c"`` as an aligned record type."""
    groups = (group.split(":") for group in types.split("/"))
    return _record(*((name, kind.strip()) for kind, names in groups for name in names.split()))


# The clock: where the run stands, the cursor inside a step, serial numbers, pool marks, and what the last message did.
CLOCK = _named(
    "i8: step episode steps episodes until phase turn_class place length population member status fault_agent "
    "fault_reason fault_value sent allowed simultaneous pending external next_number sequence messages rejected trades "
    "repriced_quotes filled rejection cut shares free_order orders_used resting free_level levels_used free_node "
    "nodes_used nodes_live tape_drained messages_logged log_drained keeps_log samples_used agent_samples_used "
    "outcomes_used settlements_used stop_at invited turn "
    "book_every agents_every book_episodes agents_episodes book_levels agents_by episodes_by draw block "
    "first_account instruments auctions plain rules credited "
    "interest_every interest_account issue_account settlement_account default_account excites drawn derivatives closes "
    "hedging limits_used margin_events_used amended_price examines "
    "/ f8: interest money_unit centre slope rate "
    "/ u8: seed draw_key turn_key step_key"
)
# A resting or pending order: one cache line.
ORDER = _named(
    "i8: remaining number expires / i4: level next previous agent agent_next agent_previous wheel_next wheel_previous "
    "generation / i1: state post_only leaves hedges"
)
# What an order to an auction needs besides, slot by slot: a schedule's line, what the clearing gave the order, and how
# far beyond the anchor its agent's reservation prices were; the last two are of the generation that is ``marked``.
AUCTION_ORDER = _named("f8: centre slope buying selling / i8: most allotted / i4: venue chain marked")
LEVEL = _named("i8: key price volume / i4: head tail count node side next")
NODE = _named("i8: bits / i4: parent place")
# ``hidden``: the venue collects orders for an auction. Here, since whoever asks looks at the side next: one cache line.
SIDE = _named("i8: prefix branch_prefix orders volume bought / i4: best root leaf branch venue hidden")
# ``pool``: its place among the pools, NOTHING of one that is no pool.
VENUE = _named(
    "i8: instrument mechanism matching self_trade_prevention post_only fee_per fee_account tick_units safe_lots "
    "clear_book_after_trade every opening closing price_units per_tick first_schedule last_schedule "
    "last_price last_quantity last_side last_trade trades volume next_of_instrument clearing_price buyers sellers "
    "pool "
    "/ f8: tick_size price_size maker_fee taker_fee"
)
# A pool: its venue and the agent that holds what is in it; its reserves, lots and units of money, and those it begins
# an episode with; of what comes in ``kept / whole`` counts, the rest is its fee; the levels that show its quotes.
POOL = _named("i8: venue agent lots cash first_lots first_cash kept whole bid_level ask_level")
# ``price_unit``: what a unit of money per lot is, in currency per unit of the instrument. ``lasts``: after so many
# steps of an episode it is settled, 0 for its end; what it came to is in ``settled_price settled_value marked``.
# ``column``: its place in a row of the increments. Of a derivative: it follows from ``of``; its value is that of step
# ``valued``, what is public of it of step ``published``, both counted over all episodes; ``fixings`` prices have been
# added up in ``fixed``; up to ``settled_units``, money units per lot, gains on a future (``margined``) have been paid.
INSTRUMENT = _named(
    "i8: kind lasts settled marked process settlement public_delay history_start history_mask first_venue jumped clips "
    "first_shock shocks next_shock dividend_every dividend_account column margined settled_units of side average "
    "fixings valued published funding_every funding_account "
    "/ f8: value initial mark public lot_size price_unit volatility volatility_factor drift long_run_mean reversion "
    "low high probability feedback dividend dividend_deviation settled_price settled_value "
    "variance first_variance correlation strike fixed stated base_rate clamp cap"
)
SHOCK = _named("i8: step / f8: value volatility")
# ``second``: a jump, or what moves the variance of a Heston process.
INCREMENT = _named("f8: diffusion second uniform dividend")
POPULATION = _named(
    "i8: first count strategy first_venue venues parameters law group gap ordinal allowed external "
    "delay redraw reservation reference units_down units_up private_first precomputed_first precomputed_count "
    "endowment_lots turns rules rule_messages minimum_size first_obligation arrived first_excitation linked "
    "first_member spreads first_hop per_hop hedge limited guarded closing "
    "/ f8: log_miss rate share wait noise sight first_number second_number deviation presence maximum_spread "
    "excitation kept_excitation budget precision "
    "/ u8: stream"
)
GROUP = _named("i8: chosen news_population news_instrument / u8: stream")
TURN_CLASS = _named("i8: first count simultaneous")
AGENT = _named("u8: stream / i8: memory / f8: belief / i4: population number first_order last_order orders")
ACCOUNT = _named("i8: cash fees dividends interest funding trades volume messages")  # one cache line
HOLDING = _named("i8: lots")
# Of a maker with an obligation: the orders added to its own, its turns, and those in which it kept the obligation.
OBLIGATION = _named("i8: bid ask turns kept")
# Of a population that hedges: to which instrument, when, by how much, and where: ``venues`` of the hedge venues from
# ``first_venue`` on. ``stated`` is the volatility of its options, negative for that of the value; ``slope`` is
# that of the smile that moves with the price.
HEDGE = _named(
    "i8: of first_venue venues rule every estimates horizon first_hedger "
    "/ f8: ratio delta gamma band risk_aversion cost stated slope"
)
# What is known of a hedge venue: the last mids of its instrument and of the one that is hedged, and sums of products
# and squares of their changes, so many of them.
HEDGE_VENUE = _named("i8: venue step changes / f8: own other product square")
# Of a member that hedges: the mark at its first turn of the episode, and whether it hedges this turn whatever its rule.
HEDGER = _named("i8: begun forced / f8: first_mark")
# Of a population with limits: which, its members, and its plan; of a limit: what it is of, ``at`` how much something is
# done, and what. ``hedges``: whether the population has a hedge. The last ``sized`` limits are those of its capital.
LIMITED = _named(
    "i8: first_limit limits first_use first_guard hedges enter leave sized shares sizing "
    "/ f8: stop_loss take_profit capital fraction edge deviation"
)
LIMIT = _named("i8: of instrument action / f8: most at by share")
# Of a member with limits: whether it has stopped, leaves the market, hedges at once, and the number, from 1, of a limit
# that makes it reduce; its trades and orders when they were last counted; the most it ever had.
GUARD = _named("i8: stopped leaves hedges reduces traded ordered / f8: peak")
# Of each limit of a member: whether its action is taken, in how many steps it was passed and acted on, messages that
# were rejected and lots cut for it; the most that is allowed; what is held, what could be if orders fill; the last and
# the worst amount.
LIMIT_USE = _named("i8: acting over acted rejected cut / f8: most held up down amount worst")
# Of an agent, where there is margin: its state (sim.rules.margin), the step in which it was called, and what
# the account ``default`` paid for it in the episode.
MARGIN_ACCOUNT = _named("i8: state called forgiven")
# Of each instrument, where there are derivatives: its greeks per unit, as of step ``known`` of all episodes.
GREEKS = _named("i8: known / f8: price delta gamma vega theta rho vanna volga")
# How risk is measured, where it is. ``moves`` of the stocks' marks have been noted in this episode, one for each
# ``horizon``. What is computed once per step for the whole market is as of the steps ``scanned`` and ``revalued`` of
# all episodes, 0 for never; ``covaried``: whether the covariance is of the moves that are known. ``normal_quantile``
# and ``normal_shortfall`` are those of a standard normal.
RISK = _named(
    "i8: window fewest horizon revalues price_points moves scanned revalued covaried "
    "/ f8: price_range volatility_range confidence tail_confidence normal_quantile normal_shortfall"
)
# What accounts must have, where they must have anything: by the standard rates, or a share of the scan's worst loss.
MARGIN = _named(
    "i8: scans grace / f8: option_initial option_least option_maintenance linear_initial linear_maintenance "
    "initial_factor maintenance_factor"
)
# Of an agent, where anybody has reservation prices: how far beyond the anchor those it last drew were, and what its
# trades of the episode were worth to it beyond the anchor. Currency.
RESERVED = _named("f8: buying selling gain")
# Of a member of a population with a network: where its neighbours begin, how many it has, and the lowest number in its
# connected component and how many members that has. A complete network's neighbours are not written out.
MEMBER = _named("i8: first_link links leader component")
TURN = _named("u8: key / i4: agent ordinal")
PENDING = _named("u8: key / i8: price handle / i4: venue side agent kind")
# ``money``: units that were paid. A pool's trade has no other exact price: ``price`` is that per lot, rounded.
# ``hedged``: whose order was sent by a hedge, the taker's (1), the maker's (2), which only auctions have, or both (3).
TRADE = _named(
    "i8: sequence step episode price quantity money maker_order taker_order maker_fee taker_fee "
    "/ f8: mark microprice value belief / i4: maker taker venue / i2: aggressor hedged"
)
MESSAGE = _named(
    "i8: sequence step episode number price asked quantity filled turn / f8: slope centre / i4: agent venue kind side"
)
BOOK_SAMPLE = _named(
    "i8: step episode bid bid_volume ask ask_volume bid_depth ask_depth orders last indicative imbalance "
    "/ f8: value public mark microprice / i4: venue"
)
AGENT_SAMPLE = _named(
    "i8: step episode cash fees dividends interest funding forgiven / f8: wealth opinion / i4: agent population"
)
OUTCOME = _named(
    "i8: episode cash fees dividends interest funding forgiven trades volume messages turns kept "
    "/ f8: payoff private_value / i4: agent population"
)

# What an instrument came to in an episode: its first mark, the price at which positions were closed, and whether the
# mark ever was a price.
SETTLEMENT = _named("i8: episode / f8: initial price value / i4: instrument marked")
# What became of a limit of a member in an episode, and what happened to an account under margin.
LIMIT_OUTCOME = _named("i8: episode over acted rejected cut / f8: worst / i4: agent population number")
MARGIN_EVENT = _named("i8: episode step paid / f8: available maintenance / i4: agent population event")

RISK_COLUMNS = ("equity", "margin", "value_at_risk", "expected_shortfall", "stress")  # of an agent's sample
GREEK_COLUMNS = ("delta", "gamma", "vega", "theta", "vanna", "volga")  # of an agent's sample, for each stock

_I8 = np.dtype(np.int64)
_I4 = np.dtype(np.int32)
_F8 = np.dtype(np.float64)
_U1 = np.dtype(np.uint8)


class World(NamedTuple):
    """Every array of a run. Compiled code reads and writes these; nothing else holds state."""

    clock: Any
    orders: Any
    auction_orders: Any  # one for each order, where there are auctions
    levels: Any
    nodes: Any
    children: Any  # int32, 64 to a node
    sides: Any
    venues: Any
    pools: Any  # one for each venue that is a pool
    instruments: Any
    shocks: Any
    history: Any  # float64 rings of past values, one for each instrument
    increments: Any  # nature's block, or what a short run needs of it: step in block * instruments + instrument
    agents: Any
    accounts: Any  # one for each agent, then the named ones
    holdings: Any
    populations: Any
    groups: Any
    classes: Any
    in_class: Any  # int64: populations by turn class
    in_venues: Any  # int64: venues by population
    first_holdings: Any  # int64: lots of each account and instrument when an episode starts
    first_cash: Any  # int64
    parameters: Any  # uint8: the parameter records, one after another
    memories: Any  # uint8: the memory records
    private_values: Any
    obligations: Any  # one for each member of a population with an obligation
    hedges: Any  # one for each population with a hedge
    hedge_venues: Any  # those of each hedge
    hedgers: Any  # one for each member of a population with a hedge
    limited: Any  # one for each population with limits
    limits: Any  # those of each of them
    guards: Any  # one for each member of a population with limits
    limit_uses: Any  # one for each limit of each of them
    margin_accounts: Any  # one for each agent, where there is margin
    greeks: Any  # one for each instrument, where there are derivatives
    risk: Any  # one, where risk is measured
    margin: Any  # one, where there is margin
    under_margin: Any  # int64: whether a population must have it, where there is margin
    scan: Any  # float64: what a unit's price changes by in each scenario, by instrument, where risk is measured
    scan_sums: Any  # float64: the same of what somebody holds, by stock
    moves: Any  # float64: ring of joint moves of the stocks' marks, where risk is measured
    last_marks: Any  # float64: marks of the stocks when the last move was noted
    covariance: Any  # float64: of the moves of each stock and each other
    deltas: Any  # float64: by stock, of what somebody holds
    revaluations: Any  # float64: what a unit's price changes by in each past move, by instrument, where it is asked for
    curve: Any  # float64: an option's prices and deltas at some prices of its underlying, where it is revalued
    losses: Any  # float64: of what somebody holds in each past move; then the worst of them
    reserved: Any  # one for each agent, where anybody has reservation prices
    precomputed: Any  # float64: what strategies had solved before the run
    members: Any  # one for each member of a population with a network
    links: Any  # int32: the neighbours of each of them, by number
    hops: Any  # int64: links from each member of a population in which news spreads to the nearest source, or NOTHING
    excitations: Any  # float64: for each population with Hawkes arrivals, what one arrival of each population excites
    opinions: Any  # float64: one for each agent, where anybody publishes opinions
    first_opinions: Any  # float64: those with which an episode begins
    turns: Any
    scratch: Any  # for sorting turns
    pending: Any
    rejections: Any  # int64: messages rejected, by population and reason (sim.core.codes.REASONS)
    wheel: Any  # int32: heads, then tails, of the lists of orders by step of expiry
    tape: Any  # ring of trades
    log: Any  # ring of messages
    book_samples: Any
    ladder: Any  # int64: bid, volume, ask, volume by level of each book sample
    agent_samples: Any
    sample_greeks: Any  # float64: GREEK_COLUMNS by stock of each agent sample, where there are derivatives
    sample_risks: Any  # float64: RISK_COLUMNS of each agent sample, where risk is measured
    sample_lots: Any  # int64: inventory by instrument of each agent sample
    outcomes: Any
    outcome_lots: Any
    settlements: Any  # one for each instrument of each episode
    limit_outcomes: Any  # one for each limit of each member and episode
    margin_events: Any
    strategies: Any  # int64: addresses of callbacks
    rule_calls: Any  # int64: addresses of what rules do, by rule and hook (sim.rules.hooks)
    gateway: Any  # int64: addresses of the callbacks that take messages (sim.kernel.messages)


DTYPES = World(
    CLOCK, ORDER, AUCTION_ORDER, LEVEL, NODE, _I4, SIDE, VENUE, POOL, INSTRUMENT, SHOCK, _F8, INCREMENT, AGENT, ACCOUNT,
    HOLDING, POPULATION, GROUP, TURN_CLASS, _I8, _I8, _I8, _I8, _U1, _U1, _F8, OBLIGATION, HEDGE, HEDGE_VENUE,
    HEDGER, LIMITED, LIMIT, GUARD, LIMIT_USE, MARGIN_ACCOUNT, GREEKS, RISK, MARGIN, _I8, _F8, _F8, _F8, _F8, _F8, _F8,
    _F8, _F8, _F8, RESERVED, _F8, MEMBER, _I4,
    _I8, _F8, _F8, _F8, TURN, TURN, PENDING, _I8, _I4, TRADE, MESSAGE,
    BOOK_SAMPLE, _I8, AGENT_SAMPLE, _F8, _F8, _I8, OUTCOME, _I8, SETTLEMENT, LIMIT_OUTCOME, MARGIN_EVENT,
    _I8, _I8, _I8,
)  # fmt: skip


class Market:
    """A World as strategies are handed it: what it holds is read and written through functions alone.

    In compiled code this is a type of one word (:func:`sim.core.compiled_tables.tables`).
    """

    __slots__ = ("_world",)

    def __init__(self, world: World) -> None:
        self._world = world

    if not TYPE_CHECKING:  # which says of each attribute that there is none

        def __getattr__(self, name: str) -> Any:
            raise AttributeError(f"market shows no {name!r} — functions of spreadgame.strategy tell what may be seen")


worlds: dict[int, World] = {}  # by address, where nothing is compiled

if TYPE_CHECKING or not COMPILED:

    def attach(address: int) -> World:
        """The World at an address."""
        return worlds[int(address)]

    def address_of(world: World) -> int:
        """The address of a World."""
        return next(address for address, known in worlds.items() if known is world)

    def record_in(table: Any, offset: int, dtype: np.dtype[Any]) -> Any:
        """The record of type ``dtype`` that begins ``offset`` bytes into a table of bytes."""
        return table[int(offset) : int(offset) + dtype.itemsize].view(dtype).view(np.recarray)[0]

    def read_only_in(table: Any, offset: int, dtype: np.dtype[Any]) -> Any:
        """As ``record_in``, but a record that cannot be written."""
        fields = table[int(offset) : int(offset) + dtype.itemsize].view(dtype).view(np.recarray)
        fields.flags.writeable = False
        return fields[0]

    def close(world: World) -> Market:
        """A World without what it holds, for strategies."""
        return Market(world)

    def opened(market: Any) -> World:
        """The World behind what a strategy was handed, or the World itself."""
        found: World = market._world if isinstance(market, Market) else market
        return found

else:
    from sim.core.compiled_tables import read_only_in as read_only_in
    from sim.core.compiled_tables import record_in as record_in
    from sim.core.compiled_tables import tables

    # In compiled code a World is its address alone: a single register to pass on, and an array is loaded when named.
    attach, address_of, close, opened = tables("World", DTYPES._asdict())
