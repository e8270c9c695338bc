"""Options that several commands have."""

from __future__ import annotations

import argparse
from pathlib import Path

from analysis.output.options import MOST_WORKERS, whole_number
from spreadgame.shipped import scenario_file


def add_json(parser: argparse.ArgumentParser) -> None:
    """``--json``."""
    parser.add_argument("--json", action="store_true", help="print one JSON object on standard output, nothing else")


def add_strategies(parser: argparse.ArgumentParser, name: str = "strategies") -> None:
    """``--strategies FILE``, given under a name."""
    parser.add_argument("--strategies", action="append", default=[], type=Path, metavar="FILE", dest=name,
                        help="a Python file with strategies of your own (may be repeated)")  # fmt: skip


def add_scenario(parser: argparse.ArgumentParser, help: str = "a TOML file") -> None:
    """``SCENARIO``."""
    parser.add_argument("scenario", type=scenario_file, metavar="SCENARIO",
                        help=f"{help}, or the name of a scenario of ours, such as quickstart")  # fmt: skip


def add_set(parser: argparse.ArgumentParser, help: str) -> None:
    """``--set PATH=VALUE``."""
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="PATH=VALUE",
                        help=f"{help} (may be repeated; of one path the last counts)")  # fmt: skip


def add_many_runs(parser: argparse.ArgumentParser) -> None:
    """What commands of many runs have in common."""
    add_set(parser, "change a value in every run")
    add_strategies(parser)
    parser.add_argument("--workers", type=whole_number(most=MOST_WORKERS), metavar="N",
                        help="how many runs at a time (default: one a core)")  # fmt: skip
