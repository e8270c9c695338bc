"""What `import spreadgame as sg` gives."""

from __future__ import annotations

import subprocess
import sys

import pytest

import spreadgame as sg
from tests.command_line import MARKET, QUICKSTART, environment


def loaded(code: str) -> set[str]:
    """The modules in memory after a piece of code, in a process of its own."""
    answer = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        env=environment(), capture_output=True, text=True, encoding="utf-8", check=True,
    )  # fmt: skip
    return set(answer.stdout.split())


def test_importing_costs_nothing():
    heavy = {"numba", "numpy", "pandas", "pyarrow", "mesa", "scipy", "matplotlib", "pydantic", "rich"}
    assert not (heavy | {"sim", "analysis"}) & loaded("import spreadgame as sg; dir(sg); sg.__all__; sg.__doc__")


def test_reading_a_scenario_needs_no_tables_and_opening_a_run_no_engine(tmp_path):
    folder = sg.run(QUICKSTART, overrides={"run.steps": 5}, out=tmp_path).folder
    assert not {"pyarrow", "pandas", "mesa", "matplotlib", "sim.kernel.kernel"} & loaded(
        f"import spreadgame as sg; sg.load({str(QUICKSTART)!r})"
    )
    opened = f"import spreadgame as sg; sg.open_run({str(folder)!r}).table('trades')"
    assert not {"numba", "mesa", "matplotlib", "sim.kernel.kernel"} & loaded(opened)


def test_every_name_is_there():
    for name in sg.__all__:
        assert getattr(sg, name) is not None
    assert set(dir(sg)) == set(sg.__all__)
    with pytest.raises(AttributeError, match="no attribute 'rnu'"):
        sg.rnu  # noqa: B018


def test_a_scenario_is_loaded_and_run(tmp_path):
    scenario = sg.load(QUICKSTART, seed=5, overrides={"run.steps": 20})
    assert (scenario.run.seed, scenario.run.steps) == (5, 20)
    run = sg.run(scenario)
    assert run.folder is None
    assert run.manifest["seed"] == 5
    twin = sg.run(str(QUICKSTART), seed=5, overrides=["run.steps=20"], out=str(tmp_path))
    assert twin.folder == tmp_path / "quickstart-seed5"
    assert twin.trades.equals(run.trades)
    other = sg.run(scenario, seed=0, overrides={"run.steps": 30}, out=tmp_path)
    assert other.folder == tmp_path / "quickstart-seed0"
    assert other.manifest["steps"] == 30
    assert sg.open_run(twin.folder).trades.equals(run.trades)
    for table in ("trades", "book", "agents", "episodes", "summary"):
        assert len(getattr(run, table)) > 0


def test_a_scenario_from_text_and_strategies_of_ones_own(tmp_path):
    mine = tmp_path / "mine.py"
    mine.write_text(
        "from spreadgame.strategy import strategy\n"
        "@strategy('idle', summary='does nothing', max_messages=0)\n"
        "def idle(me, market):\n    pass\n",
        encoding="utf-8",
    )
    path = tmp_path / "market.toml"
    path.write_text(MARKET.replace('"noise"\nturn', '"idle"\nturn'), encoding="utf-8")
    run = sg.run(path, strategies=mine, out=tmp_path)
    assert run.manifest["trades"] == 0
    assert run.trades.empty
    assert [found.name for found in sg.load_strategies(mine)] == ["idle"]


def test_errors_are_of_one_kind(tmp_path):
    for error in (sg.ScenarioError, sg.StrategyError, sg.RunError, sg.ReplayError):
        assert issubclass(error, sg.SpreadgameError)
    with pytest.raises(sg.ScenarioError, match="no such file"):
        sg.run(tmp_path / "gone.toml")
    with pytest.raises(sg.StrategyError, match="no such file"):
        sg.run(QUICKSTART, strategies=[tmp_path / "gone.py"])
    (tmp_path / "file").touch()
    with pytest.raises(sg.RunError, match="is a file, not a folder"):
        sg.run(QUICKSTART, out=tmp_path / "file")
    with pytest.raises(sg.ReplayError, match="cannot be read"):
        sg.replay(tmp_path / "gone.csv", tmp_path / "gone.csv")


def test_a_full_disk_is_an_error_from_python(tmp_path, monkeypatch):
    import shutil
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    free = [2**30, 0, 0]
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(2**30, 0, free.pop(0)))
    with pytest.raises(sg.RunError, match=r"disk full: only 0\.0 MiB are left after"):
        sg.run(QUICKSTART, out=tmp_path)
    assert sg.open_run(tmp_path / "quickstart-seed1").status == "interrupted"
