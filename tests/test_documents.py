"""What the documents say is true: their code runs, their figures are printed, their pages are generated."""

import html
import importlib
import re
import shlex
import shutil
import sys
import tomllib
from pathlib import Path

import pytest

import analysis.quality
import spreadgame as sg
from analysis.reading import measure_files, registry
from spreadgame import reference
from spreadgame.commands.parser import main
from tests.places import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def joined(text: str) -> str:
    """A text without its line ends, so that a sentence is found however it is broken."""
    return re.sub(r"\s+", " ", text)


def run(line: str) -> int:
    with pytest.raises(SystemExit) as exit_of:
        main(line.split()[1:])
    return exit_of.value.code


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A folder with the repository's scenarios, where a reader types."""
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_readmes_python_runs(workplace, capsys):
    for block in blocks(README, "python"):
        exec(compile(block, "README.md", "exec"), {"__name__": "readme"})
    assert "quoted_spread" in capsys.readouterr().out


# What README's five minutes name, and where it is printed: by which of the commands, in which words around it.
BY_VALUE = "makers 1,365 ± 30 −930 ± 25 −88 ± 280 347 ± 280"
FIGURES = {
    "0.0574": ("run 1", r"lit .* 0\.0574|lit .* 0\.0573[5-9]"),
    "0.0813": ("run 2", r"lit .* 0\.0813"),
    "579 ± 450": ("report", r"fifth-informed: .*?Noise lost 579 ± 450"),
    "347 ± 260": ("report", r"fifth-informed: .*?makers won 347 ± 260"),
    "232 ± 390": ("report", r"fifth-informed: .*?informed won 232 ± 390"),
    "1,154 ± 179": ("sweep", r"-1,154 ± 179"),
    "299 ± 59": ("sweep", r" 12 +299 ± 59 "),
    "855 ± 205": ("sweep", r" 855 ± 205 "),
    "1,365 ± 30": ("report", BY_VALUE),
    "930 ± 25": ("report", BY_VALUE),
    "88 ± 280": ("report", BY_VALUE),
    "944 ± 42": ("measure", r"makers +1,365 ± 30 +-944 ± 42 +-74 ± 260"),
    "74 ± 260": ("measure", r"makers +1,365 ± 30 +-944 ± 42 +-74 ± 260"),
}


def five_minutes() -> list[str]:
    """The commands of README's steps 1 to 4, behind that of ``make run``, which comes first."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    made = re.search(r"^\t\$\(BIN\)/(spreadgame run .*)$", makefile, re.MULTILINE)
    steps = README[README.index("## Five minutes") : README.index("## Scenarios")]
    lines = [line for block in blocks(steps, "sh") for line in block.splitlines() if "activate" not in line]
    return [made[1], *lines]


# Commands with a file of the reader's, and the server, which serves until Ctrl-C.
NOT_RUN = ("my_maker", "MESSAGES", "dashboard")


def obeyed(line: str) -> int:
    """The exit code of a line of README, but of those that only say where a file of the reader's would stand."""
    line = line.split("#")[0].strip()
    if line.startswith("cp "):
        shutil.copy(*line.split()[1:])
    elif line.startswith("python -m analysis."):
        name, *arguments = shlex.split(line.removeprefix("python -m analysis."))
        return importlib.import_module(f"analysis.{name}").main(arguments)
    elif line.startswith("spreadgame") and not any(word in line for word in NOT_RUN):
        return run(line)
    return 0


def text_of(page: Path) -> str:
    """What a reader sees of a page."""
    plain = re.sub(r"<style.*?</style>|<[^>]+>", " ", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(plain)).replace(" :", ":")


def test_readmes_five_minutes_stand_in_order_after_make_run_and_again(workplace, capsys):
    for time in (1, 2):  # pasted again, every step says the same, though the names are taken
        printed, runs = {}, 0
        for line in five_minutes():
            assert obeyed(line) == 0, line
            out = capsys.readouterr().out
            printed[line.split()[1]] = out
            if line.startswith("spreadgame run scenarios/quickstart.toml --name"):
                runs += 1
                printed[f"run {runs}"] = out
                named = line.split()[line.split().index("--name") + 1]
                assert re.search(rf"^run folder  runs/{named}{'' if time == 1 else '-2'}$", out, re.MULTILINE)
                assert f"`runs/{named}`" in README or f" runs/{named} " in README
        printed["report"] = text_of(Path("report.html"))
        for figure, (place, said) in FIGURES.items():
            assert figure in joined(README)
            assert re.search(said, printed[place]), f"{figure}: {said}"
        assert "populations.informed.arrivals.share 0.2 0.5" in printed["report"]
        assert "the value becomes public 50 steps late: with a longer horizon" in printed["report"]
        assert "nothing is left over but rounding" in joined(printed["measure"])
    steps = README[README.index("**1. Run it.**") : README.index("**4. Make it yours.**")]
    named = set(re.findall(r"(?<![\w.])\d(?:[\d,]*\d)?(?:\.\d+)?(?![\w.]*\w)", steps)) - {"1", "2", "3", "50", "0.5"}
    named -= {"12", "100"}  # of a command
    assert named == {number for figure in FIGURES for number in figure.split(" ± ")}, (
        "each figure of the steps is held against what is printed"
    )


