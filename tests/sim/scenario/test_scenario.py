"""A scenario file: what it may say, what it means when it says less, and what is said about one that is wrong."""

from __future__ import annotations

import contextlib
import copy
import gzip
import pickle
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.core.errors import ScenarioError
from sim.scenario import Scenario, dump_toml, json_schema, load, parse, read_values, with_overrides
from sim.scenario.tables.kinds import TAGS
from sim.scenario.toml_writer import to_toml
from sim.strategy_kit import registry
from sim.strategy_kit.declare import Parameter, Strategy, strategy
from tests.places import ROOT

CASES = tomllib.loads((ROOT / "tests" / "markets" / "bad_scenarios.toml").read_text(encoding="utf-8"))
BASE: str = CASES["base"]
# What a text file had better not hold itself.
LONG = {"{many zeros}": "0" * 9000, "{many brackets}": "[" * 3000 + "]" * 3000, "{many dots}": ".".join("a" * 3000)}

QUOTES = {
    "half_spread": Parameter(0.1, "distance of a quote from the reference", "currency", low=0),
    "lots": Parameter(1, "size of a quote", "lots", low=1),
    "lean": Parameter(False, "whether quotes lean against inventory"),
    "reference": Parameter(
        "mid", "what quotes are put around", choices=("mid", "true_value"), needs={"true_value": "signal"}
    ),
}


def declared(name: str, **rest: Any) -> Strategy:
    def act(me: Any, market: Any) -> None: ...

    return strategy(name, summary="for tests", **rest)(act)


@pytest.fixture(autouse=True, scope="module")
def known() -> Iterator[None]:
    """These strategies only: what a scenario may say does not hang on what ours do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "built_in", dict)
        patch.setattr(registry, "_from_files", {})
        registry.register(declared("test_flow"))
        registry.register(declared("test_informed", needs=("signal",)))
        registry.register(declared("test_quotes", parameters=QUOTES))
        registry.register(declared("test_arbitrage", venues=2))
        registry.register(declared("test_reserved", needs=("reservation", "private_values")))
        yield


def base() -> dict[str, Any]:
    return tomllib.loads(BASE)


# -- files that are wrong


def write(case: dict[str, Any], folder: Path) -> Path:
    for name, text in case.get("files", {}).items():
        (folder / name).write_text(text, encoding="utf-8")
    text = case.get("text", BASE)
    for old, new in case.get("change", []):
        assert old in text, f"{case['name']}: the base does not say {old!r}"
        text = text.replace(old, new)
    for word, long in LONG.items():
        text = text.replace(word, long)
    path = folder / "scenario.toml"
    path.write_bytes(bytes.fromhex(case["hex"]) if "hex" in case else (text + case.get("add", "")).encode())
    return path


@pytest.mark.parametrize("case", CASES["bad"], ids=lambda case: case["name"])
def test_a_bad_scenario_hears_of_everything_at_once(case: dict[str, Any], tmp_path: Path) -> None:
    path = write(case, tmp_path)
    with pytest.raises(ScenarioError) as caught:
        load(path)
    lines = sorted((problem.place, str(problem)) for problem in caught.value.problems)
    expected = sorted(case["says"])
    assert [place for place, _ in lines] == [place for place, *_ in expected], caught.value
    for (_, line), (_, *words) in zip(lines, expected, strict=True):
        for word in words:
            assert word in line
    assert str(path) in str(caught.value)


def test_a_scenario_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "makers.toml").write_text(BASE)
    with pytest.raises(ScenarioError, match=r"no such file — did you mean 'makers.toml'"):
        load(tmp_path / "maker.toml")
    with pytest.raises(ScenarioError, match="a folder, not a file"):
        load(tmp_path)
    with pytest.raises(ScenarioError, match="cannot be read"):
        load("a\0b")
    with pytest.raises(ScenarioError, match="larger than"):
        load(_large(tmp_path / "large.toml"))


def _large(path: Path) -> Path:
    path.write_bytes(b"#" * (17 * 2**20))
    return path


def places(tree: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every path into a tree, but the root's."""
    for key, held in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
        yield (*path, key)
        yield from places(held, (*path, key))


