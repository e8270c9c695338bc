"""Chains written out: an instrument and its book for each expiry, strike and kind of option."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sim.scenario.tables.derivatives import Call, Put
from sim.scenario.tables.instruments import Instrument
from sim.scenario.tables.market import Scenario
from sim.scenario.tables.table import Unreadable
from sim.scenario.tables.venues import Chain, Venue

MOST_OPTIONS = 10_000  # of all chains
LISTS = ("expiries", "kinds")  # of a chain; nothing is listed twice in them
Origins = Mapping[tuple[str, int], int]


def expanded(draft: Scenario) -> tuple[Scenario, Origins]:
    """The scenario with the instruments and venues of its chains, behind those that are written.

    A chain that cannot be read, is too large or lists something twice adds none; what is wrong is said elsewhere.

    Returns
    -------
    The scenario; and for what a chain added, the number of that chain: by array and place in it.
    """
    origins: dict[tuple[str, int], int] = {}
    try:
        chains, instruments, venues = draft.chains, list(draft.instruments), list(draft.venues)
    except Unreadable:
        return draft, origins
    for number, chain in enumerate(chains):
        try:
            for instrument, venue in _options(chain):
                origins["instruments", len(instruments)] = origins["venues", len(venues)] = number
                instruments.append(instrument)
                venues.append(venue)
        except Unreadable:
            continue
    if not origins:
        return draft, origins
    return draft.model_copy(update={"instruments": tuple(instruments), "venues": tuple(venues)}), origins


def number_of(chain: Chain) -> int:
    """How many options a chain has."""
    return len(chain.expiries) * chain.strikes.number * len(chain.kinds)


def names_of(chain: Chain) -> list[str]:
    """What the options of a chain, and their books, are called: by expiry, strike and kind.

    Raises
    ------
    Unreadable
        Of a chain with mistakes, one that is too large, or one that lists something twice.
    """
    twice = any(len(set(listed)) < len(listed) for listed in (getattr(chain, key) for key in LISTS))
    if twice or number_of(chain) > MOST_OPTIONS:
        raise Unreadable(chain.name)
    return [
        f"{chain.name}-{expiry}-{strike:.10g}-{kind}".replace(".", "_")
        for expiry in chain.expiries
        for strike in chain.strikes.all()
        for kind in chain.kinds
    ]


def books_of(chains: tuple[Chain, ...], venues: tuple[str, ...]) -> tuple[str, ...]:
    """Names of venues, with the names of all its books in the place of a chain's."""
    named = {chain.name: chain for chain in chains}
    return tuple(book for name in venues for book in (names_of(named[name]) if name in named else [name]))


def _options(chain: Chain) -> Iterator[tuple[Instrument, Venue]]:
    names = iter(names_of(chain))
    settings = {key: getattr(chain.venue, key) for key in Venue.model_fields if key not in ("name", "instrument")}
    for expiry in chain.expiries:
        for strike in chain.strikes.all():
            for kind in chain.kinds:
                name = next(names)
                option = (Call if kind == "call" else Put)(
                    kind=kind,  # type: ignore[arg-type]
                    of=chain.of,
                    strike=strike,
                    expiry=expiry,
                    settles_at=chain.settles_at,
                    average=chain.average,
                    volatility=chain.volatility,
                )
                yield (
                    Instrument(name=name, lot_size=chain.lot_size, derivative=option),
                    Venue(name=name, instrument=name, **settings),
                )
