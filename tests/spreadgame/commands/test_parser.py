"""The command line as a beginner meets it: what it prints, where, with which exit code."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from sim.strategy_kit import registry as strategies
from spreadgame.commands.parser import COMMANDS, main
from spreadgame.commands.parser import command as command_of
from tests.command_line import FAILING, MARKET, QUICKSTART, ROOT, command, environment, shell

CASES = tomllib.loads((ROOT / "tests" / "markets" / "bad_scenarios.toml").read_text(encoding="utf-8"))
RUN_KEYS = ["folder", "status", "steps", "messages", "trades", "messages_per_second", "seconds"]
REPLAY_KEYS = ["rows", "rows_equal", "adoptions", "falls_at", "messages_per_second"]


class Said:
    """What a command said, and the code it ended with."""

    def __init__(self, code: int, out: str, screen: str) -> None:
        self.code, self.out, self.screen = code, out, screen


@pytest.fixture
def say(capsys, monkeypatch, tmp_path):
    """Runs a command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(strategies, "_from_files", dict(strategies._from_files))  # what a test loads is its own

    def run(*arguments: str | Path) -> Said:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Said(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def market(tmp_path):
    path = tmp_path / "market.toml"
    path.write_text(MARKET, encoding="utf-8")
    return path


# -- the command itself


def test_help_names_every_command_and_where_to_start(say):
    said = say("--help")
    assert said.code == 0
    for word in ("run", "validate", "schema", "strategies", "plot", "replay", "quickstart.toml", "130", "143"):
        assert word in said.out
    assert say().out == said.out
    for name in ("run", "validate", "schema", "strategies", "plot", "replay"):
        assert say(name, "--help").code == 0


def test_version(say):
    assert say("--version").out.startswith("spreadgame 0.")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rnu"], ["'rnu' is no command", "did you mean 'run'?"]),
        (["frobnicate"], ["there are run, validate"]),
        (["market.toml"], ["did you mean: spreadgame run market.toml"]),
        (["run"], ["SCENARIO"]),
        (["run", "a.toml", "b.toml"], ["'b.toml' is one argument too many"]),
        (["run", "a.toml", "--sed", "4"], ["'--sed' is no option", "did you mean '--seed'?"]),
        (["run", "a.toml", "--se", "4"], ["'--se' is no option"]),
        (["run", "a.toml", "--seed", "many"], ["--seed", "'many' is not a whole number"]),
        (["run", "a.toml", "--seed", "1.5"], ["--seed", "'1.5' is not a whole number"]),
        (["run", "a.toml", "--seed"], ["--seed"]),
        (["run", "a.toml", "--set"], ["--set"]),
        (["validate"], ["FILE"]),
        (["plot"], ["RUN"]),
        (["replay"], ["MESSAGES"]),
        (["replay", "a.csv", "--book", "b.csv", "--depth", "all"], ["--depth", "'all' is not a whole number"]),
    ],
    ids=" ".join,
)
def test_what_cannot_be_typed_is_said_in_one_line(say, arguments, words):
    said = say(*arguments)
    assert said.code == 2
    assert said.out == ""
    first, last = said.screen.splitlines()
    for word in words:
        assert word in first
    assert last.endswith("--help")


# -- run


def test_a_run_ends_with_a_table_and_the_way_on(say, market, tmp_path):
    said = say("run", market)
    assert said.code == 0
    assert "maker" in said.out
    assert "200 steps" in said.out
    folder = tmp_path / "runs" / "market-seed1"
    assert "run folder  runs/market-seed1" in said.out
    assert "spreadgame plot runs/market-seed1" in said.out
    assert (folder / "trades.parquet").is_file()
    assert say("run", market, "--seed", "7", "--out", tmp_path / "deep" / "er").code == 0
    assert (tmp_path / "deep" / "er" / "market-seed7" / "manifest.json").is_file()


def test_json_is_one_object_with_the_stated_keys(say, market):
    said = say("run", market, "--json", "--set", "run.steps=50", "--set", "maker.params.half_spread=0.5")
    content = json.loads(said.out)
    assert list(content) == RUN_KEYS
    assert content["status"] == "complete"
    assert content["steps"] == 50
    assert content["messages"] >= content["trades"] > 0
    assert Path(content["folder"]).is_dir()
    assert said.screen == "" or said.screen.startswith("compiling")


