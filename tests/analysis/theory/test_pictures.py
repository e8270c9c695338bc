"""Pictures of markets beside what theory says."""

from __future__ import annotations

import numpy as np

from analysis.theory.markets import Markets
from analysis.theory.pictures import FIGURES
from sim.models import hedging


def test_the_picture_of_hedge_errors_has_the_market_on_the_line_of_theory():
    ax = FIGURES["hedging"](Markets(quick=True)).axes[0]
    exact, rule, market = (line.get_xydata() for line in ax.lines[:3])
    assert market[:, 0].tolist() == [2, 4, 8, 21, 42, 84, 168, 252]
    on_line = np.array([hedging.error_deviation(hedging.Option(), int(count)) for count in market[:, 0]])
    errors = on_line * np.sqrt(3.7 / (4 * 400))  # a kurtosis of 4.7
    assert (abs(market[:, 1] - on_line) < 4 * errors).all()
    assert (exact[:, 1] < rule[:, 1]).all()
