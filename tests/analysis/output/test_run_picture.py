from __future__ import annotations

import copy
import subprocess
import sys
import warnings

import numpy as np
import pytest
from matplotlib.figure import Figure

from analysis.output import run_picture
from analysis.output.numbers import percent, short, signed, with_error
from analysis.output.run_summary import summary_text
from analysis.reading.columns import thinned
from sim import scenario
from sim.core.errors import RunError
from sim.runs.execute import execute
from tests.places import ROOT

SMALL = {
    "title": "$2 of spread for $1",
    "question": "Who pays the makers?",
    "run": {"steps": 400, "seed": 5},
    "instruments": [
        {
            "name": "ACME",
            "value": {"process": "random_walk", "initial": 100.0, "volatility": 0.02},
            "public_delay": 5,
        }
    ],
    "venues": [{"name": "lit"}],
    "populations": [
        {"name": "noise", "strategy": "noise", "count": 30, "turn": 1, "arrivals": {"law": "one_of", "group": "flow"}},
        {
            "name": "informed",
            "strategy": "informed",
            "count": 3,
            "turn": 1,
            "arrivals": {"law": "one_of", "group": "flow", "share": 0.2},
            "sees": {"of": "value"},
        },
        {"name": "_makers", "strategy": "fixed_spread", "count": 2, "params": {"half_spread": 0.05}},
    ],
}
PANELS = (
    run_picture.price_against_value,
    run_picture.spread,
    run_picture.inventories,
    run_picture.payoffs,
    run_picture.payoff_distribution,
)


def ran(overrides=None, out=None, **changes):
    """The run of the small scenario, with other tables of it or values in it."""
    data = copy.deepcopy(SMALL) | changes
    return execute(scenario.parse(data, overrides=overrides or {}), out=out)


@pytest.fixture(scope="module")
def run():
    return ran()


@pytest.fixture(scope="module")
def episodes():
    return ran({"run.steps": 1, "run.episodes": 3000})


@pytest.fixture(scope="module")
def silent():
    return ran(populations=[SMALL["populations"][2]])


@pytest.fixture(scope="module")
def two():
    """Two instruments, and two venues for the second of them; nobody bids on the third venue."""
    acme, makers = SMALL["instruments"][0], SMALL["populations"][2]
    other = acme | {"name": "BOLT", "value": {"process": "constant", "initial": 40.0}}
    venues = [{"name": name, "instrument": what} for name, what in zip("abc", ("ACME", "BOLT", "BOLT"), strict=True)]
    flow = SMALL["populations"][0]
    populations = [
        flow | {"venues": ["a"]},
        flow | {"name": "more_noise", "venues": ["b"], "arrivals": {"law": "bernoulli", "probability": 0.02}},
        makers | {"venues": ["a"]},
        makers | {"name": "crowd", "count": 12, "venues": ["b"]},
        makers | {"name": "sellers", "venues": ["c"], "params": {"sides": "sell"}},
    ]
    return ran(instruments=[acme, other], venues=venues, populations=populations)


def drawn(panel, run, **given):
    ax = Figure().add_subplot()
    assert panel(run, ax, **given) is ax
    ax.get_figure().canvas.draw()
    return ax


def title(ax):
    return ax.get_title(loc="left")


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def notes(ax):
    return [*(legend(ax) if ax.get_legend() else []), *(text.get_text() for text in ax.texts)]


# --- over time ------------------------------------------------------------------------------------------------------


def test_price_is_drawn_against_value_with_quotes_and_what_is_public(run):
    ax = drawn(run_picture.price_against_value, run)
    assert legend(ax) == ["value", "price (mid)", "best bid to ask", "public value, 5 steps late"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "price, currency")
    value, mid, _ = ax.lines
    np.testing.assert_array_equal(value.get_ydata(), run.book["value"])
    np.testing.assert_array_equal(mid.get_ydata(), run.book["mark"])
    distance = np.sqrt(((run.book["mark"] - run.book["value"]) ** 2).mean())
    assert title(ax) == f"Price against value: typically {short(distance)} apart"


