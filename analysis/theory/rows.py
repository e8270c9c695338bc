"""A row of the scoreboard: a claim of theory, what a market gave, and whether the two agree."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from analysis.stats.estimates import Estimate

MOST_ERRORS = 4.0  # distance in standard errors up to which an estimate agrees with its target
Verdict = Literal["pass", "fail", "differs"]


@dataclass(frozen=True)
class Row:
    """One claim.

    ``tolerance`` is what the market itself allows for besides the error of sampling: the rounding to a tick, or a
    share of the target where the claim is one of size. ``differs`` says that literature and its own mathematics
    disagree, and that the market is with the mathematics; ``reason`` then tells why. ``found`` says what the market
    gave where target and estimate do not, as where both are 0 if a bound holds.
    """

    experiment: str
    claim: str
    source: str
    target: float
    estimate: float
    standard_error: float
    tolerance: float
    unit: str
    verdict: Verdict
    reason: str = ""
    found: str = ""

    @property
    def distance(self) -> float:
        """From the target, in standard errors; nan where nothing was sampled."""
        return (self.estimate - self.target) / self.standard_error if self.standard_error > 0 else math.nan

    @property
    def strain(self) -> float:
        """The distance as a share of what is allowed: up to 1 agrees."""
        allowed = MOST_ERRORS * self.standard_error + self.tolerance
        gap = abs(self.estimate - self.target)
        return gap / allowed if allowed > 0 else 0.0 if gap == 0 else math.inf

    def as_json(self) -> dict[str, Any]:
        """What ``--json`` prints of it."""
        distance = self.distance
        kept = asdict(self) | {"distance": distance}
        return {
            key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in kept.items()
        }


def also_unsure(found: Estimate, error: float) -> Estimate:
    """An estimate whose error allows for that of its target too, where the target was simulated."""
    return Estimate(found.value, math.hypot(found.standard_error, error))


def row_from(kept: Mapping[str, Any]) -> Row:
    """The row that :meth:`Row.as_json` wrote."""
    values: dict[str, Any] = {name: math.nan if value is None else value for name, value in kept.items()}
    del values["distance"]
    return Row(**values)


def compare(
    claim: str,
    source: str,
    target: float,
    estimate: Estimate,
    *,
    tolerance: float = 0.0,
    unit: str = "",
    published: float | None = None,
    reason: str = "",
    found: str = "",
) -> Row:
    """Hold an estimate against what theory says; the experiment puts its name to it.

    Parameters
    ----------
    target : what the model's mathematics gives.
    tolerance : besides MOST_ERRORS standard errors; in the target's unit.
    published : what the literature prints, where that is something else: then the row's target, and an estimate that
        agrees with the mathematics makes the verdict ``differs``, for the ``reason`` given.
    found : what the market gave, in words.
    """
    allowed = MOST_ERRORS * estimate.standard_error + tolerance

    def agrees(number: float) -> bool:
        return math.isfinite(allowed) and abs(estimate.value - number) <= allowed * (1 + 1e-12)

    verdict: Verdict = "pass" if agrees(target) else "fail"
    if published is not None:
        verdict = "differs" if agrees(target) else "pass" if agrees(published) else "fail"
        target = published
    return Row(
        "",
        claim,
        source,
        float(target),
        float(estimate.value),
        float(estimate.standard_error),
        float(tolerance),
        unit,
        verdict,
        reason if verdict == "differs" else "",
        found,
    )
