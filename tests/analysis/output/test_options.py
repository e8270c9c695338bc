"""Numbers that are typed: each option of each command takes what it says, and answers the rest in words with exit 2."""

from __future__ import annotations

import argparse
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import analysis
import spreadgame as sg
from analysis.compare_equilibria import main as compare
from analysis.output.options import Parser, numbers, real_number, whole_number
from analysis.reading import registry
from analysis.reading.registry import Option
from spreadgame.commands import parser as cli
from spreadgame.commands.measure import learn
from spreadgame.shipped import scenario_file
from tests.command_line import ROOT

QUICKSTART, GAME = ROOT / "scenarios" / "quickstart.toml", ROOT / "scenarios" / "spread_game.toml"
SHOWDOWN = ROOT / "scenarios" / "maker_showdown.toml"
CRASH = ROOT / "scenarios" / "reflexivity" / "flash_crash.toml"
HEDGING = ROOT / "scenarios" / "reflexivity" / "feedback_hedging.toml"
HUGE = "9" * 30
NEVER = ("nan", "inf", "-inf", "1e400", "", "1e", "0x10", "⅓")  # no option takes these
ODD = ("0", "-1", "-0.5", "1.5", HUGE)

# Each command with what it needs, its options that are numbers, and which odd numbers mean something.
RUN, SCENARIO = "RUN", "SCENARIO"
COMMANDS: dict[str, tuple[list[str], dict[str, tuple[str, ...]]]] = {
    "spreadgame run": ([str(QUICKSTART), "--set", "run.steps=20"], {"--seed": ("0",)}),
    "spreadgame sweep": (
        [str(QUICKSTART), "--set", "run.steps=20", "--seeds", "1", "--workers", "1"],
        {"--seeds": (), "--seed": ("0",), "--design-points": (), "--workers": ()},
    ),
    "spreadgame solve": (
        [str(GAME), "--budget", "1"],  # too few runs, so that whatever passes ends soon
        {"--budget": (), "--epsilon": ("1.5", HUGE), "--seed": ("0",), "--workers": (), "--payoff-bounds": ODD},
    ),
    "spreadgame dashboard": (["--no-open"], {"--seed": ("0",), "--port": ("0",)}),
    "spreadgame tournament": (
        ["gone", "--scenario", str(QUICKSTART), "--players", "makers"],
        {"--seeds": (), "--seconds": ("1.5",), "--workers": (), "--seed": ("0",)},
    ),
    "spreadgame replay": (["gone.csv", "--book", "gone.csv"], {"--depth": ()}),
    "strategy_comparison": ([str(SHOWDOWN), "--set", "run.steps=20", "--set", "run.episodes=2"], {"--seed": ("0",)}),
    "counterfactuals": ([str(CRASH)], {"--seeds": (), "--seed": ("0",), "--workers": ()}),
    "amplification": (
        [str(HEDGING), "--population", "nobody", "--lots", "1", "--at", "1"],  # so that whatever passes ends soon
        {"--lots": ("-1",), "--at": ("0",), "--horizons": ("0",), "--seeds": (), "--seed": ("0",)},
    ),
    "compare_equilibria": ([str(GAME)], {"--budget": (), "--epsilon": ("1.5", HUGE), "--workers": ()}),
}


def taken(option: Option) -> tuple[str, ...]:
    """Which odd numbers an option of a measure takes."""
    values = {text: option.kind(text) for text in ODD if option.kind is float or re.fullmatch(r"-?\d+", text)}
    return tuple(text for text, value in values.items() if option.fits((value,) if option.is_several else value))


for measured in registry.all_measures():
    counted = {name: each for name, each in measured.options.items() if each.kind is not str}
    if options := {f"--{name.replace('_', '-')}": taken(each) for name, each in counted.items()}:
        COMMANDS[f"spreadgame measure {measured.name}"] = ([RUN], options)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    return sg.run(QUICKSTART, overrides={"run.steps": 200}, out=out).folder


