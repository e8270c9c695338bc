"""The reference pages in docs: ``python -m spreadgame.reference`` writes scenarios, strategies and measures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from analysis.reading import registry as measures
from analysis.reading.measure_options import flag
from analysis.reading.registry import Measure
from analysis.report.glossary import chapters
from sim.runs.total_measures import TOTALS
from sim.scenario import json_schema
from sim.strategy_kit import registry
from sim.strategy_kit.declare import ANY, Parameter, Strategy

_SECTIONS = (
    ("Run", "[run]"),
    ("Money", "[money]"),
    ("Instrument", "[[instruments]]"),
    ("Venue", "[[venues]]"),
    ("Chain", "[[chains]]"),
    ("Population", "[[populations]]"),
    ("RiskMeasurement", "[risk]"),
    ("Margin", "[margin]"),
    ("Turns", "[turns]"),
    ("Record", "[record]"),
    ("Game", "[game]"),
    ("Dashboard", "[dashboard]"),
)
_DISCRIMINATORS = ("process", "law", "distribution")
_OWNERS = {"PrivateValues": "private_values", "Reservation": "reservation"}  # both are told apart by `distribution`
_DERIVATIVES = ("Call", "Put", "Future", "Perpetual")  # told apart by `kind`, as networks are
_SCENARIO_HEAD = """# What a scenario file may say

Generated from the vocabulary by `python -m spreadgame.reference`. Every key has the type, default and meaning given
here; anything else in a file is an error that names the nearest right key. Paths for `--set`, for `[counterfactuals]`
and for overrides name members of arrays by their names: `makers.params.half_spread`, `ACME.value.volatility`,
`run.steps`. The name of the array may stand before: `populations.makers.count` is `makers.count`. It must where members
of two arrays have one name.

What stands in a file without effect, such as a reservation price that a strategy never asks for or a venue on which
nobody can trade, is a warning: `spreadgame validate` and `spreadgame run` show it, and a run's manifest keeps it.
"""
_STRATEGY_HEAD = """# Strategies

Generated from their declarations by `python -m spreadgame.reference`. Parameters go into a population's `params`.
"""
_MEASURE_HEAD = """# Measures

Generated from their declarations by `python -m spreadgame.reference`. `spreadgame measure NAME RUN` takes one of a run,
`run.measure("NAME")` does so in Python, and a report has those of each chapter.

