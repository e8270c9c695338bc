"""How a strategy declares itself: its parameters, its memory, what it needs, how much it may send, where it comes from.

A declaration is data. Nothing is compiled by declaring; :mod:`sim.strategy_kit.callbacks` compiles on demand.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.core.errors import StrategyError
from sim.core.renamed import old_arguments_refused
from sim.core.world import Market
from sim.strategy_kit.seat import Seat

Act = Callable[[Seat, Market], None]  # what an author writes
Value = bool | int | float | str | tuple[float, ...]

ANY = "any"  # number of venues
MOST_VENUES = 1_000
_MOST_KEPT = 1_000_000  # numbers of one name in an agent's memory
NEEDS = ("signal", "reservation", "private_values", "network", "auction", "capital")
_CALLED: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a name in quotes",
    tuple: "a list of numbers",
}
# Fields of a compiled record are read as attributes; these names belong to numpy.record itself.
RESERVED = frozenset(
    [
        "T",
        "all",
        "any",
        "argmax",
        "argmin",
        "argsort",
        "astype",
        "base",
        "byteswap",
        "choose",
        "clip",
        "compress",
        "conj",
        "conjugate",
        "copy",
        "cumprod",
        "cumsum",
        "data",
        "device",
        "diagonal",
        "dtype",
        "dump",
        "dumps",
        "fill",
        "flags",
        "flat",
        "flatten",
        "getfield",
        "imag",
        "item",
        "itemset",
        "itemsize",
        "max",
        "mean",
        "min",
        "nbytes",
        "ndim",
        "newbyteorder",
        "nonzero",
        "pprint",
        "prod",
        "ptp",
        "put",
        "ravel",
        "real",
        "repeat",
        "reshape",
        "resize",
        "round",
        "searchsorted",
        "setfield",
        "setflags",
        "shape",
        "size",
        "sort",
        "squeeze",
        "std",
        "strides",
        "sum",
        "swapaxes",
        "take",
        "to_device",
        "tobytes",
        "tofile",
        "tolist",
        "tostring",
        "trace",
        "transpose",
        "var",
        "view",
    ]
)


@dataclass(frozen=True)
class Parameter:
    """One number, switch, choice or list of numbers that a scenario may set in ``params``.

    The type follows from the default: bool, int, float, str (then ``choices`` lists what is allowed, or ``form`` says
    what it is), or a tuple of floats. A compiled strategy reads a choice as its index in ``choices``; lists and free
    texts are for ``precompute`` alone.
    """

    default: Value
    meaning: str
    unit: str = ""
    low: float | None = None  # inclusive
    high: float | None = None  # inclusive
    above: float | None = None  # exclusive lower bound
    choices: tuple[str, ...] = ()
    form: str = ""  # of a free text: "text", or "path" of a file or a folder, relative to the scenario's folder
    needs: Mapping[str, str] = field(
        default_factory=dict
    )  # choice -> what the population must then have (one of NEEDS)
    same_as: str = ""  # a key of the population's sees that should say the same

    @property
    def type(self) -> type:
        """Of its values: that of the default."""
        return type(self.default)

    @property
    def is_compiled(self) -> bool:
        """Whether compiled code reads it."""
        return self.type is not tuple and not self.form

    @property
    def field_type(self) -> str:
        """NumPy type of the compiled field: ``f8`` for float, ``i8`` for bool, int and the index of a choice."""
        return "f8" if self.type is float else "i8"

    def check(self, value: object) -> str:
        """Return what is wrong with ``value``, or an empty string."""
        if self.type is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if self.type is tuple and isinstance(value, list | tuple):
            return next(filter(None, map(self._check_number, value)), "")
        if type(value) is not self.type:
            return f"{value!r} is not {_CALLED[self.type]}"
        if isinstance(value, str):
            return "" if self.form or value in self.choices else f"{value!r} is none of {', '.join(self.choices)}"
        return self._check_number(value)

    def _check_number(self, value: Any) -> str:
        """What is wrong with a number, or with a member of a list."""
        if self.type is tuple and (isinstance(value, bool) or not isinstance(value, int | float)):
            return f"{value!r} in it is not a number"
        if not (abs(value) < 2**62):  # also refuses nan
            return f"{value!r} is not a finite number of reasonable size"
        if self.low is not None and value < self.low:
            return f"{value!r} is below the least allowed, {self.low:g}"
        if self.above is not None and value <= self.above:
            return f"{value!r} is not above {self.above:g}"
        if self.high is not None and value > self.high:
            return f"{value!r} is above the most allowed, {self.high:g}"
        return ""

    def number(self, value: Any) -> float | int:
        """The number that compiled code reads for ``value``."""
        if isinstance(value, str):
            return self.choices.index(value)
        return float(value) if self.type is float else int(value)


@dataclass(frozen=True, eq=False)
class Strategy:
    """A strategy's declaration: what a scenario may set, and the function that acts.

    ``act(me, market)`` is called once a turn, compiled. ``memory`` names what an agent keeps from turn to turn within
    an episode (zero at its start). ``max_messages`` bounds the orders, replacements and cancellations of one turn.
    ``validate`` says what is wrong with parameters that are right one by one; ``precompute`` solves in Python, once per
    run, what the compiled ``act`` looks up. ``common`` names parameters that all populations which play it on
    one venue should set alike. ``repeats`` says whether what it sends was sent under its rules before.
    """

    name: str
    act: Act
    summary: str
    source: str
    parameters: Mapping[str, Parameter]
    memory: Mapping[str, tuple[str, int]]  # name -> NumPy type, and how many (0: one number)
    max_messages: Callable[[Mapping[str, Any]], int]
    per_venue: bool
    venues: int | str
    needs: frozenset[str]
    file: str
    validate: Callable[[Mapping[str, Any]], str] = lambda given: ""
    precompute: Callable[[Mapping[str, Any], int], Any] | None = None
    first_opinions: Callable[[Mapping[str, Any], int], Any] | None = None
    needs_also: Callable[[Mapping[str, Any]], Iterable[str]] = lambda given: ()
    common: tuple[str, ...] = ()
    repeats: Callable[[Mapping[str, Any]], bool] = lambda given: False
    cache_key: str | None = ""  # folder of its compiled code: "" with ours, a hash for a user's file, None for nowhere

    def __deepcopy__(self, memo: object) -> Strategy:
        return self  # what is known of it goes by which object it is

    def __reduce__(self) -> tuple[Callable[[str], Strategy], tuple[str]]:
        from sim.strategy_kit.registry import get  # by name: in another process it may have to be loaded first

        return get, (self.name,)

    def resolve(self, given: Mapping[str, Value], folder: Path | None = None) -> dict[str, Value]:
        """All parameters: those given, the rest at their defaults; paths from a folder on, where one is given."""
        found = {name: given.get(name, parameter.default) for name, parameter in self.parameters.items()}
        if folder is not None:
            found |= {name: str((folder / str(found[name])).absolute()) for name in self.paths(found)}
        return found

    def messages(self, given: Mapping[str, Value], venues: int) -> int:
        """The most messages of one turn with these parameters on so many venues."""
        return self.max_messages(given) * (venues if self.per_venue else 1)

    def paths(self, given: Mapping[str, Value]) -> list[str]:
        """The parameters that lead to a file or a folder, of those that are given and not empty."""
        return [name for name, parameter in self.parameters.items() if parameter.form == "path" and given.get(name)]

    def needs_of(self, given: Mapping[str, Value]) -> set[str]:
        """What a population playing this strategy with these parameters must have: any of NEEDS."""
        found = {*self.needs, *self.needs_also(given)}
        for name, parameter in self.parameters.items():
            need = parameter.needs.get(str(given.get(name, parameter.default)))
            if need:
                found.add(need)
        return found


def _check_words(name: object, words: Mapping[str, object]) -> None:
    for what, given in words.items():
        if not isinstance(given, str):
            raise StrategyError(f"strategy {name}: {what} must be a text, not {given!r}")


def _check_parts(
    name: str, venues: object, needs: object, functions: Mapping[str, object], parameters: Mapping[Any, object]
) -> None:
    """What is wrong with the parts of a declaration, one by one."""
    if venues != ANY and not _is_count(venues, 1, MOST_VENUES):
        raise StrategyError(f"strategy {name}: venues must be a whole number from 1, or {ANY!r}, not {venues!r}")
    if isinstance(needs, str):
        raise StrategyError(f"strategy {name}: needs must be a list of names: needs=({needs!r},)")
    for what, function in functions.items():
        if function is not None and not callable(function):
            raise StrategyError(f"strategy {name}: {what} must be a function, not {function!r}")
    for field_name, parameter in parameters.items():
        if not isinstance(parameter, Parameter):
            raise StrategyError(
                f"strategy {name}: parameter {field_name!r} must be declared as Parameter(default, meaning), "
                f"not {parameter!r}"
            )


def _is_count(number: object, low: int, high: int) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and low <= number <= high


def _can_be_field(name: object) -> bool:
    """Whether a field of a compiled record can have this name."""
    return isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name) and name not in RESERVED


def _check_fields(
    name: str,
    parameters: Mapping[str, Parameter],
    memory: Mapping[str, Any],
    needs: Iterable[str],
    common: Iterable[str],
) -> None:
    """What is wrong with the names of parameters and memory, with defaults, needs and what is common."""
    for what, names in (("parameter", parameters), ("memory", memory)):
        for field_name in names:
            if not _can_be_field(field_name):
                raise StrategyError(f"strategy {name}: {what} {field_name!r} cannot be a name here; choose another")
    for field_name, parameter in parameters.items():
        problem = parameter.check(parameter.default)
        if problem:
            raise StrategyError(f"strategy {name}: the default of {field_name!r} is not allowed: {problem}")
        if parameter.form not in ("", "text", "path") or (parameter.form and parameter.type is not str):
            raise StrategyError(
                f"strategy {name}: the form of {field_name!r} is {parameter.form!r}; that of a text may be text or path"
            )
    for other in common:
        if other not in parameters:
            raise StrategyError(f"strategy {name}: common names {other!r}, and it has no such parameter")
    unknown = set(needs) - set(NEEDS)
    if unknown:
        raise StrategyError(f"strategy {name}: needs {sorted(unknown)} unknown; there are {', '.join(NEEDS)}")


def _kept(name: str, field_name: str, kept: Any) -> tuple[str, int]:
    """The NumPy type of a name in memory, and how many there are (0: one number)."""
    kind, length = kept if isinstance(kept, tuple) else (kept, 0)
    if kind not in (int, float) or not _is_count(length, 0, _MOST_KEPT):
        raise StrategyError(
            f"strategy {name}: memory {field_name!r} must be int or float, or (int, 8) for up to "
            f"{_MOST_KEPT:,} of them, not {kept!r}"
        )
    return "f8" if kind is float else "i8", length


@old_arguments_refused
def strategy(
    name: str,
    *,
    summary: str,
    source: str = "",
    parameters: Mapping[str, Parameter] | None = None,
    memory: Mapping[str, type | tuple[type, int]] | None = None,
    max_messages: int | Callable[[Mapping[str, Any]], int] = 1,
    per_venue: bool = False,
    venues: int | str = 1,
    needs: tuple[str, ...] = (),
    validate: Callable[[Mapping[str, Any]], str] = lambda given: "",
    precompute: Callable[[Mapping[str, Any], int], Any] | None = None,
    first_opinions: Callable[[Mapping[str, Any], int], Any] | None = None,
    needs_also: Callable[[Mapping[str, Any]], Iterable[str]] = lambda given: (),
    common: tuple[str, ...] = (),
    repeats: Callable[[Mapping[str, Any]], bool] = lambda given: False,
) -> Callable[[Act], Strategy]:
    """Declare the decorated ``act(me, market)`` as a strategy.

    Parameters
    ----------
    name : what a scenario writes in ``strategy = "…"``.
    summary : one line, shown by ``spreadgame strategies``.
    source : where the behaviour comes from (paper, section, equation).
    parameters : what ``params`` may set.
    memory : names with ``int`` or ``float``, or ``(int, 8)`` for eight of them; 0 at the start of each episode.
    max_messages, per_venue : the most messages of one turn, or a function of the parameters; whether for each venue.
    venues : how many venues it trades on, or ``"any"`` number of them; ``venue_of(me, market, i)`` numbers them.
    needs : any of NEEDS, without which it cannot play; ``auction`` is a venue that holds some.
    validate : given all parameters, each right by itself: what is wrong with them together, or an empty text.
    precompute : given all parameters and the steps of an episode, in plain Python: a float64 array, which
        ``precomputed(me, market, i)`` looks up; solved once for each population.
    first_opinions : given all parameters and the number of members: their opinions when an episode begins, float64.
    needs_also : given parameters, of which some may be missing: what it needs besides with these.
    common : parameters that all populations which play it on one venue should set alike; else a warning says so.
    repeats : given all parameters: whether it sends what was sent under an ``obligation`` before, so that none holds.

    Raises
    ------
    StrategyError
        If a name cannot be a field of a compiled record, or a type or need is unknown.
    """

    def declare(act: Act) -> Strategy:
        _check_words(name, {"its name": name, "summary": summary, "source": source})
        functions: dict[str, Any] = {"validate": validate, "precompute": precompute, "repeats": repeats}
        functions |= {"first_opinions": first_opinions, "needs_also": needs_also}
        _check_parts(name, venues, needs, functions, parameters or {})
        _check_fields(name, parameters or {}, memory or {}, needs, common)
        bound = max_messages if callable(max_messages) else (lambda _, most=max_messages: most)
        return Strategy(
            name=name, act=act, summary=summary, source=source, parameters=dict(parameters or {}),
            memory={field_name: _kept(name, field_name, kept) for field_name, kept in (memory or {}).items()},
            max_messages=bound, per_venue=per_venue, venues=venues, needs=frozenset(needs), common=tuple(common),
            file=act.__code__.co_filename, **functions,
        )  # fmt: skip

    return declare
