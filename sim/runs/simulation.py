"""Driving the kernel until the run is over: it gets the storage it lacks, and its records are written out.

The kernel runs in chunks. Between two of them Python drains the tapes, shows progress and may stop.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from sim.core import codes
from sim.core.errors import RunError, StrategyError
from sim.core.storage import make_room, undrained
from sim.core.undisturbed import Undisturbed
from sim.core.world import HISTORY
from sim.instruments.processes import BLOCK
from sim.kernel.kernel import advance
from sim.kernel.outside import invite
from sim.runs.build import Built, compile_all, fill_block
from sim.runs.interrupt import turns_told_by
from sim.strategy_kit import callbacks
from sim.venues import gateway

_CHUNK_SECONDS = 0.1
_FIRST_CHUNK = 256


class Sink(Protocol):
    """Where a run's rows go. Each array is a copy; records are those of :mod:`sim.core.world`.

    A class that is derived from this one drops the rows for which it has no method of its own.
    """

    def trades(self, rows: Any) -> None:
        """Rows of the trade tape."""
        return

    def messages(self, rows: Any) -> None:
        """Rows of the message log."""
        return

    def book(self, rows: Any, ladder: Any) -> None:
        """Samples of the book, and its levels where more than one is sampled."""
        return

    def agents(self, rows: Any, lots: Any, greeks: Any, risks: Any) -> None:
        """Samples of agents or populations, their lots by instrument, their greeks and risks where there are any."""
        return

    def episodes(self, rows: Any, lots: Any) -> None:
        """Results of episodes, and lots by instrument before settlement."""
        return

    def settlements(self, rows: Any) -> None:
        """What each instrument came to in each episode."""
        return

    def limits(self, rows: Any) -> None:
        """What became of each limit of each member in each episode."""
        return

    def margin_calls(self, rows: Any) -> None:
        """What happened to accounts under margin."""
        return


class Simulation:
    """A run in progress.

    Parameters
    ----------
    built : the World and what Python remembers of it.
    sink : takes what is drained; None drops it.
    act : called with the row of a Python agent whose turn it is; says whether to stop when the step is over.

    Attributes
    ----------
    failure : what ended it for good; None while it can go on.
    """

    def __init__(self, built: Built, sink: Sink | None = None, act: Callable[[int], bool] | None = None) -> None:
        compile_all(built)
        self.built = built
        self.sink = sink
        self.failure: Exception | None = None
        self._act = act
        self._waiting: list[tuple[str, tuple[Any, ...]]] = []  # rows that are drained and not handed over
        self._storage = built.storage
        self._pace = 0.0  # steps a second

    @property
    def clock(self) -> Any:
        """The clock record: step, episode, counts."""
        return self._storage.world.clock[0]

    @property
    def done(self) -> int:
        """Steps done, over all episodes."""
        clock = self.clock
        return int(clock["episode"]) * int(clock["steps"]) + int(clock["step"])

    @property
    def total(self) -> int:
        """Steps of the whole run."""
        run = self.built.scenario.run
        return run.steps * run.episodes

    def advance(self, until: int) -> None:
        """Run to a step, counted over all episodes, with whatever that takes."""
        while True:
            status = advance(self._storage.address, until)
            if status in (codes.RUNNING, codes.AWAITING):
                return
            if status & 0xFF == codes.EXTERNAL and self._act is not None:
                if self._act(status >> 8):
                    until = min(until, self.done + 1)
            else:
                self._provide(status)

    def begin_class(self, turn_class: int) -> None:
        """Begin the next step and go on to where a turn class begins, one with members that act from outside."""
        self.clock["stop_at"] = turn_class + 1
        try:
            self.advance(self.done + 1)
        finally:
            self.clock["stop_at"] = 0

    def begin_turn(self, row: int) -> None:
        """Begin the turn of a member that acts from outside: the next of the turn class that has begun."""
        while not invite(self._storage.address, row):
            self._provide(codes.NEED_TURNS)
        self.advance(self.done + 1)

    def run(
        self, progress: Callable[[], bool] = lambda: True, chunk: int | None = None, until: int | None = None
    ) -> bool:
        """Run to the end, or until ``progress``, called between chunks, says False. Says whether the end was reached.

        ``chunk`` fixes the steps of a chunk; None lets a chunk last about a tenth of a second. No result depends on it.
        ``until`` is an end that comes before that of the run.
        """
        size, end = chunk or _FIRST_CHUNK, self.total if until is None else until
        with turns_told_by(self.whose_turn):
            while self.done < end:
                begin = time.perf_counter()
                self.advance(min(self.done + size, end))
                self.drain()
                self._check_ledger()
                if chunk is None:
                    spent = max(time.perf_counter() - begin, 1e-6)
                    size = int(min(max(size * _CHUNK_SECONDS / spent, 1), 4 * size))
                if not progress():
                    return False
        return True

    def acting(self) -> int | None:
        """The agent whose strategy is at its turn, None between turns; another thread may ask while the kernel runs."""
        clock, world = self.clock, self._storage.world
        place = int(clock["place"])
        if int(clock["phase"]) != codes.ACTING or not 0 <= place < int(clock["length"]):
            return None
        return int(world.turns[place]["agent"])

    def whose_turn(self) -> str:
        """Strategy, agent, episode and step of the turn that is being played, in words; empty between turns."""
        agent = self.acting()
        return "" if agent is None else f"{self._player(agent)}, {self._now()}"

    def drain(self) -> None:
        """Hand everything written so far to the sink.

        Rows are taken and marked as taken before the sink has them: where that raises, they wait for the next call.
        """
        clock = self.clock
        with Undisturbed():
            taken = self._undrained() if self.sink is not None else []
            self._add_up()
            self._mark_drained(clock)
            self._waiting += taken
            while self._waiting:
                table, rows = self._waiting[0]
                getattr(self.sink, table)(*rows)
                del self._waiting[0]

    def _add_up(self) -> None:
        """Whoever keeps sums adds what is drained now."""

    def _undrained(self) -> list[tuple[str, tuple[Any, ...]]]:
        """Copies of all rows that no sink has, by the method of a sink that takes them."""
        found: list[tuple[str, tuple[Any, ...]]] = []
        world, clock = self._storage.world, self.clock
        instruments = int(clock["instruments"])
        if clock["trades"] > clock["tape_drained"]:
            found.append(("trades", (undrained(world.tape, clock["tape_drained"], clock["trades"]),)))
        if clock["messages_logged"] > clock["log_drained"]:
            found.append(("messages", (undrained(world.log, clock["log_drained"], clock["messages_logged"]),)))
        if used := int(clock["samples_used"]):
            width = 4 * int(clock["book_levels"])
            ladder = np.array(world.ladder[: used * width]).reshape(used, -1) if len(world.ladder) else None
            found.append(("book", (np.array(world.book_samples[:used]), ladder)))
        if used := int(clock["agent_samples_used"]):
            lots = np.array(world.sample_lots[: used * instruments]).reshape(used, instruments)
            rows = len(world.agent_samples)
            greeks, risks = (_by_row(each, used, rows) for each in (world.sample_greeks, world.sample_risks))
            found.append(("agents", (np.array(world.agent_samples[:used]), lots, greeks, risks)))
        if used := int(clock["outcomes_used"]):
            lots = np.array(world.outcome_lots[: used * instruments]).reshape(used, instruments)
            found.append(("episodes", (np.array(world.outcomes[:used]), lots)))
        if used := int(clock["settlements_used"]):
            found.append(("settlements", (np.array(world.settlements[:used]),)))
        if used := int(clock["limits_used"]):
            found.append(("limits", (np.array(world.limit_outcomes[:used]),)))
        if used := int(clock["margin_events_used"]):
            found.append(("margin_calls", (np.array(world.margin_events[:used]),)))
        return found

    @staticmethod
    def _mark_drained(clock: Any) -> None:
        clock["tape_drained"] = clock["trades"]
        clock["log_drained"] = clock["messages_logged"]
        clock["samples_used"] = clock["agent_samples_used"] = clock["outcomes_used"] = clock["settlements_used"] = 0
        clock["limits_used"] = clock["margin_events_used"] = 0

    def _provide(self, status: int) -> None:
        """Give the kernel what it stopped for."""
        if status == codes.NEED_NATURE:
            fill_block(self.built, self.done // BLOCK)
        else:
            self.make_room(status)

    def make_room(self, status: int) -> None:
        """Make the pools, the tapes or the list of turns hold what one more turn may need.

        Raises
        ------
        StrategyError, RunError
            If it is not room that is lacking: why the run ends, which is its ``failure`` from now on.
        """
        if status not in (codes.NEED_ORDERS, codes.NEED_TAPE, codes.NEED_TURNS):
            self.failure = self._failure(status)
            raise self.failure
        if status == codes.NEED_TAPE:
            self.drain()
        allowed = int(self._storage.world.populations["allowed"].max())
        make_room(self._storage, status, max(allowed, int(self.clock["pending"])), [], [])

    def _failure(self, status: int) -> Exception:
        clock, world = self.clock, self._storage.world
        agent, where = int(clock["fault_agent"]), self._now()
        who = f"{self._player(agent)}, {where}"
        if status == codes.RAISED:
            cause = callbacks.raised[0] if callbacks.raised else None
            how = f": {cause!r}" if cause else "; run it with NUMBA_DISABLE_JIT=1 to see which"
            error = StrategyError(f"{who}: it raised an exception{how}")
            error.__cause__ = cause
            return error
        if status == codes.TOO_MANY:
            row = world.populations[int(world.agents[agent]["population"])]
            allowed = int(row["allowed"]) - int(row["rule_messages"])
            return StrategyError(
                f"{who}: it sent more than the {allowed} messages it declared — raise its max_messages, or send fewer"
            )
        if status == codes.MISTAKEN:
            return StrategyError(
                f"{who}: {self._mistake(agent, int(clock['fault_reason']), int(clock['fault_value']))}"
            )
        if status == codes.MONEY_OVERFLOW:
            return RunError(
                f"{where}: an amount of money is too large to count — use a larger money.unit or smaller orders"
            )
        return RunError(
            f"{where}: the engine stopped with status {status}; this is a bug in Spreadgame, please report it"
        )

    def _player(self, agent: int) -> str:
        population = self.built.scenario.populations[int(self._storage.world.agents[agent]["population"])]
        return f"strategy {population.strategy!r} of agent {self.built.accounts.names[agent]!r}"

    def _now(self) -> str:
        return f"episode {int(self.clock['episode'])}, step {int(self.clock['step'])}"

    def _mistake(self, agent: int, what: int, value: int) -> str:
        """A number that a strategy gave and that means nothing, in words."""
        world = self._storage.world
        row = world.populations[int(world.agents[agent]["population"])]
        if what == gateway.SIDE:
            return f"it gave side {value} — a side is BUY (1) or SELL (-1)"
        if what == gateway.SERIAL:
            return (
                f"it asked for trade {value} — the last {HISTORY:,} can be read, up to number "
                f"{int(self.clock['trades']) - 1} (next_trade_number less 1)"
            )
        if what == gateway.LEVELS:
            return f"it keeps a ladder of {value} levels — its memory has room for fewer handles"
        if what == gateway.SEVERAL:
            return (
                "it asked for what is of one instrument, and its venues trade several — name it: "
                "inventory(me, market, instrument), and so public_value and signal"
            )
        if what == gateway.UNTRADED:
            return f"it asked for its signal of instrument {value} — none of its venues trades that"
        called, count = {
            int(gateway.VENUE): ("venue", len(world.venues)),
            int(gateway.INSTRUMENT): ("instrument", len(world.instruments)),
            int(gateway.AGENT): ("agent", len(world.agents)),
            int(gateway.PLACE): ("venue of its own, number", int(row["venues"])),
            int(gateway.PRECOMPUTED): ("precomputed number", int(row["precomputed_count"])),
            int(gateway.MEMBER): ("member", int(row["count"])),
            int(gateway.NEIGHBOUR): ("neighbour", self._neighbours(agent)),
        }[what]
        known = f"there are {count:,}, numbered from 0" if count else "there is none"
        return f"it asked for {called} {value} — {known}"

    def _neighbours(self, agent: int) -> int:
        """How many an agent has in its population's network."""
        world = self._storage.world
        row = world.populations[int(world.agents[agent]["population"])]
        if not row["linked"]:
            return 0
        return int(world.members[int(row["first_member"]) + int(world.agents[agent]["number"])]["links"])

    def _check_ledger(self) -> None:
        world = self._storage.world
        lots = np.asarray(world.holdings["lots"]).reshape(-1, int(self.clock["instruments"]))
        if np.asarray(world.accounts["cash"]).sum() != 0 or lots.sum(axis=0).any():
            raise RunError(
                f"step {self.done}: the ledger does not sum to zero; this is a bug in Spreadgame, please report it"
            )


def _by_row(numbers: Any, used: int, rows: int) -> Any:
    """What an array with room for so many rows holds in the first ``used``, copied: (used, columns)."""
    width = len(numbers) // rows
    return np.array(numbers[: used * width]).reshape(used, width)
