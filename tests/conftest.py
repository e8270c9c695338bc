from __future__ import annotations

from pathlib import Path

import pytest

from analysis.recorded.files import data_folder as recorded_folder
from sim.errors import RunError


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of recorded market data: SPREADGAME_DATA, or shared/data beside the repository."""
    try:
        return recorded_folder()
    except RunError as error:
        pytest.skip(str(error))
