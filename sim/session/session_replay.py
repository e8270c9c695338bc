"""A session played again from its log, to the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sim.core.errors import RunError, ScenarioError
from sim.scenario import parse
from sim.session.session import Session
from sim.session.session_log import LogReader, LogWriter, check_head, missing_strategies
from sim.session.session_records import BEGIN_STEP, came_to, held, message_of, step_of
from sim.strategy_kit import registry
from sim.strategy_kit.loading.files import load_files


class Differs(RunError):
    """What is played again did not come to what was recorded."""


def replayed(
    path: Path, strategies: Sequence[str | Path], resume: bool, other_code: bool, new_log: Path | None
) -> Session:
    """See :meth:`sim.session.session.Session.replay`."""
    if resume and new_log is not None:
        raise TypeError("replay() goes on in the log (resume) or in a new one (new_log): not in both")
    load_files(strategies)
    read = LogReader(path)
    if missing := missing_strategies(read, set(registry.names())):
        raise RunError(f"{path}: it was recorded with {', '.join(missing)} — name these files of strategies")
    head = read.head
    try:
        scenario = parse(head["scenario"], f"{path} (scenario)", None, changes=head["overrides"])
    except ScenarioError as error:
        raise RunError(f"{path}: its scenario cannot run here — {error}") from error
    check_head(read, scenario, other_code, resume)
    session = Session(scenario, outside=head["outside"], log=new_log)
    for record in read:
        where = f"{path}, line {read.number}"
        try:
            _play(session, record, where)
        except Differs:
            raise
        except (RunError, KeyError, TypeError, ValueError) as error:
            said = error.args[0] if isinstance(error, KeyError) else error
            raise RunError(f"{where}: {said}") from error
    if resume:
        session.go_on_with(LogWriter(path, read=read))
    return session


def _play(session: Session, record: dict[str, Any], where: str) -> None:
    """One line: so many steps done, the next one begun, or a message and what it came to."""
    step = step_of(session, record)
    if session.now > step:
        raise Differs(f"{where}: it is of step {step:,}, but {session.now:,} are done")
    if session.now < step:
        session.advance(step)
    if "does" not in record:
        return
    if record["does"] == BEGIN_STEP:
        session.begin_step()
        return
    row, does, arguments = message_of(session, record)
    came = came_to(session, session.do(row, does, *arguments))
    for name, value in came.items():
        if held(record, name) != value:
            raise Differs(
                f"{where}: {record['agent']} did {does} in step {step:,}; "
                f"{name} was {record[name]!r}, and is {value!r} now"
            )