HOSTILE = {
    "nothing": None,
    "true": True,
    "minus one": -1,
    "a million million": 10**12,
    "five thousand digits": 10**5000,
    "a fraction": 0.5,
    "nearly infinite": 1e308,
    "nan": float("nan"),
    "empty text": "",
    "odd text": "x\0\n.",
    "half a character": "\ud800",
    "an empty list": [],
    "lists in a list": [[], [3], [{}]],
    "tables in a table": {"": {"": 1}, 1: 2},
    "a table with a name": {"name": "lit"},
    "an object": object(),
    "an array": np.zeros(3),
}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE.keys())
def test_whatever_stands_anywhere_only_a_scenario_error_is_raised(value: object) -> None:
    rich = base()
    rich["populations"][0] |= RICH
    for path in places(rich):
        tree, here = _at(rich, path)
        here[path[-1]] = value
        _parses_or_says_why(tree)


def test_whatever_is_missing_only_a_scenario_error_is_raised() -> None:
    rich = base()
    rich["populations"][0] |= RICH
    for path in places(rich):
        tree, here = _at(rich, path)
        del here[path[-1]]
        _parses_or_says_why(tree)


def _at(tree: dict[str, Any], path: tuple[str | int, ...]) -> tuple[dict[str, Any], Any]:
    """A copy of a tree, and what in it holds the end of the path."""
    tree = copy.deepcopy(tree)
    here: Any = tree
    for key in path[:-1]:
        here = here[key]
    return tree, here


def _parses_or_says_why(tree: dict[str, Any]) -> None:
    with contextlib.suppress(ScenarioError):
        parse(tree)


RICH = {
    "venues": ["lit"],
    "sees": {"of": "value", "delay": 2, "noise": 0.1, "probability": 0.5, "redraw": "episode"},
    "reservation": {"distribution": "uniform", "low": 0.0, "high": 1.0, "reference": "signal"},
    "private_values": {"distribution": "normal", "deviation": 1.0, "units": 10},
    "endowment": {"cash": 100.0, "inventory": -3},
}


# -- what a file leaves out


def test_defaults_are_filled_in() -> None:
    scenario = parse(
        """
        [run]
        steps = 10
        [[instruments]]
        name = "ACME"
        value = { process = "mean_reverting", mean = 7, reversion = 0.1, volatility = 1 }
        [[venues]]
        name = "lit"
        [[populations]]
        name = "makers"
        strategy = "test_quotes"
        params = { half_spread = 1 }
        """
    )
    assert scenario.instruments[0].value.initial == 7.0
    assert scenario.instruments[0].public_delay == "never"
    assert scenario.venues[0].instrument == "ACME"
    makers = scenario.populations[0]
    assert makers.venues == ("lit",)
    assert makers.params == {"half_spread": 1.0, "lots": 1, "lean": False, "reference": "mid"}
    assert type(makers.params["half_spread"]) is float
    assert makers.arrivals is None
    assert scenario.run.seed == 1
    assert scenario.game is None
    assert scenario.agents() == 1
    assert scenario.source == "<text>"


def test_a_share_left_out_is_the_rest_and_news_are_of_the_first_venue() -> None:
    tree = base()
    del tree["game"]
    tree["instruments"][0]["value"] = {
        "process": "jump_diffusion",
        "initial": 1,
        "jump_probability": 0.1,
        "jump_size": 1,
        "jump": "fixed",
    }
    tree["populations"][1]["arrivals"] = {"law": "one_of", "group": "flow"}
    tree["populations"][2]["arrivals"] = {"law": "on_news", "group": "flow"}
    scenario = parse(tree)
    assert scenario.populations[1].arrivals.share == pytest.approx(0.2)
    assert scenario.populations[2].arrivals.instrument == "ACME"


