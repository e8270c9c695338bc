from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from analysis.recorded.files import data_folder as recorded_folder
from sim.core.errors import RunError
from tests.command_line import end_started

# The same examples in every run, however busy the machine is: a test that fails has found something.
settings.register_profile("the same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("the same")

# Tests that need no engine, and take a minute: what it takes to compile the engine.
WITHOUT_ENGINE = tuple(
    f"tests/{room}/"
    for room in (
        "analysis/games/dynamics",
        "analysis/games/solvers",
        "analysis/games/tables",
        "analysis/stats",
        "sim/models",
    )
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """While one of two workers compiles the engine, the other begins its half with what needs none."""
    if hasattr(config, "workerinput"):
        plain = [item for item in items if item.nodeid.startswith(WITHOUT_ENGINE)]
        others = [item for item in items if not item.nodeid.startswith(WITHOUT_ENGINE)]
        half = len(items) // 2
        items[:] = [*others[:half], *plain, *others[half:]]


@pytest.fixture(autouse=True)
def _nothing_goes_on() -> Iterator[None]:
    """A process that a failed test leaves behind would keep the others from their work."""
    yield
    end_started()


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of recorded market data: SPREADGAME_DATA, or shared/data beside the repository."""
    try:
        return recorded_folder()
    except RunError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def restless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a strategy of one's own, made known."""
    from sim.strategy_kit.loading.files import load_file
    from tests.markets.rich_market import RESTLESS

    path = tmp_path_factory.mktemp("strategies") / "restless.py"
    path.write_text(RESTLESS, encoding="utf-8")
    load_file(path)
    return path
