"""The page as a student drives it, in a real browser before a real server."""

from __future__ import annotations

import io
import time
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from tests.browser import MISSING, PHONE, WALL, step_of, stepped, watched

pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(MISSING), reason=MISSING)]
HERE = Path(__file__).parent
CONTRASTS = (HERE / "contrasts.js").read_text(encoding="utf-8")
SMALL = (HERE / "small.js").read_text(encoding="utf-8")
CLIPPED = """() => [...document.querySelectorAll('.legend')].filter((each) => each.scrollHeight > each.clientHeight + 2)
    .map((each) => each.innerText)"""
PANELS = ["price", "book", "spread", "inventory", "money", "paid"]
SHARE = "informed.arrivals.share"


def resized(page, size):
    """The page in another size, drawn anew; what it wrote before is forgotten."""
    page.evaluate("window.written = []")
    page.set_viewport_size(size)
    page.evaluate("dispatchEvent(new Event('resize'))")
    page.wait_for_timeout(250)


def mean_spread(page, market=0):
    note = page.locator('[data-panel="spread"] .note').nth(market)
    return float(note.get_attribute("data-spread-mean"))


def slide(page, selector, value):
    """Move a slider as a hand does: to a value, then let go."""
    page.locator(selector).evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input', { bubbles: true }));"
        " slider.dispatchEvent(new Event('change', { bubbles: true })); }",
        value,
    )


def restarted(page):
    page.wait_for_selector('article.market[data-step="0"]')


def test_every_panel_draws_and_the_page_draws_ten_frames_per_second(opened):
    page = opened()
    stepped(page, 400, 400)
    page.click("#play")
    page.wait_for_selector("article.market:not([data-step='400'])")
    begin, frames = time.monotonic(), int(page.locator("body").get_attribute("data-frames"))
    time.sleep(5)
    drawn = int(page.locator("body").get_attribute("data-frames")) - frames
    assert drawn / (time.monotonic() - begin) >= 10
    page.click("#pause")
    for name in PANELS:
        body = page.locator(f'section[data-panel="{name}"] .body')
        picture = Image.open(io.BytesIO(body.screenshot())).convert("RGB")
        background = Image.new("RGB", picture.size, picture.getpixel((1, 1)))
        drawn = ImageChops.difference(picture, background).convert("L").histogram()
        assert sum(drawn[1:]) > 0.004 * sum(drawn), name


def test_play_pause_step_and_reset_do_what_they_say_and_a_seed_tells_the_same_again(opened):
    page = opened()
    page.click("#play")
    page.wait_for_selector("article.market:not([data-step='0'])")
    page.click("#pause")
    page.locator("#progress-said", has_text="paused").wait_for()
    page.wait_for_timeout(200)  # the last frame is drawn
    at = step_of(page)
    time.sleep(0.3)
    assert step_of(page) == at > 0
    page.click("#reset")
    restarted(page)
    stepped(page, 250, 250)
    first = page.locator('[data-panel="money"] tbody').inner_text(), mean_spread(page)
    stepped(page, 7, 257)
    page.click("#reset")
    restarted(page)
    stepped(page, 250, 250)
    assert (page.locator('[data-panel="money"] tbody').inner_text(), mean_spread(page)) == first
    page.fill("#seed", "2")
    page.press("#seed", "Enter")
    restarted(page)
    stepped(page, 250, 250)
    assert mean_spread(page) != first[1]


def test_more_informed_takers_by_the_slider_widen_the_mean_spread(opened):
    page = opened()
    stepped(page, 5_000, 5_000)
    before = mean_spread(page)
    slide(page, f'input[data-path="{SHARE}"]', 0.6)
    restarted(page)
    stepped(page, 5_000, 5_000)
    assert mean_spread(page) > 1.2 * before
    page.click("#defaults")
    restarted(page)
    stepped(page, 5_000, 5_000)
    assert mean_spread(page) == before


