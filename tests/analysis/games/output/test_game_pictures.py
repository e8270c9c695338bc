"""Pictures of a game's table: made for every shape, without a warning, and what is marked is what is computed."""

from __future__ import annotations

import itertools
import re
import warnings

import networkx as nx
import numpy as np
import pytest
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from analysis.games.dynamics.response_graph import response_graph, sink_components
from analysis.games.output.game_pictures import game_picture
from analysis.games.output.payoff_map import payoff_map
from analysis.games.output.response_picture import response_picture
from analysis.games.output.simplex_picture import (
    CORNERS,
    replicator_field,
    shares_at,
    shown_strategies,
    stable_under_replicator,
    told_apart,
)
from analysis.games.solvers.pure import pure_equilibria
from analysis.games.solvers.symmetric_equilibria import symmetric_equilibria
from analysis.games.tables.counts import count_profiles, number_of_profiles
from analysis.games.tables.roles import Role, RoleSymmetricGame
from analysis.games.tables.symmetric import SymmetricGame
from analysis.output.style import style
from tests.markets.game_examples import HAWK_DOVE, ROCK_PAPER_SCISSORS, random_game, spread_competition

ALONE = 0.7 * np.arange(6) - 0.3 * np.maximum(0, 5 - np.arange(6))
COORDINATION = SymmetricGame.from_matrix(np.diag([3.0, 2.0, 1.0]), ["a name that takes much room", "middle", "wide"])


def drawn(roles, seed):
    draw = np.random.default_rng(seed)
    return RoleSymmetricGame.from_function(roles, lambda counts: draw.normal(size=len(counts)))


REFERENCE = RoleSymmetricGame.from_symmetric(spread_competition(ALONE, 2), "makers")
LONG = tuple(f"a maker with an inventory skew of {number}" for number in range(4))
GAMES = {
    "reference": REFERENCE,
    "circling": RoleSymmetricGame.from_symmetric(SymmetricGame.from_matrix(ROCK_PAPER_SCISSORS)),
    "coordination": RoleSymmetricGame.from_symmetric(COORDINATION),
    "four players": RoleSymmetricGame.from_symmetric(random_game(4, 3, 3)),
    "six players": RoleSymmetricGame.from_symmetric(random_game(6, 4, 3)),
    "many players": RoleSymmetricGame.from_symmetric(random_game(30, 2, 1)),
    "long names": drawn([Role("makers", 1, LONG), Role("takers", 1, ("fast", "slow", "none"))], 4),
    "two roles": drawn([Role("informed", 1, ("wait", "sweep", "split")), Role("makers", 2, ("tight", "wide"))], 0),
    "three roles": drawn([Role(name, 1, ("one", "other")) for name in ("makers", "takers", "arbitrageurs")], 7),
    "one player": drawn([Role("monopolist", 1, ("tight", "wide", "out"))], 0),
    "no choice": drawn([Role("makers", 3, ("tight",))], 0),
    "all the same": RoleSymmetricGame.from_symmetric(SymmetricGame.from_matrix(np.ones((3, 3)))),
}

REDUCED = ("reference", "four players", "two roles", "three roles")  # drawn as if the market had more players


def axes():
    return Figure(figsize=(6.0, 5.0), layout="constrained").subplots()


def title_of(ax):
    return ax.get_title(loc="left").replace("\n", " ")


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()] if ax.get_legend() else []


def equilibria_of(game):
    if len(game.roles) > 1:
        return []
    return [(each.mixture,) for each in symmetric_equilibria(game.symmetric(), 1e5).equilibria]


