"""Tournaments of a folder's files: who is ranked, who is out and why, what is kept, and what Ctrl-C leaves."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from analysis.output.console import results
from analysis.output.numbers import number
from analysis.tournament import rounds, workers
from analysis.tournament.entries import Entry, Failure, entries_in
from analysis.tournament.kept_matches import KeptMatches, Played, taken_from
from analysis.tournament.matches import ALONE, PAIR, Match
from analysis.tournament.output import tables
from analysis.tournament.rounds import Asked, Outcome
from analysis.tournament.task import Task
from analysis.tournament.workers import Workers
from sim.core.errors import RunError
from sim.scenario import load
from spreadgame.commands.parser import main
from tests.command_line import QUICKSTART, shell, started
from tests.markets.hostile_folder import FAIL, PLAY, write_folder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")
LINES = ("spread", "adverse_selection", "revaluation", "hedging", "fees", "dividends", "interest", "funding")
MATCH = Match(PAIR, (Entry("a.py", Path("a.py"), "1"), Entry("b.py", Path("b.py"), "2")))


def line(folder: Path, out: Path, *more: object) -> list[str | Path]:
    options = ["--scenario", QUICKSTART, "--players", "makers", "--set", "run.steps=1000", "--out", out, *more]
    return ["tournament", folder, *(each if isinstance(each, Path) else str(each) for each in options)]


def told(*typed: str | Path) -> dict[str, Any]:
    done = shell(*typed, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_folder(tmp_path_factory.mktemp("entered"), "twin_a.py", "twin_b.py", "poem.py", "essay.txt")


@pytest.fixture(scope="module")
def out(folder, tmp_path_factory) -> Path:
    """A folder in which a tournament was played."""
    place = tmp_path_factory.mktemp("played") / "out"
    told(*line(folder, place, "--seeds", 3, "--workers", 2))
    return place


def typed_here(*typed: str | Path) -> int:
    """The exit code of a command that is called in this process."""
    with pytest.raises(SystemExit) as ended:
        main(list(map(str, typed)))
    return int(ended.value.code or 0)


def read(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "tournament.json").read_text(encoding="utf-8"))
    return found


# --- the table --------------------------------------------------------------------------------------------------------


def test_files_that_play_are_ranked_beside_ours_and_the_others_are_named_with_their_reasons(out):
    content = read(out)
    assert {row["file"] for row in content["table"]} == {"twin_a.py", "twin_b.py", None}
    assert [row["rank"] for row in content["table"]] == [1, 2, 3]
    assert [row["payoff"] for row in content["table"]] == sorted((r["payoff"] for r in content["table"]), reverse=True)
    assert {row["name"] for row in content["table"] if row["file"] is None} == {"adaptive"}
    reasons = {each["file"]: each["reason"] for each in content["disqualified"]}
    assert reasons == {"poem.py": "does_not_load", "essay.txt": "does_not_load"}
    assert "this is not Python" in next(e["message"] for e in content["disqualified"] if e["file"] == "poem.py")
    assert sorted(each["kind"] for each in content["matches"]) == ["alone"] * 3 + ["pair"] * 3 + ["together"]


def test_two_copies_of_one_strategy_tie_within_their_intervals(out):
    one, other = (row for row in read(out)["table"] if row["name"] == "twin")
    assert one["file"] in other["tied"]
    assert other["file"] in one["tied"]
    assert one["low"] <= other["payoff"] <= one["high"]
    alone = [each["players"][0] for each in read(out)["matches"] if each["kind"] == "alone"]
    first, second = (each["payoff"] for each in alone if each["name"] == "twin")
    assert first == second  # the same market, to the last bit


def test_each_payoff_is_the_sum_of_its_lines(out):
    for row in read(out)["table"]:
        assert sum(row[name] for name in LINES) == pytest.approx(row["payoff"], abs=1e-6)
        assert row["low"] < row["payoff"] < row["high"]


def test_the_picture_and_the_table_on_the_screen_are_there(out, folder, capsys, monkeypatch):
    monkeypatch.setattr(Workers, "do", None)  # nothing is played again
    assert (out / "table.png").read_bytes()[:4] == b"\x89PNG"
    assert typed_here(*line(folder, out, "--seeds", 3)) == 0
    screen = capsys.readouterr().out
    for row in read(out)["table"]:
        assert number(row["payoff"], 4) in screen
    assert "poem.py" in screen
    assert "where it came from" in screen


def test_matches_played_again_by_another_number_of_workers_give_the_same_table(out, folder, tmp_path):
    copy = Path(shutil.copytree(out, tmp_path / "out"))
    several = [path for path in (copy / "matches").glob("*.json") if len(json.loads(path.read_bytes())["match"]) > 1]
    assert len(several) == 4
    several[0].write_bytes(several[0].read_bytes().replace(b'"payoffs"', b'"payofFs"', 1))  # damaged
    for path in several[1:]:
        path.unlink()
    done = shell(*line(folder, copy, "--seeds", 3, "--workers", 1, "--json"))
    assert f"{several[0].name}: damaged" in done.stderr
    assert {**json.loads(done.stdout), "folder": ""} == {**_without_keys(read(out)), "folder": ""}


def _without_keys(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name not in ("digest", "question")}


@pytest.mark.slow
def test_each_of_ten_files_is_ranked_or_named_with_its_reason_for_any_number_of_workers(tmp_path):
    folder = write_folder(tmp_path / "folder")
    found = [told(*line(folder, tmp_path / f"{n}", "--seeds", 3, "--seconds", 5, "--workers", n)) for n in (1, 3)]
    assert {**found[0], "folder": ""} == {**found[1], "folder": ""}
    reasons = {each["file"]: each["reason"] for each in found[0]["disqualified"]}
    assert reasons == {file: reason for file, (_, reason) in FAIL.items() if file != "raises.py"}
    assert {row["file"] for row in found[0]["table"]} == {*PLAY, "raises.py", None}  # 1,000 turns are its last
    longer = told(*line(folder, tmp_path / "longer", "--seeds", 3, "--seconds", 5, "--set", "run.steps=1200"))
    messages = {each["file"]: each["message"] for each in longer["disqualified"]}
    assert "step 1000: it raised an exception: AssertionError" in messages["raises.py"]
    assert "(raises.py, line " in messages["raises.py"]
    assert "'endless' of agent 'makers 0', episode 0, step 0: its turn never ended" in messages["endless.py"]
    assert {row["file"] for row in longer["table"]} == {*PLAY, None}


# --- Ctrl-C -----------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="only Linux tells of children so")
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)])
def test_a_signal_leaves_no_child_process(tmp_path, number):
    folder = write_folder(tmp_path / "folder", "endless.py")
    process = started(*line(folder, tmp_path / "out", "--seeds", 1, "--seconds", 5000, "--workers", 1))
    while not list((tmp_path / "out" / "matches").glob("*.json")) or len(below(process.pid)) < 2:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)  # ours has played, and somebody plays now
    children = below(process.pid)
    process.send_signal(number)
    _, screen = process.communicate()
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    if number == signal.SIGINT:
        assert "the same command goes on from there" in screen
    for _ in range(1000):
        if not [child for child in children if Path(f"/proc/{child}").exists()]:
            break
        time.sleep(0.01)
    assert [child for child in children if Path(f"/proc/{child}").exists()] == []


def below(process: int) -> list[int]:
    """Children of a process, and theirs."""
    found: list[int] = []
    for file in Path(f"/proc/{process}/task").glob("*/children"):
        for child in map(int, file.read_text().split()):
            found += [child, *below(child)]
    return found


# --- what is wrong, and what is kept ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        (["nowhere"], "there is no such folder"),
        (["empty"], "there are no files in it — put one Python file per strategy"),
        (["entered", "--players", "makerz"], "did you mean 'makers'?"),
        (["entered", "--set", "makers.counts=2"], "did you mean 'count'?"),
        (["entered", "--seeds", "0"], "at least one is needed"),
        (["entered", "--workers", "257"], "too large"),
        (["entered", "--seconds", "0"], "too small"),
        (["entered", "--out", "other"], "holds other things than a tournament"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, typed, answer, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "entered", "poem.py")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "_shared.py").touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").touch()
    whole = ["--scenario", QUICKSTART, *([] if "--players" in typed else ["--players", "makers"])]
    assert typed_here("tournament", *typed, *whole) == 2
    said = capsys.readouterr()
    assert answer in " ".join(said.err.split())
    assert said.out == ""
    assert not (tmp_path / "runs").exists()
    assert not [path for path in tmp_path.rglob("*") if path.name in (".writer.lock", "matches")]


def test_a_folder_of_too_many_files_is_refused(tmp_path):
    for place in range(101):
        (tmp_path / f"{place}.py").touch()
    with pytest.raises(RunError, match="101 files are too many"):
        entries_in(tmp_path)


def test_a_file_too_large_to_be_a_strategy_is_not_read(tmp_path):
    with (tmp_path / "x.py").open("wb") as file:
        file.truncate(2**33)  # sparse
    (tmp_path / "y.py").touch()
    found, refused = entries_in(tmp_path)
    assert [each.key for each in found] == ["y.py"]
    assert [(each.key, each.reason) for each in refused] == [("x.py", "does_not_load")]


def asked() -> Asked:
    return Asked(load(QUICKSTART, {"run.steps": 20}), "makers", (1,))


class Pretended:
    """Workers whose matches are played by a function."""

    play: Any = None

    def __init__(self, size, first):
        self.size = size

    def do(self, tasks, done):
        for place, task in enumerate(tasks):
            done(place, Pretended.play(task))

    def close(self):
        return


def test_a_file_that_is_edited_meanwhile_ends_the_tournament_in_words(tmp_path, monkeypatch):
    path = tmp_path / "in" / "a.py"
    write_folder(path.parent, "twin_a.py")
    path = path.parent / "twin_a.py"

    def play(task):
        run = {"run": 1, "payoffs": [0.0] * len(task.players), "lines": {}}
        inputs = {each: "edited" for each in task.players.values() if each}
        loaded = [{"loaded": {"key": "twin_a.py", "name": "twin", "inputs": inputs, "packages": {}}}] if inputs else []
        return [*loaded, run, {"answer": True}]

    monkeypatch.setattr(rounds, "Workers", Pretended)
    monkeypatch.setattr(Pretended, "play", staticmethod(play))
    with pytest.raises(RunError, match="it was edited while the tournament was played"):
        rounds.tournament(rounds.entrants_of(path.parent, asked()), asked(), KeptMatches(tmp_path, "q", 1, 1.0))


def task_of(*names: str) -> Task:
    return asked().task(Match(PAIR, tuple(Entry(name, Path(name), "1") for name in names)), (1,), False)


@pytest.fixture
def stand_in(monkeypatch):
    """Lets a script be the process that plays."""

    def put(script: str) -> None:
        monkeypatch.setattr(workers, "command_of", lambda module: [sys.executable, "-c", script])

    return put


ECHO = """
import json, os, sys
for line in sys.stdin:
    asked = json.loads(line)
    print()
    print(json.dumps({"ready": True} if "warm" in asked else [{"number": os.getpid()}]), flush=True)