def test_two_markets_are_compared_at_the_same_step_of_the_same_seed(opened):
    page = opened()
    page.click("#compare")
    page.wait_for_selector("article.market:nth-of-type(2)[data-step='0']")
    control = page.locator("#contrast-path")
    control.select_option(index=[SHARE in (each or "") for each in titles(page)].index(True))
    slide(page, f'input[data-contrast="{SHARE}"]', 0.55)
    page.locator("h2.heading", has_text="0.55").wait_for()
    page.wait_for_selector("article.market:nth-of-type(2)[data-step='0']")
    stepped(page, 3_000, 3_000)
    assert mean_spread(page, 1) > 1.2 * mean_spread(page, 0)
    said = page.locator("#differs").inner_text()
    assert f"Mean quoted spread: left {mean_spread(page, 0):.4f}, right {mean_spread(page, 1):.4f}." in said
    assert "Makers' adverse selection per trade: left 0.0" in said
    for name in ("price", "spread"):
        assert page.locator(f'[data-panel="{name}"] .plot').first.bounding_box()["height"] > 150
    assert page.locator('[data-panel="book"]').first.is_hidden()
    page.click("#all-panels")
    assert page.locator('[data-panel="book"]').first.is_visible()
    page.click("#all-panels")
    assert page.locator("#seed").input_value() == "1"
    page.click("#play")
    page.wait_for_selector("article.market:nth-of-type(2):not([data-step='3000'])")
    page.click("#pause")
    page.locator("#progress-said", has_text="paused").wait_for()
    page.wait_for_timeout(400)  # the frames that were on their way are drawn
    for _ in range(100):
        if step_of(page, 0) == step_of(page, 1) > 3_000:
            break
        time.sleep(0.05)
    assert step_of(page, 0) == step_of(page, 1) > 3_000
    page.click("#compare")
    assert page.locator("article.market").count() == 1


def titles(page):
    """The paths of the controls, in the order of the list of what may differ."""
    return page.evaluate(
        "fetch('/api/scenarios').then((answer) => answer.json()).then(({ scenarios }) =>"
        " scenarios.find((each) => each.name === 'quickstart').controls.map((each) => each.path))"
    )


def test_two_tabs_do_not_disturb_each_other(opened):
    left, right = opened(), opened()
    stepped(left, 300, 300)
    alone = mean_spread(left)
    slide(right, f'input[data-path="{SHARE}"]', 0.6)
    restarted(right)
    stepped(right, 300, 300)
    assert (step_of(left), mean_spread(left)) == (300, alone)
    assert mean_spread(right) != alone


