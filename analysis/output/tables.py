"""How our tables look on a screen: one rule below the head, no frame, captions flush left, numbers flush right."""

from __future__ import annotations

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

Padding = tuple[int, int, int, int]
CLOSE: Padding = (0, 1, 0, 0)  # two spaces between columns
APART: Padding = (0, 1, 0, 1)  # three


def new_table(
    caption: str | None = None, title: str | None = None, padding: Padding = CLOSE, head: bool = True
) -> Table:
    """A table without columns, to be printed by rich.

    Parameters
    ----------
    head : whether columns have names.
    """
    return Table(
        title=title, title_justify="left", title_style="bold", caption=caption, caption_justify="left", box=SIMPLE_HEAD,
        show_edge=False, pad_edge=False, padding=padding, show_header=head, header_style="bold",
    )  # fmt: skip


def text_column(table: Table, head: str = "", **how: Any) -> None:
    """Add a column of texts, which are broken where they are too long for it."""
    table.add_column(head, **{"overflow": "fold", **how})


def number_columns(table: Table, *heads: str, **how: Any) -> None:
    """Add columns of numbers, which are never broken; their heads may have several lines."""
    for head in heads:
        table.add_column(head, **{"justify": "right", "no_wrap": True, **how})