def test_two_venues_are_all_for_a_strategy_of_two() -> None:
    tree = base()
    tree["venues"].append({"name": "dark", "tick_size": 0.05})
    tree["populations"] = [{"name": "both", "strategy": "test_arbitrage"}]
    del tree["game"]
    scenario = parse(tree)
    assert scenario.populations[0].venues == ("lit", "dark")
    assert parse(dump_toml(scenario)) == scenario


def test_players_may_be_one_name() -> None:
    game = parse(BASE).game
    assert game is not None
    assert game.players == ("makers",)
    assert game.strategies["tight"] == {"half_spread": 0.01}


def test_a_scenario_cannot_be_changed_but_sent_elsewhere() -> None:
    scenario = parse(BASE)
    with pytest.raises(pydantic.ValidationError):
        scenario.run.steps = 3  # type: ignore[misc]
    sent = pickle.loads(pickle.dumps(scenario))
    assert sent == scenario
    assert with_overrides(sent, seed=5).run.seed == 5


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "windows.toml"
    path.write_bytes(b"\xef\xbb\xbf" + BASE.replace("\n", "\r\n").encode())
    assert load(path) == parse(BASE)


# -- overrides


@pytest.mark.parametrize(
    ("override", "read"),
    [
        ("run.steps=7", lambda s: s.run.steps == 7),
        ("run.seed=0", lambda s: s.run.seed == 0),
        ("makers.params.half_spread=0.2", lambda s: s.populations[2].params["half_spread"] == 0.2),
        ("makers.params.half_spread=1", lambda s: s.populations[2].params["half_spread"] == 1.0),
        ("makers.params.reference=mid", lambda s: s.populations[2].params["reference"] == "mid"),
        ("populations.makers.count = 3", lambda s: s.populations[2].count == 3),
        ("populations[2].count=3", lambda s: s.populations[2].count == 3),
        ("ACME.value.volatility=0.1", lambda s: s.instruments[0].value.volatility == 0.1),
        ("lit.matching=pro_rata", lambda s: s.venues[0].matching == "pro_rata"),
        ('makers.arrivals={law="bernoulli", probability=0.5}', lambda s: s.populations[2].arrivals.probability == 0.5),
        ("makers.sees.noise=0.1", lambda s: s.populations[2].sees.noise == 0.1),
        ("game.strategies.tight.half_spread=1", lambda s: s.game.strategies["tight"]["half_spread"] == 1),
        ("game.strategies.new={}", lambda s: s.game.strategies["new"] == {}),
        ("title=Two makers = trouble", lambda s: s.title == "Two makers = trouble"),
        ('title="100"', lambda s: s.title == "100"),
        ("title=2024-01-01", lambda s: s.title == "2024-01-01"),
        ("title=1\nrun.steps = 5", lambda s: s.run.steps == 100),
        ("turns.simultaneous=[]", lambda s: s.turns.simultaneous == ()),
        ("record.book_every=10", lambda s: s.record.book_every == 10),
    ],
)
def test_an_override_sets_what_it_names(override: str, read: Any) -> None:
    assert read(parse(BASE, overrides=[override]))