def test_a_value_that_is_never_public_has_no_public_line():
    ax = drawn(run_picture.price_against_value, ran({"instruments.ACME.public_delay": "never"}))
    assert len(ax.lines) == 2


def test_the_spread_is_named_by_venue_with_its_mean_and_begins_at_zero(run):
    ax = drawn(run_picture.spread, run)
    mean = (run.book["ask"] - run.book["bid"]).mean()
    assert legend(ax)[0].startswith(f"lit: mean {short(mean)}")
    assert ax.get_ylim()[0] == 0
    assert ax.get_ylabel() == "best ask less best bid, currency"


def test_each_of_a_few_makers_has_a_line_and_takers_have_none(run):
    ax = drawn(run_picture.inventories, run)
    assert title(ax) == "Inventories of makers"
    assert legend(ax) == ["_makers 0", "_makers 1"]
    last = run.agents[(run.agents["population"] == "_makers") & (run.agents["agent"] == 1)].iloc[-1]
    assert ax.lines[1].get_ydata()[-1] == last["inventory.ACME"]
    assert ax.get_ylabel() == "inventory, lots"


def test_payoffs_are_bars_by_population_that_say_their_numbers(run):
    ax = drawn(run_picture.payoffs, run)
    totals = run.episodes.groupby("population", observed=True)["payoff"].sum()
    assert [bar.get_width() for bar in ax.patches] == pytest.approx(
        [totals[name] for name in ("noise", "informed", "_makers")]
    )
    assert [text.get_text() for text in ax.get_yticklabels()] == [
        "noise\n30 agents",
        "informed\n3 agents",
        "_makers\n2 agents",
    ]
    assert [text.get_text() for text in ax.texts if text.get_text()] == [signed(bar.get_width()) for bar in ax.patches]
    low, high = ax.get_xlim()
    assert all(low < bar.get_width() < high for bar in ax.patches)


def test_episodes_follow_one_another_and_no_line_joins_them():
    ax = drawn(run_picture.price_against_value, ran({"run.episodes": 3}))
    assert ax.get_xlabel() == "step, 3 episodes one after another"
    starts = [line.get_xdata()[[0, -1]].tolist() for line in ax.lines[:3]]
    assert starts == [[0, 399], [400, 799], [800, 1199]]


def test_where_price_and_value_can_hardly_be_told_apart_a_strip_shows_their_difference(run):
    close = ran({"run.steps": 1400, "instruments.ACME.public_delay": 1})
    ax = drawn(run_picture.price_against_value, close)
    (strip,) = ax.child_axes
    np.testing.assert_allclose(strip.lines[0].get_ydata(), close.book["mark"] - close.book["value"])
    assert ax.transData.transform((0, close.book["value"].min()))[1] > strip.bbox.y1
    assert not drawn(run_picture.price_against_value, run).child_axes


def test_long_series_are_thinned_to_means_that_keep_the_mean(run):
    line = thinned(run, run.book, 40)
    assert len(line) == 40
    assert line["value"].mean() == pytest.approx(run.book["value"].mean())


def test_missing_values_count_for_nothing_in_a_mean(run):
    rows = run.book[["episode", "step"]].assign(value=np.nan)
    rows.loc[::2, "value"] = 3.0
    rows.loc[360:, "value"] = np.nan
    line = thinned(run, rows, 40)
    assert line["value"][:36].tolist() == [3.0] * 36
    assert line["value"][36:].isna().all()


def test_a_spread_that_is_missing_for_long_has_no_line_there():
    run = ran()
    gone = run.book.assign(bid=run.book["bid"].where(~run.book["step"].between(100, 199)))
    run.__dict__["book"] = gone
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("analysis.output.price_panels.columns", lambda _, __, names: gone[names])
        ax = drawn(run_picture.spread, run)
    assert [line.get_xdata()[[0, -1]].round(-2).tolist() for line in ax.lines[:2]] == [[0, 100], [200, 400]]