"""


def test_there_are_no_more_processes_than_matches(stand_in):
    stand_in(ECHO)
    found = Workers(24, task_of("a.py"))
    said: list[Any] = []
    try:
        found.do([task_of("a.py"), task_of("b.py")], lambda number, told: said.append(told))
        assert len(found._all) <= 2
    finally:
        found.close()
    assert all("number" in told[0] for told in said)


def test_a_process_that_is_stopped_is_given_up(stand_in, monkeypatch):
    monkeypatch.setattr(workers, "_SILENT", 0.5)
    monkeypatch.setattr(workers, "_TRIES", 1)
    monkeypatch.setattr(workers, "_LEAVE", 0.1)
    stand_in(ECHO.replace("    print()\n", "    'warm' in asked or os.kill(os.getpid(), 19)\n"))
    found = Workers(1, task_of("a.py"))
    said: list[Any] = []
    try:
        found.do([task_of("a.py")], lambda number, told: said.append(told))
    finally:
        found.close()
    assert said == [[{"killed": True}]]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="only Linux tells of children so")
def test_what_a_killed_process_had_started_ends_with_the_tournament(stand_in, monkeypatch, tmp_path):
    monkeypatch.setattr(workers, "_TRIES", 1)
    file = tmp_path / "number"
    start = f"open({str(file)!r}, 'w').write(str(subprocess.Popen(['sleep', '1000'], start_new_session=True).pid))"
    stand_in(ECHO.replace("    print()\n", f"    'warm' in asked or ({start}, os.kill(os.getpid(), 9))\n").replace(
        "import json", "import subprocess, json"))  # fmt: skip
    ours = subprocess.Popen(["sleep", "1000"])  # a child for other ends
    found = Workers(1, task_of("a.py"))
    try:
        found.do([task_of("a.py")], lambda number, told: None)
    finally:
        found.close()
    assert ours.poll() is None
    ours.kill()
    ours.wait()
    assert not Path(f"/proc/{file.read_text()}").exists()


def test_letters_of_others_do_not_move_the_terminal(tmp_path, capsys):
    found = Outcome(asked(), out=[Failure("\x1b[2Jx.py", "raised", "\x1b[31mred [bold]hi[/bold]\u202e")])
    for part in tables(found, []):
        results().print(part)
    screen = capsys.readouterr().out
    assert not {"\x1b", "\u202e"} & set(screen)
    assert "[bold]hi[/bold]" in screen


def test_a_match_is_found_again_until_a_file_that_it_read_is_edited(tmp_path):
    beside = tmp_path / "beside.csv"
    beside.write_text("1")
    kept = KeptMatches(tmp_path, "question", 1, 10.0)
    played = Played()
    said = [
        {"loaded": {"key": "a.py", "name": "a", "inputs": {str(beside): _digest(beside)}, "packages": {}}},
        {"run": 1, "payoffs": [1.0, 2.0], "lines": {"spread": [1.0, 2.0]}}, {"answer": True},
    ]  # fmt: skip
    taken_from(said, played, MATCH, examined=False)
    kept.put(MATCH, played)
    assert kept.find(MATCH) == played
    assert KeptMatches(tmp_path, "question", 1, 11.0).find(MATCH) == Played()
    assert KeptMatches(tmp_path, "another", 1, 10.0).find(MATCH) == Played()
    beside.write_text("2")
    assert kept.find(MATCH) == Played()


def _digest(path: Path) -> str:
    from sim.strategy_kit.loading.module_loader import digest

    return digest(path.read_bytes())


@pytest.mark.parametrize("reason", ["time", "raised"])
def test_that_something_took_too_long_is_not_kept(tmp_path, reason):
    kept = KeptMatches(tmp_path, "question", 1, 10.0)
    played = Played()
    taken_from([{"failed": Failure("a.py", reason, "it happened", 1).as_json()}], played, MATCH, examined=False)
    kept.put(MATCH, played)
    assert (kept.find(MATCH).failure is None) == (reason == "time")


ALONE_MATCH = Match(ALONE, (Entry("a.py"),))


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"late": "loading"}, "time"), ({"died": -9, "memory": 0}, "raised"), ({"died": -11, "memory": 0}, "raised"),
        ({"closed": True}, "raised"),
        ({"died": -6, "memory": 2**31}, "memory"), ({"died": 3, "memory": 0}, "raised"), ({"killed": True}, "raised"),
        ({"garbled": True}, "breaks_contract"), ({"run": 1, "payoffs": [1.0, 1e9], "lines": {}}, "breaks_contract"),
        ({"run": "one", "payoffs": []}, "breaks_contract"), ({"failed": {"key": "b.py"}}, "breaks_contract"),
        ({"loaded": {"key": 3}}, "breaks_contract"),
    ],
    ids=str,
)  # fmt: skip
def test_whatever_a_process_says_or_leaves_unsaid_is_a_reason(said, reason):
    played = Played()
    taken_from([said], played, ALONE_MATCH, examined=True)
    assert played.failure is not None
    assert (played.failure.key, played.failure.reason) == ("a.py", reason)


def test_the_command_explains_that_limits_are_no_sandbox(capsys):
    assert typed_here("tournament", "--help") == 0
    assert "they are no sandbox" in " ".join(capsys.readouterr().out.split())
