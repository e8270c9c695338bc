"""The command ``dashboard``: it serves until it is ended, and says in words why it cannot."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path

import pytest

from sim.core.errors import RunError
from spreadgame.commands.parser import main
from spreadgame.dashboard.serve import bound, is_local, served_host, url_of
from tests.command_line import MARKET, QUICKSTART, started
from tests.page_server import Page, got


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """What a command that ends with 2 says."""
    with pytest.raises(SystemExit) as end:
        main(["dashboard", *map(str, arguments)])
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said


def test_it_prints_its_address_once_the_page_answers_and_ends_quietly(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.write_text(MARKET, encoding="utf-8")
    process = started("dashboard", own, "--json", "--port", "0", "--seed", "4", "--set", "maker.count=2")
    assert process.stdout is not None
    url = json.loads(process.stdout.readline())["url"]
    opened = json.loads(got(url, "api/scenarios")[1])["opened"]
    assert opened == {"name": "mine", "seed": 4, "overrides": {"maker.count": 2}}
    with Page(url) as page:
        assert page.open("mine", **opened["overrides"])["populations"][0]["count"] == 2
        page.say("play", pace=100)
        page.hear("frame")
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in error


def test_a_port_in_use_is_told_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = complaint(capsys, "--port", str(port), "--no-open")
    assert f"127.0.0.1:{port}: another program listens there" in said
    assert "--port" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.toml"], "there is no such file"),
        ([QUICKSTART, "--set", "makers.cuont=3"], "did you mean 'count'"),
        (["--set", "makers.count=3"], "none is named"),
        (["--seed", "3"], "none is named"),
        (["--host", "no such host"], "this is no address"),
        (["--host", "192.0.2.1"], "name an address of this machine's"),
        (["--port", "65536"], "65,535 is the most"),
        (["--port", "http"], "not a whole number"),
    ],
)
def test_what_cannot_be_served_is_said_before_anything_is(
    capsys: pytest.CaptureFixture[str], arguments: list[str | Path], words: str
) -> None:
    assert words in complaint(capsys, *arguments, "--no-open")


def test_other_machines_reach_only_an_address_that_was_named() -> None:
    assert [is_local(each) for each in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "10.0.0.1")] == [
        True, True, True, False, False,
    ]  # fmt: skip


def test_a_free_port_is_taken_and_told() -> None:
    with bound("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        assert port > 0
        assert url_of("127.0.0.1", listening) == f"http://127.0.0.1:{port}/"
        assert url_of("0.0.0.0", listening) == f"http://127.0.0.1:{port}/"
        assert url_of("::1", listening) == f"http://[::1]:{port}/"
        with pytest.raises(RunError, match="another program listens there"):
            bound("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "called", "url", "local"),
    [
        ("0", "0.0.0.0", "127.0.0.1", False), ("0.0.0.0", "0.0.0.0", "127.0.0.1", False),
        ("127.1", "127.0.0.1", "127.0.0.1", True), ("127.0.0.2", "127.0.0.2", "127.0.0.2", True),
        ("localhost", "localhost", "localhost", True),
    ],
)  # fmt: skip
def test_an_address_is_the_same_however_it_is_written(host: str, called: str, url: str, local: bool) -> None:
    with bound(host, 0) as listening:
        assert served_host(host, listening) == called
        assert url_of(called, listening) == f"http://{url}:{listening.getsockname()[1]}/"
    assert is_local(called) == local


def test_a_file_of_strategies_that_raises_anything_at_all_is_told_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "raises.py"
    file.write_text("class Odd(BaseException): pass\nraise Odd('\\x1b[2Jred')\n", encoding="utf-8")
    said = complaint(capsys, "--strategies", file, "--no-open")
    assert "raises.py, line 2: it cannot be imported: Odd" in " ".join(said.split())
    assert "\x1b" not in said
    assert "\\x1b[2Jred" in said


def test_what_the_page_offers_is_not_set_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    said = complaint(capsys, QUICKSTART, "--set", "dashboard.controls=['makers.count']", "--no-open")
    assert "write [dashboard] into the file" in " ".join(said.split())
