from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of recorded market data: SPREADGAME_DATA, or shared/data beside the repository."""
    folder = Path(os.environ.get("SPREADGAME_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no recorded data: SPREADGAME_DATA is not set to a folder and {folder} does not exist")
    return folder
