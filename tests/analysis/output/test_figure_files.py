"""A figure that cannot be written is refused before anything is computed."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.output.figure_files import check_figure
from sim.core.errors import RunError


def test_a_place_that_takes_a_figure_is_left_as_it_was(tmp_path: Path) -> None:
    check_figure(tmp_path / "figure.png")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_takes_none_is_told_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, said in (
        (tmp_path / "none" / "figure.png", "there is no folder"),
        (tmp_path, "this is a folder"),
        (tmp_path / "figure.gif", "end its name in .png, .svg, .pdf"),
        (Path("/proc/figure.png"), "nothing can be written in /proc"),
    ):
        if path.parent != Path("/proc") or path.parent.is_dir():
            with pytest.raises(RunError, match=said):
                check_figure(path)

    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("analysis.output.figure_files.TemporaryFile", full)
    with pytest.raises(RunError, match=r"No space left on device\) — choose another place"):
        check_figure(tmp_path / "figure.png")
