"""Equilibria of small games by enumeration in fractions: floats are fractions, and nothing is rounded."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise, product
from math import comb, prod

import numpy as np

from analysis.games.tables.roles import RoleSymmetricGame
from analysis.games.tables.symmetric import SymmetricGame

Exact = tuple[Fraction, ...]


def fractions_of(table) -> list[list[Fraction]]:
    return [[Fraction(value) for value in row] for row in np.asarray(table).tolist()]


def solved(rows, right):
    """The only solution of square equations, or None."""
    system = [[*row, value] for row, value in zip(rows, right, strict=True)]
    for place in range(len(system)):
        pivot = next((at for at in range(place, len(system)) if system[at][place]), None)
        if pivot is None:
            return None
        system[place], system[pivot] = system[pivot], system[place]
        system[place] = [value / system[place][place] for value in system[place]]
        for at in range(len(system)):
            if at != place and system[at][place]:
                factor = system[at][place]
                system[at] = [a - factor * b for a, b in zip(system[at], system[place], strict=True)]
    return [row[-1] for row in system]


def corners(payoffs) -> list[tuple[Exact, frozenset[int], frozenset[int]]]:
    """Mixtures at the corners of a best-response polytope: what is played, and what the other's best replies are."""
    others, own = len(payoffs), len(payoffs[0])
    least = min(map(min, payoffs))
    above = [[value - least + 1 for value in row] for row in payoffs]
    sides = [[Fraction(int(i == j)) for j in range(own)] for i in range(own)] + above
    values = [Fraction(0)] * own + [Fraction(1)] * others
    found = {}
    for tight in combinations(range(own + others), own):
        x = solved([sides[each] for each in tight], [values[each] for each in tight])
        if x is None or min(x) < 0 or not any(x):
            continue
        paid = [sum(a * b for a, b in zip(row, x, strict=True)) for row in above]
        if max(paid) <= 1:
            played = frozenset(each for each in range(own) if x[each])
            found[tuple(each / sum(x) for each in x)] = played, frozenset(i for i, p in enumerate(paid) if p == 1)
    return [(x, *carried) for x, carried in found.items()]


def of_two(a, b) -> list[Exact]:
    """All extreme equilibria of two players, both mixtures side by side."""
    rows, columns = fractions_of(a), fractions_of(b)
    mine, theirs = corners([list(each) for each in zip(*columns, strict=True)]), corners(rows)
    return [
        (*x, *y)
        for (x, plays, replies), (y, played, best) in product(mine, theirs)
        if plays <= best and played <= replies
    ]


def of_two_alike(game: SymmetricGame) -> list[Exact]:
    """All extreme symmetric equilibria of a game of two."""
    return [x for x, plays, best in corners(fractions_of(game.payoffs.T)) if plays <= best]


def of_two_strategies(game: SymmetricGame) -> tuple[list[Exact], int]:
    """Pure equilibria of alike players with two strategies, and in how many points inside both pay the same."""
    players, payoffs = game.players, fractions_of(game.payoffs)
    gains = [second - first for first, second in payoffs]  # by how many of the others play the second
    pure = [(Fraction(1), Fraction(0))] if gains[0] <= 0 else []
    pure += [(Fraction(0), Fraction(1))] if gains[-1] >= 0 else []
    # in t = share / (1 - share), which is any positive number
    polynomial = [comb(players - 1, k) * gain for k, gain in enumerate(gains)]
    while polynomial and not polynomial[0]:
        polynomial = polynomial[1:]
    return pure, positive_roots(polynomial)


def positive_roots(polynomial: list[Fraction]) -> int:
    """How many different positive roots a polynomial has, lowest power first and not 0: by Sturm's theorem."""
    chain = [trimmed(polynomial), trimmed([k * value for k, value in enumerate(polynomial)][1:])]
    while chain[-1]:
        chain.append([-value for value in remainder(chain[-2], chain[-1])])
    at_zero = [each[0] for each in chain if each]
    far = [each[-1] for each in chain if each]
    return changes(at_zero) - changes(far)