@pytest.mark.parametrize(
    ("override", "place", "words"),
    [
        ("run.stepz=7", "run.stepz", "did you mean 'steps'"),
        ("rum.steps=7", "rum.steps", "did you mean 'run'"),
        ("maker.count=7", "maker.count", "did you mean 'makers'"),
        ("populations.maker.count=7", "populations.maker.count", "did you mean 'makers'"),
        ("populations[9].count=7", "populations[9].count", "there are 3"),
        ("makers.param.half_spread=7", "makers.param.half_spread", "did you mean 'params'"),
        ("ACME.value.volatilty=7", "ACME.value.volatilty", "did you mean 'volatility'"),
        ("run.steps.more=7", "run.steps.more", "100 has nothing in it"),
        ("run.steps", "run.steps", "path=value"),
        ("a..b=7", "a..b", "path=value"),
        ("=7", "", "path=value"),
        ("makers.params.half_sprad=7", "populations.makers.params.half_sprad", "did you mean 'half_spread'"),
        ("makers.count=-7", "populations.makers.count", "least allowed"),
        ("makers.count=many", "populations.makers.count", "'many' is not a whole number"),
    ],
)
def test_an_override_that_cannot_be(override: str, place: str, words: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse(BASE, overrides=[override])
    (problem,) = caught.value.problems
    assert problem.place == place
    assert words in str(problem)


def test_a_name_of_two_things_needs_its_array() -> None:
    text = BASE.replace('"noise"', '"lit"')
    with pytest.raises(ScenarioError, match=r"write venues\.lit or populations\.lit"):
        parse(text, overrides={"lit.count": 3})
    assert parse(text, overrides={"populations.lit.count": 3}).populations[0].count == 3


def test_overrides_mend_and_are_all_heard_of() -> None:
    broken = BASE.replace("count = 500", "count = -1")
    assert parse(broken, overrides={"noise.count": 5}).populations[0].count == 5
    with pytest.raises(ScenarioError) as caught:
        parse(broken, overrides={"run.stepz": 1, "lit.tick_size": -1})
    places = [problem.place for problem in caught.value.problems]
    assert places == ["run.stepz", "venues.lit.tick_size", "populations.noise.count"]


def test_overrides_come_before_what_is_left_out() -> None:
    text = BASE.replace(", share = 0.2", "")
    scenario = with_overrides(parse(text), {"noise.arrivals.share": np.float64(0.5)}, seed=9)
    assert scenario.populations[1].arrivals.share == 0.5
    assert scenario.run.seed == 9
    assert with_overrides(scenario, ["informed.arrivals.share=0.5"]).run.seed == 9


def test_overrides_leave_what_they_are_made_on() -> None:
    tree = base()
    before = copy.deepcopy(tree)
    scenario = parse(tree)
    with_overrides(scenario, {"makers.params.lots": 9, "run.steps": 2})
    assert tree == before
    assert scenario == parse(before)
    assert scenario != with_overrides(scenario, {"run.steps": 2})


# -- value files


VALUES = np.linspace(99, 101, 100)
FILE = {"process": "file", "path": "values.csv", "column": "value"}


@pytest.mark.parametrize("name", ["values.csv", "values.csv.gz", "values.parquet"])
def test_a_value_file_is_read_and_found_again_from_elsewhere(name: str, tmp_path: Path) -> None:
    lines = "".join(f"{step},{value!r}\n" for step, value in enumerate(VALUES.tolist()))
    if name.endswith("parquet"):
        pq.write_table(pa.table({"step": range(100), "value": VALUES}), tmp_path / name)
    else:
        data = f"step,value\n{lines}".encode()
        (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    assert np.array_equal(read_values(tmp_path / name, "value"), VALUES)
    tree = base()
    tree["instruments"][0]["value"] = FILE | {"path": name}
    scenario = parse(tree, folder=tmp_path)
    elsewhere = parse(dump_toml(scenario), folder=tmp_path / "else" / "where")
    assert elsewhere == scenario
    assert np.allclose(read_values(elsewhere.instruments[0].value.path, "value"), VALUES)


def test_value_files_that_cannot_be_used(tmp_path: Path) -> None:
    pq.write_table(pa.table({"value": ["a"], "hole": [np.nan]}), tmp_path / "words.parquet")
    with pytest.raises(ScenarioError, match="not numbers"):
        read_values(tmp_path / "words.parquet", "value")
    with pytest.raises(ScenarioError, match=r"row 1, column 'hole': 'nan' is not a finite number"):
        read_values(tmp_path / "words.parquet", "hole")
    with pytest.raises(ScenarioError, match="no column 'valeu' — did you mean 'value'"):
        read_values(tmp_path / "words.parquet", "valeu")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"value\n1\n2\n")[:-9])
    with pytest.raises(ScenarioError, match="cannot be read"):
        read_values(tmp_path / "cut.csv.gz", "value")
    (tmp_path / "latin.csv").write_bytes("café,value\n1,2\n".encode("latin-1"))
    with pytest.raises(ScenarioError, match="not UTF-8"):
        read_values(tmp_path / "latin.csv", "value")
    (tmp_path / "twice.csv").write_bytes(b"value,value\n1,2\n")
    with pytest.raises(ScenarioError, match="2 columns 'value'"):
        read_values(tmp_path / "twice.csv", "value")