# What is added to commands that take long, where it is enough to see that they run.
LIGHTER = {
    "spreadgame theory --only": "--quick",
    "spreadgame theory --quick": "--only kyle",  # the whole small board runs where it is tested
    "python -m analysis.compare_equilibria": "--budget 300",
    "python -m analysis.strategy_comparison": "--set run.steps=2000",
}


def lighter(line):
    """A command of README on smaller samples, if it takes long."""
    added = next((more for start, more in LIGHTER.items() if line.startswith(start)), "")
    return f"{line.split('#')[0]} {added}" if added else line


@pytest.mark.parametrize("change", [lighter, pytest.param(str, id="as written", marks=pytest.mark.slow)])
def test_the_other_commands_of_the_readme_run_in_order_after_step_1(workplace, capsys, change):
    steps = five_minutes()
    lines = [line for block in blocks(README, "sh") for line in block.splitlines()]
    printed = {}
    for line in [steps[1], *(change(line) for line in lines if line not in steps)]:
        assert obeyed(line) == 0, line
        printed[" ".join(line.split()[:2])] = capsys.readouterr().out
    assert "three: both makers quote two ticks, both quote three ticks, or both mix two and three." in joined(README)
    held = re.findall(r"^\d +(\D+?|[\d.]+ two, [\d.]+ three)  .*holds$", printed["spreadgame solve"], re.MULTILINE)
    assert [re.sub(r"[\d. ]+", "", each) for each in held] == ["two", "three", "two,three"]


def test_the_index_has_every_page_of_the_documentation_and_readme_links_to_it():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"index.md"}
    rows = re.findall(r"^\| \[[^]]+\]\(([^)/]+)\) \| (.+) \|$", index, re.MULTILINE)
    assert sorted(name for name, _ in rows) == sorted(pages), "each page has one line in docs/index.md"
    assert "](docs/index.md)" in README


def test_the_readmes_mistake_is_answered_as_it_says(workplace, capsys):
    text = (workplace / "scenarios" / "quickstart.toml").read_text(encoding="utf-8")
    Path("mine.toml").write_text(text.replace("risk_aversion", "risk_aversoin"), encoding="utf-8")
    assert run("spreadgame validate mine.toml") == 2
    answer = [line.strip() for line in capsys.readouterr().err.splitlines() if line.strip()]
    for line in answer:
        assert line in README


def test_contributing_takes_a_strategy_from_an_empty_file_to_a_run(workplace, capsys):
    Path("my_maker.py").write_text(blocks(CONTRIBUTING, "python")[0], encoding="utf-8")
    population = blocks(CONTRIBUTING, "toml")[0]
    tomllib.loads(population)
    quickstart = (workplace / "scenarios" / "quickstart.toml").read_text(encoding="utf-8")
    Path("mine.toml").write_text(quickstart + "\n" + population, encoding="utf-8")
    for line in blocks(CONTRIBUTING, "sh")[0].splitlines():
        assert run(line) == 0, line
    assert "jumpers" in capsys.readouterr().out
    trades = sg.open_run(next(Path("runs").glob("mine*"))).trades
    assert (trades["maker_population"] == "jumpers").sum() > 1_000, "it is there to be traded with"


@pytest.fixture
def trade_size(tmp_path, monkeypatch):
    """CONTRIBUTING's measure, as if its file lay in its room."""
    text = next(block for block in blocks(CONTRIBUTING, "python") if "@measure(" in block)
    (tmp_path / "trade_size.py").write_text(text, encoding="utf-8")
    assert measure_files.declared(text) == ["trade_size"]
    known = registry.modules() | {"trade_size": "analysis.quality.trade_size"}
    monkeypatch.setattr(registry, "modules", lambda: known)
    monkeypatch.setattr(analysis.quality, "__path__", [*analysis.quality.__path__, str(tmp_path)])
    yield
    registry._known.pop("trade_size", None)
    sys.modules.pop("analysis.quality.trade_size", None)


