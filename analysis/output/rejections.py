"""What was rejected in a run, and why, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# Reasons of sim.core.codes.REASONS, by name: what is wrong with the messages, and the remedy where there is one.
_WORDS = {
    "price": "no price of the venue — is it NO_BID or NO_ASK, or does it need a larger tick_size?",
    "quantity": "a quantity that is not positive, or too large",
    "gone": "the order was no longer there",
    "would_trade": "a post-only order would have traded",
    "not_here": "the venue does not take such orders now — schedules are for auctions, fill-or-kill orders for books",
    "too_many": "more messages than the strategy declares",
    "simultaneous": "orders that do not rest, in a simultaneous turn — give takers a later turn than makers",
    "lifetime": "a lifetime that is not positive",
    "expired": "the instrument has been settled, and its book is closed",
    "argument": "an argument that means nothing",
    "limit": "more than the limits or the capital of its risk table leave, open orders counted as filled",
    "margin": "less than the initial margin it needs, or after a call anything that does not reduce a position",
    "resting": "it would rest, and nothing rests on a pool: send market, immediate-or-cancel or fill-or-kill orders",
}


def rejection_lines(manifest: dict[str, Any]) -> Iterator[str]:
    """One line for each population and reason: how many messages were rejected, and what to do about it."""
    for population, reasons in manifest["rejections"].items():
        for reason, count in sorted(reasons.items(), key=lambda each: -each[1]):
            messages = "message" if count == 1 else "messages"
            yield f"{count:,} {messages} of {population} rejected: {_WORDS.get(reason, reason)}"
