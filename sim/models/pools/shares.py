"""What shares of a pool pay when they are taken out: the same part of both reserves."""

from __future__ import annotations


def part_of(reserves: tuple[int, int], shares: int, every: int) -> tuple[int, int]:
    """Amounts that so many of ``every`` shares are paid, rounded down, so that the rest stays with the others.

    Raises
    ------
    ValueError
        If there are not so many shares.
    """
    if not 0 <= shares <= every:
        raise ValueError(f"shares must be from 0 to {every}, not {shares}")
    x, y = reserves
    return (x * shares // every, y * shares // every) if shares else (0, 0)
