"""The scenarios that come with Spreadgame, by the names under which the page and the commands know them."""

from __future__ import annotations

from pathlib import Path

import spreadgame


def scenario_folder() -> Path:
    """The folder of the scenarios: in the package, or beside it in the repository."""
    package = Path(spreadgame.__file__).parent
    inside = package / "scenarios"
    return inside if inside.is_dir() else package.parent / "scenarios"


def scenario_files() -> dict[str, Path]:
    """Their files by name, such as ``theory/kyle_auctions``: those of the folder itself first."""
    folder = scenario_folder()
    files = sorted(folder.rglob("*.toml"), key=lambda path: (len(path.parts), path.parts))
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in files}


def scenario_file(typed: str) -> Path:
    """The file that somebody means: the one of this path, or else a scenario of ours of this name."""
    path = Path(typed)
    return path if path.suffix == ".toml" or _is_there(path) else scenario_files().get(typed, path)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that no file can have
        return False
