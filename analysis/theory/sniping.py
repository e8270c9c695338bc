"""Budish, Cramton and Shim 2015: what makers pay to snipers where news is public, and what batching takes away."""

from __future__ import annotations

from typing import Any

from analysis.estimates import Estimate, mean
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets, columns, payoffs
from analysis.theory.rows import Row, compare
from sim.models import sniping as model
from sim.models.sniping import JumpLaw

SOURCE = "Budish, Cramton and Shim 2015"
_STEPS, _INVESTORS, _JUMPS, _SCALE, _TICK = 1000, 0.01, 0.0025, 1.0, 1e-4  # sniping.toml; rates a step
_LAWS: tuple[JumpLaw, ...] = ("fixed", "exponential", "normal")


@experiment("Budish–Cramton–Shim: the race to stale quotes")
def sniping(markets: Markets) -> list[Row]:
    """At the equilibrium's half-spread nobody would change roles, however many race; batches take the race away."""
    rows: list[Row] = []
    for law in _LAWS:
        half = model.equilibrium_half_spread(_INVESTORS, _JUMPS, law, _SCALE)
        rent = model.sniping_rent(half, _JUMPS, law, _SCALE)
        # A quote that an investor took in the step before a jump cannot be sniped: so much less, of each side's half.
        missing = 0.5 * _INVESTORS * rent + _INVESTORS * _TICK
        for firms in (2, 3, 10):
            run = markets.run("sniping", 6_000, 250, _market(law, half, firms))
            expected = model.expected_profits(half, _INVESTORS, _JUMPS, law, _SCALE, firms)
            maker, snipers = payoffs(run, "maker") / _STEPS, payoffs(run, "snipers") / _STEPS
            who = f"{_name(law)}, {firms} firms"
            (sniped,) = (columns(run, "trades", "taker_population")[0] == "snipers",)
            caught = Estimate(0.0, 0.0)
            if law == "fixed":
                episode = columns(run, "trades", "episode")[0][sniped]
                caught = mean(_count(episode, run.scenario.run.episodes) / (_STEPS * _JUMPS))

            def add(claim: str, target: float, estimate: Estimate, tolerance: float, who: str = who) -> None:
                rows.append(
                    compare(f"{who}: {claim}", SOURCE, target, estimate, tolerance=tolerance, unit="currency a step")
                )

            add("maker's profit", expected.maker, mean(maker), missing)
            add("each sniper's profit", expected.sniper, mean(snipers / (firms - 1)), missing)
            add("maker's profit less a sniper's", 0.0, mean(maker - snipers / (firms - 1)), 2 * missing)
            add("profit of all firms, the rent", rent, mean(maker + snipers), missing)
            if law == "fixed":
                rows.append(
                    compare(
                        f"{who}: share of the jumps at which the maker is not first",
                        SOURCE,
                        1 - 1 / firms,
                        caught,
                        tolerance=0.5 * _INVESTORS,
                    )
                )
        batch = {"lit.mechanism": "call_auction"}
        run = markets.run("sniping", 2_000, 100, _market(law, half, 10) | batch)
        maker_of, taker_of = columns(run, "trades", "maker_population", "taker_population")
        between = ((maker_of == "maker") & (taker_of == "snipers")) | ((maker_of == "snipers") & (taker_of == "maker"))
        rows.append(
            compare(
                f"{_name(law)}, 10 firms, a batch auction each step: trades of snipers with the maker",
                SOURCE,
                0.0,
                Estimate(float(between.sum()), 0.0),
            )
        )
    return rows


def _name(law: JumpLaw) -> str:
    return {"fixed": "jumps of 1", "exponential": "exponential jumps", "normal": "normal jumps"}[law]


def _market(law: JumpLaw, half: float, firms: int) -> dict[str, Any]:
    return {
        "run.steps": _STEPS,
        "maker.params.half_spread": half,
        "snipers.count": firms - 1,
        "ACME.value.jump": law,
        "ACME.value.jump_size": _SCALE,
        "ACME.value.jump_probability": _JUMPS,
        "investors.arrivals.probability": _INVESTORS,
        "lit.tick_size": _TICK,
    }


def _count(episode: Any, episodes: int) -> Any:
    import numpy as np

    return np.bincount(episode, minlength=episodes).astype(float)
