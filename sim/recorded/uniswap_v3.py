"""A recorded Uniswap v3 pool, replayed integer by integer: deposits, withdrawals and swaps in the order of the chain.

A swap's event does not tell its limit, and some recordings do not tell what was specified either (the column
``amount_specified``). So a swap is looked for. If it is told what was specified, it is that, without a limit, or where
not all of it was used up with the recorded price as the limit. Else it is an exact input, an exact output, or whatever
stops at the recorded price. A row is equal if one of them gives every recorded integer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from sim.core.errors import ReplayError
from sim.models.pools.concentrated import ConcentratedPool, Swap
from sim.models.pools.tick_math import MAX_SQRT_RATIO, MAX_TICK, MILLION, MIN_SQRT_RATIO, MIN_TICK
from sim.recorded.pool_replay import PoolReplay, Progress
from sim.recorded.uniswap_v2 import amounts_of
from sim.recorded.whole_number_table import Row, read_rows

_ORDER = ("block_number", "log_index")
_CONFIG = ("fee", "tick_spacing", "initial_sqrt_price_X96")
_SWAP = ("amount0", "amount1", "sqrt_price_x96", "liquidity", "tick", *_ORDER)
_LIQUIDITY = ("type", "liquidity", "amount0", "amount1", "tick_lower", "tick_upper", *_ORDER)
_MINT, _BURN = "1", "2"
_KINDS = {_MINT: _MINT, "mint": _MINT, _BURN: _BURN, "burn": _BURN}
_MOST_LIQUIDITY = (1 << 128) - 1
_MORE_THAN_ANY = (1 << 255) - 1  # input of a swap that only its limit stops
Event = tuple[Callable[[PoolReplay, ConcentratedPool, Row], None], Row]  # how it is played, and where it stands


def replay_v3(swaps: Path, config: Path, liquidity: Path, progress: Progress | None = None) -> PoolReplay:
    """Replay a pool; :func:`sim.recorded.pool_replay.replay_pool` has parameters and errors."""
    pool = _pool(config)
    changes = read_rows(liquidity, _LIQUIDITY, "deposit or withdrawal")
    rows = read_rows(swaps, _SWAP, "swap")
    events = _in_order([*((_change, row) for row in changes), *((_swap, row) for row in rows)])
    found = PoolReplay("uniswap_v3")
    for number, (play, row) in enumerate(events, 1):
        play(found, pool, row)
        if progress is not None:
            progress(number, len(events))
    return found


def _pool(path: Path) -> ConcentratedPool:
    rows = read_rows(path, _CONFIG, "pool")
    if len(rows) > 1:
        raise ReplayError(f"{path}, line {rows[1].line}: a second row, but there is one pool — leave one row")
    [row] = rows
    return ConcentratedPool(
        sqrt_price=row.whole("initial_sqrt_price_X96", MIN_SQRT_RATIO, MAX_SQRT_RATIO - 1),
        fee=row.whole("fee", 0, MILLION - 1),
        tick_spacing=row.whole("tick_spacing", 1, MAX_TICK),
    )


def _in_order(events: list[Event]) -> list[Event]:
    """Events by block and place in its log."""
    places: dict[tuple[int, int], Event] = {}
    for play, row in events:
        place = row.whole("block_number", 0), row.whole("log_index", 0)
        if place in places:
            _, other = places[place]
            said = f"is that of {other.path}, line {other.line} too, in block {place[0]}"
            raise row.wrong("log_index", said, "each event has its own place in the log of its block")
        places[place] = play, row
    return [places[place] for place in sorted(places)]


# --- liquidity ------------------------------------------------------------------------------------------------------


def _change(found: PoolReplay, pool: ConcentratedPool, row: Row) -> None:
    kind = _KINDS.get(row.text("type").lower())
    if kind is None:
        raise row.wrong("type", "is no type of event", "1 is a deposit (mint), 2 a withdrawal (burn)")
    liquidity = row.whole("liquidity", 1 if kind == _MINT else 0, _MOST_LIQUIDITY)
    lower, upper = _range(row, pool.tick_spacing)
    recorded = row.whole("amount0"), row.whole("amount1")
    owner = (row.text("recipient") or row.text("msg_sender") if kind == _MINT else row.text("msg_sender")).lower()
    try:
        act = pool.mint if kind == _MINT else pool.burn
        amounts = act(owner, lower, upper, liquidity)
    except ValueError as error:
        remedy = "is the event in the right order, and are all deposits before it in the file?"
        raise row.wrong("liquidity", f"cannot be: {error}", remedy) from error
    found.liquidity_rows += 1
    if amounts == recorded:
        found.liquidity_equal += 1
    else:
        found.differs(f"{row.path}, line {row.line}", _pair(*recorded), _pair(*amounts))


def _range(row: Row, spacing: int) -> tuple[int, int]:
    lower, upper = (row.whole(column, MIN_TICK, MAX_TICK) for column in ("tick_lower", "tick_upper"))
    for column, tick in (("tick_lower", lower), ("tick_upper", upper)):
        if tick % spacing:
            near = tick // spacing * spacing
            said = f"is no multiple of the pool's tick spacing {spacing}"
            raise row.wrong(column, said, f"{near} and {near + spacing} are; is it this pool's file?")
    if lower >= upper:
        raise row.wrong("tick_upper", f"is not above tick_lower, {lower}", "a range begins below where it ends")
    return lower, upper


# --- swaps ----------------------------------------------------------------------------------------------------------


def _swap(found: PoolReplay, pool: ConcentratedPool, row: Row) -> None:
    recorded = (
        *amounts_of(row), row.whole("sqrt_price_x96", MIN_SQRT_RATIO, MAX_SQRT_RATIO - 1),
        row.whole("liquidity", 0, _MOST_LIQUIDITY), row.whole("tick", MIN_TICK, MAX_TICK),
    )  # fmt: skip
    found.rows += 1
    own: Swap | None = None
    for specified, swap in _possible(pool, row, *recorded[:3]):
        if _integers(swap) == recorded:
            pool.settle(swap)
            found.rows_equal += 1
            found.exact_outputs += specified < 0
            found.several_ticks += len(swap.crossings) > 1
            found.most_ticks = max(found.most_ticks, len(swap.crossings))
            return
        own = own or swap
    place = f"{row.path}, line {row.line}"
    if own is None:
        found.differs(place, _told(recorded), "cannot swap: its price is at its end")
        return
    pool.settle(own)
    found.differs(place, _told(recorded), _told(_integers(own)))


def _possible(pool: ConcentratedPool, row: Row, amount0: int, amount1: int, price: int) -> Iterator[tuple[int, Swap]]:
    """Swaps that may have made an event, each with what it specifies; the likeliest first."""
    zero_for_one = amount0 > 0 or (amount0 == amount1 == 0 and price < pool.sqrt_price)
    for specified, limit in _inputs(row, *((amount0, amount1) if zero_for_one else (amount1, amount0)), price):
        try:
            yield specified, pool.quote(zero_for_one, specified, limit)
        except ValueError:  # the recorded price is on the wrong side, or there is no further price
            continue


def _inputs(row: Row, came: int, left: int, price: int) -> Iterator[tuple[int, int | None]]:
    """What may have been specified, and the limit; a swap that stopped at its limit did not use all of it up."""
    if row.text("amount_specified"):
        specified = row.whole("amount_specified")
        if specified == 0:
            raise row.wrong("amount_specified", "is nothing", "an exact input is positive, an exact output negative")
        yield specified, None
        if specified != (came if specified > 0 else left):
            yield specified, price
        return
    yield from ((amount, None) for amount in (came, left) if amount)
    yield _MORE_THAN_ANY, price


def _integers(swap: Swap) -> tuple[int, ...]:
    return swap.amount0, swap.amount1, swap.sqrt_price, swap.liquidity, swap.tick


def _told(integers: tuple[int, ...]) -> str:
    amount0, amount1, price, liquidity, tick = integers
    return f"{_pair(amount0, amount1)}, sqrtPriceX96 {price}, liquidity {liquidity}, tick {tick}"


def _pair(amount0: int, amount1: int) -> str:
    return f"amounts {amount0} and {amount1}"
