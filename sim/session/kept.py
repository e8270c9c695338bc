"""What a session leaves: its result with the tables it keeps, and a run folder."""

from __future__ import annotations

from pathlib import Path

from sim.core.arguments import a_path
from sim.core.errors import RunError
from sim.runs.files import folder_name
from sim.runs.folder import RunFolder
from sim.runs.manifest import manifest_of
from sim.runs.result import MemorySink, Run
from sim.runs.summary import summary_of
from sim.runs.totals import Counted
from sim.session.market_view import MarketView


class Kept(MarketView):
    """A market whose rows are kept while it is stepped, unless it was begun without tables."""

    _simulation: Counted
    _sink: MemorySink | None

    @property
    def now(self) -> int:
        """Steps done, over all episodes."""
        return self._simulation.done

    @property
    def total(self) -> int:
        """Steps of the whole run."""
        return self._simulation.total

    @property
    def running(self) -> bool:
        """Whether there are steps left."""
        return self._simulation.done < self._simulation.total

    def result(self) -> Run:
        """What the run came to so far, with its tables in memory.

        Raises
        ------
        RunError
            If no tables are kept.
        """
        sink = self._tables()
        self._simulation.drain()
        status = "failed" if self._simulation.failure else "interrupted" if self.running else "complete"
        return Run(self.scenario, manifest_of(self._simulation, status, 0.0), summary_of(self._simulation), sink)

    def save(self, out: str | Path, name: str) -> Run:
        """Write a run folder of what the run came to so far: the bytes that a run would leave at this step.

        Parameters
        ----------
        out, name : the folder that will hold the run folder, and its name; with a number where that is taken.

        Raises
        ------
        RunError
            If it cannot be written, ``name`` is no name of a folder, or no tables are kept.
        """
        name, sink = folder_name(name), self._tables()
        run = self.result()
        folder = RunFolder(self.scenario, a_path("out", out), name)
        sink.pass_on(folder.sink)
        reason = "" if run.status == "complete" else f"the session stands at step {self.now:,}"
        if self._simulation.failure:
            reason = str(self._simulation.failure)
        manifest = folder.finish(run.manifest | {"reason": reason}, run.measures)
        return Run(self.scenario, manifest, run.measures, folder.final)

    def _tables(self) -> MemorySink:
        if self._sink is None:
            raise RunError("this session keeps no tables: begin it with tables=True to have its result")
        return self._sink
