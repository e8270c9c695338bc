"""The scoreboard: its verdicts, its command, its keeping of what is done, and every claim on a small sample."""

import json
import math
import random
import re

import pytest

from analysis.stats.estimates import Estimate
from analysis.theory import board
from analysis.theory.experiments import _MODULES, Experiment, all_experiments, chosen
from analysis.theory.page import markdown
from analysis.theory.picture import headline, save_picture
from analysis.theory.rows import Row, compare, row_from
from sim.core.errors import RunError
from sim.kept.claim import claimed
from sim.kept.version import CODE
from tests.command_line import shell
from tests.places import ROOT

PAGE = ROOT / "docs" / "theory.md"
FIELDS = {"claim", "source", "target", "estimate", "standard_error", "verdict"}


def row(target: float, value: float, error: float, **more) -> Row:
    return compare("a claim", "a paper", target, Estimate(value, error), **more)


# --- verdicts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "verdict"),
    [
        (row(1.0, 1.39, 0.1), "pass"),
        (row(1.0, 1.41, 0.1), "fail"),
        (row(1.0, 0.59, 0.1), "fail"),
        (row(1.0, 1.41, 0.1, tolerance=0.02), "pass"),
        (row(1.0, 1.0, 0.0), "pass"),
        (row(1.0, 1.0001, 0.0), "fail"),
        (row(1.0, 1.0001, 0.0, tolerance=1e-3), "pass"),
        (row(1.0, math.nan, 0.1), "fail"),  # nothing was measured
        (row(1.0, 1.0, math.inf), "fail"),  # once is never
        (row(1.0, 1.1, 0.1, published=2.0, reason="why"), "differs"),
        (row(1.0, 1.9, 0.1, published=2.0, reason="why"), "pass"),
        (row(1.0, 1.1, 0.1, published=1.2, reason="why"), "differs"),  # whatever the sample, the two disagree
        (row(1.0, 5.0, 0.1, published=2.0, reason="why"), "fail"),
    ],
)
def test_a_verdict_can_fail(made, verdict):
    assert made.verdict == verdict
    assert bool(made.reason) == (verdict == "differs")


def test_a_row_says_how_far_it_is_and_comes_back_from_json():
    made = row(1.0, 1.2, 0.1)
    assert made.distance == pytest.approx(2.0)
    assert made.strain == pytest.approx(0.5)
    assert row_from(json.loads(json.dumps(made.as_json()))) == made
    assert row(1.0, 1.0, 0.0).as_json()["distance"] is None


# --- the board ------------------------------------------------------------------------------------------------------


def counted(names):
    calls = []

    def experiment(name):
        def play(markets):
            calls.append((name, markets.seed, markets.quick))
            return [row(1.0, 1.0, 0.1)]

        return Experiment(name, name, play)

    return [experiment(name) for name in names], calls


def test_what_is_done_is_not_done_again(tmp_path):
    experiments, calls = counted(["one", "two"])
    first = board.run_board(experiments[:1], True, tmp_path)
    again = board.run_board(experiments, True, tmp_path)
    assert again[:1] == first
    assert [name for name, *_ in calls] == ["one", "two"]
    assert calls[0][1] != calls[1][1]  # each has a seed of its own
    board.run_board(experiments, False, tmp_path / "full")
    assert [quick for *_, quick in calls] == [True, True, False, False]


@pytest.mark.parametrize("damage", ["", "[]", '{"version": "old", "rows": []}', '{"version": '])
def test_results_of_another_version_or_damaged_ones_are_done_again(tmp_path, damage):
    experiments, calls = counted(["one"])
    board.run_board(experiments, True, tmp_path)
    (tmp_path / "one.json").write_text(damage)
    assert len(board.run_board(experiments, True, tmp_path)) == 1
    assert len(calls) == 2