def test_compiling_is_announced_on_the_screen_only(say, market, monkeypatch):
    import sim.core.compiled

    monkeypatch.setattr(sim.core.compiled, "is_compiled", lambda strategies, entry="": False)
    said = say("run", market, "--json")
    assert said.screen == "compiling the engine, once for this version: it may take a minute or two …\n"
    json.loads(said.out)
    monkeypatch.setattr(sim.core.compiled, "is_compiled", lambda strategies, entry="": not strategies)
    assert "compiling strategies" in say("run", market).screen
    monkeypatch.setattr(sim.core.compiled, "CACHE", None)
    monkeypatch.setattr(sim.core.compiled, "is_compiled", lambda strategies, entry="": False)
    assert "set NUMBA_CACHE_DIR" in say("run", market).screen


def test_a_run_is_drawn_and_drawn_again(say, market, tmp_path):
    said = say("run", market, "--plot")
    assert "picture     runs/market-seed1/picture.png" in said.out
    picture = tmp_path / "runs" / "market-seed1" / "picture.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    again = say("plot", "runs/market-seed1", "--out", "again.png")
    assert (again.code, again.out) == (0, "again.png\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "run.stepz=5"], ["run.stepz", "did you mean 'steps'?"]),
        (["--set", "makers.count=5"], ["makers", "did you mean 'maker'?"]),
        (["--set", "run.steps"], ["run.steps=1000"]),
        (["--set", "run.steps=-1"], ["run.steps", "-1"]),
        (["--seed", "-1"], ["run.seed", "-1"]),
        (["--seed", "9" * 30], ["run.seed"]),
        (["--strategies", "nowhere.py"], ["nowhere.py", "no such file"]),
        (["--strategies", "."], ["folder"]),
        (["--out", "file"], ["file is a file, not a folder", "--out"]),
        (["--out", "file/deep"], ["file is a file, not a folder", "--out"]),
    ],
    ids=lambda value: " ".join(value)[:40],
)
def test_a_run_that_cannot_be_says_why(say, market, tmp_path, arguments, words):
    (tmp_path / "file").touch()
    for json_too in ([], ["--json"]):
        said = say("run", market, *arguments, *json_too)
        assert said.code == 2
        assert said.out == ""
        for word in words:
            assert word in said.screen
    assert not (tmp_path / "runs").exists()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="whoever may do everything may write everywhere")
