"""The measures of runs. Each declares itself with :func:`measure` and is found by lying in a room of ``analysis``.

``spreadgame measure`` lists them and runs one, ``run.measure("NAME")`` does the same in Python. The report takes its
chapters from here, the documents their reference, and the tests go over all of them. To know the names no module is
imported: the sources are searched for the decorator, so a command imports the one measure that it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import pandas as pd

from analysis.reading import measure_files
from analysis.reading.measure_options import Option as Option
from analysis.reading.measure_words import remedy
from analysis.reading.measures import Measurement, table_of
from sim.core import wording
from sim.core.errors import RunError
from sim.core.wording import near_or_all, shown
from sim.runs.result import Run, open_run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Found = list[Measurement] | pd.DataFrame
Finder = TypeVar("Finder", bound=Callable[..., Found])

EACH_ROW = "each row names its own"  # the unit of a measure that gives measurements
LAST = 100  # the place in its chapter of a measure that asks for none
_HOME = Path(__file__).parents[1]
_TAKEN = ("command", "figure", "help", "json", "name", "runs", "version")  # by the command line
# What a run may have kept or not, and the setting that keeps it.
NEEDS: dict[str, Callable[[Any], str]] = {
    "trades": lambda record: "" if record.trades else "record.trades = true",
    "messages": lambda record: "" if record.messages else "record.messages = true",
    "book": lambda record: "" if record.levels else "record.levels = 1",
    "agents": lambda record: 'record.agents = "populations"' if record.agents == "none" else "",
    "episodes": lambda record: 'record.episodes = "populations"' if record.episodes == "none" else "",
}


class Heading(Protocol):
    """What is measured, a run or what a measure opens besides: it says in a line what it is."""

    @property
    def heading(self) -> str:
        """What it is."""


@dataclass(frozen=True)
class Opener:
    """What a measure takes besides run folders.

    Attributes
    ----------
    what : the files, in words.
    open : makes of a file's path and the options what ``find`` is called with in the place of a run.
    """

    what: str
    open: Callable[..., Heading]


@dataclass(frozen=True)
class Measure:
    """A declared measure.

    Attributes
    ----------
    name : what is typed.
    summary : what it says of a run, in a line.
    source : of its formulas.
    unit : of its numbers; :data:`EACH_ROW` where it gives measurements.
    find : gives measurements, or a table whose columns are numbers; called with a run and the options. A column
        ``X_standard_error`` holds the errors of ``X``, ``attrs["note"]`` is a line to be read with the table, and
        ``attrs["details"]`` what JSON has besides, by name.
    module : in which it is declared.
    chapter, place : of the report, and where in it.
    needs : keys of :data:`NEEDS`: what a run must have kept.
    options : by the name of the parameter.
    without_error : parts of names of rows or columns that have no standard error, and why.
    sparse : whether columns of zeros are left out on the screen.
    draw : draws what it found, called as ``find`` is.
    opens : what it takes besides run folders.
    takes_runs : whether it takes run folders; a measure that takes neither is called with None and its options.
    """

    name: str
    summary: str
    source: str
    unit: str
    find: Callable[..., Found]
    module: str
    chapter: str = ""
    place: int = LAST
    needs: tuple[str, ...] = ()
    options: Mapping[str, Option] = field(default_factory=dict)
    without_error: Mapping[str, str] = field(default_factory=dict)
    sparse: bool = False
    draw: Callable[..., Figure] | None = None
    opens: Opener | None = None
    takes_runs: bool = True

    @property
    def room(self) -> str:
        """The room of ``analysis`` in which it lies."""
        return self.module.split(".")[1]

    @property
    def takes(self) -> str:
        """What can be measured, in words."""
        parts = ["run folders"] * self.takes_runs + ([self.opens.what] if self.opens else [])
        return "; ".join(parts) or "nothing but its options"

    @property
    def takes_nothing(self) -> bool:
        """Whether its options alone say what is measured."""
        return not self.takes_runs and self.opens is None

    @property
    def common_unit(self) -> str:
        """The unit of all its numbers; empty where each row names its own."""
        return "" if self.unit == EACH_ROW else self.unit

    @property
    def reasons(self) -> dict[str, str]:
        """Why numbers have no standard error, and the names of these, in words."""
        found: dict[str, list[str]] = {}
        for part, why in self.without_error.items():
            found.setdefault(why, []).append(part.strip(".") or "all of them")
        return {why: ", ".join(parts) for why, parts in found.items()}

    def as_json(self) -> dict[str, Any]:
        """The declaration, as JSON has it."""
        options = {
            name: {"default": option.default, "allowed": option.allowed, "meaning": option.meaning}
            for name, option in self.options.items()
        }
        told = ("name", "summary", "unit", "source", "chapter", "needs")
        declared = {name: getattr(self, name) for name in told} | {"takes": self.takes}
        return declared | {"options": options, "without_error": dict(self.without_error)}

    def open(self, path: str | Path, **options: Any) -> Any:
        """What is measured of a path: the run of a folder, or what else the measure makes of a file.

        Raises
        ------
        RunError
            If there is nothing of it that can be measured, or an option cannot be.
        """
        self.check(options)
        place = Path(path)
        if self.opens is not None and place.is_file():
            return self.opens.open(place, **options)
        if self.takes_nothing:
            raise RunError(f"{path}: {self.name} takes {self.takes} — leave it out")
        if not place.exists() and (not self.takes_runs or (self.opens is not None and place.suffix)):
            raise RunError(f"{path}: there is no such file or folder — {self.name} takes {self.takes}")
        if not self.takes_runs:
            raise RunError(f"{path}: a folder — {self.name} takes {self.takes}")
        return open_run(path)

    def of(self, run: Any, **options: Any) -> pd.DataFrame:
        """Measure a run: a table, as it is or of measurements (:func:`analysis.reading.measures.table_of`).

        Parameters
        ----------
        run : what :meth:`open` gives; None for a measure that takes nothing.

        Raises
        ------
        RunError
            If there is no such option, its value cannot be, or the run did not keep what is needed.
        """
        options = {name: _native(value) for name, value in options.items()}
        self.check(options)
        if isinstance(run, Run) and (lack := self.lack(run)):
            raise RunError(lack)
        with measure_files.told_in_a_line(_HOME, self.module):
            found = self.find(run, **options)
            return found if isinstance(found, pd.DataFrame) else table_of(found)

    def drawn(self, run: Any, **options: Any) -> Figure:
        """What it finds as a figure.

        Raises
        ------
        RunError
            If it draws none.
        """
        if self.draw is None:
            raise RunError(f"measure {self.name} draws no figure — leave --figure out")
        with measure_files.told_in_a_line(_HOME, self.module):
            return self.draw(run, **options)

    def check(self, options: Mapping[str, Any]) -> None:
        """Raise RunError for an option that there is not, or whose value cannot be."""
        for name, value in options.items():
            if name not in self.options:
                known = near_or_all(name, self.options) or "it has none"
                raise RunError(f"measure {self.name}: there is no option {name!r} — {known}")
            option = self.options[name]
            if not option.fits(value):
                hint = f" — {told}" if (told := wording.near(value, option.choices)) else ""
                raise RunError(f"measure {self.name}: {name} must be {option.allowed}, not {shown(value)}{hint}")

    def lack(self, run: Run) -> str:
        """What of the run is missing that is needed, as an error says it; empty where nothing is."""
        if not self.takes_runs:
            return f"{run.folder or 'this run'}: {self.name} takes no run, but {self.takes}"
        record = run.scenario.record
        missing = {need: setting for need in self.needs if (setting := NEEDS[need](record))}
        if not missing:
            return ""
        kept, settings = " and no ".join(missing), " and ".join(missing.values())
        return (
            f"{run.folder or 'this run'}: it kept no {kept}, which {self.name} needs — set {settings} and run it again"
        )


def _native(value: Any) -> Any:
    """A number of NumPy as Python's, alone and among others."""
    if isinstance(value, (tuple, list)):
        return tuple(map(_native, value))
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value


