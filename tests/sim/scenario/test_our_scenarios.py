"""Every scenario that ships opens with its question, runs, and keeps the ledger whole."""

from pathlib import Path

import pytest

import spreadgame as sg
from sim.scenario import dump_toml
from tests.places import ROOT

SCENARIOS = sorted((ROOT / "scenarios").glob("**/*.toml"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_it_opens_with_its_question(path):
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert lines[0].startswith("title = ")
    assert lines[1].startswith("question = ")
    assert lines[1].endswith('?"')


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_it_runs_and_somebody_trades(path):
    episodes = min(sg.load(path).run.episodes, 5)
    run = sg.run(path, overrides={"run.steps": fewer_steps(path, 300), "run.episodes": episodes} | short(path))
    assert run.status == "complete"
    assert run.manifest["trades"] > 0
    forgiven = run.episodes["forgiven"].sum() if run.scenario.margin else 0.0  # the account default lost it
    assert run.episodes["payoff"].sum() == pytest.approx(
        gained_on_endowments(run) - run.episodes["fees"].sum() + forgiven, abs=1e-5
    )


def gained_on_endowments(run: sg.Run) -> float:
    """What lots that were there at first came to: nobody in the market lost it."""
    found = 0.0
    for instrument in run.scenario.instruments:
        held = sum(each.count * run.scenario.endowed(each, instrument.name) for each in run.scenario.populations)
        rows = run.settlements[(run.settlements["instrument"] == instrument.name).to_numpy(bool)]
        found += held * instrument.lot_size * float((rows["price"] - rows["initial"]).sum())
    return found


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_folder_of_each_can_be_opened_again(path: Path, tmp_path: Path):
    overrides = {"run.steps": fewer_steps(path, 60), "run.episodes": 1} | short(path)
    run = sg.run(path, overrides=overrides, out=tmp_path)
    assert dump_toml(sg.open_run(run.folder).scenario) == dump_toml(run.scenario)


def fewer_steps(path: Path, most: int) -> int:
    """So many steps at most, or those until the last derivative expires."""
    given = sg.load(path)
    expiries = [getattr(each.derivative, "expiry", 0) for each in given.instruments]
    return min(given.run.steps, max(most, *expiries))


def short(path: Path) -> dict:
    """A shorter run needs its shocks within it."""
    return {"ACME.shocks": []} if path.stem == "shock" else {}


def test_the_arbitrageur_holds_the_two_books_together():
    path = next(path for path in SCENARIOS if path.stem == "two_books")
    gaps = []
    for count in ("arbitrageur", "noise"):
        overrides = {"run.steps": 5_000}
        if count == "noise":  # nobody trades the books against each other
            overrides["arbitrageur.params.least_gain"] = 1e9
        book = sg.run(path, overrides=overrides).book
        mids = book.assign(mid=(book["bid"] + book["ask"]) / 2).pivot(index="step", columns="venue", values="mid")
        gaps.append((mids["main"] - mids["rival"]).abs().mean())
    held, free = gaps
    assert held < 0.06  # two half-spreads of 0.03; fees of 0.02 are the taker's
    assert free > 5 * held
