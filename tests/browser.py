"""The page in a browser as a reader has it: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

CHROMIUM = next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)
MISSING = "needs chromium, which is not installed" if CHROMIUM is None else ""
if not MISSING and find_spec("playwright") is None:
    MISSING = "needs playwright, which is not installed (pip install playwright)"
WALL, PHONE = {"width": 1280, "height": 720}, {"width": 390, "height": 844}
DRAWN = 'body:not([data-frames="0"])'
COMPILING, PATIENCE = 300_000, 60_000  # milliseconds: of the first frame, and of others, on a busy machine


@contextmanager
def browsing() -> Iterator[Any]:
    """A browser without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        try:
            yield browser
        finally:
            browser.close()


def shown(page: Any, url: str) -> Any:
    """The page, once its first frame is drawn."""
    page.set_default_timeout(PATIENCE)
    page.goto(url)
    page.wait_for_selector(DRAWN, timeout=COMPILING)
    return page


def watched(context: Any, url: str, faults: list[str], script: str = "") -> Any:
    """A page of a window, shown, whose faults are noted."""
    page = context.new_page()
    page.on("console", lambda said: said.type in ("error", "warning") and faults.append(said.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("requestfailed", lambda request: faults.append(f"failed: {request.url}"))
    page.on("request", lambda asked: asked.url.startswith(url) or faults.append(f"another host: {asked.url}"))
    if script:
        page.add_init_script(script)
    return shown(page, url)


def step_of(page: Any, market: int = 0) -> int:
    """The step at which a market of the page stands, as the page says it."""
    return int(page.locator("article.market").nth(market).get_attribute("data-step") or 0)


def stepped(page: Any, steps: int, until: int) -> None:
    """Press Step and wait until every market of the page stands at a step."""
    page.fill("#steps", str(steps))
    page.click("#step")
    for market in range(page.locator("article.market").count()):
        page.wait_for_selector(f'article.market:nth-of-type({market + 1})[data-step="{until}"]')
