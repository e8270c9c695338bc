"""What a report contains: of each run a headline, findings, pictures and measures, laid side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pandas as pd

from analysis.money import trade_network
from analysis.money.attribution import Attribution, both
from analysis.money.who_paid_whom import who_paid_whom
from analysis.output.numbers import short
from analysis.output.rejections import rejection_lines
from analysis.output.run_picture import picture
from analysis.output.style import style
from analysis.quality.spreads import HORIZON, PARTS, Spreads, tables
from analysis.reading import registry
from analysis.reading.columns import has_many_episodes
from analysis.report import figures, risk_words, words
from analysis.report.glossary import chapters
from analysis.report.measured import measured
from analysis.report.parts import (
    NONE,
    Grid,
    Image,
    Part,
    ReportedRun,
    image_of,
    only_seeds_differ,
    over_seeds,
    title_of,
    with_error,
)
from analysis.risk.stylised_facts import facts_of
from analysis.risk.stylised_facts import figure as figure_of_facts
from sim.core.errors import RunError
from sim.runs.manifest import changes_in_words
from sim.runs.result import Run
from sim.scenario import dump_toml

Watch = Callable[[str], None]
_MOST_VENUES = 2  # whose returns are drawn


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
    found = risk_words.findings(run) + (words.findings(run, attributions[0], spreads) if spreads else [])
    return ReportedRun(
        name, run, words.headline(run, who, next(iter(attributions), None)), found, attributions, who, spreads, reason
    )


def opening(reported_runs: Sequence[ReportedRun], watch: Watch = lambda part: None) -> list[Image]:
    """The picture of each run."""
    watch("the picture")
    made = []
    for each in reported_runs:
        with style():
            made.append(image_of(picture(each.run, heading=False), f"What happened. {each.headline}", each.name))
    return made


def parts(reported_runs: Sequence[ReportedRun], watch: Watch = lambda part: None) -> list[Part]:
    """The chapters in which there is something, runs side by side."""
    made = []
    for chapter in chapters().values():
        watch(chapter.title.lower())
        part = Part(chapter)
        if chapter.title in _OWN:
            _OWN[chapter.title](part, reported_runs)
        measured(part, reported_runs, _LAID_OUT)
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
        part.images.append(image_of(figures.waterfalls(at_mark), text, each.name))
        part.grids.append(
            (title_of(each, reported_runs, f"by the mid, with a horizon of {at_mark.horizon}"), _lines(at_mark))
        )
        part.grids.append((title_of(each, reported_runs, "by the value"), _lines(at_value)))
    for place, how in enumerate(("the mid", "the value")):
        frames = [each.attributions[place].table() / each.episodes for each in reported_runs if each.attributions]
        over_seeds(part, reported_runs, f"by {how}, mean of the seeds", frames)


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
            with_error(estimates[line, "value"].iloc[place], estimates[line, "standard_error"].iloc[place])
            for line in lines
        ]
        recorded = table["recorded"].iloc[place] / len(found.units)
        rows.append([str(holder), *cells, with_error(recorded)])
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
            image_of(figures.payments(each.who), f"Who won from whom: {'; '.join(won) or 'nobody'}.", each.name)
        )
        text = "The network of payments between populations and venues."
        part.images.append(image_of(trade_network.figure(trade_network.trade_network(each.run)), text, each.name))
        kept = [name in (*each.who.populations, "total") or bool(table[name].any()) for name in table.columns]
        shown = table.loc[:, kept]
        head = ["won by", *(f"from {name}" if name in each.who.populations else str(name) for name in shown.columns)]
        rows = [[str(name), *(with_error(float(value)) for value in row)] for name, row in shown.iterrows()]
        part.grids.append((title_of(each, reported_runs, ""), Grid(head, rows, "Currency, mean of an episode.")))
    frames = [each.who.table() / each.episodes for each in reported_runs if each.who is not None]
    over_seeds(part, reported_runs, "won by the row's from the column's, mean of the seeds", frames)


def _spreads(part: Part, reported_runs: Sequence[ReportedRun]) -> None:
    if only_seeds_differ([each.run for each in reported_runs]) and all(each.spreads for each in reported_runs):
        try:
            frames = [tables(each.run, "pair")[list(PARTS)] for each in reported_runs]
            if all(frame.index.equals(frames[0].index) for frame in frames):
                over_seeds(part, reported_runs, "by who took from whom, mean of the seeds", frames)
        except RunError:
            pass  # said below, run by run
    for each in reported_runs:
        drawn = figures.horizons(each.spreads)
        if drawn is not None:
            text = "Realised spread, and price impact by the taker's population, against the orders that have passed."
            part.images.append(image_of(drawn, text, each.name))
        for spreads in each.spreads:
            of = f"{spreads.trades.instrument}, " if len(each.spreads) > 1 else ""
            for by, title in (("pair", "who took from whom"), ("venue", "venue"), ("side", "side"), ("size", "size")):
                try:
                    table = spreads.table(by)
                except RunError as why:
                    part.missing += [str(why)] if by == "pair" else []
                    continue
                if len(table) > 1 or by == "pair":
                    part.grids.append((title_of(each, reported_runs, f"{of}by {title}"), _spread_grid(table)))


def _spread_grid(table: pd.DataFrame) -> Grid:
    pairs = table.index.name == "pair"
    rows = []
    for name, row in table.iterrows():
        cells = [with_error(row[each], row[f"{each}_standard_error"]) for each in PARTS]
        toxicity = [f"{100 * row['share']:.0f} %".replace("-", "−") if math.isfinite(row["share"]) else NONE]
        rows.append([str(name), f"{row['lots']:,.0f}", *cells, *(toxicity if pairs else [])])
    head = ["taker → maker" if pairs else "", "lots", *PARTS, *(["toxicity"] if pairs else [])]
    toxic = " Toxicity: the impact's share of the effective spread." if pairs else ""
    return Grid(head, rows, f"Currency per lot ± one standard error; over a horizon of {HORIZON} orders.{toxic}")


def _prices(part: Part, reported_runs: Sequence[ReportedRun]) -> None:
    for each in reported_runs:
        if each.run.scenario.record.levels and not has_many_episodes(each.run):
            text = "Signature plots: variance of the price's change by the interval between looks at it."
            part.images.append(image_of(figures.signatures(each.run), text, each.name))


def _returns(part: Part, reported_runs: Sequence[ReportedRun]) -> None:
    for each in reported_runs:
        for venue in each.run.scenario.venues[:_MOST_VENUES]:
            try:
                facts = facts_of(each.run, venue.name)
                drawn = figure_of_facts(facts.returns, facts.volumes if each.run.scenario.record.trades else None)
            except (RunError, ValueError):
                continue
            part.images.append(image_of(drawn, f"Stylised facts of the returns of {venue.name}.", each.name))


def _drawn_by(measure: str, text: str) -> Callable[[Part, Sequence[ReportedRun]], None]:
    """Adds the picture of a measure, of each run that has what it draws; its table follows as those of others do."""

    def add(part: Part, reported_runs: Sequence[ReportedRun]) -> None:
        for each in reported_runs:
            try:
                drawn = registry.get(measure).drawn(each.run)
            except RunError:
                continue
            part.images.append(image_of(drawn, text, each.name))

    return add


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
            ["rejected", "; ".join(rejection_lines(manifest)) or NONE],
            ["warnings", "; ".join(manifest["warnings"]) or NONE],
            ["scenario's digest", str(manifest["scenario_hash"])],
            ["versions", ", ".join(f"{name} {version}" for name, version in manifest["versions"].items())],
        ]
        part.grids.append((title_of(each, reported_runs, ""), Grid(["", ""], rows, words_last=True)))


def _changes(run: Run) -> str:
    return ", ".join(changes_in_words({"overrides": run.overrides})) or NONE


def _files(run: Run) -> str:
    """The user's own files, with the digests of what stood in them."""
    return ", ".join(f"{each.get('file')} ({each.get('digest')})" for each in run.strategy_files) or NONE


def scenario_texts(reported_runs: Sequence[ReportedRun]) -> list[tuple[str, str]]:
    """Each run's name, and its scenario as TOML."""
    return [(each.name, dump_toml(each.run.scenario)) for each in reported_runs]


_OWN: dict[str, Callable[[Part, Sequence[ReportedRun]], None]] = {  # what a chapter has besides tables of measures
    "Where the money went": _money,
    "Who paid whom": _payments,
    "What trading cost": _spreads,
    "Prices": _prices,
    "Exposure and limits": _drawn_by(
        "exposure", "Greeks, stress, equity and margin in time, against the limits of those who have some."
    ),
    "Options": _drawn_by(
        "volatility_surface", "The surface of implied volatility on the last sampled quotes: bid to ask, and the fit."
    ),
    "Stylised facts": _returns,
    "How it was made": _making_of,
}
_LAID_OUT = ("attribution", "who_paid_whom", "trade_network", "spreads")  # measures that these show in their own way
