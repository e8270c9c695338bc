"""Every measure keeps what it declares; a new file in a room is tested by lying there."""

from __future__ import annotations

import json
import math
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import analysis.risk
import spreadgame as sg
from analysis.output.measure_table import tables_of
from analysis.reading import measure_files, registry
from analysis.reading.measures import ERROR, Measurement, is_list, records, table_of
from analysis.reading.registry import EACH_ROW, NEEDS, Measure, Option
from analysis.report.glossary import chapters
from sim.core.errors import RunError
from sim.runs.execute import execute
from sim.runs.result import Run, open_run
from sim.runs.total_measures import TOTALS
from sim.scenario import load, parse
from sim.scenario.tables.market import Record
from spreadgame.commands.parser import main
from tests.command_line import MARKET, take
from tests.places import SCENARIOS

MEASURES = registry.all_measures()
NAMES = [each.name for each in MEASURES]
OF_RUNS = [each for each in MEASURES if each.takes_runs]
KEPT = {"record.messages": True, "record.book_every": 1, "record.agents_every": 1}
LEFT_OUT = {  # what keeps a table of each need from being there
    "trades": {"record.trades": False},
    "messages": {"record.messages": False},
    "book": {"record.levels": 0},
    "agents": {"record.agents": "none"},
    "episodes": {"record.episodes": "none"},
}
# Measures of what a market of two books without private values does not have, and a shipped one that has it.
SPECIAL: dict[str, tuple[str, dict[str, Any]]] = {
    "surplus": ("theory/gode_sunder.toml", {"run.episodes": 20}),
    "exposure": ("options/delta_hedging.toml", {"run.episodes": 4}),
    "hedging": ("options/cross_hedge.toml", {"run.episodes": 4, "run.steps": 200}),
    "volatility_surface": ("options/smile.toml", {"run.episodes": 2}),
    "herding": ("reflexivity/opinions.toml", {"run.episodes": 4, "run.steps": 500}),
}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two books of one instrument, over episodes enough for errors of all that has one."""
    overrides = KEPT | {"run.steps": 400, "run.episodes": 4}
    return execute(load(SCENARIOS / "two_books.toml", overrides), tmp_path_factory.mktemp("runs"), "two_books")


@pytest.fixture(scope="module")
def run_for(market: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """The run on which each measure is tried."""
    out = tmp_path_factory.mktemp("special")
    special = {
        name: execute(load(SCENARIOS / path, KEPT | overrides), out, name)
        for name, (path, overrides) in SPECIAL.items()
    }
    return {each.name: special.get(each.name, market) for each in OF_RUNS}


# --- the declarations -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", MEASURES, ids=NAMES)
def test_a_measure_declares_what_it_says_in_which_unit_and_after_whom(measure: Measure) -> None:
    for text in (measure.summary, measure.source, measure.unit):
        assert text.strip()
        assert not text.endswith(".")
    assert measure.chapter in chapters()
    assert set(measure.needs) <= set(NEEDS)
    assert all(measure.without_error.values())
    for option in measure.options.values():
        assert option.meaning
        assert option.fits(option.default)


def test_names_are_unique_and_those_that_the_search_finds() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 20
    assert list(registry.modules()) == NAMES == sorted(NAMES)
    assert {each.module for each in MEASURES} == set(registry.modules().values())


def test_a_name_that_is_there_twice_or_not_written_as_text_is_refused_and_the_others_are_found(
    tmp_path, monkeypatch
) -> None:
    room = tmp_path / "risk"
    room.mkdir()
    (room / "one.py").write_text('@measure(\n    "same",\n)\ndef one(run): ...\n', encoding="utf-8")
    (room / "other.py").write_text('@measure("other")\ndef other(run): ...\n', encoding="utf-8")

    def found() -> measure_files.Found:
        return measure_files.found.__wrapped__(tmp_path)

    assert found().modules == {"other": "analysis.risk.other", "same": "analysis.risk.one"}
    (room / "two.py").write_text('@measure("same")\ndef two(run): ...\n', encoding="utf-8")
    assert found().modules == {"other": "analysis.risk.other"}
    assert list(found().wrong.values()) == [
        f"{room / 'two.py'}: analysis.risk.two and analysis.risk.one declare a measure 'same' — rename one"
    ]
    (room / "two.py").write_text('@measure("twice")\n@measure("twice")\ndef two(run): ...\n', encoding="utf-8")
    assert list(found().wrong.values()) == [
        f"{room / 'two.py'}: two functions of analysis.risk.two declare a measure 'twice' — rename one"
    ]
    for text in ("@measure(NAME)", "@measure()", '@measure("")'):
        (room / "two.py").write_text(f"{text}\ndef two(run): ...\n", encoding="utf-8")
        assert "two.py: write the name of the measure as text" in found().wrong[str(room / "two.py")]
        assert list(found().modules) == ["other", "same"]
    (room / "two.py").write_bytes(b'@measure("two")  # \xff\n')
    assert "two.py: it cannot be read ('utf-8' codec" in found().wrong[str(room / "two.py")]


GOOD = """
from analysis.reading.registry import Option, measure

