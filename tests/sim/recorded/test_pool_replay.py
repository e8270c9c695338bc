"""Recorded pools: every integer of a real one and of the contract's own, and files that lie."""

from __future__ import annotations

import csv
import gzip
import json
import random
from fractions import Fraction
from pathlib import Path

import pytest

from sim.core.errors import ReplayError
from sim.recorded.pool_replay import replay_pool
from spreadgame.commands.parser import main
from tests.places import ROOT

CONTRACT = ROOT / "tests" / "oracles" / "uniswap_v3"
POOLS = sorted(path.name.removesuffix("_pool.csv") for path in CONTRACT.glob("*_pool.csv"))
NAMES = ("swaps", "pool", "liquidity")


def v3(folder: Path, name: str = "spacing_10", ending: str = ".csv"):
    swaps, pool, liquidity = (folder / f"{name}_{kind}{ending}" for kind in NAMES)
    return replay_pool("uniswap_v3", swaps, pool, liquidity)


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8") as lines:
        return list(csv.reader(lines))


def write(path: Path, rows) -> Path:
    with path.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows(rows)
    return path


@pytest.fixture
def copied(tmp_path):
    """A recorded pool in a folder of one's own."""
    for kind in NAMES:
        write(tmp_path / f"spacing_10_{kind}.csv", rows_of(CONTRACT / f"spacing_10_{kind}.csv"))
    return tmp_path


def change(folder: Path, kind: str, row: int, column: str, value: str) -> None:
    path = folder / f"spacing_10_{kind}.csv"
    rows = rows_of(path)
    rows[row][rows[0].index(column)] = value
    write(path, rows)


# --- what is recorded -----------------------------------------------------------------------------------------------


def test_a_real_pool_replays_with_every_integer(data_folder, capsys):
    folder = data_folder / "amm"
    if not folder.is_dir():
        pytest.skip(f"{folder} has no recorded pool")
    files = [
        str(folder / f"univ3_weth_ens_03_{name}.csv") for name in ("swap_events", "pool_config", "liquidity_events")
    ]
    with pytest.raises(SystemExit) as end:
        main(["replay", files[0], "--format", "uniswap_v3", "--pool", files[1], "--liquidity", files[2], "--json"])
    said = json.loads(capsys.readouterr().out)
    assert end.value.code == 0
    assert (said["rows"], said["rows_equal"], said["adoptions"]) == (63, 63, 0)
    assert (said["liquidity_rows"], said["liquidity_equal"]) == (5, 5)
    found = replay_pool("uniswap_v3", *map(Path, files))
    assert (found.exact_outputs, found.several_ticks, found.most_ticks) == (7, 0, 1)


@pytest.mark.parametrize("name", POOLS)
def test_pools_of_the_contract_replay_over_several_ticks_exact_outputs_and_emptied_ranges(name):
    found = v3(CONTRACT, name)
    assert found.is_equal
    assert found.rows > 40
    assert found.several_ticks > 5
    assert found.exact_outputs > 5
    assert any(row[4] == "0" for row in rows_of(CONTRACT / f"{name}_swaps.csv"))


@pytest.mark.parametrize("name", POOLS)
def test_a_recording_need_not_tell_what_was_specified(name, tmp_path):
    for kind in NAMES:
        rows = rows_of(CONTRACT / f"{name}_{kind}.csv")
        place = rows[0].index("amount_specified") if "amount_specified" in rows[0] else None
        rows = rows if place is None else [row[:place] + row[place + 1 :] for row in rows]
        write(tmp_path / f"{name}_{kind}.csv", rows)
    found = v3(tmp_path, name)
    assert found.rows_equal == found.rows


def test_compressed_files_in_any_order_of_rows_say_the_same(tmp_path):
    for kind in NAMES:
        head, *rows = rows_of(CONTRACT / f"spacing_7_{kind}.csv")
        random.Random(1).shuffle(rows)
        text = "\n".join(",".join(row) for row in (head, *rows))
        (tmp_path / f"spacing_7_{kind}.csv.gz").write_bytes(gzip.compress(text.encode()))
    found = v3(tmp_path, "spacing_7", ".csv.gz")
    assert found.is_equal
    assert found.rows == v3(CONTRACT, "spacing_7").rows


@pytest.mark.parametrize("column", ["amount0", "amount1", "sqrt_price_x96", "liquidity", "tick"])
def test_one_unit_in_one_integer_is_a_difference_and_the_replay_goes_on_with_its_own(column, copied):
    rows = rows_of(copied / "spacing_10_swaps.csv")
    row = next(number for number, row in enumerate(rows) if number > 9 and all(abs(int(cell)) > 10 for cell in row[:6]))
    change(copied, "swaps", row, column, str(int(rows[row][rows[0].index(column)]) + 1))
    found = v3(copied)
    assert found.rows_equal == found.rows - 1
    assert f"_swaps.csv, line {row + 1}: the file has amounts" in found.first_difference


