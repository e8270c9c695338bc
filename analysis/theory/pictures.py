"""``python -m analysis.theory.pictures NAME --figure FILE [--quick]``: a market's picture beside what theory says."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from analysis.output.exit_codes import OK, exit_code_of
from analysis.output.figure_files import check_figure
from analysis.output.options import Parser
from analysis.theory.options import hedging_figures
from analysis.theory.reflexivity import reflexivity_figures

FIGURES = reflexivity_figures.FIGURES | hedging_figures.FIGURES


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Returns the exit code."""
    parser = Parser(
        prog="python -m analysis.theory.pictures", description="Draw what markets gave, beside what theory says."
    )
    parser.add_argument("name", choices=sorted(FIGURES), metavar="NAME", help=f"one of {', '.join(sorted(FIGURES))}")
    parser.add_argument("--figure", type=Path, required=True, metavar="FILE", help="draw it there: .png, .svg or .pdf")
    parser.add_argument("--quick", action="store_true", help="on small samples")
    given = parser.parse_args(arguments)
    return exit_code_of(lambda: _draw(given))


def _draw(given: argparse.Namespace) -> int:
    from analysis.output.style import save_figure
    from analysis.theory.markets import Markets

    check_figure(given.figure)
    save_figure(FIGURES[given.name](Markets(quick=given.quick)), given.figure)
    return OK


if __name__ == "__main__":
    sys.exit(main())
