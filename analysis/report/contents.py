"""What a report contains: of each run a headline, findings, pictures and measures, laid side by side."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.money import trade_network
from analysis.money.attribution import Attribution, both
from analysis.money.who_paid_whom import WhoPaidWhom, who_paid_whom
from analysis.output.command import plus_minus
from analysis.output.rejections import rejection_lines
from analysis.output.run_picture import picture
from analysis.output.style import short, style
from analysis.quality.spreads import HORIZON, PARTS, Spreads, tables
from analysis.reading.columns import has_many_episodes
from analysis.reading.measures import Measure
from analysis.report import figures, words
from analysis.report.glossary import Chapter, chapters
from analysis.risk.stylised_facts import facts_of
from analysis.risk.stylised_facts import figure as figure_of_facts
from analysis.stats.estimates import mean
from sim.core.errors import RunError
from sim.runs.result import Run, changes_in_words
from sim.scenario import dump_toml

Watch = Callable[[str], None]
_DPI, _PIXELS = 140, 89  # dots an inch in the file, and on the page
_NONE = "–"
_MOST_VENUES = 2  # whose returns are drawn
_ALWAYS = (
    "liquidity",
    "volatility",
    "making",
    "spread_models",
    "price_impact",
    "risk",
)  # what is missing of these is said


@dataclass(frozen=True)
class Image:
    """A figure as a page holds it."""

    source: str  # a data URI
    width: int  # pixels of the page, where there is room
    text: str  # for those who cannot see it
    of: str  # the run's name


@dataclass
class Grid:
    """A table, whose first cells name the rows."""

    head: list[str]
    rows: list[list[str]]
    note: str = ""
    words_last: bool = False  # whether the last column is text


@dataclass
class Part:
    """A chapter of the page."""

    chapter: Chapter
    images: list[Image] = field(default_factory=list)
    grids: list[tuple[str, Grid]] = field(default_factory=list)  # a title, and the table
    missing: list[str] = field(default_factory=list)  # why something is not there

    @property
    def anchor(self) -> str:
        """What links lead to."""
        return self.chapter.title.lower().replace(" ", "-")

    def __bool__(self) -> bool:
        return bool(self.images or self.grids or self.missing)


@dataclass
class ReportedRun:
    """What one run says."""

    name: str
    run: Run
    headline: str
    findings: list[words.Finding]
    attributions: list[Attribution]
    who: WhoPaidWhom | None
    spreads: list[Spreads]
    reason: str  # why there are no attributions

    @property
    def episodes(self) -> int:
        """Over which amounts are means."""
        return 1 if self.who is None else len(self.who.won)


def reported(run: Run, name: str, watch: Watch = lambda part: None) -> ReportedRun:
    """Attributions, spreads and what they say of a run."""
    watch("where the money went")
    who, attributions, spreads, reason = None, [], [], ""
    try:
        who, attributions = who_paid_whom(run), both(run)
        spreads = [Spreads(run, each.name) for each in run.scenario.instruments]
    except RunError as why:
        reason = str(why)
    watch("what it says")
    found = words.findings(run, attributions[0], spreads) if spreads else []
    return ReportedRun(
        name, run, words.headline(run, who, next(iter(attributions), None)), found, attributions, who, spreads, reason
    )


def opening(reported_runs: Sequence[ReportedRun], watch: Watch = lambda part: None) -> list[Image]:
    """The picture of each run."""
    watch("the picture")
    made = []
    for each in reported_runs:
        with style():
            made.append(_image(picture(each.run, heading=False), f"What happened. {each.headline}", each.name))
    return made


def parts(reported_runs: Sequence[ReportedRun], watch: Watch = lambda part: None) -> list[Part]:
    """The chapters in which there is something, runs side by side."""
    own = {
        "Where the money went": _money,
        "Who paid whom": _payments,
        "What trading cost": _spreads,
        "Prices": _prices,
        "Stylised facts": _returns,
        "How it was made": _making_of,
    }
    made = []
    for chapter in chapters().values():
        watch(chapter.title.lower())
        fill = own.get(chapter.title, _measured)
        part = Part(chapter)
        fill(part, reported_runs)
        made.append(part)
    return [part for part in made if part]


# --- chapters -------------------------------------------------------------------------------------------------------


def _money(part: Part, reported_runs: Sequence[ReportedRun]) -> None:
    for each in reported_runs:
        if not each.attributions:
            part.missing.append(each.reason)
            continue
        at_mark, at_value = each.attributions
        rows = at_mark.table().drop(columns="recorded").iterrows()
        amounts = "; ".join(f"{name}: {_amounts(row)}" for name, row in rows)
        text = f"Waterfalls of the change of wealth. {amounts}."
        part.images.append(_image(figures.waterfalls(at_mark), text, each.name))
        part.grids.append(
            (_title(each, reported_runs, f"by the mid, with a horizon of {at_mark.horizon}"), _lines(at_mark))
        )
        part.grids.append((_title(each, reported_runs, "by the value"), _lines(at_value)))
    for place, how in enumerate(("the mid", "the value")):
        frames = [each.attributions[place].table() / each.episodes for each in reported_runs if each.attributions]
        _over_seeds(part, reported_runs, f"by {how}, mean of the seeds", frames)


def _amounts(row: pd.Series[float]) -> str:
    return ", ".join(
        f"{str(line).replace('_', ' ')} {short(float(value))}"
        for line, value in row.items()
        if value and math.isfinite(value)
    )


def _lines(found: Attribution) -> Grid:
    estimates, table = found.estimates(), found.table()
    lines = [line for line in (*found.lines, "total") if line == "total" or bool(table[line].any())]
    rows = []
    for place, holder in enumerate(found.holders):
        cells = [
            _with_error(estimates[line, "value"].iloc[place], estimates[line, "standard_error"].iloc[place])
            for line in lines
        ]
        recorded = table["recorded"].iloc[place] / len(found.units)
        rows.append([str(holder), *cells, _with_error(recorded)])
    head = ["", *(line.replace("_", " ") for line in lines), "recorded by the ledger"]
    checked = f"Against what the ledger recorded, {found.left_over}."
    note = f"Currency, mean of an episode ± one standard error. {checked}"
    if found.unknown:
        note += f" {found.unknown[0].upper()}{found.unknown[1:]}."
    return Grid(head, rows, note)


def _payments(part: Part, reported_runs: Sequence[ReportedRun]) -> None:
    for each in reported_runs:
        if each.who is None:
            continue
        table = each.who.table() / each.episodes
        won = [
            f"{name} won {short(float(value))} from {other}"
            for name, row in table[list(each.who.populations)].iterrows()
            for other, value in row.items()
            if value > 0
        ]
        part.images.append(
            _image(figures.payments(each.who), f"Who won from whom: {'; '.join(won) or 'nobody'}.", each.name)
        )
        text = "The network of payments between populations and venues."
        part.images.append(_image(trade_network.figure(trade_network.trade_network(each.run)), text, each.name))
        kept = [name in (*each.who.populations, "total") or bool(table[name].any()) for name in table.columns]
        shown = table.loc[:, kept]
        head = ["won by", *(f"from {name}" if name in each.who.populations else str(name) for name in shown.columns)]
        rows = [[str(name), *(_with_error(float(value)) for value in row)] for name, row in shown.iterrows()]
        part.grids.append((_title(each, reported_runs, ""), Grid(head, rows, "Currency, mean of an episode.")))
    frames = [each.who.table() / each.episodes for each in reported_runs if each.who is not None]
    _over_seeds(part, reported_runs, "won by the row's from the column's, mean of the seeds", frames)


def _spreads(part: Part, reported_runs: Sequence[ReportedRun]) -> None:
    if only_seeds_differ([each.run for each in reported_runs]) and all(each.spreads for each in reported_runs):
        try:
            frames = [tables(each.run, "pair")[list(PARTS)] for each in reported_runs]
            if all(frame.index.equals(frames[0].index) for frame in frames):
                _over_seeds(part, reported_runs, "by who took from whom, mean of the seeds", frames)
        except RunError:
            pass  # said below, run by run
    for each in reported_runs:
        drawn = figures.horizons(each.spreads)
        if drawn is not None:
            text = "Realised spread, and price impact by the taker's population, against the orders that have passed."
            part.images.append(_image(drawn, text, each.name))
        for spreads in each.spreads:
            of = f"{spreads.trades.instrument}, " if len(each.spreads) > 1 else ""
            for by, title in (("pair", "who took from whom"), ("venue", "venue"), ("side", "side"), ("size", "size")):
                try:
                    table = spreads.table(by)
                except RunError as why:
                    part.missing += [str(why)] if by == "pair" else []
                    continue
                if len(table) > 1 or by == "pair":
                    part.grids.append((_title(each, reported_runs, f"{of}by {title}"), _spread_grid(table)))


def _over_seeds(part: Part, reported_runs: Sequence[ReportedRun], title: str, frames: Sequence[pd.DataFrame]) -> None:
    """A table of means over the seeds of one scenario, with their errors; nothing where runs differ in more."""
    if len(frames) < len(reported_runs) or not only_seeds_differ([each.run for each in reported_runs]):
        return
    values = np.stack([frame.to_numpy(float) for frame in frames])
    shown = [place for place, name in enumerate(frames[0].columns) if values[:, :, place].any() or name == "total"]
    rows = [
        [str(name), *(_with_error(*mean(values[:, row, column])) for column in shown)]
        for row, name in enumerate(frames[0].index)
    ]
    head = ["", *(str(frames[0].columns[place]).replace("_", " ") for place in shown)]
    part.grids.append((title, Grid(head, rows, "Currency, mean of an episode ± one standard error over the seeds.")))


def _spread_grid(table: pd.DataFrame) -> Grid:
    pairs = table.index.name == "pair"
    rows = []
    for name, row in table.iterrows():
        cells = [_with_error(row[each], row[f"{each}_standard_error"]) for each in PARTS]
        toxicity = [f"{100 * row['share']:.0f} %".replace("-", "−") if math.isfinite(row["share"]) else _NONE]
        rows.append([str(name), f"{row['lots']:,.0f}", *cells, *(toxicity if pairs else [])])
    head = ["taker → maker" if pairs else "", "lots", *PARTS, *(["toxicity"] if pairs else [])]
    toxic = " Toxicity: the impact's share of the effective spread." if pairs else ""
    return Grid(head, rows, f"Currency a lot ± one standard error; over a horizon of {HORIZON} orders.{toxic}")


def _measured(part: Part, reported_runs: Sequence[ReportedRun]) -> None:
    found: dict[str, dict[str, Measure]] = {}  # by the measure's name, then the run's
    lacking: dict[str, list[str]] = {}  # modules by why they have nothing to say
    for each in reported_runs:
        for module in part.chapter.modules:
            try:
                measures = import_module(f"analysis.{module}").measures(each.run)
            except RunError as why:
                if module in _ALWAYS:
                    lacking.setdefault(str(why), []).append(module.replace("_", " "))
                continue
            for measure in measures:
                found.setdefault(measure.name, {})[each.name] = measure
    part.missing += [f"{', '.join(modules)}: {why}" for why, modules in lacking.items()]
    if not found:
        return
    names = [each.name for each in reported_runs]
    seeds = only_seeds_differ([each.run for each in reported_runs])
    rows = []
    for name, by_run in found.items():
        cells = [
            _with_error(by_run[run].value, by_run[run].standard_error) if run in by_run else _NONE for run in names
        ]
        if seeds:
            values = [measure.value for measure in by_run.values() if math.isfinite(measure.value)]
            cells.append(_with_error(*mean(values)) if len(values) > 1 else _NONE)
        first = next(iter(by_run.values()))
        rows.append([name.replace("_", " ").replace(".", ": "), *cells, first.unit, first.meaning])
    values_of = names if len(names) > 1 else ["value"]
    head = ["measure", *values_of, *(["mean of the seeds"] if seeds else []), "unit", "meaning"]
    part.grids.append(("", Grid(head, _without_repeats(rows), "± one standard error.", words_last=True)))


def _without_repeats(rows: list[list[str]]) -> list[list[str]]:
    """Rows in which there is no number, and that follow one another for the same reason, as one."""
    made: list[list[str]] = []
    before = ""
    for row in rows:
        reason = row[-1].rpartition("; none: ")[2] if all(cell == _NONE for cell in row[1:-2]) else ""
        if reason and reason == before:
            made[-1] = [f"{made[-1][0].partition(' … ')[0]} … {row[0]}", *made[-1][1:-2], "", f"none: {reason}"]
        else:
            made.append(row)
        before = reason
    return made


def _prices(part: Part, reported_runs: Sequence[ReportedRun]) -> None:
    for each in reported_runs:
        if each.run.scenario.record.levels and not has_many_episodes(each.run):
            text = "Signature plots: variance of the price's change by the interval between looks at it."
            part.images.append(_image(figures.signatures(each.run), text, each.name))
    _measured(part, reported_runs)


def _returns(part: Part, reported_runs: Sequence[ReportedRun]) -> None:
    for each in reported_runs:
        for venue in each.run.scenario.venues[:_MOST_VENUES]:
            try:
                facts = facts_of(each.run, venue.name)
                drawn = figure_of_facts(facts.returns, facts.volumes if each.run.scenario.record.trades else None)
            except (RunError, ValueError):
                continue
            part.images.append(_image(drawn, f"Stylised facts of the returns of {venue.name}.", each.name))
    _measured(part, reported_runs)


def _making_of(part: Part, reported_runs: Sequence[ReportedRun]) -> None:
    for each in reported_runs:
        run, manifest = each.run, each.run.manifest
        rows = [
            ["status", str(each.run.status)],
            ["seed", str(manifest["seed"])],
            ["changed of the scenario", _changes(run)],
            ["files of strategies", _files(run)],
            ["steps", f"{manifest['steps']:,} of {manifest['steps_asked']:,}"],
            ["trades", f"{manifest['trades']:,}"],
            ["messages", f"{manifest['messages']:,}"],
            ["rejected", "; ".join(rejection_lines(manifest)) or _NONE],
            ["warnings", "; ".join(manifest["warnings"]) or _NONE],
            ["scenario's digest", str(manifest["scenario_hash"])],
            ["versions", ", ".join(f"{name} {version}" for name, version in manifest["versions"].items())],
        ]
        part.grids.append((_title(each, reported_runs, ""), Grid(["", ""], rows, words_last=True)))


def _changes(run: Run) -> str:
    return ", ".join(changes_in_words({"overrides": run.overrides})) or _NONE


def _files(run: Run) -> str:
    """The user's own files, with the digests of what stood in them."""
    return ", ".join(f"{each.get('file')} ({each.get('digest')})" for each in run.strategy_files) or _NONE


