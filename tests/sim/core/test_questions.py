"""A process that is asked answers with one line, whatever a user's file does in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sim.core import questions
from sim.core.questions import Unanswered, answer_of, command_of, environment_with
from sim.core.wording import printable

SCRIPT = """
import os, subprocess, sys
from sim.core.questions import Answer

with Answer() as answer:
    {inside}
    answer.give(7)
os._exit(0)
"""


def answered(monkeypatch: pytest.MonkeyPatch, inside: str, seconds: float = 60.0) -> object:
    monkeypatch.setattr(questions, "command_of", lambda module: [sys.executable, "-c", SCRIPT.format(inside=inside)])
    return answer_of("a module", seconds=seconds)


def test_a_file_in_the_folder_of_today_is_not_taken_for_a_module(tmp_path: Path) -> None:
    (tmp_path / "difflib.py").write_text("open('shadow', 'w')\nfrom re import *\nget_close_matches = 1\n")
    subprocess.run(command_of("sim.core.wording"), cwd=tmp_path, env=environment_with({}), check=True)
    assert not (tmp_path / "shadow").exists()


@pytest.mark.parametrize(
    "inside",
    [
        "print('x' * 10**6); os.write(1, b'{}\\n'); os.write(2, b'y' * 10**6)",
        pytest.param("os.fork()", marks=pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")),
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(5)'], close_fds=False)",
    ],
)
def test_neither_what_is_printed_nor_a_process_that_is_left_disturbs_the_answer(
    monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    assert answered(monkeypatch, inside) == 7


@pytest.mark.parametrize(
    ("inside", "words"),
    [("1 / 0", "ZeroDivisionError"), ("os._exit(3)", "exit code 3"), ("os.write(answer._there, b'x\\n')", "it wrote")],
)
def test_no_answer_is_told_in_words(monkeypatch: pytest.MonkeyPatch, inside: str, words: str) -> None:
    with pytest.raises(Unanswered, match=words):
        answered(monkeypatch, inside)


def test_who_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unanswered, match=r"more than 0\.2 s"):
        answered(monkeypatch, "import time; time.sleep(1000)", 0.2)


def test_letters_that_move_a_terminal_are_written_as_escapes() -> None:
    assert printable("a\x1b[2J\u202eb\udc80\nc\t😀é") == "a\\x1b[2J\\u202eb\\udc80\nc\t😀é"