def overlapping(figure):
    """Pairs of level texts, titles and labels among them, that cover one another."""
    figure.draw_without_rendering()
    texts = [figure._suptitle] if figure._suptitle else []
    for ax in figure.axes:
        texts += [ax._left_title, ax.xaxis.label, ax.yaxis.label, *legend_texts(ax)]
        for axis in (ax.xaxis, ax.yaxis) if ax.axison else ():
            low, high = sorted(axis.get_view_interval())
            ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
            texts += [text for place, text in ticks if low <= place <= high]
        texts += [text for text in ax.texts if text.get_text() and text.get_fontsize() > 7.0]
    boxes = [
        (text.get_text(), text.get_window_extent())
        for text in texts if text.get_visible() and text.get_text().strip() and not text.get_rotation() % 90
    ]  # fmt: skip
    return [
        (one, other) for (one, first), (other, second) in itertools.combinations(boxes, 2)
        if min(first.x1, second.x1) - max(first.x0, second.x0) > 1.0
        and min(first.y1, second.y1) - max(first.y0, second.y0) > 1.0
    ]  # fmt: skip


def legend_texts(ax):
    return ax.get_legend().get_texts() if ax.get_legend() else []


@pytest.mark.parametrize("name", GAMES)
def test_a_figure_of_every_shape_is_made_without_warnings_and_no_text_covers_another(name):
    game = GAMES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        title, equilibria = f"What happens with {name}, and where does play go?", equilibria_of(game)
        whole = {role.name: 12 * role.players for role in game.roles} if name in REDUCED else None
        assert overlapping(game_picture(game, equilibria, title, players=whole)) == []


def words_of(figure):
    """All that is written in a figure but numbers of axes, a line a text."""
    figure.draw_without_rendering()
    return [text.get_text().replace("\n", " ") for text in figure.findobj(Text)]


def test_equilibria_are_called_what_they_are_called_in_the_table():
    found = symmetric_equilibria(REFERENCE.symmetric()).equilibria
    strict, mixed = ([each.mixture for each in found if each.strict is one] for one in (True, False))
    names = [f"x{number}" for number in range(len(found))]
    figure = game_picture(REFERENCE, [(each,) for each in [*mixed, *strict]], "named", names)
    payoffs, responses, field = (legend_of(ax) for ax in figure.axes if ax.get_legend())
    pure, drawn = ", ".join(names[len(mixed) :]), ", ".join(names[: len(mixed)])
    assert payoffs == [f"equilibria {pure}", f"equilibrium {drawn} (area is probability)"]
    assert responses[0] == f"equilibria {pure} that play does not leave"
    assert field[:2] == [f"equilibria {pure}, stable", f"equilibrium {drawn}, not stable"]


def test_what_is_not_sure_to_hold_is_marked_and_the_mark_is_explained():
    strict = [np.eye(len(REFERENCE.roles[0].strategies))[place] for place in (2, 3)]
    told = {
        mark: " ".join(words_of(game_picture(REFERENCE, [(each,) for each in strict], "marked", [f"1{mark}", "2"])))
        for mark in ("", "?", "!")
    }
    assert "1?" in told["?"]
    assert "It is not sure that an equilibrium with a ? holds." in told["?"]
    assert "At one with a ! somebody gains ε." in told["!"]
    assert "It is not sure" not in told[""] + told["!"]


def test_frames_carry_the_names_of_their_equilibria():
    ax, corners = axes(), np.eye(3)[::-1]
    payoff_map(RoleSymmetricGame.from_symmetric(COORDINATION), ax, [(row,) for row in corners], names=["c", "b", "a"])
    places = {text.get_text(): round(text.get_position()[1] + 0.42) for text in ax.texts if text.get_text() in "abc"}
    assert places == {name: int(row.argmax()) for name, row in zip("cba", corners, strict=True)}


def test_what_nobody_leaves_without_being_given_is_said_to_be_of_this_table():
    game = RoleSymmetricGame.from_symmetric(COORDINATION)
    only, ax, graph = [(np.eye(3)[0],)], axes(), axes()
    payoff_map(game, ax, only, names=["7"])
    response_picture(game, graph, "best", only, ["7"])
    assert legend_of(ax) == ["equilibrium 7", "pure equilibrium of this table"]
    assert legend_of(graph)[:2] == [f"{each} that play does not leave" for each in legend_of(ax)]
    assert len(framed(ax)) == len(pure_equilibria(game).rows)
    payoff_map(game, every := axes(), [(row,) for row in np.eye(3)])
    assert legend_of(every) == ["equilibria 1, 2, 3"]


