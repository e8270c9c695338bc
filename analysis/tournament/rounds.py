"""A tournament: each entry alone, in pairs, and all together, on common seeds; who fails is out.

First every file plays alone, and is looked at: whether it reads the future, and whether it keeps the contract of
strategies. Those that can play then meet in pairs, and all together. One that fails there is out as well: its matches
count for nobody, and the match of all is played again without it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from joblib import cpu_count

from analysis.tournament.entries import OURS, Entry, Failure, entries_in
from analysis.tournament.kept_matches import KeptMatches, Played, taken_from
from analysis.tournament.limits import Said
from analysis.tournament.matches import ALONE, PAIR, TOGETHER, Match, check_players, market_of, matches_of
from analysis.tournament.task import Task
from analysis.tournament.workers import Workers
from sim.core.errors import RunError
from sim.scenario import Scenario

SEEDS, SECONDS = 8, 10.0
Watch = Callable[[str, int, int, float], None]  # kind of match, matches done, of how many, seconds left


@dataclass(frozen=True)
class Asked:
    """What a tournament is about.

    Attributes
    ----------
    population : whose members the players are.
    seeds : of every match.
    seconds : that one run may take per player, of wall clock.
    """

    scenario: Scenario
    population: str
    seeds: tuple[int, ...]
    seconds: float = SECONDS

    def task(self, match: Match, seeds: Sequence[int], examine: bool) -> Task:
        """A match as it is sent to a process."""
        players = {each.key: str(each.path or "") for each in match.entries}
        given, folder = self.scenario.given, self.scenario.folder
        return Task(
            players, self.population, given, self.scenario.source, str(Path(folder).resolve()), tuple(seeds), examine,
            self.seconds,
        )  # fmt: skip


@dataclass
class Outcome:
    """What came of a tournament.

    Attributes
    ----------
    entries : who can play, the yardstick last.
    names : of the strategies, by key, where they are known.
    out : who cannot, each with its reason, in the order of the files.
    matches : that count.
    dropped : that could not be played to their end, though no player failed that can be named.
    """

    asked: Asked
    entries: list[Entry] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    out: list[Failure] = field(default_factory=list)
    matches: list[tuple[Match, Played]] = field(default_factory=list)
    dropped: list[tuple[Match, Failure]] = field(default_factory=list)


@dataclass(frozen=True)
class Entrants:
    """The files of a folder, as they are when the tournament begins: who enters, and who cannot."""

    entries: list[Entry]
    refused: list[Failure]


def entrants_of(folder: Path, asked: Asked) -> Entrants:
    """Who enters, and that so many can play.

    Raises
    ------
    RunError, ScenarioError
        If there is nobody who could play, or the scenario cannot be played by so many.
    """
    entries, refused = entries_in(folder)
    check_players(asked.scenario, asked.population)
    for many in dict.fromkeys((1, 2, len(entries) + 1)):
        market_of(asked.scenario, asked.population, {f"{place}": _own(asked) for place in range(many)})
    return Entrants(entries, refused)


def _own(asked: Asked) -> str:
    """The strategy that the scenario gives the population."""
    return next(each.strategy for each in asked.scenario.populations if each.name == asked.population)


def tournament(
    entrants: Entrants, asked: Asked, kept: KeptMatches, workers: int | None = None, watch: Watch | None = None
) -> Outcome:
    """Let strategies play.

    Parameters
    ----------
    entrants : from :func:`entrants_of`.
    kept : where matches are found and put.
    workers : how many matches at a time; None for one per core. No result depends on it.
    watch : told after each match.

    Raises
    ------
    RunError
        If the scenario's own strategy fails within the limits, or a file is edited meanwhile.
    """
    entries, own, ours = entrants.entries, _own(asked), Entry(OURS)
    found = Outcome(asked, names={OURS: own}, out=list(entrants.refused))
    rounds = _Rounds(asked, kept, workers, watch, found)
    rounds.inputs |= {str(each.path): each.digest for each in entries}
    try:
        yardstick = rounds.play([Match(ALONE, (ours,))], "")
        if failure := yardstick[0][1].failure:
            raise RunError(_too_much(own, failure, asked))
        found.entries = [*entries, ours]
        alone = rounds.play(matches_of(ALONE, entries), "alone", examine=True)
        found.matches = [*rounds.counting(alone), *yardstick]
        found.matches += rounds.counting(rounds.play(matches_of(PAIR, found.entries), "in pairs", examine=True))
        while together := matches_of(TOGETHER, found.entries):
            before = len(found.entries)
            played = rounds.counting(rounds.play(together, "all together", examine=True))
            if len(found.entries) == before:
                found.matches += played
                break
    finally:
        rounds.close()
    here = {each.key for each in found.entries}
    found.matches = [(match, played) for match, played in found.matches if set(match.keys) <= here]
    found.out.sort(key=lambda failure: str(failure.key))
    return found


def _too_much(own: str, failure: Failure, asked: Asked) -> str:
    if failure.reason == "time":
        return (
            f"--seconds {asked.seconds:g}: the scenario's own strategy {own!r}, alone, needs more for one run "
            f"({failure.message}) — give more, or shorten the run with --set run.steps=…"
        )
    return f"{asked.scenario.source}: its own strategy {own!r} cannot play {asked.population} alone: {failure.message}"


class _Rounds:
    """Rounds of matches, with what is known of them."""

    def __init__(
        self, asked: Asked, kept: KeptMatches, workers: int | None, watch: Watch | None, found: Outcome
    ) -> None:
        self._asked, self._kept, self._watch, self._found = asked, kept, watch, found
        self._size = workers
        self.inputs: dict[str, str] = {}  # files that were read, and what stood in them
        self._workers: Workers | None = None

    def play(self, matches: Sequence[Match], kind: str, examine: bool = False) -> list[tuple[Match, Played]]:
        """Play matches, as far as they were not played before."""
        known = [self._known(match) for match in matches]
        for played in known:
            self._check(played)
        missing = [place for place, played in enumerate(known) if not self._is_whole(played, examine)]
        tasks = []
        for place in missing:
            seeds = [seed for seed in self._asked.seeds if seed not in known[place].runs]
            tasks.append(self._asked.task(matches[place], seeds, examine and not known[place].examined))
        begin, done = time.monotonic(), 0

        def take(number: int, said: list[Said]) -> None:
            nonlocal done
            place = missing[number]
            taken_from(said, known[place], matches[place], examine)
            self._check(known[place])
            self._kept.put(matches[place], known[place])
            done += 1
            if self._watch and kind:
                left = (time.monotonic() - begin) / done * (len(missing) - done)
                self._watch(kind, len(matches) - len(missing) + done, len(matches), left)

        if tasks:
            if self._watch and kind:
                self._watch(kind, len(matches) - len(missing), len(matches), float("nan"))
            self._workers = self._workers or Workers(self._size or cpu_count(), tasks[0])
            self._workers.do(tasks, take)
        for played in known:
            self._found.names |= played.names
        return list(zip(matches, known, strict=True))

    def _check(self, played: Played) -> None:
        """See that a match read the same files as the others.

        Raises
        ------
        RunError
            If one was edited: the table would be of two versions of it.
        """
        for path, was in played.inputs.items():
            if self.inputs.setdefault(path, was) != was:
                raise RunError(f"{path}: it was edited while the tournament was played — type the command again")

    def counting(self, matches: Sequence[tuple[Match, Played]]) -> list[tuple[Match, Played]]:
        """Those that count; who failed in one is out."""
        found = self._found
        for match, played in matches:
            failure = played.failure
            if failure is None:
                continue
            if failure.key is None or failure.key == OURS:
                found.dropped.append((match, failure))
            elif failure.key not in {each.key for each in found.out}:
                found.out.append(failure)
        gone = {failure.key for failure in found.out}
        found.entries = [each for each in found.entries if each.key not in gone]
        return [(match, played) for match, played in matches if played.failure is None]

    def _known(self, match: Match) -> Played:
        played = self._kept.find(match)
        if played.failure and played.failure.seed not in (None, *self._asked.seeds):
            played.failure = None  # it failed in a run that is not asked for now
        return played

    def _is_whole(self, played: Played, examine: bool) -> bool:
        if played.failure:
            return True
        return played.runs.keys() >= set(self._asked.seeds) and played.examined >= examine

    def close(self) -> None:
        if self._workers:
            self._workers.close()
