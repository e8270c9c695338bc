"""Ctrl-C, SIGTERM and SIGKILL, in a process of its own and in this one."""

from __future__ import annotations

import ctypes
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import spreadgame as sg
from sim.core.errors import RunError
from sim.runs.execute import execute
from sim.runs.interrupt import Interrupted, stop_on_signals
from sim.runs.result import Run, open_run
from sim.scenario import load, parse
from tests.command_line import LONG, MARKET, QUICKSTART, ROOT, environment, shell, started
from tests.markets.run_folders import contents

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
_PATIENCE = 3600.0  # seconds: the engine may have to be compiled first, beside ten others on two cores
BROKEN_OFF = "strategy 'endless' of agent 'noise 0', episode 0, step 0"
GAME = """
[game]
players = ["maker"]
[game.strategies]
narrow = { half_spread = 0.01 }
wide = { half_spread = 0.1 }
"""
ENDLESS = """
from spreadgame.strategy import strategy

@strategy("endless", summary="never ends its first turn", memory={"rounds": int})
def endless(me, market):
    print("it begins")
    while me.memory.rounds >= 0:
        me.memory.rounds = (me.memory.rounds + 1) % 1000
"""


def wait_for(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Wait until something is so, as long as the process lives."""
    give_up = time.monotonic() + _PATIENCE
    while not condition():
        assert process.poll() is None or condition(), process.communicate()
        assert time.monotonic() < give_up
        time.sleep(0.01)


def ended(out: Path, number: signal.Signals, *options: str) -> tuple[int, str, str]:
    """Start a long run, wait until it has written a part of a table, send a signal. Exit code, output, screen."""
    process = started("run", QUICKSTART, "--set", LONG, "--out", out, *options)
    wait_for(lambda: list(out.glob("*.partial/trades.parquet")), process)
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
    wait_for(lambda: list(tmp_path.rglob("*.nbi")), process)  # so it compiles
    process.send_signal(signal.SIGINT)
    said, screen = process.communicate(timeout=_PATIENCE)
    assert (process.returncode, said) == (130, "")
    *before, last = screen.splitlines()
    assert last == "interrupted"
    assert all("asked to stop" in line for line in before)  # said where one function takes seconds to compile
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").iterdir())


# -- in the first imports

PRESS = """
import builtins, os
found, wanted = builtins.__import__, os.environ["PRESS_AT"]

def press(name, *rest, **more):
    if name == wanted:
        builtins.__import__ = found
        os.kill(os.getpid(), int(os.environ["PRESS"]))
    return found(name, *rest, **more)

builtins.__import__ = press
"""
RUN = ("spreadgame", "run", str(QUICKSTART), "--set", LONG)
MEASURE = ("spreadgame", "measure", "spreads", "nowhere")
SCRIPT = ("analysis.compare_equilibria", "nowhere.toml")


@pytest.mark.parametrize(
    ("program", "module", "number"),
    [(RUN, module, signal.SIGINT) for module in ("argparse", "rich.console", "pydantic", "numpy", "numba", "pyarrow")]
    + [(MEASURE, module, signal.SIGINT) for module in ("numpy", "pandas", "rich.table")]
    + [(SCRIPT, module, signal.SIGINT) for module in ("argparse", "numpy")]
    + [(RUN, "rich.console", signal.SIGTERM), (MEASURE, "pandas", signal.SIGTERM)],
    ids=lambda value: value[0] if isinstance(value, tuple) else getattr(value, "name", value),
)
def test_the_first_imports_end_quietly(tmp_path, program, module, number):
    (tmp_path / "sitecustomize.py").write_text(PRESS, encoding="utf-8")
    env = environment(PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}", PRESS_AT=module, PRESS=str(int(number)))
    answer = subprocess.run(
        [sys.executable, "-m", *program], cwd=tmp_path, env=env, capture_output=True, text=True, encoding="utf-8"
    )
    assert (answer.returncode, answer.stdout) == (128 + number, "")
    *before, last = answer.stderr.splitlines()
    assert last == "interrupted"
    assert all(line.startswith("compiling") for line in before)
    assert not (tmp_path / "runs").exists()


# -- compiled code that never returns


def never_ending(tmp_path: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
    (tmp_path / "endless.py").write_text(ENDLESS, encoding="utf-8")
    command, *options = arguments
    market = MARKET.replace('"noise"\nturn', '"endless"\nturn') + (GAME if command == "solve" else "")
    (tmp_path / "market.toml").write_text(market, encoding="utf-8")
    process = started(
        command, tmp_path / "market.toml", "--strategies", tmp_path / "endless.py", "--out", tmp_path / "runs",
        *options, PYTHONUNBUFFERED="1", **more,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "it begins\n", process.communicate()
    return process


def listen(process: subprocess.Popen[str], word: str) -> None:
    """Read the screen up to a line with a word in it."""
    assert process.stderr is not None
    while word not in (line := process.stderr.readline()):
        assert line, process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_second_signal_ends_a_strategy_that_never_ends(tmp_path, number):
    process = never_ending(tmp_path, "run")
    process.send_signal(number)
    listen(process, "a second Ctrl-C or SIGTERM ends it at once")
    process.send_signal(number)
    said, screen = process.communicate(timeout=_PATIENCE)
    assert (process.returncode, said, screen) == (128 + number, "", f"interrupted in {BROKEN_OFF}\n")
    with pytest.raises(RunError, match="this run is incomplete"):
        open_run(tmp_path / "runs" / "market-seed1")


def test_a_second_ctrl_c_ends_plain_python_that_never_ends(tmp_path):
    process = never_ending(tmp_path, "run", NUMBA_DISABLE_JIT="1")
    process.send_signal(signal.SIGINT)
    listen(process, "a second Ctrl-C or SIGTERM ends it at once")
    process.send_signal(signal.SIGINT)
    said, screen = process.communicate(timeout=_PATIENCE)
    assert (process.returncode, said, screen) == (130, "", f"interrupted in {BROKEN_OFF}\n")


@pytest.mark.parametrize(
    "options",
    [["sweep", "--workers", "1"], ["sweep", "--workers", "2", "--backend", "threads"], ["solve", "--workers", "1"]],
    ids=lambda options: " ".join(options),
)
def test_a_second_ctrl_c_ends_many_runs_that_never_end_and_says_whose_turn_it_broke_off(tmp_path, options):
    process = never_ending(tmp_path, *options)
    process.send_signal(signal.SIGINT)
    listen(process, "a second Ctrl-C or SIGTERM ends it at once")
    process.send_signal(signal.SIGINT)
    _, screen = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 130
    assert BROKEN_OFF in screen
    assert "Traceback" not in screen


def test_one_ctrl_c_ends_a_sweep_whose_workers_never_end(tmp_path):
    process = never_ending(tmp_path, "sweep", "--workers", "2")
    process.send_signal(signal.SIGINT)
    _, screen = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 130
    assert "Traceback" not in screen


# -- killed at any moment


def more_than(out: Path, count: int) -> bool:
    return len(list(out.glob("*"))) > count


def is_whole(folder: Path) -> bool:
    """Whether only its name was missing when it was killed."""
    manifest = folder / "manifest.json"
    return manifest.exists() and json.loads(manifest.read_text(encoding="utf-8"))["status"] == "complete"


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_a_run_killed_at_any_moment_gives_the_same_bytes_afterwards(tmp_path, kills):
    arguments = ("run", QUICKSTART, "--set", "run.steps=20000", "--json", "--out")
    begin = time.monotonic()
    assert shell(*arguments, tmp_path / "whole").returncode == 0
    length = time.monotonic() - begin
    whole = contents(tmp_path / "whole" / "quickstart-seed1")
    chance, out = random.Random(kills), tmp_path / "killed"
    for number in range(kills):
        process = started(*arguments, out)
        if number % 2:  # the folder is what may be damaged, so half of the moments are those in which there is one
            wait_for(partial(more_than, out, len(list(out.glob("*")))), process)
        time.sleep(chance.random() * length / (3 if number % 2 else 1))
        process.kill()
        process.communicate()
        for folder in out.glob("*"):
            if folder.name.endswith(".partial") and not is_whole(folder):
                with pytest.raises(RunError, match="this run is incomplete"):
                    open_run(folder)
            else:
                assert open_run(folder).status == "complete"
                assert contents(folder) == whole
    answer = shell(*arguments, out)
    assert contents(Path(json.loads(answer.stdout)["folder"])) == whole


# -- in this process


def press_after(chunks: int, number: signal.Signals = signal.SIGINT, times: int = 1) -> Callable[[object], None]:
    """Something that watches a run and presses Ctrl-C, twice with a while between."""
    seen = 0

    def watch(_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == chunks:
            for _ in range(times):
                os.kill(os.getpid(), number)
                time.sleep(0.05)

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


def test_a_key_pressed_twice_is_one_ctrl_c(tmp_path, monkeypatch):
    monkeypatch.setattr("sim.runs.interrupt._ONE_PRESS", _PATIENCE)
    run = execute(parse(MARKET), tmp_path, "run", press_after(1, times=2), chunk=50)
    assert run.status == "interrupted"
    assert open_run(run.folder).status == "interrupted"


def test_a_second_ctrl_c_ends_it_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("sim.runs.interrupt._ONE_PRESS", 0.01)
    monkeypatch.setattr("sim.runs.interrupt._GRACE", _PATIENCE)
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


def test_ctrl_c_that_falls_into_a_callback_of_c_comes_again_and_counts_once(monkeypatch):
    monkeypatch.setattr("sim.runs.interrupt._ONE_PRESS", 0.001)  # so that a second one would end this process,
    monkeypatch.setattr("sim.runs.interrupt._GRACE", 0.001)  # which is in no hurry
    press = ctypes.CFUNCTYPE(None)(lambda: os.kill(os.getpid(), signal.SIGINT))

    def compile_something() -> None:
        press()  # what is raised here, C swallows
        give_up = time.monotonic() + _PATIENCE
        while time.monotonic() < give_up:
            time.sleep(0.01)

    with stop_on_signals(), pytest.raises(Interrupted):
        compile_something()
