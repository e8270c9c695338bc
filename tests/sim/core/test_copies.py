"""A copy of a book or of a market goes its own way: the original does not notice."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import spreadgame as sg
from sim.mesa_model.trader import Trader
from tests.places import ROOT

COPIES = {
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    "pickle": lambda one: pickle.loads(pickle.dumps(one)),
}


@pytest.fixture(params=COPIES)
def copied(request: pytest.FixtureRequest) -> Any:
    return COPIES[request.param]


def test_a_copy_of_a_book_takes_its_own_messages(copied: Any) -> None:
    book = sg.OrderBook(keep_log=True)
    book.enter(0, "limit", 1, 100, 5)
    book.enter(1, "market", -1, 0, 1)
    other = copied(book)
    other.enter(1, "limit", 1, 101, 7)
    other.enter(0, "limit", -1, 90, 7)
    assert book.queue(1)[:, :2].tolist() == [[100, 4]]
    assert other.queue(1)[:, :2].tolist() == [[100, 4]]
    assert [len(book.trades()), len(other.trades())] == [1, 2]
    assert [len(book.messages()), len(other.messages())] == [2, 4]


def market(agents: dict[str, type[Trader]] | None = None) -> sg.Market:
    return sg.Market("scenarios/quickstart.toml", overrides={"run.steps": 60}, agents=agents)


def test_a_copy_of_a_market_goes_its_own_way_to_the_same_end(copied: Any) -> None:
    model = market()
    model.population("makers")  # looked at, as a class of its own
    for _ in range(20):
        model.step()
    other = copied(model)
    other.run_model()
    assert (model.now, other.now) == (20, 60)
    assert model.running
    model.run_model()
    assert model.result().trades.equals(other.result().trades)
    assert model.population("makers").get("inventory") == other.population("makers").get("inventory")
    assert [each.row for each in other.population("makers")] == [0, 1]


class Looker(Trader):
    """Tries in a copy of the market what a step would bring, before it acts."""

    ahead: list[int]

    def step(self) -> None:
        if self.model.now == 5 and not hasattr(self, "ahead"):
            other = copy.deepcopy(self.model)
            before = self.model.world.clock[0].copy()
            while other.now < 8:
                other.step()
            assert self.model.world.clock[0] == before
            self.ahead = [other.now, self.model.now]
        self.limit_order(1, 9_000, 1, lifetime=1)


def test_an_agent_can_look_ahead_in_a_copy() -> None:
    model = market({"noise": Looker})
    while model.now < 7:
        model.step()
    looked = [each.ahead for each in model.population("noise") if hasattr(each, "ahead")]
    assert looked
    assert looked[0] == [8, 5]


def test_agents_of_a_copy_act_in_the_copy(copied: Any) -> None:
    model = market({"informed": Looker})
    model.step()
    other = copied(model)
    other.run_model()
    assert all(each.model is other for each in other.population("informed"))
    assert all(each.model is model for each in model.population("informed"))
    assert model.now == 1


def test_what_was_saved_goes_on_in_another_process(tmp_path: Path) -> None:
    book, model = sg.OrderBook(), market()
    book.enter(0, "limit", 1, 100, 5)
    for _ in range(20):
        model.step()
    saved = tmp_path / "saved.pickle"
    saved.write_bytes(pickle.dumps((book, model)))
    model.run_model()
    code = (
        "import pickle, sys; from pathlib import Path\n"
        f"book, model = pickle.loads(Path({str(saved)!r}).read_bytes())\n"
        "book.enter(1, 'market', -1, 0, 2)\n"
        "model.run_model()\n"
        "print(book.queue(1)[:, :2].tolist(), len(model.result().trades), model.result().trades['price'].sum())\n"
    )
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    trades = model.result().trades
    assert done.stdout.strip() == f"[[100, 3]] {len(trades)} {trades['price'].sum()}", done.stderr


def test_the_seed_can_have_the_name_it_has_in_mesa() -> None:
    assert sg.Market("scenarios/quickstart.toml", rng=42).setup.run.seed == 42
    with pytest.raises(TypeError, match="rng must be a whole number, not 'x'"):
        sg.Market("scenarios/quickstart.toml", rng="x")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not both"):
        sg.Market("scenarios/quickstart.toml", seed=1, rng=2)
