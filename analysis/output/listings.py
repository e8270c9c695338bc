"""What the command line says of strategies and replays, readable at 80 columns.

Of runs: :mod:`analysis.output.run_summary`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from analysis.output.numbers import share_of
from analysis.output.tables import APART, new_table, text_column
from sim.core.wording import number as limit
from sim.strategy_kit.declare import Parameter, Strategy

if TYPE_CHECKING:  # a page about a strategy needs no engine
    from sim.recorded.pool_replay import PoolReplay
    from sim.recorded.replay import Difference, ReplayResult

__all__ = ["pool_replay_table", "replay_table", "strategy_page", "strategy_table"]

_NEEDS = {  # the scenario's words
    "signal": "sees", "reservation": "reservation", "private_values": "private_values", "network": "network",
    "capital": "risk.capital", "auction": "venues that hold auctions",
}  # fmt: skip


# --- strategies -----------------------------------------------------------------------------------------------------


def strategy_table(strategies: Sequence[Strategy]) -> Table:
    """A line for each strategy: its name and what it does."""
    table = new_table(padding=APART)
    table.add_column("strategy", no_wrap=True)
    table.add_column("what it does")
    for strategy in strategies:
        table.add_row(strategy.name, strategy.summary)
    return table


def strategy_page(strategy: Strategy) -> Group:
    """What a scenario may set for one strategy, what it needs, where it comes from."""
    parts: list[RenderableType] = [Text(f"{strategy.name}: {strategy.summary}")]
    if strategy.source:
        parts.append(Text(f"source: {strategy.source}"))
    parts.append(Text(f"file: {Path(strategy.file)}"))
    if strategy.venues != 1:
        parts.append(Text(f"trades on {strategy.venues} venues"))
    if strategy.needs:
        parts.append(Text(f"its population must say: {', '.join(_NEEDS[need] for need in sorted(strategy.needs))}"))
    if not strategy.parameters:
        return Group(*parts, Text("it has no parameters"))
    table = new_table(padding=APART)
    for head in ("parameter", "default", "allowed", "unit"):
        text_column(table, head)
    table.add_column("meaning", ratio=1)
    for name, parameter in strategy.parameters.items():
        table.add_row(name, _value(parameter.default), _allowed(parameter), parameter.unit, _meaning(parameter))
    return Group(*parts, Text(""), table)


def _value(value: Any) -> str:
    """As a scenario would say it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    return f'"{value}"' if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else f"{value:,}"


def _allowed(parameter: Parameter) -> str:
    if parameter.choices or parameter.form:
        return ", ".join(parameter.choices) or parameter.form
    if parameter.type is bool:
        return "true, false"
    kind = "whole, " if parameter.type is int else ""
    low = f"from {limit(parameter.low)}" if parameter.low is not None else ""
    low = f"above {limit(parameter.above)}" if parameter.above is not None else low
    high = f"up to {limit(parameter.high)}" if parameter.high is not None else ""
    return f"{kind}{' '.join(filter(None, (low, high))) or 'any'}"


def _meaning(parameter: Parameter) -> str:
    needs = "; ".join(f'"{choice}" needs {_NEEDS[need]}' for choice, need in parameter.needs.items())
    return f"{parameter.meaning} ({needs})" if needs else parameter.meaning


# --- a replay -------------------------------------------------------------------------------------------------------


def replay_table(result: ReplayResult) -> Table:
    """What a replay found, a line each."""
    table = new_table(padding=APART, head=False)
    table.add_column(no_wrap=True)
    table.add_column()
    levels = "level" if result.depth == 1 else "levels"
    table.add_row("rows", f"{result.rows:,}, compared in {result.depth} of {result.levels} {levels}")
    table.add_row("equal", f"{result.rows_equal:,}{share_of(result.rows_equal, result.rows)}")
    if result.depth > 1 and result.rows_equal < result.rows:
        by_level = ", ".join(f"{count:,}" for count in result.equal_by_level)
        table.add_row("equal to level 1, 2, …", by_level)
    adopted = (
        f"{result.adoptions:,} rows, {result.levels_adopted:,} levels"
        if result.level_adoption
        else "none taken (--no-level-adoption)"
    )
    table.add_row("adoptions", adopted)
    if result.first_difference:
        table.add_row("first difference", _difference(result.first_difference, result.price_unit))
    if result.falls_at is not None:
        more = f", {result.times_fall - 1:,} later ones too" if result.times_fall > 1 else ""
        table.add_row(
            "times fall", f"line {result.falls_at:,} is earlier than the line before{more}; the file's order is kept"
        )
    if result.unmatched:
        table.add_row("unmatched", f"{result.unmatched:,} messages took more than the book held of theirs")
    if result.crossed:
        table.add_row("crossed", f"{result.crossed:,} new orders crossed the spread, which recorded ones never do")
    at_head = f"{result.executions_at_head:,} of {result.executions:,}"
    table.add_row("executions at head", at_head + share_of(result.executions_at_head, result.executions))
    if result.queues_known:
        known = f"{result.queues_known_at_head:,} of {result.queues_known:,}"
        table.add_row("… of queues known whole", known + share_of(result.queues_known_at_head, result.queues_known))
    table.add_row("other messages", f"{result.hidden:,} hidden, {result.crosses:,} crosses, {result.halts:,} halts")
    speed = f"{result.messages_per_second / 1e6:.2f} million messages per second"
    table.add_row("speed", f"{speed} ({result.seconds:.3f} s, and {result.reading_seconds:.2f} s to read the files)")
    return table


def _difference(difference: Difference, unit: float) -> str:
    def level(found: tuple[int, int] | None) -> str:
        return f"{found[1]:,} at {found[0] * unit:g}" if found else "nothing"

    place = f"row {difference.row:,} (line {difference.line:,}), level {difference.level} of the {difference.side}s"
    return f"{place}: the file has {level(difference.expected)}, the engine {level(difference.found)}"


def pool_replay_table(result: PoolReplay) -> Table:
    """What a replay of a pool found, a line each."""
    table = new_table(padding=APART, head=False)
    table.add_column(no_wrap=True)
    table.add_column()
    table.add_row("swaps", f"{result.rows:,}")
    table.add_row("equal", f"{result.rows_equal:,}{share_of(result.rows_equal, result.rows)}")
    table.add_row("… exact outputs", f"{result.exact_outputs:,}")
    if result.format == "uniswap_v2":
        table.add_row("adoptions", f"{result.adoptions:,} times reserves were taken from the file")
    else:
        table.add_row("… of several ticks", f"{result.several_ticks:,}, at most {result.most_ticks:,} in a swap")
        share = share_of(result.liquidity_equal, result.liquidity_rows)
        table.add_row("deposits, withdrawals", f"{result.liquidity_rows:,}")
        table.add_row("… equal", f"{result.liquidity_equal:,}{share}")
    if result.first_difference:
        table.add_row("first difference", result.first_difference)
    table.add_row("time", f"{result.seconds:.3f} s")
    return table
