"""What the process does that plays a match: it loads the files of the players, compiles them, and runs the seeds."""

from __future__ import annotations

import json
import math
import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from analysis.money.attribution import by_mark
from analysis.tournament import explaining
from analysis.tournament.entries import OURS
from analysis.tournament.limits import Tell, address_space
from analysis.tournament.loading import Ended, loaded, names_of
from analysis.tournament.matches import market_of
from analysis.tournament.reads_the_future import knows_no_value, reads_the_future
from analysis.tournament.task import CHECKING, COMPILING, EXPLAINING, LOADING, MEMORY, PLAYING, Task, limits_of
from sim.core import codes
from sim.core.errors import ScenarioError, SpreadgameError, StrategyError
from sim.core.questions import Unanswered, answer_of
from sim.experiment.reuse import Reusable
from sim.runs.lines import horizon_for
from sim.runs.manifest import manifest_of
from sim.runs.result import MemorySink, Run
from sim.runs.simulation import Simulation
from sim.runs.strategy_contract import check
from sim.runs.totals import Counted
from sim.scenario import Scenario
from sim.strategy_kit.callbacks import compile_strategy
from sim.strategy_kit.declare import Strategy

_LOOK = 0.2  # seconds between two looks at a clock that may stand still
_MOST_NAMED = 3
_TOO_MUCH = f"it took more than {MEMORY / 2**30:g} GiB of memory"


