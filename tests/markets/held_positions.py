"""Markets in which one agent holds options and nobody trades, and what its positions may lose."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.core.compiled import njit
from sim.core.world import attach
from sim.instruments import margin, scan, value_at_risk
from sim.mesa_model.market import Market
from sim.scenario import parse
from tests.markets.still_markets import SLEEPER

MOVES = 63  # until its options expire: a quarter of a year of 252 days
DEVIATION = 0.2 / math.sqrt(252)  # of a move: 20 % per year
STOCK = {"process": "geometric_brownian", "initial": 100.0, "volatility": DEVIATION}
ACCOUNT = np.int64(0)


@njit
def _margin_of(address, account, instrument, lots):
    return margin.margin_with(attach(address), account, instrument, lots)


@njit
def _stress_of(address, account, instrument, lots):
    return scan.stress_with(attach(address), account, instrument, lots)


@njit
def _tail_of(address, account):
    return value_at_risk.tail_of(attach(address), account)


class Held:
    """A market that stands in its first step, at a price of 100, so many moves before its options expire.

    Parameters
    ----------
    options : by name kind and strike, or the kind alone of a future and a perpetual future.
    lots : lots held at first, by instrument; they can be exchanged by ``hold``.
    """

    def __init__(
        self,
        options: Mapping[str, tuple[str, float] | tuple[str]],
        lots: Mapping[str, int],
        cash: float = 0.0,
        lot_size: float = 1.0,
        stocks: Mapping[str, Mapping[str, Any]] | None = None,
        **tables: Any,
    ) -> None:
        def derivative(kind: str, strike: float | None = None) -> dict[str, Any]:
            expiring = {} if kind == "perpetual" else {"expiry": MOVES}
            stricken = {} if strike is None else {"strike": strike}
            return {"kind": kind, "of": "ACME", "settles_at": "mid", **expiring, **stricken}

        values = {"ACME": STOCK} | dict(stocks or {})
        listed = [{"name": name, "lot_size": lot_size, "value": dict(value)} for name, value in values.items()]
        listed += [
            {"name": name, "lot_size": lot_size, "derivative": derivative(*said)} for name, said in options.items()
        ]
        self.names = [each["name"] for each in listed]
        self.market = Market(
            parse(
                {
                    "run": {"steps": 10 * MOVES, "seed": 3},
                    "money": {"unit": min(1e-6, 1e-2 * lot_size)},
                    "instruments": listed,
                    "venues": [{"name": "lit", "instrument": "ACME", "tick_size": 0.01}],
                    "populations": [{**SLEEPER, "endowment": {"cash": cash, "positions": dict(lots)}}],
                    "record": {"agents_every": 1},
                    **tables,
                }
            )
        )
        self.market.step()
        self.world = self.market.world
        self.world.clock[0]["step"] = 0  # a step's end is as near as one comes to the moment before it
        self.address = self.market.session._built.storage.address

    def hold(self, lots: Mapping[str, int]) -> None:
        """Exchange all that is held."""
        for place, name in enumerate(self.names):
            self.world.holdings[place]["lots"] = lots.get(name, 0)

    def margin(self, instrument: str = "", lots: int = 0) -> tuple[float, float, float]:
        """What is available, and both requirements, with so many lots more."""
        found: tuple[float, float, float] = _margin_of(self.address, ACCOUNT, self._place(instrument), np.int64(lots))
        return found

    def stress(self, instrument: str = "", lots: int = 0) -> float:
        """Worst loss, with so many lots more."""
        return float(_stress_of(self.address, ACCOUNT, self._place(instrument), np.int64(lots)))

    def tail(self) -> tuple[float, float]:
        """Value at risk and expected shortfall."""
        found: tuple[float, float] = _tail_of(self.address, ACCOUNT)
        return found

    def know(self, moves: np.ndarray) -> None:
        """Let these joint moves, (moves, stocks), be all that is known."""
        risk = self.world.risk[0]
        assert len(moves) <= risk["window"]
        self.world.moves[: moves.size] = moves.ravel()
        risk["moves"], risk["revalued"], risk["covaried"] = len(moves), 0, 0

    def gains(self, instrument: str) -> np.ndarray:
        """What a unit gains in each scenario of the scan, (prices, volatilities)."""
        self.stress()
        found: np.ndarray = np.asarray(self.world.scan).reshape(len(self.names), -1, 3)[self.names.index(instrument)]
        return found

    def _place(self, instrument: str) -> np.int64:
        return np.int64(self.names.index(instrument) if instrument else -1)
