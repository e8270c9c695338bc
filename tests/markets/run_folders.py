"""What stands in a run folder, to be compared and to be damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sim.runs.files import sealed

TIMES = ("seconds", "messages_per_second")  # all that differs between two runs of one scenario and seed


def contents(folder: Path | None) -> dict[str, Any]:
    """The bytes of every file of a run folder; of the manifest all that it says but of time."""
    assert folder is not None
    found: dict[str, Any] = {path.name: path.read_bytes() for path in folder.iterdir()}
    manifest = json.loads(found["manifest.json"])
    assert set(TIMES) < set(manifest)
    said = {name: value for name, value in manifest.items() if name not in (*TIMES, "checksum")}
    return found | {"manifest.json": said}


def seal_again(folder: Path, manifest: dict[str, Any]) -> None:
    """Write a manifest as a run would, with digests of what lies there now."""
    rest = {name: value for name, value in manifest.items() if name not in ("format", "files", "checksum")}
    (folder / "manifest.json").write_text(json.dumps(sealed(folder, rest)), encoding="utf-8")