def test_a_pure_equilibrium_that_a_deviation_gains_against_is_called_by_its_name_and_by_what_it_gains():
    game = REFERENCE.symmetric()
    pure = {int(np.argmax(each.mixture)) for each in symmetric_equilibria(game).equilibria if each.strict}
    near = min(set(range(game.size)) - pure, key=lambda place: game.regret(np.eye(game.size)[place]))
    x, ax, graph = np.eye(game.size)[near], axes(), axes()
    payoff_map(REFERENCE, ax, [(x,)], names=["5"])
    response_picture(REFERENCE, graph, "best", [(x,)], ["5"])
    for said in (legend_of(ax), legend_of(graph)):
        (told,) = [text for text in said if "equilibrium 5" in text]
        assert float(told.removeprefix("equilibrium 5: a deviation gains ")) == pytest.approx(game.regret(x), rel=0.01)
        assert not any("mixed" in text for text in said)
    assert (near, near) in framed(ax)


def test_a_profile_in_which_alike_players_differ_is_framed_with_its_name_and_has_no_place_among_mixtures():
    game = RoleSymmetricGame.from_symmetric(SymmetricGame.from_matrix(HAWK_DOVE))
    mixture = next(each.mixture for each in symmetric_equilibria(game.symmetric()).equilibria)
    figure = game_picture(game, [(mixture,), ([1, 1],)], "hawks and doves", ["2", "4"])
    payoffs, responses, field = (legend_of(ax) for ax in figure.axes if ax.get_legend())
    assert payoffs == ["equilibrium 4", "equilibrium 2 (area is probability)"]
    assert responses == ["equilibrium 4 that play does not leave"]
    assert field[0].startswith("equilibrium 2,")
    assert field[-1] == "equilibrium 4 left out"


def test_even_chances_of_two_players_are_no_profile_in_which_one_plays_each():
    game = SymmetricGame.from_matrix([[0.0, 2.0], [1.0, 1.0]])  # even chances are its only symmetric equilibrium
    (found,) = symmetric_equilibria(game).equilibria
    ax = axes()
    payoff_map(RoleSymmetricGame.from_symmetric(game), ax, [(found.mixture,)])
    assert found.mixture == pytest.approx([0.5, 0.5])
    assert legend_of(ax)[-1] == "equilibrium 1 (area is probability)"


def test_a_reduced_game_says_for_how_many_its_players_stand():
    told = words_of(game_picture(REFERENCE, [], "twelve", players={"makers": 12}))
    assert "12 makers, solved as 2" in told
    assert "strategy of the other (2 makers stand for 12)" in told
    assert "Best responses, one player at a time (2 makers stand for 12)" in told
    assert not any("12" in text for text in words_of(game_picture(REFERENCE, [], "two", players={"makers": 2})))


def test_the_figure_says_which_runs_its_payoffs_are_of():
    assert any("runs that chose the equilibria" in text for text in words_of(game_picture(REFERENCE, [], "two")))


def framed(ax):
    """Row and column of each frame."""
    found = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    return sorted((round(each.get_y() + 0.46), round(each.get_x() + 0.46)) for each in found)


def test_frames_of_two_players_are_the_cells_that_nobody_leaves():
    for matrix in (HAWK_DOVE, np.diag([3.0, 2.0, 1.0])):
        ax, a = axes(), np.array(matrix)
        payoff_map(RoleSymmetricGame.from_symmetric(SymmetricGame.from_matrix(a)), ax)
        stays = (a == a.max(axis=0)) & (a == a.max(axis=0)).T
        assert framed(ax) == sorted(zip(*map(list, np.nonzero(stays)), strict=True))
        assert np.array_equal(ax.images[0].get_array(), a)


