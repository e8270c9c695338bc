"""The chapters of measures, and what a student should know to read each: from ``glossary.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Chapter(NamedTuple):
    """Modules of ``analysis`` whose measures stand together, and how to read them."""

    title: str
    modules: tuple[str, ...]
    text: str
    explains: tuple[tuple[str, str], ...]  # a term, and what it means


@cache
def chapters() -> dict[str, Chapter]:
    """All of them by title, in the order of the page; those without modules are filled by the report itself."""
    given = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))["chapters"]
    return {
        each["title"]: Chapter(
            each["title"], tuple(each["modules"]), each["text"], tuple((term, text) for term, text in each["explains"])
        )
        for each in given
    }
