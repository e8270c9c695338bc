"""All equilibria of two players: quantecon, brute force over supports, and what is known of degenerate games."""

from itertools import combinations, product

import numpy as np
import pytest

from analysis.games.solvers.two_players import equilibria_of_two
from tests.markets.game_examples import same_points


def random_payoffs(rows, columns, seed, whole=0):
    draw = np.random.default_rng(seed)
    return (
        draw.integers(-whole, whole + 1, (2, rows, columns)).astype(float)
        if whole
        else draw.normal(size=(2, rows, columns))
    )


def joined(found):
    return [np.concatenate([each.row, each.column]) for each in found.equilibria]


def by_supports(a, b):
    """Equilibria of a regular game: supports of one size on both sides, solved one pair at a time."""
    found = []
    sizes = range(1, min(a.shape) + 1)
    for size in sizes:
        for rows, columns in product(combinations(range(a.shape[0]), size), combinations(range(a.shape[1]), size)):
            mixtures = []
            for payoffs in (b[np.ix_(rows, columns)].T, a[np.ix_(rows, columns)]):
                system = np.vstack([payoffs[1:] - payoffs[0], np.ones(size)])
                mixtures.append(np.linalg.solve(system, np.eye(size)[-1]))
            x, y = np.zeros(a.shape[0]), np.zeros(a.shape[1])
            x[list(rows)], y[list(columns)] = mixtures
            if min(x.min(), y.min()) < 0:
                continue
            if (a @ y).max() - x @ a @ y < 1e-9 and (x @ b).max() - x @ b @ y < 1e-9:
                found.append(np.concatenate([x, y]))
    return found


@pytest.mark.parametrize("seed", range(30))
def test_small_games_have_the_equilibria_of_brute_force(seed):
    a, b = random_payoffs(1 + seed % 4, 1 + seed % 5, seed)
    found = equilibria_of_two(a, b)
    assert same_points(joined(found), by_supports(a, b))
    assert not found.degenerate
    assert sum(each.index for each in found.equilibria) == 1
    assert max(max(each.regrets) for each in found.equilibria) < 1e-9


def _against_quantecon(rows, columns, seed):
    theory = pytest.importorskip("quantecon.game_theory")
    a, b = random_payoffs(rows, columns, seed)
    game = theory.NormalFormGame([theory.Player(a), theory.Player(np.ascontiguousarray(b.T))])
    found = equilibria_of_two(a, b)
    assert same_points(joined(found), [np.concatenate(pair) for pair in theory.vertex_enumeration(game)])
    assert sum(each.index for each in found.equilibria) == 1


@pytest.mark.parametrize(("rows", "columns", "seed"), [(6, 6, 0), (5, 9, 1), (10, 10, 2), (12, 12, 0)])
def test_games_of_up_to_twelve_strategies_agree_with_quantecon(rows, columns, seed):
    _against_quantecon(rows, columns, seed)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(5))
def test_hundreds_of_games_agree_with_quantecon(block):
    for seed in range(100 * block, 100 * block + 100):
        _against_quantecon(2 + seed % 8, 2 + seed % 7, seed)
    for seed in range(3):
        _against_quantecon(12, 12, 1000 + 3 * block + seed)


@pytest.mark.parametrize("seed", range(40))
def test_every_mean_of_corners_of_a_continuum_is_an_equilibrium(seed):
    a, b = random_payoffs(1 + seed % 4, 2 + seed % 3, seed, whole=1)
    found = equilibria_of_two(a, b)
    draw = np.random.default_rng(seed)
    assert found.equilibria
    assert found.degenerate >= bool(found.continua)
    for piece in found.continua:
        x = draw.dirichlet(np.ones(len(piece.rows))) @ piece.rows
        y = draw.dirichlet(np.ones(len(piece.columns))) @ piece.columns
        assert (a @ y).max() - x @ a @ y < 1e-9
        assert (x @ b).max() - x @ b @ y < 1e-9


@pytest.mark.parametrize("seed", range(20))
def test_pure_equilibria_of_degenerate_games_are_all_there(seed):
    a, b = random_payoffs(4, 4, seed, whole=1)
    best = (a == a.max(axis=0)) & (b == b.max(axis=1, keepdims=True))
    found = {(int(each.row.argmax()), int(each.column.argmax())) for each in equilibria_of_two(a, b).equilibria
             if each.row.max() == each.column.max() == 1.0}  # fmt: skip
    assert found == set(zip(*(each.tolist() for each in np.nonzero(best)), strict=True))


@pytest.mark.parametrize("seed", range(8))
def test_changing_the_players_over_changes_nothing(seed):
    a, b = random_payoffs(4, 3, seed, whole=seed % 3)
    one, two = equilibria_of_two(a, b), equilibria_of_two(b.T, a.T)
    turned = [np.concatenate([each.column, each.row]) for each in two.equilibria]
    assert same_points(joined(one), turned)
    assert one.degenerate == two.degenerate
    assert len(one.continua) == len(two.continua)


