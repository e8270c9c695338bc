"""What the documents say is true: their code runs, their figures are printed, their pages are generated."""

import html
import importlib
import re
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
FIGURES = {
    "0.0574": ("run 1", r"lit .* 0\.0574|lit .* 0\.0573[5-9]"),
    "0.0813": ("run 2", r"lit .* 0\.0813"),
    "579": ("report", r"fifth-informed: .*?Noise lost 579 ± 450"),
    "347": ("report", r"fifth-informed: .*?makers won 347 ± 260"),
    "232": ("report", r"fifth-informed: .*?informed won 232"),
    "1,365": ("report", r"makers 1,365 ± 30 −586 ± 19 −432 ± 260 347"),
    "586": ("report", r"makers 1,365 ± 30 −586"),
    "432": ("report", r"−432 ± 260"),
    "260": ("report", r"−432 ± 260"),
}


def five_minutes() -> list[str]:
    """The commands of README's steps 1 to 4, behind that of ``make run``, which comes first."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    made = re.search(r"^\t\$\(BIN\)/(spreadgame run .*)$", makefile, re.MULTILINE)
    steps = README[README.index("## Five minutes") : README.index("## Scenarios")]
    lines = [line for block in blocks(steps, "sh") for line in block.splitlines() if "activate" not in line]
    return [made[1], *lines]


def obeyed(line: str) -> int:
    """The exit code of a line of README, but of those that only say where a file of the reader's would stand."""
    line = line.split("#")[0].strip()
    if line.startswith("cp "):
        shutil.copy(*line.split()[1:])
    elif line.startswith("python -m analysis."):
        name, *arguments = line.removeprefix("python -m analysis.").split()
        return importlib.import_module(f"analysis.{name}").main(arguments)
    elif line.startswith("spreadgame") and "my_maker" not in line and "MESSAGES" not in line:
        return run(line)
    return 0


def text_of(page: Path) -> str:
    """What a reader sees of a page."""
    plain = re.sub(r"<style.*?</style>|<[^>]+>", " ", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(plain)).replace(" :", ":")


def test_readmes_five_minutes_stand_in_order_after_make_run_and_again(workplace, capsys):
    for time in (1, 2):  # pasted again, every step says the same, though the names are taken
        printed = {"run": 0}
        for line in five_minutes():
            assert obeyed(line) == 0, line
            out = capsys.readouterr().out
            if line.startswith("spreadgame run scenarios/quickstart.toml --name"):
                printed["run"] += 1
                printed[f"run {printed['run']}"] = out
                named = line.split()[line.split().index("--name") + 1]
                assert re.search(rf"^run folder  runs/{named}{'' if time == 1 else '-2'}$", out, re.MULTILINE)
                assert f"`runs/{named}`" in README or f" runs/{named} " in README
        printed["report"] = text_of(Path("report.html"))
        for figure, (place, said) in FIGURES.items():
            assert figure in README
            assert re.search(said, printed[place]), f"{figure}: {said}"
        assert "populations.informed.arrivals.share 0.2 0.5" in printed["report"]
    steps = README[README.index("**1. Run it.**") : README.index("**4. Make it yours.**")]
    named = set(re.findall(r"(?<![\w.])\d(?:[\d,]*\d)?(?:\.\d+)?(?![\w.]*\w)", steps)) - {"1", "2", "3", "50", "0.5"}
    assert named == set(FIGURES), "each figure of the steps is held against what is printed"


def test_the_other_commands_of_the_readme_run_in_order_after_step_1(workplace, capsys):
    steps = five_minutes()
    lines = [line for block in blocks(README, "sh") for line in block.splitlines()]
    printed = {}
    for line in [steps[1], *(line for line in lines if line not in steps)]:
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
    jumpers = next(Path("runs").glob("mine*/trades.parquet"))
    assert jumpers.stat().st_size > 0


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
    assert re.search(r"^trade_size\.mean +- +- +lots", shown, re.MULTILINE)  # there every order is of one lot
    assert "none: no such order" in " ".join(shown.split())
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
