"""What all tables of a scenario have in common: strict, frozen, no unknown keys; and the numbers they may hold."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from sim.core.wording import shown

MOST_AGENTS = 10_000_000
MOST_DELAY = 1_000_000
NAME = re.compile(r"[\w/:+&-]{1,64}")  # no dot: names stand in paths


class Unreadable(Exception):
    """A field was asked for that the file got wrong; the check that asked has nothing to say about it."""


class Table(BaseModel):
    """A table of a scenario file.

    Of a file with mistakes :func:`sim.scenario.tables.kinds.readable` keeps its tables without their wrong fields, so
    that references can still be checked; reading a field that is gone raises :class:`Unreadable`.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())

    def __getattr__(self, name: str) -> Any:
        if name in type(self).model_fields:
            raise Unreadable(name)
        return super().__getattr__(name)  # type: ignore[misc]


def refuse(message: str) -> PydanticCustomError:
    """An error whose text reaches the user as it stands, whatever braces it holds."""
    return PydanticCustomError("refused", "{message}", {"message": message})


def _a_name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise refuse(f"{shown(text)} is not a name: 1 to 64 letters, digits and _ - / : + & without spaces or dots")
    return text


def _not_yet(delay: int) -> int:
    if delay:
        raise refuse(f"{delay} is not possible yet: delays do not run so far; write 0")
    return delay


def _never_or_steps(value: object) -> object:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if value != "never" and not (whole and 0 <= value <= MOST_DELAY):  # type: ignore[operator]
        raise refuse(f'{shown(value)} is neither "never" nor a whole number of steps from 0 to {MOST_DELAY:,}')
    return value


def _one_or_more(value: object) -> object:
    if isinstance(value, list):  # as JSON has it
        return tuple(value)
    return (value,) if isinstance(value, str) else value


# Bounds of 1e15 keep money within 64-bit integers and say "a slip of the keyboard" before a run says "overflow".
Amount = Annotated[float, Field(ge=-1e15, le=1e15)]
NotNegative = Annotated[float, Field(ge=0, le=1e15)]
Positive = Annotated[float, Field(gt=0, le=1e15)]
Fraction = Annotated[float, Field(ge=0, le=1)]
# Not pydantic's pattern: its engine and Python's differ about which signs are letters.
Name = Annotated[str, AfterValidator(_a_name), WithJsonSchema({"type": "string", "pattern": f"^{NAME.pattern}$"})]
MOST_RANK = 1_000
Rank = Annotated[int, Field(ge=-MOST_RANK, le=MOST_RANK)]
Steps = Annotated[int, Field(ge=0, le=MOST_DELAY)]
EverySteps = Annotated[int, Field(ge=1, le=10**12)]
Delay = Annotated[Steps, AfterValidator(_not_yet)]
Settings = dict[str, Annotated[Any, WithJsonSchema({"type": ["boolean", "integer", "number", "string", "array"]})]]
# Values by path, as overrides write them; what a path leads to is looked at when they are set.
Changes = Annotated[dict[str, Annotated[Any, WithJsonSchema({})]], Field(min_length=1)]
# A union tried member by member would report one mistake twice; these look first.
PublicDelay = Annotated[
    int | str,
    BeforeValidator(_never_or_steps),
    WithJsonSchema({"anyOf": [{"const": "never"}, {"type": "integer", "minimum": 0, "maximum": MOST_DELAY}]}),
]
OneOrMoreNames = Annotated[
    tuple[str, ...],
    BeforeValidator(_one_or_more),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
    Field(min_length=1),
]
