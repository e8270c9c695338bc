"""The tables as a page of the documentation."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.recorded.board import Board

_HEAD = """# Recorded markets

Spreadgame's measures of markets that were recorded: a simulated run can be held against them, number by number. This
page is written by

```sh
python -m analysis.recorded FOLDER --figure docs/recorded.png --page docs/recorded.md
```

and `--run RUN` lays the stylised facts of a run beside the others. The data are not part of the repository, as their
terms forbid; FOLDER, or the environment variable `SPREADGAME_DATA`, names where they are. A number after ± is one
standard error: of a stock's spreads and impact by size over two hundred equally long stretches of the day, of its
regressions by Newey and West.

**AAPL and AMZN**, 21 June 2012, are free samples of [LOBSTER](https://lobsterdata.com): every message of NASDAQ's
displayed book with the book after it, to the nanosecond, from 9:30 to 16:00. Executions name the side of the resting
order, so that takers are known. Successive executions at one time and on one side are one arriving order; those of
displayed and of hidden orders are kept apart. The mid just before is that of the book's row before.

**IBM**, 7 October 2013, are trades and quotes of all exchanges to the millisecond (the sample of QuantConnect's LEAN,
Apache 2.0). The quotes are the best bid and ask of the whole market, a row each. Trades are signed by Lee and Ready's
rule with the quote that stood before their millisecond; successive trades at one millisecond and on one side are one
order. Opening and closing prints, average and derived prices, and late or extended-hours reports are left out by their
sale conditions; no price is left out for being far away. Crossed quotes give no mid.

**S&P 500**, 1999 to 2018, and **Bitcoin** in USD, 2021 to 2026, are daily closes.
"""


def page(tables: Sequence[Board], picture: str = "") -> str:
    """The page.

    Parameters
    ----------
    picture : path of the picture of the stylised facts, as the page should say it; "" for none.
    """
    lines = [_HEAD]
    if picture:
        lines.append(f"![stylised facts of all markets]({picture})\n")
    return "\n".join([*lines, *(each.markdown() for each in tables)])
