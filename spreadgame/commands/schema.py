"""The command ``schema``: the JSON Schema of scenario files."""

from __future__ import annotations

import argparse

from analysis.output.console import print_json
from analysis.output.exit_codes import OK


def declare(parser: argparse.ArgumentParser) -> None:
    """What may be typed."""
    parser.description = "Print the JSON Schema of scenario files."


def call(given: argparse.Namespace) -> int:
    """Print it. Returns the exit code."""
    from sim.scenario import json_schema

    print_json(json_schema())
    return OK