def test_a_folder_that_may_not_be_written(say, market, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    said = say("run", market, "--out", closed)
    assert said.code == 2
    assert "no run folder can be made there" in said.screen


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc")
def test_a_folder_in_which_nothing_can_be_made(say, market):
    said = say("run", market, "--out", "/proc/runs")
    assert said.code == 2
    assert "/proc/runs: no run folder can be made there" in said.screen


def test_a_strategy_that_raises_is_named_and_what_it_did_is_kept(say, market, monkeypatch, tmp_path):
    (tmp_path / "mine.py").write_text(FAILING, encoding="utf-8")
    arguments = ("run", market, "--strategies", "mine.py", "--set", "noise.strategy=fails", "--json")
    said = say(*arguments)
    assert said.code == 2
    for word in ("fails", "noise 0", "step 19", "runs/market-seed1"):
        assert word in said.screen
    content = json.loads(said.out)
    assert (content["status"], content["steps"]) == ("failed", 19)
    manifest = json.loads((tmp_path / "runs" / "market-seed1" / "manifest.json").read_text(encoding="utf-8"))
    assert "fails" in manifest["reason"]
    monkeypatch.setattr(strategies, "_from_files", {})
    assert say("plot", "runs/market-seed1").code == 0


def test_names_with_brackets_and_colons_are_printed_as_they_are(say, market, tmp_path):
    odd = tmp_path / "[bold]:smile: x.toml"
    shutil.copy(market, odd)
    said = say("run", odd, "--set", "run.steps=5")
    assert "run folder  runs/[bold]:smile: x-seed1\n" in said.out
    assert say("validate", odd).out.startswith(f"{odd}: fine")
    assert "[bold]:smile: y.toml: 1 problem" in say("validate", "[bold]:smile: y.toml").screen


# -- every bad scenario


@pytest.fixture(scope="module")
def for_tests():
    """The strategies that the cases of tests/markets/bad_scenarios.toml play."""
    from sim.strategy_kit.declare import Parameter, strategy

    def declared(name: str, **rest: Any) -> None:
        def act(me: Any, market: Any) -> None: ...

        strategies.register(strategy(name, summary="for tests", **rest)(act))

    quotes = {
        "half_spread": Parameter(0.1, "distance of a quote from the reference", "currency", low=0),
        "lots": Parameter(1, "size of a quote", "lots", low=1),
        "lean": Parameter(False, "whether quotes lean against inventory"),
        "reference": Parameter(
            "mid", "what quotes are put around", choices=("mid", "true_value"), needs={"true_value": "signal"}
        ),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strategies, "_from_files", {})
        declared("test_flow")
        declared("test_informed", needs=("signal",))
        declared("test_quotes", parameters=quotes)
        declared("test_arbitrage", venues=2)
        declared("test_reserved", needs=("reservation", "private_values"))
        yield


def written(case: dict[str, Any], folder: Path) -> Path:
    for name, text in case.get("files", {}).items():
        (folder / name).write_text(text, encoding="utf-8")
    text = case.get("text", CASES["base"])
    for old, new in case.get("change", []):
        text = text.replace(old, new)
    for word, long in {"{many zeros}": "0" * 9000, "{many brackets}": "[" * 3000 + "]" * 3000,
                       "{many dots}": ".".join("a" * 3000)}.items():  # fmt: skip
        text = text.replace(word, long)
    path = folder / "scenario.toml"
    path.write_bytes(bytes.fromhex(case["hex"]) if "hex" in case else (text + case.get("add", "")).encode())
    return path


@pytest.mark.parametrize("case", CASES["bad"], ids=lambda case: case["name"])
def test_a_bad_scenario_ends_with_its_errors_listed(say, for_tests, case, tmp_path):
    path = written(case, tmp_path)
    for name in ("run", "validate"):
        said = say(name, path)
        assert said.code == 2
        assert said.out == ""
        first, *rest = said.screen.splitlines()
        assert first.startswith(f"{path}: ")
        assert first.endswith((f"{len(rest)} problem", f"{len(rest)} problems"))
        for place, *words in case["says"]:
            lines = [line for line in rest if line.startswith(f"  {place}")]
            assert any(all(word in line for word in words) for line in lines), (place, words)
    assert not (tmp_path / "runs").exists()


def test_no_scenario_at_all(say, tmp_path):
    (tmp_path / "scenario.toml").write_text(MARKET, encoding="utf-8")
    assert "did you mean 'scenario.toml'?" in say("run", "scenari.toml").screen
    assert "this is a folder" in say("run", ".").screen


def test_all_files_are_validated(say, market, tmp_path):
    bad = tmp_path / "bad.toml"
    bad.write_text(MARKET.replace("steps = 200", "steps = -1"), encoding="utf-8")
    said = say("validate", bad, market, "gone.toml", QUICKSTART)
    assert said.code == 2
    assert "run.steps" in said.screen
    assert "gone.toml" in said.screen
    assert said.out.splitlines() == [
        f"{market}: fine (2 agents, 1 × 200 steps)",
        f"{QUICKSTART}: fine (522 agents, 1 × 50,000 steps)",
    ]
    assert say("validate", market).code == 0


def test_the_scenarios_of_ours_are_fine(say):
    assert say("validate", *sorted((ROOT / "scenarios").glob("*.toml"))).code == 0


# -- schema and strategies


def test_the_schema_is_one_json_object(say):
    assert json.loads(say("schema").out)["title"] == "Spreadgame scenario"


def test_strategies_are_listed_and_explained(say):
    said = say("strategies")
    for name in strategies.names():
        assert name in said.out
        page = say("strategies", name)
        assert page.code == 0
        for parameter in strategies.get(name).parameters:
            assert parameter in page.out
    said = say("strategies", "informd")
    assert (said.code, said.out) == (2, "")
    assert said.screen == "no strategy 'informd' — did you mean 'informed'?\n"


def test_strategies_of_a_users_file_are_listed(say, tmp_path):
    (tmp_path / "mine.py").write_text(FAILING, encoding="utf-8")
    assert "raises at its twentieth turn" in say("strategies", "--strategies", "mine.py").out
    assert "no parameters" in say("strategies", "fails", "--strategies", "mine.py").out


# -- plot


def test_what_cannot_be_drawn_is_said(say, market, tmp_path):
    say("run", market)
    runs = tmp_path / "runs"
    (runs / "file").touch()
    killed = runs / "killed.partial"
    killed.mkdir()
    (killed / "manifest.json").write_text('{"format": 3, "status": "running"}', encoding="utf-8")
    shutil.copytree(runs / "market-seed1", runs / "cut")
    (runs / "cut" / "trades.parquet").write_bytes((runs / "cut" / "trades.parquet").read_bytes()[:500])
    shutil.copytree(runs / "market-seed1", runs / "odd")
    (runs / "odd" / "manifest.json").write_text("[]", encoding="utf-8")
    shutil.copytree(runs / "market-seed1", runs / "newer")
    manifest = (runs / "newer" / "manifest.json").read_text(encoding="utf-8")
    (runs / "newer" / "manifest.json").write_text(manifest.replace('"format": 5', '"format": 6'), encoding="utf-8")
    expected = {
        "runs": "give one of those in it: ",
        "runs/market-sed1": "there is no such folder — did you mean 'market-seed1'?",
        "runs/file": "this is a file",
        "runs/market-seed1/book.parquet": "this is a file — give runs/market-seed1",
        "runs/killed": "this run is incomplete",
        "runs/killed.partial": "this run is incomplete",
        "runs/cut": "trades.parquet: this run folder is damaged",
        "runs/odd": "damaged",
        "runs/newer": "format 6",
    }
    for path, words in expected.items():
        said = say("plot", path)
        assert (said.code, said.out) == (2, ""), path
        assert words in said.screen
        assert said.screen.startswith(path)
    assert "'.xyz' is no format" in say("plot", "runs/market-seed1", "--out", "a.xyz").screen
    assert "cannot be written" in say("plot", "runs/market-seed1", "--out", "gone/a.png").screen


# -- what was changed


def test_the_table_begins_with_what_the_run_is(say):
    said = say("run", QUICKSTART, "--set", "run.steps=20", "--set", "informed.arrivals.share=0.5", "--seed", "4")
    title = tomllib.loads(QUICKSTART.read_text(encoding="utf-8"))["title"]
    assert said.out.splitlines()[:2] == [title, "run.steps = 20 | informed.arrivals.share = 0.5 | seed 4"]


def test_a_run_folder_has_the_name_that_was_chosen_and_a_number_where_it_is_taken(say):
    for folder in ("runs/half.5-a", "runs/half.5-a-2", "runs/half.5-a-3"):
        said = say("run", QUICKSTART, "--set", "run.steps=20", "--name", "half.5-a")
        assert f"run folder  {folder}\n" in said.out


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "a.partial", "-a", "a b", "a" * 101, "a\nb"])
def test_what_is_no_name_of_a_folder_is_refused(say, name, tmp_path):
    said = say("run", QUICKSTART, f"--name={name}")
    assert (said.code, said.out) == (2, "")
    assert "is no name of a run folder — use letters, digits and . _ - = alone" in said.screen
    assert not (tmp_path / "runs").exists()


