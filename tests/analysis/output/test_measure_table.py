"""What a measure found, on screens of any width: the width is used, and names of rows stay whole."""

from __future__ import annotations

import pandas as pd
import pytest
from rich.console import Console

from analysis.output.measure_table import NARROWEST, tables_of
from analysis.reading.measures import Measurement, table_of

NAMES = ("informed.cornish_fisher.expected_shortfall.95", "makers.under_water", "noise.loss.+10_percent")
FOUND = table_of([Measurement(name, 205.92, 3.1, "currency", "the deepest fall of wealth") for name in NAMES])
PAIRS = pd.DataFrame(
    {name: [39_999.0, 7_706.0] for name in ("trades", "lots", "effective", "realised", "impact", "share")},
    index=pd.Index(["noise traders → makers", "informed → makers"], name="pair"),
)


def lines_of(frame: pd.DataFrame, width: int) -> list[str]:
    """What is printed on a screen of so many characters."""
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        console.print(*tables_of(frame, width=width))
    return captured.get().splitlines()


@pytest.mark.parametrize("width", [NARROWEST, 80, 120])
def test_names_of_rows_go_on_in_the_next_line_only_after_a_dot_or_a_blank(width):
    lines = lines_of(FOUND, width)
    below = next(place for place, line in enumerate(lines) if line.startswith("─")) + 1
    first = [text for line in lines[below:] if (text := line[: width // 2].split("  ")[0].strip())]
    assert "".join(first) == "".join(NAMES)
    assert all(text.endswith(".") or any(name.endswith(text) for name in NAMES) for text in first)


@pytest.mark.parametrize("width", [NARROWEST, 80, 120])
def test_labels_of_a_wide_table_are_whole_and_no_line_is_longer_than_the_screen(width):
    lines = lines_of(PAIRS, width)
    assert max(map(len, lines)) <= width
    assert any(line.startswith("informed → makers") for line in lines)


def test_a_wider_screen_has_fewer_lines():
    long = FOUND.assign(meaning="the deepest fall of wealth below its peak, of all episodes their mean, in this run")
    assert len(lines_of(long, 160)) < len(lines_of(long, 80)) < len(lines_of(long, NARROWEST))
