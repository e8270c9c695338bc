"""What is said of a game's equilibria as plain data and as lines of a terminal.

Lines leave out shares that would read 0 %, and of many sinks all but the first; the plain data leave out nothing.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Mapping, Sequence
from typing import Any, get_args

import numpy as np

from analysis.games.dynamics.correlated import Kind
from analysis.games.dynamics.motion import Law
from analysis.games.dynamics.selection import BEGINNINGS, Selection
from analysis.games.tables.roles import RoleSymmetricGame
from analysis.output.numbers import number
from analysis.stats.estimates import Estimate

_WIDTH = 100  # characters of a line
_SHOWN = 3  # sinks
_MOST_CALLED = 4  # equilibria that look alike, by their names
_LONG = 24  # letters of a name beyond which it is cut
_THIS = "this mixture"  # so the reason calls the last equilibrium whose stability is not known
_LEAST_SHOWN = 0.005  # a smaller share would read 0 %


def as_json(found: Selection, verdicts: Sequence[str] | None = None) -> dict[str, Any]:
    """Plain data: equilibria by their places from 0; mixtures, frequencies and counts by role and strategy.

    Parameters
    ----------
    verdicts : whether each equilibrium holds, if that is known of a market; the rest is said of the table alone.
    """
    logit, play = found.logit, found.fictitious_play
    ranges = {kind: getattr(found, kind) for kind in get_args(Kind)}
    return {
        "equilibria": [
            {**({"verdict": verdicts[place]} if verdicts else {}), **each._asdict(), "basins": _estimates(each.basins)}
            for place, each in enumerate(found.equilibria)
        ],
        "starts": found.starts,
        "elsewhere": _estimates(found.elsewhere),
        "logit": logit and logit._asdict() | {"end": _named(found, logit.end), "mixture": _named(found, logit.mixture)},
        "fictitious_play": play and play._asdict() | {"end": _named(found, play.end)},
        "sinks": found.sinks and [[_named(found, profile) for profile in sink] for sink in found.sinks],
        **{kind: each and {role: ends._asdict() for role, ends in each.items()} for kind, each in ranges.items()},
        "unreached": list(found.unreached),
        "reasons": dict(found.reasons),
    }


def _estimates(shares: Mapping[Law, Estimate]) -> dict[str, Any]:
    return {law: share.as_json() for law, share in shares.items()}


def _named(found: Selection, row: Sequence[float]) -> dict[str, dict[str, float]]:
    """A row over the strategies of all roles, by role and strategy; without what is 0."""
    left = iter(row)
    return {
        role.name: {name: share for name, share in zip(role.strategies, left, strict=False) if share}
        for role in found.roles
    }


def lines(found: Selection, names: Sequence[str] | None = None, unsure: Collection[str] = ()) -> list[str]:
    """What a terminal shows, in lines of up to 100 characters.

    Parameters
    ----------
    names : what the equilibria are called; their numbers from 1 if None.
    unsure : the names of those that may not hold: of them invasions are said under that condition.

    Raises
    ------
    ValueError
        If there are not as many names as equilibria.
    """
    names = named(len(found.equilibria), names)
    told = []
    for verdict, words in (("stable", "cannot be"), ("not stable", "can be"), ("undecided", "may be")):
        those = [name for name, each in zip(names, found.equilibria, strict=True) if each.stable == verdict]
        sure, if_so = ([name for name in those if (name in unsure) == doubted] for doubted in (False, True))
        told += [f"{words} invaded: {', '.join(sure)}"] if sure else []
        told += [f"{words} invaded, if {'it holds' if len(if_so) == 1 else 'they hold'}: {', '.join(if_so)}"] * bool(
            if_so
        )
    for law, rest in found.elsewhere.items():
        shares = [each.basins[law].value for each in found.equilibria]
        ends = _shares([*shares, rest.value], [*(f"at {name}" for name in names), "elsewhere or are on their way"])
        told.append(f"{law.replace('_', ' ')}: of {found.starts} starts {ends}")
    if found.logit is not None:
        told.append(f"logit path from even play ends {_end(found.logit.equilibrium, names)}")
        if found.logit.precision > 0.0:
            told.append(f"at precision {number(found.logit.precision, 3)} on it: {_words(found, found.logit.mixture)}")
    if found.fictitious_play is not None:
        shares = [each.fictitious_play or 0.0 for each in found.equilibria]
        drawn = _shares([*shares, 1.0 - sum(shares)], [*(f"at {name}" for name in names), "elsewhere"])
        place = _end(found.fictitious_play.equilibrium, names)
        told.append(f"fictitious play from even play ends {place}; of {BEGINNINGS} drawn beginnings {drawn}")
    if found.sinks is not None:
        sinks = [
            (f"{len(sink)} profiles, one of them " if len(sink) > 1 else "") + _words(found, sink[0])
            for sink in found.sinks[:_SHOWN]
        ] + ([f"{len(found.sinks) - _SHOWN} more"] if len(found.sinks) > _SHOWN else [])
        told.append(f"sinks of best replies: {' | '.join(sinks)}")
    for kind, paid in (("correlated", found.correlated), ("coarse correlated", found.coarse)):
        whose = [
            f"{number(low, 3)} to {number(high, 3)}" + (f" in {role}" if len(found.roles) > 1 else "")
            for role, (low, high) in (paid or {}).items()
        ]
        told += [f"{kind}: payoff of a player {', '.join(whose)}"] if whose else []
    if found.unreached:
        told.append(f"reached by none of these: {', '.join(names[place] for place in found.unreached)}")
    without = [name for name, each in zip(names, found.equilibria, strict=True) if each.stable is None]
    for reason in dict.fromkeys(found.reasons.values()):
        parts = ", ".join(part.replace("_", " ") for part, why in found.reasons.items() if why == reason)
        of_some = (
            without and (_THIS in reason or len(without) < len(names)) and found.reasons.get("stability") == reason
        )
        parts = parts.replace("stability", f"stability of {', '.join(without)}") if of_some else parts
        told.append(f"left out: {parts} ({_rounded(reason.replace(_THIS, without[-1]) if of_some else reason)})")
    return [line for each in told for line in textwrap.wrap(each, _WIDTH, subsequent_indent="    ")]


def _rounded(text: str) -> str:
    """A text whose decimal numbers have three digits."""
    return re.sub(r"\d+(\.\d+)?e[+-]?\d+|\d+\.\d+", lambda found: number(float(found[0]), 3), text)


def named(count: int, names: Sequence[str] | None) -> list[str]:
    """Names of so many equilibria, their numbers from 1 if None. Raises ValueError if there are not as many names."""
    found = [str(place + 1) for place in range(count)] if names is None else list(names)
    if len(found) != count:
        raise ValueError(f"{count} equilibria need as many names, not {len(found)}")
    return found


def called(names: Sequence[str], gain: float = 0.0) -> str:
    """``equilibrium 3`` or ``equilibria 1, 2``, of many the first four; with what a deviation gains, unless 0."""
    shown = list(names) if len(names) <= _MOST_CALLED + 1 else list(names[:_MOST_CALLED])
    text = "equilibrium " if len(names) == 1 else "equilibria "
    text += ", ".join(map(_clipped, shown))
    text += f" and {len(names) - len(shown)} more" if len(shown) < len(names) else ""
    return text + (f": a deviation gains {'up to ' if len(names) > 1 else ''}{number(gain, 3)}" if gain else "")


def stand_for(game: RoleSymmetricGame, players: Mapping[str, int] | None) -> list[str]:
    """Of each role of a reduced game ``5 makers stand for 25``, or nothing where the game has all of its players.

    Raises ValueError if players, by role how many the market has, names no role or has fewer than the game.
    """
    whole = {} if players is None else dict(players)
    unknown = [name for name in whole if name not in {role.name for role in game.roles}]
    if unknown:
        raise ValueError(f"players: there is no role {unknown[0]!r}: name some of {[each.name for each in game.roles]}")
    found = []
    for role in game.roles:
        count = whole.get(role.name, role.players)
        if count < role.players:
            raise ValueError(f"players of {role.name!r}: at least the game's {role.players}, not {count}")
        found.append(f"{role.players} {_clipped(role.name)} stand for {count:,}" if count > role.players else "")
    return found


def _clipped(name: str) -> str:
    return name if len(name) <= _LONG else f"{name[: _LONG - 1]}…"


def _end(place: int | None, names: Sequence[str]) -> str:
    return "elsewhere or is on its way" if place is None else f"at {names[place]}"


def _shares(shares: Sequence[float], where: Sequence[str]) -> str:
    """``62 % end at 1, 38 % at 3``, the largest first, those that read 0 % left out; the last of all is last."""
    order = [*np.argsort(-np.array(shares[:-1]), kind="stable").tolist(), len(shares) - 1]
    told = [f"{100 * shares[each]:.0f} % {where[each]}" for each in order if shares[each] >= _LEAST_SHOWN]
    return ", ".join(told).replace(" % ", " % end ", 1)


def _words(found: Selection, row: Sequence[float]) -> str:
    """Who plays what, of counts or of probabilities; ``all tight`` where a role does the same."""
    told = []
    for role, shares in _named(found, row).items():
        shown = {name: share for name, share in shares.items() if share >= _LEAST_SHOWN}
        plays = ", ".join(f"{number(share, 2)} {name}" for name, share in shown.items())
        plays = f"all {next(iter(shown))}" if len(shown) == 1 else plays
        told.append(plays if len(found.roles) == 1 else f"{role}: {plays}")
    return "; ".join(told)
