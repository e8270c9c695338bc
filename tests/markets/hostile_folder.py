"""A folder of strategies of many authors: some play, and each of the others fails in its own way."""

from __future__ import annotations

from pathlib import Path

MAKER = """
import numpy as np

from spreadgame.strategy import NO_ASK, Parameter, best_ask, inventory, keep_quotes, public_value, strategy
from spreadgame.strategy import tick_above, tick_below


@strategy(
    "{name}",
    summary="quotes a fixed half-spread around the public value, and leans against its inventory",
    source="a test",
    parameters={{"half_spread": Parameter({half_spread}, "half of the spread", unit="currency", low=0.0, high=10.0)}},
    memory={{"bids": (int, 1), "asks": (int, 1), "turns": int}},
    max_messages=2,
)
def act(me, market):
    kept = me.memory
    kept.turns += 1
    {inside}
    reference = public_value(me, market) - 0.01 * inventory(me, market)
    bid = tick_below(me, market, me.venue, reference - me.parameters.half_spread)
    ask = tick_above(me, market, me.venue, reference + me.parameters.half_spread)
    keep_quotes(me, market, me.venue, kept.bids, kept.asks, bid, 1, ask, 1, 1, 1, 1)
"""
_FUTURE = """
from sim.core.world import opened
from spreadgame.strategy import BUY, SELL, market_order, strategy


@strategy("oracle", summary="trades on what comes", source="a test", max_messages=1)
def act(me, market):
    world = opened(market)
    clock = world.clock[0]
    beat = clock.episode * clock.steps + clock.step
    if beat + 5 < len(world.increments):
        coming = 0.0
        for ahead in range(1, 6):
            coming += world.increments[beat + ahead].diffusion
        if coming > 2.0:
            market_order(me, market, me.venue, BUY, 1)
        elif coming < -2.0:
            market_order(me, market, me.venue, SELL, 1)
"""
_VALUE = """
from sim.core.world import opened
from spreadgame.strategy import BUY, SELL, market_order, public_value, strategy


@strategy("peeker", summary="trades on the value, which it may not see", source="a test", max_messages=1)
def act(me, market):
    value = opened(market).instruments[me.instrument].value
    market_order(me, market, me.venue, BUY if value > public_value(me, market) else SELL, 1)
"""


def maker(name: str, half_spread: float = 0.05, inside: str = "pass") -> str:
    """The file of a maker that does something at each turn before it quotes."""
    return MAKER.format(name=name, half_spread=half_spread, inside=inside)


PLAY = {
    "narrow.py": maker("narrow", 0.02),
    "twin_a.py": maker("twin", 0.05),
    "twin_b.py": maker("twin", 0.05),
}
FAIL = {  # file: its text, and the reason that is to be given
    "raises.py": (maker("raises", inside="assert kept.turns <= TURNS"), "raised"),
    "endless.py": (maker("endless", inside="while kept.turns > 0: kept.turns = kept.turns % 1000 + 1"), "time"),
    "oracle.py": (_FUTURE, "reads_the_future"),
    "greedy.py": (maker("greedy", inside="kept.turns += int(np.ones(kept.turns * 10**8).sum())"), "memory"),
    "poem.py": ("Shall I compare thee to a summer's day?\n", "does_not_load"),
    "essay.txt": ("I think that makers should quote wide.\n", "does_not_load"),
    "peeker.py": (_VALUE, "breaks_contract"),
}


def write_folder(folder: Path, *names: str, raises_after: int = 1000) -> Path:
    """Write files of :data:`PLAY` and :data:`FAIL` into a folder, all of them if none is named."""
    folder.mkdir(exist_ok=True)
    texts = PLAY | {name: text for name, (text, _) in FAIL.items()}
    for name in names or texts:
        (folder / name).write_text(texts[name].replace("TURNS", str(raises_after)), encoding="utf-8")
    return folder
