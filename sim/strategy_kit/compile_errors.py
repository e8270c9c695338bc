"""Why a strategy does not compile, in words for its author; Numba's own message begins with its internals."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from pathlib import Path

from sim.core.renamed import STRATEGY_FUNCTIONS, now
from sim.strategy_kit import interface
from sim.strategy_kit.declare import Strategy

PUBLIC = "spreadgame.strategy"  # where authors import from
PUBLIC_NAMES = frozenset(interface.__all__) | {
    "MOST_LEVELS", "Parameter", "compiled", "keep_ladder", "keep_quotes", "room_to_trade", "strategy",
}  # fmt: skip
_SEAT = ("agent", "venue", "instrument", "parameters", "memory")
_MOST_TEXT = 400
_GENERAL_REMEDY = "numba.readthedocs.io lists the Python that can be compiled; NUMBA_DISABLE_JIT=1 runs it uncompiled"


def explain(strategy: Strategy, error: Exception) -> str:
    """What is wrong with a strategy that Numba could not compile: where, what, and the remedy.

    Parameters
    ----------
    error : what Numba raised. It is KeyError for a field that a record does not have.
    """
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    message, name, remedy = _known(strategy, error, text) or (_first_words(text), "", "")
    place = _place_told(text, strategy.file) if not name else ""
    place = place or _place_of(name, strategy.file, (ast.Attribute, ast.Name)) or _place_told(text) or strategy.file
    return f"{place}: strategy {strategy.name!r} cannot be compiled: {message} — {remedy or _GENERAL_REMEDY}"


def _known(strategy: Strategy, error: Exception, text: str) -> tuple[str, str, str] | None:
    """Message, the name it is about, and remedy, for the mistakes that are made again and again."""
    unknown = re.search(r"Unknown attribute '(\w+)' of type ReadOnly", text)
    if isinstance(error, KeyError) or unknown:
        name = unknown[1] if unknown else str(error.args[0])
        message = f"neither its parameters nor its memory has {name!r}"
        return message, name, _near(name, [*strategy.parameters, *strategy.memory]) or "declare it"
    for pattern, answer in _MISTAKES:
        found = re.search(pattern, text)
        if found:
            return answer(*found.groups())
    return None


def _not_compiled(name: str) -> tuple[str, str, str]:
    return f"it calls {name}(), which is not compiled", name, f"decorate it with @compiled, from {PUBLIC}"


def _undefined(name: str) -> tuple[str, str, str]:
    if name in PUBLIC_NAMES:
        return f"{name} is not defined", name, f"from {PUBLIC} import {name}"
    return f"{name} is not defined", name, _near(name, PUBLIC_NAMES) or "define or import it in the file"


def _not_of_seat(name: str) -> tuple[str, str, str]:
    return f"me has no {name!r}", name, _near(name, _SEAT) or f"it has {', '.join(_SEAT)}"


def _bad_call(signature: str, mistake: str) -> tuple[str, str, str]:
    return f"a call does not fit {signature}: {mistake}", "", "look at the arguments of the call"


def _not_whole() -> tuple[str, str, str]:
    return (
        "a price is a whole number of ticks, a quantity of lots, a side 1 or -1, and this call has a float among them",
        "", "nearest_tick(me, market, venue, price) makes a whole number of ticks, round_lots(lots) of lots",
    )  # fmt: skip


def _not_own() -> tuple[str, str, str]:
    return "it acts or looks in another's place", "", "pass on the me that act(me, market) was given"


def _not_a_place() -> tuple[str, str, str]:
    return "a float stands where a venue or an instrument belongs", "", "me.venue is a venue"


def _not_a_member() -> tuple[str, str, str]:
    return "a float stands where the number of a member or neighbour belongs", "", "np.int64(…) makes a whole number"


def _not_a_number(what: str, kind: str) -> tuple[str, str, str]:
    text = re.sub(r"Literal\[\w+\]\((.*)\)", r"\1", what)
    needed = "a whole number" if kind == "int64" else "a number"
    return f"{text!r} stands where {needed} belongs", "", "look at the arguments of the call"


def _not_shown(name: str) -> tuple[str, str, str]:
    return f"market shows no {name!r}", name, _near(name, PUBLIC_NAMES) or _FUNCTIONS


def _not_a_list() -> tuple[str, str, str]:
    return "market is no list and no table", "", _FUNCTIONS


def _not_of_trade(name: str) -> tuple[str, str, str]:
    return (
        f"a trade shows no {name!r}",
        name,
        _near(name, interface.Trade._fields) or f"it has {', '.join(interface.Trade._fields)}",
    )


def _not_to_be_written(name: str) -> tuple[str, str, str]:
    return f"it writes the parameter {name!r}, which the scenario sets", name, "keep what changes in me.memory"


_FUNCTIONS = f"what an agent sees and does are functions: help({PUBLIC})"
_MISTAKES: tuple[tuple[str, Callable[..., tuple[str, str, str]]], ...] = (
    (r"Untyped (?:global|freevar) name '(\w+)':\s+Cannot determine Numba type of <class 'function'>", _not_compiled),
    (r"Unknown attribute '(\w+)' of type Module", _not_compiled),
    (r"NameError: (?:global )?name '(\w+)' is not defined", _undefined),
    (r"Unknown attribute '(\w+)' of type Seat", _not_of_seat),
    (r"Unknown attribute '(\w+)' of type Market", _not_shown),
    (r"Unknown attribute '(\w+)' of type Trade\b", _not_of_trade),
    (r"ReadOnly\(.*?\)\.(\w+) =", _not_to_be_written),
    (r"Function\(<intrinsic call>\) found for signature:\s[\s>]*call\(.*float", _not_whole),
    (r"Function\(<intrinsic own>\) found for signature", _not_own),
    (r"(?:getitem|setitem)\(Table\(.*float[\s\S]*society\.py", _not_a_member),
    (r"(?:getitem|setitem)\(Table\(.*float", _not_a_place),
    (r"(?:getitem|setitem)\(Market,", _not_a_list),
    (r"Cannot cast (.+?) to (int64|float64)", _not_a_number),
    (r"Cannot bind 'args=.*?' to signature '(.*?)' due to \"TypeError: (.*?)\"", _bad_call),
)


def _near(name: str, right: Iterable[str]) -> str:
    names = list(right)
    if told := now(name, STRATEGY_FUNCTIONS, names):
        return told
    near = get_close_matches(name, names, 1)
    return f"did you mean {near[0]!r}?" if near else ""


def _first_words(text: str) -> str:
    """What Numba says before it quotes code and lists all that it tried; types of records cut short."""
    said = []
    for line in text.splitlines():
        if line.startswith(("File ", "During: ", "There are ")):
            break
        if line.strip() and not line.startswith("Failed in nopython mode"):
            said.append(line.strip())
    words = re.sub(r"Record\(.*?;(?:True|False)\)", "Record", " ".join(said))
    words = re.sub(r"\.? ?Raised from .*", "", words)
    return words if len(words) <= _MOST_TEXT else words[:_MOST_TEXT] + " …"


def _place_told(text: str, wanted: str = "") -> str:
    """The first place that Numba names, in the ``wanted`` file if there is one, else but for our own template."""
    for found in re.finditer(r'File "(.+?)", line (\d+)|(?:at|from) (/\S+) \((\d+)\)', text):
        file, line = Path(found[1] or found[3]), found[2] or found[4]
        if file.name != "callbacks.py" and (not wanted or file.resolve() == Path(wanted).resolve()):
            return f"{file.resolve()}, line {line}"
    return ""


def _place_of(name: str, file: str, kinds: tuple[type[ast.Attribute | ast.Name], ...]) -> str:
    """The first place in a file that uses a name."""
    if not name:
        return ""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, ValueError, SyntaxError):
        return ""
    lines = [node.lineno for node in ast.walk(tree)
             if isinstance(node, kinds) and getattr(node, "attr", getattr(node, "id", None)) == name]  # fmt: skip
    return f"{file}, line {min(lines)}" if lines else ""
