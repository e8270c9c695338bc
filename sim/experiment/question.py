"""The question of a sweep, in a form that shows whether one question contains another."""

from __future__ import annotations

import hashlib
import json
import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sim.experiment.jobs import Job, Source
from sim.experiment.measured import Asked

Spans = tuple[tuple[int, int], ...]  # seeds, from the first of each to its last


@dataclass(frozen=True)
class Question:
    """Which rows and columns a table is to have.

    Attributes
    ----------
    seeds : of each job, by its digest.
    labels : columns that tell jobs from one another.
    payoffs : whether those of single episodes are kept.
    strategies : names of files of strategies, with the digest of each. An edited file asks the same.
    measures : taken of each run; an edited one asks the same.
    """

    seeds: Mapping[str, Spans]
    labels: tuple[str, ...]
    payoffs: bool
    strategies: Mapping[str, str]
    measures: tuple[str, ...] = ()

    def holds(self, other: Question) -> bool:
        """Whether a table of this has every row and column of the other's."""
        rows = all(_within(spans, self.seeds.get(job, ())) for job, spans in other.seeds.items())
        columns = set(other.labels) <= set(self.labels) and self.payoffs >= other.payoffs
        columns = columns and set(other.measures) <= set(self.measures)
        return rows and columns and self.strategies.keys() == other.strategies.keys()

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "payoffs": self.payoffs, "labels": list(self.labels), "seeds": dict(self.seeds),
            "strategies": dict(self.strategies), "measures": list(self.measures),
        }  # fmt: skip

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Question:
        """What :meth:`as_json` made."""
        seeds = {job: tuple((int(first), int(last)) for first, last in spans) for job, spans in said["seeds"].items()}
        measures = tuple(said.get("measures", ()))
        return cls(seeds, tuple(said["labels"]), bool(said["payoffs"]), dict(said["strategies"]), measures)

    @cached_property
    def digest(self) -> str:
        """A name made from it."""
        return hashlib.blake2b(json.dumps(self.as_json()).encode(), digest_size=8).hexdigest()


def question_of(
    jobs: Iterable[Job], payoffs: bool = False, sources: Iterable[Source] = (), measures: Iterable[Asked] = ()
) -> Question:
    """What jobs ask."""
    seeds: dict[str, list[int]] = {}
    labels: dict[str, None] = {}
    for job in jobs:
        seeds.setdefault(job.digest, []).extend(job.seeds)
        labels |= dict.fromkeys(job.labels)
    spans = {job: _spans(found) for job, found in seeds.items()}
    taken = tuple(f"{each.name} {dict(each.options)}" for each in measures)
    return Question(spans, tuple(labels), payoffs, {source.path.name: source.digest for source in sources}, taken)


def _spans(seeds: Iterable[int]) -> Spans:
    spans: list[tuple[int, int]] = []
    for seed in sorted(set(seeds)):
        if spans and spans[-1][1] == seed - 1:
            spans[-1] = spans[-1][0], seed
        else:
            spans.append((seed, seed))
    return tuple(spans)


def _within(inner: Sequence[tuple[int, int]], outer: Sequence[tuple[int, int]]) -> bool:
    places = [bisect_right(outer, (first, math.inf)) - 1 for first, _ in inner]
    return all(place >= 0 and last <= outer[place][1] for place, (_, last) in zip(places, inner, strict=True))
