"""The JSON Schema beside the scenarios: what it is, that editors find it, what it lets through."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import jsonschema
import pytest

from sim.scenario import json_schema
from tests.places import ROOT

SCENARIOS = sorted((ROOT / "scenarios").glob("*.toml"))
CASES = tomllib.loads((ROOT / "tests" / "markets" / "bad_scenarios.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def check() -> Any:
    stored = json.loads((ROOT / "scenarios" / "schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(stored)
    return jsonschema.Draft202012Validator(stored)


def test_the_schema_beside_the_scenarios_is_the_generated_one():
    stored = (ROOT / "scenarios" / "schema.json").read_text(encoding="utf-8")
    remedy = "run: spreadgame schema > scenarios/schema.json"
    assert stored == json.dumps(json_schema(), indent=2) + "\n", remedy


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_scenario_of_ours_passes_and_tells_editors_where_the_schema_is(check, path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith("#:schema ./schema.json\n")
    check.validate(tomllib.loads(text))


def changed(case: dict[str, Any]) -> dict[str, Any] | None:
    """The scenario of a bad case, None where it is not even TOML."""
    text = case.get("text", CASES["base"])
    for old, new in case.get("change", []):
        text = text.replace(old, new)
    try:
        return tomllib.loads(text + case.get("add", ""))
    except (ValueError, RecursionError):
        return None


def test_the_schema_refuses_what_a_schema_can():
    validator = jsonschema.Draft202012Validator(json_schema())
    assert validator.is_valid(tomllib.loads(CASES["base"]))
    trees = {case["name"]: tree for case in CASES["bad"] if "hex" not in case and (tree := changed(case)) is not None}
    refused = {name for name, tree in trees.items() if not validator.is_valid(tree)}
    assert len(refused) >= 40


@pytest.mark.parametrize(
    "change",
    [
        {"run": {}},
        {"run": {"steps": 0}},
        {"run": {"steps": "many"}},
        {"run": {"steps": True}},
        {"runs": {"steps": 5}},
        {"venues": []},
        {"venues": [{"name": "lit", "tick_size": -1}]},
        {"venues": [{"name": "lit", "matching": "pro-rata"}]},
        {"instruments": [{"name": "ACME", "value": {"process": "random_wlak", "initial": 1, "volatility": 1}}]},
        {"instruments": [{"name": "ACME", "value": {"initial": 1}}]},
        {"populations": [{"name": "noise", "strategy": "noise", "count": -5}]},
        {"populations": [{"name": "noise", "strategy": "noise", "arrivals": {"law": "sometimes"}}]},
        {"populations": [{"strategy": "noise"}]},
    ],
    ids=str,
)
def test_the_schema_refuses_the_obvious(check, change):
    assert not check.is_valid(tomllib.loads(CASES["base"]) | change)


def test_paths_of_editors_lead_to_the_schema():
    for path in SCENARIOS:
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert (path.parent / first.removeprefix("#:schema ")).resolve() == (ROOT / "scenarios" / "schema.json")
