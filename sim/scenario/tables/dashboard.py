"""The table ``[dashboard]``: what the page on which the market moves lets one change."""

from __future__ import annotations

from pydantic import Field

from sim.scenario.tables.table import Table


class Dashboard(Table):
    """What the page of `spreadgame dashboard` shows of the scenario; no run depends on it."""

    controls: tuple[str, ...] = Field(
        min_length=1,
        max_length=24,
        description="values that can be changed on the page, by path as for --set: numbers by sliders, true or false "
        "and names by choices; bounds are those of the declarations; without the table: the values that the file sets",
    )
