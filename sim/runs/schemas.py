"""The columns of a run's tables: their types, units and meanings."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from sim.scenario import Scenario
from sim.strategy_kit import registry
from sim.strategy_kit.loading.uses import has_opinions

_COUNT, _LOTS, _CURRENCY, _STEPS, _SECONDS = "number", "lots", "currency", "steps", "seconds"
_NAMES = pa.dictionary(pa.int32(), pa.string())
_Column = tuple[str, Any, str, str]  # name, type, unit, meaning

_WHEN = (
    ("episode", pa.int64(), _COUNT, "episode, from 0"),
    ("step", pa.int64(), _STEPS, "step of the episode, from 0"),
    ("seconds", pa.float64(), _SECONDS, "market time since the episode began"),
)
_WHO = (
    ("population", _NAMES, "", "population"),
    ("agent", pa.int32(), _COUNT, "number within the population; none where a row is a whole population"),
)
_PAID = (
    ("fees", pa.float64(), _CURRENCY, "fees paid since the episode began, negative for rebates received"),
    ("dividends", pa.float64(), _CURRENCY, "dividends received since the episode began"),
    ("interest", pa.float64(), _CURRENCY, "interest received since the episode began, negative if paid"),
)
_HEDGE = ("hedge", _NAMES, "", "whose order was sent by a hedge; none without one")
_FUNDING = ("funding", pa.float64(), _CURRENCY, "funding of perpetual futures received, negative if paid")
_FORGIVEN = ("forgiven", pa.float64(), _CURRENCY, "what the account default paid of its losses")
_PRESENCE = ("presence", pa.float64(), "share of turns", "how often it kept its obligation; none without one")
_TRADES = (
    *_WHEN,
    ("sequence", pa.int64(), _COUNT, "serial number among trades and logged messages"),
    ("venue", _NAMES, "", "venue"),
    ("price", pa.float64(), _CURRENCY, "price of the trade"),
    ("quantity", pa.int64(), _LOTS, "lots traded"),
    ("aggressor", _NAMES, "", "side of the taker"),
    ("maker_population", _NAMES, "", "population whose order rested"),
    ("maker", pa.int32(), _COUNT, "number of the maker within its population"),
    ("taker_population", _NAMES, "", "population whose order arrived"),
    ("taker", pa.int32(), _COUNT, "number of the taker within its population"),
    ("maker_order", pa.int64(), _COUNT, "public number of the resting order"),
    ("taker_order", pa.int64(), _COUNT, "public number of the arriving order"),
    ("maker_fee", pa.float64(), _CURRENCY, "fee the maker paid, negative for a rebate"),
    ("taker_fee", pa.float64(), _CURRENCY, "fee the taker paid, negative for a rebate"),
    ("mark", pa.float64(), _CURRENCY, "mid of the consolidated book just before, or the last valid one"),
    ("microprice", pa.float64(), _CURRENCY, "best quotes just before, each weighted by the other's lots"),
    ("value", pa.float64(), _CURRENCY, "fundamental value at the time"),
    ("belief", pa.float64(), _CURRENCY, "what the maker took the value to be; none if it does not say"),
)
_BOOK = (
    *_WHEN,
    ("venue", _NAMES, "", "venue"),
    ("bid", pa.float64(), _CURRENCY, "best bid at the end of the step; none where there is none"),
    ("bid_volume", pa.int64(), _LOTS, "lots at the best bid"),
    ("ask", pa.float64(), _CURRENCY, "best ask at the end of the step; none where there is none"),
    ("ask_volume", pa.int64(), _LOTS, "lots at the best ask"),
    ("bid_depth", pa.int64(), _LOTS, "lots on the whole bid side, those included that an auction hides"),
    ("ask_depth", pa.int64(), _LOTS, "lots on the whole ask side, those included that an auction hides"),
    ("orders", pa.int64(), _COUNT, "resting orders on both sides"),
    ("last", pa.float64(), _CURRENCY, "price of the last trade"),
    ("mark", pa.float64(), _CURRENCY, "mid of the consolidated book, or the last valid one; none yet"),
    ("microprice", pa.float64(), _CURRENCY, "best quotes, each weighted by the lots at the other"),
    ("value", pa.float64(), _CURRENCY, "fundamental value"),
    ("public_value", pa.float64(), _CURRENCY, "what everybody knows of the value"),
    ("indicative", pa.float64(), _CURRENCY, "price at which an auction that is running would clear"),
    ("imbalance", pa.int64(), _LOTS, "demand less supply that such an auction would leave"),
)
_AGENTS = (
    *_WHEN,
    *_WHO,
    ("cash", pa.float64(), _CURRENCY, "cash"),
    ("wealth", pa.float64(), _CURRENCY, "cash and positions at the mark"),
    *_PAID,
)
_OPINION = (
    "opinion", pa.float64(), _COUNT, "what the agent last published, or the mean of those whose opinion is known"
)  # fmt: skip
_EPISODES = (
    _WHEN[0],
    *_WHO,
    ("payoff", pa.float64(), _CURRENCY, "wealth after settlement less wealth at the start"),
    ("private_value", pa.float64(), _CURRENCY, "private value of what was acquired and parted with"),
    ("cash", pa.float64(), _CURRENCY, "cash after settlement"),
    *_PAID,
    ("trades", pa.int64(), _COUNT, "trades, as maker or taker"),
    ("volume", pa.int64(), _LOTS, "lots traded"),
    ("messages", pa.int64(), _COUNT, "order messages sent"),
)
_SETTLEMENTS = (
    _WHEN[0],
    ("instrument", _NAMES, "", "instrument"),
    ("initial", pa.float64(), _CURRENCY, "mark when the episode began"),
    ("price", pa.float64(), _CURRENCY, "price at which positions were closed, or else the last mark"),
    ("value", pa.float64(), _CURRENCY, "fundamental value at the episode's end"),
    ("marked", pa.bool_(), "yes or no", "whether the mark ever was a price: a mid, or that of an auction"),
)
_LIMITS = (
    _WHEN[0],
    *_WHO,
    ("limit", pa.int32(), _COUNT, "number among the limits of its population, then those of its capital"),
    ("of", _NAMES, "", "what is limited; capital: lots, by the member's capital"),
    ("on", _NAMES, "", "the instrument of a position, or that greeks are to; nothing of the others"),
    ("action", _NAMES, "", "what is done about it"),
    ("most", pa.float64(), "", "the most that is allowed, in the limit's own unit; none of capital, where it moves"),
    ("worst", pa.float64(), "", "the most that it came to at the end of a step"),
    ("steps_over", pa.int64(), _STEPS, "steps at whose end it was passed"),
    ("steps_acted", pa.int64(), _STEPS, "steps after which its action was taken"),
    ("rejected", pa.int64(), _COUNT, "messages of which it let nothing enter"),
    ("cut", pa.int64(), _LOTS, "lots that it took off other messages"),
)
_MARGIN_CALLS = (
    *_WHEN,
    *_WHO,
    ("event", _NAMES, "", "call, met, closing (the clearing house begins to close positions) or default"),
    ("available", pa.float64(), _CURRENCY, "what the account had for margin"),
    ("maintenance", pa.float64(), _CURRENCY, "maintenance margin"),
    ("paid", pa.float64(), _CURRENCY, "what the account default paid"),
)
_MESSAGES = (
    *_WHEN,
    ("sequence", pa.int64(), _COUNT, "serial number among trades and messages, after its own trades"),
    ("venue", _NAMES, "", "venue"),
    *_WHO,
    ("kind", _NAMES, "", "what the message was; expire, self_trade and withdraw are removals by rule"),
    ("side", _NAMES, "", "side of the order"),
    ("price", pa.float64(), _CURRENCY, "price, 0 for a market order"),
    ("asked", pa.float64(), _CURRENCY, "price that was asked for: another where a venue repriced; none of a removal"),
    ("quantity", pa.int64(), _LOTS, "lots of a new or replaced order, lots removed by a removal"),
    ("filled", pa.int64(), _LOTS, "lots traded at once"),
    ("order", pa.int64(), _COUNT, "public number of the order"),
    ("slope", pa.float64(), "lots per currency", "of a demand schedule; its price is where it wants none"),
    ("centre", pa.float64(), _CURRENCY, "of a demand schedule: where it wants none, between ticks too"),
    ("turn", pa.int64(), _COUNT, "which of its turns in the step an agent sent it in; 0 where it has one"),
)


def schemas_of(scenario: Scenario) -> dict[str, pa.Schema]:
    """The schema of each table of a scenario's runs, by name; unit and meaning are in each field's metadata."""
    tables = {
        "trades": (*_TRADES, *_hedges(scenario)),
        "book": (*_BOOK, *_deeper_levels(scenario)),
        "agents": (
            *_AGENTS,
            *_funding(scenario),
            *_opinions(scenario),
            *_inventories(scenario),
            *_greeks(scenario),
            *_risks(scenario),
        ),
        "episodes": (*_EPISODES, *_funding(scenario), *_presence(scenario), *_inventories(scenario)),
        "settlements": _SETTLEMENTS,
        "limits": _LIMITS,
        "margin_calls": _MARGIN_CALLS,
        "messages": _MESSAGES,
    }
    return {name: _fields(*columns) for name, columns in tables.items()}


def _fields(*columns: _Column) -> pa.Schema:
    return pa.schema(
        [pa.field(name, kind, metadata={"unit": unit, "meaning": text}) for name, kind, unit, text in columns]
    )


def _inventories(scenario: Scenario) -> list[_Column]:
    names = [instrument.name for instrument in scenario.instruments]
    return [(f"inventory.{name}", pa.int64(), _LOTS, f"lots of {name} held") for name in names]


def _hedges(scenario: Scenario) -> list[_Column]:
    return [_HEDGE] if any(each.hedge for each in scenario.populations) else []


def _funding(scenario: Scenario) -> list[_Column]:
    funding = [_FUNDING] if any(each.what == "perpetual" for each in scenario.instruments) else []
    return [*funding, _FORGIVEN] if scenario.margin else funding


_MEANT = (
    ("delta", "units", "units of {} that its positions are worth"),
    ("gamma", "units per currency", "change of delta with the price of {}"),
    ("vega", "currency", "change of worth with volatility of {}, per 1 of it per square root of a step"),
    ("theta", "currency per step", "change of worth of what follows from {} as time passes"),
    ("vanna", "units", "change of delta with volatility of {}"),
    ("volga", "currency", "change of vega with volatility of {}"),
)


def _greeks(scenario: Scenario) -> list[_Column]:
    if not any(each.is_derivative for each in scenario.instruments):
        return []
    stocks = [each.name for each in scenario.instruments if not each.is_derivative]
    return [
        (f"{greek}.{stock}", pa.float64(), unit, meaning.format(stock))
        for stock in stocks
        for greek, unit, meaning in _MEANT
    ]


_RISKS = (
    ("equity", "cash and positions at the mark, against which margin is held; wealth"),
    ("margin", "what is needed to keep the positions; none without margin"),
    (
        "value_at_risk",
        "loss that is not exceeded at the confidence, over the horizon; none while few moves are known",
    ),
    ("expected_shortfall", "mean loss beyond the tail confidence; none while few moves are known"),
    ("stress", "worst loss of the scan of prices and volatilities"),
)


def risk_columns(scenario: Scenario) -> tuple[str, ...]:
    """Columns of what agents have and may lose, of RISK_COLUMNS: margin only where there is some."""
    if scenario.risk is None:
        return ()
    return tuple(name for name, _ in _RISKS if name != "margin" or scenario.margin is not None)


def _risks(scenario: Scenario) -> list[_Column]:
    return [(name, pa.float64(), _CURRENCY, dict(_RISKS)[name]) for name in risk_columns(scenario)]


def _opinions(scenario: Scenario) -> list[_Column]:
    return [_OPINION] if has_opinions(registry.get(each.strategy) for each in scenario.populations) else []


def _presence(scenario: Scenario) -> list[_Column]:
    return [_PRESENCE] if any(population.obligation for population in scenario.populations) else []


def _deeper_levels(scenario: Scenario) -> list[_Column]:
    levels = range(1, scenario.record.levels + 1) if scenario.record.levels > 1 else ()
    return [
        column
        for level in levels
        for column in (
            (f"bid_{level}", pa.float64(), _CURRENCY, f"price of bid level {level}"),
            (f"bid_volume_{level}", pa.int64(), _LOTS, f"lots at bid level {level}"),
            (f"ask_{level}", pa.float64(), _CURRENCY, f"price of ask level {level}"),
            (f"ask_volume_{level}", pa.int64(), _LOTS, f"lots at ask level {level}"),
        )
    ]
