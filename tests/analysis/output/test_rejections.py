"""What was rejected is said with its reason and a remedy."""

from analysis.output.rejections import _WORDS, rejection_lines
from sim.core.codes import REASONS


def test_each_reason_that_the_engine_counts_has_words() -> None:
    assert set(_WORDS) == set(REASONS) - {"accepted"}


def test_what_was_refused_most_often_comes_first_and_a_population_has_its_own_lines() -> None:
    rejections = {"makers": {"gone": 1, "price": 4_000}, "noise": {"simultaneous": 93}}
    assert list(rejection_lines({"rejections": rejections})) == [
        "4,000 messages of makers rejected: no price of the venue — is it NO_BID or NO_ASK, or does it need a larger "
        "tick_size?",
        "1 message of makers rejected: the order was no longer there",
        "93 messages of noise rejected: orders that do not rest, in a simultaneous turn — give takers a later turn "
        "than makers",
    ]
