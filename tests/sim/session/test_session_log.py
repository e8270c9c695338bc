"""The log of a session: what was answered is in it, it replays to the same bytes, and what is wrong is named."""

from __future__ import annotations

import copy
import json
import math
import random
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import spreadgame as sg
from sim.core.errors import RunError
from sim.session import session_log
from sim.session.session import Session
from sim.session.session_replay import Differs
from tests.command_line import environment, shell

SCENARIO = """
title = "A desk among makers"
[run]
steps = 2_000
episodes = 2
seed = 5
[[instruments]]
name = "X"
value = { process = "random_walk", initial = 100.0, volatility = 0.03 }
[[venues]]
name = "lit"
auction = { opening = 20 }
[[populations]]
name = "makers"
strategy = "fixed_spread"
count = 2
[[populations]]
name = "desk"
strategy = "noise"
count = 2
turn = 1
[[populations]]
name = "noise"
strategy = "noise"
turn = 2
[record]
messages = true
"""
# What somebody outside does, by the number of steps done; each answer is said at once.
DRIVING = """
import sys
import spreadgame as sg

def drive(session, until, say=lambda line: None):
    while session.now < until:
        now, desk = session.now, session.agent(f"desk {session.now % 2}")
        if now % 3 < 2:
            side = 1 if now % 5 < 3 else -1
            handle = desk.limit_order(side, 10_000 + now * 7 % 9 - 4, 1 + now % 4, lifetime=now % 6)
            say(f"order {now} {handle}")
            if handle and now % 4 == 0:
                say(f"cancel {now} {desk.cancel_order(handle)}")
            if now % 11 == 0:
                desk.begin_turn()
            if now % 7 == 0:
                desk.demand_schedule(100.0 + now / 3.0 % 0.1, 30.0, 2)
                say(f"schedule {now} {session.rejection}")
        session.step(1 + now % 2)
        say(f"step {session.now}")

if __name__ == "__main__":
    session = sg.Session(sys.argv[1], outside=["desk"], log=sys.argv[2])
    drive(session, session.total, lambda line: print(line, flush=True))
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the scenario and what drives it."""
    (tmp_path / "market.toml").write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "driving.py").write_text(DRIVING, encoding="utf-8")
    return tmp_path


def drive(session: Session, until: int) -> list[str]:
    """Drive a session; returns what was said."""
    scope: dict[str, Any] = {"__name__": "driving"}
    exec(DRIVING, scope)
    said: list[str] = []
    scope["drive"](session, until, said.append)
    return said


def recorded(place: Path, until: int = 120) -> Path:
    session = Session(place / "market.toml", outside=["desk"], log=place / "log")
    drive(session, until)
    session.close()
    return place / "log"


def bytes_of(session: Session, place: Path, name: str) -> dict[str, bytes]:
    """The tables that a session leaves."""
    folder = session.save(place, name).folder
    assert folder is not None
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "manifest.json"}


def test_a_log_replays_to_the_same_bytes_and_goes_on(place: Path):
    whole = Session(place / "market.toml", outside=["desk"], log=place / "whole")
    drive(whole, 300)
    half = bytes_of(whole, place, "half")
    drive(whole, whole.total)
    again = Session.replay(recorded(place, 300), resume=True)
    assert again.now >= 300
    assert bytes_of(again, place, "again") == half
    drive(again, again.total)
    again.close()
    assert bytes_of(again, place, "end") == bytes_of(whole, place, "whole-run")
    assert (place / "log").read_bytes() == (place / "whole").read_bytes()  # the log of one that was never stopped
    assert bytes_of(Session.replay(place / "log"), place, "last") == bytes_of(whole, place, "whole-again")


