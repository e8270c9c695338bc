"""The server as a page meets it: what a market shows is what a run says; bad input is answered, and all goes on."""

from __future__ import annotations

import json
import math
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

import spreadgame as sg
from analysis.money.attribution import by_mark, fitting_horizon
from sim.runs.result import Run
from sim.session.market_in_progress import MarketInProgress
from spreadgame.dashboard import connection, limits, player, protocols, worker
from tests.page_server import Page, got, served
from tests.places import ROOT, SCENARIOS

LINES = ("spread", "hedging", "adverse_selection", "revaluation", "fees", "income")
CLOSE = {"rel": 1e-6, "abs": 1e-6}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served() as address:
        yield address


# --- a market ---------------------------------------------------------------------------------------------------------


def stepped_to_the_end(url: str, name: str, seed: int, changes: dict[str, Any]) -> dict[str, Any]:
    with Page(url) as page:
        page.say("open", scenario=name, seed=seed, overrides=changes)
        opened = page.hear("opened", "error")
        assert opened["type"] == "opened", opened
        page.hear("frame")
        total = opened["steps"] * opened["episodes"]
        page.step(total // 3)
        frame = page.step(total)
    assert frame["ended"]
    assert frame["step"] == frame["steps"] == total
    return frame


def check_frame(frame: dict[str, Any], run: Run) -> None:
    """The page says what the run says."""
    summary = {(row["name"], row["measure"]): row["value"] for row in run.measures}
    lines = by_mark(run, horizon=frame["horizon"]).table() / run.scenario.run.episodes
    assert frame["horizon"] == fitting_horizon(run)
    for party in frame["populations"]:
        name, row = party["name"], lines.loc[party["name"]]
        assert party["profit"] == pytest.approx(summary[name, "payoff"], **CLOSE)
        assert sum(party[line] for line in LINES) == pytest.approx(party["profit"], **CLOSE)
        for line in LINES[:-1]:
            assert party[line] == pytest.approx(row[line], **CLOSE)
        income = sum(row.get(each, 0.0) for each in ("dividends", "interest", "funding", "forgiven"))
        assert party["income"] == pytest.approx(income, **CLOSE)
    for venue in frame["venues"]:
        expected = summary.get((venue["name"], "quoted_spread"))
        assert venue["spread_mean"] == (None if expected is None else pytest.approx(expected, **CLOSE))
    assert frame["trades"] == run.manifest["trades"]
    received: dict[str, float] = {}
    for each in frame["paid"]:
        assert each["amount"] > 0
        received[each["payee"]] = received.get(each["payee"], 0.0) + each["amount"]
        received[each["payer"]] = received.get(each["payer"], 0.0) - each["amount"]
    for party in frame["populations"]:
        assert received.get(party["name"], 0.0) == pytest.approx(party["profit"], rel=1e-6, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("quickstart", {"run.steps": 2_000, "informed.arrivals.share": 0.4}),
        ("two_books", {"run.steps": 1_500}),
        ("options/stress", {"run.episodes": 2}),
        ("options/funding", {"run.episodes": 2}),
        ("options/margin_spiral", {"run.episodes": 2}),
        ("theory/kyle_auctions", {"run.episodes": 8, "record.trades": True}),
    ],
)
def test_the_page_says_what_a_run_says(url: str, name: str, changes: dict[str, Any]) -> None:
    frame = stepped_to_the_end(url, name, 3, changes)
    check_frame(frame, sg.run(SCENARIOS / f"{name}.toml", seed=3, overrides=changes))


def test_what_is_opened_is_told_with_a_first_frame(url: str) -> None:
    with Page(url) as page:
        opened = page.open("quickstart", 7, makers__count=3)
    assert (opened["scenario"], opened["seed"], opened["steps"], opened["episodes"]) == ("quickstart", 7, 50_000, 1)
    assert opened["question"].startswith("How wide must makers quote")
    assert opened["venues"] == [
        {"name": "lit", "instrument": "ACME", "mechanism": "limit_order_book", "tick_size": 0.01}
    ]
    assert opened["populations"][0] == {"name": "makers", "strategy": "adaptive", "count": 3, "maker": True}
    assert not opened["populations"][1]["maker"]
    assert [each["value"] for each in opened["controls"] if each["path"] == "makers.count"] == [3]


