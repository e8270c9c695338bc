"""A session played again from its log, to the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sim.core.errors import RunError, ScenarioError
from sim.runs.python_gateway import ACTS
from sim.runs.session import Session
from sim.runs.session_log import LogReader, LogWriter, check_head, missing_strategies
from sim.scenario import parse
from sim.strategy_kit import registry
from sim.strategy_kit.loading.files import load_files


class Differs(RunError):
    """What is played again did not come to what was recorded."""


def replayed(path: Path, strategies: Sequence[str | Path], resume: bool, other_code: bool) -> Session:
    """See :meth:`sim.runs.session.Session.replay`."""
    load_files(strategies)
    read = LogReader(path)
    if missing := missing_strategies(read, set(registry.names())):
        raise RunError(f"{path}: it was recorded with {', '.join(missing)} — name these files of strategies")
    try:
        scenario = parse(read.head["scenario"], f"{path} (scenario)", None, changes=read.head["overrides"])
    except ScenarioError as error:
        raise RunError(f"{path}: its scenario cannot run here — {error}") from error
    check_head(read, scenario, other_code)
    session = Session(scenario, outside=read.head["outside"])
    for record in read:
        _play(session, record, f"{path}, line {read.number}")
    if resume:
        session.go_on_with(LogWriter(path, read=read))
    return session


def _play(session: Session, record: dict[str, Any], where: str) -> None:
    """One line: so many steps done, or a message and what it came to."""
    if session.now > record["step"]:
        raise Differs(f"{where}: it is of step {record['step']:,}, but {session.now:,} are done")
    if session.now < record["step"]:
        session.advance(record["step"])
    if "does" not in record:
        return
    arguments = [record[name] for name in ACTS[record["does"]][1]]
    answer = session.do(session.agent(record["agent"]).row, record["does"], *arguments)
    came = session.came_to(answer)
    for name, value in came.items():
        if record[name] != value:
            raise Differs(
                f"{where}: {record['agent']} did {record['does']} in step {record['step']:,}; "
                f"{name} was {record[name]!r}, and is {value!r} now"
            )