def test_a_process_that_is_killed_loses_nothing_that_was_answered(place: Path):
    whole = Session(place / "market.toml", outside=["desk"])
    told = drive(whole, whole.total)
    expected = bytes_of(whole, place, "whole")
    draws = random.Random(4)
    for number in range(3):
        log = place / f"log{number}"
        process = subprocess.Popen(
            [sys.executable, place / "driving.py", place / "market.toml", log],
            env=environment(), stdout=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(draws.randint(1, 2_000))]
        time.sleep(draws.uniform(0.0, 0.01))
        process.kill()
        said += process.communicate()[0].splitlines(keepends=True)
        said = [line[:-1] for line in said if line.endswith("\n")]  # the last may be cut off
        assert said == told[: len(said)]
        again = Session.replay(log, resume=True)
        steps = [int(line.split()[1]) for line in said if line.startswith("step")]
        assert again.now >= max(steps, default=0)
        answers = [line for line in said if not line.startswith("step")]
        assert sum('"does"' in line for line in log.read_text().splitlines()) >= len(answers)
        finish(again, answers)
        assert bytes_of(again, place, f"again{number}") == expected
        again.close()


def finish(session: Session, answers: list[str]) -> None:
    """Go on where a killed process was: send of the step what is not in the log yet, then all that follows."""
    sent = [
        json.loads(line)
        for line in session._log.path.read_text().splitlines()  # type: ignore[union-attr]
        if '"does"' in line
    ]
    already = [record for record in sent if record["step"] == session.now]
    now, desk = session.now, session.agent(f"desk {session.now % 2}")
    side = 1 if now % 5 < 3 else -1
    handle = 0
    todo = now % 3 < 2 and now < session.total
    if todo and not already:
        handle = desk.limit_order(side, 10_000 + now * 7 % 9 - 4, 1 + now % 4, lifetime=now % 6)
    elif already:
        handle = already[0]["answer"]
    kinds = [record["does"] for record in already]
    if todo and handle and now % 4 == 0 and "cancel" not in kinds:
        desk.cancel_order(handle)
    if todo and now % 7 == 0 and "schedule" not in kinds:
        desk.demand_schedule(100.0 + now / 3.0 % 0.1, 30.0, 2)
    if now < session.total:
        session.step(1 + now % 2)
    drive(session, session.total)


def test_a_last_line_that_was_cut_off_is_left_out(place: Path):
    log = recorded(place)
    content = log.read_bytes()
    last = content[:-1].rindex(b"\n") + 1
    log.write_bytes(content[:last])
    before = bytes_of(Session.replay(log), place, "before")
    for cut in (last + 1, len(content) - 25, len(content) - 1):
        log.write_bytes(content[:cut])
        again = Session.replay(log, resume=True)
        assert bytes_of(again, place, f"cut{cut}") == before
        again.close()
        assert log.read_bytes() == content[:last]  # so that what comes next stands on a line of its own


def test_a_damaged_line_is_named(place: Path):
    log = recorded(place)
    lines = log.read_bytes().splitlines(keepends=True)
    assert len(lines) > 100
    changed = lines[40].replace(b'"step":', b'"step": ', 1)
    flipped = bytes([lines[0][200] ^ 1])
    for wrong, number in (
        ([*lines[:40], changed, *lines[41:]], 41),
        ([*lines[:40], *lines[41:]], 41),
        ([*lines[:40], lines[41], lines[40], *lines[42:]], 41),
        ([lines[0][:200] + flipped + lines[0][201:], *lines[1:]], 1),
        ([*lines[:-1], lines[-1].replace(b'"check":"', b'"check":"0', 1)], len(lines)),
        ([*lines, lines[-1]], len(lines) + 1),
    ):
        log.write_bytes(b"".join(wrong))
        with pytest.raises(RunError, match=f"log, line {number}: it is damaged, or lines before it are missing"):
            Session.replay(log)


@pytest.mark.parametrize("content", ["", "title = 1\n", '{"format":"other"', "\n\n", '{"a":1,"check":"00000000"}\n'])
def test_a_file_that_is_no_log_is_told_so(tmp_path: Path, content: str):
    (tmp_path / "log").write_text(content, encoding="utf-8")
    with pytest.raises(RunError, match="this is no log of a session"):
        Session.replay(tmp_path / "log")
    with pytest.raises(RunError, match=r"gone: the log cannot be read \(No such file"):
        Session.replay(tmp_path / "gone")


def test_other_code_is_refused_unless_it_is_allowed_and_what_it_changes_is_named(place, monkeypatch):
    log = recorded(place)
    monkeypatch.setattr(session_log, "CODE", "0" * 32)
    with pytest.raises(RunError, match=r"it was recorded by other code .* or allow other code"):
        Session.replay(log)
    assert Session.replay(log, other_code=True).now >= 120
    monkeypatch.undo()
    monkeypatch.setattr(Session, "filled", property(lambda session: 99))
    with pytest.raises(Differs, match=r"log, line 2: desk 0 did order in step 0; filled was 0, and is 99 now"):
        Session.replay(log)


