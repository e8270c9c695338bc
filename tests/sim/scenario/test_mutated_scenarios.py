"""Whatever is done to a scenario file: it is read or refused in words, in little time, memory and text."""

import json
import random
import subprocess
import sys

import pytest

from sim.core.errors import SpreadgameError
from sim.scenario import load
from tests.command_line import environment
from tests.markets import mutated_scenarios


def said(path):
    """What is said of a file when it is read."""
    try:
        return "\n".join(map(str, load(path).warnings()))
    except SpreadgameError as error:
        return str(error)


def test_mutants_are_read_or_refused_in_words(tmp_path):
    chance = random.Random(7)
    for _ in range(40):
        made, data = mutated_scenarios.mutant(chance)
        path = tmp_path / "mutant.toml"
        path.write_bytes(data)
        assert len(said(path).encode()) < 10_000, made


@pytest.mark.slow
def test_a_thousand_mutants_leave_no_traceback_and_cost_little(tmp_path):
    command = [sys.executable, "-m", mutated_scenarios.__name__, "1000", "11", str(tmp_path)]
    done = subprocess.run(command, env=environment(), stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["wrong"] == []
    assert found["longest"][0] < 5  # seconds of this process alone, whatever else the machine does
    assert found["widest"][0] < 10_000  # bytes
    assert found["peak_mib"] < 1024
