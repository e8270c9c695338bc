"""Values and near misses in plain words, the same in every message about a scenario."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from difflib import get_close_matches
from unicodedata import category

from sim.core.renamed import SCENARIO, TABLES, now

_RENAMED = {**TABLES, **SCENARIO}
_MANY = 20  # names that are listed
_PATIENCE = 50_000  # names that may be compared while one file is read: half a second
_UNSEEN = ("Cc", "Cs")  # categories of control characters, and of bytes of file names that are no text
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # the direction of writing
_left: ContextVar[int | None] = ContextVar("_left", default=None)


@contextmanager
def patient() -> Iterator[None]:
    """Inside, the nearest name is looked for only so often: of very many mistakes the first are explained."""
    token = _left.set(_PATIENCE)
    try:
        yield
    finally:
        _left.reset(token)


def shown(value: object) -> str:
    """A value much as the file writes it, short enough for one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > 100:
        return "a whole number of more than 30 digits"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, Mapping):
        return "a table" if value else "an empty table"
    if isinstance(value, (tuple, list)):
        return "a list" if value else "an empty list"
    text = value if isinstance(value, str) else str(value)
    return repr(text if len(text) <= 60 else text[:57] + "...")


def printable(text: str) -> str:
    """A text of others without what would move, colour or turn round a terminal's letters: written as escapes."""
    return "".join(
        repr(each)[1:-1] if (category(each) in _UNSEEN and each not in "\n\t") or each in _TURNING else each
        for each in text
    )


def near(wrong: object, right: Iterable[str]) -> str:
    """The nearest of the right names, as a question, or what an old name is now; an empty string if neither."""
    names, left = list(right), _left.get()
    if isinstance(wrong, str) and (told := now(wrong, _RENAMED, names)):
        return told
    if not isinstance(wrong, str) or (left is not None and left < len(names)):
        return ""
    if left is not None:
        _left.set(left - len(names))
    # Comparing takes time that grows with the product of the lengths.
    found = get_close_matches(wrong[:80], names, 1)
    return f"did you mean {found[0]!r}?" if found else ""


def near_or_all(wrong: object, right: Iterable[str]) -> str:
    """The nearest of the right names, or where none is near all of them."""
    names = list(right)
    if not names:
        return ""
    verb = "is" if len(names) == 1 else "are"
    return near(wrong, names) or f"there {verb} {some(names)}"


def some(names: Sequence[str]) -> str:
    """Names in a row, the first of them where there are many."""
    more = f" and {len(names) - _MANY:,} more" if len(names) > _MANY else ""
    return ", ".join(names[:_MANY]) + more


def number(value: float) -> str:
    """A limit: whole numbers with commas, others as short as they are exact."""
    return f"{int(value):,}" if isinstance(value, int) or value.is_integer() else f"{value:g}"
