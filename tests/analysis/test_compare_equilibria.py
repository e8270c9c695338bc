"""Equilibria side by side: the command prints, draws and resumes, and what differs between the games shows."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from rich.console import Console

from analysis.compare_equilibria import main, scenarios_of
from analysis.games.empirical.candidates import plays
from analysis.games.empirical.comparison import Compared, compare, folder_name, welfare_gained
from analysis.games.empirical.market import MarketGame
from analysis.games.output.as_json import comparison_as_json
from analysis.games.output.equilibrium_picture import picture
from analysis.games.output.equilibrium_tables import tables
from analysis.output.numbers import plus_minus
from analysis.stats.estimates import mean
from sim.scenario import parse
from tests.command_line import QUICKSTART, ROOT

GAMES = ROOT / "scenarios" / "games"
MAKERS, SHARE, SIZES = GAMES / "makers.toml", GAMES / "informed_share.toml", GAMES / "quote_size.toml"
THIN, LATE = GAMES / "thin_market.toml", GAMES / "late_news.toml"
SMALL = ["--budget", "600", "--workers", "1", "--set", "run.episodes=200"]


@pytest.fixture(scope="module")
def by_share() -> list[Compared]:
    return compare(scenarios_of([SHARE], ["run.episodes=300"], "ACME.value.jump_probability=0.05,0.15,0.35"), 500)


@pytest.fixture(scope="module")
def by_makers() -> list[Compared]:
    return compare(scenarios_of([MAKERS], [], "makers.count=1,2,3"), 700)


@pytest.fixture(scope="module")
def by_rungs() -> list[Compared]:
    return compare(scenarios_of([THIN], ["run.episodes=40"], "maker.params.levels=0,10,25"), 770, epsilon=8.0)


def spreads(each: Compared) -> list[float]:
    found = [each.effective_spread(candidate) for candidate in each.solution.equilibria]
    return sorted(spread.value for spread in found if spread is not None)


def drawn(figure: Figure) -> list[tuple[str, int]]:
    """Title of each panel, and how many equilibria are drawn in it."""
    return [
        (
            ax.get_title(loc="left"),
            sum(isinstance(bar, ErrorbarContainer) and bar[0] and bar[0].get_markersize() > 6 for bar in ax.containers),
        )
        for ax in figure.axes
    ]


def test_the_equilibrium_spread_rises_with_the_share_of_the_informed(by_share):
    for fewer, more in itertools.pairwise(by_share):
        assert spreads(fewer)[0] < spreads(more)[0]
        assert spreads(fewer)[-1] < spreads(more)[-1]


def test_the_equilibrium_spread_falls_with_the_number_of_makers_and_lies_between_the_references(by_makers):
    alone, two, three = by_makers
    assert spreads(alone)[0] > spreads(two)[-1] > spreads(two)[0] >= spreads(three)[-1]
    for each in by_makers:
        least, most = (each.effective_spread(each.references[name]) for name in ("competitive", "together"))
        assert least is not None
        assert most is not None
        assert all(least.value <= spread <= most.value for spread in spreads(each))


def test_the_mean_parameter_is_that_of_the_strategies_played(by_makers):
    two = by_makers[1]
    assert two.parameter() == "half_spread"
    pure = {plays(each): two.chosen(each, "half_spread").value for each in two.solution.equilibria if not each.mixed}
    assert pure == {"makers: three": 3.0, "makers: four": 4.0}
    mixed = next(each for each in two.solution.equilibria if each.mixed)
    shares = mixed.plays["makers"]
    assert two.chosen(mixed, "half_spread").value == pytest.approx(3 * shares["three"] + 4 * shares["four"])


@pytest.mark.parametrize(
    ("strategies", "name"),
    [
        ({"a": {"half_spread": 1.0}, "b": {"half_spread": 2.0}}, "half_spread"),
        ({"a": {"half_spread": 1.0, "quantity": 2}, "b": {"half_spread": 2.0, "quantity": 2}}, "half_spread"),
        ({"a": {"half_spread": 1.0, "quantity": 2}, "b": {"half_spread": 2.0}}, None),
        ({"a": {"sides": "buy"}, "b": {"sides": "sell"}}, None),
        ({"a": {"half_spread": 1.0}, "b": {"strategy": "mixed_strategy"}}, None),
    ],
)
def test_there_is_a_parameter_only_where_strategies_differ_in_one_number(by_makers, strategies, name):
    two = by_makers[1]
    game = MarketGame(parse({**two.scenario.given, "game": {"players": "makers", "strategies": strategies}}))
    assert replace(two, solution=replace(two.solution, game=game)).parameter() == name


def test_each_equilibrium_is_a_dot_on_either_side(by_makers):
    dots = sum(len(each.solution.equilibria) for each in by_makers)
    assert drawn(picture(by_makers)) == [("effective spread", dots), ("payoff of a player", dots)]


def test_where_the_spread_is_the_same_what_is_chosen_takes_its_place():
    found = compare(scenarios_of([SIZES], ["run.episodes=50"], "ACME.value.jump_probability=0.1,0.4"), 400)
    assert drawn(picture(found))[0][0] == "mean quantity"


def test_the_plain_data_is_json_and_complete(by_share):
    games = json.loads(json.dumps(comparison_as_json(by_share), allow_nan=False))["games"]
    assert [game["game"].rpartition("=")[2] for game in games] == ["0.05", "0.15", "0.35"]
    for game, each in zip(games, by_share, strict=True):
        assert len(game["equilibria"]) == len(each.solution.equilibria)
        for row in game["equilibria"]:
            assert row["verdict"] in {"holds", "open", "fails"}
            assert row["regret"] is None or row["regret_low"] <= row["regret"] <= row["regret_high"]
        assert game["together"]["payoff"]["makers"]["value"] >= game["competitive"]["payoff"]["makers"]["value"]


def test_welfare_is_compared_run_by_run_with_the_best_equilibrium_of_the_first_game(by_rungs):
    first = by_rungs[0].solution.equilibria
    gained = welfare_gained(by_rungs)
    assert [(each.game, each.equilibrium) for each in gained] == [
        (game, place) for game in (1, 2) for place in range(len(by_rungs[game].solution.equilibria))
    ]
    for each in gained:
        than, candidate = first[each.than], by_rungs[each.game].solution.equilibria[each.equilibrium]
        assert than.market["welfare"].value == max(one.market["welfare"].value for one in first)
        assert each.runs == min(than.runs, candidate.runs)
        before, after = mean(than.welfare[: each.runs]), mean(candidate.welfare[: each.runs])
        assert each.more.value == pytest.approx(after.value - before.value)
        # The same traders value and arrive the same, so the difference is known better than if they were others.
        assert each.more.standard_error < math.hypot(before.standard_error, after.standard_error)
        assert each.interval[0] < each.more.value < each.interval[1]


def test_more_welfare_than_in_the_first_game_stands_in_the_table_and_in_the_plain_data(by_rungs):
    screen = Console(width=80, file=StringIO(), color_system=None)
    screen.print(tables(by_rungs))
    printed = " ".join(screen.file.getvalue().split())
    assert "welfare more than at levels = 0" in printed
    games = json.loads(json.dumps(comparison_as_json(by_rungs), allow_nan=False))["games"]
    assert all("welfare_more" not in row for row in games[0]["equilibria"])
    told = [row["welfare_more"] for game in games[1:] for row in game["equilibria"]]
    for each, row in zip(welfare_gained(by_rungs), told, strict=True):
        assert plus_minus(*each.more) in printed
        assert (row["low"], row["high"]) == pytest.approx(each.interval)
        assert row["than_equilibrium"] == each.than + 1


def test_where_nobody_gains_privately_or_the_first_game_has_no_equilibrium_no_welfare_is_compared(by_rungs):
    late = compare(scenarios_of([LATE], ["run.episodes=5"], "makers.sees.delay=1,4"), 300)
    assert welfare_gained(late) == []
    empty = replace(by_rungs[0], solution=replace(by_rungs[0].solution, equilibria=[]))
    assert welfare_gained([empty, *by_rungs[1:]]) == []
    screen = Console(width=80, file=StringIO(), color_system=None)
    screen.print(tables(late))
    assert "welfare" not in screen.file.getvalue()


def without_certificates(each: Compared, *places: int) -> Compared:
    """The same game, of which some equilibria have their welfare from the runs that chose them."""
    equilibria = [
        replace(one, certificate=None) if place in places else one for place, one in enumerate(each.solution.equilibria)
    ]
    return replace(each, solution=replace(each.solution, equilibria=equilibria))


def test_welfare_on_the_seeds_that_chose_an_equilibrium_is_not_compared(by_rungs):
    first, second, third = by_rungs
    every = range(len(first.solution.equilibria))
    assert welfare_gained([without_certificates(first, *every), second, third]) == []
    gained = welfare_gained([first, without_certificates(second, 0), third])
    assert gained == [each for each in welfare_gained(by_rungs) if (each.game, each.equilibrium) != (1, 0)]
    unsure = [without_certificates(each, *range(len(each.solution.equilibria))) for each in (second, third)]
    assert welfare_gained([first, *unsure]) == []
    screen = Console(width=80, file=StringIO(), color_system=None)
    screen.print(tables([first, *unsure]))
    assert "welfare more" not in screen.file.getvalue()
    assert all(
        "welfare_more" not in row
        for game in comparison_as_json([first, *unsure])["games"]
        for row in game["equilibria"]
    )


def test_the_first_game_is_taken_at_the_best_of_its_equilibria_that_are_sure(by_rungs):
    better = by_rungs[0].solution.equilibria[0]
    worse = replace(better, market={"welfare": better.market["welfare"]._replace(value=-1e9)})
    first = replace(by_rungs[0], solution=replace(by_rungs[0].solution, equilibria=[better, worse]))
    assert {each.than for each in welfare_gained([first, *by_rungs[1:]])} == {0}
    assert {each.than for each in welfare_gained([without_certificates(first, 0), *by_rungs[1:]])} == {1}


def test_every_label_has_a_folder_of_its_own_inside_the_one_of_the_comparison():
    labels = [
        "a b",
        "a/b",
        "a-b",
        "a  b",
        ".",
        "..",
        "",
        "../a-b",
        "x" * 300,
        "x" * 301,
        "makers.count=2",
        "fine_ticks",
    ]
    names = [folder_name(label) for label in labels]
    assert len(set(names)) == len(names)
    for name in names:
        assert Path(name).name == name
        assert name.strip(".")
        assert len(name) < 200
    assert [folder_name(label) for label in ("a-b", "makers.count=2")] == ["a-b", "makers.count=2"]


OWN = """
from spreadgame.strategy import strategy

