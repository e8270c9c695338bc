"""Measures as columns of many runs: the numbers of single runs, kept under what they depend on."""

from __future__ import annotations

import pytest

from sim.core.errors import RunError
from sim.experiment import Job, measured, run_many
from sim.experiment.jobs import cut
from sim.experiment.measured import asked_of
from sim.experiment.question import question_of
from sim.runs.execute import execute
from sim.scenario import parse
from tests.command_line import MARKET

SCENARIO = parse(MARKET, overrides={"record.agents": "none"})
JOBS = [Job(SCENARIO, (1, 2, 3))]


def test_a_column_has_what_the_measure_says_of_each_run_with_its_unit():
    found = run_many(JOBS, measures={"crash": {}, "volatility": {}})
    for place, seed in enumerate((1, 2, 3)):
        run = execute(parse(MARKET, overrides={"record.agents": "none"}, seed=seed))
        for name in ("crash", "volatility"):
            for row, each in run.measure(name).iterrows():
                assert found.column(str(row))[place] == pytest.approx(each["value"], nan_ok=True)
                assert found.table.schema.field(str(row)).metadata == {b"unit": each["unit"].encode()}


def test_the_other_columns_are_those_of_runs_that_are_not_measured():
    plain, taken = run_many(JOBS).table, run_many(JOBS, measures={"crash": {}}).table
    assert taken.select(plain.column_names).equals(plain)


def test_options_and_the_code_of_a_measure_name_its_chunks(monkeypatch):
    names = {chunk.name for measures in ({}, {"crash": {}}, {"crash": {"makers": "noise"}})
             for chunk in cut(JOBS, measures=asked_of(measures))}  # fmt: skip
    monkeypatch.setattr(measured, "version_of", lambda *modules: "another")
    names |= {chunk.name for chunk in cut(JOBS, measures=asked_of({"crash": {}}))}
    assert len(names) == 4


def test_chunks_of_runs_that_are_measured_are_short():
    many = [Job(SCENARIO, range(1_000))]
    assert len(cut(many, measures=asked_of({"crash": {}}))) > 10 * len(cut(many))


def test_a_table_with_measures_holds_one_without_and_not_the_other_way_round():
    plain, taken = question_of(JOBS), question_of(JOBS, measures=asked_of({"crash": {}}))
    assert taken.holds(plain)
    assert not plain.holds(taken)
    assert type(taken).from_json(taken.as_json()) == taken


def test_what_cannot_be_a_column_is_refused_in_words(tmp_path):
    with pytest.raises(RunError, match="there is no measure 'crsh' — did you mean 'crash'"):
        run_many(JOBS, measures={"crsh": {}})
    with pytest.raises(RunError, match="there is no option 'maker'"):
        run_many(JOBS, measures={"crash": {"maker": "x"}})
    with pytest.raises(RunError, match=r"seed 1: measure attribution: it gives a table"):
        run_many(JOBS, measures={"attribution": {}})
    with pytest.raises(RunError, match=r"it kept no trades, which crash needs"):
        run_many([Job(parse(MARKET, overrides={"record.trades": False}), (1,))], measures={"crash": {}})
    with pytest.raises(ValueError, match="give run_folders or measures"):
        run_many(JOBS, out=tmp_path, run_folders=True, measures={"crash": {}})
