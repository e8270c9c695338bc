"""Ctrl-C, SIGTERM and SIGKILL, in a process of its own and in this one."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

import spreadgame as sg
from sim.errors import RunError
from sim.execute import Interrupted, execute, stop_on_signals
from sim.runs import Run, open_run
from sim.scenario import load, parse
from tests.command_line import LONG, MARKET, QUICKSTART, shell, started

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
_PATIENCE = 180.0  # seconds: the engine may have to be compiled first


def ended(out: Path, number: signal.Signals, *options: str) -> tuple[int, str, str]:
    """Start a long run, wait until it has steps behind it, send a signal. Exit code, output, screen."""
    process = started("run", QUICKSTART, "--set", LONG, "--out", out, *options)
    give_up = time.monotonic() + _PATIENCE
    while not list(out.glob("*.partial")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < give_up
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(number)
    said, screen = process.communicate(timeout=_PATIENCE)
    return process.returncode, said, screen


def check_tables(run: Run) -> None:
    """Every table reaches to the manifest's step, and no further."""
    steps, every = run.manifest["steps"], run.manifest["sampling"]["book_every"]
    assert 0 < steps < run.manifest["steps_asked"]
    assert len(run.trades) == run.manifest["trades"] > 0
    assert steps - 100 < run.trades["step"].max() < steps
    assert run.book["step"].tolist() == list(range(every - 1, steps, every))


@pytest.mark.parametrize(
    ("number", "code", "options"),
    [(signal.SIGINT, 130, ["--json"]), (signal.SIGTERM, 143, ["--set", "record.book_every=100"])],
    ids=["Ctrl-C", "SIGTERM"],
)
def test_a_signal_in_mid_run_leaves_a_readable_folder(tmp_path, number, code, options):
    returned, said, screen = ended(tmp_path, number, *options)
    assert returned == code
    assert "Traceback" not in screen
    assert f"interrupted ({number.name}) after" in screen
    (folder,) = tmp_path.iterdir()
    assert folder.name == "quickstart-seed1"
    assert str(folder) in screen
    run = open_run(folder)
    assert (run.status, run.manifest["reason"], run.manifest["signal"]) == ("interrupted", number.name, number)
    check_tables(run)
    if "--json" in options:
        content = json.loads(said)
        assert (content["status"], content["steps"]) == ("interrupted", run.manifest["steps"])
    else:
        assert "makers" in said


def test_a_run_that_was_killed_is_incomplete_and_in_nobodys_way(tmp_path):
    returned, _, _ = ended(tmp_path, signal.SIGKILL)
    assert returned == -signal.SIGKILL
    (folder,) = tmp_path.iterdir()
    assert folder.name == "quickstart-seed1.partial"
    for path in (folder, tmp_path / "quickstart-seed1"):
        with pytest.raises(RunError, match="this run is incomplete"):
            open_run(path)
    answer = shell("plot", folder)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "this run is incomplete" in answer.stderr
    after = execute(load(QUICKSTART, {"run.steps": 10}), tmp_path, "quickstart-seed1")
    assert open_run(after.folder).status == "complete"


def test_ctrl_c_before_the_run_begins_is_quiet(tmp_path):
    process = started("run", QUICKSTART, "--set", LONG, "--out", tmp_path / "runs", NUMBA_CACHE_DIR=str(tmp_path))
    assert process.stderr is not None
    line = process.stderr.readline()  # said just before compiling
    assert line.startswith("compiling the engine")
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    said, screen = process.communicate(timeout=_PATIENCE)
    assert (process.returncode, said, screen) == (130, "", "interrupted\n")
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").iterdir())


# -- in this process


def press_after(chunks: int, number: signal.Signals = signal.SIGINT, times: int = 1, pause: float = 0.0) -> object:
    """Something that watches a run and presses Ctrl-C."""
    seen = 0

    def watch(_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == chunks:
            for _ in range(times):
                os.kill(os.getpid(), number)
                time.sleep(0.05 + pause)

    return watch


def test_a_run_from_python_raises_and_keeps_the_folder(tmp_path):
    before = signal.getsignal(signal.SIGINT)
    path = tmp_path / "market.toml"
    path.write_text(MARKET.replace("200", "1_000_000"), encoding="utf-8")
    with pytest.raises(KeyboardInterrupt, match="SIGINT after"):
        sg.run(path, out=tmp_path / "runs", watch=press_after(3))
    run = open_run(tmp_path / "runs" / "market-seed1")
    assert run.status == "interrupted"
    assert run.trades["step"].max() == run.manifest["steps"] - 1
    assert signal.getsignal(signal.SIGINT) is before


def test_a_run_in_memory_is_interrupted_as_well():
    run = execute(parse(MARKET), watch=press_after(2, signal.SIGTERM), chunk=50)
    assert (run.status, run.manifest["steps"], run.manifest["signal"]) == ("interrupted", 100, signal.SIGTERM)


def test_a_signal_in_the_last_chunk_comes_too_late():
    assert execute(parse(MARKET), watch=press_after(4), chunk=50).status == "complete"


def test_a_key_pressed_twice_is_one_ctrl_c(tmp_path):
    run = execute(parse(MARKET), tmp_path, "run", press_after(1, times=2), chunk=50)
    assert run.status == "interrupted"
    assert open_run(run.folder).status == "interrupted"


def test_a_second_ctrl_c_ends_it_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("sim.execute._ONE_PRESS", 0.01)
    with pytest.raises(Interrupted) as raised:
        execute(parse(MARKET), tmp_path, "run", press_after(1, times=2), chunk=50)
    assert raised.value.signal == signal.SIGINT
    assert signal.getsignal(signal.SIGINT) is not None
    with pytest.raises(RunError, match="incomplete"):
        open_run(tmp_path / "run")


def test_before_it_runs_a_signal_ends_it():
    with stop_on_signals(), pytest.raises(Interrupted):
        signal.raise_signal(signal.SIGTERM)


def test_a_thread_has_no_signals(tmp_path):
    before = signal.getsignal(signal.SIGINT)
    found: list[object] = []

    def work() -> None:
        with stop_on_signals() as stop:
            found.extend([stop.signal, signal.getsignal(signal.SIGINT)])
        found.append(execute(parse(MARKET), tmp_path, "run").status)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [None, before, "complete"]


def test_ctrl_c_that_falls_into_a_callback_of_c_comes_again():
    press = ctypes.CFUNCTYPE(None)(lambda: os.kill(os.getpid(), signal.SIGINT))

    def compile_something() -> None:
        press()  # what is raised here, C swallows
        time.sleep(5)

    with stop_on_signals(), pytest.raises(Interrupted):
        compile_something()
