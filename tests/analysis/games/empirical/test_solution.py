"""Solving a scenario's game by running it: the reference games, what is sure, what is kept, and the command."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from analysis.games.empirical.market import MarketGame
from analysis.games.empirical.solution import solve
from sim.core.errors import RunError, ScenarioError
from sim.scenario import load, parse
from spreadgame.commands.parser import main
from tests.places import ROOT

SPREAD_GAME = ROOT / "scenarios" / "spread_game.toml"
ELASTIC = ROOT / "scenarios" / "theory" / "elastic_spread_game.toml"
QUIET = {"record.trades": False, "record.levels": 0, "record.agents": "none"}
TYPED = ["--set", "run.episodes=200", "--set", "record.trades=false", "--set", "record.levels=0", "--workers", "1"]


def elastic(makers: int, episodes: int = 300):
    offered = {f"s{spread}": {"half_spread": float(spread)} for spread in range(11)}
    given = load(ELASTIC, {"run.episodes": episodes, "maker.count": makers, **QUIET}).given
    return parse({**given, "game": {"players": "maker", "strategies": offered}})


def test_the_reference_game_has_its_two_pure_equilibria_and_its_mixture_with_no_regret_that_is_sure():
    found = solve(load(SPREAD_GAME, {"run.episodes": 400, **QUIET}), budget=3_000, epsilon=0.03)
    assert found.complete == "proved"
    plays = [each.plays["first and second"] for each in found.equilibria]
    assert {"two": 1.0} in plays
    assert {"three": 1.0} in plays
    mixture = next(each for each in plays if len(each) == 2)
    assert mixture == pytest.approx({"two": 0.5, "three": 0.5}, abs=0.05)
    for each in found.equilibria:
        assert each.certificate is not None
        assert each.certificate.low == pytest.approx(0.0, abs=0.01 if each.mixed else 0.0)
        assert each.certificate.high < 0.03
        assert each.verdict(found.epsilon) == "holds"
        expected = {1: {"two": 0.25, "three": 0.75}.get(next(iter(each.plays["first and second"]))), 2: 0.375}
        paid = each.payoffs["first and second"]
        assert abs(paid.value - expected[len(each.plays["first and second"])]) <= 4 * paid.standard_error + 0.01
    assert found.together.plays["first and second"] == {"five": 1.0}
    assert found.competitive is not None
    assert found.competitive.plays["first and second"] == {"two": 1.0}
    assert found.runs <= 3_000


def test_the_elastic_game_has_one_equilibrium_and_a_monopolist_quotes_three_times_as_wide():
    two, alone = solve(elastic(2), budget=2_400), solve(elastic(1), budget=600)
    assert [each.plays["maker"] for each in two.equilibria] == [{"s2": 1.0}]
    assert two.equilibria[0].verdict(two.epsilon) == "holds"
    assert [each.plays["maker"] for each in alone.equilibria] == [{"s6": 1.0}]


def test_players_of_several_roles_have_mixtures_too():
    scenario = load(SPREAD_GAME, {"run.episodes": 200, "second.params.inventory_skew": 0.001, **QUIET})
    found = solve(scenario, budget=1_200, epsilon=0.1)
    assert found.complete in ("proved", "index")
    assert any(each.mixed for each in found.equilibria)
    assert {"first": {"two": 1.0}, "second": {"two": 1.0}} in [each.plays for each in found.equilibria]
    assert all(set(each.plays) == {"first", "second"} for each in found.equilibria)


def test_a_kept_game_is_not_run_again_and_comes_to_the_same(tmp_path):
    scenario = load(SPREAD_GAME, {"run.episodes": 50, **QUIET})
    made = []

    def watch(name):
        return lambda standing: made.append(standing.runs - standing.found)

    first = solve(scenario, budget=1_000, out=tmp_path, watch=watch)
    assert max(made) > 0
    made.clear()
    second = solve(scenario, budget=1_000, out=tmp_path, watch=watch)
    assert not any(made)
    assert [each.certificate for each in first.equilibria] == [each.certificate for each in second.equilibria]


def test_workers_change_nothing():
    scenario = load(SPREAD_GAME, {"run.episodes": 50, **QUIET})
    one, two = (solve(scenario, budget=700, workers=workers) for workers in (1, 2))
    assert [each.certificate for each in one.equilibria] == [each.certificate for each in two.equilibria]


def test_too_small_a_budget_and_no_game_are_said():
    with pytest.raises(RunError, match="at least 336 are needed"):
        solve(load(SPREAD_GAME), budget=100, search="all")
    with pytest.raises(RunError, match="at least 96 are needed for players who all do the same and one who does not"):
        solve(load(SPREAD_GAME), budget=90, search="needed")
    with pytest.raises(ScenarioError, match=r"run\.seed: .* leaves no seeds beyond it"):
        solve(load(SPREAD_GAME, seed=2**63 - 10))
    with pytest.raises(ScenarioError, match="there is none"):
        solve(load(ROOT / "scenarios" / "quickstart.toml"))


def test_the_command_prints_the_equilibria_and_json_has_what_programs_want(tmp_path, capsys):
    line = ["solve", str(SPREAD_GAME), *TYPED, "--budget", "1500", "--epsilon", "0.05", "--out", str(tmp_path)]
    with pytest.raises(SystemExit) as ended:
        main(line)
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "holds" in shown
    assert "cannot be invaded" in shown
    assert "transfers only" in shown
    assert (tmp_path / "game.png").stat().st_size > 10_000
    assert "just without a loss" in shown
    assert max(map(len, shown.splitlines())) <= 80 + len(str(tmp_path))
    with pytest.raises(SystemExit):
        main([*line, "--json"])
    told = json.loads(capsys.readouterr().out)
    assert {"equilibria", "runs", "complete"} <= set(told)
    assert {"strategies", "payoff", "regret", "regret_low", "regret_high"} <= set(told["equilibria"][0])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--budget", "10"], "too few"),
        (["--epsilon", "0"], "above 0"),
        (["--workers", "0"], "at least one"),
        (["--set", "nobody.count=2"], "nobody"),
    ],
)
def test_bad_input_is_one_error_and_exit_code_2(tmp_path, capsys, more, said):
    with pytest.raises(SystemExit) as ended:
        main(["solve", str(SPREAD_GAME), "--out", str(tmp_path / "game"), *more])
    shown = capsys.readouterr()
    assert (ended.value.code, shown.out) == (2, "")
    assert said in shown.err
    assert "Traceback" not in shown.err


PAGE = (ROOT / "docs" / "equilibria.md").read_text(encoding="utf-8")


def test_the_pages_python_runs(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    code = re.search(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]
    exec(compile(code, "equilibria.md", "exec"), {"__name__": "equilibria"})
    assert "makers: three" in capsys.readouterr().out


def test_what_the_page_writes_into_a_scenario_is_a_game():
    given = load(ROOT / "scenarios" / "quickstart.toml").given
    given = {key: value for key, value in given.items() if key != "dashboard"}  # it names what another strategy lacks
    makers = next(each for each in given["populations"] if each["name"] == "makers")
    makers = {**makers, "strategy": "fixed_spread", "params": {}}
    others = [each for each in given["populations"] if each["name"] != "makers"]
    for block in re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[:2]:
        game = {"players": "makers", **tomllib.loads(block)["game"]}
        assert len(MarketGame(parse({**given, "populations": [makers, *others], "game": game})).roles[0].strategies) > 1


def test_numbers_that_were_tried_and_did_not_join_are_no_reference():
    """Of a range many numbers are run; what is said of profiles is of those that may be chosen."""
    given = load(ROOT / "scenarios" / "games" / "makers.toml", {"venues.lit.tick_size": 0.01}).given
    ranges = {"half_spread": {"low": 3.0, "high": 9.0}}
    found = solve(parse({**given, "game": {"players": "makers", "ranges": ranges}}), 1_000, epsilon=0.1)
    known = set(found.game.roles[0].strategies)
    for each in (found.together, found.competitive, found.efficient):
        assert each is not None
        assert set(each.plays["makers"]) <= known


def test_no_role_loses_where_it_is_said_that_there_is_no_loss():
    text = (ROOT / "scenarios" / "games" / "makers.toml").read_text(encoding="utf-8")
    given = tomllib.loads(text)
    game = {
        "players": ["makers", "informed"],
        "strategies": {
            "narrow": {"players": "makers", "half_spread": 1.0},
            "wide": {"players": "makers", "half_spread": 4.0},
            "one": {"players": "informed", "quantity": 1},
            "two": {"players": "informed", "quantity": 2},
        },
    }
    found = solve(parse({**given, "game": game}), 800)
    assert [role.name for role in found.game.roles] == ["makers", "informed"]
    assert found.competitive is not None
    assert all(paid.value >= -4 * paid.standard_error for paid in found.competitive.payoffs.values())
    assert found.competitive.plays["makers"] == {"wide": 1.0}