@measure("mine", summary="a number", source="me", unit="lots")
def mine(run): return []
"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("return []", "return [", r"mine\.py, line 5: '\[' was never closed"),
        ('"a number"', '""', r"mine\.py, line 4: ValueError: measure 'mine': it has no summary"),
        ('"lots"', '" "', "it has no unit"),
        ('"lots"', '"lots", needs=("trade",)', "there is no need 'trade' — did you mean 'trades'"),
        ('"lots"', '"lots", options={"help": Option(1, "x", int)}', "the command line has a help of its own — rename"),
        ('"lots"', '"lots", options={"runs": Option(1, "x", int)}', "the command line has a runs of its own"),
        ("import Option", "import Optoin", "ImportError: cannot import name 'Optoin'"),
        (
            "return []",
            "return run.nothing",
            r"mine\.py, line 5: AttributeError: 'Run' object has no",
        ),
        ("return []", "return None", r"mine\.py.*: TypeError"),
    ],
)
def test_a_file_of_a_measure_that_is_wrong_is_named_in_a_line_and_takes_no_other_down(
    old: str, new: str, says: str, market: Run, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(analysis.risk, "__path__", [*analysis.risk.__path__, str(tmp_path / "risk")])
    (tmp_path / "risk").mkdir()
    (tmp_path / "risk" / "mine.py").write_text(GOOD.replace(old, new), encoding="utf-8")
    found = measure_files.Found(registry.modules() | {"mine": "analysis.risk.mine"}, {})
    monkeypatch.setattr(measure_files, "found", lambda home: found)
    monkeypatch.setattr(registry, "_HOME", tmp_path)
    try:
        assert take("mine", [str(market.folder)]) == 2
        told = capsys.readouterr()
        assert (told.out, told.err.count("\n")) == ("", 1)
        assert re.search(says, told.err), told.err
        assert take("who_paid_whom", [str(market.folder)]) == 0
        assert capsys.readouterr().out
        with pytest.raises(SystemExit) as ended:
            main(["measure"])
        told = capsys.readouterr()
        assert "  who_paid_whom " in told.out
        assert (ended.value.code, bool(told.err)) == ((0, False) if "return" in old and "[" not in new else (2, True))
    finally:
        registry._known.pop("mine", None)
        sys.modules.pop("analysis.risk.mine", None)


def test_what_is_added_up_of_every_run_is_declared_too(market: Run) -> None:
    assert len({(each.scope, each.name) for each in TOTALS}) == len(TOTALS)
    assert {(row["scope"], row["measure"], row["unit"]) for row in market.measures} <= {
        (each.scope, each.name, each.unit) for each in TOTALS if each.in_summary
    }
    assert all(each.summary and each.unit and each.source for each in TOTALS)


# --- what they give -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", OF_RUNS, ids=[each.name for each in OF_RUNS])
def test_a_measure_gives_numbers_with_errors_or_says_why_not_alike_in_python_and_on_the_command_line(
    measure: Measure, run_for: dict[str, Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_for[measure.name]
    found = run.measure(measure.name)
    assert len(found)
    assert without_reason(measure, found) == []
    assert take(measure.name, [str(run.folder), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["measure"] == measure.name
    assert said["runs"][0]["rows"] == json.loads(json.dumps(records(found), allow_nan=False))
    assert take(measure.name, [str(run.folder)]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert "Traceback" not in shown


def without_reason(measure: Measure, found: pd.DataFrame) -> list[str]:
    """Numbers without a standard error, or no numbers, for which no reason is given."""
    if is_list(found):
        assert measure.unit == EACH_ROW
        assert found.index.is_unique
        lacking = found[~np.isfinite(found["standard_error"]) & np.isfinite(found["value"])]
        missing = found[~np.isfinite(found["value"]) & ~found["meaning"].str.contains("none")]
        names = [name for name, row in lacking.iterrows() if "no error" not in row["meaning"]]
        return [name for name in (*names, *missing.index) if not excused(measure, str(name))]
    assert measure.unit != EACH_ROW
    columns = [str(name) for name in found.columns if not str(name).endswith(ERROR)]
    return [name for name in columns if f"{name}{ERROR}" not in found and not excused(measure, name)]


def excused(measure: Measure, name: str) -> bool:
    return any(part in name for part in measure.without_error)


@pytest.mark.parametrize("need", NEEDS)
def test_a_run_without_what_is_needed_is_refused_in_words_and_only_then(need: str, capsys, tmp_path) -> None:
    overrides = KEPT | {"run.steps": 60, "run.episodes": 2} | LEFT_OUT[need]
    run = execute(load(SCENARIOS / "two_books.toml", overrides), tmp_path, "run")
    setting = next(iter(LEFT_OUT[need]))
    for measure in MEASURES:
        if need in measure.needs:
            assert take(measure.name, [str(run.folder)]) == 2
            told = capsys.readouterr()
            assert (told.out, told.err.count("\n")) == ("", 1)
            assert f"it kept no {need}, which {measure.name} needs — set {setting} = " in told.err
        else:
            why = refusal(measure, run)  # of the market, not of what was kept
            assert "record." not in why, measure.name


def refusal(measure: Measure, run: Run) -> str:
    try:
        measure.of(run)
    except RunError as why:
        return str(why)
    return ""


def test_what_is_needed_is_kept_unless_a_scenario_says_otherwise() -> None:
    assert [need for need, lack in NEEDS.items() if lack(Record())] == ["messages"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "quoted_spread",
            "did you mean 'spreads'? its numbers are in the table that run prints and in the columns of a sweep",
        ),
        ("adverse_selection", "its numbers are in measure attribution"),
        ("attributoin", "did you mean 'attribution'?"),
    ],
)
def test_a_word_that_is_no_measure_is_answered_with_where_its_numbers_are(name: str, says: str, capsys) -> None:
    assert take(name, ["run"]) == 2
    assert f"there is no measure '{name}' — {says}" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["positions", "value_at_risk"])
def test_of_a_population_that_is_named_only_its_rows_are_there_and_they_are_the_same(name: str, market: Run) -> None:
    every, population = market.measure(name), market.scenario.populations[0].name
    own = market.measure(name, population=population)
    pd.testing.assert_frame_equal(own, every[every.index.str.startswith(f"{population}.")])
    assert 0 < len(own) < len(every)
    assert own["meaning"].str.contains("from sample to sample, 1 step").any()
    with pytest.raises(RunError, match=f"there is no population '{population}x' — did you mean '{population}'"):
        market.measure(name, population=f"{population}x")


def test_a_measure_that_takes_no_runs_says_so_of_one_and_what_it_takes_instead(market: Run, capsys) -> None:
    assert "option_prices" in {each.name for each in MEASURES} - {each.name for each in OF_RUNS}
    assert take("option_prices", [str(market.folder)]) == 2
    assert "option_prices takes nothing but its options — leave it out" in capsys.readouterr().err
    with pytest.raises(RunError, match="option_prices takes no run, but"):
        market.measure("option_prices")


def test_a_measure_that_takes_runs_and_files_says_what_it_takes_where_there_is_neither(capsys, tmp_path) -> None:
    assert take("volatility_surface", [tmp_path / "none.csv"]) == 2
    assert (
        "there is no such file or folder — volatility_surface takes run folders; snapshots" in capsys.readouterr().err
    )


# --- options --------------------------------------------------------------------------------------------------------


def test_an_option_that_is_none_or_cannot_be_is_refused_with_the_remedy(market: Run) -> None:
    for options, says in (
        ({"horizn": 5}, "measure spreads: there is no option 'horizn' — did you mean 'horizon'?"),
        ({"horizon": -1}, "measure spreads: horizon must be a whole number from 0 to 1,000,000,000,000, not -1"),
        ({"horizon": 1.5}, "horizon must be a whole number"),
        ({"horizon": True}, "horizon must be a whole number"),
        ({"by": "sides"}, "by must be one of all, venue, side, size, taker, maker, pair, not 'sides'"),
    ):
        with pytest.raises(RunError, match=says.replace("?", r"\?")):
            market.measure("spreads", **options)
    with pytest.raises(RunError, match="shocks must be numbers from -1 to 100, not a list"):
        market.measure("positions", shocks=(0.1, -2))
    with pytest.raises(RunError, match="there is no option 'by' — it has none"):
        market.measure("garch", by="venue")
    with pytest.raises(RunError, match="there is no measure 'spread' — did you mean 'spreads'"):
        market.measure("spread")
    with pytest.raises(RunError, match="there is no measure a list — there are"):
        market.measure(["spreads"])


def test_an_old_word_is_answered_with_the_new_one_alike_in_python_and_on_the_command_line(market: Run, capsys) -> None:
    with pytest.raises(RunError, match=r"mark must be one of .*, not 'micro' — micro is now microprice"):
        market.measure("attribution", mark="micro")
    assert take("attribution", [str(market.folder), "--mark", "micro"]) == 2
    assert "argument --mark: micro is now microprice" in capsys.readouterr().err


def test_numbers_of_numpy_are_numbers(market: Run) -> None:
    for given, plain in (
        ({"horizon": np.int64(5)}, {"horizon": 5}),
        ({"horizon": np.int32(5), "by": np.str_("venue")}, {"horizon": 5, "by": "venue"}),
    ):
        pd.testing.assert_frame_equal(market.measure("spreads", **given), market.measure("spreads", **plain))
    expected = market.measure("positions", shocks=(0.25, -0.5))
    for shocks in (np.array([0.25, -0.5]), [np.float32(0.25), np.float64(-0.5)]):
        pd.testing.assert_frame_equal(market.measure("positions", shocks=shocks), expected)
    with pytest.raises(RunError, match="horizon must be a whole number"):
        market.measure("spreads", horizon=np.float64(5.0))
    with pytest.raises(RunError, match="horizon must be a whole number"):
        market.measure("spreads", horizon=np.True_)


def test_options_reach_the_measure(market: Run) -> None:
    assert market.measure("spreads", by="pair").index.names[-1] == "pair"
    assert any("-30_percent" in name for name in market.measure("positions", shocks=[-0.3]).index)
    one, far = (market.measure("attribution", horizon=horizon)["adverse_selection"] for horizon in (1, 50))
    assert not np.allclose(one, far, equal_nan=True)


def test_bounds_are_said_as_they_are() -> None:
    assert Option(0.5, "x", float, 0).allowed == "a number from 0 on"
    assert Option((0.5,), "x", float).allowed == "numbers"
    assert not Option(0.5, "x", float).fits(math.nan)
    assert not Option((0.5,), "x", float).fits(())
    assert Option(None, "x", int).fits(None)
    assert not Option(3, "x", int).fits(None)


# --- tables ---------------------------------------------------------------------------------------------------------


def test_measurements_make_a_table_and_what_is_no_number_is_null() -> None:
    frame = table_of([Measurement("a", 1.0, None, "lots", "x"), Measurement("b", math.nan, 0.5, "", "y; none: z")])
    assert frame.loc["b", "standard_error"] == 0.5
    assert records(frame)[0] == {"name": "a", "value": 1.0, "standard_error": None, "unit": "lots", "meaning": "x"}
    assert records(frame)[1]["value"] is None
    assert is_list(table_of([]))


def test_a_table_too_wide_for_a_line_is_printed_a_number_a_row(capsys) -> None:
    from rich.console import Console

    wide = pd.DataFrame(
        {f"from population_{n}": [float(n), 0.0] for n in range(12)}, index=pd.Index(["a", "b"], name="x")
    )
    Console(width=80).print(*tables_of(wide))
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert shown.count("from population") == 11  # those that are not 0


def test_of_many_rows_that_can_be_added_those_with_most_at_stake_are_shown(capsys) -> None:
    from rich.console import Console

    many = pd.DataFrame({"won": np.arange(100.0), "fees": np.zeros(100)}, index=pd.Index(range(100), name="agent"))
    Console(width=80).print(*tables_of(many, "currency", sparse=True))
    shown = capsys.readouterr().out
    assert "24 of 100 rows, those with most at stake, --json has all" in " ".join(shown.split())
    assert " 99" in shown
    assert "fees" not in shown
    assert "\n75" not in shown


# --- the command ----------------------------------------------------------------------------------------------------


def test_several_runs_stand_one_after_another_with_their_names(tmp_path, capsys) -> None:
    folders = [execute(parse(MARKET), tmp_path, name).folder for name in ("one", "two")]
    assert take("spreads", [*map(str, folders), "--by", "pair"]) == 0
    shown = capsys.readouterr().out
    assert shown.index("one: One maker") < shown.index("two: One maker")
    assert take("spreads", ["--json", "--horizon", "1", *map(str, folders)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [each["run"] for each in said["runs"]] == [str(folder) for folder in folders]
    assert said["options"]["horizon"] == 1
    assert take("spreads", [str(folders[0]), "--horizon", "1", str(folders[1]), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == said
    with pytest.raises(SystemExit) as ended:
        main(["measure", "--horizon", "1", "--json", "spreads", *map(str, folders)])
    assert (ended.value.code, json.loads(capsys.readouterr().out)) == (0, said)
    assert take("trade_network", ["--figure", str(tmp_path / "a.png")]) == 2
    assert "a.png: a figure is of one run — give one RUN" in capsys.readouterr().err
    assert take("trade_network", [*map(str, folders), "--figure", str(tmp_path / "a.png")]) == 2
    assert "a figure is of one run" in capsys.readouterr().err
    assert take("spreads", [str(folders[0]), str(tmp_path / "none")]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)


def test_the_list_and_the_page_of_a_measure_say_what_there_is(capsys) -> None:
    def printed(*words: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(["measure", *words])
        assert ended.value.code == 0
        return capsys.readouterr().out

    shown = printed()
    assert max(map(len, shown.splitlines())) <= 80
    for name in (*NAMES, "quoted_spread"):
        assert f"  {name} " in shown
    said = json.loads(printed("--json"))
    assert [each["name"] for each in said["measures"]] == NAMES
    assert len(said["sweep"]) == len(TOTALS)
    page = printed("positions")
    assert "--shocks" in page
    assert "Lo 2002" in page
    assert json.loads(printed("positions", "--json"))["options"]["shocks"]["default"] == [-0.2, -0.1, 0.1, 0.2]
    assert "--shocks" in printed("positions", "--help")


def test_an_unknown_name_is_answered_with_the_nearest(capsys) -> None:
    assert take("atribution", []) == 2
    assert "there is no measure 'atribution' — did you mean 'attribution'?" in capsys.readouterr().err
    assert take("attribution", ["run", "--horizn", "5"]) == 2
    assert "'--horizn' is no option — did you mean '--horizon'?" in capsys.readouterr().err


def test_a_measure_that_is_named_imports_no_other() -> None:
    import subprocess

    code = (
        "import sys; from analysis.reading import registry; registry.modules(); first = 'scipy' in sys.modules; "
        "registry.get('who_paid_whom'); print(first, *(n for n in sys.modules if n.startswith('analysis.risk')))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert said.stdout.split() == ["False"]


def test_a_run_that_was_opened_is_measured_like_one_in_memory(market: Run) -> None:
    folder = market.folder
    assert folder is not None
    pd.testing.assert_frame_equal(open_run(folder).measure("garch"), market.measure("garch"))
    pd.testing.assert_frame_equal(sg.open_run(folder).measure("who_paid_whom"), market.measure("who_paid_whom"))


def test_a_figure_that_cannot_be_drawn_is_told_in_a_line_too(market: Run) -> None:
    def broken(run: Run, **options: Any) -> Any:
        raise ZeroDivisionError("of nothing")

    network = registry.get("trade_network")
    with pytest.raises(RunError, match=r"trade_network\.py: ZeroDivisionError: of nothing"):
        replace(network, draw=broken).drawn(market)
    with pytest.raises(RunError, match="measure spreads draws no figure — leave --figure out"):
        registry.get("spreads").drawn(market)
