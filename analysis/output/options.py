"""What command lines are made of: a parser that answers in words, options that count once, numbers within bounds.

Imports nothing that is slow.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import Any, NoReturn

from analysis.output.exit_codes import BAD_INPUT

MOST_WORKERS = 10_000
_SHOWN = 60  # characters of what was typed


class _Once(argparse._StoreAction):
    """An option that counts once: argparse would take the last of two values in silence."""

    _seen: tuple[argparse.Namespace, Any] | None = None  # what was typed before on the same line

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        if option_string and self._seen and self._seen[0] is namespace and self._seen[1] != values:
            both = " and ".join(_in_words(each) for each in (self._seen[1], values))
            parser.error(f"{option_string} is there twice, with {both} — leave one of them out")
        self._seen = namespace, values
        super().__call__(parser, namespace, values, option_string)


def _in_words(value: Any) -> str:
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


class Parser(argparse.ArgumentParser):
    """Says what is wrong in a line, and where to read on; options are written in full, and count once."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)
        self.register("action", None, _Once)
        self.register("action", "store", _Once)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        from sim.core.renamed import TABLES, now

        if action.choices is not None and isinstance(value, str) and (told := now(value, TABLES, list(action.choices))):
            self.error(f"argument {'/'.join(action.option_strings) or action.dest}: {told}")
        super()._check_value(action, value)

    def error(self, message: str) -> NoReturn:
        """End with exit code 2."""
        self.exit(BAD_INPUT, f"{self.prog}: {message}\nsee {self.prog} --help\n")


def whole_number(least: int | None = None, most: int | None = None) -> Callable[[str], int]:
    """A type of option: a whole number within bounds, both included; None where another place says what is too much."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text[:_SHOWN]!r} is not a whole number") from None
        _within(text, number, least, most)
        return number

    return read


def real_number(least: float | None = None, most: float | None = None) -> Callable[[str], float]:
    """A type of option: a finite number within bounds, both included."""

    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise argparse.ArgumentTypeError(f"{text[:_SHOWN]!r} is not a number")
        _within(text, number, least, most)
        return number

    return read


def numbers(least: float | None = None, most: float | None = None) -> Callable[[str], tuple[float, ...]]:
    """A type of option: finite numbers between commas, each within bounds, both included; at least one."""
    read_one = real_number(least, most)

    def read(text: str) -> tuple[float, ...]:
        return tuple(read_one(each) for each in text.split(","))

    return read


def _within(text: str, number: float, least: float | None, most: float | None) -> None:
    shown = text.strip()[:_SHOWN]
    if least is not None and number < least:
        raise argparse.ArgumentTypeError(
            f"{shown} is too small: at least {'one' if least == 1 else f'{least:,}'} is needed"
        )
    if most is not None and number > most:
        raise argparse.ArgumentTypeError(f"{shown} is too large: {most:,} is the most there may be")