# -- replay

MESSAGES = "1,1,1,5,100,1\n2,1,2,3,110,-1\n3,1,3,4,101,1\n4,4,2,1,110,-1\n"
BOOK = "110,9,100,5\n110,12,100,5\n110,12,101,4\n110,11,101,4\n"


@pytest.fixture
def recorded(tmp_path):
    (tmp_path / "m.csv").write_text(MESSAGES, encoding="utf-8")
    (tmp_path / "b.csv").write_text(BOOK, encoding="utf-8")
    (tmp_path / "wrong.csv").write_text(BOOK.replace("110,11,101", "110,10,101"), encoding="utf-8")


def test_a_replay_that_agrees(say, recorded):
    said = say("replay", "m.csv", "--book", "b.csv")
    assert said.code == 0, said.out
    for word in ("rows", "equal", "4 (100 %)", "adoptions", "executions at head", "messages per second"):
        assert word in said.out
    content = json.loads(say("replay", "m.csv", "--book", "b.csv", "--json").out)
    assert list(content) == REPLAY_KEYS
    assert (content["rows"], content["rows_equal"], content["adoptions"]) == (4, 4, 0)


def test_a_replay_says_where_times_fall(say, recorded, tmp_path):
    (tmp_path / "m.csv").write_text("\n" + MESSAGES.replace("3,1,3", "1,1,3"), encoding="utf-8")
    said = say("replay", "m.csv", "--book", "b.csv")
    assert said.code == 0
    assert re.search("times fall +line 4 is earlier than the line before", said.out)
    assert json.loads(say("replay", "m.csv", "--book", "b.csv", "--json").out)["falls_at"] == 4


def test_a_replay_that_differs_ends_with_1_and_says_where(say, recorded):
    said = say("replay", "m.csv", "--book", "wrong.csv")
    assert said.code == 1
    assert "row 3 (line 4), level 1 of the asks: the file has 10 at 0.011, the engine 11 at 0.011" in said.out
    said = say("replay", "m.csv", "--book", "wrong.csv", "--json")
    assert said.code == 1
    assert json.loads(said.out)["rows_equal"] == 3