class Play:
    """A match that is being played.

    Parameters
    ----------
    task : what is to be played.
    tell : takes phases, the numbers of each run, and at last what failed or that all was answered.
    """

    def __init__(self, task: Task, tell: Tell) -> None:
        self.task, self.tell = task, tell
        self.only = next(iter(task.players)) if len(task.players) == 1 else None
        self._run: Simulation | None = None
        self._seed: int | None = None
        self._phase = ""
        self._until = math.inf
        self._first = 0  # agent of the population in question
        self._begin_size = address_space()
        self.limits = limits_of(task)

    def play(self) -> None:
        """Play it, whatever happens."""
        threading.Thread(target=self._watch, daemon=True).start()
        try:
            strategies = self._loaded()
            scenario = self._market(strategies)
            self._play(scenario)
            if self.task.examine:
                self._examine(scenario, strategies)
            self.tell({"answer": True})
        except Ended as ended:
            self.tell({"failed": ended.said})
        except MemoryError:
            self.tell({"failed": self._failed("memory", _TOO_MUCH)})
        except SpreadgameError as error:
            self.tell({"failed": self._failed("raised", str(error))})
        except BaseException as error:  # a file's own code may raise anything, in plain Python too
            self.tell({"failed": self._failed("raised", f"{type(error).__name__}: {error}")})

    def _failed(self, reason: str, message: str) -> dict[str, Any]:
        return {"key": self.only, "reason": reason, "message": message, "seed": self._seed}

    def _begin(self, phase: str) -> None:
        self.tell({"phase": phase})
        self._phase, self._until = phase, time.monotonic() + self.limits[phase]

    # --- files ----------------------------------------------------------------------------------------------------

    def _loaded(self) -> dict[str, Strategy]:
        """The strategies of the players, compiled."""
        self._begin(LOADING)
        process = os.getpid()
        found = loaded(self.task.players, lambda said: self.tell({"loaded": said}))
        if os.getpid() != process:
            told = "while a file was loaded it made a copy of its process (os.fork), which went on like it"
            raise Ended(self.only, "breaks_contract", told)
        self._begin(COMPILING)
        for key, strategy in found.items():
            try:
                compile_strategy(strategy)
            except StrategyError as error:
                raise Ended(key, "does_not_load", str(error)) from error
        return found

    def _market(self, strategies: Mapping[str, Strategy]) -> Scenario:
        names = names_of(self.task.players, strategies)
        try:
            scenario = market_of(self.task.scenario, self.task.population, names)
        except ScenarioError as error:
            problems = "; ".join(map(str, error.problems))
            where = f"it cannot play as {self.task.population}"
            raise Ended(self.only, "breaks_contract", f"{self.only}: {where}: {problems}") from error
        counts = [(each.name, each.count) for each in scenario.populations]
        place = [each.name for each in self.task.scenario.populations].index(self.task.population)
        self._first = sum(count for _, count in counts[:place])
        return scenario

    # --- runs -----------------------------------------------------------------------------------------------------

    def _play(self, scenario: Scenario) -> None:
        self._begin(PLAYING)
        world = Reusable(scenario)
        run = self._run = Counted(world.built)
        for seed in self.task.seeds:
            self._begin(PLAYING)
            self._seed = seed
            self.tell({"run": seed, **self._numbers(world, run, seed)})
        self._run = self._seed = None

    def _numbers(self, world: Reusable, run: Counted, seed: int) -> dict[str, Any]:
        """One run: payoff per episode of each player, and the lines that it is the sum of."""
        world.begin(seed)
        sink = MemorySink(world.built.scenario)
        run.sink, run.failure = sink, None
        run.payoffs = np.zeros((run.built.scenario.run.episodes, len(run.built.scenario.populations)))
        try:
            run.run()
        except SpreadgameError as error:
            raise self._fault(run, error) from error
        lines = _lines_of(Run(world.built.scenario, manifest_of(run, "complete", 0.0), [], sink))
        first = [each.name for each in self.task.scenario.populations].index(self.task.population)
        places = range(first, first + len(self.task.players))
        return {
            "payoffs": [float(run.payoffs[:, place].mean()) for place in places],
            "lines": {name: [float(column[place]) for place in places] for name, column in lines.items()},
        }

    def _fault(self, run: Simulation, error: SpreadgameError) -> Ended | SpreadgameError:
        """Who ended a run, and how; or the error itself, where no player did."""
        status = int(run.clock["status"])
        key = self._player_of(int(run.clock["fault_agent"]))
        if key in (None, OURS) or status not in (codes.RAISED, codes.TOO_MANY, codes.MISTAKEN, codes.MONEY_OVERFLOW):
            return error
        message = str(error)
        if status == codes.TOO_MANY:
            return Ended(key, "breaks_contract", message, self._seed)
        if status == codes.RAISED and error.__cause__ is None:
            kind, message = self._explained(run.done + 1, message)
        else:
            kind = "memory" if isinstance(error.__cause__, MemoryError) else "raised"
        return Ended(key, kind, message, self._seed)

    def _explained(self, until: int, message: str) -> tuple[str, str]:
        """What compiled code raised, which it cannot say: the run is made again in plain Python."""
        self._begin(EXPLAINING)
        asked = json.dumps({"task": replace(self.task, seeds=(self._seed or 0,)).as_json(), "until": until})
        short = message.partition("; run it with")[0]
        with suppress(OSError, Unanswered):
            plain, most = {"NUMBA_DISABLE_JIT": "1"}, self.limits[EXPLAINING] - 2.0
            said = answer_of(explaining.__name__, asked=asked, seconds=most, changes=plain)
            if said["memory"]:
                return "memory", f"{short}: {_TOO_MUCH}"
            if said["raised"]:
                return "raised", f"{short}: {said['raised']}"
        return ("memory", f"{short}: {_TOO_MUCH}") if self._grown() > MEMORY // 2 else ("raised", message)

    def _grown(self) -> int:
        """Bytes of addresses that the process took at most, beyond those with which it began."""
        return address_space(peak=True) - self._begin_size

    def _player_of(self, agent: int) -> str | None:
        keys = list(self.task.players)
        place = agent - self._first
        return keys[place] if 0 <= place < len(keys) else None

    # --- what is not allowed --------------------------------------------------------------------------------------

    def _examine(self, scenario: Scenario, strategies: Mapping[str, Strategy]) -> None:
        """See that strategies read no future, and that one that plays alone keeps its contract."""

        def begins(run: Simulation) -> None:
            self._run = run
            self._begin(PLAYING)

        seeded = scenario.model_copy(update={"run": scenario.run.model_copy(update={"seed": self.task.seeds[0]})})
        agents = range(self._first, self._first + len(self.task.players))
        found = reads_the_future(seeded, agents, knows_no_value(self.task.scenario, self.task.population), begins)
        self._run = None
        key = self._player_of(found.agent) if found else None
        if found and key is not None and key in strategies:
            episode, step = divmod(found.step, scenario.run.steps)
            what, reason = (
                ("what happens to values after it", "reads_the_future")
                if found.future
                else ("the move of the value in it, which it cannot see,", "breaks_contract")
            )
            told = f"it sent something else in episode {episode}, step {step}, when only {what} was replaced"
            raise Ended(key, reason, f"strategy {strategies[key].name!r}: {told}")
        strategy = strategies.get(self.only or "")
        if strategy is None:
            return
        self._begin(CHECKING)
        if problems := check(strategy):
            more = f"; and {len(problems) - _MOST_NAMED} more" if len(problems) > _MOST_NAMED else ""
            told = "; ".join(problem.strip().replace("\n", " ")[:400] for problem in problems[:_MOST_NAMED]) + more
            raise Ended(self.only, "breaks_contract", f"strategy {strategy.name!r}: {told}")

    # --- too late -------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Say what takes too long, and whose turn it is. Kernels let this thread run."""
        while time.monotonic() < self._until:
            time.sleep(min(_LOOK, max(0.01, self._until - time.monotonic())))
        key, reason, message = self.only, "time", f"{self._phase} took more than {self.limits[self._phase]:g} s"
        run = self._run
        if run is not None and self._phase == PLAYING:
            before = run.acting(), run.done
            time.sleep(_LOOK)
            agent = run.acting()
            stands = agent is not None and (agent, run.done) == before
            if stands and agent is not None:
                key = self._player_of(agent)
                message = f"{run.whose_turn()}: its turn never ended ({self.limits[PLAYING]:g} s were given)"
                if (grown := self._grown()) > MEMORY // 8:
                    reason, message = "memory", f"{message}, and it had taken {grown / 2**30:.1f} GiB of memory"
            else:
                message = f"a run took more than {self.limits[PLAYING]:g} s; it had come to step {run.done:,}"
        self.tell({"failed": {"key": key, "reason": reason, "message": message, "seed": self._seed}})


def _lines_of(run: Run) -> dict[str, np.ndarray[Any, Any]]:
    """Lines of the attribution, currency per episode, by population; nan where they need a mid that never was."""
    made = by_mark(run, horizon=horizon_for(run.manifest["trades"], run.scenario.run.episodes))
    means = made.units.sum(axis=1).mean(axis=0) * made.unit
    order = [made.holders.get_loc(each.name) for each in run.scenario.populations]
    lines = {line: means[order, place] for place, line in enumerate(made.lines)}
    unknown = () if made.known.all() else made.by_price
    return lines | {line: np.full(len(order), math.nan) for line in unknown}


def warm(scenario: Scenario, population: str) -> None:
    """Import and compile what matches need, so that the processes that play them have it."""
    market = market_of(scenario, population, {OURS: ""})
    run = Counted(Reusable(market).built)
    run.sink = MemorySink(market)
    run.run(until=min(run.total, 200))
    with suppress(SpreadgameError):
        _lines_of(Run(market, manifest_of(run, "interrupted", 0.0), [], run.sink))