def scenario_texts(reported_runs: Sequence[ReportedRun]) -> list[tuple[str, str]]:
    """Each run's name, and its scenario as TOML."""
    return [(each.name, dump_toml(each.run.scenario)) for each in reported_runs]


# --- helpers --------------------------------------------------------------------------------------------------------


def only_seeds_differ(runs: Sequence[Run]) -> bool:
    """Whether several runs are of one scenario with different seeds, so that their scatter gives an error."""

    def without_seed(run: Run) -> Any:
        return run.scenario.model_copy(update={"run": run.scenario.run.model_copy(update={"seed": 0})})

    seeds = {run.scenario.run.seed for run in runs}
    return len(runs) > 1 and len(seeds) == len(runs) and len({dump_toml(without_seed(run)) for run in runs}) == 1


def _title(each: ReportedRun, reported_runs: Sequence[ReportedRun], text: str) -> str:
    """A table's title, with the run's name where there are several."""
    return ": ".join(part for part in (each.name if len(reported_runs) > 1 else "", text) if part)


def _with_error(value: float, standard_error: float | None = None) -> str:
    if not math.isfinite(value):
        return _NONE
    text = plus_minus(float(value), standard_error)
    return f"−{text[1:]}" if text.startswith("-") else text


def _image(figure: Figure, text: str, of: str) -> Image:
    file = BytesIO()
    with style():
        figure.savefig(file, format="png", dpi=_DPI)
    source = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    return Image(source, round(_PIXELS * figure.get_figwidth()), text, of)
