"""What the documents say is true: their code runs, their figures are printed, their pages are generated."""

import re
import shutil
import tomllib
from pathlib import Path

import pytest

from spreadgame import reference
from spreadgame.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


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


def test_the_readmes_commands_run_and_print_its_figures(workplace, capsys):
    commands = [line.split("#")[0].strip() for block in blocks(README, "sh") for line in block.splitlines()]
    shown = ""
    for line in commands:
        if line.startswith("cp "):
            shutil.copy(*line.split()[1:])
        elif line.startswith("spreadgame") and "my_maker" not in line and "MESSAGES" not in line:
            assert run(line) == 0, line
            shown += capsys.readouterr().out
    for figure in ("0.0574", "0.0813"):
        assert README.count(figure) >= 1
        # The table may print a digit more.
        assert re.search(rf"\b{figure}|\b{float(figure) - 0.0001:.4f}[5-9]", shown), figure


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