def test_one_unit_of_a_deposit_is_a_difference(copied, capsys):
    change(copied, "liquidity", 1, "amount0", str(int(rows_of(copied / "spacing_10_liquidity.csv")[1][4]) + 1))
    found = v3(copied)
    assert (found.liquidity_rows - found.liquidity_equal, found.rows - found.rows_equal) == (1, 0)
    files = [str(copied / f"spacing_10_{kind}.csv") for kind in NAMES]
    with pytest.raises(SystemExit) as end:
        main(["replay", files[0], "--format", "uniswap_v3", "--pool", files[1], "--liquidity", files[2]])
    assert end.value.code == 1
    assert "first difference" in capsys.readouterr().out


def paid_by_the_whitepaper(a: int, x: int, y: int) -> int:
    """The most that leaves the product of the reserves, less the fee of what came in, no lower (Uniswap v2, 3.2.1)."""
    exact = y - Fraction(x * y) / (x + a * Fraction(997, 1000))
    return exact.numerator // exact.denominator


def recorded_v2(path: Path, seed: int, rows: int) -> tuple[int, int]:
    """A random recording of exact inputs, exact outputs and changes of liquidity; swaps and later reserves in it."""
    dice = random.Random(seed)
    held = [dice.randint(10**12, 10**24), dice.randint(10**12, 10**24)]
    written, counts = [("kind", "amount0", "amount1"), ("reserves", *held)], [0, 0]
    for _ in range(rows):
        kind, side = dice.choice(["in", "in", "out", "liquidity"]), dice.randint(0, 1)
        if kind == "liquidity":
            held = [amount * dice.randint(50, 150) // 100 for amount in held]
            written.append(("reserves", *held))
            counts[1] += 1
            continue
        x, y = held[side], held[1 - side]
        came = dice.randint(1, x // 3)
        left = paid_by_the_whitepaper(came, x, y)
        if kind == "out":
            left = dice.randint(1, y // 3)
            exact = Fraction(x * left, y - left) / Fraction(997, 1000)
            came = exact.numerator // exact.denominator + 1
        moved = (came, -left) if side == 0 else (-left, came)
        written.append(("swap", *moved))
        held = [amount + more for amount, more in zip(held, moved, strict=True)]
        counts[0] += 1
    write(path, written)
    return counts[0], counts[1]


@pytest.mark.parametrize("seed", range(4))
def test_a_constant_product_replays_by_what_came_in_or_by_what_left(seed, tmp_path, capsys):
    path = tmp_path / "swaps.csv"
    swaps, adoptions = recorded_v2(path, seed, 60)
    with pytest.raises(SystemExit) as end:
        main(["replay", str(path), "--format", "uniswap_v2", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert end.value.code == 0
    assert (said["rows"], said["rows_equal"], said["adoptions"]) == (swaps, swaps, adoptions)
    assert (said["liquidity_rows"], said["liquidity_equal"]) == (0, 0)
    assert replay_pool("uniswap_v2", path).exact_outputs > 1


def test_a_swap_that_follows_by_no_rule_differs_and_the_pool_keeps_its_own_reserves(tmp_path):
    path = tmp_path / "swaps.csv"
    right = [paid_by_the_whitepaper(1000, 10_000, 20_000)]
    right.append(paid_by_the_whitepaper(500, 11_000, 20_000 - right[0]))
    rows = [("kind", "amount0", "amount1"), ("reserves", 10_000, 20_000), ("swap", 1000, -1 - right[0]),
            ("swap", 500, -right[1])]  # fmt: skip
    found = replay_pool("uniswap_v2", write(path, rows))
    assert (found.rows, found.rows_equal) == (2, 1)
    assert f"line 3: the file has {right[0] + 1} for 1000, the pool {right[0]}" in found.first_difference


# --- files that lie -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "said"), [
    ("kind,amount0\nreserves,5\n", "line 1: there is no column 'amount1'"),
    ("kind,amount0,amount1,amount1\nreserves,5,5,5\n", "line 1: there are two columns 'amount1'"),
    ("kind,amount0,amount1\n", "no rows below the names of its columns"),
    ("kind,amount0,amount1\nreserves,5,5\n", "no row is a swap"),
    ("", "the file is empty"),
    ("kind,amount0,amount1\nswap,5,-5\n", "line 2, column kind: 'swap' stands before the first reserves"),
    ("kind,amount0,amount1\nreserves,5,5\nswap,1,1\n", "line 3, column amount1: '1' came in, and 1 of the other too"),
    ("kind,amount0,amount1\nreserves,5,5\nswap,-1,-1\n", "line 3, column amount0: '-1' left the pool, and nothing"),
    ("kind,amount0,amount1\nreserves,5,5\nswap,0,0\n", "line 3, column amount0: '0' and nothing of the other"),
    ("kind,amount0,amount1\nreserves,5,5\nswap,1.5,-1\n", "line 3, column amount0: '1.5' is not a whole number"),
    ("kind,amount0,amount1\nreserves,5,5\nswap,1e3,-1\n", "line 3, column amount0: '1e3' is not a whole number"),
    ("kind,amount0,amount1\nreserves,5,5\nswap,1_0,-1\n", "line 3, column amount0: '1_0' is not a whole number"),
    ("kind,amount0,amount1\nreserves,5,5\nswap,1,\n", "line 3, column amount1: '' is not a whole number"),
    ("kind,amount0,amount1\nreserves,5,5\nswap,1\n", "line 3: 2 columns where the first line names 3"),
    ("kind,amount0,amount1\nreserves,0,5\nswap,1,-1\n", "line 2, column amount0: '0' is below 1"),
    ("kind,amount0,amount1\nreserves,5,-5\nswap,1,-1\n", "line 2, column amount1: '-5' is below 1"),
    (f"kind,amount0,amount1\nreserves,{10**78},5\nswap,1,-1\n", "does not fit 256 bits"),
    (f"kind,amount0,amount1\nreserves,{'9' * 5000},5\nswap,1,-1\n", "is not a whole number"),
    ("kind,amount0,amount1\nreserve,5,5\n", "line 2, column kind: 'reserve' is no kind of row — did you mean"),
    ('kind,amount0,amount1\nreserves,"5,5\n', "not a table of values separated by commas"),
    ("kind,amount0,amount1\n\n\nreserves,5,5\nswap,x,-1\n", "line 5, column amount0: 'x'"),
])  # fmt: skip
def test_a_bad_recording_of_a_constant_product_is_refused_with_its_place(text, said, tmp_path):
    path = tmp_path / "swaps.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ReplayError) as error:
        replay_pool("uniswap_v2", path)
    assert said in str(error.value)
    assert str(path) in str(error.value)
    assert " — " in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("kind", "row", "column", "value", "said"), [
    ("swaps", 0, "tick", "tock", "there is no column 'tick'"),
    ("swaps", 0, "log_index", "index", "there is no column 'log_index'"),
    ("swaps", 3, "amount0", "5.0", "line 4, column amount0: '5.0' is not a whole number"),
    ("swaps", 3, "liquidity", "-5", "line 4, column liquidity: '-5' is below 0"),
    ("swaps", 3, "sqrt_price_x96", "5", "line 4, column sqrt_price_x96: '5' is below"),
    ("swaps", 3, "amount_specified", "0", "line 4, column amount_specified: '0' is nothing"),
    ("swaps", 3, "block_number", "-1", "line 4, column block_number: '-1' is below 0"),
    ("liquidity", 0, "tick_lower", "lower", "there is no column 'tick_lower'"),
    ("liquidity", 1, "type", "3", "line 2, column type: '3' is no type of event"),
    ("liquidity", 1, "liquidity", "-1", "line 2, column liquidity: '-1' is below 1"),
    ("liquidity", 1, "liquidity", "0", "line 2, column liquidity: '0' is below 1"),
    ("liquidity", 1, "liquidity", str(2**127), "is too much: tick"),
    ("liquidity", 1, "tick_lower", "-1885", "is no multiple of the pool's tick spacing 10 — -1890"),
    ("liquidity", 1, "tick_lower", "800000", "is not above tick_lower, 800000"),
    ("liquidity", 1, "tick_upper", "900000", "column tick_upper: '900000' is above 887272"),
    ("pool", 0, "fee", "fees", "there is no column 'fee'"),
    ("pool", 1, "fee", "1000000", "line 2, column fee: '1000000' is above 999999"),
    ("pool", 1, "fee", "0.003", "line 2, column fee: '0.003' is not a whole number"),
    ("pool", 1, "tick_spacing", "0", "line 2, column tick_spacing: '0' is below 1"),
    ("pool", 1, "initial_sqrt_price_X96", "0", "column initial_sqrt_price_X96: '0' is below"),
])  # fmt: skip
def test_a_bad_recording_of_a_pool_with_ranges_is_refused_with_its_place(kind, row, column, value, said, copied):
    change(copied, kind, row, column, value)
    with pytest.raises(ReplayError) as error:
        v3(copied)
    assert said in str(error.value)
    assert f"spacing_10_{kind}.csv, line" in str(error.value)
    assert "\n" not in str(error.value)


def test_more_cannot_be_withdrawn_than_was_deposited(copied):
    rows = rows_of(copied / "spacing_10_liquidity.csv")
    row = next(number for number, row in enumerate(rows) if row[0] == "2")
    change(copied, "liquidity", row, "liquidity", str(10**30))
    with pytest.raises(ReplayError, match=rf"line {row + 1}, column liquidity: .* too little to take"):
        v3(copied)


def test_both_amounts_of_a_swap_cannot_come_in(copied):
    change(copied, "swaps", 3, "amount0", "5")
    change(copied, "swaps", 3, "amount1", "6")
    with pytest.raises(ReplayError, match="line 4, column amount1: '6' came in, and 5 of the other too"):
        v3(copied)


def test_two_events_cannot_have_one_place_in_the_log(copied):
    place = rows_of(copied / "spacing_10_liquidity.csv")[1][8]
    change(copied, "swaps", 1, "block_number", place)
    with pytest.raises(ReplayError, match=r"_swaps.csv, line 2, column log_index: '0' is that of .*line 2 too"):
        v3(copied)


def test_a_pool_has_one_row(copied):
    rows = rows_of(copied / "spacing_10_pool.csv")
    write(copied / "spacing_10_pool.csv", [*rows, rows[1]])
    with pytest.raises(ReplayError, match=r"_pool.csv, line 3: a second row, .* leave one row"):
        v3(copied)


@pytest.mark.parametrize("kind", NAMES)
def test_a_file_without_rows_and_a_cut_one_are_refused(kind, copied):
    path = copied / f"spacing_10_{kind}.csv"
    rows = rows_of(path)
    write(path, rows[:1])
    with pytest.raises(ReplayError, match="no rows below the names of its columns"):
        v3(copied)
    write(path, [*rows[:-1], rows[-1][:-1]])
    with pytest.raises(ReplayError, match=rf"line {len(rows)}: \d+ columns where .* the file is cut"):
        v3(copied)
    path.write_bytes(gzip.compress(b"\n".join(b",".join(c.encode() for c in row) for row in rows))[:-9])
    with pytest.raises(ReplayError, match="damaged or cut gzip file"):
        v3(copied)
    path.write_bytes(b"\xff\xfe" * 9)
    with pytest.raises(ReplayError, match="UTF-8"):
        v3(copied)
    path.unlink()
    with pytest.raises(ReplayError, match="cannot be read"):
        v3(copied)


@pytest.mark.parametrize(("words", "said"), [
    (["--format", "uniswap_v4"], "format: 'uniswap_v4' is not known"),
    (["--format", "uniswap_v2", "--book", "b.csv"], "--book: it is an option of lobster, not of uniswap_v2"),
    (["--format", "uniswap_v2", "--pool", "p.csv"], "--pool: it is an option of uniswap_v3, not of uniswap_v2"),
    (["--format", "uniswap_v3", "--pool", "p.csv"], "uniswap_v3 needs --liquidity FILE"),
    (["--format", "uniswap_v3", "--liquidity", "p.csv"], "uniswap_v3 needs --pool FILE"),
    (["--format", "uniswap_v3", "--pool", "p", "--liquidity", "l", "--depth", "3"], "--depth: it is an option of"),
    (["--format", "uniswap_v3", "--pool", "p", "--liquidity", "l", "--no-level-adoption"], "--no-level-adoption: it"),
    (["--book", "b.csv", "--liquidity", "l"], "--liquidity: it is an option of uniswap_v3, not of lobster"),
    ([], "lobster needs --book FILE"),
])  # fmt: skip
def test_options_that_do_not_belong_to_a_format_are_refused(words, said, capsys):
    with pytest.raises(SystemExit) as end:
        main(["replay", "swaps.csv", *words])
    assert end.value.code == 2
    assert said in capsys.readouterr().err.replace("\n", " ")


@pytest.mark.parametrize(("arguments", "said"), [
    (("uniswap_v2", Path("a"), Path("b")), "uniswap_v2 takes one file"),
    (("uniswap_v3", Path("a")), "uniswap_v3 needs a file of the pool"),
    (("uniswap_v3", Path("a"), Path("b")), "uniswap_v3 needs a file of the liquidity"),
    (("lobster", Path("a")), "format: 'lobster' is not known"),
])  # fmt: skip
def test_a_replay_from_python_says_which_files_it_needs(arguments, said):
    with pytest.raises(ReplayError, match=said):
        replay_pool(*arguments)
