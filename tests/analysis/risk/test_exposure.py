"""What is said of exposures, limits, capital and margin calls, against the files of a run read another way."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pyarrow.parquet as pq
import pytest

from analysis.risk.exposure import measures
from analysis.risk.exposure_picture import picture
from sim.core.errors import RunError
from sim.rules.margin import EVENTS
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import parse
from tests.command_line import MARKET, take
from tests.markets.limited import EPISODES, LIMITED

COLUMNS = ("delta.ACME", "gamma.ACME", "vega.ACME", "margin", "value_at_risk", "expected_shortfall", "stress")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return execute(parse(LIMITED), tmp_path_factory.mktemp("runs"), "exposed")


def rows_of(run: Run, table: str, population: str, agent: int | None = None) -> Iterator[dict[str, Any]]:
    """Rows of a table's file that are of a population, or of a member."""
    for row in pq.read_table(Path(str(run.folder)) / f"{table}.parquet").to_pylist():
        if row["population"] == population and agent in (None, row["agent"]):
            yield row


def sums(run: Run, population: str, column: str, agent: int | None = None) -> dict[tuple[int, int], float]:
    """Sums over members, by episode and step."""
    found: dict[tuple[int, int], float] = {}
    for row in rows_of(run, "agents", population, agent):
        key = row["episode"], row["step"]
        found[key] = found.get(key, 0.0) + (math.nan if row[column] is None else row[column])
    return found


def by_name(run: Run, **options: Any) -> dict[str, Any]:
    return {each.name: each for each in measures(run, **options)}


def error_of(samples: list[float]) -> float:
    return stdev(samples) / math.sqrt(len(samples))


@pytest.mark.parametrize("agent", [None, 1])
@pytest.mark.parametrize("column", COLUMNS)
def test_exposures_are_means_of_episodes_and_the_most_there_was(run: Run, column: str, agent: int | None) -> None:
    told = by_name(run, by="population" if agent is None else "agent")
    amounts = sums(run, "dealer", column, agent)
    episodes = [
        [abs(amount) for (number, _), amount in amounts.items() if number == episode and not math.isnan(amount)]
        for episode in range(EPISODES)
    ]
    means = [fmean(each) for each in episodes]
    name = "dealer" if agent is None else f"dealer.{agent}"
    assert max(map(max, episodes)) > 0.0
    assert told[f"{name}.{column}"].value == pytest.approx(fmean(means), rel=1e-12)
    assert told[f"{name}.{column}"].standard_error == pytest.approx(error_of(means), rel=1e-9)
    assert told[f"{name}.{column}.most"].value == max(map(max, episodes))


def test_equity_is_the_least_of_any_sample_and_margin_is_said_only_of_those_who_must_keep_it(run: Run) -> None:
    told = by_name(run)
    for name in ("maker", "dealer", "poor"):
        assert told[f"{name}.equity.least"].value == min(sums(run, name, "equity").values())
    assert {name.partition(".")[0] for name in told if ".margin" in name.replace(".limit.margin", "")} == {
        "dealer", "poor",
    }  # fmt: skip
    assert "maker.vega.ACME" not in told


@pytest.mark.parametrize("agent", [None, 0])
def test_use_of_limits_is_that_of_the_table_episode_by_episode(run: Run, agent: int | None) -> None:
    told = by_name(run, by="population" if agent is None else "agent")
    name = "dealer" if agent is None else f"dealer.{agent}"
    limits = {"delta.ACME": (0, 3.0), "stress": (1, 40.0), "delta.ACME.2": (2, 4.0)}
    limits["capital.call"] = 4, math.nan
    for limit, (number, most) in limits.items():
        rows = [row for row in rows_of(run, "limits", "dealer", agent) if row["limit"] == number]
        worst = max(row["worst"] for row in rows)
        assert told[f"{name}.limit.{limit}.worst"].value == worst
        if math.isnan(most):
            assert f"{name}.limit.{limit}.used" not in told
        else:
            assert told[f"{name}.limit.{limit}.most"].value == most
            assert told[f"{name}.limit.{limit}.used"].value == worst / most
        for column in ("steps_over", "steps_acted", "rejected", "cut"):
            samples = [
                float(sum(row[column] for row in rows if row["episode"] == episode)) for episode in range(EPISODES)
            ]
            assert told[f"{name}.limit.{limit}.{column}"].value == pytest.approx(fmean(samples), rel=1e-12)
            assert told[f"{name}.limit.{limit}.{column}"].standard_error == pytest.approx(error_of(samples))
    assert told[f"{name}.limit.stress.steps_acted"].value > 0.0
    assert told[f"{name}.limit.delta.ACME.rejected"].value > 0.0


def test_capital_is_what_there_was_and_what_has_been_gained(run: Run) -> None:
    told = by_name(run)
    settled = list(rows_of(run, "episodes", "dealer"))
    payoffs = [sum(row["payoff"] for row in settled if row["episode"] == each) for each in range(EPISODES)]
    first = [
        sum(row["cash"] - row["payoff"] for row in settled if row["episode"] == each) for each in range(EPISODES)
    ]  # all is settled in the end, so that wealth is cash then
    assert told["dealer.capital.first"].value == 1_000.0
    assert told["dealer.capital.last"].value == pytest.approx(1_000.0 + fmean(payoffs))
    least = min(1_000.0 + wealth - first[episode] for (episode, _), wealth in sums(run, "dealer", "wealth").items())
    assert told["dealer.capital.least"].value == pytest.approx(least)