# -- very many mistakes


@pytest.mark.parametrize("missing", ["instruments", "venues", "populations"])
def test_an_empty_array_is_one_problem_and_no_other_check_stumbles_over_it(missing: str) -> None:
    tree = base() | {missing: []}
    flow = {"name": "flow", "strategy": "noise", "reservation": {"distribution": "fixed", "distance": 1.0}}
    obliged = flow | {"name": "obliged", "obligation": {"presence": 0.5, "maximum_spread": 1.0, "minimum_size": 1}}
    news = flow | {"name": "news", "arrivals": {"law": "on_news", "group": "g"}}
    for population in (flow, obliged, news) if missing != "populations" else ():
        tree["populations"] = [*tree["populations"], population]
    with pytest.raises(ScenarioError) as caught:
        parse(tree)
    assert missing in [problem.place for problem in caught.value.problems]


def _wrong_shocks(tree: dict[str, Any]) -> None:
    tree["instruments"][0]["shocks"] = [1] * 20_000


def _wrong_venues(tree: dict[str, Any]) -> None:
    tree["populations"][0]["venues"] = [f"venue{number}" for number in range(20_000)]


def _wrong_keys(tree: dict[str, Any]) -> None:
    tree["run"] |= {f"step{number}": 1 for number in range(20_000)}


def _wrong_groups(tree: dict[str, Any]) -> None:
    group = {"law": "one_of", "group": "g"}
    tree["populations"] = [{"name": f"p{i}", "strategy": "noise", "arrivals": group} for i in range(20_000)]


@pytest.mark.parametrize("spoil", [_wrong_shocks, _wrong_venues, _wrong_keys, _wrong_groups])
def test_of_very_many_mistakes_the_first_fifty_are_shown_and_all_are_counted(spoil: Any) -> None:
    tree = base()
    spoil(tree)
    with pytest.raises(ScenarioError) as caught:
        parse(tree)
    count, lines = len(caught.value.problems), str(caught.value).splitlines()
    assert count >= 19_999
    assert f"{count:,} problems" in lines[0]
    assert lines[-1] == f"  and {count - len(lines) + 2:,} more"
    assert 20 < len(lines) <= 52
    assert len(str(caught.value).encode()) < 10_000


def test_long_texts_are_cut_wherever_they_stand() -> None:
    tree = base()
    tree["populations"][0] |= {"name": "x" * 100_000, "strategy": "y" * 100_000}
    tree["populations"][1]["params"] = {"quantity": "z" * 100_000}
    with pytest.raises(ScenarioError) as caught:
        parse(tree)
    assert len(str(caught.value)) < 5_000


# -- writing


amounts = st.floats(-1e5, 1e5)
sizes = st.floats(0, 1e6)
shares = st.floats(0, 1)


def one(tag: str, name: str, **rest: Any) -> Any:
    return st.fixed_dictionaries({tag: st.just(name), **rest})