def test_contributing_takes_a_measure_from_an_empty_file_to_its_number(workplace, trade_size, capsys):
    assert obeyed("spreadgame run scenarios/quickstart.toml --set run.steps=300 --name fifth-informed") == 0
    lines = next(block for block in blocks(CONTRIBUTING, "sh") if "trade_size" in block).splitlines()
    for line in lines:
        capsys.readouterr()
        assert run(line) == 0, line
    shown = capsys.readouterr().out
    assert re.search(r"^trade_size\.mean +1 +0 +lots", shown, re.MULTILINE)  # there every order is of one lot
    found = sg.open_run("runs/fifth-informed").measure("trade_size")
    assert found.loc["trade_size.mean", "value"] == 1
    assert found.loc["trade_size.mean", "standard_error"] == 0


def test_the_reference_pages_are_the_generated_ones():
    for path, text in reference.pages().items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, "run python -m spreadgame.reference"


def test_every_link_into_the_repository_leads_somewhere():
    for document in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_no_document_names_a_machine_or_a_registry():
    forbidden = re.compile(r"/work/|/root/|pypi\.org|files\.pythonhosted", re.IGNORECASE)
    for path in [*ROOT.glob("*.*"), *ROOT.glob("docs/*"), *ROOT.glob("sim/**/*.py"), *ROOT.glob("tests/*.py")]:
        if (
            path.is_file()
            and path.suffix in {".md", ".toml", ".txt", ".py", ".cff", ".yaml"}
            and path != Path(__file__)
        ):
            assert not forbidden.search(path.read_text(encoding="utf-8")), path


def test_the_page_on_many_runs_compares_counterfactuals(workplace, capsys):
    page = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
    quickstart = (workplace / "scenarios" / "quickstart.toml").read_text(encoding="utf-8")
    Path("mine.toml").write_text(quickstart + "\n" + blocks(page, "toml")[0], encoding="utf-8")
    lines = [line for block in blocks(page, "sh") for line in block.splitlines() if "counterfactuals" in line]
    assert [obeyed(line) for line in lines] == [0]
    printed = capsys.readouterr().out
    assert re.search(r"^ +nobody_informed .*\*", printed, re.MULTILINE)
    assert Path("runs/mine-counterfactuals/mine-counterfactuals.png").is_file()


def test_the_page_on_many_runs_freezes_agents(workplace, capsys):
    page = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
    section = page[page.index("## Frozen agents") : page.index("## Files")]
    for line in (line for block in blocks(section, "sh") for line in block.splitlines()):
        words = shlex.split(line)
        if words[0] == "spreadgame":
            with pytest.raises(SystemExit) as end:
                main(words[1:])
            assert end.value.code == 0, line
        else:
            assert importlib.import_module(words[2]).main(words[3:]) == 0, line
    ratio, error = map(
        float, re.search(r"^ +50 .* ([\d.]+) ± ([\d.]+)$", capsys.readouterr().out, re.MULTILINE).groups()
    )
    assert ratio + 2 * error < 1  # the informed damp it


def test_the_page_on_reflexivity_draws_its_pictures(workplace, capsys):
    """On small samples: what it says of them is held where the scoreboard and the measures are tested."""
    page = (ROOT / "docs" / "reflexivity.md").read_text(encoding="utf-8")
    Path("docs").mkdir(exist_ok=True)
    for line in (line for block in blocks(page, "sh") for line in block.splitlines()):
        if "theory.pictures" in line:
            line += " --quick"
        elif "cascade.toml" in line:
            line += " --set run.episodes=50"
        elif "counterfactuals" in line or "amplification" in line:
            line = line.replace(" --seeds 20", "") + " --seeds 2"
        assert obeyed(line) == 0, line
    for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", page):
        assert (Path("docs") / name).is_file(), name
        assert (ROOT / "docs" / name).is_file(), name
    assert "against_signal" in capsys.readouterr().out


def test_the_page_on_sessions_runs(workplace, capsys):
    page = (ROOT / "docs" / "sessions.md").read_text(encoding="utf-8")
    scope: dict[str, object] = {"__name__": "sessions"}
    for block in blocks(page, "python"):
        exec(compile(block, "sessions.md", "exec"), scope)
    out = capsys.readouterr().out
    assert "quoted_spread" in out
    assert "\n500 True\n" in out
    for line in blocks(page, "sh")[0].splitlines():
        assert run(line) == 0, line
    assert "step 500 of 500" in capsys.readouterr().out
    assert Path("runs/desk/trades.parquet").is_file()
