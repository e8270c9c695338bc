"""The chapters of a report, and what a student should know to read each: from ``glossary.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from analysis.reading.registry import all_measures


class Chapter(NamedTuple):
    """Measures that stand together, and how to read them."""

    title: str
    text: str = ""
    explains: tuple[tuple[str, str], ...] = ()  # a term, and what it means


@cache
def chapters() -> dict[str, Chapter]:
    """All of them by title, in the order of the page: a chapter that only measures name comes before the last."""
    given = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))["chapters"]
    known = [
        Chapter(each["title"], each["text"], tuple((term, text) for term, text in each["explains"])) for each in given
    ]
    titles = [each.title for each in known]
    named = dict.fromkeys(each.chapter for each in all_measures() if each.chapter and each.chapter not in titles)
    return {each.title: each for each in (*known[:-1], *map(Chapter, named), known[-1])}