def test_cells_of_many_players_are_payoffs_against_the_counts_below_them():
    game = random_game(4, 3, 5)
    whole, ax = RoleSymmetricGame.from_symmetric(game), axes()
    payoff_map(whole, ax)
    assert np.array_equal(ax.images[0].get_array(), game.payoffs.T)
    below = [[int(n.replace("·", "0")) for n in each.get_text().split("\n")] for each in ax.get_xticklabels()]
    assert below == game.counts.tolist()
    cells = {(row, tuple(game.counts[column] + np.eye(3, dtype=int)[row])) for row, column in framed(ax)}
    found = pure_equilibria(whole).counts
    assert cells == {(row, tuple(counts)) for counts in found for row in np.flatnonzero(counts)}


def test_dots_of_a_mixed_equilibrium_are_as_large_as_the_probabilities():
    row, column = np.array([0.25, 0.75]), np.array([0.6, 0.4])
    game = RoleSymmetricGame.from_matrices([[1.0, -1.0], [-1.0, 1.0]], [[-1.0, 1.0], [1.0, -1.0]])
    for role, expected in ((0, np.outer(row, column)), (1, np.outer(column, row))):
        ax = axes()
        payoff_map(game, ax, [(row, column)], role)
        (dots,) = [each for each in ax.collections if isinstance(each, PathCollection)]
        assert dots.get_sizes() / dots.get_sizes().sum() == pytest.approx(expected.ravel())


def test_numbers_are_in_the_cells_of_few_strategies_only():
    few, many = axes(), axes()
    payoff_map(REFERENCE, few)
    payoff_map(RoleSymmetricGame.from_symmetric(random_game(30, 2, 1)), many)
    assert [float(text.get_text().replace("−", "-")) for text in few.texts] == pytest.approx(
        REFERENCE.symmetric().payoffs.T.ravel(), abs=0.005
    )
    assert not re.search(r"\d", "".join(text.get_text() for text in many.texts))


def test_white_is_zero_where_payoffs_have_both_signs():
    ax = axes()
    image = payoff_map(REFERENCE, ax).images[0]
    assert image.cmap(image.norm(0.0)) == pytest.approx((1.0, 1.0, 1.0, 1.0), abs=0.01)


def test_arrows_and_colours_are_the_response_graph_with_one_arrow_for_equally_good_replies():
    for name in ("reference", "circling", "two roles", "three roles", "four players", "all the same"):
        game, ax = GAMES[name], axes()
        response_picture(game, ax)
        graph, sinks = response_graph(game, "best"), sink_components(game, "best")
        gains = nx.get_edge_attributes(graph, "gain")
        ends = {int(row) for sink in sinks for row in sink.rows}
        left = {one for (one, _), gain in gains.items() if gain > 1e-9} - ends
        hidden = sum(gain <= 1e-9 and one in left for (one, _), gain in gains.items())
        replies = {
            (one, other if one in ends else int((game.counts[other] - game.counts[one]).argmin()))
            for (one, other), gain in gains.items() if gain > 1e-9
        }  # fmt: skip
        kept = sum(gain <= 1e-9 for gain in gains.values()) - hidden
        assert len(ax.patches) == len(replies) + kept
        tied = len(replies) + kept + hidden < len(gains)
        assert [
            line for text in legend_of(ax) for line in text.split("\n") if "nothing left out" in line or "only" in line
        ] == (
            ["of equally good replies only the nearest"] * tied
            + ([f"{hidden} replies that gain nothing left out"] if hidden else [])
        )
        (nodes,) = [each for each in ax.collections if isinstance(each, PathCollection)]
        colours = {tuple(each) for each in nodes.get_facecolors()[sorted(ends)]}
        plain = np.delete(nodes.get_facecolors(), sorted(ends), axis=0)
        assert len({tuple(each) for each in plain}) <= 1
        assert not colours & {tuple(each) for each in plain}


