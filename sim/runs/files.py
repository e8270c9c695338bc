"""The files of a run folder, and whether they are as the run wrote them.

The manifest holds a digest of every other file, and one of itself. So a file that was damaged, edited or exchanged is
found when it is read, and nothing that is read needs to be doubted afterwards.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from sim.core.errors import RunError

FORMAT = 5
MANIFEST, SUMMARY, SCENARIO = "manifest.json", "summary.json", "scenario.toml"
PARTIAL = ".partial"
TABLES = ("trades", "book", "agents", "episodes", "settlements", "limits", "margin_calls", "messages")
_NAME = re.compile(r"\w[\w.=-]{0,99}")
_REMEDY = "bring it back as it was, or run the scenario again"
Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Shape(BaseModel):
    """Of what is read again: strict, and more may stand there."""

    model_config = ConfigDict(strict=True, extra="allow")


class _Population(Shape):
    name: str
    strategy: str
    first: Count
    count: Count


class _Sampling(Shape):
    book_every: Count
    agents_every: Count


class StrategyFile(Shape):
    """A user's own file whose strategies played."""

    file: str
    digest: str
    strategies: list[str]


class _Manifest(Shape):
    """What every reader of a run may take for granted; more may stand there."""

    status: Literal["complete", "interrupted", "failed"]
    reason: str
    signal: Annotated[int, Field(gt=0, lt=128)] | None
    title: str
    scenario_hash: str
    warnings: list[str]
    seed: Count
    overrides: dict[str, Any]
    strategy_files: list[StrategyFile]
    versions: dict[str, str]
    steps: Count
    steps_asked: Count
    episodes: Count
    messages: Count
    trades: Count
    rejected: Count
    rejections: dict[str, dict[str, Count]]
    repriced_quotes: Count
    seconds: Amount
    messages_per_second: Amount
    populations: list[_Population]
    sampling: _Sampling
    files: dict[str, str]


class _Row(Shape):
    scope: str
    name: str
    measure: str
    value: float
    standard_error: float | None
    unit: str


_MANIFEST, _SUMMARY = TypeAdapter(_Manifest), TypeAdapter(list[_Row])


def folder_name(name: Any) -> str:
    """The name of a run folder, looked at.

    Raises
    ------
    RunError
        If it is no name of a folder.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name.endswith(PARTIAL):
        raise RunError(f"name: {name!r:.80} is no name of a run folder — use letters, digits and . _ - = alone")
    return name


def sealed(folder: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """A manifest with the format, a digest of each file that lies in the folder now, and one of itself."""
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and path.name != MANIFEST)
    whole = {"format": FORMAT, **manifest, "files": {name: _digest_of(folder / name) for name in names}}
    return {**whole, "checksum": _checksum(whole)}


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a run that has ended.

    Raises
    ------
    RunError
        If it cannot be read or is not as it was written, is of another format, or of a run that has not ended.
    """
    path = folder / MANIFEST
    manifest = _json_in(path)
    if not isinstance(manifest, dict):
        raise damaged(path, "it holds no table of names and values")
    if manifest.get("status") == "running":
        raise incomplete(folder)
    if manifest.get("format") != FORMAT:
        raise RunError(
            f"{path}: this is of format {str(manifest.get('format'))[:20]}, and this version of Spreadgame reads "
            f"{FORMAT} — run the scenario again"
        )
    rest = {name: value for name, value in manifest.items() if name != "checksum"}
    if manifest.get("checksum") != _checksum(rest):
        raise damaged(path, "it is not as the run wrote it")
    _check_shape(path, _MANIFEST, manifest)
    return manifest


def read_summary(folder: Path, manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of the summary.

    Raises
    ------
    RunError
        If it cannot be read, or is not as the run wrote it.
    """
    check_file(folder, SUMMARY, manifest)
    rows: list[dict[str, Any]] = _json_in(folder / SUMMARY)
    _check_shape(folder / SUMMARY, _SUMMARY, rows)
    return rows


def check_file(folder: Path, name: str, manifest: dict[str, Any]) -> None:
    """Compare a file with the digest that the manifest has of it.

    Raises
    ------
    RunError
        If it is missing, cannot be read, or is not as the run wrote it.
    """
    path = folder / name
    try:
        found = _digest_of(path)
    except OSError as error:
        raise damaged(path, error.strerror or str(error)) from error
    if found != manifest["files"].get(name):
        raise damaged(path, "it is not as the run wrote it")


def damaged(path: Path, what: object) -> RunError:
    """What is said of a file of a run folder that cannot be used."""
    said = str(what).partition("\n")[0]
    return RunError(f"{path}: this run folder is damaged ({said[:200]}) — {_REMEDY}")


def incomplete(folder: Path) -> RunError:
    """What is said of a run that has not ended."""
    return RunError(
        f"{folder}: this run is incomplete: it is still going on, or it was killed — run it again, "
        "and remove this folder if nothing is writing to it"
    )


def _json_in(path: Path) -> Any:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        json.dumps(content)  # some depths can be read and not be written
        return content
    except OSError as error:
        raise damaged(path, error.strerror or error) from error
    except RecursionError:
        raise damaged(path, "its brackets are nested too deeply") from None
    except ValueError as error:
        raise damaged(path, error) from error


def _check_shape(path: Path, shape: TypeAdapter[Any], content: Any) -> None:
    try:
        shape.validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise damaged(path, f"{'.'.join(map(str, first['loc']))}: {first['msg']}".lstrip(": ")) from error


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _checksum(manifest: dict[str, Any]) -> str:
    """Of what a manifest says, however its lines are broken."""
    text = json.dumps(manifest, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
