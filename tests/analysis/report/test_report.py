"""A report says what happened, shows it, explains it, and opens anywhere: words, page, browser, command."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from analysis.output.numbers import percent
from analysis.reading import registry
from analysis.reading.measures import Measurement
from analysis.report import contents
from analysis.report.contents import reported
from analysis.report.differences import differences
from analysis.report.glossary import Chapter, chapters
from analysis.report.page import names_of, report, save_report
from analysis.report.parts import Image, only_seeds_differ
from analysis.report.risk_words import findings
from sim.core.errors import RunError
from sim.runs.execute import execute
from sim.runs.result import Run, open_run
from sim.scenario import load, parse
from spreadgame.commands.parser import main
from tests.command_line import MARKET, QUICKSTART, ROOT, shell
from tests.markets.limited import LIMITED
from tests.markets.run_folders import seal_again

THEORY = ROOT / "scenarios" / "theory"
CHROMIUM = next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)
NOISE_ONLY = MARKET.replace("random_walk", "constant").replace(", volatility = 0.02", "")
PROBE = """
<script>
let faults = 0;
window.addEventListener("error", () => { faults += 1; }, true);
window.addEventListener("load", () => {
  const images = [...document.images];
  const shown = image => image.complete && image.naturalWidth > 100 && image.getBoundingClientRect().width > 100;
  const broken = images.filter(image => !shown(image)).length;
  const wide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
  const seen = `images ${images.length} broken ${broken} wide ${wide} faults ${faults}`;
  document.body.setAttribute("data-seen", seen);
});
</script>
"""


def run_of(text: str, **settings: Any) -> Run:
    return execute(parse(text, overrides={key.replace("__", "."): value for key, value in settings.items()}))


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    """A small market under two seeds, and Glosten and Milgrom's, as run folders."""
    out = tmp_path_factory.mktemp("runs")
    found = {}
    for seed in (1, 2):
        scenario = load(ROOT / "scenarios" / "quickstart.toml", {"run.steps": 2_000}, seed)
        found[f"seed{seed}"] = execute(scenario, out, f"quickstart-seed{seed}").folder
    overrides = {"run.episodes": 2_000, "informed.arrivals.share": 0.5, "makers.params.informed_share": 0.5}
    found["milgrom"] = execute(load(THEORY / "glosten_milgrom.toml", overrides), out, "milgrom").folder
    return found


@pytest.fixture(scope="module")
def page_of(folders) -> Callable[..., str]:
    """The page of some of the folders, made once."""
    return cache(lambda *names: report([open_run(folders[name]) for name in names]))


@pytest.fixture
def undrawn(monkeypatch) -> None:
    """Pages without their figures, which take most of the time, for tests that read the words."""
    monkeypatch.setattr(contents, "image_of", lambda figure, text, of: Image("data:,", 1, text, of))


@pytest.fixture
def heads(monkeypatch) -> None:
    """Pages without their parts, for a test of what stands above them."""
    monkeypatch.setattr("analysis.report.page.opening", lambda *_: [])
    monkeypatch.setattr("analysis.report.page.parts", lambda *_: [])


def titles(run: Run) -> dict[str, str]:
    return {each.title: each.text for each in reported(run, "run").findings}


# --- words ----------------------------------------------------------------------------------------------------------


def test_the_headline_names_who_lost_and_who_won_as_the_ledger_has_it(folders):
    run = open_run(folders["seed1"])
    payoffs = run.episodes.groupby("population", observed=True)["payoff"].sum()
    assert payoffs["noise"] < 0 < payoffs["makers"]
    headline = reported(run, "run").headline
    for name, payoff in payoffs.items():
        verb = "lost" if payoff < 0 else "won"
        said = re.search(rf"{name} {verb} ([\d.,]+)", headline, re.IGNORECASE)
        assert said, headline
        assert float(said[1].rstrip(".,").replace(",", "")) == pytest.approx(abs(payoff), rel=0.01)