def test_files_that_a_session_rests_on_are_compared(place: Path):
    own, values = place / "own.py", place / "values.csv"
    said = "from spreadgame.strategy import strategy\n@strategy('idle_one', summary='-')\ndef idle(me, market): pass\n"
    own.write_text(said, encoding="utf-8")
    values.write_text("value\n" + "100.0\n" * 50, encoding="utf-8")
    overrides = {
        "noise.strategy": "idle_one", "run.steps": 50, "run.episodes": 1,
        "X.value": {"process": "file", "path": str(values)},
    }  # fmt: skip
    session = Session(place / "market.toml", None, overrides, outside="desk", log=place / "log", strategies=own)
    drive(session, 50)
    session.close()
    code = "import sys; import spreadgame as sg; print(sg.Session.replay(sys.argv[1], strategies=sys.argv[2:]).now)"

    def replayed(*strategies: Path) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, str(place / "log"), *map(str, strategies)],
            env=environment(), capture_output=True, text=True, encoding="utf-8",
        )  # fmt: skip
        return done.stdout.strip() or done.stderr.splitlines()[-1]

    assert replayed(own) == "50"
    assert "it was recorded with own.py — name these files of strategies" in replayed()
    own.write_text(said + "# edited\n", encoding="utf-8")
    assert "it was recorded with another own.py" in replayed(own)
    own.write_text(said, encoding="utf-8")
    values.write_text("value\n" + "101.0\n" * 50, encoding="utf-8")
    assert "values.csv are not those of the recording" in replayed(own)


def test_one_session_writes_a_log_and_a_copy_writes_none(place: Path):
    log = recorded(place)
    with pytest.raises(RunError, match="this file is there already — replay it, or name another file"):
        Session(place / "market.toml", outside=["desk"], log=log)
    one = Session.replay(log, resume=True)
    with pytest.raises(RunError, match="another session writes this log"):
        Session.replay(log, resume=True)
    before = log.read_bytes()
    other = copy.copy(one)
    other.step()
    assert log.read_bytes() == before
    one.step()
    assert log.read_bytes() != before
    one.close()
    for call in (one.step, one.begin_step, lambda: one.agent("desk 0").market_order(1, 1)):
        with pytest.raises(RunError, match="the log is closed — replay it to go on"):
            call()


def test_a_log_that_cannot_be_written_ends_the_session_at_what_is_in_it(place, monkeypatch):
    session = Session(place / "market.toml", outside=["desk"], log=place / "log")
    session.step(5)
    write = session_log.os.write
    monkeypatch.setattr(session_log.os, "write", lambda file, line: write(file, line[:9]))
    with pytest.raises(RunError, match=r"log: the log cannot be written \(the disk is full\) — the session ends"):
        session.agent("desk 0").limit_order(1, 9_990, 1)
    monkeypatch.undo()
    with pytest.raises(RunError, match="the log is closed"):
        session.step()
    assert Session.replay(place / "log").now == 5


def test_the_command_replays_a_log_into_a_run_folder(place: Path):
    log = recorded(place)
    again = Session.replay(log)
    done = shell("session", log, "--out", place / "runs", "--name", "mine")
    assert done.returncode == 0, done.stderr
    assert "run folder" in done.stdout
    found = sg.open_run(place / "runs" / "mine")
    assert found.status == "interrupted"
    assert found.manifest["reason"] == f"the session stands at step {again.now:,}"
    expected = bytes_of(again, place, "expected")
    assert (place / "runs" / "mine" / "trades.parquet").read_bytes() == expected["trades.parquet"]
    said = json.loads(shell("session", log, "--out", place / "runs", "--json").stdout)
    assert (said["step"], said["steps"]) == (again.now, again.total)
    with log.open("ab") as file:
        file.write(b'{"step":99')
    assert "its last line was cut off, and is left out" in shell("session", log, "--out", place / "runs").stderr
    (place / "log").write_text("x\n")
    wrong = shell("session", log)
    assert wrong.returncode == 2
    assert "this is no log of a session" in wrong.stderr