A measure returns a table: a row for each number, by its name, with `value`, `standard_error`, `unit` and `meaning`; or,
where one unit is named below, rows whose columns are numbers, and `X_standard_error` is the error of column `X`. Of a
run with several venues or instruments, their names stand before those of the rows. Which rows there are depends on the
run: `spreadgame measure NAME RUN` prints them with their meanings, and `--json` has them under `rows`. Measures that
draw take `--figure FILE` (.png, .svg or .pdf), of one run.
"""
_TOTALS_HEAD = """They are added up while runs go on, so that a sweep keeps no tables. They are rows of a summary too.
In columns they stand behind the name of the venue or the population.
"""


def scenario_page() -> str:
    """The vocabulary of scenario files as Markdown."""
    schema = json_schema()
    kinds = schema["$defs"]
    parts = [_SCENARIO_HEAD]
    told: set[str] = set()
    for name, title in _SECTIONS:
        parts += _table(f"`{title}`", kinds[name])
        told.add(name)
        if name == "Population":
            parts += _networks(schema)
            told |= {each for _, each in _kinds_of_network(schema)}
    asked = schema["properties"]["counterfactuals"]
    parts += ["### `[counterfactuals]`\n", f"{_sentence(asked['description'])}\n"]
    parts.append("## Tables within tables\n")
    parts += [
        line for name in sorted(set(kinds) - told) for line in _table(_inner_title(name, kinds[name]), kinds[name])
    ]
    return "\n".join(parts)


def _kinds_of_network(schema: dict[str, Any]) -> list[tuple[str, str]]:
    """The word of each kind of network, and the name of its table, in the order of the vocabulary."""
    items = schema["properties"]["networks"]["items"]
    words = {place: word for word, place in items["discriminator"]["mapping"].items()}
    places = [each["$ref"] for each in items["oneOf"]]
    return [(words[place], place.rpartition("/")[2]) for place in places]


def _networks(schema: dict[str, Any]) -> list[str]:
    lines = [
        "### `[[networks]]`\n",
        "Who is linked with whom. A population names one in `network`; its members are the nodes. "
        "`kind` says which it is,\nand which keys it has.\n",
    ]
    for word, name in _kinds_of_network(schema):
        lines += _table(f'`kind = "{word}"`', schema["$defs"][name], (*_DISCRIMINATORS, "kind"), "####")
    return lines


def _sentence(description: str) -> str:
    """What a description says behind the name of its table."""
    said = description.partition(": ")[2]
    return f"{said[0].upper()}{said[1:]}."


def _inner_title(name: str, kind: dict[str, Any]) -> str:
    owner = next((f"`{words}`, " for end, words in _OWNERS.items() if name.endswith(end)), "")
    if name in _DERIVATIVES:
        return f'`derivative`, `kind = "{kind["properties"]["kind"]["const"]}"`'
    for key in _DISCRIMINATORS:
        if key in kind.get("properties", {}):
            return f'{owner}`{key} = "{kind["properties"][key]["const"]}"`'
    return f"`{name.lower()}`"


def _table(
    title: str, kind: dict[str, Any], left_out: tuple[str, ...] = _DISCRIMINATORS, level: str = "###"
) -> list[str]:
    lines = [
        f"{level} {title}\n",
        f"{kind.get('description', '')}\n",
        "| key | type | default | meaning |",
        "|---|---|---|---|",
    ]
    for key, field in kind.get("properties", {}).items():
        if key in left_out:
            continue
        default = "required" if key in kind.get("required", []) else _shown(field.get("default"))
        lines.append(f"| `{key}` | {_type(field)} | {default} | {field.get('description', '')} |")
    return [*lines, ""]


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if value in ("", [], {}) or isinstance(value, dict):
        return "" if value != "" else '`""`'
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _type(field: dict[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if "$ref" in field:
        return "table"
    options = field.get("anyOf") or field.get("oneOf") or field.get("allOf")
    if options:
        found = dict.fromkeys(_type(option) for option in options if option.get("type") != "null")
        return " or ".join(found)
    names = {
        "integer": "whole number",
        "number": "number",
        "string": "text",
        "boolean": "true or false",
        "object": "table",
    }
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}))}"
    return names.get(str(field.get("type")), "value")


def strategy_page() -> str:
    """Our strategies as Markdown."""
    parts = [_STRATEGY_HEAD]
    for name in sorted(registry.built_in()):
        parts += _strategy(registry.get(name))
    return "\n".join(parts)


def _strategy(found: Strategy) -> list[str]:
    lines = [f"## {found.name}\n", f"{found.summary[0].upper()}{found.summary[1:]}.\n"]
    if found.source:
        lines.append(f"Source: {found.source}.\n")
    if found.venues == ANY:
        lines.append("Trades on any number of venues.\n")
    elif found.venues != 1:
        lines.append(f"Trades on {found.venues} venues.\n")
    for need in sorted(found.needs):
        lines.append(f"Its population must have `{'sees' if need == 'signal' else need}`.\n")
    if found.parameters:
        lines += ["| parameter | default | allowed | unit | meaning |", "|---|---|---|---|---|"]
        for key, parameter in found.parameters.items():
            default = str(parameter.default).lower() if isinstance(parameter.default, bool) else parameter.default
            lines.append(f"| `{key}` | `{default}` | {_allowed(parameter)} | {parameter.unit} | {parameter.meaning} |")
        lines.append("")
    return lines


def _allowed(parameter: Parameter) -> str:
    if parameter.form:
        return parameter.form
    if parameter.choices:
        return ", ".join(f"`{choice}`" for choice in parameter.choices)
    bounds = []
    if parameter.low is not None:
        bounds.append(f"≥ {parameter.low:g}")
    if parameter.above is not None:
        bounds.append(f"> {parameter.above:g}")
    if parameter.high is not None:
        bounds.append(f"≤ {parameter.high:g}")
    return ", ".join(bounds)


def measure_page() -> str:
    """The measures of runs as Markdown, by the chapters of the report, and what a sweep adds up."""
    parts = [_MEASURE_HEAD]
    for title in chapters():
        found = measures.of_chapter(title)
        parts += [f"## {title}\n"] if found else []
        for each in found:
            parts += _measure(each)
    parts += ["## Columns of a sweep\n", _TOTALS_HEAD, "| column | of each | what it says | unit | source |"]
    parts.append("|---|---|---|---|---|")
    parts += [f"| `{t.name}` | {t.scope} | {t.summary} | {t.unit} | {t.source} |" for t in TOTALS]
    return "\n".join([*parts, ""])


def _measure(found: Measure) -> list[str]:
    lines = [
        f"### {found.name}\n", f"{found.summary[0].upper()}{found.summary[1:]}.\n",
        f"Unit: {found.unit}. Source: {found.source}.\n",
    ]  # fmt: skip
    if found.opens is not None or not found.takes_runs:
        lines.append(f"It takes {found.takes}.\n")
    if found.needs:
        lines.append(f"The run must have kept: {', '.join(found.needs)}.\n")
    lines += [f"Without a standard error: {names}; {why}.\n" for why, names in found.reasons.items()]
    if found.draw is not None:
        lines.append("`--figure FILE` draws it.\n")
    if found.options:
        lines += ["| option | default | allowed | meaning |", "|---|---|---|---|"]
        for name, option in found.options.items():
            default = "" if option.default is None else f"`{option.default_text}`"
            lines.append(f"| `{flag(name)}` | {default} | {option.allowed} | {option.meaning} |")
        lines.append("")
    return lines


def pages() -> dict[str, str]:
    """Every generated page by its path in the repository."""
    made = {"scenarios": scenario_page(), "strategies": strategy_page(), "measures": measure_page()}
    return {f"docs/{name}.md": text for name, text in made.items()}


def main() -> None:
    """Write the pages into the repository."""
    for path, text in pages().items():
        (Path(__file__).parents[1] / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