@pytest.mark.parametrize("count", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_a_bit_that_flips_in_what_is_kept_is_found_said_once_and_mended(tmp_path, caplog, count):
    experiments, calls = counted(["one", "two"])
    rows = board.run_board(experiments, True, tmp_path)
    whole = (tmp_path / "one.json").read_bytes()
    for bit in random.Random(1).sample(range(8 * len(whole)), count):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        (tmp_path / "one.json").write_bytes(changed)
        calls.clear()
        caplog.clear()
        assert board.run_board(experiments, True, tmp_path) == rows
        assert [name for name, *_ in calls] == ["one"]
        assert caplog.text.count("one.json: damaged, so made again") == 1
        assert (tmp_path / "one.json").read_bytes() == whole


def test_a_board_that_another_process_keeps_is_told(tmp_path):
    with claimed(tmp_path), pytest.raises(RunError, match=r"process \d+ on .* writes there"):
        board.run_board(counted(["one"])[0], True, tmp_path)


def test_an_experiment_is_kept_under_the_version_of_what_its_rows_pass_through():
    known = all_experiments()
    assert len({each.code for each in known.values()}) == len(_MODULES)  # not that of all, nor of sim alone
    assert CODE not in {each.code for each in known.values()}
    assert board.version(known["dennert"]).startswith(known["dennert"].code)


def test_a_stop_keeps_what_was_finished(tmp_path):
    experiments, calls = counted(["one", "two"])

    def stop(markets):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        board.run_board([experiments[0], Experiment("two", "two", stop)], True, tmp_path)
    board.run_board(experiments, True, tmp_path)
    assert [name for name, *_ in calls] == ["one", "two"]


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be kept"):
        board.run_board(counted(["one"])[0], True, tmp_path / "file")


def test_experiments_are_found_by_name_and_by_family():
    assert [each.name for each in chosen(["kyle"])] == [name for name in all_experiments() if name.startswith("kyle")]
    assert [each.name for each in chosen(["dennert"])] == ["dennert"]
    assert chosen([]) == list(all_experiments().values())
    of_options = [each.name for each in chosen(["options"])]
    others = [name for name in of_options if not name.startswith("options_")]
    assert others == [each.name for each in chosen(["hedging", "risk"])]
    assert {"hedging_error", "options_payments"} <= set(of_options)
    with pytest.raises(RunError, match="did you mean 'dennert'"):
        chosen(["denert"])


def test_pages_and_pictures_say_what_fails(tmp_path):
    rows = [row(1.0, 1.0, 0.1), row(1.0, 3.0, 0.1), row(1.0, 1.0, 0.1, published=2.0, reason="because")]
    assert headline(rows) == (
        "1 of 3 claims hold in a market of agents, 0 of them to the tick; "
        "1 where literature and its mathematics differ; 1 fail"
    )
    page = markdown(rows)
    assert "*Differs*: because" in page
    assert page.count("a claim (differs)") == page.count("a claim (fail)") == 1
    assert "a claim (pass)" not in page
    assert save_picture(rows, tmp_path / "board.png").stat().st_size > 1000


def test_the_page_has_a_list_of_contents_whose_links_lead_to_headings():
    page = PAGE.read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    linked = dict(re.findall(r"^- \[(.+?)\]\(#(.+?)\): \d", page, re.MULTILINE))
    assert list(linked) == headings
    for title, anchor in linked.items():
        assert anchor == re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
    odd = [line.split(" | ")[0][2:] for line in page.splitlines() if line.endswith("| differs |")]
    told = re.findall(r"^- \[\w+\]\(#(.+?)\): (.+) \(differs\)$", page, re.MULTILINE)
    assert [claim for _, claim in told] == odd
    assert {anchor for anchor, _ in told} <= set(linked.values())


def test_rows_whose_numbers_are_0_say_what_was_found():
    rows = [row(0.0, 0.0, 0.0, found="12 of 20 lots")]
    assert "*Found*: 12 of 20 lots." in markdown(rows)


# --- the command ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """Every experiment on small samples, through the command."""
    out = tmp_path_factory.mktemp("theory")
    return shell("theory", "--quick", "--json", "--out", out, "--page", out / "theory.md"), out


def test_every_claim_holds_on_a_small_sample(quick):
    done, _ = quick
    rows = json.loads(done.stdout)["rows"]
    assert [each["claim"] for each in rows if each["verdict"] == "fail"] == []
    assert done.returncode == 0
    assert len(rows) > 250
    assert all(set(each) >= FIELDS for each in rows)
    assert {each["experiment"] for each in rows} == set(all_experiments())
    assert all(each["verdict"] in ("pass", "differs") for each in rows)
    assert all(
        each["standard_error"] > 0 or each["tolerance"] > 0 or each["target"] == each["estimate"] for each in rows
    )


def test_the_command_goes_on_where_it_was(quick):
    _, out = quick
    again = shell("theory", "--quick", "--out", out, "--only", "dennert")
    assert again.returncode == 0
    assert "kept" in again.stderr
    assert "18 of 18 claims hold" in again.stdout


def test_the_page_of_the_documentation_has_every_claim(quick):
    _, out = quick
    claims = [line.split(" | ")[0] for line in (out / "theory.md").read_text().splitlines() if line.startswith("| ")]
    told = [line.split(" | ")[0] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert told == claims
    assert " fail " not in PAGE.read_text(encoding="utf-8")


def test_an_unknown_experiment_ends_with_one_line():
    done = shell("theory", "--only", "glosten_milgrim")
    assert done.returncode == 2
    assert "did you mean" in done.stderr
    assert "Traceback" not in done.stderr
