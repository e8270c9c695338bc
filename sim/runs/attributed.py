"""Where the money went so far: the lines of an attribution, added up trade by trade while a run goes on.

The lines are those of :mod:`analysis.money.attribution` against the mid, by population, and equal to them when the run
ends. A trade costs the same however long the run has been going on. An attribution's horizon depends on how many trades
an episode has, which is known at the end; so adverse selection is kept for every horizon up to the longest.

Letters are those of that module: z lots bought, P the price, m the mark just before, all in units of money per lot.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.compiled import inlined, njit
from sim.core.world import attach
from sim.runs.build import Built
from sim.runs.lines import HORIZON, counted, gain, horizon_for
from sim.runs.simulation import Sink
from sim.runs.totals import Counted
from sim.venues.mechanisms import trade_price

_counted, _gain = inlined(counted), inlined(gain)
_MOST_PAIRS = 2_000_000  # of populations and instruments: more are not told apart by who paid whom

SPREAD, HEDGING, MOVES = range(3)  # columns of what has ended; moves are adverse selection and revaluation together
BOUGHT, CARRIED = 2, 3  # columns of what goes on, behind spread and hedging: Σ z, and Σ z (m - base)
MARK, TAKER, MAKER = 1, 2, 3  # columns of a recent trade, behind z
DIVIDENDS, INTEREST, FUNDING, FORGIVEN = range(4)


class Sums(NamedTuple):
    """What is added up. Amounts are in units of money; those of an episode that goes on are kept by instrument."""

    ended: Any  # float64 (populations, 3)
    young: Any  # float64 (HORIZON, populations): adverse selection of each horizon
    pairs: Any  # float64 (populations, populations): what each has won from each other; (0, 0) where not kept
    received: Any  # int64 (populations, 4): of episodes that have ended
    fees: Any  # int64 (venues, populations), of the whole run
    going: Any  # float64 (instruments, populations, 4)
    closed: Any  # float64 (HORIZON, populations): adverse selection of trades whose horizon has passed
    going_pairs: Any  # float64 (instruments, populations, populations, 2): Σ z (base - P), and Σ z
    recent: Any  # float64 (instruments, HORIZON, 4): a ring of the last trades
    trades: Any  # int64 (instruments, 2): trades of the episode, and whether money changed hands
    base: Any  # float64 (instruments,): the mark of the first trade, from which others are counted; nan before it
    scale: Any  # float64 (instruments,): units of money per lot and currency of price
    first: Any  # int64 (populations, instruments): lots at an episode's start
    unmarked: Any  # int64 (1,): instruments and episodes that needed a mark and had none


def new_sums(built: Built) -> Sums:
    """Zeroed sums for a run."""
    scenario = built.scenario
    populations, instruments = len(scenario.populations), len(scenario.instruments)
    kept = populations if populations * populations * instruments <= _MOST_PAIRS else 0
    lots = [each.lot_size / scenario.money.unit for each in scenario.instruments]
    first = [
        [scenario.endowed(each, instrument.name) * each.count for instrument in scenario.instruments]
        for each in scenario.populations
    ]
    return Sums(
        ended=np.zeros((populations, 3)),
        young=np.zeros((HORIZON, populations)),
        pairs=np.zeros((kept, kept)),
        received=np.zeros((populations, 4), np.int64),
        fees=np.zeros((len(scenario.venues), populations), np.int64),
        going=np.zeros((instruments, populations, 4)),
        closed=np.zeros((HORIZON, populations)),
        going_pairs=np.zeros((instruments, kept, kept, 2)),
        recent=np.zeros((instruments, HORIZON, 4)),
        trades=np.zeros((instruments, 2), np.int64),
        base=np.full(instruments, math.nan),
        scale=np.array(lots, float),
        first=np.array(first, np.int64),
        unmarked=np.zeros(1, np.int64),
    )


@inlined
def _exactly(units: float) -> float:
    """:func:`sim.runs.lines.counted` of one number."""
    found: float = np.float64(_counted(units))
    return found


@njit
def add_lines(address: int, sums: Sums) -> None:
    """Add everything the tapes hold that was not drained."""
    world = attach(address)
    clock = world.clock[0]
    serial = clock.tape_drained
    for first in range(0, clock.settlements_used, clock.instruments):  # an episode's, one for each instrument
        episode = world.settlements[first].episode
        while serial < clock.trades and world.tape[serial & (len(world.tape) - 1)].episode <= episode:
            _add_trade(world, world.tape[serial & (len(world.tape) - 1)], sums)
            serial += 1
        for instrument in range(clock.instruments):
            settled = world.settlements[first + instrument]
            start = _exactly(settled.initial * sums.scale[instrument])
            end = _exactly(settled.price * sums.scale[instrument])
            if settled.marked == 0 and needs_mark(sums, instrument):
                sums.unmarked[0] += 1
            close(sums, instrument, start, end, sums.ended, sums.young, sums.pairs)
        sums.young[:] += sums.closed
        sums.going[:] = 0.0
        sums.closed[:] = 0.0
        sums.going_pairs[:] = 0.0
        sums.trades[:] = 0
    while serial < clock.trades:
        _add_trade(world, world.tape[serial & (len(world.tape) - 1)], sums)
        serial += 1
    for place in range(clock.outcomes_used):
        outcome = world.outcomes[place]
        row = sums.received[outcome.population]
        row[DIVIDENDS] += outcome.dividends
        row[INTEREST] += outcome.interest
        row[FUNDING] += outcome.funding
        row[FORGIVEN] += outcome.forgiven


@njit
def _add_trade(world: Any, trade: Any, sums: Sums) -> None:
    place = world.venues[trade.venue]
    instrument = place.instrument
    taker, maker = world.agents[trade.taker].population, world.agents[trade.maker].population
    lots = np.float64(trade.aggressor) * np.float64(trade.quantity)
    price = trade_price(world, trade) * np.float64(place.price_units)
    mark = _exactly(trade.mark * sums.scale[instrument])
    if math.isnan(sums.base[instrument]):
        sums.base[instrument] = mark
    base = sums.base[instrument]
    won = _gain(lots, mark, price)
    going = sums.going[instrument]
    going[taker, HEDGING if trade.hedged & 1 else SPREAD] += won
    going[maker, HEDGING if trade.hedged & 2 else SPREAD] -= won
    going[taker, BOUGHT] += lots
    going[maker, BOUGHT] -= lots
    going[taker, CARRIED] += lots * (mark - base)
    going[maker, CARRIED] -= lots * (mark - base)
    sums.fees[trade.venue, taker] += trade.taker_fee
    sums.fees[trade.venue, maker] += trade.maker_fee
    if len(sums.pairs) > 0:
        pair = sums.going_pairs[instrument, taker, maker]
        pair[0] += _gain(lots, base, price)
        pair[1] += lots
    if lots * price != 0.0:
        sums.trades[instrument, 1] = 1
    _pass_horizons(sums, instrument, mark)
    recent = sums.recent[instrument, sums.trades[instrument, 0] % HORIZON]
    recent[0], recent[MARK], recent[TAKER], recent[MAKER] = lots, mark, np.float64(taker), np.float64(maker)
    sums.trades[instrument, 0] += 1


@njit
def _pass_horizons(sums: Sums, instrument: int, mark: float) -> None:
    """A trade comes, and ``mark`` is that just before: for the trade so many before it, that horizon has passed."""
    count = sums.trades[instrument, 0]
    for back in range(1, min(count, HORIZON) + 1):
        old = sums.recent[instrument, (count - back) % HORIZON]
        moved = old[0] * (mark - old[MARK])
        sums.closed[back - 1, np.int64(old[TAKER])] += moved
        sums.closed[back - 1, np.int64(old[MAKER])] -= moved


@njit
def needs_mark(sums: Sums, instrument: int) -> bool:
    """Whether an instrument was traded in the episode that goes on, or held when it began."""
    for population in range(len(sums.first)):
        if sums.first[population, instrument] != 0:
            return True
    traded: bool = sums.trades[instrument, 1] != 0
    return traded


@njit
def close(sums: Sums, instrument: int, start: float, end: float, ended: Any, young: Any, pairs: Any) -> None:
    """Add what an instrument's trades of the episode came to at its end, or come to now, at the marks at its ends.

    Parameters
    ----------
    ended, young, pairs : as those of :class:`Sums`; ``young`` gets the trades whose horizon has not passed.
    """
    base = end if math.isnan(sums.base[instrument]) else sums.base[instrument]
    going = sums.going[instrument]
    for population in range(len(ended)):
        held = np.float64(sums.first[population, instrument])
        ended[population, SPREAD] += going[population, SPREAD]
        ended[population, HEDGING] += going[population, HEDGING]
        bought = going[population, BOUGHT]
        ended[population, MOVES] += held * (end - start) + bought * (end - base) - going[population, CARRIED]
    count = sums.trades[instrument, 0]
    for back in range(1, min(count, HORIZON) + 1):
        old = sums.recent[instrument, (count - back) % HORIZON]
        moved = old[0] * (end - old[MARK])
        for horizon in range(back - 1, HORIZON):
            young[horizon, np.int64(old[TAKER])] += moved
            young[horizon, np.int64(old[MAKER])] -= moved
    for taker in range(len(pairs)):
        for maker in range(len(pairs)):
            pair = sums.going_pairs[instrument, taker, maker]
            won = pair[0] + pair[1] * (end - base)
            pairs[taker, maker] += won
            pairs[maker, taker] -= won


@njit
def close_now(sums: Sums, marks: Any, ended: Any, young: Any, pairs: Any) -> bool:
    """Add what the episode that goes on comes to at the marks of now, and say whether one that is needed is missing.

    Parameters
    ----------
    marks : float64 (instruments, 3): those at the episode's start and now, currency, and whether it ever was a price.
    """
    missing = False
    for instrument in range(len(sums.base)):
        start = _exactly(marks[instrument, 0] * sums.scale[instrument])
        now = _exactly(marks[instrument, 1] * sums.scale[instrument])
        if marks[instrument, 2] == 0.0 and needs_mark(sums, instrument):
            missing = True
        close(sums, instrument, start, now, ended, young, pairs)
    young += sums.closed
    return missing


class Lines(NamedTuple):
    """Amounts of each population, currency, float64 (populations,); costs are negative.

    The first four are nan where an episode had no mark, since they are then without meaning; their sum still counts.
    """

    spread: NDArray[np.float64]
    hedging: NDArray[np.float64]
    adverse_selection: NDArray[np.float64]
    revaluation: NDArray[np.float64]
    fees: NDArray[np.float64]
    dividends: NDArray[np.float64]
    interest: NDArray[np.float64]
    funding: NDArray[np.float64]
    forgiven: NDArray[np.float64]


class SoFar(NamedTuple):
    """Where the money went so far, over all episodes that have begun.

    Attributes
    ----------
    lines : of an attribution.
    horizon : of adverse selection, in trades.
    known : whether there was a mark wherever one was needed.
    won : currency, float64 (populations, populations): [a, b] is what a won from b; (0, 0) where there are too many.
    fees : paid to each venue, currency, float64 (venues, populations).
    endowments : gains on what was held when episodes began, currency, float64 (populations,).
    """

    lines: Lines
    horizon: int
    known: bool
    won: NDArray[np.float64]
    fees: NDArray[np.float64]
    endowments: NDArray[np.float64]


class Attributed(Counted):
    """A run whose lines are added up too, before its tapes are drained. Its results go by population."""

    def __init__(self, built: Built, sink: Sink | None = None, act: Callable[[int], bool] | None = None) -> None:
        super().__init__(built, sink, act)
        self.sums = new_sums(built)

    def _add_up(self) -> None:
        super()._add_up()
        add_lines(self.built.storage.address, self.sums)

    def so_far(self, marks: NDArray[np.float64] | None, received: NDArray[np.int64]) -> SoFar:
        """Where the money went, of what was drained.

        Parameters
        ----------
        marks : as :func:`close_now` takes them; None between two episodes.
        received : int64 (populations, 4): dividends, interest, funding and losses forgiven of the episode that goes on.
        """
        sums, unit = self.sums, self.built.scenario.money.unit
        ended, young, pairs = sums.ended.copy(), sums.young.copy(), sums.pairs.copy()
        missing = False if marks is None else bool(close_now(sums, marks, ended, young, pairs))
        clock = self.clock
        horizon = horizon_for(int(clock["trades"]), int(clock["episode"]))
        known = not missing and not int(sums.unmarked[0])
        adverse = young[horizon - 1]
        by_price = np.array([ended[:, SPREAD], ended[:, HEDGING], adverse, ended[:, MOVES] - adverse]) * unit
        if not known:
            by_price[:] = math.nan
        fees = sums.fees * unit
        paid = (sums.received + received).T * unit
        won = pairs * unit
        traded = ended.sum(axis=1) * unit  # all but what was held at first has another side
        endowments = traded - won.sum(axis=1) if len(won) else np.zeros(len(ended))
        lines = Lines._make([*by_price, -fees.sum(axis=0), *paid])
        return SoFar(lines, horizon, known, won, fees, endowments)