def test_nothing_scrolls_sideways_on_a_phone(opened):
    page = opened(PHONE)
    stepped(page, 50, 50)
    wide = """() => [...document.querySelectorAll('*')].filter((each) => each.scrollWidth > each.clientWidth + 1
        && ['auto', 'scroll'].includes(getComputedStyle(each).overflowX)).map((each) => each.outerHTML.slice(0, 80))"""
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(wide) == []
    page.click("#questions")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(wide) == []
    page.keyboard.press("Escape")
    page.click("#compare")
    page.wait_for_selector("article.market:nth-of-type(2)[data-step='0']")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def tab_to(page, selector):
    """Press Tab until something has the focus, and see that it is marked."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"Tab does not reach {selector}")


def test_the_keyboard_alone_is_enough(opened):
    page = opened()
    tab_to(page, "#step")
    page.keyboard.press("Enter")
    page.wait_for_selector('article.market[data-step="1"]')
    tab_to(page, f'input[data-path="{SHARE}"]')
    page.keyboard.press("ArrowRight")
    page.locator("#defaults").wait_for()
    restarted(page)
    assert page.evaluate("document.activeElement.dataset.path") == SHARE
    tab_to(page, '[data-enlarge="book"]')
    page.keyboard.press("Enter")
    assert page.locator('[data-panel="price"]').is_hidden()
    page.keyboard.press("Enter")
    assert page.locator('[data-panel="price"]').is_visible()
    page.locator("#questions").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("two books")
    assert page.locator("#list button").count() < 10
    page.keyboard.press("Escape")
    assert page.locator("#library").is_hidden()
    page.locator("#play").focus()
    page.keyboard.press("Space")
    page.wait_for_selector("article.market:not([data-step='0'])")
    tab_to(page, "#pause")
    page.keyboard.press("Space")
    page.locator("#progress-said", has_text="paused").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_is_that_of_wcag_aa(still, scheme):
    resized(still, WALL)
    still.emulate_media(color_scheme=scheme)
    assert still.evaluate(CONTRASTS) == []
    still.click("#questions")
    assert still.evaluate(CONTRASTS) == []
    still.keyboard.press("Escape")


@pytest.mark.parametrize("size", [WALL, {"width": 1920, "height": 1080}, PHONE])
def test_no_label_is_smaller_than_a_45th_of_the_height(still, size):
    resized(still, size)
    assert len(still.evaluate("window.written")) > 10
    assert still.evaluate(SMALL) == []


def test_labels_are_as_large_where_a_pixel_of_the_page_has_several(browser, url, faults, written):
    context = browser.new_context(viewport=PHONE, device_scale_factor=2)
    page = watched(context, url, faults, written)
    stepped(page, 50, 50)
    page.wait_for_timeout(150)
    assert len(page.evaluate("window.written")) > 10
    assert page.evaluate("window.written.filter(([, size]) => size < 16)") == []
    assert page.evaluate(CLIPPED) == []
    assert page.locator(".control:visible").count() == 1
    assert page.locator(".begins").inner_text() == "a change begins again at step 0"
    context.close()


@pytest.mark.parametrize("size", [WALL, {"width": 1366, "height": 768}, {"width": 1920, "height": 1080}])
def test_everything_is_seen_at_once_on_a_wall(still, size):
    resized(still, size)
    for name in PANELS:
        box = still.locator(f'section[data-panel="{name}"]').bounding_box()
        assert box["y"] + box["height"] <= size["height"]
        assert box["height"] > 0.22 * size["height"]
    assert still.evaluate("document.documentElement.scrollHeight") <= size["height"]


def test_no_two_populations_and_no_two_lines_differ_by_colour_alone(still):
    looks = still.evaluate("import('/page/palette.js').then(({ lookOf }) => [...Array(40).keys()].map(lookOf))")
    assert len({(each["colour"], each["shape"]) for each in looks}) == 40
    assert all(one["shape"] != other["shape"] for one, other in pairwise(looks))
    assert len({tuple(each["dash"]) for each in looks[:5]}) == 5
    dashes = still.locator('[data-panel="price"] .sample path').evaluate_all(
        "(paths) => paths.map((path) => path.getAttribute('stroke-dasharray'))"
    )
    assert len(set(dashes)) == len(dashes) == 3


def test_venues_and_instruments_are_chosen_by_tabs(opened):
    page = opened()
    page.click("#questions")
    page.click('[data-scenario="two_books"]')
    page.locator('[role="tab"]', has_text="BOLT").wait_for()
    assert page.locator('[role="tab"]').all_inner_texts() == ["ACME", "BOLT", "main", "rival"]
    page.wait_for_selector('article.market[data-step="0"]')
    stepped(page, 100, 100)
    table = page.locator('[data-panel="money"] .body')
    right = table.evaluate("(body) => body.getBoundingClientRect().right")
    assert page.locator('[data-panel="money"] th.profit').evaluate("(th) => th.getBoundingClientRect().right") <= right
    assert page.locator('[data-panel="paid"] .note').inner_text().endswith("more \u2193")
    acme = page.locator('[data-panel="price"] .note').inner_text()
    page.locator('[role="tab"]', has_text="ACME").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator('[role="tab"][aria-selected="true"]').all_inner_texts() == ["BOLT"]
    page.locator('[data-panel="price"] .note', has_text="mid 5").or_(
        page.locator('[data-panel="price"] .note', has_text="mid 4")
    ).wait_for()
    assert page.locator('[data-panel="price"] .note').inner_text() != acme
