"""Every number in the tables of docs/pools.md is what the command above it says of the recorded data."""

from __future__ import annotations

import json
import re

import pytest

from spreadgame.commands.parser import main
from tests.places import ROOT

PAGE = (ROOT / "docs" / "pools.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"^spreadgame (.*\$SPREADGAME_DATA.*)$", re.MULTILINE)
ROW = re.compile(r"^\| `(\w+)` \| ([\d.,]+) \|", re.MULTILINE)


def sections() -> list[tuple[str, dict[str, str]]]:
    """Each command on recorded data, and the numbers of the tables below it."""
    parts = COMMAND.split(PAGE)[1:]
    return [(command, dict(ROW.findall(text))) for command, text in zip(parts[::2], parts[1::2], strict=True)]


def test_the_page_has_three_commands_with_numbers():
    assert [len(numbers) for _, numbers in sections()] == [5, 9, 5]


@pytest.mark.parametrize(("command", "numbers"), sections(), ids=[" ".join(c.split()[:2]) for c, _ in sections()])
def test_a_table_states_what_its_command_says(command, numbers, data_folder, capsys):
    words = command.replace("$SPREADGAME_DATA", str(data_folder)).split()
    with pytest.raises(SystemExit) as end:
        main([*words, "--json"])
    assert end.value.code == 0
    said = json.loads(capsys.readouterr().out)
    for key, number in numbers.items():
        digits = len(number.partition(".")[2])
        assert number == f"{said[key]:,.{digits}f}", key


def test_the_swap_on_the_page_is_equal(tmp_path, capsys):
    [block] = re.findall(r"^```\n(kind,.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    path = tmp_path / "SWAPS.csv"
    path.write_text(block, encoding="utf-8")
    with pytest.raises(SystemExit) as end:
        main(["replay", str(path), "--format", "uniswap_v2", "--json"])
    assert (end.value.code, json.loads(capsys.readouterr().out)["rows_equal"]) == (0, 1)


def test_the_columns_on_the_page_are_those_that_are_read():
    from sim.recorded import uniswap_v2, uniswap_v3

    for columns in (uniswap_v2._COLUMNS, uniswap_v3._CONFIG, uniswap_v3._SWAP, uniswap_v3._LIQUIDITY):
        for column in columns:
            assert f"`{column}`" in PAGE
