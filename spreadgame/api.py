"""Loading and running from Python."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sim.core.arguments import a_path, paths
from sim.scenario import Scenario, resolved
from sim.scenario import load as _load
from sim.scenario.overrides import Overrides
from sim.strategy_kit.declare import Strategy

if TYPE_CHECKING:  # reading a scenario needs no engine
    from sim.runs.execute import Watch
    from sim.runs.result import Run


def load(path: str | Path, seed: int | None = None, overrides: Overrides | None = None) -> Scenario:
    """Read a scenario file.

    Parameters
    ----------
    path : a TOML file.
    seed : takes the place of ``run.seed``.
    overrides : ``{"makers.params.half_spread": 0.05}``, or texts ``"makers.params.half_spread=0.05"``.

    Raises
    ------
    ScenarioError
        With every problem that can be known at once.
    """
    return _load(a_path("path", path), overrides, seed)


def load_strategies(path: str | Path) -> list[Strategy]:
    """Make the strategies that a Python file declares known to scenarios.

    Raises
    ------
    StrategyError
        If the file cannot be loaded, or a strategy in it is badly declared.
    """
    from sim.strategy_kit.loading.files import load_file

    return load_file(a_path("path", path))


def run(
    scenario: Scenario | str | Path,
    seed: int | None = None,
    overrides: Overrides | None = None,
    out: str | Path | None = None,
    strategies: str | Path | Sequence[str | Path] = (),
    watch: Watch | None = None,
    name: str | None = None,
) -> Run:
    """Run a scenario.

    Parameters
    ----------
    scenario : a scenario, or the path of its file.
    seed, overrides : as for :func:`load`.
    out : the folder that will hold the run folder; None keeps the tables in memory.
    strategies : files of strategies of your own.
    watch : called between chunks with a :class:`sim.runs.execute.Progress`.
    name : of the run folder, a number is put behind it where that is taken; None for :func:`run_name`.

    Returns
    -------
    Run
        With ``trades``, ``book``, ``agents``, ``episodes`` and ``summary`` as DataFrames.

    Raises
    ------
    ScenarioError
        If the scenario cannot run.
    StrategyError
        If a strategy raises, or sends more messages than it declared.
    RunError
        If the run folder cannot be written, or the disk is full; what was done until then is in the run folder, which
        says ``interrupted``.
    KeyboardInterrupt
        After Ctrl-C, or SIGTERM; the run folder says ``interrupted`` too.

    Examples
    --------
    >>> result = run("scenarios/quickstart.toml", overrides={"run.steps": 1000})  # doctest: +SKIP
    >>> result.summary  # doctest: +SKIP
    """
    from sim.strategy_kit.loading.files import load_files

    load_files(paths("strategies", strategies))
    scenario = resolved(scenario, overrides, seed)
    from sim.runs.execute import execute, whole

    return whole(execute(scenario, None if out is None else a_path("out", out), run_name(scenario, name), watch))


def run_name(scenario: Scenario, name: str | None = None) -> str:
    """The name of a scenario's run folder: the one that was chosen, else its file's name and the seed.

    Raises
    ------
    RunError
        If it is no name of a folder.
    """
    if name is not None:
        from sim.runs.files import folder_name

        return folder_name(name)
    stem = Path(scenario.source).stem if scenario.source.endswith(".toml") else "run"
    return f"{stem}-seed{scenario.run.seed}"
