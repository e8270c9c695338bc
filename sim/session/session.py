"""A run that is stepped: paused by not stepping, given orders from outside between any two steps, copied, logged.

Somebody outside drives the members of the populations named ``outside``: a person at a page, a connection of an
exchange, a learner, a script. When an order of theirs happens is exact, so that it is what an agent of that population
would have done by giving the same order at its turn:

- They have a turn in each step, at the rank (``turn``) that the scenario gives their population. ``arrivals`` and the
  strategy of the population are not asked; who sends nothing does nothing at its turn.
- The first order after a step begins the next one: lifetimes end, values move, and those of lower rank act. Then the
  order is sent, and its answer returned. ``begin_step`` goes to the same place without an order, for a look.
- Orders are sent in the order in which they are given; orders of one agent without another's between them are one
  turn. What is done around a turn is done around these: an obliged maker is held to its obligation at its end.
- Others of the same rank act after them. In a simultaneous class nobody sees anybody's orders, and all enter together.
- ``step`` and ``advance`` go on from there.

Ctrl-C is answered between two steps or orders: what was begun is finished before, so one can go on from there.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.core.arguments import a_path, paths, several, whole
from sim.core.codes import BY_OUTSIDE, BY_PYTHON
from sim.core.errors import RunError
from sim.core.undisturbed import Undisturbed
from sim.core.world import HISTORY
from sim.runs.build import build, compile_all
from sim.runs.result import MemorySink
from sim.runs.totals import Counted
from sim.scenario import Scenario, resolved
from sim.scenario.overrides import Overrides
from sim.session.acting import check_populations, row_of, turns_of
from sim.session.agent import Agent
from sim.session.alone import Alone
from sim.session.kept import Kept
from sim.session.python_gateway import ACTS
from sim.session.session_log import LogWriter, head_of
from sim.session.session_records import BEGIN_STEP, came_to, record_of
from sim.strategy_kit.loading.files import load_files
from sim.venues.gateway import WRONG

_NOBODY = -1
_NO_CALL = Undisturbed()
_OF_ITS_OWN = {"address", "_busy", "_call", "_log"}  # what a copy makes anew
_FEW = 256  # steps that are made at once; more in chunks, between which Ctrl-C is answered


class Session(Kept):
    """A scenario that is stepped.

    Parameters
    ----------
    scenario : a scenario, or the path of its file.
    seed, overrides, strategies : as for :func:`spreadgame.run`.
    outside : populations whose members are driven from outside, all of one ``turn``.
    agents : for some populations, what a member does at its turn, called with the :class:`Agent`.
    log : a file, made anew, that takes down all that comes from outside; :meth:`replay` plays it again.
    tables : whether rows of tables are kept; without, memory does not grow however long it goes on, and it has no
        :meth:`result`.
    orders, tape : how large the World begins; no result depends on them.

    A copy, by ``copy`` or ``pickle``, is a session of its own that goes on from the same state, without a log. One
    thread at a time uses a session.

    Raises
    ------
    ScenarioError
        If the scenario cannot run, or ``outside`` or ``agents`` do not fit it.
    RunError
        If the log cannot be made.
    TypeError, ValueError
        If another argument is none of its kind.

    Examples
    --------
    >>> session = Session("scenarios/quickstart.toml", outside=["informed"])  # doctest: +SKIP
    >>> session.step(100)  # doctest: +SKIP
    >>> session.agent("informed 0").market_order(1, 2)  # doctest: +SKIP
    """

    def __init__(
        self,
        scenario: Scenario | str | Path,
        seed: int | None = None,
        overrides: Overrides | None = None,
        *,
        outside: str | Sequence[str] = (),
        agents: Mapping[str, Callable[[Agent], object]] | None = None,
        log: str | Path | None = None,
        strategies: str | Path | Sequence[str | Path] = (),
        tables: bool = True,
        orders: int = 1024,
        tape: int = 4 * HISTORY,
    ) -> None:
        capacities = {"orders": whole("orders", orders, low=1), "tape": whole("tape", tape, low=1)}
        load_files(paths("strategies", strategies))
        scenario = resolved(scenario, overrides, seed)
        self.outside = tuple(dict.fromkeys(several("outside", outside, "a name, or a list of names", (str,))))
        self._turns = turns_of(agents)
        check_populations(scenario, self.outside, self._turns)
        if self._turns and log is not None:
            raise TypeError(
                "a session with agents=… has no log: what they would do is not in it — drive them from outside"
            )
        acting = dict.fromkeys(self._turns, BY_PYTHON) | dict.fromkeys(self.outside, BY_OUTSIDE)
        super().__init__(build(scenario, acting, **capacities))
        self._sink = MemorySink(self.scenario) if tables else None
        self._simulation = self._driven()
        self._acts = [self._turns.get(each.name) for each in self.scenario.populations]
        self._agents: dict[int, Agent] = {}
        ranks = sorted({each.turn for each in self.scenario.populations})
        turns = [each.turn for each in self.scenario.populations if each.name in self.outside]
        self._turn_class = ranks.index(turns[0]) if turns else -1
        self._begun = False  # whether the next step has come to the turn of those outside
        self._speaker = _NOBODY  # the row of the one whose turn it is
        self.acting = _NOBODY  # the row of the agent in Python whose turn is going on
        self._busy = threading.Lock()
        self._call: Undisturbed = _NO_CALL  # the last that had the session alone
        self._log: LogWriter | None = None
        if log is not None:
            self._log = LogWriter(a_path("log", log), head_of(self.scenario, self.outside))

    def _driven(self) -> Counted:
        """The run that is stepped; whoever adds up more, or keeps other rows, makes another."""
        return Counted(self._built, self._sink, self._act)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in _OF_ITS_OWN}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.address = self._built.storage.address
        self.acting = _NOBODY
        self._busy, self._call, self._log = threading.Lock(), _NO_CALL, None
        compile_all(self._built)  # the addresses of callbacks are those of another process

    def __copy__(self) -> Session:
        """A session of its own, as ``copy.deepcopy`` makes."""
        return copy.deepcopy(self)

    # --- the clock --------------------------------------------------------------------------------------------------

    def step(self, n: int = 1) -> bool:
        """Make some steps, fewer where the run ends. Returns whether there are steps left.

        Raises
        ------
        RunError
            If it is called while a step is going on, in an agent's turn or in another thread: look ahead in a copy.
        """
        before = self.now
        return self._go_on(before, before + whole("n", n, "steps to make", low=1))

    def advance(self, until: int) -> bool:
        """Go on until so many steps are done, over all episodes, or to the end. Returns whether there are steps left.

        Raises
        ------
        ValueError
            If more steps are done already.
        RunError
            As for :meth:`step`.
        """
        before = self.now
        return self._go_on(before, whole("until", until, "a session does not go back; replay its log", low=before))

    def _go_on(self, before: int, until: int) -> bool:
        total = self.total
        end = min(until, total)
        while True:
            with Alone(self) as call:
                if end > before:
                    self._advance(before, end, call)
            if not call.asked:
                return end < total
            before = self.now  # a handler that raises nothing was told: on to the end

    def _advance(self, before: int, end: int, call: Alone) -> None:
        try:
            self._begun, self._speaker = False, _NOBODY
            if end - before <= _FEW:
                self._simulation.advance(end)  # tapes are drained when they are full
            else:
                self._simulation.run(lambda: not call.asked, until=end)
        finally:
            if self._log is not None and self.now > before:
                self._log.put({"step": self.now})

    def claim(self, call: Undisturbed) -> None:
        """Keep other callers out: a step that is going on cannot be stepped, and takes no order but those of a turn."""
        if self._simulation.failure is not None:
            raise RunError(f"the session has failed: {self._simulation.failure}") from self._simulation.failure
        if self._log is not None and self._log.closed:
            raise RunError(f"{self._log.path}: the log is closed — replay it to go on")
        if not self._busy.acquire(blocking=False):
            raise RunError("a step is going on: call step() of a copy, or when it has ended")
        self._call = call

    def release(self) -> None:
        """Let other callers in."""
        self._call = _NO_CALL  # which has a session, and would keep it for Python's collector
        self._busy.release()

    def fail(self, error: Exception) -> None:
        """Take no more steps and orders."""
        self._simulation.failure = error

    def go_on_with(self, log: LogWriter) -> None:
        """Take down what comes from now on in a log that has all until now."""
        self._log = log

    def close(self) -> None:
        """Close the log, so that another session may go on with it; this one then takes no more steps and orders."""
        if self._log is not None:
            self._log.close()

    # --- turns ------------------------------------------------------------------------------------------------------

    def _act(self, row: int) -> bool:
        """The turn of an agent that acts in Python. Says whether to stop when the step is over."""
        act = self._acts[self.population_rows[row]]
        self.acting = row
        try:
            if act is not None:
                act(self._agents.get(row) or self._agent(row))
        finally:
            self.acting = _NOBODY
        return self._call.asked != 0

    def begin_step(self) -> None:
        """Begin the next step and go on to the turn of those outside: what is seen then is what an order will meet.

        Raises
        ------
        RunError
            If nobody is driven from outside, or the run is over.
        """
        with Alone(self):
            if self._begin_step() and self._log is not None:
                self._log.put({"step": self.now, "does": BEGIN_STEP})

    def _begin_step(self) -> bool:
        """Says whether there was anything to do."""
        if self._begun:
            return False
        if not self.outside:
            raise RunError("nobody is driven from outside: name populations, Session(…, outside=[…])")
        if not self.running:
            raise RunError(f"the run is over after {self.total:,} steps: it takes no more orders")
        self._simulation.begin_class(self._turn_class)
        self._begun = True
        return True

    def do(self, row: int, what: str, *arguments: float) -> float:
        """Let an agent do what changes the run, as its methods do; ``arguments`` as ``python_gateway.ACTS`` names them.

        In a turn of an agent in Python it is done at once. Else it comes from outside, and makes a turn.
        """
        if self.acting == row:
            return self._pass_on(row, what, arguments)
        if self.acting != _NOBODY:
            names = self._built.accounts.names
            raise RunError(
                f"it is the turn of {names[self.acting]!r}: it may look at {names[row]!r}, and sends its own alone"
            )
        population = self.scenario.populations[self.population_rows[row]].name
        if population not in self.outside:
            raise RunError(
                f"no turn is going on: orders of {population!r} are sent in their turn (Market(…, agents={{…}}) or "
                "Session(…, agents={…})), or between two steps of a Session(…, outside=[…]) that names it"
            )
        with Alone(self):
            self._begin_step()
            return self._do_from_outside(row, what, arguments)

    def _do_from_outside(self, row: int, what: str, arguments: Sequence[Any]) -> float:
        try:
            if self._speaker != row:
                self._simulation.begin_turn(row)
                self._speaker = row
            answer = self._pass_on(row, what, arguments)
            if self._log is not None:
                record = record_of(self.now, self._built.accounts.names[row], what, arguments)
                self._log.put(record | came_to(self, answer))
        except BaseException:  # a second Ctrl-C too: what was sent and is not in the log must be the last that was sent
            self.close()
            raise
        return answer

    def _pass_on(self, row: int, what: str, arguments: Sequence[Any]) -> float:
        act = ACTS[what][0]
        result: float
        while isinstance(result := act(self.address, row, *arguments), int) and result < 0:
            if result == WRONG:
                raise RunError(f"{what} {arguments} means nothing; this is a bug in Spreadgame, please report it")
            self.make_room(-1 - result)
        return result

    def make_room(self, lack: int) -> None:
        """Grow what a message found too small."""
        self._simulation.make_room(lack)

    # --- the agents -------------------------------------------------------------------------------------------------

    def agent(self, who: str | int) -> Agent:
        """An agent: by its name, as ``"makers 1"`` or ``"desk"`` where it is alone, or by its row.

        Raises
        ------
        KeyError
            If there is none.
        """
        if not isinstance(who, str):
            return self._agent(whole("who", who, "or a name", low=0, high=len(self.population_rows) - 1))
        return self._agent(row_of(self.scenario, who))

    def _agent(self, row: int) -> Agent:
        if row not in self._agents:
            self._agents[row] = Agent(self, row)
        return self._agents[row]

    @classmethod
    def replay(
        cls,
        log: str | Path,
        *,
        strategies: str | Path | Sequence[str | Path] = (),
        resume: bool = False,
        other_code: bool = False,
        new_log: str | Path | None = None,
    ) -> Session:
        """The session that left a log, where it stood when the last line was written.

        Parameters
        ----------
        strategies : the files of strategies that were played; a log does not run files that nobody names.
        resume : go on writing in the log; by the code that recorded it alone, since its head names one.
        other_code : allow another version of the code than the one that recorded.
        new_log : a file, made anew, that takes down all that is replayed and what comes after it.

        Raises
        ------
        RunError
            If the log is damaged, or what it depends on is not what it was.
        Differs
            If an answer is not the one that was recorded.
        """
        from sim.session.session_replay import replayed  # it makes sessions

        into = None if new_log is None else a_path("new_log", new_log)
        return replayed(a_path("log", log), paths("strategies", strategies), resume, other_code, into)
