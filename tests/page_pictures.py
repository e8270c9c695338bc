"""The pictures of the page in README, made by driving it: ``python -m tests.page_pictures``."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from tests.browser import MISSING, browsing, shown, stepped
from tests.page_server import served
from tests.places import ROOT, SCENARIOS

PICTURES = {"one": ROOT / "docs" / "dashboard.png", "two": ROOT / "docs" / "dashboard-compare.png"}
SIZE = {"width": 1280, "height": 720}
COLOURS = 255  # enough for flat colours, and a third of the bytes
STEPS = 2_000


def save(page: Any, path: Path) -> None:
    """Write what the page shows, as a small file."""
    page.mouse.move(0, 0)
    page.wait_for_timeout(400)  # the last frame is drawn, and sizes have come to rest
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def main() -> int:
    """Draw both. Returns the exit code."""
    if MISSING:
        print(f"no picture is made: this {MISSING}", file=sys.stderr)  # noqa: T201
        return 2
    with served(SCENARIOS / "quickstart.toml") as url, browsing() as browser:
        page = shown(browser.new_page(viewport=SIZE), url)
        stepped(page, STEPS, STEPS)
        save(page, PICTURES["one"])
        page.click("#compare")
        page.wait_for_selector("article.market:nth-of-type(2)[data-step='0']")
        stepped(page, STEPS, STEPS)
        page.click("#window")
        save(page, PICTURES["two"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