def test_a_population_has_its_colour_in_every_panel(run, two):
    for each in (run, two):
        bars = dict(
            zip(
                [each.name for each in each.scenario.populations], drawn(run_picture.payoffs, each).patches, strict=True
            )
        )
        colours = [bar.get_facecolor() for bar in bars.values()]
        assert len(set(colours)) == len(colours)
    lines = drawn(run_picture.inventories, two, instrument="BOLT").lines
    assert bars["crowd"].get_facecolor()[:3] == pytest.approx(lines[0].get_color())


# --- many episodes --------------------------------------------------------------------------------------------------


def test_many_episodes_show_what_takers_gained_by_population(episodes):
    ax = drawn(run_picture.price_against_value, episodes)
    trades = episodes.trades
    gain = (trades["value"] - trades["price"]) * np.where(trades["aggressor"] == "buy", 1, -1)
    means = gain.groupby(trades["taker_population"], observed=True).mean()
    assert legend(ax) == [
        f"noise: mean {signed(means['noise'])}",
        f"informed: mean {signed(means['informed'])}",
        "mean",
    ]
    assert ax.get_ylabel() == "share of its trades"


def test_where_trades_take_a_side_of_every_sample_the_effective_spread_is_shown(episodes):
    ax = drawn(run_picture.spread, episodes)
    two_sided = episodes.book[["bid", "ask"]].notna().all(axis=1).any()
    assert title(ax) == ("Quoted spread" if two_sided else "Effective spread")


@pytest.mark.parametrize("panel", [run_picture.inventories, run_picture.payoff_distribution])
def test_distributions_are_shares_of_episodes(episodes, panel):
    ax = drawn(panel, episodes)
    assert ax.get_ylabel() == "share of episodes"
    assert 0 < ax.get_ylim()[1] <= 1.06


def test_few_values_are_bars_whose_shares_add_up_to_one(episodes):
    ax = drawn(run_picture.inventories, episodes)
    assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(1)


def test_mean_payoffs_of_many_episodes_have_errors(episodes):
    ax = drawn(run_picture.payoffs, episodes)
    assert title(ax) == "Payoffs of an episode: mean ± 2 standard errors"
    rows = episodes.summary.query("measure == 'payoff'")
    expected = [
        with_error(value, 2 * error) for value, error in zip(rows["value"], rows["standard_error"], strict=True)
    ]
    assert [text.get_text() for text in ax.texts if text.get_text()] == expected
    assert len(ax.lines) > 1


# --- several instruments, missing sides, nothing at all -----------------------------------------------------------


def test_an_instrument_is_drawn_from_its_own_venues(two):
    ax = drawn(run_picture.price_against_value, two, instrument="BOLT")
    assert title(ax).startswith("Price against value, BOLT")
    assert set(ax.lines[0].get_ydata()) == {40.0}
    assert ax.get_ylim()[1] < 45


def test_an_instrument_that_is_not_there_is_refused_with_those_that_are(two):
    with pytest.raises(RunError, match="no instrument 'CORP' in this run — it has ACME, BOLT"):
        run_picture.inventories(two, Figure().add_subplot(), "CORP")


def test_a_venue_without_bids_is_left_out_of_the_spread(two):
    assert [label[0] for label in legend(drawn(run_picture.spread, two))[:-1]] == ["a", "b"]


def test_the_legend_shows_the_band_of_the_spread_in_its_colour(run):
    ax = drawn(run_picture.spread, run)
    shown = next(each for each in ax.get_legend().get_patches())
    band = next(each for each in ax.collections if each.get_alpha())
    assert legend(ax)[-1] == "nine tenths of samples"
    assert tuple(shown.get_facecolor()) == pytest.approx(tuple(band.get_facecolor()[0]))


