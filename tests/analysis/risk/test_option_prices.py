"""The measure of one option: printed and exact digits, its implied volatility, and what it refuses."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.reading import registry
from sim.core.errors import RunError
from tests.command_line import take
from tests.oracles import exact_options

PRINTED = {  # spot, strike, years, rate, dividend, volatility: call, put
    (100, 100, 1, 0.05, 0, 0.2): (10.450584, 5.573526),
    (42, 40, 0.5, 0.1, 0, 0.2): (4.759422, 0.808599),
    (49, 50, 20 / 52, 0.05, 0, 0.2): (2.400527, 2.448175),
    (100, 110, 0.25, 0.02, 0.01, 0.3): (2.560117, 12.261177),
}
WORDS = ("--spot", "--strike", "--years", "--rate", "--dividend", "--volatility")
HERE = ["--spot", "100", "--strike", "110", "--years", "1"]


def said(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    assert take("option_prices", [*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("case", PRINTED)
def test_the_command_gives_every_digit_of_prices_and_greeks(case: tuple[float, ...], capsys) -> None:
    words = [word for pair in zip(WORDS, map(repr, case), strict=True) for word in pair]
    found = said(capsys, *words)
    spot, strike, years, rate, dividend, volatility = map(float, case)
    for side, name, printed in ((1, "call", PRINTED[case][0]), (-1, "put", PRINTED[case][1])):
        exact = exact_options.greeks(exact_options.black_scholes(side, strike, dividend), spot, volatility, years, rate)
        assert found[name] == pytest.approx(exact, rel=0, abs=1e-9)
        assert found[name]["price"] == pytest.approx(printed, abs=5.1e-7)
        assert list(found[name]) == ["price", "delta", "gamma", "vega", "theta", "rho", "vanna", "volga"]
    assert "implied_volatility" not in found
    assert [row["option"] for row in found["rows"]] == ["call", "put"]


@pytest.mark.parametrize("kind", ["call", "put"])
def test_a_price_gives_its_volatility_back(kind: str, capsys) -> None:
    price = said(capsys, *HERE, "--volatility", "0.25", "--rate", "-1e-3")[kind]["price"]
    found = said(capsys, *HERE, "--rate", "-1e-3", "--kind", kind, "--price", repr(price))
    assert found["implied_volatility"] == pytest.approx(0.25, abs=1e-12)
    assert found[kind]["price"] == pytest.approx(price, rel=1e-12)  # without a volatility, at the implied one
    assert take("option_prices", [*HERE, "--kind", kind, "--price", repr(price)]) == 0
    assert f"implied volatility of the {kind}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            [*HERE, "--kind", "put", "--price", "9.5"],
            "price 9.5 of the put is less than without any volatility — give ",
        ),
        ([*HERE, "--kind", "call", "--price", "100"], "not less than with the greatest — give --price from 0 to below"),
        ([*HERE, "--volatility", "nan"], "argument --volatility: 'nan' is not a number"),
        ([*HERE, "--volatility", "-0.2"], "argument --volatility: -0.2 is too small"),
        ([*HERE, "--volatility", "1e9"], "argument --volatility: 1e9 is too large"),
        (
            [*HERE[:4], "--years", "0", "--kind", "call", "--price", "1"],
            "years is 0, when a price implies no volatility",
        ),
        (["--spot", "0", *HERE[2:], "--volatility", "1"], "argument --spot: 0 is too small"),
        (["--spot", "--strike", "100"], "argument --spot: '--strike' is not a number"),
        (HERE, "no volatility — give --volatility N"),
        (["--strike", "100"], "no spot, no years, no volatility — give --spot N, --years N, --volatility N"),
        ([*HERE, "--volatility", "1", "--kind", "put"], "--kind and --price belong together"),
        ([*HERE, "--volatility", "1", "--price", "5"], "--kind and --price belong together"),
        ([*HERE, "--volatility", "1", "--kind", "straddle", "--price", "5"], "choose from 'call', 'put'"),
        ([*HERE, "--sigma", "1"], "'--sigma' is no option"),
        ([*HERE, "--volatility", "1", "--figure", "a.png"], "'--figure' is no option"),
    ],
)
def test_what_cannot_be_is_refused_with_place_value_and_remedy(words: list[str], says: str, capsys) -> None:
    assert take("option_prices", words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert says in told.err
    assert "Traceback" not in told.err


def test_in_python_the_same_table_comes_from_the_registry() -> None:
    measure = registry.get("option_prices")
    frame = measure.of(None, spot=100, strike=100, years=1, volatility=0.2, rate=0.05)
    assert frame.loc["call", "price"] == pytest.approx(10.450584, abs=5e-7)
    with pytest.raises(RunError, match="spot must be a number from 1e-12"):
        measure.of(None, spot=-1, strike=100, years=1, volatility=0.2)


@settings(max_examples=300, deadline=None)
@given(
    spot=st.floats(1e-12, 1e12), strike=st.floats(1e-12, 1e12), years=st.floats(0, 100), volatility=st.floats(0, 100),
    rate=st.floats(-3, 3), dividend=st.floats(-3, 3), price=st.none() | st.floats(0, 1e12),
)  # fmt: skip
def test_numbers_within_bounds_give_finite_numbers_or_one_error(price: float | None, **terms: float) -> None:
    more = {} if price is None else {"kind": "call", "price": price}
    try:
        frame = registry.get("option_prices").of(None, **terms, **more)
    except RunError:  # in words
        return
    assert all(map(math.isfinite, frame.to_numpy(float).ravel()))
    assert (frame["price"] >= 0.0).all()