def trimmed(polynomial):
    while polynomial and not polynomial[-1]:
        polynomial = polynomial[:-1]
    return polynomial


def remainder(above, below):
    left = list(above)
    while len(left) >= len(below):
        factor = left[-1] / below[-1]
        for k, value in enumerate(below):
            left[len(left) - len(below) + k] -= factor * value
        left = left[:-1]
    return trimmed(left)


def changes(values):
    signs = [value > 0 for value in values if value]
    return sum(one != other for one, other in pairwise(signs))


def pure_of_roles(game: RoleSymmetricGame) -> list[tuple[int, ...]]:
    """All profiles, one strategy a role, that nobody leaves: floats compare exactly."""
    found = []
    for chosen in product(*(range(len(role.strategies)) for role in game.roles)):
        x = tuple(int(place == each) for role, each in zip(game.roles, chosen, strict=True)
                  for place in range(len(role.strategies)))  # fmt: skip
        counts = np.array(x) * np.repeat([role.players for role in game.roles],
                                         [len(role.strategies) for role in game.roles])  # fmt: skip
        row = game.rows(counts)
        stays = True
        for columns, each in zip(game.columns, chosen, strict=True):
            for other in range(columns.start, columns.stop):
                if other != columns.start + each:
                    moved = counts.copy()
                    moved[columns.start + each] -= 1
                    moved[other] += 1
                    stays &= game.payoffs[game.rows(moved), other] <= game.payoffs[row, columns.start + each]
        if stays:
            found.append(x)
    return found


def tables_of(game: RoleSymmetricGame) -> list[list[tuple[list[tuple[int, ...]], list[Fraction]]]]:
    """By role, for each play of all others: their counts by role, and what its strategies get."""
    found = []
    for place, columns in enumerate(game.columns):
        rows = {}
        for counts, paid in zip(game.counts.tolist(), game.payoffs.tolist(), strict=True):
            for own in range(columns.start, columns.stop):
                if counts[own]:
                    others = tuple(count - (at == own) for at, count in enumerate(counts))
                    rows.setdefault(others, {})[own] = Fraction(paid[own])
        found.append([
            ([others[each] for each in game.columns], [by[own] for own in range(columns.start, columns.stop)])
            for others, by in rows.items()
        ])  # fmt: skip
        assert place < len(game.roles)
    return found


def smallest_differences(game: RoleSymmetricGame) -> list[Fraction | None]:
    """By role, the smallest difference but 0 between what strategies get against the same play of the others."""
    found = []
    for table in tables_of(game):
        apart = {abs(a - b) for _, paid in table for a, b in combinations(paid, 2)} - {Fraction(0)}
        found.append(min(apart, default=None))
    return found


def regrets(game: RoleSymmetricGame, mixtures) -> list[Fraction]:
    """By role, exactly what the best deviation adds; mixtures are divided by their sums."""
    exact = [[Fraction(value) for value in np.asarray(mixture).tolist()] for mixture in mixtures]
    exact = [[value / sum(mixture) for value in mixture] for mixture in exact]
    found = []
    for table, mine in zip(tables_of(game), exact, strict=True):
        expected = [Fraction(0)] * len(mine)
        for others, paid in table:
            chance = prod((chance_of(counts, mixture) for counts, mixture in zip(others, exact, strict=True)))
            expected = [value + chance * each for value, each in zip(expected, paid, strict=True)]
        found.append(max(expected) - sum(a * b for a, b in zip(mine, expected, strict=True)))
    return found


def chance_of(counts, mixture):
    """The probability that so many draw these counts."""
    ways, left = 1, sum(counts)
    for count in counts:
        ways, left = ways * comb(left, count), left - count
    return ways * prod((value**count for value, count in zip(mixture, counts, strict=True)), start=Fraction(1))