processes = st.one_of(
    one("process", "constant", initial=amounts),
    one("process", "random_walk", initial=amounts, volatility=sizes, increments=st.sampled_from(["normal", "coin"])),
    one("process", "geometric_brownian", initial=st.floats(1e-3, 1e6), volatility=sizes, drift=st.floats(-1e5, 0)),
    one("process", "mean_reverting", mean=amounts, reversion=shares, volatility=sizes, clip_at_zero=st.booleans()),
    one("process", "jump_diffusion", initial=amounts, jump_probability=shares, jump_size=st.floats(1e-3, 1e6)),
    one("process", "binary", low=st.floats(-1e6, 0), high=st.floats(1, 1e6), probability=shares),
)
arrivals = st.one_of(
    one("law", "bernoulli", probability=shares),
    one("law", "poisson", rate=sizes),
    one("law", "one_of", group=st.just("alone"), share=st.just(1)),
    one("law", "one_of", group=st.just("alone")),
)
reservations = st.one_of(
    one("distribution", "fixed", distance=amounts),
    one("distribution", "uniform", low=st.floats(-1e6, 0), high=sizes, reference=st.sampled_from(["mid", "signal"])),
    one("distribution", "normal", mean=amounts, deviation=sizes),
    one("distribution", "exponential", mean=st.floats(1e-3, 1e6), offset=amounts),
)
scenarios = st.fixed_dictionaries(
    {
        "title": st.text(),
        "run": st.fixed_dictionaries({"steps": st.integers(10, 10**9), "seed": st.integers(0, 2**63 - 1)}),
        "instruments": st.tuples(
            st.fixed_dictionaries(
                {"name": st.just("ACME"), "value": processes},
                optional={
                    "public_delay": st.just("never") | st.integers(0, 10**6),
                    "dividend": st.fixed_dictionaries({"mean": amounts, "every": st.integers(1, 100)}),
                    "shocks": st.lists(st.fixed_dictionaries({"step": st.integers(0, 9), "value": amounts})),
                },
            )
        ),
        "venues": st.tuples(st.fixed_dictionaries({"name": st.from_regex(r"\A[\w/:+&-]{1,9}\Z")})),
        "populations": st.tuples(
            st.fixed_dictionaries(
                {
                    "name": st.just("makers"),
                    "strategy": st.just("test_quotes"),
                    "sees": st.fixed_dictionaries({"of": st.just("value"), "noise": sizes}),
                },
                optional={
                    "arrivals": arrivals,
                    "reservation": reservations,
                    "params": st.fixed_dictionaries(
                        {}, optional={"half_spread": sizes | st.integers(0, 9), "reference": st.just("true_value")}
                    ),
                },
            )
        ),
    },
    optional={
        "game": st.fixed_dictionaries(
            {
                "players": st.just("makers"),
                "strategies": st.lists(st.from_regex(r"\A[\w/:+&-]{1,9}\Z"), min_size=1, unique=True).map(
                    lambda names: {name: {"lots": lots} for lots, name in enumerate(names, 1)}
                ),
            }
        )
    },
)


@settings(max_examples=100, deadline=None)
@given(tree=scenarios)
def test_what_is_written_reads_as_the_same_scenario(tree: dict[str, Any]) -> None:
    scenario = parse(tree)
    again = parse(dump_toml(scenario))
    assert again == scenario
    assert dump_toml(again) == dump_toml(scenario)


leaves = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()
values = st.recursive(leaves, lambda held: st.lists(held, max_size=3) | st.dictionaries(st.text(), held, max_size=3))


@settings(max_examples=100, deadline=None)
@given(tree=st.dictionaries(st.text(), values, max_size=5))
def test_toml_is_written_as_it_is_read(tree: dict[str, Any]) -> None:
    assert tomllib.loads(to_toml(tree)) == tree


def test_toml_has_no_word_for_some_things() -> None:
    assert to_toml({"a": None}) == ""
    with pytest.raises(TypeError, match="no word for object"):
        to_toml({"a": object()})


def test_every_key_has_a_meaning() -> None:
    schema = json_schema()
    assert schema["title"] == "Spreadgame scenario"
    tables = {**schema["$defs"], "Scenario": schema}
    silent = [
        f"{table}.{key}"
        for table, said in tables.items()
        for key, about in said["properties"].items()
        if "description" not in about and key not in TAGS
    ]
    assert not silent
    assert all("description" in said for said in tables.values())


def test_importing_it_imports_nothing_heavy() -> None:
    code = "import sys, sim.scenario; print(*{'numpy', 'numba', 'pandas', 'mesa', 'pyarrow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_scenario_is_what_load_returns(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(BASE)
    scenario = load(path, {"run.steps": 5}, seed=2)
    assert isinstance(scenario, Scenario)
    assert (scenario.run.steps, scenario.run.seed) == (5, 2)
    assert (scenario.source, scenario.folder) == (str(path), tmp_path)
    assert scenario.agents() == 503
