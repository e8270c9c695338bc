"""What commands print: results and the rest apart, JSON that any reader takes, bars only where there is a screen."""

from __future__ import annotations

import math

import pytest
from matplotlib.figure import Figure

from analysis.output.console import bar, complain, print_json, results, status, time_left
from analysis.output.exit_codes import BAD_INPUT, INTERRUPTED, OK, exit_code_of
from analysis.output.style import save_figure
from sim.core.errors import RunError


def test_results_and_complaints_go_to_two_streams(capsys):
    results(20).print("found " * 5)
    complain("wrong")
    said = capsys.readouterr()
    assert [len(line.rstrip()) <= 20 for line in said.out.splitlines()] == [True, True]
    assert said.err == "wrong\n"


def test_a_number_that_json_does_not_have_is_never_printed(capsys):
    with pytest.raises(ValueError, match="nan"):
        print_json({"spread": math.nan})
    assert capsys.readouterr().out == ""


def test_nothing_moves_where_there_is_no_screen(capsys):
    with bar("running", False) as move, status("reading") as say:
        assert move is None
        say("still reading")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(7.4, "7 s left"), (200, "3 min 20 s left"), (7_260, "2 h 1 min left"), (math.nan, ""), (math.inf, "")],
)
def test_the_time_that_is_left_is_said_in_words(seconds, said):
    assert time_left(seconds) == said


def test_each_way_in_which_a_command_ends_has_its_code(capsys):
    def raising(error: BaseException) -> int:
        raise error

    stopped = KeyboardInterrupt()
    stopped.signal = 15  # type: ignore[attr-defined]
    assert exit_code_of(lambda: OK) == OK
    assert exit_code_of(lambda: raising(RunError("no folder"))) == BAD_INPUT
    assert exit_code_of(lambda: raising(KeyboardInterrupt())) == INTERRUPTED
    assert exit_code_of(lambda: raising(stopped)) == 128 + 15
    assert exit_code_of(lambda: raising(FileNotFoundError(2, "No such file", "gone.toml"))) == BAD_INPUT
    assert capsys.readouterr().err.splitlines() == [
        "no folder",
        "interrupted",
        "interrupted",
        "gone.toml: No such file",
    ]


def test_a_figure_that_cannot_be_written_leaves_the_one_before(tmp_path):
    path = tmp_path / "found.png"
    save_figure(Figure(), path)
    before = path.read_bytes()

    class Broken(Figure):
        def savefig(self, part, **settings):
            part.write_bytes(b"half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        save_figure(Broken(), path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["found.png"]