def called(command: str, arguments: list[str]) -> int:
    """The exit code."""
    main: Callable[..., Any] = cli.main if command.startswith("spreadgame ") else module_of(command).main
    first = command.split()[1:] if command.startswith("spreadgame ") else []
    try:
        return int(main([*first, *arguments]) or 0)
    except SystemExit as end:
        return int(end.code or 0)


def module_of(name: str) -> Any:
    return importlib.import_module(f"analysis.{name}")


def parsers() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every parser that a command makes, by the name that is typed."""
    yield from ((f"spreadgame {name}", parser) for name, parser in cli._parser([*cli.COMMANDS])[1].items())
    for name in registry.modules():
        parser = cli._parser(["measure"])[1]["measure"]
        learn(parser, [name])
        yield f"spreadgame measure {name}", parser
    made: list[argparse.ArgumentParser] = []

    class Shown(Exception):
        pass

    def note(self: argparse.ArgumentParser, *_: Any, **__: Any) -> Any:
        made.append(self)
        raise Shown

    patch = pytest.MonkeyPatch()
    patch.setattr(argparse.ArgumentParser, "parse_args", note)
    try:
        for info in pkgutil.walk_packages(analysis.__path__, "analysis."):
            path = Path(ROOT, *info.name.split(".")).with_suffix(".py")
            name = info.name.removeprefix("analysis.")
            if info.name.endswith("__main__") or not path.is_file() or "\nif __name__" not in path.read_text("utf-8"):
                continue
            if not inspect.signature(module_of(name).main).parameters:
                continue  # a process of ours, to which nobody types
            with pytest.raises(Shown):
                module_of(name).main([])
            yield name, made.pop()
        for name in ("recorded.__main__", "report.page"):
            with pytest.raises(Shown):
                module_of(name).main([])
            yield name, made.pop()
    finally:
        patch.undo()


def numeric(parser: argparse.ArgumentParser) -> set[str]:
    """Options whose type refuses a word and takes a number."""
    found = set()
    for action in parser._actions:
        kind = action.type
        if kind in (None, Path, str, scenario_file) or not action.option_strings or not callable(kind):
            continue
        found.add(action.option_strings[-1])
    return found


def test_the_table_above_has_every_option_that_is_a_number_and_every_parser_answers_in_words() -> None:
    found = {}
    for name, parser in parsers():
        assert isinstance(parser, Parser), f"{name}: its errors are not in one line"
        if options := numeric(parser):
            found[name] = options
    assert found == {name: set(options) for name, (_, options) in COMMANDS.items()}


@pytest.mark.parametrize(
    ("command", "option"), [(name, option) for name, (_, options) in COMMANDS.items() for option in options]
)
def test_a_number_that_cannot_be_is_refused_in_words_with_exit_2(
    command: str,
    option: str,
    run_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    needed, options = COMMANDS[command]
    arguments = [str(run_folder) if each == RUN else each for each in needed]
    more = ["5"] if option == "--payoff-bounds" else []
    if option == "--design-points":
        more = ["--design", "latin", "--range", "makers.params.risk_aversion=0.1,0.2"]
    for value in (*NEVER, *(each for each in ODD if each not in options[option])):
        typed = [option, value] if option == "--payoff-bounds" and not value.startswith("-") else [f"{option}={value}"]
        assert called(command, [*arguments, *typed, *more]) == 2, f"{option} {value}"
        said = capsys.readouterr()
        assert said.out == "", f"{option} {value}"
        lines = [line for line in said.err.splitlines() if not re.fullmatch(r"see .* --help|.*: 1 problem", line)]
        assert len(lines) == 1, f"{option} {value}: {said.err}"
        assert len(lines[0]) < 400
        assert "invalid" not in lines[0]


@pytest.mark.parametrize(
    ("command", "typed", "code"),
    [
        ("attribution", ["--horizon", "0", "--unit", "steps"], 0),
        ("attribution", ["--horizon", "1"], 0),
        ("attribution", ["--horizon", "1000000000000"], 0),
        ("attribution", ["--horizon", "1000000000001"], 2),
        ("spreads", ["--horizon", "0", "--unit", "steps"], 0),
        ("spreads", ["--horizon", "1000000000000", "--unit", "steps"], 2),  # every horizon lies beyond its episode
        ("positions", ["--shocks", "0"], 0),
        ("positions", ["--shocks=-1,100"], 0),
        ("positions", ["--shocks=-1.01"], 2),
        ("positions", ["--shocks", "101"], 2),
    ],
)
def test_numbers_at_the_bounds_that_the_help_names(
    command: str, typed: list[str], code: int, run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(f"spreadgame measure {command}", [str(run_folder), *typed]) == code
    capsys.readouterr()
    assert called(f"spreadgame measure {command}", ["--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    says = {"attribution": "at least 1 trade, or 0 steps", "spreads": "at least 1 order, or 0 steps"}
    assert says.get(command, "from -1, which leaves nothing, to 100") in told


def test_a_horizon_reaches_a_trade_on_or_to_the_end_of_the_trades_step(run_folder: Path) -> None:
    from analysis.money.attribution import by_mark
    from sim.core.errors import RunError

    run = sg.open_run(run_folder)
    for horizon, unit in ((0, "steps"), (1, "trades")):
        assert by_mark(run, "mid", horizon, unit).gap == 0
    with pytest.raises(RunError, match="a horizon must be at least 1 trade, not 0"):
        by_mark(run, "mid", 0, "trades")


def test_types_of_numbers_name_what_was_typed_and_the_bound() -> None:
    assert whole_number(1, 9)("9") == 9
    assert real_number(0.0, 1.0)("0.5") == 0.5
    for read, text, says in (
        (whole_number(1, 9), "0", "0 is too small: at least one is needed"),
        (whole_number(1, 9), "10", "10 is too large: 9 is the most there may be"),
        (whole_number(), "9" * 5_000, "is not a whole number"),
        (real_number(), "nan", "'nan' is not a number"),
        (real_number(0.0), "-1", "-1 is too small: at least 0"),
        (numbers(0.0), "1,-1", "-1 is too small: at least 0"),
        (numbers(), "1,,2", "'' is not a number"),
    ):
        with pytest.raises(argparse.ArgumentTypeError, match=re.escape(says)):
            read(text)


def test_a_command_line_knows_its_numbers_without_what_is_slow() -> None:
    import subprocess

    code = "import sys, spreadgame.commands.parser; print(*({'numpy', 'rich', 'pyarrow'} & {*sys.modules}))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert said.stdout.split() == []


# --- options that count once --------------------------------------------------------------------------------------

TWICE = [
    (cli.main, ["run", "a.toml", "--seed", "1", "--seed", "2"], "--seed is there twice, with 1 and 2"),
    (cli.main, ["sweep", "a.toml", "--out", "a", "--out", "b"], "--out is there twice, with a and b"),
    (
        cli.main,
        ["solve", "a.toml", "--payoff-bounds", "0", "1", "--payoff-bounds", "0", "2"],
        "with 0.0 1.0 and 0.0 2.0",
    ),
    (cli.main, ["theory", "--out", "a", "--out", "b"], "--out is there twice"),
    (cli.main, ["replay", "a", "--book", "b", "--book", "c"], "--book is there twice"),
    (cli.main, ["plot", "a", "--out", "b", "--out", "c"], "--out is there twice"),
    (compare, ["a.toml", "--vary", "x=1,2", "--vary", "y=1,2"], "--vary is there twice, with x=1,2 and y=1,2"),
]


@pytest.mark.parametrize(("command", "typed", "said"), TWICE, ids=[typed[0] for _, typed, _ in TWICE])
def test_a_second_value_of_an_option_is_refused_with_both(command, typed, said, capsys):
    with pytest.raises(SystemExit) as ended:
        command(typed)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_what_is_said_twice_alike_or_to_a_parser_used_again_is_no_mistake():
    parser = Parser()
    parser.add_argument("files", nargs="+")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--set", action="append")
    for seed in (1, 2):
        given = parser.parse_args(["a", "b", "--seed", f"{seed}", "--seed", f"{seed}", "--set", "x=1", "--set", "x=2"])
        assert (given.files, given.seed, given.set) == (["a", "b"], seed, ["x=1", "x=2"])