def test_a_market_in_which_nobody_trades_says_so():
    run = run_of(MARKET, noise__arrivals={"law": "bernoulli", "probability": 0.0})
    each = reported(run, "run")
    assert each.headline.startswith("Nobody traded (")
    assert "populations.noise.arrivals.probability: its members never act" in each.headline
    assert "Nobody traded" in report([run])


def test_noise_only_and_a_constant_value_keep_the_whole_spread_exactly():
    run = run_of(NOISE_ONLY)
    text = titles(run)["The whole spread is kept"]
    assert "exactly" in text
    assert "maker kept the whole spread" in text
    earned = float(run.episodes.set_index("population").loc["maker", "payoff"])
    assert earned == pytest.approx(0.1 * run.manifest["trades"] / 2)
    said = re.search(r"whole spread of ([\d.,]+),", text)
    assert said
    assert float(said[1].replace(",", "")) == pytest.approx(earned, rel=0.01)


@pytest.mark.parametrize(
    "change",
    [
        {"ACME__value": {"process": "random_walk", "initial": 100.0, "volatility": 0.02}},
        {"ACME__shocks": [{"step": 100, "value": 1.0}]},
        {"noise__sees": {"of": "value"}},
    ],
)
def test_where_the_value_moves_or_somebody_sees_it_the_whole_spread_is_not_said_to_be_kept(change):
    assert "The whole spread is kept" not in titles(run_of(NOISE_ONLY, **change))


def test_in_the_market_of_glosten_and_milgrom_nothing_is_kept_at_the_belief_and_the_midpoint_is_a_fifth_off(folders):
    said = titles(open_run(folders["milgrom"]))
    believed, midpoint = said["At the makers' belief nothing is kept"], said["Why the midpoint tells another story"]
    assert "the realised spread of each of 18,000 trades is 0" in believed
    assert "0 within 4 standard errors" in believed
    assert "20 % of the spread of an episode's first trade" in midpoint
    assert "the midpoint of the quotes is not what the makers believe" in midpoint


def test_where_the_tick_is_coarse_what_rounding_leaves_the_makers_is_not_called_nothing():
    scenario = load(THEORY / "glosten_milgrom.toml", {"run.episodes": 2_000, "lit.tick_size": 0.05})
    said = titles(execute(scenario))
    assert "At the makers' belief nothing is kept" not in said
    assert "Why the midpoint tells another story" not in said
    assert "rounded outward to ticks" in said["At the makers' belief"]
    assert "which is not 0" in said["At the makers' belief"]


def test_in_many_episodes_who_is_within_two_errors_of_nothing_broke_even(folders):
    run = open_run(folders["milgrom"])
    payoffs = run.episodes.groupby(["episode", "population"], observed=True)["payoff"].sum().unstack()["makers"]
    assert abs(payoffs.mean()) < 2 * payoffs.std() / len(payoffs) ** 0.5
    headline = reported(run, "run").headline
    assert headline.startswith("In a mean episode noise lost")
    assert headline.endswith("makers broke even.")


def test_traders_who_make_and_take_in_one_are_not_said_to_keep_a_spread():
    run = execute(load(ROOT / "scenarios" / "zero_intelligence.toml", {"run.steps": 2_000}))
    assert "The whole spread is kept" not in titles(run)


def test_makers_who_publish_no_belief_are_not_spoken_for(folders):
    assert not any("belief" in title for title in titles(open_run(folders["seed1"])))


# --- the page -------------------------------------------------------------------------------------------------------


def test_the_page_needs_nothing_from_anywhere(folders, page_of):
    page = page_of("seed1")
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", page)
    assert "<script" not in page
    assert not re.search(r"url\((?!data:)", page)
    assert str(folders["seed1"].parent) not in page


def test_every_picture_has_a_text_and_every_link_a_place(page_of):
    page = page_of("seed1")
    texts = re.findall(r'<img [^>]*alt="([^"]*)"', page)
    assert len(texts) >= 5
    assert all(len(text) > 20 for text in texts)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r'id="([^"]+)"', page))


def test_names_in_a_scenario_are_text_and_never_markup(undrawn):
    run = run_of(MARKET.replace("One maker and one trader", "<b>1 & 2</b>"))
    page = report([run])
    assert "<b>1" not in page
    assert html.escape("<b>1 & 2</b>") in page