def test_margin_calls_are_counted_by_what_came_of_them_and_what_defaults_cost_is_what_the_others_are_owed(
    run: Run,
) -> None:
    told = by_name(run)
    rows = list(rows_of(run, "margin_calls", "poor"))
    names = {"call": "calls", "met": "met", "closing": "closings", "default": "defaults"}
    assert tuple(names) == EVENTS
    for event, name in names.items():
        assert told[f"poor.margin.{name}"].value == sum(row["event"] == event for row in rows) / EPISODES
    assert told["poor.margin.paid"].value == pytest.approx(sum(row["paid"] for row in rows) / EPISODES)
    forgiven = [row["forgiven"] for row in rows_of(run, "episodes", "poor")]
    assert told["poor.margin.paid"].value == pytest.approx(fmean(forgiven))
    assert told["poor.margin.defaults"].value > 0.0
    assert told["poor.margin.paid"].value > 0.0


def test_without_samples_of_agents_limits_and_calls_are_said_and_without_members_no_member(tmp_path: Path) -> None:
    bare = execute(parse(LIMITED | {"record": {"agents": "none"}}), tmp_path, "bare")
    told = by_name(bare)
    assert "dealer.stress" not in told
    assert told["dealer.limit.stress.steps_acted"].value > 0.0
    assert told["poor.margin.defaults"].value > 0.0
    assert "none: agents were not sampled" in told["dealer.capital.least"].meaning
    with pytest.raises(RunError, match=r"set record\.agents = .agents."):
        picture(bare)
    together = execute(parse(LIMITED | {"record": {"agents": "populations"}}), tmp_path, "together")
    with pytest.raises(RunError, match="samples list populations, not agents — leave --by out"):
        measures(together, "agent")
    assert by_name(together)["dealer.stress.most"].value > 0.0


def test_a_run_without_limits_margin_or_options_is_refused_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = execute(parse(MARKET), tmp_path, "plain")
    assert take("exposure", [str(plain.folder)]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert "nobody has limits, margin, options or futures — add [populations.risk]" in said.err


def test_the_command_says_the_same_as_json(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert take("exposure", [str(run.folder), "--by", "agent", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["runs"][0]["rows"]
    told = by_name(run, by="agent")
    assert [each["name"] for each in rows] == list(told)
    assert all(each["value"] == told[each["name"]].value for each in rows if each["value"] is not None)


# --- the picture ------------------------------------------------------------------------------------------------------


def test_the_picture_has_a_panel_for_each_exposure_with_its_limits(run: Run) -> None:
    panels = {ax.get_title(loc="left"): ax for ax in picture(run).axes if ax.get_title(loc="left")}
    assert list(panels) == [
        "Delta to ACME", "Gamma to ACME", "Vega to ACME", "Stress", "Equity (line) and margin (dashed)",
    ]  # fmt: skip
    levels = {float(line.get_ydata()[0]) for line in panels["Delta to ACME"].lines if len(line.get_ydata()) == 2}
    assert {3.0, -3.0, 4.0, -4.0} <= levels
    levels = {float(line.get_ydata()[0]) for line in panels["Stress"].lines if len(line.get_ydata()) == 2}
    assert 40.0 in levels
    assert -40.0 not in levels


def test_of_several_members_the_furthest_is_drawn_and_of_equity_the_poorest(run: Run) -> None:
    panels = {ax.get_title(loc="left"): ax for ax in picture(run).axes}
    members: dict[str, dict[tuple[int, int], list[float]]] = {"delta.ACME": {}, "equity": {}}
    for row in rows_of(run, "agents", "dealer"):
        for column, found in members.items():
            found.setdefault((row["episode"], row["step"]), []).append(row[column])
    for column, title, chosen in (
        ("delta.ACME", "Delta to ACME", lambda amounts: max(amounts, key=abs)),
        ("equity", "Equity (line) and margin (dashed)", min),
    ):
        drawn = {
            float(y)
            for line in panels[title].lines
            if len(line.get_ydata()) == 60
            for y in line.get_ydata()
        }  # fmt: skip
        assert {chosen(amounts) for amounts in members[column].values()} <= drawn


def test_how_long_it_takes_to_work_off_what_has_not_traded_is_said_to_be_infinite(tmp_path: Path) -> None:
    idle: dict[str, Any] = tomllib.loads(MARKET) | {
        "populations": [
            {
                "name": "owner",
                "strategy": "noise",
                "arrivals": {"law": "poisson", "rate": 0.0},
                "endowment": {"inventory": 5},
                "risk": {"limits": [{"of": "unwind", "most": 10.0}]},
            }
        ]
    }
    told = by_name(execute(parse(idle), tmp_path, "idle"))["owner.limit.unwind.worst"]
    assert math.isnan(told.value)
    assert "none: what was held had not traded, so that it is infinite" in told.meaning