@strategy("shy", summary="never quotes")
def shy(me, market):
    pass
"""


def test_strategies_of_ones_own_are_among_those_that_are_compared(tmp_path, capsys):
    own = tmp_path / "shy.py"
    own.write_text(OWN, encoding="utf-8")
    offered = 'game.strategies={ three = { half_spread = 3.0 }, shy = { strategy = "shy" } }'
    command = [str(MAKERS), "--vary", "makers.count=1,2", "--set", offered, "--set", "run.episodes=50"]
    command += ["--budget", "120", "--workers", "1", "--out", str(tmp_path / "runs"), "--json"]
    assert main(command) == 2
    assert "there is no strategy 'shy'" in capsys.readouterr().err
    assert main([*command, "--strategies", str(own)]) == 0
    games = json.loads(capsys.readouterr().out)["games"]
    assert [{row["deviations"][0]["to"] for row in game["equilibria"]} for game in games] == [{"shy"}, {"shy"}]
    assert main([*command, "--strategies", str(tmp_path / "shi.py")]) == 2
    assert "did you mean 'shy.py'" in capsys.readouterr().err


def test_the_command_prints_eighty_columns_draws_and_goes_on_from_what_is_kept(tmp_path, capsys):
    command = [str(MAKERS), "--vary", "makers.count=1,2", *SMALL, "--out", str(tmp_path)]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines()[:-1])) <= 80
    assert "as one: seven" in printed
    assert "informed" in printed
    assert (tmp_path / "makers.png").stat().st_size > 10_000
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("makers/makers.count=*/*/chunks/*.parquet")}
    assert main([*command, "--json"]) == 0
    games = json.loads(capsys.readouterr().out)["games"]
    assert [game["game"] for game in games] == ["makers.count=1", "makers.count=2"]
    assert kept
    assert kept == {path: path.stat().st_mtime_ns for path in tmp_path.glob("makers/makers.count=*/*/chunks/*.parquet")}


def test_no_number_in_the_tables_is_broken_or_cut(by_share, by_makers):
    for found in (by_share, by_makers):
        screen = Console(width=80, file=StringIO(), color_system=None)
        screen.print(tables(found))
        printed = screen.file.getvalue()
        for each in found:
            for candidate in each.solution.equilibria:
                for value, error in candidate.market.values():
                    assert not math.isfinite(error) or f"± {error:.2g}" in printed, value


def test_two_files_lie_beside_one_another_and_the_figure_goes_where_it_is_told(tmp_path, capsys):
    files = [str(GAMES / f"{name}_ticks.toml") for name in ("fine", "coarse")]
    figure = tmp_path / "ticks.svg"
    assert main([*files, *SMALL, "--out", str(tmp_path / "runs"), "--figure", str(figure)]) == 0
    printed = capsys.readouterr().out
    assert "fine ticks" in printed
    assert "coarse" in printed
    assert figure.read_text(encoding="utf-8").startswith("<?xml")


def test_a_game_without_an_equilibrium_says_so(by_makers):
    empty = replace(by_makers[0], solution=replace(by_makers[0].solution, equilibria=[]))
    screen = Console(width=80, file=StringIO())
    screen.print(tables([empty, by_makers[2]]))
    assert "no equilibrium was found" in " ".join(screen.file.getvalue().split())
    assert drawn(picture([empty, by_makers[2]]))[0][1] == len(by_makers[2].solution.equilibria)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([str(MAKERS)], "one game is nothing to compare"),
        ([str(MAKERS), "--vary", "makers.count=2"], "write for example makers.count=1,2,3"),
        ([str(MAKERS), "--vary", "makers.count"], "write for example"),
        ([str(MAKERS), "--vary", "makers.count=2,2"], "2 is there twice"),
        ([str(MAKERS), str(SHARE), "--vary", "makers.count=1,2"], "name one"),
        ([str(MAKERS), str(MAKERS)], "there twice"),
        ([str(MAKERS), "--vary", "makers.cuont=1,2"], "did you mean 'count'"),
        ([str(MAKERS), str(QUICKSTART)], "there is none"),
        ([str(MAKERS), "no_such.toml"], "there is no such file"),
        ([str(MAKERS), str(SHARE), "--epsilon", "0"], "above 0"),
        ([str(MAKERS), str(SHARE), "--epsilon", "nan"], "'nan' is not a number"),
        ([str(MAKERS), str(SHARE), "--workers", "0"], "at least one"),
        ([str(MAKERS), str(SHARE), "--budget", "5"], "makers: 5 runs are too few"),
        ([str(MAKERS), str(SHARE), "--budget", "0"], "--budget 0: a game has from 1 to 1,000,000,000 runs"),
        ([str(MAKERS), str(SHARE), "--budget", "99999999999999999999"], "--budget 99999999999999999999: a game has"),
        ([str(MAKERS), str(SHARE), "--set", f"run.seed={2**63 - 1}"], "run.seed"),
        ([str(MAKERS), str(SHARE), "--figure", "figure.txt"], "a figure is a picture"),
        ([str(MAKERS), str(SHARE), "--figure", "no/folder/figure.png"], "there is no folder"),
    ],
)
def test_bad_input_is_one_clear_error(arguments, said, tmp_path, capsys):
    try:
        code = main([*arguments, "--out", str(tmp_path)])
    except SystemExit as end:  # a number that the option itself does not take
        code = end.code
    assert code == 2
    told = capsys.readouterr()
    assert said in told.err
    assert told.out == ""


def test_nothing_to_compare_or_to_draw_is_the_programmers_mistake():
    with pytest.raises(ValueError, match="no games to compare"):
        compare({})
    with pytest.raises(ValueError, match="no games to draw"):
        picture([])


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path):
    other = tmp_path / "makers.toml"
    other.write_text(MAKERS.read_text(encoding="utf-8"), encoding="utf-8")
    assert len(scenarios_of([MAKERS, other])) == 2


def test_what_never_varies_is_not_known_and_what_is_at_the_edge_is_said(tmp_path, capsys):
    """A maker alone: what it would gain by another spread is the same in every run, on common seeds."""
    files = [str(GAMES / "undercutting.toml"), "--vary", "makers.count=1,2", *SMALL, "--out", str(tmp_path)]
    assert main(files) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "not known not sure" in printed
    assert "count 1, equilibrium 1: what a deviation to zero gains is the same in all of" in printed
    assert "count 1, equilibrium 1: half_spread 5 is the largest of your choices: what lies above" in printed
    assert main([*files, "--json"]) == 0
    alone, two = json.loads(capsys.readouterr().out)["games"]
    (only,) = alone["equilibria"]
    assert (only["verdict"], only["regret_high"]) == ("open", None)
    assert "the same in all of" in only["reason"]
    assert all(each["gain"]["standard_error"] is None for each in only["deviations"])
    assert all(each["reason"] is None and each["regret_high"] is not None for each in two["equilibria"])


def test_welfare_that_is_more_by_the_same_in_nearly_all_runs_has_no_interval(by_rungs):
    first, second = by_rungs[0], by_rungs[1]
    before = first.solution.equilibria[0]
    steady = replace(second.solution.equilibria[0], welfare=before.welfare + 3.0)
    game = replace(second, solution=replace(second.solution, equilibria=[steady]))
    alone = replace(first, solution=replace(first.solution, equilibria=[before]))
    (gained,) = welfare_gained([alone, game])
    assert gained.more.value == pytest.approx(3.0)
    told = gained.as_json()
    assert (told["standard_error"], told["low"], told["high"]) == (None, None, None)
    assert "too few of" in told["reason"]
    screen = Console(width=80, file=StringIO(), color_system=None)
    screen.print(tables([alone, game]))
    assert "not known" in screen.file.getvalue()