_known: dict[str, Measure] = {}


def measure(
    name: str,
    *,
    summary: str,
    source: str,
    unit: str = EACH_ROW,
    chapter: str = "",
    place: int = LAST,
    needs: tuple[str, ...] = (),
    options: Mapping[str, Option] | None = None,
    without_error: Mapping[str, str] | None = None,
    sparse: bool = False,
    draw: Callable[..., Figure] | None = None,
    opens: Opener | None = None,
    takes_runs: bool = True,
) -> Callable[[Finder], Finder]:
    """Declare a function of a run to be a measure; the function stays as it is. :class:`Measure` has the parameters.

    The name is written as text behind the bracket, where the search finds it.

    Raises
    ------
    ValueError
        If a need is unknown, a text is empty, an option has a name of the command line's, or another module has
        declared a measure of the name.
    """
    for need in needs:
        if need not in NEEDS:
            raise ValueError(f"measure {name!r}: there is no need {need!r} — {near_or_all(need, NEEDS)}")
    for what, text in (("name", name), ("summary", summary), ("source", source), ("unit", unit)):
        if not text.strip():
            raise ValueError(f"measure {name!r}: it has no {what}")
    for option in options or ():
        if option in _TAKEN:
            raise ValueError(f"measure {name!r}: the command line has a {option} of its own — rename the option")

    def register(find: Finder) -> Finder:
        before = _known.get(name)
        if before is not None and before.module != find.__module__:
            raise ValueError(f"{find.__module__} and {before.module} both declare a measure {name!r} — rename one")
        _known[name] = Measure(
            name, summary, source, unit, find, find.__module__, chapter, place, needs, options or {},
            without_error or {}, sparse, draw, opens, takes_runs,
        )  # fmt: skip
        return find

    return register


def modules() -> dict[str, str]:
    """The module in which each measure is declared, by the measure's name, sorted; nothing is imported."""
    return measure_files.found(_HOME).modules


def get(name: Any) -> Measure:
    """The measure of a name.

    Raises
    ------
    RunError
        If there is none; the message carries the nearest name. If its file is wrong; the message says where.
    """
    homes, wrong = modules(), measure_files.found(_HOME).wrong
    if not isinstance(name, str) or name not in homes:
        if isinstance(name, str) and name in wrong:
            raise RunError(wrong[name])
        raise RunError(f"there is no measure {shown(name)} — {remedy(name, _HOME)}")
    with measure_files.told_in_a_line(_HOME, homes[name]):
        import_module(homes[name])
        return _known[name]


def all_measures() -> list[Measure]:
    """Every measure that can be taken, in the order of the names."""
    return _looked_at()[0]


def problems() -> list[str]:
    """What is wrong with files that declare measures, a line each."""
    return _looked_at()[1]


def _looked_at() -> tuple[list[Measure], list[str]]:
    good, lines = [], list(measure_files.found(_HOME).wrong.values())
    for name in modules():
        try:
            good.append(get(name))
        except RunError as error:
            lines.append(str(error))
    return good, list(dict.fromkeys(lines))


def of_chapter(title: str) -> list[Measure]:
    """The measures of a chapter of the report, in the order in which they stand there."""
    return sorted((each for each in all_measures() if each.chapter == title), key=lambda each: (each.place, each.name))


def measured(run: Run, name: str, **options: Any) -> pd.DataFrame:
    """Measure a run: :meth:`Measure.of` of the measure of a name."""
    return get(name).of(run, **options)