def test_two_continua_that_touch_are_two():
    # the row player is indifferent; the column player likes left against the top and right against the bottom
    found = equilibria_of_two([[1.0, 1.0], [1.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]])
    assert len(found.continua) == 3  # left against at least half of the top, right against the rest, all at the middle
    assert "continua" in found.note


def test_battle_of_the_sexes_and_matching_pennies():
    battle = equilibria_of_two([[2.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 2.0]])
    assert [each.index for each in battle.equilibria] == [1, -1, 1]
    assert battle.equilibria[1].row == pytest.approx([2 / 3, 1 / 3])
    assert battle.equilibria[1].payoffs == pytest.approx((2 / 3, 2 / 3))
    pennies = equilibria_of_two([[1.0, -1.0], [-1.0, 1.0]], [[-1.0, 1.0], [1.0, -1.0]])
    assert joined(pennies) == [pytest.approx(np.full(4, 0.5))]


DEGENERATE = [
    ([[0, -1, 1, 1], [1, 0, -1, -1], [-1, 1, 0, -1], [-1, 1, 1, 0]], None, 1),
    ([[0, 1, 0, -1], [-1, 0, 1, 1], [0, -1, 0, 1], [1, -1, -1, 0]], None, 4),
    ([[0, -1, -1, -1, 1, -1], [1, 0, 1, -1, -1, -1], [1, -1, 0, -1, -1, 1], [1, 1, 1, 0, -1, -1],
      [-1, 1, 1, 1, 0, -1], [1, 1, -1, 1, 1, 0]], None, 1),
    ([[0, 0, -6, 0, 0], [0, 0, -3, -2, -1], [-4, -3, 0, 0, -1]],
     [[-3, 0, -2, -1, 0], [0, -2, 0, 0, -4], [-4, 0, -2, -4, -4]], 8),
    ([[-100, 0, 0, -100], [0, 0, 0, -100], [-100, 0, 0, 0], [0, 0, 0, -50]],
     [[-100, 0, 0, -100], [0, 0, 0, -100], [-100, 0, 0, 0], [0, 0, 0, -33.3333333]], 11),
    ([[-3, 3], [-3, 5]], [[2, 7], [4, 2]], 2),
    ([[1], [3], [3], [2]], [[1], [2], [3], [4]], 2),
    ([[3, 3], [2, 5], [0, 6]], [[3, 3], [2, 6], [3, 1]], 3),
    ([[3, 3], [2, 5], [0, 6]], [[3, 2], [2, 6], [3, 1]], 3),
    ([[160, 205, 44], [175, 180, 45], [201, 204, 50], [120, 207, 49]], [[2, 2, 2], [1, 0, 0], [3, 4, 1], [4, 1, 2]], 1),
]  # fmt: skip


@pytest.mark.parametrize(("a", "b", "count"), DEGENERATE)
def test_degenerate_games_that_other_solvers_get_wrong_have_their_number_of_extreme_equilibria(a, b, count):
    found = equilibria_of_two(a, -np.array(a) if b is None else b)
    assert (len(found.equilibria), found.complete) == (count, "proved")


@pytest.mark.parametrize("large", [1e6, 1e9, 1e12, 1e18, 1e100])
def test_a_payoff_far_from_the_others_hides_no_difference_of_one(large):
    a = [[3.0, 1.0, -large], [0.0, 2.0, -large], [-large, -large, -large]]
    b = [[2.0, 0.0, -large], [1.0, 3.0, -large], [-large, -large, -large]]
    found = equilibria_of_two(a, b)
    assert (len(found.equilibria), found.complete) == (4, "proved")
    assert max(max(each.regrets) for each in found.equilibria) < 1e-9
    assert [each.index for each in found.equilibria if max(each.row) < 1.0] == [-1]


def test_mixtures_with_too_few_digits_for_the_smallest_difference_are_left_out_and_nothing_is_proved():
    # pennies of unlike sizes: sevenths of 1e30 do not cancel as differences of 1 ask for
    large = 1e30
    a, b = [[3 * large, 0.0], [0.0, 4 * large], [1.0, 1.0]], [[0.0, 1.0], [2.0, 0.0], [1.0, 2.0]]
    found = equilibria_of_two(a, b)
    assert all(regret < 1.0 for each in found.equilibria for regret in each.regrets)
    assert found.complete == "open"
    assert "want of digits" in found.note


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (np.eye(2), np.eye(3), "one shape"),
        ([[np.inf]], [[0.0]], "finite"),
        ([[0.0]], [[np.nan]], "finite"),
        ([], [], "one shape"),
        ([[1.0], [2.0, 3.0]], [[1.0]], "rows of one length"),
        ([["a"]], [["b"]], "numbers"),
        (np.eye(15), np.eye(15), "leave some out"),
    ],
)
def test_what_cannot_be_solved_is_refused(a, b, said):
    with pytest.raises(ValueError, match=said):
        equilibria_of_two(a, b)
