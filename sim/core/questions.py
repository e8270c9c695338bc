"""A question to a Python process of its own, ``python -P -m MODULE``, that answers with a line of JSON.

It may run a user's file: nothing that this prints comes between, none of it is kept, a file beside it is not taken for
a module of Python's own, and whoever asks does not wait for a process that the file has left behind.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
_LAST = 4_000  # characters of a traceback


class Unanswered(Exception):
    """A process ended without an answer, or took too long: in words."""


def command_of(module: str, *arguments: str) -> list[str]:
    """What starts a module of ours as a process. ``-P``: the folder in which it is started has no modules for it."""
    return [sys.executable, "-P", "-m", module, *arguments]


def environment_with(changes: Mapping[str, str]) -> dict[str, str]:
    """The environment of now, in which our own sources are found first."""
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    return os.environ | {"PYTHONPATH": path} | dict(changes)


def answer_of(
    module: str,
    *arguments: str,
    asked: str = "",
    seconds: float | None = None,
    changes: Mapping[str, str] | None = None,
) -> Any:
    """What a module answers, by :class:`Answer`.

    Parameters
    ----------
    arguments : of its command line.
    asked : what stands on its standard input.
    seconds : that it may take.
    changes : of its environment.

    Raises
    ------
    Unanswered
        If it ends without an answer, raises, or takes too long.
    """
    process = subprocess.Popen(
        command_of(module, *arguments), env=environment_with(changes or {}),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    lines: list[bytes] = []
    reader = threading.Thread(target=lambda: lines.append(_read(process, asked)), daemon=True)
    try:
        reader.start()
        reader.join(seconds)  # not to the end of the file, which a process that was left behind may keep open
        if not lines:
            raise Unanswered(f"it took more than {seconds:g} s")
        if not lines[0].endswith(b"\n"):
            said = process.stderr.read().decode(errors="replace").strip() if process.stderr else ""
            raise Unanswered(f"its process ended without an answer (exit code {process.wait()})\n{said}".strip())
        try:
            answer = json.loads(lines[0])
            raised = answer["raised"]
        except (ValueError, TypeError, KeyError):
            raise Unanswered("it wrote where its process answers") from None
    finally:
        process.kill()
        process.wait()
        for file in (process.stdin, process.stderr):
            if file is not None:
                file.close()
        if lines and process.stdout is not None:  # else the thread that reads has it
            process.stdout.close()
    if raised:
        raise Unanswered(str(raised))
    return answer["answer"]


def _read(process: subprocess.Popen[bytes], asked: str) -> bytes:
    if process.stdin is None or process.stdout is None:
        return b""
    try:
        process.stdin.write(asked.encode())
        process.stdin.close()
    except OSError:  # it has ended
        pass
    return process.stdout.readline()


class Answer:
    """Inside, a process that was asked works: what is printed is dropped, and what it raises is its answer."""

    def __init__(self) -> None:
        self._process = os.getpid()
        sys.stdout.flush()
        self._there = os.dup(1)
        nothing = os.open(os.devnull, os.O_RDWR)
        for file in (1, 2):
            os.dup2(nothing, file)

    def __enter__(self) -> Answer:
        return self

    def give(self, answer: Any) -> None:
        """Answer, once."""
        self._say({"answer": answer, "raised": ""})

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if error is not None:
            import traceback

            self._say({"raised": "".join(traceback.format_exception(error)).strip()[-_LAST:]})

    def _say(self, said: dict[str, Any]) -> None:
        if os.getpid() != self._process:
            os._exit(0)  # a copy that a user's file has made of this process
        line = (json.dumps(said) + "\n").encode()
        while line:
            line = line[os.write(self._there, line) :]
