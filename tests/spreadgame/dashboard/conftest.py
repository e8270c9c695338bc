"""The page in a browser, before a server of this process: shared by all tests that drive it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import WALL, browsing, stepped, watched
from tests.page_server import served
from tests.places import SCENARIOS

WRITTEN = (Path(__file__).parent / "written.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def written():
    """The script that notes each text that is drawn on a canvas."""
    return WRITTEN


@pytest.fixture(scope="module")
def url():
    with served(SCENARIOS / "quickstart.toml") as address:
        yield address


@pytest.fixture(scope="module")  # not longer: Playwright runs a loop, and tests of coroutines need one of their own
def browser():
    with browsing() as found:
        yield found


@pytest.fixture
def faults():
    """What no page may do: complain on the console, fail, or ask another host."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def opened(browser, url, faults):
    """Opens the page in a window of its own."""
    contexts = []

    def open_page(size=WALL):
        contexts.append(browser.new_context(viewport=size))
        return watched(contexts[-1], url, faults)

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def still(browser, url):
    """A page that stands at step 300, for tests that only look."""
    faults, context = [], browser.new_context(viewport=WALL)
    page = watched(context, url, faults, WRITTEN)
    stepped(page, 300, 300)
    yield page
    context.close()
    assert faults == []
