"""The network of trade: edges are who paid whom, a node nets what it won less fees; and the centralities."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from analysis.money.trade_network import CENTRALITIES, centralities, figure, trade_network
from analysis.money.who_paid_whom import who_paid_whom
from sim.core.errors import RunError
from sim.runs.execute import execute
from sim.scenario import load, parse
from tests.command_line import take
from tests.markets.random_markets import random_market
from tests.markets.still import THEORY, still


@pytest.mark.parametrize("number", range(30))
def test_edges_are_who_paid_whom_and_nodes_net_their_rows(number: int):
    run = execute(parse(random_market(number)))
    graph, found = trade_network(run), who_paid_whom(run)
    matrix, table = found.matrix(), found.table()
    for loser, winner, data in graph.edges(data=True):
        assert data["money"] >= 0
        if "venue" in (graph.nodes[loser]["kind"], graph.nodes[winner]["kind"]):
            continue
        assert data["money"] == pytest.approx(matrix.loc[winner, loser], abs=1e-9)
    for a in matrix.index:
        for b in matrix.index:
            if matrix.loc[a, b] > 1e-9:
                assert graph.has_edge(b, a)
        fees = [column for column in table.columns if str(column).startswith("fees ")]
        assert graph.nodes[a]["net"] == pytest.approx(matrix.loc[a].sum() + table.loc[a, fees].sum(), abs=1e-6)
    assert sum(net for _, net in graph.nodes(data="net")) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("by", ["population", "agent"])
@pytest.mark.parametrize("number", [3, 11, 12, 19])
def test_edges_carry_the_lots_and_trades_between_two(number: int, by: str):
    run = execute(parse(random_market(number)))
    graph = trade_network(run, by)
    lots: dict[frozenset[str], list[int]] = defaultdict(lambda: [0, 0])
    for row in run.trades.itertuples(index=False):
        pair = [row.maker_population, row.taker_population]
        if by == "agent":
            pair = [f"{row.maker_population} {row.maker}", f"{row.taker_population} {row.taker}"]
        if pair[0] != pair[1]:
            lots[frozenset(pair)][0] += row.quantity
            lots[frozenset(pair)][1] += 1
    edges = [(frozenset(ends), data) for *ends, data in graph.edges(data=True) if data["trades"]]
    traded = {ends: [data["lots"], data["trades"]] for ends, data in edges}
    assert traded == dict(lots)
    names = [each.name for each in run.scenario.populations]
    for node, data in graph.nodes(data=True):
        assert data["kind"] in (by, "venue")
        assert data["population"] in names or data["kind"] == "venue", node


def test_fees_lead_to_the_venue_and_rebates_away_from_it():
    venue = {"taker_fee": 0.01, "maker_fee": -0.004, "fee_per": "lot"}
    run = execute(parse(still(50, venue=venue)))
    graph, lots = trade_network(run), run.trades["quantity"].sum()
    assert graph.edges["noise", "fees lit"]["money"] == pytest.approx(0.01 * lots)
    assert graph.edges["fees lit", "makers"]["money"] == pytest.approx(0.004 * lots)
    assert graph.nodes["fees lit"]["net"] == pytest.approx(0.006 * lots)
    assert graph.nodes["fees lit"]["kind"] == "venue"
    assert graph.edges["noise", "makers"]["money"] == pytest.approx(0.05 * lots)
    assert centralities(graph).index.tolist() == ["makers", "noise"]


def test_centralities_by_hand():
    graph = nx.DiGraph()
    for name in "abcd":
        graph.add_node(name, kind="population", population=name, net=0.0)
    graph.add_edge("a", "b", money=3.0, lots=10.0, trades=2)
    graph.add_edge("b", "c", money=1.0, lots=30.0, trades=1)
    found = centralities(graph)
    assert list(found.columns) == list(CENTRALITIES)
    assert found["received"].tolist() == [0, 3, 1, 0]
    assert found["paid"].tolist() == [3, 1, 0, 0]
    assert found["lots"].tolist() == [10, 40, 30, 0]
    assert found["partners"].tolist() == [1, 2, 1, 0]
    assert found["strength"].tolist() == [0.125, 0.5, 0.375, 0]
    assert found["betweenness"].tolist() == [0, pytest.approx(1 / 3), 0, 0]  # of three pairs of others, one
    assert found["pagerank"].sum() == pytest.approx(1.0)
    a, b, c, d = found["pagerank"]  # of what is found at one, 0.85 moves on to whom it pays
    assert (b, c, d) == (pytest.approx(a + 0.85 * a, rel=1e-4), pytest.approx(a + 0.85 * b, rel=1e-4), pytest.approx(a))
    assert "length" not in graph.edges["a", "b"]  # the graph is left as it was


def test_a_network_without_trades_has_nodes_and_no_edges():
    quiet = {"arrivals": {"law": "bernoulli", "probability": 0.0}}
    graph = trade_network(execute(parse(still(5, noise=quiet))))
    assert (set(graph), graph.number_of_edges()) == ({"makers", "noise"}, 0)
    found = centralities(graph)
    assert (found["lots"] == 0).all()
    assert found["strength"].isna().all()
    assert found["pagerank"].tolist() == pytest.approx([0.5, 0.5])
    assert figure(graph) is not None


def test_networks_that_are_too_large_or_asked_for_wrongly_are_refused():
    crowd = {"count": 2001, "arrivals": {"law": "bernoulli", "probability": 0.0}}
    with pytest.raises(RunError, match=r"2,002 agents is too large — take populations"):
        trade_network(execute(parse(still(2, noise=crowd))), "agent")
    with pytest.raises(RunError, match="not by 'venue'"):
        trade_network(execute(parse(still(2))), "venue")
    with pytest.raises(RunError, match="kept no trades"):
        trade_network(execute(parse(still(5, record={"trades": False}))))


def test_the_command_prints_a_table_one_json_object_and_a_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    run = execute(load(THEORY / "glosten_milgrom.toml", {"run.episodes": 50}), tmp_path, "gm")
    for by in ("population", "agent"):
        assert take("trade_network", [str(run.folder), "--by", by]) == 0
        assert "betweenness" in capsys.readouterr().out.replace("\n", "")
    picture = tmp_path / "network.png"
    assert take("trade_network", [str(run.folder), "--json", "--figure", str(picture)]) == 0
    said = json.loads(capsys.readouterr().out)["runs"][0]["rows"]
    assert [each["trader"] for each in said] == ["makers", "noise", "informed"]
    assert sum(each["strength"] for each in said) == pytest.approx(1.0)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert take("trade_network", [str(run.folder), "--figure", str(tmp_path / "nowhere" / "network.png")]) == 2
    assert "there is no folder" in capsys.readouterr().err
    assert take("trade_network", [str(run.folder), "--figure", str(tmp_path / "network.abc")]) == 2
    assert "end its name in .png, .svg, .pdf" in capsys.readouterr().err


def test_no_trade_at_all_is_one_json_object_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    quiet = {"arrivals": {"law": "bernoulli", "probability": 0.0}}
    run = execute(parse(still(5, noise=quiet)), tmp_path, "quiet")
    assert take("trade_network", [str(run.folder), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)["runs"][0]["rows"]
    assert [each["lots"] for each in said] == [0, 0]
    assert np.isfinite([each["pagerank"] for each in said]).all()
