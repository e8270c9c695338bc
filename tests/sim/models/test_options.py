"""Prices and greeks of options, compared with published digits, exact arithmetic and each other."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.models import options
from sim.models.options import CALL, PUT, bachelier, black, greeks, greeks_of, mean_variance, normal_greeks
from tests.oracles import exact_options

# spot, strike, time, rate, dividend, volatility: call, put; of the call delta, gamma, vega, theta, rho, vanna, volga
PRINTED = {
    (100, 100, 1, 0.05, 0, 0.2): (
        10.450584, 5.573526, 0.636831, 0.018762, 37.524035, -6.414028, 53.232482, -0.28143, 9.850059,
    ),
    (42, 40, 0.5, 0.1, 0, 0.2): (
        4.759422, 0.808599, 0.779131, 0.049963, 8.813415, -4.559092, 13.982046, -0.931601, 21.283288,
    ),
    (49, 50, 20 / 52, 0.05, 0, 0.2): (
        2.400527, 2.448175, 0.521605, 0.065544, 12.10548, -4.30533, 8.906962, 0.139133, -0.229081,
    ),
    (100, 110, 0.25, 0.02, 0.01, 0.3): (
        2.560117, 12.261177, 0.292580, 0.022884, 17.163085, -10.539228, 6.674464, 0.793775, 21.580143,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PRINTED)
def test_prices_and_greeks_have_the_printed_digits(case: tuple[float, ...]) -> None:
    call, put, *of_call = PRINTED[case]
    found = greeks(CALL, *map(float, case))
    assert [found.price, *found[1:]] == pytest.approx([call, *of_call], abs=5.1e-7)
    assert greeks(PUT, *map(float, case)).price == pytest.approx(put, abs=5.1e-7)
    assert options.price(CALL, *map(float, case)) == found.price


@pytest.mark.parametrize(
    ("first", "left", "fixed", "printed"), [(55, 30, 0.0, 2.01838), (1, 30, 0.0, 0.81462), (1, 15, 1503.0, 0.34741)]
)
def test_an_option_on_a_mean_has_the_printed_price(first: int, left: int, fixed: float, printed: float) -> None:
    found = greeks_of(
        False, CALL, 100.0, options.terms_at_mean(100.0, first, left, 30, fixed, 0.0, 0.0), 0.0, 0.0, 0.0063
    )
    assert found.price == pytest.approx(printed, abs=5.1e-6)


def test_the_limits_of_no_volatility_and_no_time_are_exact() -> None:
    assert greeks(CALL, 110.0, 100.0, 0.0, 0.05, 0.0, 0.2)[:4] == (10.0, 1.0, 0.0, 0.0)
    assert greeks(PUT, 110.0, 100.0, 0.0, 0.05, 0.0, 0.2)[:4] == (0.0, 0.0, 0.0, 0.0)
    assert greeks(CALL, 110.0, 100.0, 1.0, 0.0, 0.0, 0.0)[:4] == (10.0, 1.0, 0.0, 0.0)
    assert normal_greeks(PUT, 90.0, 100.0, 0.0, 0.0, 0.0, 3.0)[:4] == (10.0, -1.0, 0.0, 0.0)
    assert greeks(CALL, 100.0, 100.0, 1.0, 0.0, 0.0, 0.0).vega == pytest.approx(100.0 / math.sqrt(2.0 * math.pi))
    assert black(CALL, 3.0, -1.0, 0.2)[:2] == (4.0, 1.0)
    assert black(PUT, 3.0, -1.0, 0.2)[:2] == (0.0, 0.0)


def test_every_number_is_finite_in_the_furthest_wings() -> None:
    for s in (1e-320, 1e-160, 1e-12, 1.0, 1e3, 1e150):
        for strike in (1e-100, 99.999999, 100.0, 1e100):
            for side in (CALL, PUT):
                assert all(map(math.isfinite, black(side, 100.0, strike, s)))
                assert black(side, 100.0, strike, s).price >= 0.0
                assert all(map(math.isfinite, bachelier(side, 100.0, strike, s)))


def test_mean_variance_runs_from_today_to_the_long_run() -> None:
    assert mean_variance(0.0, 0.0175, 1.5768, 0.0398) == 0.0175
    assert mean_variance(1e9, 0.0175, 1.5768, 0.0398) == pytest.approx(0.0398)
    assert mean_variance(1.0, 0.0175, 0.0, 0.0398) == 0.0175


# --- against exact arithmetic, and each other -----------------------------------------------------------------------


def drawn_terms(count: int) -> np.ndarray:
    """Spot, strike, time, rate, dividend and relative volatility, ``(count, 6)``."""
    random = np.random.default_rng(4)
    spots = 10.0 ** random.uniform(-2.0, 4.0, count)
    return np.stack(
        [
            spots,
            spots * np.exp(random.normal(0.0, 0.3, count)),
            10.0 ** random.uniform(-2.5, 1.0, count),
            random.uniform(-0.05, 0.15, count),
            random.uniform(-0.05, 0.15, count),
            10.0 ** random.uniform(-1.5, 0.0, count),
        ],
        axis=1,
    )


@pytest.mark.parametrize("side", [CALL, PUT])
@pytest.mark.parametrize("normal", [False, True])
def test_every_greek_is_the_derivative_of_the_price(side: int, normal: bool) -> None:
    for spot, strike, time, rate, dividend, volatility in drawn_terms(25):
        used = volatility * spot if normal else volatility
        law = exact_options.bachelier if normal else exact_options.black_scholes
        exact = exact_options.greeks(law(side, strike, dividend), spot, used, time, rate)
        found = (normal_greeks if normal else greeks)(side, spot, strike, time, rate, dividend, used)._asdict()
        scale = {"price": spot, "delta": 1.0, "gamma": 1.0 / spot, "rho": spot * time, "theta": spot / time}
        for name, value in exact.items():
            size = scale.get(name, 1.0 if normal else spot)
            assert found[name] == pytest.approx(value, rel=1e-11, abs=1e-13 * max(size, abs(value))), name


def test_a_call_less_a_put_is_the_forward_less_the_strike_whatever_the_law() -> None:
    for spot, strike, time, rate, dividend, volatility in drawn_terms(500):
        for law, used in ((greeks, volatility), (normal_greeks, volatility * spot)):
            call, put = (law(side, spot, strike, time, rate, dividend, used) for side in (CALL, PUT))
            kept, paid = math.exp(-dividend * time), math.exp(-rate * time)
            assert call.price - put.price == pytest.approx(spot * kept - strike * paid, abs=1e-13 * (spot + strike))
            assert call.delta - put.delta == pytest.approx(kept, rel=1e-13)
            assert (call.gamma, call.vega, call.vanna, call.volga) == (put.gamma, put.vega, put.vanna, put.volga)


def test_an_option_on_a_mean_has_the_greeks_of_its_price() -> None:
    steps, sigma, rate = (40, 20, 30, 1001.0), 0.008, 2e-4
    first, left, count, fixed = steps

    def value(spot: float, volatility: float, later: int = 0, paid: float = rate) -> options.Greeks:
        terms = options.terms_at_mean(100.0, first + later, left, count, fixed, paid, 0.0)
        return greeks_of(False, CALL, spot, terms, paid, 0.0, volatility)

    found = value(100.0, sigma)
    assert found.delta == pytest.approx((value(100.01, sigma).price - value(99.99, sigma).price) / 0.02, rel=1e-6)
    assert found.gamma == pytest.approx((value(100.01, sigma).delta - value(99.99, sigma).delta) / 0.02, rel=1e-5)
    assert found.vega == pytest.approx(
        (value(100.0, sigma + 1e-6).price - value(100.0, sigma - 1e-6).price) / 2e-6, rel=1e-6
    )
    assert -found.theta == pytest.approx((value(100.0, sigma, 1).price - value(100.0, sigma, -1).price) / 2, rel=1e-3)
    assert found.rho == pytest.approx(
        (value(100.0, sigma, 0, rate + 1e-7).price - value(100.0, sigma, 0, rate - 1e-7).price) / 2e-7, rel=1e-3
    )
    settled = options.terms_at_mean(100.0, 55, 1, 1, 0.0, rate, 0.0)
    assert greeks_of(False, CALL, 100.0, settled, rate, 0.0, sigma) == pytest.approx(
        greeks(CALL, 100.0, 100.0, 55.0, rate, 0.0, sigma), rel=1e-12
    )


def test_the_delta_of_an_option_on_a_mean_fades_as_steps_are_fixed() -> None:
    deltas = []
    for left in (30, 20, 10, 1):
        terms = options.terms_at_mean(100.0, 1, left, 30, 100.0 * (30 - left), 0.0, 0.0)
        deltas.append(greeks_of(False, CALL, 100.0, terms, 0.0, 0.0, 0.0063).delta)
    assert deltas == sorted(deltas, reverse=True)
    assert deltas[-1] == pytest.approx(0.5 / 30, rel=0.02)