# --- who writes -----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="Windows renames no file that is open, and links need rights")
@pytest.mark.parametrize("how", ["renamed", "linked", "hard link"])
def test_a_log_under_another_name_is_the_same_log(place: Path, how: str):
    log, other = place / "log", place / "other"
    one = Session(place / "market.toml", outside=["desk"], log=log)
    one.agent("desk 0").limit_order(1, 9_990, 1)
    ways = {
        "renamed": lambda: log.rename(other),
        "linked": lambda: other.symlink_to(log),
        "hard link": lambda: other.hardlink_to(log),
    }
    ways[how]()
    with pytest.raises(RunError, match="other: another session writes this log — end it, or name another file"):
        Session.replay(other, resume=True)
    one.agent("desk 1").limit_order(1, 9_991, 1)
    one.step(3)
    one.close()
    again = Session.replay(other, resume=True)
    assert again.now == 3
    again.close()


def test_a_session_that_is_refused_leaves_no_log_and_none_leaves_another_file(place: Path, monkeypatch):
    before = sorted(place.iterdir())
    monkeypatch.setattr(session_log, "lock_file", lambda file: False)
    with pytest.raises(RunError, match="another session writes this log"):
        Session(place / "market.toml", outside=["desk"], log=place / "log")
    monkeypatch.undo()
    monkeypatch.setattr(session_log.os, "write", lambda file, line: 3)
    with pytest.raises(RunError, match="the disk is full"):
        Session(place / "market.toml", outside=["desk"], log=place / "log")
    monkeypatch.undo()
    assert sorted(place.iterdir()) == before
    Session(place / "market.toml", outside=["desk"], log=place / "log").close()
    Session.replay(place / "log", resume=True).close()
    assert sorted(place.iterdir()) == sorted([*before, place / "log"])


def test_other_code_does_not_go_on_in_a_log_but_in_a_new_one(place: Path, monkeypatch):
    log = recorded(place)
    monkeypatch.setattr(session_log, "CODE", "0" * 32)
    before = log.read_bytes()
    with pytest.raises(
        RunError, match="what follows would stand under that one's name — go on in another file, with new"
    ):
        Session.replay(log, resume=True, other_code=True)
    again = Session.replay(log, other_code=True, new_log=place / "new")
    drive(again, 200)
    again.close()
    assert log.read_bytes() == before
    assert json.loads((place / "new").read_text().splitlines()[0])["code"] == "0" * 32
    assert bytes_of(Session.replay(place / "new"), place, "new-run") == bytes_of(again, place, "old-run")
    with pytest.raises(TypeError, match="not in both"):
        Session.replay(place / "new", resume=True, new_log=place / "newer")


# --- what is in it --------------------------------------------------------------------------------------------------


def test_a_step_that_was_begun_is_begun_in_the_replay(place: Path):
    session = Session(place / "market.toml", outside=["desk"], log=place / "log")
    session.step(40)
    session.begin_step()
    session.begin_step()  # it is there already
    session.close()
    again = Session.replay(place / "log")
    assert (again.value(), again.now) == (session.value(), 40)
    assert again.depth(1).tolist() == session.depth(1).tolist()
    assert again.result().manifest["messages"] == session.result().manifest["messages"]
    assert (place / "log").read_text().count("begin_step") == 1


def test_numbers_that_json_has_not_stand_in_the_log_as_words_and_come_back(place: Path):
    session = Session(place / "market.toml", outside=["desk"], log=place / "log")
    desk = session.agent("desk 0")
    for price, slope in ((math.nan, 1.0), (100.0, math.inf), (-math.inf, math.nan)):
        desk.demand_schedule(price, slope)
    session.step()
    session.close()
    for line in (place / "log").read_text().splitlines():
        json.loads(line, parse_constant=pytest.fail)
    assert Session.replay(place / "log").now == 1