def test_it_plays_at_its_pace_is_paused_and_shows_what_was_traded(url: str) -> None:
    with Page(url) as page:
        page.open("quickstart", 1)
        begin = time.monotonic()
        page.say("play", pace=400)
        frames = [page.hear("frame") for _ in range(12)]
        assert all(each["playing"] and each["pace"] == 400 for each in frames)
        steps = [each["step"] for each in frames]
        assert steps == sorted(steps)
        assert steps[-1] <= 400 * (time.monotonic() - begin) + 1
        page.say("pause")
        while (last := page.hear("frame"))["playing"]:
            frames.append(last)
        frames.append(last)
        assert sum(len(each["tape"]) + each["tape_left_out"] for each in frames) == last["trades"]
        assert page.step(1)["step"] == last["step"] + 1


def test_a_step_that_is_paused_stops_where_it_is(url: str) -> None:
    with Page(url) as page:
        page.open("quickstart", 1, run__steps=10_000_000)
        page.say("step", steps=1_000_000)
        page.say("pause")
        assert page.hear("frame")["step"] < 1_000_000


def test_it_is_opened_again_in_the_place_of_the_market_that_was(url: str) -> None:
    with Page(url) as page:
        page.open("quickstart", 1)
        first = page.step(300)
        page.say("play", pace=100_000)
        page.say("open", scenario="quickstart", seed=1)
        page.hear("opened")
        assert page.hear("frame")["step"] == 0
        assert page.step(300)["populations"] == first["populations"]


def test_two_pages_do_not_disturb_each_other(url: str) -> None:
    with Page(url) as one, Page(url) as two:
        one.open("quickstart", 1)
        two.open("quickstart", 1)
        two.say("play", pace=2_000)
        two.hear("frame")
        alone = one.step(500)
        two.say("open", scenario="quickstart", seed=1)
        two.hear("opened")
        two.hear("frame")
        assert two.step(500)["populations"] == alone["populations"]


def test_when_the_market_has_ended_it_says_so_whatever_is_asked(url: str) -> None:
    with Page(url) as page:
        page.open("quickstart", 1, run__steps=50)
        page.say("play", pace=100_000)
        while not (frame := page.hear("frame"))["ended"]:
            pass
        while frame["playing"]:
            frame = page.hear("frame")
        assert frame["step"] == 50
        for again in (lambda: page.step(5), lambda: (page.say("play", pace=10), page.hear("frame"))[1]):
            frame = again()
            assert (frame["step"], frame["ended"], frame["playing"]) == (50, True, False)


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not json", "this is not JSON"),
        ('{"do": "play", "pace": "fast"}', "pace: 'fast'"),
        ('{"do": "step", "steps": 5}', "no market is open"),
        ('{"do": "open", "scenario": "quickstrat"}', "did you mean 'quickstart'"),
        ('{"do": "open", "scenario": "/etc/passwd"}', "no such scenario"),
        ('{"do": "open", "scenario": "quickstart", "overrides": {"makers.cuont": 3}}', "did you mean 'count'"),
        ('{"do": "open", "scenario": "quickstart", "overrides": {"makers.count": -3}}', "makers.count"),
        ('{"do": "open", "scenario": "quickstart", "overrides": {"noise.count": 200000}}', "100,000 agents"),
        ('{"do": "open", "scenario": "quickstart", "overrides": {"ACME.value.path": "a.csv"}}', "no path of a file"),
        ("x" * 1_000_000, "1,000,000 letters are more than"),
        (b"\x00\xff", "this is not text"),
    ],
)
def test_bad_input_is_answered_and_the_connection_goes_on(url: str, text: str | bytes, words: str) -> None:
    with Page(url) as page:
        page.socket.send(text)
        answer = page.hear()
        assert answer["type"] == "error"
        assert words in answer["message"]
        assert "Traceback" not in answer["message"]
        assert str(SCENARIOS) not in answer["message"]
        page.open("quickstart", 1)


def test_a_market_outlives_what_cannot_be_opened_in_its_place(url: str) -> None:
    with Page(url) as page:
        page.open("quickstart", 1)
        page.step(10)
        page.say("open", scenario="quickstart", overrides={"makers.count": 0})
        assert page.hear()["type"] == "error"
        assert page.step(10)["step"] == 20


def test_a_message_beyond_all_measure_ends_its_connection_and_no_other(url: str) -> None:
    def send_too_much() -> None:
        with Page(url) as page:
            page.socket.send("x" * 5_000_000)
            page.hear()

    with pytest.raises(ConnectionClosed):
        send_too_much()
    with Page(url) as page:
        page.open("quickstart", 1)


