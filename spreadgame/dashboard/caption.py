"""One line under a market in progress: what its numbers say, and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.output.numbers import short
from analysis.output.sentences import in_a_row, plainly, sentence

_SMALL = 0.005  # of the largest amount: less is not worth a word


def caption(
    step: int,
    total: int,
    trades: int,
    episodes: tuple[int, int],
    profits: Mapping[str, float],
    costs: Sequence[tuple[str, float, float]],
    horizon: int,
) -> str:
    """What has happened so far.

    Parameters
    ----------
    step, total, trades : steps done, of how many, and trades.
    episodes : those that have begun, and all.
    profits : change of wealth by population, mean of the episodes begun, currency.
    costs : of populations that earned a spread: name, spread and adverse selection, where these are known.
    horizon : of adverse selection, in trades.
    """
    begun, several = episodes[0], episodes[1] > 1
    ended = step == total
    where = (
        f"Episode {begun:,} of {episodes[1]:,}, step {step:,} of {total:,}"
        if several
        else f"Step {step:,} of {total:,}"
    )
    if not trades:
        return f"{where}. Nobody {'traded' if ended else 'has traded yet'}."
    said = [f"{where}, {trades:,} trades."]
    largest = max(abs(value) for value in profits.values())
    worth = sorted((value, name) for name, value in profits.items() if abs(value) > _SMALL * largest)
    lost = [f"{plainly(name)} lost {short(-value)}" for value, name in worth if value < 0]
    won = [f"{plainly(name)} won {short(value)}" for value, name in reversed(worth) if value > 0]
    if worth:
        mean = f"in a mean of {begun:,} episodes " if begun > 1 else "" if ended else "so far "
        at = "" if ended else ", with positions at the mark"
        said.append(sentence(f"{mean}{'; '.join(filter(None, (in_a_row(lost), in_a_row(won))))}{at}."))
    for name, spread, adverse in costs:
        after = f"within {horizon:,} {'trade' if horizon == 1 else 'trades'} after each trade the mark moved"
        way = f"against it by {short(-adverse)}" if adverse < 0 else f"its way by {short(adverse)}"
        said.append(sentence(f"{plainly(name)} gained {short(spread)} by the spread; {after} {way}."))
    if ended and begun == 1:
        said.append("This is one run: another seed gives other amounts.")
    return " ".join(said)