def test_of_equally_good_replies_the_arrow_leads_to_the_nearest_profile():
    ax = axes()
    response_picture(REFERENCE, ax)
    (nodes,) = [each for each in ax.collections if isinstance(each, PathCollection)]
    places = np.asarray(nodes.get_offsets())
    graph = response_graph(REFERENCE, "best")
    zero = REFERENCE.row({"makers": {REFERENCE.roles[0].strategies[0]: 2}})
    reached = [other for _, other, gain in graph.out_edges(zero, data="gain") if gain > 1e-9]
    nearest = min(reached, key=lambda other: np.hypot(*(places[other] - places[zero])))
    drawn = [arrow._posA_posB for arrow in ax.patches if np.allclose(arrow._posA_posB[0], places[zero])]
    assert len(reached) > 1
    assert [tuple(end) for _, end in drawn] == [tuple(places[nearest])]


def test_three_strategies_lie_where_their_counts_weigh_the_corners():
    game, ax = GAMES["four players"], axes()
    response_picture(game, ax)
    (nodes,) = [each for each in ax.collections if isinstance(each, PathCollection)]
    assert shares_at(np.asarray(nodes.get_offsets())) * 4 == pytest.approx(count_profiles(4, 3), abs=1e-9)


def test_profiles_of_two_strategies_lie_over_what_the_best_deviation_gains():
    ax = axes()
    response_picture(RoleSymmetricGame.from_symmetric(SymmetricGame.from_matrix(HAWK_DOVE)), ax)
    (hawks, dove), (hawk, doves) = HAWK_DOVE
    (nodes,) = [each for each in ax.collections if isinstance(each, PathCollection)]
    gains = [hawk - hawks, max(hawks - hawk, doves - dove), dove - doves]
    assert np.asarray(nodes.get_offsets()) == pytest.approx(np.column_stack([range(3), gains]))


def test_a_game_too_large_says_what_it_left_out():
    large = RoleSymmetricGame.from_symmetric(random_game(5, 6, 2))
    total, ax = number_of_profiles(5, 6), axes()
    response_picture(large, ax)
    (nodes,) = [each for each in ax.collections if isinstance(each, PathCollection)]
    assert f"{len(nodes.get_offsets())} of {total} profiles" in title_of(ax)
    ends = {int(row) for sink in sink_components(large, "best") for row in sink.rows}
    graph = response_graph(large, "best")
    assert len(nodes.get_offsets()) == len(ends.union(*(graph.predecessors(row) for row in ends)))

    away = next(row for row in np.eye(6) if large.row({"players": {large.roles[0].strategies[row.argmax()]: 5}}) not in
                ends.union(*(graph.predecessors(row) for row in ends)))  # fmt: skip
    ax = axes()
    response_picture(large, ax, "best", [(away,)], ["8"])
    assert "equilibrium 8 left out" in legend_of(ax)[-1]

    wide = RoleSymmetricGame.from_symmetric(random_game(7, 6, 2))
    ax = axes()
    payoff_map(wide, ax)
    assert f"{6} of {number_of_profiles(6, 6)} columns" in title_of(ax)
    alike = [wide.symmetric().counts.tolist().index((6 * row).tolist()) for row in np.eye(6, dtype=int)]
    assert np.array_equal(ax.images[0].get_array(), wide.symmetric().payoffs[alike].T)

    huge = RoleSymmetricGame.from_symmetric(random_game(30, 5, 2))
    ax = axes()
    response_picture(huge, ax)
    assert f"{number_of_profiles(30, 5):,} profiles are too many" in ax.texts[0].get_text()


def test_the_field_shows_the_strategies_that_equilibria_play_and_says_so():
    game = REFERENCE.symmetric()
    found = symmetric_equilibria(game).equilibria
    played = sorted({each for one in found for each in one.support})
    assert shown_strategies(game, [each.mixture for each in found]) == played
    ax = axes()
    replicator_field(game, ax, [(each.mixture, each.index == 1) for each in found])
    assert f"the other {game.size - len(played)} left out" in title_of(ax)
    filled, hollow = ([line for line in ax.lines if line.get_label() == label] for label in ("stable", "not stable"))
    assert sorted(filled[0].get_xdata()) == [0.0, 1.0]
    mixed = next(each.mixture for each in found if len(each.support) == 2)
    assert hollow[0].get_xdata() == pytest.approx([mixed[played[0]]])
    assert filled[0].get_markerfacecolor() != "white" == hollow[0].get_markerfacecolor()


