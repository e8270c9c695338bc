"""Recorded sandwiches: the known counts, a pair where all is right, and the near misses that are none."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from analysis.pools.recorded_swaps import read_swaps
from analysis.pools.sandwiches import find, table
from analysis.reading import registry
from sim.core.errors import RunError
from sim.models.pools.constant_product import ConstantProduct
from spreadgame.commands.parser import main

COLUMNS = ("block_number", "transaction_position", "transaction_hash", "contract_address", "abi_name",
           "token_in_address", "token_in_amount", "token_out_address", "token_out_amount")  # fmt: skip


def three(before: int = 10**18) -> list[dict[str, object]]:
    """A, a victim and C in a pool that starts balanced, as exact integers make them."""
    pool = ConstantProduct((10**21, 2 * 10**21))
    bought = pool.swap_in(True, before)
    victim = pool.swap_in(True, 5 * 10**18)
    back = pool.swap_in(False, bought)
    legs = [("0xa", "T", before, "U", bought), ("0xb", "T", 5 * 10**18, "U", victim), ("0xc", "U", bought, "T", back)]
    return [
        dict(zip(COLUMNS, (7, place, name, "0xP", "UniswapV2Pair", *rest), strict=True))
        for place, (name, *rest) in enumerate(legs)
    ]


def found(rows, folder):
    path = folder / "swaps.csv"
    pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(path, index=False)
    return table(read_swaps(path)).attrs["details"]


def test_the_recorded_swaps_have_the_known_sandwiches(data_folder, capsys):
    path = data_folder / "amm" / "mev_inspect_swaps.csv.gz"
    if not path.is_file():
        pytest.skip(f"there is no {path}")
    with pytest.raises(SystemExit) as end:
        main(["measure", "sandwiches", str(path), "--json"])
    said = json.loads(capsys.readouterr().out)
    assert end.value.code == 0
    assert (said["swaps"], said["sandwiches"], said["blocks"], said["gaining"]) == (10_000, 111, 76, 110)
    assert (said["constant_product"], said["triples"], said["predicted"], said["predicted_closely"]) == (99, 98, 97, 90)
    assert said["victim_loss_median"] == pytest.approx(0.022, abs=5e-4)
    kinds = [each.first.kind for each in find(read_swaps(path))]
    assert (kinds.count("UniswapV2Pair"), kinds.count("UniswapV3Pool")) == (99, 12)


def test_a_sandwich_is_found_and_its_end_and_the_victims_loss_are_told_by_the_pool(tmp_path):
    details = found(three(), tmp_path)
    assert (details["swaps"], details["sandwiches"], details["gaining"]) == (3, 1, 1)
    assert (details["triples"], details["predicted"], details["predicted_closely"]) == (1, 1, 1)
    alone = ConstantProduct((10**21, 2 * 10**21)).quote_out(True, 5 * 10**18)
    assert details["victim_loss_median"] == pytest.approx(1 - three()[1]["token_out_amount"] / alone, rel=1e-9)


def test_a_sandwich_that_costs_more_than_it_brings_does_not_gain(tmp_path):
    rows = three()
    rows[2]["token_out_amount"] = 10**18 - 1
    details = found(rows, tmp_path)
    assert (details["sandwiches"], details["gaining"], details["predicted"]) == (1, 0, 0)


@pytest.mark.parametrize(("row", "changes"), [
    (0, {"contract_address": "0xQ"}),  # A in another pool of the block
    (2, {"contract_address": "0xQ"}),
    (1, {"contract_address": "0xQ"}),
    (2, {"block_number": 8}),
    (2, {"transaction_hash": "0xa"}),  # there and back in one transaction
    (1, {"transaction_hash": "0xa"}),  # the victim is the attacker
    (1, {"transaction_hash": "0xc"}),
    (1, {"transaction_position": 3}),  # the victim comes after
    (1, {"transaction_position": 0}),  # in A's own place
    (1, {"token_in_address": "U", "token_out_address": "T"}),  # the victim trades the other way
    (2, {"token_in_address": "T", "token_out_address": "U"}),  # C in A's direction
    (2, {"token_out_address": "V"}),
    (2, {"transaction_position": -0.0}),  # C not after A
])  # fmt: skip
def test_what_is_nearly_a_sandwich_is_none(row, changes, tmp_path):
    rows = three()
    rows[row] |= changes
    assert found(rows, tmp_path)["sandwiches"] == 0


@pytest.mark.parametrize(("factor", "count"), [(1 + 2e-3, 0), (1 - 2e-3, 0), (1 + 9e-4, 1), (1 - 9e-4, 1)])
def test_c_brings_what_a_got_to_one_part_in_a_thousand(factor, count, tmp_path):
    rows = three()
    rows[2]["token_in_amount"] = float(rows[2]["token_in_amount"]) * factor
    assert found(rows, tmp_path)["sandwiches"] == count


def test_a_pair_around_two_victims_or_in_another_kind_of_pool_is_no_triple(tmp_path):
    rows = three()
    more = rows[1] | {"transaction_hash": "0xd"}
    details = found([*rows, more], tmp_path)
    assert (details["sandwiches"], details["triples"]) == (1, 0)
    details = found([row | {"abi_name": "UniswapV3Pool"} for row in rows], tmp_path)
    assert (details["sandwiches"], details["constant_product"], details["triples"]) == (1, 0, 0)
    assert details["victim_loss_median"] is None


def test_addresses_are_the_same_in_either_case(tmp_path):
    rows = three()
    rows[2]["contract_address"] = "0XP"
    assert found(rows, tmp_path)["sandwiches"] == 1


@pytest.mark.parametrize(("column", "value", "said"), [
    ("token_in_amount", -1, "line 2: token_in_amount is -1"),
    ("token_out_amount", "much", "line 2: token_out_amount is 'much'"),
    ("block_number", "", "line 2: block_number is ''"),
])  # fmt: skip
def test_a_bad_file_is_refused_with_its_place(column, value, said, tmp_path):
    rows = three()
    rows[0][column] = value
    with pytest.raises(RunError, match=said):
        found(rows, tmp_path)


def test_a_file_without_a_column_or_rows_and_a_folder_are_refused(tmp_path):
    path = tmp_path / "swaps.csv"
    pd.DataFrame(three()).drop(columns="abi_name").to_csv(path, index=False)
    with pytest.raises(RunError, match="line 1: no column 'abi_name'"):
        registry.get("sandwiches").open(path)
    path.write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
    with pytest.raises(RunError, match="it has no rows"):
        registry.get("sandwiches").open(path)
    with pytest.raises(RunError, match="a folder"):
        registry.get("sandwiches").open(tmp_path)
    with pytest.raises(RunError, match="there is no such file"):
        registry.get("sandwiches").open(tmp_path / "gone.csv")
