"""What sentences about numbers are made of: names in a row, names as they are read, a capital at the beginning."""

from __future__ import annotations

from collections.abc import Iterable


def plainly(name: object) -> str:
    """A name as it stands in a sentence."""
    return str(name).replace("_", " ")


def in_a_row(parts: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    texts = list(parts)
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}" if texts else ""


def sentence(text: str) -> str:
    """A text with a capital at its beginning."""
    return text[:1].upper() + text[1:]
