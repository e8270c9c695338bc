"""What the page says: what cannot be typed, what is not known, what it waits for."""

from __future__ import annotations

import json

import pytest

from spreadgame.dashboard.amounts import amount
from tests.browser import DRAWN, MISSING, WALL, step_of, stepped

pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(MISSING), reason=MISSING)]


def test_another_question_begins_anew_without_a_trade_of_the_one_before(opened):
    page = opened()
    stepped(page, 200, 200)
    page.click("#questions")
    page.click('[data-scenario="theory/kyle_auctions"]')
    page.wait_for_selector("article.market:not(.waiting)[data-step='0']")
    assert page.locator('[data-panel="price"] .legend').inner_text().split("\n") == [
        "last price",
        "value",
        "public value",
    ]
    stepped(page, 40, 40)
    assert page.locator('[data-panel="spread"] .reason').inner_text() == "An auction has no quoted spread."
    assert page.locator('[data-panel="book"] .note').inner_text() == "an auction has no quotes"


def drawn(page, name):
    """The picture of a panel, once it has come to rest."""
    page.wait_for_timeout(150)
    return page.locator(f'section[data-panel="{name}"]').screenshot()


def test_one_seed_gives_one_picture_however_it_was_stepped(opened):
    one, other = opened(), opened()
    stepped(one, 900, 900)
    stepped(other, 3, 3)
    stepped(other, 400, 403)
    stepped(other, 497, 900)
    for page in (one, other):
        page.mouse.move(0, 0)
    for _ in range(2):  # the last steps, and the whole run
        for name in ("price", "spread", "inventory"):
            assert drawn(one, name) == drawn(other, name), name
        one.click("#window")
        other.click("#window")


@pytest.mark.parametrize(
    ("box", "typed", "words"),
    [
        ("#seed", "-1", "seed: \u22121 cannot be. Write a whole number from 0"),
        ("#seed", "1.5", "seed: 1.5 cannot be."),
        ("#seed", "99999999999999999999", "seed: 99999999999999999999 cannot be."),
        ("#steps", "0", "steps: 0 cannot be. Write a whole number from 1 to 1,000,000."),
        ("#steps", "", "steps: the box is empty, or holds no number. Write"),
        ("#steps", "9999999999", "steps: 9999999999 cannot be."),
    ],
)  # fmt: skip
def test_what_a_box_cannot_hold_is_refused_in_words_and_nothing_moves(still, box, typed, words):
    before = still.locator(box).input_value()
    still.fill(box, typed)
    still.press(box, "Enter")
    still.locator("#error", has_text=words).wait_for()
    assert still.locator(box).get_attribute("aria-invalid") == "true"
    assert step_of(still) == 300
    still.fill(box, before)
    still.locator("#error button").click()
    assert still.locator("#error").is_hidden()


def test_escape_leaves_an_enlarged_panel(still):
    still.click('[data-enlarge="book"]')
    assert still.locator('[data-panel="price"]').is_hidden()
    still.keyboard.press("Escape")
    assert still.locator('[data-panel="price"]').is_visible()


def test_what_is_compared_is_no_odd_market_at_the_end_of_a_slider(still):
    other = "(all) => import('/page/controls.js').then(({ otherValue }) => all.map(otherValue))"
    slider = {"low": 0, "high": 1, "step": 0.02}
    assert still.evaluate(other, [{**slider, "value": each} for each in (0.2, 0.6, 1.0, 0.4)]) == [0.6, 0.2, 0.6, 0.8]


def test_panels_round_as_the_caption_does(still):
    values = [88.65, -88.649999999999, 8.325, 0.0104, 99.96, 1234.5, 12_345_678.0, 3.2e9, 0.005, 999.5, 0.0, 1e-9]
    shown = still.evaluate("(all) => import('/page/numbers.js').then(({ short }) => all.map(short))", values)
    assert [each.strip("\u2212") for each in shown] == [amount(each) for each in values]


# --- a server that we play ---

