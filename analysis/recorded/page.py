"""The tables as a page of the documentation."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.recorded.board import Board

HEAD = """# Recorded markets

This page shows Spreadgame's measures of recorded markets. You can compare a simulated run with them, number by number.
The page is written by

```sh
python -m analysis.recorded FOLDER --figure docs/recorded.png --page docs/recorded.md
```

`--run RUN` adds the stylised facts of a run to the table. The data are not part of the repository, because their terms
forbid it. FOLDER, or the environment variable `SPREADGAME_DATA`, names the folder that holds them. A number after ± is
one standard error. For a stock's spreads and impact by size it is taken over two hundred equally long stretches of the
day; for regressions it is that of Newey and West.

**AAPL and AMZN**, 21 June 2012, are free samples of [LOBSTER](https://lobsterdata.com). They hold every message of
NASDAQ's displayed book, with the book after it, to the nanosecond, from 9:30 to 16:00. Executions name the side of the
resting order, so the takers are known. Successive executions at one time and on one side are one arriving order.
Executions of displayed and of hidden orders are kept apart. The mid just before an order is that of the previous row of
the book.

**IBM**, 7 October 2013, has trades and quotes of all exchanges to the millisecond (the sample of QuantConnect's LEAN,
Apache 2.0). Each row of quotes is the best bid and ask of the whole market. Trades are signed by Lee and Ready's rule,
with the quote that stood before their millisecond. Successive trades at one millisecond and on one side are one order.
Sale conditions exclude opening and closing prints, average and derived prices, and late or extended-hours reports. No
price is excluded because it is far away. Crossed quotes have no mid.

**S&P 500**, 1999 to 2018, and **Bitcoin** in USD, 2021 to 2026, are daily closes.
"""


def page(tables: Sequence[Board], picture: str = "") -> str:
    """The page.

    Parameters
    ----------
    picture : path of the picture of the stylised facts, as the page should say it; "" for none.
    """
    lines = [HEAD]
    if picture:
        lines.append(f"![stylised facts of all markets]({picture})\n")
    return "\n".join([*lines, *(each.markdown() for each in tables)])
