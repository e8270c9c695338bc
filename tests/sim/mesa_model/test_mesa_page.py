"""Mesa's own page over the quickstart, in a browser and without a network."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from importlib.util import find_spec

import pytest

from tests.browser import MISSING, browsing
from tests.command_line import environment
from tests.places import ROOT

PAGE = ROOT / "docs" / "mesa_page.py"
VIZ = ("solara", "solara_assets", "altair", "ipyvuetify")
ABSENT = [name for name in VIZ if find_spec(name) is None]


def test_the_example_is_about_fifty_lines_of_code() -> None:
    lines = re.sub(r'"""[\s\S]*?"""', "", PAGE.read_text(encoding="utf-8")).splitlines()
    assert len([line for line in lines if line.strip()]) <= 50


@pytest.fixture
def served():
    """The address of Mesa's page, served by Solara."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line = [sys.executable, "-m", "solara", "run", PAGE, "--host", "127.0.0.1", "--port", str(port), "--no-open"]
    process = subprocess.Popen(
        line, env=environment(), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        for _ in range(3_000):  # it may compile the engine first
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", port)):
                    break
            assert process.poll() is None
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.mark.browser
@pytest.mark.skipif(bool(MISSING), reason=MISSING)
@pytest.mark.skipif(bool(ABSENT), reason=f"needs {', '.join(ABSENT)} — pip install 'spreadgame[viz]'")
def test_mesas_own_page_draws_and_moves_and_asks_no_other_host(served) -> None:
    asked: list[str] = []
    with browsing() as browser:
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(served)
        pictures = page.locator("img")
        pictures.nth(1).wait_for(timeout=120_000)
        before = [pictures.nth(place).screenshot() for place in (0, 1)]
        page.locator("button", has_text="▶").click()
        page.locator("text=/Step: [1-9]/").wait_for(timeout=300_000)
        for place in (0, 1):
            for _ in range(300):
                if pictures.nth(place).screenshot() != before[place]:
                    break
                page.wait_for_timeout(100)
            assert pictures.nth(place).screenshot() != before[place]
    assert len(asked) > 3
    assert [url for url in asked if not url.startswith((served, "data:", "blob:"))] == []