OPENED = {
    "type": "opened", "scenario": "calls", "title": "Calls", "question": "What does a call say?", "seed": 3,
    "steps": 100, "episodes": 1, "overrides": {}, "controls": [], "instruments": [{"name": "ACME"}],
    "venues": [{"name": "lit", "instrument": "ACME", "mechanism": "call_auction", "tick_size": 0.01}],
    "populations": [{"name": "makers", "strategy": "adaptive", "count": 2, "maker": True}],
}  # fmt: skip
LINES = dict.fromkeys(["profit", "spread", "adverse_selection", "revaluation", "fees", "income"], 0.0)
FRAME = {
    "type": "frame", "step": 5, "steps": 100, "episode": 0, "ended": False, "playing": False, "pace": 0, "trades": 0,
    "caption": "Nobody traded.", "tape": [], "tape_left_out": 0, "paid": [],
    "venues": [{"name": "lit", "bids": [[100.02, 30]], "asks": [[99.98, 16]], "bid": None, "ask": None, "mid": None,
                "spread_mean": None, "collecting": True, "indicative": 100.0, "imbalance": 14, "last": None}],
    "instruments": [{"name": "ACME", "value": 100.0, "public_value": 100.0, "mark": 100.0}],
    "populations": [{"name": "makers", "inventory": {"ACME": 0}, **LINES}],
}  # fmt: skip


@pytest.fixture
def forged(browser, url, faults, written):
    """Opens the page before a server that we play: gives the page and the sockets that it opened."""
    context = browser.new_context(viewport=WALL)
    page, sockets = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.add_init_script(written)

    def talk(socket):
        sockets.append(socket)
        socket.on_message(lambda text: socket.said.append(json.loads(text)))
        socket.said, socket.tell = [], lambda message: socket.send(json.dumps(message))

    page.route_web_socket("**/ws/market", talk)
    page.goto(url)
    for _ in range(100):
        if sockets and sockets[0].said:
            break
        page.wait_for_timeout(20)
    yield page, sockets
    context.close()


def test_a_call_is_told_with_its_indicative_price_and_imbalance(forged):
    page, (socket, *_) = forged
    socket.tell(OPENED)
    socket.tell(FRAME)
    page.wait_for_selector(DRAWN)
    written = [text for text, _ in page.evaluate("window.written")]
    assert "Call: price 100.00, 14 lots too many to buy" in written


def test_compiling_errors_and_a_lost_connection_are_told_in_words(forged):
    page, (socket, *_) = forged
    assert socket.said == [{"do": "open", "scenario": "quickstart", "seed": None, "overrides": {}}]
    socket.tell({"type": "status", "message": "Compiling the market; about 60 s, once."})
    page.locator("p.status", has_text="Compiling the market; about 60 s, once.").wait_for()
    socket.tell(OPENED)
    socket.tell(FRAME)
    page.locator("p.caption", has_text="Nobody traded.").wait_for()
    assert page.locator("p.status").is_hidden()
    error = {"type": "error", "message": "this cannot be", "place": "pace", "value": "fast", "remedy": "send a number"}
    socket.tell(error)
    page.locator("#error", has_text="this cannot be Place: pace, value: fast. Send a number.").wait_for()
    page.locator("#error button").click()
    assert page.locator("#error").is_hidden()
    socket.close()
    page.locator("p.status", has_text="The connection to the server is lost. The page tries again in 1 s.").wait_for()
    for _ in range(200):
        if len(forged[1]) > 1 and forged[1][1].said:
            break
        page.wait_for_timeout(20)
    assert forged[1][1].said[0]["do"] == "open"
    forged[1][1].tell(OPENED)
    forged[1][1].tell(FRAME)
    page.locator("p.status").wait_for(state="hidden")


def test_while_another_market_is_made_nothing_of_the_old_one_is_seen_and_it_comes_back_if_there_is_none(forged):
    page, (socket, *_) = forged
    socket.tell(OPENED)
    socket.tell(FRAME)
    page.wait_for_selector(DRAWN)
    page.click("#questions")
    page.click('[data-scenario="two_books"]')
    assert page.locator("#question").inner_text().startswith("How close does an arbitrageur")
    for what in (".caption", '[data-panel="book"]', '[data-panel="money"]'):
        assert page.locator(what).is_hidden()
    assert page.locator("#progress-said").inner_text() == "opening"
    socket.tell({"type": "error", "message": "this cannot be opened", "place": "scenario", "remedy": "choose another"})
    page.locator("#question", has_text="What does a call say?").wait_for()
    assert page.locator('[data-panel="book"]').is_visible()
    assert page.locator("#progress-said").inner_text() == "paused at step 5 of 100"


def test_the_end_offers_to_play_again_and_unknown_lines_are_explained(forged):
    page, (socket, *_) = forged
    socket.tell(OPENED)
    unknown = {**FRAME["populations"][0], "spread": None, "adverse_selection": None, "revaluation": None}
    socket.tell({**FRAME, "step": 100, "ended": True, "trades": 3, "populations": [unknown]})
    page.locator("#play", has_text="Play again").wait_for()
    page.locator('[data-panel="money"] .note', has_text="not known: traded before there was a mid").wait_for()
