"""Kinds of instrument: what a scenario may say."""

from __future__ import annotations

import pytest

from sim.core.errors import ScenarioError
from sim.instruments.kinds import KINDS
from sim.runs.execute import execute
from sim.scenario import dump_toml, parse
from tests.markets.still_markets import WALK, market


def test_an_instrument_is_a_stock_unless_it_says_otherwise():
    said, silent = parse(market(WALK, 5, kind="stock")), parse(market(WALK, 5))
    assert said == silent
    assert 'kind = "stock"' in dump_toml(silent)
    assert execute(said).book["value"].tolist() == execute(silent).book["value"].tolist()


def test_an_unknown_kind_is_refused_with_the_list_of_kinds():
    with pytest.raises(ScenarioError) as caught:
        parse(market(WALK, 5, kind="bond"))
    assert str(caught.value).splitlines()[1:] == [f"  instruments.ACME.kind: 'bond' is not one of {', '.join(KINDS)}"]
