"""Many runs as jobs and chunks: the bounds of chunks depend only on the runs that were asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sim.core.arguments import several, whole
from sim.core.errors import RunError, StrategyError
from sim.core.wording import shown
from sim.experiment.measured import Asked
from sim.kept.version import CODE
from sim.runs.files import read_manifest
from sim.scenario import Scenario, dump_toml
from sim.strategy_kit import registry as strategies
from sim.strategy_kit.loading import files
from sim.strategy_kit.loading.module_loader import digest as files_digest

Label = bool | int | float | str | None
FORMAT = 3
CHUNK_WORK = 4e6  # turns: less than a second, or a few where strategies think long
_TURNS_A_RUN = 1000.0  # what beginning a run takes beside its turns
_TURNS_A_SAMPLE = 0.3
_TURNS_A_MEASURE = 100_000.0  # what reading tables takes, while as many turns are played
_LOOKS = 5  # at a file that changes while it is read


@dataclass(frozen=True)
class Job:
    """One scenario on many seeds.

    Parameters
    ----------
    scenario : as checked; its own seed does not matter.
    seeds : a run each.
    labels : what tells it from other jobs, a column of the results each: ``{"makers.params.half_spread": 0.05}``.

    Raises
    ------
    ValueError
        If there are no seeds, one is there twice or out of range, or a label is no number, text or switch.
    TypeError
        If the scenario is none, as one that was not loaded, or a seed is no whole number.
    """

    scenario: Scenario
    seeds: Sequence[int]
    labels: Mapping[str, Label] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_scenario(self.scenario)
        seeds = tuple(whole("a seed", seed) for seed in several("seeds", self.seeds, "a list of whole numbers"))
        _check_labels(self.labels)
        if not seeds:
            raise ValueError("a job without seeds has nothing to run")
        if len(set(seeds)) < len(seeds):
            raise ValueError("a seed is there twice: the second run would be the first again")
        if min(seeds) < 0 or max(seeds) >= 2**63:
            raise ValueError(f"seeds are whole numbers from 0 to 2**63 - 1, not {min(seeds)} to {max(seeds)}")
        for name, value in self.labels.items():
            if value is not None and not isinstance(value, bool | int | float | str):
                raise ValueError(f"label {name!r} is {shown(value)}; it must be a number, a text or a switch")
        object.__setattr__(self, "seeds", seeds)
        object.__setattr__(self, "labels", dict(self.labels))

    @cached_property
    def digest(self) -> str:
        """A name made from the scenario as resolved and the files it reads, its seed aside: 16 hexadecimal digits."""
        return digest_of(self.scenario)

    @property
    def runs(self) -> int:
        """Number of runs."""
        return len(self.seeds)


def _check_labels(labels: object) -> None:
    if not isinstance(labels, Mapping) or not all(isinstance(name, str) for name in labels):
        raise TypeError(f"labels must be a table of names and values, not {labels!r:.60}")


def _check_scenario(scenario: object) -> None:
    if not isinstance(scenario, Scenario):
        raise TypeError(f"scenario must be one that was loaded, load({scenario!r:.60}), not its path or another thing")


def digest_of(scenario: Scenario) -> str:
    """A name made from a scenario as resolved and the files and earlier runs it reads, its seed aside."""
    made = hashlib.blake2b(digest_size=8)
    seedless = scenario.model_copy(update={"run": scenario.run.model_copy(update={"seed": 0})})
    made.update(dump_toml(seedless).encode())
    for path in paths_of(scenario):
        made.update(_digest_at(path))
    return made.hexdigest()


def paths_of(scenario: Scenario) -> list[Path]:
    """The files and the folders of earlier runs that a scenario reads: values, networks, paths of strategies."""
    played = [(strategies.get(each.strategy), each.params) for each in scenario.populations]
    params = [given[name] for strategy, given in played for name in strategy.paths(given)]
    return [*scenario.files(), *(Path(path) for path in params if path is not None)]


def _digest_at(path: Path) -> bytes:
    """Of a file, or of a run folder as its manifest has it: two runs that differ in times alone are the same."""
    try:
        content = json.dumps(read_manifest(path)["files"]).encode() if path.is_dir() else path.read_bytes()
    except OSError as error:
        raise RunError(f"{path}: it cannot be read ({error.strerror}) — is the file still there?") from error
    return hashlib.blake2b(content).digest()


def work_of(scenario: Scenario) -> float:
    """About how much one run is to do, in turns of agents. From the scenario alone, never from a clock."""
    run = scenario.run
    turns, groups = 0.0, set()
    for population in scenario.populations:
        law: Any = population.arrivals
        if law is None:
            turns += population.count
        elif law.law == "bernoulli":
            turns += population.count * law.probability
        elif law.law == "poisson":
            turns += law.rate
        elif law.law == "hawkes":  # what others excite is left out
            turns += law.rate / max(1e-3, 1.0 - law.mass)
        else:
            groups.add(law.group)
    samples = _TURNS_A_SAMPLE * len(scenario.venues) if scenario.record.levels else 0.0
    a_step = 1.0 + turns + len(groups) + samples
    return _TURNS_A_RUN + run.episodes * (run.steps * a_step + 2.0 * scenario.agents())


@dataclass(frozen=True)
class Source:
    """A file of strategies, as it stood when the runs were asked for, with what it was made from.

    Attributes
    ----------
    contents : of it, of the modules beside it that it imports, and of the files below its folder that it reads while
        it is imported; by path relative to its folder.
    elsewhere : files in other folders that it reads then, and a digest of each.
    packages : that it imports, and their versions.
    values : by strategy, a digest of the numbers and arrays that its compiled code has in it, wherever they came from;
        empty where that cannot be told.
    """

    path: Path
    contents: tuple[tuple[str, bytes], ...]
    elsewhere: tuple[tuple[str, str], ...] = ()
    packages: tuple[tuple[str, str], ...] = ()
    values: tuple[tuple[str, str], ...] = ()

    @cached_property
    def digest(self) -> str:
        """A name made from all of them; from the path nothing."""
        made = hashlib.blake2b(digest_size=8)
        for name, content in self.contents:
            made.update(f"{name} {len(content)} ".encode() + content)
        made.update(repr((self.elsewhere, self.packages, self.values)).encode())
        return made.hexdigest()

    def as_json(self) -> dict[str, Any]:
        """What ``sweep.json`` says of it."""
        files = {name: files_digest(content) for name, content in self.contents} | dict(self.elsewhere)
        return {"file": str(self.path), "digest": self.digest, "files": files, "packages": dict(self.packages)}


def source_of(path: str | Path) -> Source:
    """A user's file of strategies, loaded here and ready to be sent to workers.

    Raises
    ------
    StrategyError
        If it cannot be loaded.
    """
    home = Path(path).resolve()
    for _ in range(_LOOKS):
        declared = files.load_file(path)
        loaded = files.loaded(home)
        was = loaded.contents | loaded.reads
        near = sorted(each for each in was if each.is_relative_to(home.parent))
        try:
            contents = {each: each.read_bytes() for each in near}
        except OSError:
            continue
        if all(files_digest(content) == was[each] for each, content in contents.items()):
            return Source(
                home,
                tuple((each.relative_to(home.parent).as_posix(), content) for each, content in contents.items()),
                tuple(sorted((str(each), was[each]) for each in loaded.reads if each not in contents)),
                tuple(sorted(loaded.packages.items())),
                tuple((each.name, each.cache_key or "") for each in declared),
            )
    raise StrategyError(f"{path}: it, or a file that it reads, changes while it is loaded — try again")


def sources_of(paths: Iterable[str | Path]) -> list[Source]:
    """Several files of strategies, ready to be sent to workers; a file that is there twice counts once.

    Raises
    ------
    StrategyError
        If one cannot be loaded, or two declare a strategy of one name.
    """
    paths = list(paths)
    files.load_files(paths)
    return list({source.path: source for source in map(source_of, paths)}.values())


@dataclass(frozen=True)
class Piece:
    """Some seeds of a job."""

    scenario: Scenario
    job: str  # the job's digest
    seeds: tuple[int, ...]
    labels: Mapping[str, Label]


@dataclass(frozen=True)
class Chunk:
    """What a worker does in one go, and what one file holds."""

    name: str  # a hash of everything its result depends on
    pieces: tuple[Piece, ...]
    sources: tuple[Source, ...]
    payoffs: bool  # keep the payoffs of single episodes
    run_folders: Path | None  # the folder for a run folder of each run
    measures: tuple[Asked, ...] = ()  # taken of each run
    code: str = CODE

    @cached_property
    def runs(self) -> int:
        """Number of runs."""
        return sum(len(piece.seeds) for piece in self.pieces)

    @cached_property
    def work(self) -> float:
        """About how much there is to do, in turns."""
        return sum(len(piece.seeds) * work_of(piece.scenario) for piece in self.pieces)

    def __str__(self) -> str:
        first, last = self.pieces[0], self.pieces[-1]
        return f"{told(first.labels, first.seeds[0])} to {told(last.labels, last.seeds[-1])}"


def told(labels: Mapping[str, Label], seed: int) -> str:
    """A run in words: its labels and its seed."""
    return ", ".join([*(f"{name} = {value}" for name, value in labels.items()), f"seed {seed}"])


def cut(
    jobs: Iterable[Job],
    sources: Sequence[Source] = (),
    payoffs: bool = False,
    run_folders: Path | None = None,
    measures: tuple[Asked, ...] = (),
) -> list[Chunk]:
    """Cut jobs into chunks: a large job into several, of small ones several into one.

    A chunk does so much that it takes about a second. Its bounds depend on the jobs alone, so that chunks done with
    four workers are found again with two, and those of a hundred seeds among those of two hundred.
    """
    chunks: list[Chunk] = []
    held: list[Piece] = []
    spent = 0.0

    def close() -> None:
        nonlocal spent
        if held:
            chunks.append(_named(tuple(held), tuple(sources), payoffs, run_folders, measures))
        held.clear()
        spent = 0.0

    for job in alike(jobs):
        work = work_of(job.scenario) + _TURNS_A_MEASURE * len(measures)
        most = max(1, int(CHUNK_WORK / work))
        pieces = list(_pieces(job, most))
        whole = len(pieces[0].seeds) == most
        for piece in pieces:
            takes = work * len(piece.seeds)
            if whole or spent + takes > CHUNK_WORK:
                close()
            held.append(piece)
            spent += takes
        if whole:
            close()
    close()
    return chunks


def _pieces(job: Job, most: int) -> Iterator[Piece]:
    seeds = tuple(job.seeds)
    for first in range(0, len(seeds), most):
        yield Piece(job.scenario, job.digest, seeds[first : first + most], job.labels)


def alike(jobs: Iterable[Job]) -> list[Job]:
    """The jobs with all labels in each, of one type by name: numbers where all are, else texts."""
    jobs = list(jobs)
    names = list(dict.fromkeys(name for job in jobs for name in job.labels))
    casts = {name: _cast([job.labels.get(name) for job in jobs]) for name in names}
    return [_labelled(job, {name: casts[name](job.labels.get(name)) for name in names}) for job in jobs]


def _labelled(job: Job, labels: dict[str, Label]) -> Job:
    same = list(job.labels) == list(labels) and all(job.labels[name] is labels[name] for name in labels)
    return job if same else Job(job.scenario, job.seeds, labels)


def _cast(values: Sequence[Label]) -> Any:
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) <= 1:
        return lambda value: value
    kind = float if kinds == {int, float} else str
    return lambda value: None if value is None else kind(value)


def _named(
    pieces: tuple[Piece, ...],
    sources: tuple[Source, ...],
    payoffs: bool,
    run_folders: Path | None,
    measures: tuple[Asked, ...],
) -> Chunk:
    made = hashlib.blake2b(digest_size=16)
    made.update(repr((FORMAT, CODE, payoffs, run_folders is not None, measures)).encode())
    made.update(repr([source.digest for source in sources]).encode())
    for piece in pieces:
        made.update(repr((piece.job, piece.seeds, list(piece.labels.items()))).encode())
    return Chunk(made.hexdigest(), pieces, sources, payoffs, run_folders, measures)
