"""Messages of a page: what is right is read, all else is refused with place, value and remedy."""

from __future__ import annotations

import pytest

from spreadgame.dashboard.messages import MOST_LETTERS, Open, Pause, Play, Step, message_of
from spreadgame.dashboard.refused import Refused


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"do": "open", "scenario": "quickstart"}', Open("quickstart")),
        ('{"do": "open", "scenario": "a", "seed": 0, "overrides": {"b.c": 1}}', Open("a", 0, {"b.c": 1})),
        ('{"do": "open", "scenario": "a", "seed": null, "overrides": null}', Open("a")),
        ('{"do": "play", "pace": 1}', Play(1.0)),
        ('{"do": "play", "pace": 99999.5}', Play(99999.5)),
        ('{"do": "pause"}', Pause()),
        ('{"do": "step", "steps": 1000000}', Step(1_000_000)),
    ],
)
def test_a_message_is_read(text: str, message: object) -> None:
    assert message_of(text) == message


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("not json", "message", "this is not JSON"),
        ('{"do": "play", "pace": NaN}', "message", "this is not JSON"),
        ('{"do": "step", "steps": ' + "9" * 5000 + "}", "message", "this is not JSON"),
        ("[" * 60_000, "message", "this is not JSON"),
        ("[1]", "message", "not an object"),
        ("a" * (MOST_LETTERS + 1), "message", "65,537 letters are more than 65,536"),
        (b"{}", "message", "this is not text"),
        (None, "message", "this is not text"),
        ("{}", "do", "nothing that can be done"),
        ('{"do": ["open"]}', "do", "nothing that can be done"),
        ('{"do": "stop"}', "do", "send one of open, play, pause, step"),
        ('{"do": "pause", "now": true}', "now", "'pause' has no such key"),
        ('{"do": "play"}', "pace", "no number of steps per second"),
        ('{"do": "play", "pace": "fast"}', "pace", "from 1 to 100,000"),
        ('{"do": "play", "pace": true}', "pace", "no number of steps per second"),
        ('{"do": "play", "pace": 0}', "pace", "no number of steps per second"),
        ('{"do": "play", "pace": 1e6}', "pace", "no number of steps per second"),
        ('{"do": "step", "steps": 1.5}', "steps", "a whole number from 1 to 1,000,000"),
        ('{"do": "step", "steps": -1}', "steps", "a whole number from 1 to 1,000,000"),
        ('{"do": "open"}', "scenario", "this is no name"),
        ('{"do": "open", "scenario": "a", "seed": -1}', "seed", "a whole number from 0"),
        ('{"do": "open", "scenario": "a", "seed": "one"}', "seed", "a whole number from 0"),
        ('{"do": "open", "scenario": "a", "overrides": ["b.c=1"]}', "overrides", "not an object"),
        ('{"do": "open", "scenario": "a", "strategies": "mine.py"}', "strategies", "'open' has no such key"),
    ],
)
def test_what_is_no_message_is_refused_with_its_place(text: str | bytes | None, place: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        message_of(text)
    assert refused.value.place == place
    assert words in str(refused.value)
    assert refused.value.remedy
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300
