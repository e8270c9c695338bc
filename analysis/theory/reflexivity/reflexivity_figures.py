"""Figures of reflexive markets: what the markets of ``scenarios/reflexivity`` gave, beside what theory says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.output.style import GREY, INK, style, style_axes
from analysis.reading.columns import arrays
from analysis.reflexivity.herding import measures
from analysis.stats.estimates import ratio
from analysis.theory.markets import Markets, by_step, prices_of
from analysis.theory.reflexivity import brock_hommes, feedback
from analysis.theory.reflexivity.herds import RIGHT, wrong_beliefs
from sim.models import brock_hommes as rules
from sim.models import cascades
from sim.models import feedback as moves
from sim.models.opinions import variance_of_share

_DOTS: dict[str, Any] = {"ls": "", "marker": "o", "ms": 3.4, "capsize": 2, "elinewidth": 0.9}
_TWO = 2.0  # standard errors, either side


def _figure(width: float, height: float, columns: int = 1) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width, height), dpi=110, layout="constrained")
    return figure, figure.subplots(1, columns)


def bifurcation(markets: Markets) -> Figure:
    """Distances that the price comes to, by the intensity of choice."""
    steps, last = (600, 40) if markets.quick else (2_500, 120)
    leaves, swings = rules.bifurcations(rules.Rules(1.0))
    with style():
        figure, ax = _figure(8.5, 4.4)
        intensities = np.arange(2.2, 3.61, 0.1 if markets.quick else 0.02)
        for intensity in intensities:
            late = abs(brock_hommes.path_of(markets, float(intensity), steps)[-last:])
            ax.plot(np.full(len(late), intensity), late, ".", ms=1.8, color="#2a6f97", zorder=3)
        fine = np.linspace(leaves, swings, 400)
        ax.plot(fine, [rules.steady_state(rules.Rules(each)) for each in fine], color=INK, lw=0.9)
        for place, name in ((leaves, f"β* = {leaves:.4f}"), (swings, f"β** = {swings:.4f}")):
            ax.axvline(place, color=GREY, lw=0.9, ls=(0, (4, 2)))
            ax.text(place + 0.015, 0.03, name, color=GREY, fontsize=9, transform=ax.get_xaxis_transform())
        ax.set_xlabel("intensity of choice")
        entries = [("#2a6f97", "market, last auctions of a run"), (INK, "steady state, by theory")]
        style_axes(
            ax,
            "Where the price goes if rules are chosen by what they earned",
            "distance from value, whatever side",
            entries,
        )
    return figure


def feedback_hedging(markets: Markets) -> Figure:
    """Volatility by horizon with dealers who hedge either way, over that without them."""
    name, horizons = "reflexivity/feedback_hedging", np.array([1, 2, 3, 5, 8, 12, 20, 35, 60, 100])
    paths = {a: prices_of(markets.run(name, 60, 10, {"dealer.params.gamma": a / 1e-4}))
             for a in (0.0, 0.5, 0.2, -0.2, -0.5)}  # fmt: skip
    with style():
        figure, ax = _figure(8.5, 4.4)
        colours = dict(zip((0.5, 0.2, -0.2, -0.5), sns.color_palette("colorblind", 4), strict=True))
        for a, colour in colours.items():
            found = [
                feedback.root_of(ratio(feedback.squares_of(paths[a], h), feedback.squares_of(paths[0.0], h)))
                for h in horizons
            ]
            ax.plot(horizons, [moves.volatility_ratio(a, int(h)) for h in horizons], color=colour, lw=1.2)
            ax.errorbar(horizons, [each.value for each in found], _TWO * np.array([e.standard_error for e in found]),
                        color=colour, **_DOTS)  # fmt: skip
        ax.axhline(1.0, color=GREY, lw=0.9)
        ax.set(xscale="log", xlabel="horizon, steps")
        ax.set_xticks([1, 3, 10, 30, 100], ["1", "3", "10", "30", "100"])
        entries = [(colour, f"λΓ = {a:g}") for a, colour in colours.items()]
        title = "A hedge shows in what a move becomes, not in the move"
        style_axes(
            ax, title, "volatility over that without", [*entries, (INK, "lines: theory; bars: 2 standard errors")]
        )
    return figure


def herd_and_price(markets: Markets) -> Figure:
    """Left, how often a herd without a price is wrong; right, how a price finds the value."""
    with style():
        figure, (left, right) = _figure(11, 4.4, 2)
        _herds(markets, left)
        _beliefs(markets, right)
    return figure


def _herds(markets: Markets, ax: Axes) -> None:
    precisions = (0.55, 0.6, 0.65, 0.7, 0.75, 0.8)
    fine = np.linspace(0.51, 0.85, 120)
    for rule, colour in (("coin", "#c44e00"), ("signal", "#2a6f97")):
        ax.plot(fine, [cascades.wrong(each, 20, rule == "coin") for each in fine], color=colour, lw=1.2)
        for precision in precisions:
            changes = {"learners.sees.precision": precision, "learners.params.precision": precision,
                       "learners.params.when_indifferent": rule}  # fmt: skip
            run = markets.run("reflexivity/cascade", 6_000, 1_000, changes)
            found = next(each for each in measures(run) if each.name == "cascade_wrong")
            ax.errorbar(precision, found.value, _TWO * (found.standard_error or 0.0), color=colour, **_DOTS)
    ax.set_xlabel("precision of a signal")
    ax.set_ylim(bottom=0)
    entries = [("#c44e00", "a coin decides for the indifferent"), ("#2a6f97", "their signal does")]
    style_axes(ax, "Without a price: herds on the wrong side", "share of episodes", entries)


def _beliefs(markets: Markets, ax: Axes) -> None:
    run = markets.run("reflexivity/priced_cascade", 6_000, 800, {"run.steps": 130})
    wrong = wrong_beliefs(run, 100)
    share, error = wrong.mean(axis=0), wrong.std(axis=0, ddof=1) / np.sqrt(len(wrong))
    orders = np.arange(1, 101)
    at = [0, 4, 9, 14, 19, 29, 39, 49, 59, 69, 79, 89, 99]
    ax.plot(orders, [cascades.belief_wrong(int(each), RIGHT) for each in orders], color="#2a6f97", lw=1.2)
    ax.errorbar(orders[at], share[at], _TWO * error[at], color="#2a6f97", **_DOTS)
    herd = cascades.wrong(0.7, 20, coin=True)
    ax.axhline(herd, color="#c44e00", lw=1.2, ls=(0, (4, 2)))
    ax.set_xlabel("orders, half of them noise")
    ax.set_ylim(bottom=0)
    entries = [("#2a6f97", "belief on the wrong side"), ("#c44e00", "a herd without a price, for ever")]
    style_axes(ax, "With a price: the belief finds the value", "share of episodes", entries)


def topology(markets: Markets) -> Figure:
    """Opinions on four networks: what they look like, and how far they lie from a half, by how often a coin decides."""
    networks: dict[str, dict[str, Any]] = {
        "complete": {"kind": "complete"},
        "ring": {"kind": "ring", "degree": 4},
        "small world": {"kind": "small_world", "degree": 4, "rewiring": 0.1},
        "scale free": {"kind": "scale_free", "links": 2},
    }
    colours = dict(zip(networks, sns.color_palette("colorblind", 4), strict=True))
    mutations = (0.002, 0.005, 0.01, 0.03, 0.1)
    with style():
        figure = Figure(figsize=(11, 5.4), dpi=110, layout="constrained")
        grid = figure.add_gridspec(4, 2, width_ratios=(1.35, 1))
        right = figure.add_subplot(grid[:, 1])
        for place, (name, network) in enumerate(networks.items()):
            found = {each: _opinions(markets, network, each) for each in mutations}
            panel = figure.add_subplot(grid[place, 0])
            step, share = found[0.005][1]
            panel.plot(step / 1_000, share, color=colours[name], lw=0.7)
            panel.set(ylim=(-0.05, 1.05), yticks=(0, 0.5, 1))
            panel.set_title(name, loc="left", fontsize=9.5, pad=2)
            panel.tick_params(labelbottom=place == 3)
            sns.despine(ax=panel)
            estimates = [each[0] for each in found.values()]
            right.errorbar(mutations, [each.value for each in estimates],
                           _TWO * np.array([each.standard_error or 0.0 for each in estimates]),
                           color=colours[name], **{**_DOTS, "ls": "-", "lw": 0.9})  # fmt: skip
        panel.set_xlabel("thousand turns; share that is up, a coin deciding in 1 of 200")
        fine = np.geomspace(mutations[0], mutations[-1], 60)
        right.plot(fine, [variance_of_share(100, each) for each in fine], color=INK, lw=0.9, ls=(0, (4, 2)))
        right.set(xscale="log", xlabel="mutation: share of turns in which a coin decides")
        right.set_xticks(mutations, [f"{each:g}" for each in mutations])
        entries = [*((colour, name) for name, colour in colours.items()), (INK, "complete, by theory")]
        style_axes(right, "Herding against topology", "variance of the share that is up", entries)
    return figure


def _opinions(markets: Markets, network: dict[str, Any], mutation: float) -> tuple[Any, tuple[Any, Any]]:
    """The variance of the share that is up, and one episode's path of it: steps and shares."""
    changes = {
        "networks": [{"name": "friends", **network}], "imitators.count": 100, "run.steps": 100_000,
        "imitators.params": {"mutation": mutation, "up": 50, "quantity": 0}, "record.agents_every": 500,
        "record.agents": "populations",
    }  # fmt: skip
    run = markets.run("reflexivity/opinions", 20, 3, changes)
    found = next(each for each in measures(run, after=20_000) if each.name == "opinion_variance")
    episode, step, who, opinion = arrays(run, "agents", "episode", "step", "population", "opinion")
    one = (who == "imitators") & (episode == 0)
    return found, (step[one], opinion[one].astype(float))


def structural_volatility(markets: Markets) -> Figure:
    """Changes of the price with herding, without it, and with shares that stay."""
    cases: dict[str, dict[str, Any]] = {
        "herding": {},
        "no herding": {"herding": 0.0},
        "shares frozen": {"switching": "frozen"},
    }
    with style():
        figure = Figure(figsize=(9, 5.2), dpi=110, layout="constrained")
        panels = figure.subplots(3, 1, sharex=True, sharey=True)
        for panel, (name, params) in zip(panels, cases.items(), strict=True):
            changes = {f"{who}.params.{key}": value for who in ("fundamentalists", "chartists")
                       for key, value in params.items()}  # fmt: skip
            run = markets.run("reflexivity/structural_volatility", 1, 1, changes)
            panel.plot(np.diff(by_step(run, "price")[0]), color="#2a6f97", lw=0.35)
            style_axes(panel, name, "change of the price")
        panels[-1].set_xlabel("step")
    return figure


FIGURES: dict[str, Callable[[Markets], Figure]] = {
    "bifurcation": bifurcation,
    "feedback": feedback_hedging,
    "cascades": herd_and_price,
    "topology": topology,
    "volatility": structural_volatility,
}
