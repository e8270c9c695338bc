"""Recorded base fees: the known counts, the rule's integers both ways, and files that cannot be."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.pools.base_fees import read_base_fees, table, uses
from sim.core.errors import RunError
from spreadgame.commands.parser import main

TARGET = 15_000_000


def after(fee: int, used: int, target: int) -> int:
    """The next base fee, as the EIP's own text computes it."""
    if used == target:
        return fee
    delta = fee * abs(used - target) // target // 8
    return fee + max(delta, 1) if used > target else fee - delta


def written(folder, fees, first=100, name="fees.csv"):
    path = folder / name
    lines = [f"{height},{fee}" for height, fee in enumerate(fees, first)]
    path.write_text("\n".join(["height,base_fee", *lines]) + "\n", encoding="utf-8")
    return path


def test_the_recorded_fees_have_the_known_counts(data_folder, capsys):
    path = data_folder / "gas" / "ether_focus_main_eth_20231213-20240909.csv.gz"
    if not path.is_file():
        pytest.skip(f"there is no {path}")
    with pytest.raises(SystemExit) as end:
        main(["measure", "base_fees", str(path), "--target", "15000000", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert end.value.code == 0
    assert (said["pairs"], said["inside"], said["exact"]) == (452, 452, 446)
    assert said["mean_use"] == pytest.approx(1.0, abs=0.02)
    fees = read_base_fees(path)
    near = [table(fees, TARGET + off).attrs["details"]["exact"] for off in (-1, 1)]
    assert max(near) < 10  # so the count says something about the target


@given(st.integers(0, 10**12), st.integers(1, 5000), st.data())
def test_the_uses_of_a_step_are_those_that_lead_to_it_and_no_others(fee, target, data):
    used = data.draw(st.integers(0, 2 * target))
    found = uses(fee, after(fee, used, target), target)
    assert found is not None
    low, high = found
    assert low <= used <= high or after(fee, used, target) == fee
    assert after(fee, low, target) == after(fee, high, target) == after(fee, used, target)
    assert low == 0 or after(fee, low - 1, target) != after(fee, used, target)


@given(st.integers(0, 400), st.integers(0, 500), st.integers(1, 40))
def test_a_step_that_no_use_explains_has_none(fee, next_fee, target):
    possible = {after(fee, used, target) for used in range(2 * target + 1)}
    assert (uses(fee, next_fee, target) is not None) == (next_fee in possible)


def test_made_fees_are_exact_and_imply_their_own_use(tmp_path):
    dice = random.Random(1)
    fees, used = [10**11], []
    for _ in range(200):
        used.append(dice.randint(0, 2 * TARGET))
        fees.append(after(fees[-1], used[-1], TARGET))
    details = table(read_base_fees(written(tmp_path, fees)), TARGET).attrs["details"]
    assert (details["pairs"], details["inside"], details["exact"]) == (200, 200, 200)
    assert details["mean_use"] == pytest.approx(sum(used) / len(used) / TARGET, rel=1e-6)
    other = table(read_base_fees(written(tmp_path, fees)), TARGET - 1).attrs["details"]
    assert other["inside"] == 200
    assert other["exact"] < 20


def test_gaps_leave_pairs_out_and_the_first_row_of_a_height_counts(tmp_path):
    path = tmp_path / "fees.csv"
    path.write_text("height,base_fee\n12,800\n10,1000\n10,5\n11,1001\n14,7\n", encoding="utf-8")
    details = table(read_base_fees(path)).attrs["details"]
    assert (details["pairs"], details["inside"]) == (2, 1)  # 1000 to 1001, and 1001 to 800, which is too far


def test_a_lonely_block_has_no_mean(tmp_path):
    details = table(read_base_fees(written(tmp_path, [5]))).attrs["details"]
    assert (details["pairs"], details["mean_use"], details["mean_use_standard_error"]) == (0, None, None)


@pytest.mark.parametrize(("text", "said"), [
    ("height,fee\n1,2\n", "line 1: there is no column 'base_fee'"),
    ("height,base_fee\n", "no rows"),
    ("height,base_fee\n1,2.5\n", "line 2, column base_fee: '2.5' is not a whole number"),
    ("height,base_fee\n1,-2\n", "line 2, column base_fee: '-2' is below 0"),
    ("height,base_fee\n1\n", "line 2: 1 columns"),
    ("", "the file is empty"),
])  # fmt: skip
def test_a_bad_file_is_refused_with_its_place(text, said, tmp_path):
    path = tmp_path / "fees.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match=said):
        read_base_fees(path)