def test_an_equilibrium_that_plays_what_is_left_out_is_counted():
    game = SymmetricGame.from_matrix(np.diag([4.0, 3.0, 2.0, 1.0]))
    ax = axes()
    replicator_field(game, ax, [(row, True) for row in np.eye(4)])
    assert "equilibrium 4 left out" in legend_of(ax)
    assert "the other 1 left out" in title_of(ax)


def test_one_strategy_that_equilibria_play_is_joined_by_the_best_reply_to_it_among_the_others():
    game = random_game(3, 5, 8)
    x = np.eye(5)[2]
    others = np.where(x > 0, -np.inf, game.expected(x))
    assert shown_strategies(game, [x]) == sorted([2, int(others.argmax())])


def test_basins_of_a_coordination_game_are_shaded_where_a_path_comes_to_their_equilibrium():
    ax, corners = axes(), np.eye(3)
    replicator_field(COORDINATION, ax, [(row, stable_under_replicator(COORDINATION, row)) for row in corners])
    (shade,) = [each for each in ax.collections if isinstance(each, PolyCollection)]
    middles = shares_at(np.array([path.vertices[:3].mean(axis=0) for path in shade.get_paths()]))
    reached = np.asarray(shade.get_array())
    best = COORDINATION.expected(middles).argmax(axis=1)
    sure = middles.max(axis=1) > 0.9  # near a corner its basin
    assert sure.sum() > 20
    assert np.array_equal(reached[sure] - 1, best[sure])
    assert set(reached.astype(int)) == {1, 2, 3}


def test_stable_is_what_attracts_the_replicator():
    circling = np.array(ROCK_PAPER_SCISSORS)
    for win, stable in ((2.0, True), (1.0, False), (0.5, False)):
        game = SymmetricGame.from_matrix(np.where(circling > 0, win, circling))
        assert stable_under_replicator(game, np.full(3, 1 / 3)) is stable
    assert stable_under_replicator(SymmetricGame.from_matrix(HAWK_DOVE), [1.0, 0.0]) is None  # no equilibrium


def test_shares_at_inverts_the_corners():
    shares = np.random.default_rng(0).dirichlet(np.ones(3), 20)
    assert shares_at(shares @ CORNERS) == pytest.approx(shares)


def test_long_names_stay_different():
    for names in (
        LONG,
        [f"{row} and then much that is the same" for row in "abc"],
        ["x" * 40 + y + "z" * 40 for y in "ab"],
    ):
        cut = told_apart(names)
        assert len(set(cut)) == len(names)
        assert max(map(len, cut)) <= 20
    assert told_apart(["tight", "wide"]) == ["tight", "wide"]


@pytest.mark.parametrize(
    ("equilibrium", "says"),
    [([[0.5, 0.5]], "sum 1, not"), ([[1, 0, 0, 0, 0, 0]] * 2, "equilibrium 0 has 2"), ([[2, -1, 0, 0, 0, 0]], "sum 1")],
)
def test_what_is_no_mixture_is_an_error_that_says_what_is_wanted(equilibrium, says):
    with style(), pytest.raises(ValueError, match=says):
        game_picture(REFERENCE, [equilibrium], "no mixture")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"names": ["1", "2"]}, "1 equilibria need as many names, not 2"),
        ({"players": {"takers": 12}}, "there is no role 'takers'"),
        ({"players": {"makers": 1}}, "at least the game's 2, not 1"),
    ],
)
def test_names_and_players_that_do_not_fit_are_one_clear_error(more, says):
    with style(), pytest.raises(ValueError, match=says):
        game_picture(REFERENCE, [(np.eye(6)[2],)], "does not fit", **more)
