"""The folder of ``spreadgame solve``: whose it is, and what is written into it beside the runs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.core.errors import RunError
from sim.kept.claim import claimed_place, holds_nothing
from sim.kept.sealed import LOG, is_whole, sealed_json, was_sealed, write_whole

if TYPE_CHECKING:
    from analysis.games.empirical.solution import Solution

_KEPT, _RUNS = "equilibria.json", "sweep.json"
_MARKS = {"holds": "", "open": "?", "fails": "!"}  # behind the number of an equilibrium in the picture


@contextmanager
def folder_of(given: argparse.Namespace, digest: str) -> Iterator[Path]:
    """Where runs and answer go: nothing is written over what was found of another game."""
    out: Path | None = given.out
    if out is not None:
        if out.exists() and not out.is_dir():
            raise RunError(f"--out {out}: this is a file — name a folder")
        if not holds_nothing(out) and not any(out.glob(f"*-1/{_RUNS}")) and not (out / _KEPT).exists():
            raise RunError(
                f"--out {out}: this folder holds other things than a solved game — name another, or a new one"
            )

    def refused(place: Path) -> RunError | None:
        if not is_of_another(place, digest):
            return None
        return RunError(
            f"{place / _KEPT}: this is of another game than {given.scenario} as it is now, with what --set changes — "
            "name another folder with --out"
        )

    usual = Path("runs") / f"{given.scenario.stem}-game"
    with claimed_place(out or usual, digest, refused, elsewhere=out is None) as place:
        yield place


def is_of_another(out: Path, digest: str) -> bool:
    """Whether a folder has the answer of another game; one that is damaged, or does not say of which, is no loss."""
    try:
        content = (out / _KEPT).read_bytes()
        if was_sealed(content) and not is_whole(content):
            LOG.warning("%s: damaged, so made again", out / _KEPT)
            return False
        return bool(json.loads(content)["scenario"] != digest)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def keep(out: Path, told: dict[str, Any], found: Solution, title: str) -> Path | None:
    """Write what was found beside the runs, with a picture unless there is nothing to draw."""
    from analysis.games.output.as_json import mixtures_of, verdicts_of
    from analysis.games.output.game_pictures import game_picture
    from analysis.output.style import save_figure, style

    picture = out / "game.png"
    try:
        write_whole(out / _KEPT, sealed_json(told, allow_nan=False))
        if max(len(role.strategies) for role in found.table.roles) < 2:
            picture.unlink(missing_ok=True)  # of an earlier solution
            return None
        with style():
            mixtures, _ = mixtures_of(found, apart=True)
            players = {role.name: role.players for role in found.game.whole}
            marks = [f"{name}{_MARKS[verdict]}" for name, verdict in verdicts_of(found, apart=True).items()]
            drawn = game_picture(found.table, mixtures, title, marks, players)
            save_figure(drawn, picture)
    except OSError as error:
        raise RunError(f"{out}: what was found cannot be written ({error.strerror or error})") from error
    return picture
