from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import ROOT

CHECK = "from spreadgame._guard import check; check()"


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8"
    )


@pytest.mark.parametrize("name", ["analysis", "sim"])
def test_a_users_file_in_the_way_is_named_with_a_remedy(tmp_path, name):
    (tmp_path / f"{name}.py").write_text("mine = 1\n", encoding="utf-8")
    (tmp_path / "script.py").write_text(CHECK, encoding="utf-8")
    answer = python(tmp_path, "script.py")
    last = answer.stderr.strip().splitlines()[-1]
    assert answer.returncode == 1
    assert last.startswith("ImportError: ")
    assert str(tmp_path / f"{name}.py") in last
    assert str(ROOT / name) in last
    assert "rename it" in last


def test_a_users_script_that_is_itself_called_sim_is_named(tmp_path):
    (tmp_path / "sim.py").write_text(CHECK, encoding="utf-8")
    answer = python(tmp_path, "sim.py")
    assert str(tmp_path / "sim.py") in answer.stderr.strip().splitlines()[-1]


def test_a_users_module_that_was_imported_before_is_named(tmp_path):
    (tmp_path / "analysis.py").write_text("mine = 1\n", encoding="utf-8")
    answer = python(tmp_path, "-c", f"import analysis; {CHECK}")
    assert f"{tmp_path / 'analysis.py'} hides" in answer.stderr


def test_a_users_package_in_the_way_is_named(tmp_path):
    (tmp_path / "analysis").mkdir()
    (tmp_path / "analysis" / "__init__.py").touch()
    answer = python(tmp_path, "-c", CHECK)
    assert f"{tmp_path / 'analysis' / '__init__.py'} hides" in answer.stderr


def test_a_folder_of_results_called_analysis_is_in_nobodys_way(tmp_path):
    (tmp_path / "analysis").mkdir()
    (tmp_path / "analysis" / "table.csv").touch()
    assert python(tmp_path, "-c", CHECK).returncode == 0


def test_a_missing_room_says_so(tmp_path):
    (tmp_path / "spreadgame").mkdir()
    (tmp_path / "spreadgame" / "_guard.py").write_text(
        (ROOT / "spreadgame" / "_guard.py").read_text(encoding="utf-8"), encoding="utf-8"
    )
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "-S", "-c", CHECK]  # without site-packages, where an installed copy would be found
    answer = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8")
    assert "package 'sim' is missing" in answer.stderr
    assert "install Spreadgame again" in answer.stderr


def test_the_check_imports_neither_room_nor_anything_heavy(tmp_path):
    code = f"import sys; {CHECK}; print(sorted({{'sim', 'analysis', 'numpy', 'numba', 'pandas'}} & set(sys.modules)))"
    assert python(tmp_path, "-c", code).stdout.strip() == "[]"