def forged(log: Path, place: int, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a line and make all checks right again."""
    records = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    for record in records:
        del record["check"]
    change(records[place])
    check, lines = 0, []
    for record in records:
        body = json.dumps(record, separators=(",", ":"))[:-1].encode()
        check = zlib.crc32(body, check)
        lines.append(body + f',"check":"{check:08x}"}}\n'.encode())
    log.write_bytes(b"".join(lines))


HEAD = ["code", "versions", "outside", "strategy_files", "value_files", "overrides", "scenario"]


@pytest.mark.parametrize("key", HEAD)
def test_a_head_that_lacks_something_or_holds_something_else_is_named(place: Path, key: str):
    log = recorded(place, 3)
    content = log.read_bytes()
    for change in (
        lambda head: head.pop(key),
        lambda head: head.update({key: None}),
        lambda head: head.update({key: [[1]]}),
    ):
        log.write_bytes(content)
        forged(log, 0, change)
        with pytest.raises(RunError, match=f"log, line 1: {key}.* cannot be used") as error_of:
            Session.replay(log, other_code=True)
        assert "\n" not in str(error_of.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"does": "fly"}, "does must be one of order, schedule"),
        ({"does": ["order"]}, "does must be one of order, schedule"),
        ({"agent": "nobody 7"}, "no agent 'nobody 7'; there are makers"),
        ({"agent": "makers 0"}, "no turn is going on: orders of 'makers'"),
        ({"agent": 3}, "agent must be a name, not 3"),
        ({"agent": None}, "it has no 'agent'"),
        ({"step": -1}, "step must be from 0 to 4,000, not -1"),
        ({"step": "1"}, "step must be a whole number, not '1'"),
        ({"step": 10**9}, "step must be from 0 to 4,000"),
        ({"step": None}, "it has no 'step'"),
        ({"price": "x"}, "price must be a whole number, not 'x'"),
        ({"price": 10**30}, "price must be at most"),
        ({"price": None}, "it has no 'price'"),
        ({"quantity": 1.5}, "quantity must be a whole number, not 1.5"),
        ({"side": 7}, r"side must be 1 \(buy\) or -1 \(sell\), not 7"),
        ({"kind": 99}, "kind must be from 0 to 4, not 99"),
        ({"kind": -3}, "kind must be from 0 to 4, not -3"),
        ({"lifetime": -1}, "lifetime must be from 0"),
        ({"venue": 9}, "venue must be from 0 to 0, not 9"),
        ({"venue": 0.5}, "venue must be a whole number"),
        ({"answer": None}, "it has no 'answer'"),
    ],
    ids=str,
)
def test_a_line_that_means_nothing_is_named_although_its_check_is_right(place: Path, change, message: str):
    log = recorded(place, 3)

    def changed(record: dict[str, Any]) -> None:
        for key, value in change.items():
            record.pop(key)
            if value is not None:
                record[key] = value

    forged(log, 1, changed)
    with pytest.raises(RunError, match=f"log, line 2: {message}") as error_of:
        Session.replay(log)
    assert "\n" not in str(error_of.value)


@pytest.mark.parametrize("body", [b'{"step":"\xff"', b'{"a":1,"b"', b"[1,2", b'{"a":' + b"[" * 100_000])
def test_a_line_that_is_no_json_is_named_although_its_check_is_right(tmp_path: Path, body: bytes):
    log = tmp_path / "log"
    log.write_bytes(body + f',"check":"{zlib.crc32(body, 0):08x}"}}\n'.encode())
    with pytest.raises(RunError, match="log, line 1: this is no JSON"):
        Session.replay(log)


def test_a_message_behind_the_end_of_the_run_is_named(place: Path):
    overrides = {"run.steps": 25, "run.episodes": 1}
    session = Session(place / "market.toml", None, overrides, outside=["desk"], log=place / "log")
    session.step(24)
    session.agent("desk 0").limit_order(1, 9_990, 1)
    session.step()
    session.close()
    forged(place / "log", 2, lambda record: record.update(step=25))
    with pytest.raises(RunError, match="log, line 3: the run is over after 25 steps: it takes no more orders"):
        Session.replay(place / "log")


def test_the_name_of_the_run_folder_is_looked_at_before_the_replay(place: Path):
    log = recorded(place, 3)
    log.rename(place / "we ird'.log")
    done = shell("session", place / "we ird'.log", "--out", place / "runs")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "its name cannot be that of the run folder — give another with --name" in done.stderr
    assert not (place / "runs").exists()
    assert shell("session", place / "we ird'.log", "--out", place / "runs", "--name", "mine").returncode == 0
