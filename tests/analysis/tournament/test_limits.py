"""A piece of work in a process of its own: what ends it, and what is left of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")

# The process that confines must have no threads, which the one that tests may have.
WORK = """
import json, os, signal, subprocess, sys, time
from analysis.tournament.limits import adopt, confined

def work(tell):
    tell({{"phase": "playing"}})
    {inside}

adopt()
os.dup2(os.open("/dev/null", os.O_RDWR), 2)
here, there = os.pipe()
print(json.dumps(confined(work, {{"playing": 0.2}}, {memory}, here)))
"""


def said(inside: str, memory: int = 0) -> list[dict[str, Any]]:
    code = WORK.format(inside=inside, memory=memory)
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_what_is_told_comes_in_order_and_ends_with_the_answer():
    assert said("tell({'run': 1}); tell({'run': 2}); tell({'answer': True})") == [
        {"run": 1}, {"run": 2}, {"answer": True},
    ]  # fmt: skip


def test_work_that_never_ends_is_late():
    assert said("while True: pass") == [{"late": "playing"}]


def test_work_that_takes_no_notice_of_signals_is_late_too():
    assert said("signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1000)") == [{"late": "playing"}]


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is one of addresses, which others do not hold to")
def test_work_that_takes_all_memory_gets_no_more():
    inside = "\n    ".join(
        ["try:", "    bytearray(2**28)", "except MemoryError:", "    tell({'answer': 'no'})", "tell({'answer': 'yes'})"]
    )
    assert said(inside, 2**26)[0] == {"answer": "no"}
    assert said(inside, 2**30)[0] == {"answer": "yes"}


@pytest.mark.parametrize(
    ("inside", "code"), [("os._exit(7)", 7), ("os.kill(os.getpid(), signal.SIGSEGV)", -11), ("1 / 0", 1)], ids=str
)
def test_work_that_ends_without_an_answer_died(inside, code):
    (last,) = said(inside)
    assert last["died"] == code
    assert last["memory"] > 0


def test_who_closes_the_file_of_answers_and_goes_on_is_found():
    assert said("os.closerange(3, 100); time.sleep(1000)") == [{"closed": True}]


def test_whoever_asks_is_told_again_and_again_that_the_process_works(tmp_path):
    code = WORK.format(inside="time.sleep(0.6)", memory=0).replace("here))", "here, lambda: print('beat')))")
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.split().count("beat") >= 2


def test_who_writes_where_answers_are_written_is_found():
    inside = "(there,) = (each.cell_contents for each in tell.__closure__); os.write(there, b'nonsense\\n')"
    assert said(f"{inside}; time.sleep(5)") == [{"garbled": True}]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="only Linux tells of children so")
@pytest.mark.parametrize("how", ["start_new_session=True", "process_group=0", "close_fds=False"])
def test_what_work_started_ends_with_it(how):
    inside = f"tell({{'started': subprocess.Popen(['sleep', '1000'], {how}).pid}}); tell({{'answer': True}})"
    started = said(inside)[0]["started"]
    assert not Path(f"/proc/{started}").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread of the work looks, a little later")
def test_work_ends_when_nobody_waits_for_it(tmp_path):
    file = tmp_path / "number"
    inside = f"open({str(file)!r}, 'w').write(str(os.getpid())); time.sleep(1000)"
    code = WORK.format(inside=inside, memory=0).replace('"playing": 0.2', '"playing": 1000.0')
    asker = subprocess.Popen([sys.executable, "-c", code], env=environment())
    while not (file.exists() and file.read_text()):
        time.sleep(0.01)
    asker.kill()
    asker.wait()
    number = int(file.read_text())
    for _ in range(1000):
        if not is_alive(number):
            break
        time.sleep(0.01)
    assert not is_alive(number)


def is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
        return Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