def test_a_strategy_that_raises_is_named_and_the_market_can_be_opened_again(tmp_path: Path) -> None:
    from sim.strategy_kit.loading.files import load_file
    from tests.command_line import FAILING, MARKET

    file, own = tmp_path / "fails.py", tmp_path / "mine.toml"
    file.write_text(FAILING, encoding="utf-8")
    own.write_text(MARKET.replace('"noise"\nturn', '"fails"\nturn'), encoding="utf-8")
    load_file(file)
    with served(own) as address, Page(address) as page:
        page.open("mine")
        page.say("step", steps=100)
        answer = page.hear()
        assert answer["type"] == "error"
        assert "'fails'" in answer["message"]
        assert "step 19" in answer["message"]
        assert "'fails'" in page.step(1)["message"]
        page.open("quickstart")


def test_a_turn_that_never_ends_leaves_a_page_that_can_open_another_market(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = threading.Event()

    class Endless(MarketInProgress):
        def step(self, n: int = 1) -> bool:
            let_go.wait(60)
            return super().step(n)

        def turn_now(self) -> tuple[str, int]:
            return "strategy 'endless' of agent 'makers 0', episode 0, step 0", 0

    for module, name in ((player, "_PATIENCE"), (player, "_LOOK"), (worker, "_LEAVE")):
        monkeypatch.setattr(module, name, 0.1)
    monkeypatch.setattr(connection, "MOST_MARKETS", 1)
    monkeypatch.setattr(connection, "MOST_ENDLESS", worker.never_ending() + 1)
    try:
        with monkeypatch.context() as changed, Page(url) as page:
            changed.setattr(connection, "MarketInProgress", Endless)
            page.open("quickstart")
            page.say("step", steps=5)
            assert "'endless'" in page.hear("error")["message"]
            page.say("pause")
            assert "'endless'" in page.hear("error")["message"]
            changed.undo()
            page.open("quickstart")
            assert page.step(3)["step"] == 3
        with Page(url) as page:
            for _ in range(100):
                page.say("open", scenario="quickstart")
                if "play turns that do not end" in page.hear("error", "opened").get("message", ""):
                    break
                time.sleep(0.05)
            else:
                raise AssertionError("threads that never end are not counted")
            let_go.set()
            for _ in range(100):
                page.say("open", scenario="quickstart")
                if page.hear("error", "opened")["type"] == "opened":
                    break
                time.sleep(0.05)
            else:
                raise AssertionError("threads that have ended still count")
    finally:
        let_go.set()


def test_a_strategy_that_raises_in_its_first_step_leaves_a_frame_that_can_be_shown(tmp_path: Path) -> None:
    from sim.strategy_kit.loading.files import load_file
    from tests.command_line import FAILING, MARKET

    file, own = tmp_path / "early.py", tmp_path / "mine.toml"
    file.write_text(FAILING.replace("== 20", "== 1").replace("fails", "early"), encoding="utf-8")
    own.write_text(MARKET.replace('"noise"\nturn', '"early"\nturn'), encoding="utf-8")
    load_file(file)
    with served(own) as address, Page(address) as page:
        page.open("mine")
        page.say("step", steps=100)
        assert "'early'" in page.hear("error")["message"]
        page.say("pause")
        frame = page.hear()
        assert (frame["type"], frame["step"]) == ("frame", 0)
        assert [each["profit"] for each in frame["populations"]] == [0.0, 0.0]


def test_there_are_so_many_markets_and_no_more(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MOST_MARKETS", 2)
    with Page(url) as one, Page(url) as two, Page(url) as three:
        one.open("quickstart")
        two.open("quickstart")
        three.say("open", scenario="quickstart")
        assert "2 markets are open already" in three.hear()["message"]
        two.open("quickstart")
        one.socket.close()
        for _ in range(100):
            three.say("open", scenario="quickstart")
            if three.hear()["type"] == "opened":
                break
            time.sleep(0.05)
        else:
            raise AssertionError("a page that has left still counts")
    assert limits.MOST_MARKETS == 64


# --- what is served ---------------------------------------------------------------------------------------------------


def test_the_library_is_served_with_controls(url: str) -> None:
    status, text, headers = got(url, "api/scenarios")
    assert status == 200
    assert headers["content-security-policy"] == "default-src 'self'"
    found = json.loads(text)
    assert found["opened"] is None
    quickstart = next(each for each in found["scenarios"] if each["name"] == "quickstart")
    share = next(each for each in quickstart["controls"] if each["path"] == "informed.arrivals.share")
    assert {"path", "label", "low", "high", "step", "value"} <= share.keys()


def test_the_scenario_of_the_command_line_is_told(tmp_path: Path) -> None:
    own = SCENARIOS / "two_books.toml"
    with served(own, 9, {"run.steps": 100}) as address:
        opened = json.loads(got(address, "api/scenarios")[1])["opened"]
    assert opened == {"name": "two_books", "seed": 9, "overrides": {"run.steps": 100}}


def test_the_page_and_its_files_are_served_with_a_policy_that_lets_nothing_in_from_outside(url: str) -> None:
    for path in ("", "page/style.css", "page/app.js"):
        status, text, headers = got(url, path)
        assert status == 200
        assert text
        assert headers["content-security-policy"] == "default-src 'self'"


def test_what_was_typed_on_the_command_line_may_be_more_than_a_page_may_ask(tmp_path: Path) -> None:
    from tests.command_line import MARKET

    own = tmp_path / "mine.toml"
    own.write_text(MARKET, encoding="utf-8")
    typed = {"maker.params": {"half_spread": 0.3}}
    with served(own, None, typed) as address, Page(address) as page:
        page.open("mine", **typed)
        page.say("open", scenario="mine", overrides={"maker.params": {"half_spread": 0.4}})
        assert "maker.params" in page.hear()["place"]


@pytest.mark.parametrize("path", ["page/../app.py", "page/%2e%2e/app.py", "page//etc/passwd", "app.py", "scenarios/x"])
def test_no_other_file_is_served(url: str, path: str) -> None:
    status, text, _ = got(url, path)
    assert status == 404
    assert "import" not in text


def test_a_foreign_origin_and_a_foreign_host_are_refused(url: str) -> None:
    assert got(url, "api/scenarios", Origin="http://evil.example")[0] == 403
    assert got(url, "api/scenarios", Host="evil.example")[0] == 400
    assert got(url, "api/scenarios", Origin=url.rstrip("/"))[0] == 200
    with pytest.raises(InvalidStatus, match="403"):
        Page(url, origin="http://evil.example")
    with pytest.raises(InvalidStatus, match="400"):
        Page(url, additional_headers={"Host": "evil.example"})
    with Page(url, origin=url.rstrip("/")) as page:
        page.open("quickstart")


def test_what_is_no_http_is_answered_and_the_server_goes_on(url: str) -> None:
    port = int(url.rstrip("/").rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as raw:
        raw.sendall(b"\x16\x03\x01 not http\r\n\r\n")
        assert b"400" in raw.recv(1000)
    assert got(url, "api/scenarios")[0] == 200


def test_a_connection_that_asks_for_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols, "_FIRST", 0.1)
    with served() as url:
        port = int(url.rstrip("/").rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=30) as silent, Page(url) as page:
            assert silent.recv(10) == b""
            with socket.create_connection(("127.0.0.1", port), timeout=30) as half:
                half.sendall(b"GET / HTT")
                assert half.recv(10) == b""
            page.open("quickstart")


def test_text_that_is_not_utf_8_is_answered_and_the_connection_goes_on(url: str) -> None:
    with Page(url) as page:
        page.socket.send(b"\xff\xfe", text=True)
        assert "this is not text" in page.hear("error")["message"]
        page.open("quickstart")


def test_every_number_of_a_frame_is_json(url: str) -> None:
    with Page(url) as page:
        page.open("zero_intelligence", 1)
        text = json.dumps(page.step(1))
    assert not any(word in text for word in ("NaN", "Infinity"))
    assert all(math.isfinite(each["profit"]) for each in json.loads(text)["populations"])


def test_thirty_markets_play_at_once(url: str) -> None:
    """``python -m benchmarks.pages`` measures how fast, and what it costs."""
    with ExitStack() as pages:
        opened = [pages.enter_context(Page(url)) for _ in range(30)]
        for page in opened:
            page.open("quickstart", 1)
        for page in opened:
            page.say("play", pace=100)
        for page in opened:
            frames = [page.hear("frame") for _ in range(6)]
            assert frames[-1]["step"] > frames[0]["step"]


def test_the_document_names_every_key(url: str) -> None:
    text = (ROOT / "docs" / "dashboard.md").read_text(encoding="utf-8")
    with Page(url) as page:
        opened = page.open("quickstart")
        frame = page.step(5)
    control = json.loads(got(url, "api/scenarios")[1])["scenarios"][0]["controls"][0]
    told = {*opened, *frame, *frame["populations"][0], *control} - {"type", "name", "inventory", "members"}
    assert sorted(key for key in told if f"`{key}`" not in text) == []
    assert (f"{limits.MOST_AGENTS:,} agents" in text, f"{limits.MOST_MARKETS} markets" in text) == (True, True)