def test_many_makers_are_drawn_together(two):
    assert "crowd, 12 agents" in legend(drawn(run_picture.inventories, two, instrument="BOLT"))


def test_nobody_traded_is_said(silent):
    assert "Nobody traded." in notes(drawn(run_picture.price_against_value, silent))
    assert "Nobody traded." in notes(drawn(run_picture.payoffs, silent))
    assert notes(drawn(run_picture.inventories, silent))[-1] == "Nobody traded ACME: no inventory changed."


@pytest.mark.parametrize(
    "settings",
    [
        {"record.levels": 0},
        {"record.trades": False},
        {"record.agents": "none", "record.episodes": "none"},
        {"record.levels": 0, "record.trades": False, "record.agents": "none", "record.episodes": "none"},
        {"record.agents": "populations", "record.episodes": "populations"},
        {"run.steps": 1},
        {"run.steps": 3, "run.episodes": 2},
        {"run.steps": 2, "run.episodes": 60, "record.levels": 0, "record.trades": False},
        {"run.episodes": 40, "record.episodes": "none"},
    ],
)
def test_whatever_was_recorded_can_be_drawn(settings):
    run = ran(settings)
    for panel in PANELS:
        ax = drawn(panel, run)
        assert title(ax)
        assert ax.has_data() or notes(ax)[-1]


def test_a_run_that_ended_no_episode_has_no_payoffs_and_says_so():
    run = ran({"run.episodes": 2})
    run.measures = [row for row in run.measures if row["scope"] == "venue"]
    run.manifest |= {"status": "interrupted", "episodes": 0, "steps": 150}
    assert notes(drawn(run_picture.payoffs, run))[-1] == "No episode came to its end, so nobody was paid."
    texts = [text.get_text() for text in run_picture.picture(run).texts]
    assert "interrupted after 150 of 800 steps" in texts


# --- the figure -----------------------------------------------------------------------------------------------------


def test_the_picture_has_four_panels_title_question_and_foot(run):
    figure = run_picture.picture(run)
    assert [title(ax).split(":")[0] for ax in figure.axes] == [
        "Price against value", "Quoted spread", "Inventories of makers", "Payoffs"
    ]  # fmt: skip
    texts = [text.get_text() for text in figure.texts]
    assert texts[:2] == [f"$2 of spread for $1 · seed {run.scenario.run.seed}", "Who pays the makers?"]
    assert f"{run.manifest['trades']:,} trades" in texts[2]
    assert tuple(figure.get_size_inches() * figure.dpi) == (1200, 900)


def test_two_instruments_have_panels_of_their_own(two):
    assert len(run_picture.picture(two).axes) == 6


def test_of_many_episodes_the_third_panel_shows_the_distribution_of_payoffs(episodes):
    assert title(run_picture.picture(episodes).axes[2]) == "Payoffs, episode by episode"


def test_no_legend_number_or_label_leaves_its_place(run, episodes, two):
    for each in (run, episodes, two):
        figure = run_picture.picture(each)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            figure.canvas.draw()
        for ax in figure.axes:
            box = ax.get_window_extent()
            if ax.get_legend():
                assert ax.get_legend().get_window_extent().y0 >= box.y1 - 1
            for text in ax.texts:
                extent = text.get_window_extent()
                assert box.x0 - 1 <= extent.x0
                assert extent.x1 <= box.x1 + 1


def test_drawing_leaves_global_settings_alone_and_is_imported_only_when_used(run):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    run_picture.picture(run)
    assert dict(mpl.rcParams) == before
    code = "import sys, spreadgame, analysis.output.run_summary; print({'seaborn', 'matplotlib'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert answer.stdout.strip() == "set()"


