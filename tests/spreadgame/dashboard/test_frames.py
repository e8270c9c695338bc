"""What a page is told of a market, beyond what the server's tests see of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.scenario import load
from sim.session.market_in_progress import MarketInProgress
from sim.strategy_kit.loading.files import load_file
from spreadgame.dashboard.frames import Frames, is_maker
from tests.command_line import FAILING, QUICKSTART
from tests.places import ROOT, SCENARIOS


@pytest.mark.parametrize(
    ("strategy", "makes"), [("adaptive", True), ("option_maker", True), ("noise", False), ("arbitrageur", False)]
)
def test_makers_are_told_from_others(strategy: str, makes: bool) -> None:
    assert is_maker(strategy) == makes


def test_a_users_strategy_is_a_maker_if_its_orders_may_rest_alone(tmp_path: Path) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    penny_jumper = text.partition("```python\n")[2].partition("```")[0]
    for name, code in (("jumper", penny_jumper), ("fails", FAILING)):
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
        load_file(tmp_path / f"{name}.py")
    assert is_maker("penny_jumper")
    assert not is_maker("fails")


def test_few_makers_are_shown_one_by_one() -> None:
    market = MarketInProgress(load(QUICKSTART))
    market.step(50)
    makers, noise, _ = Frames(market).frame(False, 0.0)["populations"]
    assert len(makers["members"]) == 2
    assert sum(each["ACME"] for each in makers["members"]) == makers["inventory"]["ACME"]
    assert "members" not in noise


def test_trades_name_who_bought_and_count_steps_over_all_episodes() -> None:
    market = MarketInProgress(load(SCENARIOS / "two_books.toml", {"run.steps": 100, "run.episodes": 2}))
    market.step(150)
    frame = Frames(market).frame(True, 5.0)
    steps = [each["step"] for each in frame["tape"]]
    assert steps == sorted(steps)
    assert steps[-1] > 100
    names = {each.name for each in market.scenario.populations}
    assert {each[who] for each in frame["tape"] for who in ("buyer", "seller")} <= names
    assert {each["venue"] for each in frame["tape"]} == {each.name for each in market.scenario.venues}
    assert (frame["episode"], frame["step"], frame["steps"]) == (1, 150, 200)


def test_a_trade_stands_where_its_line_begins_and_adverse_selection_is_told_per_trade() -> None:
    market = MarketInProgress(load(QUICKSTART))
    frames = Frames(market)
    frames.history.advance(1, 1, 0.0)
    frame = frames.frame(False, 0.0)
    assert [each["step"] for each in frame["tape"]] == [each["step"] for each in frame["history"]] == [1]
    frames.history.advance(300, 300, 0.0)
    frame = frames.frame(False, 0.0)
    lost = -frame["populations"][0]["adverse_selection"]
    assert frame["adverse_per_trade"] == pytest.approx(lost / frame["trades"])
    several = MarketInProgress(load(SCENARIOS / "two_books.toml", {"run.steps": 100}))
    several.step(50)
    assert Frames(several).frame(False, 0.0)["adverse_per_trade"] is None


def test_who_paid_whom_names_fees_of_the_venue() -> None:
    market = MarketInProgress(load(SCENARIOS / "two_books.toml", {"run.steps": 300}))
    market.step(300)
    paid = Frames(market).frame(False, 0.0)["paid"]
    assert any(each["payee"].startswith("fees ") for each in paid)
    pairs = [(each["payer"], each["payee"]) for each in paid]
    assert len(set(pairs)) == len(pairs)
    assert all(each["amount"] > 0 for each in paid)