def test_runs_side_by_side_have_a_column_each_and_seeds_of_one_scenario_their_mean(folders, page_of):
    runs = [open_run(folders[name]) for name in ("seed1", "seed2")]
    assert only_seeds_differ(runs)
    page = page_of("seed1", "seed2")
    assert page.count("mean of the seeds</h3>") == 4  # both attributions, who paid whom, spreads
    for name in ("quickstart-seed1", "quickstart-seed2"):
        assert page.count(name) > 5


def test_runs_of_two_scenarios_have_no_mean(folders, undrawn):
    others = [open_run(folders[name]) for name in ("seed1", "milgrom")]
    assert not only_seeds_differ(others)
    assert "mean of the seeds" not in report(others)


def head_of(page: str) -> str:
    """What a reader sees above the pictures."""
    head = re.sub(r"<[^>]+>", " ", page[page.index("<header>") : page.index("</header>")])
    return re.sub(r"\s+", " ", html.unescape(head))


def test_the_head_says_what_was_changed_and_what_differs_between_runs(tmp_path, heads):
    changed = execute(load(QUICKSTART, {"run.steps": 300, "informed.arrivals.share": 0.5}, 2), tmp_path, "half")
    plain = execute(load(QUICKSTART, {"run.steps": 300}, 2), tmp_path, "fifth")
    alone = report([changed])
    assert "run.steps = 300 · informed.arrivals.share = 0.5 · seed 2" in head_of(alone)
    assert "What differs" not in alone
    assert f"<title>{html.escape(changed.heading)}</title>" in alone
    both = head_of(report([plain, open_run(changed.folder)]))
    assert "fifth : run.steps = 300 · seed 2" in both
    assert "half : run.steps = 300 · informed.arrivals.share = 0.5 · seed 2" in both
    table = both[both.index("What differs") :]
    assert "populations.informed.arrivals.share 0.2 0.5" in table
    assert "populations.noise.arrivals.share 0.8 0.5" in table  # the rest of all
    assert "run." not in table.replace("run.steps = 300", "")
    again = execute(load(QUICKSTART, {"run.steps": 300}, 2), tmp_path, "fifth")
    assert "Nothing: these are runs of one scenario with one seed" in head_of(report([plain, again]))
    for run in (plain, changed):
        shown = report([run])
        assert ("informed.arrivals.share = 0.5" in shown) == (run is changed)


def test_differences_are_of_seeds_scenarios_files_and_versions(folders):
    one, other = (open_run(folders["seed1"]) for _ in range(2))
    assert differences([one, other]) == []
    other.manifest |= {
        "versions": one.manifest["versions"] | {"numpy": "9.9"},
        "strategy_files": [{"file": "/a/mine.py", "digest": "0123456789", "strategies": ["mine"]}],
    }
    numpy = one.manifest["versions"]["numpy"]
    assert differences([one, other]) == [("mine.py", ["–", "01234567"]), ("version of numpy", [numpy, "9.9"])]
    far = differences([one, open_run(folders["milgrom"])])
    assert len(far) == 25
    assert far[-1][0].startswith("… and ")


def test_runs_of_one_name_are_told_apart(tmp_path, folders):
    for place in ("a", "b"):
        shutil.copytree(folders["seed1"], tmp_path / place / "same")
    runs = [open_run(tmp_path / place / "same") for place in ("a", "b")]
    assert names_of(runs) == ["a/same", "b/same"]
    assert names_of([runs[0], runs[0]]) == ["same (1)", "same (2)"]


def test_a_run_without_trades_kept_says_why_something_is_missing():
    run = run_of(MARKET, record__trades=False)
    page = report([run])
    assert "record.trades = true" in page
    assert reported(run, "run").headline.endswith("was not recorded.")


def test_a_run_that_was_stopped_says_so(folders, tmp_path, undrawn):
    copy = tmp_path / "stopped"
    shutil.copytree(folders["seed1"], copy)
    seal_again(copy, open_run(copy).manifest | {"status": "interrupted"})
    assert "This run was stopped: interrupted." in report([open_run(copy)])


