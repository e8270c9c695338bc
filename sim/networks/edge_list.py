"""Links of a network read from a CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sim.core.csv_file import called, check_file, csv_rows, wrong
from sim.core.wording import shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_COLUMNS = ("a", "b")


def read_edges(path: str | Path) -> NDArray[np.int64]:
    """Read the links of a network.

    Parameters
    ----------
    path : a CSV file with a header line and the columns ``a`` and ``b``: numbers of members, from 0. The direction of
        a link does not matter, nor does it matter how often a link is listed.

    Returns
    -------
    numpy.ndarray
        A row for each line, int64; shape ``(links, 2)``.

    Raises
    ------
    ScenarioError
        If there is no such file or column, it has no link, a member is not a whole number from 0, or a link leads from
        a member to itself. The message names the line.
    """
    import numpy as np  # imported here: the check of a scenario without such a file does not need it

    path = Path(path)
    check_file(path)
    links: list[tuple[int, int]] = []
    for line, texts in csv_rows(path, _COLUMNS):
        a, b = (_member(path, line, *each) for each in zip(_COLUMNS, texts, strict=True))
        if a == b:
            message = f"{called(path)}, line {line:,}: member {a} is linked with itself"
            raise wrong(path, "path", message, "remove the line")
        links.append((a, b))
    if not links:
        raise wrong(path, "path", f"{called(path)} has no links", "write a line for each: the numbers of two members")
    return np.array(links, np.int64)


def _member(path: Path, line: int, column: str, text: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        message = f"{called(path)}, line {line:,}, column {column!r}: {shown(text)} is not the number of a member"
        raise wrong(path, "path", message, "members are numbered from 0")
    return int(text)
