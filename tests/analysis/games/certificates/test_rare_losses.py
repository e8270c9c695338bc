"""Losses that few runs meet: nothing is said to hold, or to be certain, because no run met one.

The quick cases are fixed, the slow ones are drawn: probability and size of the jump, episodes, seeds, budgets, and
whether payoffs vary without a jump too.

Seen over the hundred: of 170 equilibria 14 were said to hold, all rightly, and 156 were not sure.
"""

from __future__ import annotations

import json
import math

import pytest

from analysis.games.empirical.solution import Solution, solve
from analysis.games.output.as_json import selection_of, solution_as_json
from spreadgame.commands.parser import main
from tests.markets.rare_losses import SCENARIO, RareLoss, drawn

EPSILON = 0.2


def solved(case: RareLoss, budget: int) -> Solution:
    found = solve(case.scenario(), budget, EPSILON)
    told = solution_as_json(found, selection_of(found)[0])
    for row in json.loads(json.dumps(told, allow_nan=False))["equilibria"]:
        assert (row["regret_high"] is None) <= (row["reason"] is not None) or row["runs"] == 0
    return found


def wrong(case: RareLoss, found: Solution) -> list[str]:
    """Verdicts that are not true."""
    told = [(each, each.verdict(EPSILON), case.regret(each)) for each in found.equilibria]
    return [
        f"{each.plays} {verdict}, a deviation gains {true:.3g}"
        for each, verdict, true in told
        if (verdict == "holds" and true > EPSILON) or (verdict == "fails" and true <= EPSILON)
    ]


@pytest.mark.parametrize(
    ("case", "budget"),
    [
        (RareLoss(), 400),
        (RareLoss(chance=0.001, size=3_000.0), 400),
        (RareLoss(seed=7), 300),
        (RareLoss(buying=0.6), 400),  # payoffs vary, and not by what matters
        (RareLoss(chance=0.004, size=750.0, up=0.5), 300),
        (RareLoss(chance=0.0005, size=6_000.0, episodes=20), 250),
    ],
)
def test_no_equilibrium_holds_because_no_run_met_the_loss(case, budget):
    assert case.regret_alone("one") > EPSILON
    found = solved(case, budget)
    assert found.equilibria
    assert wrong(case, found) == []
    assert not any(each.verdict(EPSILON) == "holds" for each in found.equilibria)
    assert all(each.doubt or each.certificate is None for each in found.equilibria)


@pytest.mark.slow
def test_of_a_hundred_games_drawn_none_has_an_equilibrium_that_is_said_to_hold_and_does_not():
    found = [(number, wrong(case, solved(case, budget))) for number in range(100) for case, budget in [drawn(number)]]
    assert [each for each in found if each[1]] == []


def test_where_the_loss_is_met_often_enough_the_true_equilibria_hold():
    case = RareLoss(chance=0.05, size=60.0, episodes=400)
    found = solved(case, 1_000)
    assert wrong(case, found) == []
    assert "holds" in [each.verdict(EPSILON) for each in found.equilibria]


def test_with_bounds_of_payoffs_there_is_an_end_and_it_is_far():
    found = solve(RareLoss().scenario(), 400, EPSILON, payoff_bounds=(-1_500.0, 4.0))
    for each in found.equilibria:
        assert each.certificate is not None
        assert each.verdict(EPSILON) == "open"
        assert math.isfinite(each.certificate.high)
        assert each.certificate.high > RareLoss().regret(each)
        assert each.doubt is None


def test_the_command_says_what_is_not_known_and_writes_json(tmp_path, capsys):
    path = tmp_path / "rare_loss.toml"
    path.write_text(SCENARIO, encoding="utf-8")
    typed = ["solve", str(path), "--budget", "400", "--epsilon", "0.2", "--workers", "1"]
    typed += ["--out", str(tmp_path / "game")]
    with pytest.raises(SystemExit) as ended:
        main(typed)
    assert ended.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "not known" in shown
    assert "not sure of 1: in" in shown
    assert "a jump of ACME (ACME.value.jump_probability) is expected" in shown
    assert "--payoff-bounds LOW HIGH bounds it" in shown
    assert "the table of mean payoffs, and what is said of it, knows little of a jump of ACME" in shown
    assert "invaded, if" in shown
    assert "cannot be invaded:" not in shown
    assert " holds" not in shown.replace("it holds", "")
    assert " inf" not in shown.replace(" informed", "")
    with pytest.raises(SystemExit):
        main([*typed, "--json"])
    told = json.loads(capsys.readouterr().out, parse_constant=lambda token: pytest.fail(f"{token} is not JSON"))
    assert told["table"]["too_rare"][0]["expected"] < 8
    for row in told["equilibria"]:
        assert row["verdict"] == "open"
        assert row["regret_high"] is None
        assert "jump_probability" in row["reason"]
        assert all(paid["standard_error"] is None for paid in row["payoff"].values())
    assert {each["verdict"] for each in told["selection"]["equilibria"]} == {"open"}