def test_titles_beside_one_another_stand_equally_high(run, episodes, two):
    for each in (run, episodes, two):
        figure = run_picture.picture(each)
        figure.canvas.draw()
        tops = [ax._left_title.get_window_extent().y0 for ax in figure.axes]
        half = len(tops) // 2
        assert tops[0] == pytest.approx(tops[half - 1], abs=0.6)
        assert tops[half] == pytest.approx(tops[-1], abs=0.6)


def test_a_notebook_shows_the_picture(run):
    assert run_picture.picture(run)._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".PDF", b"%PDF")])
def test_the_suffix_says_the_format_and_the_same_run_gives_the_same_bytes(run, tmp_path, suffix, start):
    path = tmp_path / f"x{suffix}"
    assert run_picture.save_picture(run, path) == path
    first = path.read_bytes()
    assert first.startswith(start)
    run_picture.save_picture(run, str(path))
    assert path.read_bytes() == first


def test_a_run_folder_holds_its_picture(tmp_path):
    run = ran(out=tmp_path)
    assert run_picture.save_picture(run) == run.folder / "picture.png"
    assert (run.folder / "picture.png").stat().st_size > 10_000


@pytest.mark.parametrize("name", ["x.xyz", "x.toml", "x"])
def test_a_suffix_that_is_no_format_is_refused_before_anything_is_written(run, tmp_path, name):
    with pytest.raises(RunError, match=r"end it in \.png, \.svg or \.pdf"):
        run_picture.save_picture(run, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_named(run, tmp_path):
    path = tmp_path / "missing" / "x.png"
    with pytest.raises(RunError, match="cannot be written") as refused:
        run_picture.save_picture(run, path)
    assert str(path) in str(refused.value)


def test_a_run_in_memory_needs_a_path(run):
    with pytest.raises(RunError, match="kept in memory"):
        run_picture.save_picture(run)


# --- numbers, and tables for the command line -----------------------------------------------------------------------


def test_numbers_are_short():
    assert [short(each) for each in (0.0, 0.012345, 3.14159, 1234567.8, 1e-9)] == [
        "0",
        "0.0123",
        "3.14",
        "1,234,568",
        "1.00e-09",
    ]
    assert [signed(each) for each in (0.0, 2.0, -0.5)] == ["0", "+2.00", "−0.500"]
    assert [with_error(-2.2142, 0.0527), with_error(1234.5, 31.0)] == ["−2.214 ± 0.053", "+1,234 ± 31"]
    assert [percent(each) for each in (0.07, 0.46, 0.99999)] == ["7 %", "46 %", "99.99 %"]


def test_the_tables_fit_eighty_columns_and_hold_the_numbers(run, episodes):
    for each in (run, episodes):
        text = summary_text(each)
        assert max(len(line) for line in text.splitlines()) <= 80
        assert f"{each.manifest['trades']:,}" in text
    assert "standard" in summary_text(episodes)
    assert "standard" not in summary_text(run)


def test_what_was_not_measured_is_a_dash(silent):
    row = next(line for line in summary_text(silent).splitlines() if line.startswith("lit"))
    assert row.split()[1:3] == ["0", "0"]
    assert row.split()[4] == "-"


def test_large_numbers_and_long_names_fit_too(episodes):
    rows = copy.deepcopy(episodes.measures)
    for row in rows:
        if row["measure"] in ("trades", "volume", "messages"):
            row["value"] = 9_999_999.0 if row["name"] == "noise" else 123_456_789_012.0
        if row["measure"] == "payoff":
            row["value"], row["standard_error"] = -1_234_567.891, 1234.5
    run = copy.copy(episodes)
    run.__dict__.pop("summary", None)
    run.measures = rows
    text = summary_text(run)
    assert max(len(line) for line in text.splitlines()) <= 80
    assert all(number in text for number in ("9,999,999", "123.5 G", "-1,234,568"))


def test_tables_stand_in_any_encoding(run):
    assert summary_text(run).replace("─", "-").isascii()
