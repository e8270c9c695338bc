"""A piece of work in a process of its own, which is ended when it takes too long or too much memory.

The process is forked off from one that has everything imported and compiled, so it begins at once, and nothing that it
does to its own memory reaches another. It has its own session, so whatever it starts ends with it. The limits stop
mistakes. They are no sandbox: such a process may read and write what its user may.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

Said = dict[str, Any]
Tell = Callable[[Said], None]
_GRACE = 2.0  # seconds beyond a limit in which a process may still say where it is
_MOST_SAID = 64 * 2**20  # bytes
_PARENT_DIED, _ADOPT = 1, 36  # PR_SET_PDEATHSIG and PR_SET_CHILD_SUBREAPER of Linux
_LOOK = 0.5  # seconds between two looks at whether somebody still waits for the answer


def confined(
    work: Callable[[Tell], None],
    limits: Mapping[str, float],
    memory: int,
    asker: int = 0,
    beat: Callable[[], object] = lambda: None,
) -> list[Said]:
    """Do a piece of work in a process of its own.

    Parameters
    ----------
    work : is given a function that tells this process something. It says ``{"phase": NAME}`` where a phase begins.
    limits : seconds that each phase may take.
    memory : bytes that it may take beyond what this process has; 0 for no limit.
    asker : a file that ends when nobody waits for the answer any more; then this process ends too.
    beat : called again and again, so that whoever asks knows that this process has not been stopped.

    Returns
    -------
    list of dict
        All that was told. The last may be ours: ``{"late": PHASE}``, ``{"garbled": True}`` where it was not our code
        that told something, ``{"closed": True}`` where it can tell nothing any more and goes on,
        or ``{"died": SIGNAL OR CODE, "memory": bytes}``.
    """
    here, there = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.close(here)
        _work(work, there, memory)
    os.close(there)
    said = _Heard(limits)
    try:
        _listen(here, asker, child, said, beat)
        closed = not said.is_whole and not said.late and not said.garbled and not _has_ended(child)
    finally:
        os.close(here)
        _end(child)
        _, status, usage = os.wait4(child, 0)
        end_strays()
    if said.late:
        said.all.append({"late": said.phase})
    elif said.garbled:
        said.all.append({"garbled": True})
    elif closed:
        said.all.append({"closed": True})
    elif not said.is_whole:
        code = os.waitstatus_to_exitcode(status)
        unit = 1 if sys.platform == "darwin" else 1024
        said.all.append({"died": code, "memory": usage.ru_maxrss * unit})
    return said.all


class _Heard:
    """What a process has said so far."""

    def __init__(self, limits: Mapping[str, float]) -> None:
        self.limits = limits
        self.all: list[Said] = []
        self.phase = ""
        self.until = time.monotonic() + max(limits.values())
        self.late = self.garbled = self.is_whole = False
        self._rest = b""
        self._size = 0

    def take(self, part: bytes) -> bool:
        """Take some bytes. Says whether they can be what our own code says."""
        self.garbled = not self._are_ours(part)
        return not self.garbled

    def _are_ours(self, part: bytes) -> bool:
        self._size += len(part)
        *lines, self._rest = (self._rest + part).split(b"\n")
        for line in lines:
            try:
                each = json.loads(line)
            except ValueError:
                return False
            if not isinstance(each, dict):
                return False
            if each.get("phase") in self.limits:
                self.phase = each["phase"]
                self.until = time.monotonic() + self.limits[self.phase] + _GRACE
            else:
                self.all.append(each)
                self.is_whole = self.is_whole or bool({"answer", "failed"} & each.keys())
        return self._size < _MOST_SAID


def _listen(here: int, asker: int, child: int, said: _Heard, beat: Callable[[], object]) -> None:
    """Take what the process says until it has said all, is late, or nobody waits for it."""
    since = -math.inf
    while not said.is_whole:
        if time.monotonic() - since > _LOOK:
            beat()
            since = time.monotonic()
        left = said.until - time.monotonic()
        if left <= 0:
            said.late = True
            return
        ready, _, _ = select.select([here, asker], [], [], min(left, _LOOK))
        if asker in ready:  # who asks says nothing before the answer, so this is the end
            _end(child)
            os.waitpid(child, 0)
            end_strays()
            os._exit(1)
        if here in ready:
            part = os.read(here, 1 << 16)
            if not part or not said.take(part):
                return


def _has_ended(child: int) -> bool:
    """Whether a process has ended, or does so now; it is not waited for."""
    until = time.monotonic() + _GRACE
    while time.monotonic() < until:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return True
        time.sleep(0.01)
    return False


def _end(child: int) -> None:
    """End a process and all that it started. It may not have its own group yet."""
    for kill in (os.killpg, os.kill):
        with suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)


def adopt(wanted: bool = True) -> None:
    """Let what a process of ours started, and left behind in a session of its own, come to this one."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_ADOPT, int(wanted))


def children() -> list[int]:
    """Processes whose parent this one is; none where the system does not say."""
    found: list[int] = []
    for file in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, file.read_text(encoding="ascii").split())
    return found


def end_strays(others: Collection[int] = ()) -> None:
    """End what came to this process (:func:`adopt`): all its children but some others."""
    while found := [each for each in children() if each not in others]:
        for stray in found:
            _end(stray)
            with suppress(ChildProcessError):
                os.waitpid(stray, 0)


def _work(work: Callable[[Tell], None], there: int, memory: int) -> NoReturn:
    """What the process itself does."""
    os.setsid()
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DIED, signal.SIGKILL)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    for file in (0, 1, 2):
        os.dup2(nothing, file)
    _end_with(parent)

    def tell(said: Said) -> None:
        line = (json.dumps(said) + "\n").encode()
        while line:
            line = line[os.write(there, line) :]

    code = 1
    try:
        if memory:
            limit_memory(memory)
        work(tell)
        code = 0
    finally:
        os._exit(code)


def _end_with(parent: int) -> None:
    """End this process when its parent was killed, also where the system does not."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def limit_memory(more: int) -> None:
    """Let this process take so many bytes more than it has now, of addresses: compilers reserve some in advance."""
    import resource

    size = address_space()
    if size:
        resource.setrlimit(resource.RLIMIT_AS, (size + more, size + more))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def address_space(peak: bool = False) -> int:
    """Bytes of addresses that this process has, or had at most; 0 where the system does not say."""
    with suppress(OSError, ValueError, StopIteration):
        name = "VmPeak:" if peak else "VmSize:"
        text = Path("/proc/self/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name)) * 1024
    return 0
