"""Components of the spread, from trades alone: Roll, Madhavan-Richardson-Roomans, Huang-Stoll, Glosten-Harris.

Prices are float64 (trades,) in currency. Signs (trades,) are +1 if the taker bought and -1 if it sold. Quantities
(trades,) are in lots, and mids (trades,) are those just before each trade. ``episodes`` (trades,) are labels: no
difference is taken between two episodes. Standard errors are those of :mod:`analysis.stats.regression`.

If the data do not determine a model, or a price is not known, the estimates are nan and ``reason`` says why. ValueError
is raised only for arrays that cannot be trades: infinite prices, other signs, different lengths. An estimate that is
no larger than the rounding error of prices is 0.

``spreadgame measure spread_models RUN`` prints all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.reading.measures import Measurement, measure_of
from analysis.reading.registry import measure
from analysis.reading.trades_and_quotes import by_venue, consecutive, tape_of
from analysis.stats.arguments import checked, unknown
from analysis.stats.estimates import NOTHING, Estimate
from analysis.stats.regression import Fit, Floats, estimate, estimates, joined, least_squares, means, residuals
from sim.runs.result import Run

_FEW = "too few trades"
_COLLINEAR = "the signs of the trades do not vary enough to tell the components apart"
_NO_SPREAD = "the spread is not above zero"
_TOO_LARGE = "prices are too large to compute with"
_ROUNDING = 1e-13  # relative to the size of prices: an estimate that is not larger is 0
_SURE = 2.0  # standard errors by which the probability of a reversal must differ from a half


@dataclass(frozen=True)
class RollModel:
    """Roll 1984."""

    spread: Estimate  # currency; nan where the autocovariance is positive
    autocovariance: Estimate  # of price changes, currency squared
    autocorrelation: Estimate
    reason: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class MadhavanModel:
    """Madhavan, Richardson and Roomans 1997."""

    theta: Estimate  # adverse selection: by how much a surprise in the order flow moves beliefs, currency
    phi: Estimate  # cost of making a market, currency
    rho: Estimate  # autocorrelation of the flow
    spread: Estimate  # 2 (phi + theta), currency
    news_variance: Estimate  # of price changes that trades do not explain, currency squared
    reason: str = field(default="", kw_only=True)

    @property
    def price_variance(self) -> float:
        """The variance of price changes that the components imply, currency squared.

        Var Δp = σ² + (1 - ρ²) θ² + 2 φ² (1 - ρ) + 2 φ θ (1 - ρ²).
        """
        theta, phi, rho = self.theta.value, self.phi.value, self.rho.value
        flow = (1 - rho**2) * (theta**2 + 2 * phi * theta) + 2 * phi**2 * (1 - rho)
        return self.news_variance.value + flow


@dataclass(frozen=True)
class TwoWayModel:
    """Huang and Stoll 1997, two components: the probability of a reversal is not used."""

    spread: Estimate  # currency
    information: Estimate  # share of adverse selection and inventory together
    processing: Estimate  # share of the cost of processing orders
    reason: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class ThreeWayModel:
    """Huang and Stoll 1997, three components, with the probability of a reversal."""

    spread: Estimate  # currency
    adverse_selection: Estimate  # share alpha
    inventory: Estimate  # share beta
    processing: Estimate  # share 1 - alpha - beta
    reversal: Estimate  # probability that the next order comes from the other side
    reason: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class GlostenHarrisModel:
    """Glosten and Harris 1988."""

    transitory: Estimate  # currency
    transitory_per_lot: Estimate  # currency per lot
    permanent: Estimate  # adverse selection, currency
    permanent_per_lot: Estimate  # currency per lot
    spread: Estimate  # at the mean quantity, currency
    permanent_share: Estimate  # of that spread
    reason: str = field(default="", kw_only=True)


@checked("prices", labels=["episodes"])
def roll(prices: ArrayLike, episodes: ArrayLike | None = None) -> RollModel:
    """Roll's spread 2 √-γ, where γ is the first autocovariance of price changes (Roll 1984, J. Finance 39, 1127).

    The model has no adverse selection. If orders are independent and the half-spread is θ + φ, the estimate is
    2 √(φ (φ + θ)).
    """
    if reason := unknown(prices=np.asarray(prices)):
        return RollModel(NOTHING, NOTHING, NOTHING, reason=reason)
    change = np.diff(np.asarray(prices, float))
    now, before, pairs = change[1:], change[:-1], _recent(prices, 2, episodes)
    if np.count_nonzero(pairs) < 3:
        return RollModel(NOTHING, NOTHING, NOTHING, reason=_FEW)
    middle, middle_before = means(now, before, where=pairs).values
    now, before = now - middle, before - middle_before
    fit = means(now * before, (now**2 + before**2) / 2, where=pairs)
    autocovariance, variance = estimates(fit)
    if not math.isfinite(variance.value):
        return RollModel(NOTHING, NOTHING, NOTHING, reason=_TOO_LARGE)
    if variance.value == 0:
        return RollModel(NOTHING, autocovariance, NOTHING, reason="price changes do not vary")
    autocorrelation = estimate(fit, lambda v: v[0] / v[1])
    (autocovariance,) = _unrounded([autocovariance], _rounding(prices) * math.sqrt(variance.value))
    if autocovariance.value >= 0:
        reason = f"price changes have {'a positive' if autocovariance.value > 0 else 'no'} autocovariance"
        return RollModel(NOTHING, autocovariance, autocorrelation, reason=reason)
    error = autocovariance.standard_error / math.sqrt(-autocovariance.value)
    (spread,) = _unrounded([Estimate(2 * math.sqrt(-autocovariance.value), error)], _rounding(prices))
    return RollModel(spread, autocovariance, autocorrelation)


@checked("prices", labels=["episodes"], signs=["signs"])
def madhavan(prices: ArrayLike, signs: ArrayLike, episodes: ArrayLike | None = None) -> MadhavanModel:
    """Components of Δp_t = (φ + θ) x_t - (φ + ρ θ) x_{t-1} + e_t (Madhavan, Richardson and Roomans 1997, RFS 10, 1035).

    b₀ and b₁ are the coefficients of x_t and x_{t-1}. Then θ = (b₀ + b₁) / (1 - ρ), φ = b₀ - θ, and
    ρ = E[x_t x_{t-1}] / E[x²]. The paper's GMM has as many moments as parameters, so it equals this regression.
    """
    x = np.asarray(signs, float)
    if reason := unknown(prices=np.asarray(prices)):
        return MadhavanModel(*[NOTHING] * 5, reason=reason)
    chosen = _recent(prices, 1, episodes)
    change, now, before = np.diff(np.asarray(prices, float)), x[1:], x[:-1]
    line = least_squares(change, now, before, where=chosen)
    if not np.all(np.isfinite(line.values)):
        return MadhavanModel(*[NOTHING] * 5, reason=_FEW if np.count_nonzero(chosen) < 4 else _COLLINEAR)
    left = residuals(line, change, now, before)
    fit = joined(line, means(now * before, (now**2 + before**2) / 2, left**2, where=chosen))

    def components(v: Floats) -> list[float]:
        rho = v[3] / v[4]
        theta = (v[1] + v[2]) / (1 - rho)
        return [theta, v[1] - theta, rho, 2 * v[1], v[5]]

    theta, phi, rho, whole, news = estimates(fit, components)
    least = _rounding(prices)
    (news,) = _unrounded([news], least * least)
    theta, phi, whole = _unrounded([theta, phi, whole], least)
    reason = "" if all(math.isfinite(each.value) for each in (theta, phi, rho, whole, news)) else _TOO_LARGE
    return MadhavanModel(theta, phi, rho, whole, news, reason=reason)


@checked("prices", labels=["episodes"], signs=["signs"])
def huang_stoll(prices: ArrayLike, signs: ArrayLike, episodes: ArrayLike | None = None) -> TwoWayModel:
    """Spread S and share λ of Δp_t = (S/2)(x_t - x_{t-1}) + λ (S/2) x_{t-1} + e_t.

    Huang and Stoll 1997, RFS 10, 995.
    """
    x = np.asarray(signs, float)
    if reason := unknown(prices=np.asarray(prices)):
        return TwoWayModel(NOTHING, NOTHING, NOTHING, reason=reason)
    chosen = _recent(prices, 1, episodes)
    fit = least_squares(np.diff(np.asarray(prices, float)), x[1:], x[:-1], where=chosen)
    if not np.all(np.isfinite(fit.values)):
        return TwoWayModel(NOTHING, NOTHING, NOTHING, reason=_FEW if np.count_nonzero(chosen) < 4 else _COLLINEAR)
    least = _rounding(prices)
    if not fit.values[1] > least:
        (spread,) = _unrounded([estimate(fit, lambda v: 2 * v[1])], least)
        return TwoWayModel(spread, NOTHING, NOTHING, reason=_NO_SPREAD)
    spread, *shares = estimates(fit, lambda v: [2 * v[1], 1 + v[2] / v[1], -v[2] / v[1]])
    (spread,) = _unrounded([spread], least)
    information, processing = _unrounded(shares, least / float(fit.values[1]))
    return TwoWayModel(spread, information, processing)


@checked("prices", "mids", labels=["episodes"], signs=["signs"])
def huang_stoll_three_way(
    prices: ArrayLike, signs: ArrayLike, mids: ArrayLike, episodes: ArrayLike | None = None
) -> ThreeWayModel:
    """Shares α, β of Δm_t = (α + β)(S/2) x_{t-1} - α (S/2)(1 - 2π) x_{t-2} + e_t, and p_t - m_t = (S/2) x_t + e_t.

    The probability of a reversal is π = (1 - E[x_t x_{t-1}]) / 2. If π is within two standard errors of a half, the
    data cannot separate α from β, and both are nan (Huang and Stoll 1997, RFS 10, 995).
    """
    x, m = np.asarray(signs, float), np.asarray(mids, float)
    if reason := unknown(prices=np.asarray(prices)):
        return ThreeWayModel(*[NOTHING] * 5, reason=reason)
    away = (np.asarray(prices, float) - m) * x
    chosen = _recent(prices, 2, episodes) & np.isfinite(m[2:]) & np.isfinite(m[1:-1])
    one, two = x[1:-1], x[:-2]
    line = least_squares(np.diff(m)[1:], one, two, where=chosen)
    if not np.all(np.isfinite(line.values)):
        return ThreeWayModel(*[NOTHING] * 5, reason=_FEW if np.count_nonzero(chosen) < 4 else _COLLINEAR)
    fit = joined(line, means(one * two, away[2:], where=chosen))
    spread, reversal = estimates(fit, lambda v: [2 * v[4], (1 - v[3]) / 2])
    least = _rounding(prices)
    (spread,) = _unrounded([spread], least)
    if not fit.values[4] > least:
        return ThreeWayModel(spread, NOTHING, NOTHING, NOTHING, reversal, reason=_NO_SPREAD)
    least /= float(fit.values[4])  # of shares
    (processing,) = _unrounded([estimate(fit, lambda v: 1 - v[1] / v[4])], least)
    if abs(reversal.value - 0.5) <= _SURE * reversal.standard_error:
        reason = "a reversal is as likely as not, so the data cannot separate adverse selection from inventory"
        return ThreeWayModel(spread, NOTHING, NOTHING, processing, reversal, reason=reason)

    def shares(v: Floats) -> list[float]:
        adverse = -v[2] / (v[3] * v[4])
        return [adverse, v[1] / v[4] - adverse]

    alpha, beta = _unrounded(estimates(fit, shares), least / abs(float(fit.values[3])))
    return ThreeWayModel(spread, alpha, beta, processing, reversal)


@checked("prices", labels=["episodes"], signs=["signs"], amounts=["quantities"])
def glosten_harris(
    prices: ArrayLike, signs: ArrayLike, quantities: ArrayLike, episodes: ArrayLike | None = None
) -> GlostenHarrisModel:
    """Components of Δp_t = c₀ Δx_t + c₁ Δ(x_t V_t) + z₀ x_t + z₁ x_t V_t + e_t.

    c is the transitory and z the permanent component (Glosten and Harris 1988, J. Financial Economics 21, 123). If all
    quantities are equal, c₁ and z₁ are nan, and c₀ and z₀ are the components at that quantity.
    """
    x, lots = np.asarray(signs, float), np.asarray(quantities, float)
    if reason := unknown(prices=np.asarray(prices), quantities=lots):
        return GlostenHarrisModel(*[NOTHING] * 6, reason=reason)
    chosen = _recent(prices, 1, episodes)
    sized = x * lots
    regressors = [np.diff(x), x[1:], np.diff(sized), sized[1:]]
    equal = len(lots) > 0 and bool(np.all(lots == lots[0]))
    line = least_squares(np.diff(np.asarray(prices, float)), *(regressors[:2] if equal else regressors), where=chosen)
    if not np.all(np.isfinite(line.values)):
        return GlostenHarrisModel(*[NOTHING] * 6, reason=_FEW if np.count_nonzero(chosen) < 6 else _COLLINEAR)
    if equal:
        unsized = Fit(np.zeros(2), np.zeros((len(line.influences), 2)))
        line = joined(line, unsized)
    fit = joined(line, means(lots[1:], where=chosen))

    def spread(v: Floats) -> list[float]:
        fixed, sized = v[1] + v[2], (v[3] + v[4]) * v[5]
        return [2 * (fixed + sized), (v[2] + v[4] * v[5]) / (fixed + sized) if fixed + sized else math.nan]

    least = _rounding(prices)
    wide = math.inf if equal else float(lots.std())  # the less sizes differ, the larger the error per lot
    _, transitory, permanent, transitory_per_lot, permanent_per_lot, _ = estimates(fit)
    transitory, permanent = _unrounded([transitory, permanent], least * max(1.0, fit.values[5] / wide))
    transitory_per_lot, permanent_per_lot = _unrounded([transitory_per_lot, permanent_per_lot], least / wide)
    if equal:
        transitory_per_lot = permanent_per_lot = NOTHING
    reason = "all quantities are equal: nothing depends on them" if equal else ""
    whole, share = estimates(fit, spread)
    (whole,) = _unrounded([whole], least)
    (share,) = _unrounded([share], 2 * least / abs(whole.value)) if whole.value else [NOTHING]
    if not reason and not math.isfinite(share.value):
        reason = _NO_SPREAD if whole.value == 0 else _TOO_LARGE
    return GlostenHarrisModel(transitory, transitory_per_lot, permanent, permanent_per_lot, whole, share, reason=reason)


def _recent(prices: ArrayLike, lags: int, episodes: ArrayLike | None) -> NDArray[np.bool_]:
    return consecutive(len(np.asarray(prices)), lags, episodes)


def _rounding(prices: ArrayLike) -> float:
    """The largest difference that rounding of these prices can make, currency."""
    return _ROUNDING * float(np.abs(np.asarray(prices, float)).max(initial=0.0))


def _unrounded(found: Iterable[Estimate], least: float) -> list[Estimate]:
    """Estimates whose values and errors are set to 0 if they are not above ``least``."""
    return [Estimate(*(0.0 if abs(part) <= least else part for part in each)) for each in found]


# --- the command ----------------------------------------------------------------------------------------------------


@measure(
    "spread_models",
    summary="what the spread is made of, from trades alone",
    source="Roll 1984, J. Finance 39, 1127; Madhavan, Richardson and Roomans 1997, Review of Financial Studies 10, "
    "1035; Huang and Stoll 1997, Review of Financial Studies 10, 995; Glosten and Harris 1988, J. Financial Economics "
    "21, 123",
    chapter="What the spread is made of",
    place=1,
    needs=("trades",),
)
def measures(run: Run) -> list[Measurement]:
    """All models, venue by venue."""
    return by_venue(run, _measures)


def _measures(run: Run, venue: str) -> list[Measurement]:
    tape = tape_of(run, venue)
    one = roll(tape.prices, tape.episodes)
    two = madhavan(tape.prices, tape.signs, tape.episodes)
    three = huang_stoll(tape.prices, tape.signs, tape.episodes)
    four = huang_stoll_three_way(tape.prices, tape.signs, tape.mids, tape.episodes)
    five = glosten_harris(tape.prices, tape.signs, tape.quantities, tape.episodes)
    rows = [
        ("roll.spread", one.spread, "currency", "spread, from the autocovariance of price changes", one.reason),
        ("mrr.spread", two.spread, "currency", "spread: twice theta and phi", two.reason),
        ("mrr.theta", two.theta, "currency", "adverse selection", two.reason),
        ("mrr.phi", two.phi, "currency", "cost of making a market", two.reason),
        ("mrr.rho", two.rho, "", "autocorrelation of the flow", two.reason),
        ("huang_stoll.spread", three.spread, "currency", "spread, two-way", three.reason),
        ("huang_stoll.information", three.information, "share", "adverse selection and inventory", three.reason),
        ("huang_stoll.alpha", four.adverse_selection, "share", "adverse selection", four.reason),
        ("huang_stoll.beta", four.inventory, "share", "inventory", four.reason),
        ("huang_stoll.reversal", four.reversal, "probability", "of a reversal of the flow", four.reason),
        ("glosten_harris.c0", five.transitory, "currency", "transitory, fixed", five.reason),
        ("glosten_harris.c1", five.transitory_per_lot, "currency/lot", "transitory, with quantity", five.reason),
        ("glosten_harris.z0", five.permanent, "currency", "adverse selection, fixed", five.reason),
        ("glosten_harris.z1", five.permanent_per_lot, "currency/lot", "adverse selection, with quantity", five.reason),
        ("glosten_harris.spread", five.spread, "currency", "spread at the mean quantity", five.reason),
    ]
    return [measure_of(name, found, unit, meaning, reason) for name, found, unit, meaning, reason in rows]
