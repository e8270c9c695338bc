"""The measure of runs and files: its JSON, its table, its picture, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.reflexivity import run_events as of_runs
from analysis.reflexivity.hawkes import table
from analysis.reflexivity.run_events import run_events
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import load, parse
from sim.session.session import Session
from tests.command_line import MARKET, take
from tests.oracles.hawkes import branched, counted, jumping
from tests.places import SCENARIOS

FIT = {
    "exponentials", "windows", "branching_ratio", "standard_error", "kernels", "baselines", "log_likelihood", "aic",
    "residual_p", "reason",
}  # fmt: skip


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Run:
    overrides = {"run.steps": 400, "run.episodes": 3, "record.book_every": 5}
    return execute(load(SCENARIOS / "two_books.toml", overrides), tmp_path_factory.mktemp("runs"), "two_books")


def written(path: Path, times: np.ndarray) -> Path:
    path.write_text("time\n" + "\n".join(map(repr, times.tolist())) + "\n", encoding="utf-8")
    return path


def asked(*arguments: str | Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert take("hawkes", [*arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_json_has_every_fit_and_the_best_of_them_at_the_top_and_beside_the_run(tmp_path: Path, capsys) -> None:
    path = written(tmp_path / "events.csv", jumping([0.5, 1.5] * 4, 200.0, seed=1))
    said = asked(path, "--windows", "8", capsys=capsys)
    assert [(fit["exponentials"], fit["windows"]) for fit in said["fits"]] == [
        (exponentials, windows) for windows in (1, 8) for exponentials in (1, 2, 3)
    ]
    assert all(set(fit) == FIT for fit in said["fits"])
    assert said["best"] in said["fits"]
    assert said["best"]["aic"] == min(fit["aic"] for fit in said["fits"])
    assert said["best"]["windows"] == 8
    assert (said["events"], said["distinct_times"], said["likelihood"]) == (said["events"],) * 2 + ("continuous",)
    for fit in said["fits"]:
        assert sum(kernel["mass"] for kernel in fit["kernels"]) == pytest.approx(fit["branching_ratio"])
        assert len(fit["kernels"]) == fit["exponentials"]
        assert len(fit["baselines"]) == fit["windows"]
    (run,) = said["runs"]
    assert run["run"] == str(path)
    assert all(said[key] == run[key] for key in ("events", "distinct_times", "fits", "best", "variance_to_mean"))
    assert said["variance_to_mean"]["reason"] is None or "windows" in said["variance_to_mean"]["reason"]


def test_of_several_each_has_its_own_and_none_stands_at_the_top(tmp_path: Path, capsys) -> None:
    paths = [written(tmp_path / f"{seed}.csv", branched(0.5, [(0.5, 1.0)], 400.0, seed)) for seed in (1, 2)]
    said = asked(*paths, capsys=capsys)
    assert "fits" not in said
    assert [each["events"] for each in said["runs"]] == [path.read_text("utf-8").count("\n") - 1 for path in paths]
    assert take("hawkes", paths) == 0
    shown = capsys.readouterr().out
    assert shown.index("1.csv: events of 1.csv") < shown.index("2.csv: events of 2.csv")


def test_the_table_marks_the_best_and_says_what_may_deceive(tmp_path: Path, capsys) -> None:
    path = written(tmp_path / "events.csv", branched(0.5, [(0.7, 1.0)], 1_000.0, seed=1))
    assert take("hawkes", [path]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "1 exponential (best)" in shown
    assert "a rate that changes by itself looks like that too" in shown
    assert "compare --windows" in shown
    assert "variance to mean: none, windows must be" in shown


def test_orders_that_traded_are_counts_per_step_and_episodes_are_streams(market: Run, capsys) -> None:
    said = asked(str(market.folder), capsys=capsys)
    own = [venue.name for venue in market.scenario.venues if venue.instrument == market.scenario.instruments[0].name]
    trades = market.trades[market.trades["venue"].isin(own)]
    orders = trades.groupby(["episode", "taker_order"], observed=True)["step"].first()
    assert said["events"] == len(orders)
    assert said["distinct_times"] == len(orders.reset_index()[["episode", "step"]].drop_duplicates())
    assert (said["streams"], said["seconds"], said["step"], said["likelihood"]) == (3, 1200.0, 1.0, "discrete")


def test_the_orders_of_each_venue_are_those_of_both(market: Run) -> None:
    venues = [venue.name for venue in market.scenario.venues if venue.instrument == market.scenario.instruments[0].name]
    assert len(venues) == 2
    assert sum(run_events(market, venue=name).events for name in venues) == run_events(market).events


def test_changes_of_the_mid_are_on_the_clock_of_the_samples(market: Run) -> None:
    name = market.scenario.venues[0].name
    rows = market.book[market.book["venue"] == name]
    mids = (rows["bid"] + rows["ask"]) / 2
    before = mids.groupby(rows["episode"]).ffill().groupby(rows["episode"]).shift()
    moved = mids.notna() & before.notna() & (mids != before)
    found = run_events(market, "mids", name)
    assert found.events == moved.sum()
    assert (found.step, found.seconds, len(found.lengths)) == (5.0, 1200.0, 3)
    assert 0 < run_events(market, "mids").events != found.events


def test_what_it_takes_besides_run_folders_is_said_wherever_it_is_explained(capsys) -> None:
    said = asked(capsys=capsys)
    assert said["takes"] == "run folders; CSV files with a column time, files of recorded messages"
    assert (said["options"]["venue"]["allowed"], said["options"]["windows"]["default"]) == ("a name", None)
    for more in ([], ["--help"]):
        assert take("hawkes", more) == 0
        assert "CSV files with a column time" in " ".join(capsys.readouterr().out.split())


def test_a_picture_is_drawn_of_runs_and_of_files(market: Run, tmp_path: Path) -> None:
    path = written(tmp_path / "events.csv", branched(0.5, [(0.7, 1.0)], 400.0, seed=1))
    for source, more in ((market.folder, ["--windows", "4"]), (path, [])):
        figure = tmp_path / "figure.png"
        assert take("hawkes", [source, "--figure", figure, *more]) == 0
        assert figure.stat().st_size > 10_000
        figure.unlink()


@pytest.mark.parametrize(
    ("text", "more", "says"),
    [
        ("time\n" + "1.5\n" * 60, [], "1 distinct times of events of events.csv: too few — a fit needs 50 or more"),
        ("time\n" + "\n".join(map(str, range(49))), [], "49 events of events.csv: too few"),
        ("stamp\n1\n", [], "no column 'time'"),
        ("time\n1\n0.5\n", [], "line 3: 0.5 is earlier"),
        ("", [], "the file is empty"),
        ("time\n1\n", ["--format", "lobstr"], "lobstr"),
        ("time\n1\n", ["--format", "lobster"], "a LOBSTER message file has 6"),
        ("time\n1\n", ["--windows", "1"], "windows"),
        ("time\n" + "\n".join(map(str, range(99))), ["--windows", "5"], "choose 4 or fewer"),
        ("time\n1\n", ["--events", "mids"], "a column of times has no mids"),
    ],
)
def test_bad_input_ends_with_2_and_one_line_that_names_it(text, more, says, tmp_path: Path, capsys) -> None:
    path = tmp_path / "events.csv"
    path.write_text(text, encoding="utf-8")
    assert take("hawkes", [path, *more]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert says in told.err
    assert "Traceback" not in told.err


def test_a_run_in_which_nobody_trades_and_a_venue_that_is_none_are_refused(market: Run, tmp_path, capsys) -> None:
    quiet = execute(parse(MARKET.replace('strategy = "noise"', 'strategy = "fixed_spread"')), tmp_path, "quiet")
    assert take("hawkes", [quiet.folder]) == 2
    assert "0 orders that traded: too few — a fit needs 50 or more" in capsys.readouterr().err
    assert take("hawkes", [market.folder, "--venue", "nowhere"]) == 2
    assert "there is no venue 'nowhere'" in capsys.readouterr().err
    assert take("hawkes", [tmp_path / "none"]) == 2
    assert "there is no such folder" in capsys.readouterr().err
    assert take("hawkes", [tmp_path / "none.csv"]) == 2
    assert "none.csv: there is no such file or folder — hawkes takes run folders; CSV files" in capsys.readouterr().err


def test_a_venue_of_a_file_is_refused(tmp_path: Path, capsys) -> None:
    path = written(tmp_path / "events.csv", np.arange(60.0))
    assert take("hawkes", [path, "--venue", "lit"]) == 2
    assert "events of a file have no venue — leave --venue out" in capsys.readouterr().err


def test_a_file_is_no_run_to_measures_that_open_none(tmp_path: Path, capsys) -> None:
    path = written(tmp_path / "events.csv", np.arange(5.0))
    assert take("spreads", [path]) == 2
    assert "this is a file" in capsys.readouterr().err


def test_where_one_trader_comes_per_step_nothing_is_said(tmp_path: Path, capsys) -> None:
    run = execute(load(SCENARIOS / "quickstart.toml", {"run.steps": 500}), tmp_path, "quickstart")
    assert take("hawkes", [run.folder]) == 2
    assert "where one per step may come, nothing shows what answers what" in capsys.readouterr().err


def test_episodes_whose_book_was_not_sampled_are_not_watched(market: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run_events(market, "mids")
    monkeypatch.setattr(of_runs, "columns", lambda *_: market.book[market.book["episode"] != 1])
    market.derived.clear()
    part = run_events(market, "mids")
    assert (len(whole.lengths), len(part.lengths)) == (3, 2)
    assert 0 < part.events < whole.events


def test_orders_that_excite_one_another_in_a_market_have_the_mass_that_they_came_with() -> None:
    text = MARKET.replace('"fixed_spread"', '"fixed_spread"\nparams = { quantity = 1_000 }').replace("200", "8_000")
    session = Session(parse(text), outside=["noise"])
    taker = session.agent("noise 0")
    counts = counted(0.5, [(0.7, 1.0)], 8_000, seed=2)
    for count in counts.tolist():
        for place in range(count):
            taker.market_order(1 if place % 2 else -1, 1)
        session.step()
    said = table(session.result()).attrs["details"]
    assert said["events"] == counts.sum()
    one = said["fits"][0]
    assert abs(one["branching_ratio"] - 0.7) < 4 * one["standard_error"]
    assert one["standard_error"] < 0.02
    assert one["kernels"][0]["decay"] == pytest.approx(1.0, rel=0.2)
