"""The scenarios that the page offers by the question that each answers: those that come with Spreadgame and the user's.

A page names scenarios; which file a name stands for is known here alone, so no path of a file comes in by the page.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.core.errors import SpreadgameError
from sim.core.wording import near
from sim.scenario import Scenario, load
from spreadgame.dashboard.controls import controls_of
from spreadgame.dashboard.refused import Refused
from spreadgame.shipped import scenario_files


@dataclass(frozen=True)
class Entry:
    """A scenario by the name under which the page knows it; ``group`` is the folder in which it lies."""

    name: str
    group: str
    path: Path

    def scenario(self) -> Scenario:
        """As its file has it now: a teacher may change it while the page is open."""
        return load(self.path)

    def summary(self) -> dict[str, Any]:
        """What the library says of it."""
        found = self.scenario()
        title, question = found.title or self.name, found.question
        controls = controls_of(found, found)
        return {"name": self.name, "group": self.group, "title": title, "question": question, "controls": controls}


@dataclass
class Library:
    """What the page may open.

    Parameters
    ----------
    own : a scenario file of the user's, offered besides.
    seed, overrides : with which the page opens it.
    """

    own: Path | None = None
    seed: int | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    _entries: dict[str, Entry] = field(default_factory=dict)
    _summaries: list[dict[str, Any]] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        for name, path in scenario_files().items():
            self._entries[name] = Entry(name, name.rpartition("/")[0], path)
        if self.own is not None and self.opened is None:
            taken = self.own.stem in self._entries
            name = self.own.name if taken else self.own.stem
            self._entries = {name: Entry(name, "", self.own), **self._entries}

    @property
    def opened(self) -> str | None:
        """The name of the user's scenario."""
        if self.own is None:
            return None
        own = self.own.resolve()
        return next((each.name for each in self._entries.values() if each.path.resolve() == own), None)

    def first(self) -> dict[str, Any] | None:
        """What the page opens first: name, seed and overrides of the user's scenario."""
        return None if self.own is None else {"name": self.opened, "seed": self.seed, "overrides": dict(self.overrides)}

    def typed(self, name: str) -> Mapping[str, Any]:
        """What the user changed in a scenario on the command line, where more is allowed than on the page."""
        return self.overrides if name == self.opened else {}

    def summaries(self) -> list[dict[str, Any]]:
        """What the library says of each scenario that can be read; made once."""
        with self._lock:
            if self._summaries is None:
                found = []
                for entry in self._entries.values():
                    try:
                        found.append(entry.summary())
                    except SpreadgameError:  # one that needs a file of strategies that nobody gave
                        continue
                self._summaries = found
            return self._summaries

    def entry(self, name: object) -> Entry:
        """The scenario of a name.

        Raises
        ------
        Refused
            If there is none.
        """
        if isinstance(name, str) and name in self._entries:
            return self._entries[name]
        remedy = near(name, self._entries) or "GET /api/scenarios lists them"
        raise Refused("scenario", name, "there is no such scenario", remedy)
