"""The surface of a snapshot: inside its quotes, without arbitrage, alike from any window of strikes, and in words."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.reading import registry
from analysis.risk.option_quotes import OptionQuotes, read_snapshot
from analysis.risk.surface_fit import smiles_of
from sim.models.svi import Slice, total_variance
from sim.models.svi_fit import NO_SLICE
from tests.command_line import take
from tests.markets.option_chains import SLICES, arbitrage, snapshot

LIQUID = {  # liquid quotes of each recorded snapshot
    "20251230T173115Z": 426, "20260215T044733Z": 386, "20260401T100101Z": 552, "20260531T070333Z": 412,
}  # fmt: skip
SURFACE = registry.get("volatility_surface")


def said(capsys: pytest.CaptureFixture[str], path: Path, *words: str) -> dict[str, object]:
    assert take("volatility_surface", [path, *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def recorded(folder: Path, moment: str) -> Path:
    path = folder / "options" / f"deribit_options_snapshot_{moment}.csv.gz"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    return path


# --- recorded quotes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", LIQUID)
def test_a_recorded_surface_is_inside_the_quotes_without_arbitrage(moment: str, data_folder: Path, capsys) -> None:
    found = said(capsys, recorded(data_folder, moment), "--leave-out", "2")
    assert sum(each["quotes"] for each in found["surfaces"]) == found["quotes"] == LIQUID[moment]
    assert found["share_inside"] >= 0.95
    assert found["share_left_out"] >= 0.93
    assert 0.15 <= found["share_flat"] <= 0.32
    assert found["arbitrage_free"]
    assert arbitrage(found["surfaces"]) == []
    for each in found["surfaces"]:
        assert each["left_out"] == each["quotes"] // 2
        assert each["left_out_inside"] <= each["left_out"]
        assert abs(each["parameters"]["rho"]) < 1.0


def test_so_is_every_moment_of_a_week(data_folder: Path) -> None:
    path = data_folder / "options" / "deribit_week_panel.csv.gz"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    surfaces = SURFACE.of(SURFACE.open(path), leave_out=2).attrs["details"]["surfaces"]
    assert arbitrage(surfaces) == []
    frame = pd.DataFrame(surfaces).groupby("moment")[["quotes", "inside", "left_out", "left_out_inside"]].sum()
    assert len(frame) == 28
    assert (frame["inside"] / frame["quotes"]).min() >= 0.95
    assert (frame["left_out_inside"] / frame["left_out"]).min() >= 0.93


@pytest.mark.parametrize("seed", [1, 2])
def test_so_are_quotes_that_were_moved_and_thinned_out(seed: int, data_folder: Path) -> None:
    random = np.random.default_rng(seed)
    table = read_snapshot(recorded(data_folder, "20260401T100101Z")).table
    table = table[random.random(len(table)) > 0.25].copy()
    half = 0.5 * (table["ask"] - table["bid"])
    moved = random.uniform(-0.5, 0.5, len(table)) * half
    table["bid"], table["ask"] = (table[name] + moved for name in ("bid", "ask"))
    found = SURFACE.of(OptionQuotes("moved", table), leave_out=2).attrs["details"]
    assert found["share_inside"] >= 0.95
    assert found["share_left_out"] >= 0.93
    assert arbitrage(found["surfaces"]) == []


@pytest.mark.parametrize("moment", LIQUID)
def test_at_the_money_it_is_the_same_within_a_point_whatever_window_of_strikes_is_fitted(
    moment: str, data_folder: Path
) -> None:
    table = read_snapshot(recorded(data_folder, moment)).table
    worst, random = 0.0, np.random.default_rng(5)
    for smile in smiles_of(table):
        marked = table[(table["currency"] == smile.currency) & (table["expiry"] == smile.expiry)]
        marked = marked.groupby("strike")[["volatility", "forward"]].mean()
        expected = np.interp(0.0, np.log(marked.index / marked["forward"]), marked["volatility"])
        count, places = len(smile.ks), np.arange(len(smile.ks))
        for _ in range(12):
            first, last = sorted(random.integers(0, count, 2))
            if last - first >= 5 and smile.ks[first] <= 0.0 <= smile.ks[last]:
                slice = smile.where((first <= places) & (places <= last)).fitted(NO_SLICE)
                worst = max(worst, abs(math.sqrt(total_variance(slice, 0.0) / smile.years) - expected))
    assert 0.0 < worst < 0.01


# --- quotes that are made -------------------------------------------------------------------------------------------


def test_the_slices_that_made_the_quotes_come_back(tmp_path: Path, capsys) -> None:
    found = said(capsys, snapshot(tmp_path / "made.csv"), "--leave-out", "3")
    assert (found["share_inside"], found["share_left_out"], found["arbitrage_free"]) == (1.0, 1.0, True)
    assert [each["left_out"] for each in found["surfaces"]] == [each["quotes"] // 3 for each in found["surfaces"]]
    for each, (years, made) in zip(found["surfaces"], SLICES.items(), strict=True):
        assert each["years"] == pytest.approx(years)
        fitted = Slice(**each["parameters"])
        for k in np.linspace(-1.5, 1.5, 7) * math.sqrt(total_variance(made, 0.0)):
            expected = math.sqrt(total_variance(made, k) / years)
            assert math.sqrt(total_variance(fitted, k) / years) == pytest.approx(expected, abs=0.004)
    assert found["runs"][0]["rows"][0]["expiry"] == "2026-01-28"


def test_quotes_with_arbitrage_are_fitted_without_it_and_missed(tmp_path: Path) -> None:
    crossing = {0.1: Slice(0.02, 0.05, 0.0, 0.0, 0.2), 0.11: Slice(0.012, 0.05, 0.0, 0.0, 0.2)}
    found = SURFACE.of(SURFACE.open(snapshot(tmp_path / "crossing.csv", crossing))).attrs["details"]
    assert found["arbitrage_free"]
    assert arbitrage(found["surfaces"]) == []
    assert found["share_inside"] < 0.6
    assert found["share_left_out"] is None


def test_several_moments_are_fitted_each_by_itself(tmp_path: Path) -> None:
    one = read_snapshot(snapshot(tmp_path / "one.csv")).table
    both = pd.concat([one, one.assign(moment="2026-01-02T00:00:00")])
    frame = SURFACE.of(OptionQuotes("both", both))
    assert frame.index.names == ["moment", "currency", "expiry"]
    assert len(frame) == 4
    parameters = [each["parameters"] for each in frame.attrs["details"]["surfaces"]]
    assert parameters[:2] == parameters[2:]  # an earlier moment is no expiry before


def test_quotes_that_are_not_liquid_do_not_count(tmp_path: Path) -> None:
    quotes = read_snapshot(snapshot(tmp_path / "made.csv"))
    every = sum(len(each.ks) for each in smiles_of(quotes.table))
    row = smiles_of(quotes.table)[0]
    at = quotes.table.index[np.isclose(np.log(quotes.table["strike"] / 1_000.0), row.ks[3])][0]
    for changes in (
        {"bid": np.nan}, {"ask": np.nan}, {"bid": 0.5, "ask": 0.4}, {"side": -int(row.sides[3])}, {"years": 0.002},
        {"volatility": np.nan}, {"volatility": 0.01}, {"forward": np.nan},
    ):  # fmt: skip
        table = quotes.table.copy()
        for name, value in changes.items():
            table.loc[at, name] = value
        assert sum(len(each.ks) for each in smiles_of(table)) == every - 1, changes


def test_five_quotes_are_too_few(tmp_path: Path) -> None:
    path = snapshot(tmp_path / "few.csv")
    table = pd.read_csv(path)
    near = table[(np.log(table["strike"] / 1_000.0).abs() / np.sqrt(table["time_to_maturity"])) < 0.2]
    near.to_csv(path, index=False)
    counts = [len(each.ks) for each in smiles_of(read_snapshot(path).table)]
    assert all(count >= 6 for count in counts)
    near.head(5).to_csv(path, index=False)
    assert take("volatility_surface", [path]) == 2


# --- in words and pictures, and what is refused -----------------------------------------------------------------------


def test_the_screen_says_shares_in_words_and_a_figure_is_drawn(tmp_path: Path, capsys) -> None:
    figure = tmp_path / "surface.png"
    path = snapshot(tmp_path / "made.csv")
    assert take("volatility_surface", [path, "--leave-out", "2", "--figure", figure]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "inside bid and ask: 100 % of" in shown
    assert "of those left out, by the fit to the others" in shown
    assert "no arbitrage on" in shown
    assert figure.read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("option_type", "straddle", "line 3: option_type is 'straddle' — write call or put"),
        ("bid_price", "much", "line 3: bid_price is 'much', not a number"),
        ("ask_price", "-1", "line 3: ask_price is -1, which is negative — give one, or nothing"),
        ("futures_price", "inf", "line 3: futures_price is 'inf', not a number"),
        ("strike", "0", "line 3: strike is 0, which is not positive — give one"),
        ("strike", "", "line 3: strike is '', not a number"),
        ("time_to_maturity", "nan", "line 3: time_to_maturity is 'nan', not a number"),
        ("implied_volatility", "x", "line 3: implied_volatility is 'x', not a number"),
    ],
)
def test_a_cell_that_cannot_be_is_refused_with_its_line(column: str, value: str, says: str, tmp_path, capsys) -> None:
    path = snapshot(tmp_path / "bad.csv")
    table = pd.read_csv(path, dtype=str)
    table.loc[1, column] = value
    table.to_csv(path, index=False)
    assert take("volatility_surface", [path]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert f"bad.csv, {says}" in told.err


def test_a_file_that_is_no_snapshot_is_refused_in_a_line(tmp_path: Path, capsys) -> None:
    path = tmp_path / "file.csv"
    for content, says in (
        (b"time,price\n1,2\n", "line 1: no column 'option_type' — there are time, price; a snapshot has the columns"),
        (b"", "the file is empty"),
        (b"\xff\xfe\x00", "not a table of values separated by commas"),
        (b"\x1f\x8bcut", "damaged or cut gzip file"),
        (",".join(pd.read_csv(snapshot(tmp_path / "made.csv")).columns).encode(), "it has no quotes"),
    ):
        path.write_bytes(content)
        assert take("volatility_surface", [path]) == 2
        told = capsys.readouterr()
        assert (told.out, told.err.count("\n")) == ("", 1)
        assert says in told.err
    for words, says in ((["--leave-out", "1"], "1 is too small"), (["--leave-out", "nan"], "not a whole number")):
        assert take("volatility_surface", [tmp_path / "made.csv", *words]) == 2
        assert says in capsys.readouterr().err


def test_a_missing_column_is_named(tmp_path: Path, capsys) -> None:
    path = snapshot(tmp_path / "made.csv")
    pd.read_csv(path).drop(columns="bid_price").to_csv(path, index=False)
    assert take("volatility_surface", [path]) == 2
    assert "no column 'bid_price'" in capsys.readouterr().err


def test_what_is_fitted_depends_on_the_liquid_quotes_alone(tmp_path: Path) -> None:
    quotes = read_snapshot(snapshot(tmp_path / "made.csv"))
    shuffled = replace(quotes, table=quotes.table.sample(frac=1.0, random_state=1))
    pd.testing.assert_frame_equal(SURFACE.of(quotes), SURFACE.of(shuffled))