def test_a_measure_of_a_chapter_stands_in_it_by_declaring_it(monkeypatch, undrawn):
    run = run_of(MARKET)
    rows = [Measurement("steps", 7.0, None, "steps", "that it took")]
    mine = registry.Measure("mine", "what I count", "my own", registry.EACH_ROW, lambda run: rows, "analysis.risk.mine")
    monkeypatch.setattr(registry, "of_chapter", lambda title: [mine] if title == "My chapter" else [])
    monkeypatch.setattr(contents, "chapters", lambda: {"My chapter": Chapter("My chapter")})
    page = report([run])
    assert "My chapter" in page
    assert "that it took" in page


def test_the_last_chapter_is_how_it_was_made_and_every_chapter_of_a_measure_is_there():
    titles = list(chapters())
    assert titles[-1] == "How it was made"
    assert {each.chapter for each in registry.all_measures()} <= set(titles)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium, which is not installed")
@pytest.mark.parametrize("which", [["seed1"], ["seed1", "seed2"], ["milgrom"]])
def test_a_browser_shows_every_figure_without_a_fault(folders, page_of, tmp_path, which):
    page = page_of(*which)
    file = tmp_path / "report.html"
    file.write_text(page.replace("</head>", PROBE + "</head>"), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
               "--disable-sync", "--disable-component-update", f"--user-data-dir={tmp_path / 'profile'}",
               "--disable-dev-shm-usage", "--enable-logging=stderr", "--window-size=1300,900"]  # fmt: skip
    shown = subprocess.run(
        [str(CHROMIUM), *options, "--dump-dom", file.as_uri()], capture_output=True, text=True, timeout=3600
    )
    seen = re.search(r'data-seen="images (\d+) broken (\d+) wide (\w+) faults (\d+)"', shown.stdout)
    assert seen, shown.stderr[-2000:]
    assert int(seen[1]) == page.count("<img ") >= 5
    assert seen.groups()[1:] == ("0", "false", "0")
    first = open_run(folders[which[0]])
    title = first.heading if len(which) == 1 else first.title
    assert f"<title>{html.escape(title, quote=False).replace(chr(39), '&#39;')}</title>" in shown.stdout.replace(
        "'", "&#39;"
    )
    assert "CONSOLE" not in shown.stderr


# --- limits, margin, hedges, options ----------------------------------------------------------------------------------


@pytest.fixture
def chapters_of_risk(monkeypatch, undrawn) -> None:
    """Parts of the chapters on risk alone."""
    told = {name: each for name, each in chapters().items() if name in ("Exposure and limits", "Options")}
    monkeypatch.setattr(contents, "chapters", lambda: told)


@pytest.fixture(scope="module")
def limited() -> Run:
    return execute(parse(LIMITED))


def test_a_run_with_limits_says_which_were_reached_and_what_was_done(limited):
    rows = limited.limits
    text = titles(limited)["The limits of dealer"]
    stress = rows[(rows["of"] == "stress").to_numpy(bool)]
    acted = stress.groupby("episode")["steps_acted"].sum().mean()
    said = re.search(
        r"Stress came to ([\d.,]+) at worst, ([\d.,]+) % of what is allowed\. .*?traded out after ([\d.]+)", text
    )
    assert said, text
    assert float(said[1]) == pytest.approx(stress["worst"].max(), rel=0.01)
    assert float(said[2]) == pytest.approx(100 * stress["worst"].max() / 40.0, rel=0.01)
    assert float(said[3]) == pytest.approx(acted, rel=0.05)
    assert "Its capital of 500 says how much it may hold" in text


def test_limits_that_nobody_comes_near_are_said_to_be_so():
    far = parse(
        LIMITED, overrides={"dealer.risk": {"limits": [{"of": "delta", "most": 1e6}, {"of": "loss", "most": 1e6}]}}
    )
    text = titles(execute(far))["The limits of dealer"]
    assert text.startswith("None of 2 limits was reached. Of ")


