"""What is added up of every run while it runs: the measures of its summary, and the columns of a sweep.

:mod:`sim.runs.totals` adds them up. They are declared here and nowhere else: names, units, what they say, and in which
of the two they stand.
"""

from __future__ import annotations

from typing import NamedTuple


class Total(NamedTuple):
    """A number of a run, of each of its venues or of each of its populations."""

    name: str  # behind the name of the venue or population: ``lit.quoted_spread``
    scope: str  # run, venue or population
    summary: str
    unit: str
    source: str = "counted"
    in_summary: bool = True  # of a single run; else in a sweep's columns alone


_OWN = "this simulator's definition"
TOTALS = (
    Total("messages", "run", "order messages of all agents", "number", in_summary=False),
    Total("trades", "run", "trades on all venues", "number", in_summary=False),
    Total("rejected", "run", "messages that venues rejected", "number", in_summary=False),
    Total("repriced_quotes", "run", "post-only quotes repriced so as not to trade", "number", in_summary=False),
    Total("trades", "venue", "trades", "number"),
    Total("volume", "venue", "lots traded", "lots"),
    Total("quoted_spread", "venue", "best ask less best bid, mean of samples that have both", "currency"),
    Total("effective_spread", "venue", "twice the distance of prices from the mark, to the taker's disadvantage",
          "currency", "Huang and Stoll 1996, J. Financial Economics 41, 313"),
    Total("depth", "venue", "lots on both sides, mean of samples", "lots", in_summary=False),
    Total("one_sided", "venue", "samples without a bid or without an ask", "share of samples"),
    Total("pricing_error", "venue", "root mean square of mark less value", "currency", _OWN),
    Total("agents", "population", "its members", "number"),
    Total("payoff", "population", "change of its members' wealth together, mean of episodes", "currency per episode"),
    Total("payoff_standard_error", "population", "standard error of payoff over episodes", "currency per episode",
          in_summary=False),
    Total("payoff_per_lot", "population", "payoff over the lots traded", "currency per lot", _OWN),
    Total("private_value", "population", "what lots it got or gave up were privately worth, mean of episodes",
          "currency per episode"),
    Total("presence", "population", "turns in which an obligation to quote was kept", "share of turns"),
    Total("fees", "population", "fees paid, less rebates", "currency"),
    Total("trades", "population", "trades of its members, as maker or taker", "number"),
    Total("volume", "population", "lots that its members traded", "lots"),
    Total("messages", "population", "order messages of its members", "number"),
    Total("rejected", "population", "messages of its members that venues rejected", "number"),
)  # fmt: skip
UNITS = {each.name: each.unit for each in TOTALS}
# The payoffs of single episodes, which ``spreadgame sweep --payoffs`` keeps; a list, so no measure.
PAYOFFS, PAYOFFS_UNIT = "payoffs", "currency, per episode"


def of_scope(scope: str, in_summary: bool = False) -> tuple[str, ...]:
    """Names of what is added up of a run, a venue or a population; only what a summary shows if that is asked."""
    return tuple(each.name for each in TOTALS if each.scope == scope and (each.in_summary or not in_summary))
