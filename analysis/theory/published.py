"""What papers print from simulations of their own, quoted in ``published.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any


@cache
def published(name: str) -> dict[str, Any]:
    """The table of that name."""
    found: dict[str, Any] = tomllib.loads((Path(__file__).parent / "published.toml").read_text(encoding="utf-8"))[name]
    return found