def test_a_replay_with_messages_that_cannot_be_ends_with_1(say, recorded, tmp_path):
    more = "5,3,99,50,101,1\n"  # takes 50 lots where 4 are
    (tmp_path / "m.csv").write_text(MESSAGES + more, encoding="utf-8")
    (tmp_path / "b.csv").write_text(BOOK + "110,11,101,4\n", encoding="utf-8")
    said = say("replay", "m.csv", "--book", "b.csv", "--no-level-adoption")
    assert said.code == 1
    assert "unmatched" in said.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["b.csv", "--book", "m.csv"], "are the two files in this order?"),
        (["m.csv", "--book", "gone.csv"], "gone.csv: cannot be read"),
        (["m.csv", "--book", "."], "cannot be read"),
        (["m.csv", "--book", "b.csv", "--format", "lobstr"], "did you mean 'lobster'?"),
        (["m.csv", "--book", "b.csv", "--format", "itch"], "there are lobster, uniswap_v2, uniswap_v3"),
        (["m.csv", "--book", "b.csv", "--depth", "2"], "has 1 level — choose 1 to 1"),
        (["m.csv", "--book", "b.csv", "--depth", "0"], "choose 1 to 1"),
    ],
    ids=lambda value: " ".join(value),
)
def test_a_replay_that_cannot_be_says_why(say, recorded, arguments, words):
    said = say("replay", *arguments, "--json")
    assert (said.code, said.out) == (2, "")
    assert words in said.screen


# -- the files of the commands


def test_each_file_that_declares_a_command_is_one_and_each_command_has_a_file():
    folder = ROOT / "spreadgame" / "commands"
    declared = {each.stem for each in folder.glob("*.py") if "def declare(" in each.read_text(encoding="utf-8")}
    assert declared == set(COMMANDS)
    for name in COMMANDS:
        assert callable(command_of(name).call)


def test_only_the_command_that_is_typed_is_imported():
    code = (
        "import sys\nfrom spreadgame.commands.parser import main\ntry: main(['schema', '--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted(name for name in sys.modules if name.startswith('spreadgame.commands.')))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, encoding="utf-8"
    )
    assert answer.stdout.splitlines()[-1] == "['spreadgame.commands.parser', 'spreadgame.commands.schema']"


# -- as a process


def test_help_is_quick_to_import(tmp_path):
    code = (
        "import sys\nfrom spreadgame.commands.parser import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted({'numba', 'numpy', 'pandas', 'mesa', 'pyarrow', 'pydantic', 'rich'} & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, encoding="utf-8"
    )
    assert answer.stdout.splitlines()[-1] == "[]", answer.stderr


def test_checking_and_listing_compile_nothing(tmp_path):
    cache = tmp_path / "cache"
    for arguments in (["validate", str(QUICKSTART)], ["schema"], ["strategies"], ["strategies", "adaptive"]):
        assert shell(*arguments, NUMBA_CACHE_DIR=str(cache)).returncode == 0
    assert not list(cache.rglob("*.nb?"))


def test_a_bad_scenario_as_a_process(tmp_path):
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    for name in ("run", "validate"):
        answer = shell(name, "bad.toml", cwd=tmp_path)
        assert (answer.returncode, answer.stdout) == (2, "")
        assert "not UTF-8" in answer.stderr
        assert "Traceback" not in answer.stderr


def test_output_that_nobody_reads_or_that_finds_no_room(tmp_path):
    reader = subprocess.Popen(
        command("schema"), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert reader.stdout is not None
    assert reader.stderr is not None
    reader.stdout.close()
    assert reader.wait() == 0
    assert reader.stderr.read() == ""
    reader.stderr.close()
    if Path("/dev/full").exists():
        with Path("/dev/full").open("w") as full:
            answer = subprocess.run(
                command("schema"), env=environment(), stdout=full, stderr=subprocess.PIPE, text=True, encoding="utf-8"
            )
        assert answer.returncode == 2
        assert answer.stderr == "standard output: No space left on device\n"


def test_a_terminal_without_our_letters(tmp_path):
    (tmp_path / "market.toml").write_text(MARKET, encoding="utf-8")
    answer = shell("validate", "market.toml", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert (answer.returncode, answer.stdout) == (0, "market.toml: fine (2 agents, 1 \\xd7 200 steps)\n")