def test_margin_calls_and_defaults_are_said_as_the_table_has_them(limited):
    text, episodes = titles(limited)["Margin"], limited.manifest["episodes"]
    events = limited.margin_calls.query("population == 'poor'")
    calls = (events["event"] == "call").sum() / episodes
    paid = events["paid"].sum() / episodes
    said = re.search(
        r"Poor was called for margin ([\d.]+).* times.*Defaults: .* the account default paid ([\d.,]+)", text
    )
    assert said, text
    assert float(said[1]) == pytest.approx(calls, rel=0.05)
    assert float(said[2]) == pytest.approx(paid, rel=0.05)
    calm = execute(parse(LIMITED, overrides={"margin.populations": ["maker"], "maker.endowment.cash": 1e6}))
    assert titles(calm)["Margin"] == "Nobody was called for margin."


def test_what_a_hedge_cost_is_said_as_measured(limited):
    text, found = titles(limited)["The hedge of dealer"], limited.measure("hedging")["value"]
    said = re.search(r"traded ([\d.,]+).* units in ([\d.,]+).* orders, and paid ([\d.,]+)", text)
    assert said, text
    for place, name in enumerate(("turnover", "orders", "slippage"), 1):
        assert float(said[place].replace(",", "")) == pytest.approx(found[f"dealer.{name}"], rel=0.05)


def test_limits_and_the_surface_have_chapters_with_pictures_and_tables(limited, chapters_of_risk):
    smile = execute(load(ROOT / "scenarios" / "options" / "smile.toml", {"run.episodes": 1}))
    told = reported(smile, "run")
    one, other = (contents.parts([each]) for each in (reported(limited, "run"), told))
    assert [(part.chapter.title, len(part.images)) for part in one] == [("Exposure and limits", 1)]
    assert [part.chapter.title for part in other] == ["Exposure and limits", "Options"]
    assert [len(part.images) for part in other] == [1, 1]
    assert any(row[0].startswith("dealer: limit: stress") for _, grid in one[0].grids for row in grid.rows)
    share = smile.measure("volatility_surface").attrs["details"]["share_inside"]
    text = next(each.text for each in told.findings if each.title == "The surface of implied volatility")
    assert f"inside bid and ask for {percent(share)} of" in text


def test_a_run_without_limits_margin_hedges_or_options_says_nothing_of_them(folders, chapters_of_risk):
    run = open_run(folders["seed1"])
    assert findings(run) == []
    assert contents.parts([reported(run, "run")]) == []


# --- the command ----------------------------------------------------------------------------------------------------


def test_the_command_writes_the_page_beside_the_run_and_prints_where(folders):
    said = shell("report", folders["seed1"])
    path = folders["seed1"] / "report.html"
    assert (said.returncode, said.stdout, said.stderr) == (0, f"{path}\n", "")
    assert "<h1>Two makers, noise traders and informed traders</h1>" in path.read_text(encoding="utf-8")


def test_bad_input_is_one_line_and_exit_code_2(folders, tmp_path, capsys):
    (tmp_path / "taken").mkdir()
    for arguments, words in [
        ([tmp_path / "nothing"], "there is no such folder"),
        ([folders["seed1"], "--out", tmp_path / "page.pdf"], "page.html"),
        ([folders["seed1"], "--out", tmp_path / "none" / "page.html"], "--out"),
        ([folders["seed1"], "--out", tmp_path / "taken.html" / "page.html"], "--out"),
    ]:
        with pytest.raises(SystemExit) as end:
            main(["report", *map(str, arguments)])
        printed, screen = capsys.readouterr()
        assert (end.value.code, printed) == (2, "")
        assert words in screen
        assert screen.count("\n") == 1
    assert not list(tmp_path.glob("*.html"))


def test_a_run_in_memory_needs_a_place(tmp_path):
    run = run_of(MARKET)
    with pytest.raises(RunError, match="say where"):
        save_report([run])
    with pytest.raises(RunError, match="needs a run"):
        save_report([], tmp_path / "report.html")
    assert save_report([run], tmp_path / "report.html").stat().st_size > 100_000
