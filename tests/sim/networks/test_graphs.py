"""Each kind of network has the links that its name promises, from one seed always the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from sim.core.errors import RunError, ScenarioError
from sim.networks.edge_list import read_edges
from sim.networks.fit import unfit
from sim.networks.graphs import distances, is_drawn, links_of
from sim.scenario.tables import networks as tables

MEMBERS = 60


def table(kind: str, **settings: Any) -> Any:
    classes = {each.model_fields["kind"].annotation.__args__[0]: each for each in vars(tables).values()
               if isinstance(each, type) and "kind" in getattr(each, "model_fields", {})}  # fmt: skip
    return classes[kind](name="friends", kind=kind, **settings)


KINDS = {
    "complete": {},
    "ring": {"degree": 4},
    "lattice": {},
    "small_world": {},
    "scale_free": {},
    "random": {"mean_degree": 3.0},
    "blocks": {"groups": 3, "within": 0.4, "between": 0.02},
    "star": {},
}


def degrees(network: Any, members: int = MEMBERS, seed: int = 1) -> np.ndarray:
    return np.diff(links_of(network, members, seed).starts)


@pytest.mark.parametrize("kind", KINDS)
def test_links_go_both_ways_lead_to_others_and_are_sorted(kind: str) -> None:
    links = links_of(table(kind, **KINDS[kind]), MEMBERS, 1)
    lists = np.split(links.neighbours, links.starts[1:-1])
    for member, own in enumerate(lists):
        assert member not in own
        assert (np.diff(own) > 0).all()
        assert all(member in lists[other] for other in own)


@pytest.mark.parametrize("kind", KINDS)
def test_components_and_distances_are_those_that_networkx_finds(kind: str) -> None:
    network = table(kind, **KINDS[kind])
    links = links_of(network, MEMBERS, 1)
    graph = nx.complete_graph(MEMBERS) if kind == "complete" else nx.Graph()
    graph.add_nodes_from(range(MEMBERS))
    graph.add_edges_from(
        (a, b) for a in range(MEMBERS) for b in links.neighbours[links.starts[a] : links.starts[a + 1]]
    )
    for component in nx.connected_components(graph):
        for member in component:
            assert links.leaders[member] == min(component)
            assert links.sizes[member] == len(component)
    found = distances(network, MEMBERS, 1, (0, 7))
    known = nx.multi_source_dijkstra_path_length(graph, {0, 7}, weight=None)
    assert found.tolist() == [known.get(member, -1) for member in range(MEMBERS)]


def test_kinds_have_the_degrees_of_their_name() -> None:
    assert set(degrees(table("ring", degree=4))) == {4}
    assert set(degrees(table("lattice"))) == {4}  # a torus
    assert sorted(set(degrees(table("lattice", periodic=False, columns=10)))) == [2, 3, 4]
    assert degrees(table("star")).tolist() == [MEMBERS - 1] + [1] * (MEMBERS - 1)
    assert degrees(table("small_world", degree=4, rewiring=0.0)).tolist() == [4] * MEMBERS
    assert degrees(table("scale_free", links=1)).sum() == 2 * (MEMBERS - 1)
    assert degrees(table("random", mean_degree=0.0)).sum() == 0
    assert degrees(table("random", mean_degree=4.0), 20_000).mean() == pytest.approx(4.0, abs=0.12)
    within = links_of(table("blocks", groups=2, within=1.0, between=0.0), MEMBERS, 1)
    assert set(within.sizes) == {MEMBERS // 2}


@pytest.mark.parametrize("kind", KINDS)
def test_one_seed_draws_one_graph_and_another_seed_another_where_chance_has_a_part(kind: str) -> None:
    network = table(kind, **KINDS[kind])
    one, same, other = (links_of(network, MEMBERS, seed).neighbours.tolist() for seed in (1, 1, 2))
    assert one == same
    assert (one != other) == is_drawn(network)


def test_networks_of_two_names_are_drawn_apart() -> None:
    network = table("random", mean_degree=3.0)
    other = network.model_copy(update={"name": "rivals"})
    assert links_of(network, MEMBERS, 1).neighbours.tolist() != links_of(other, MEMBERS, 1).neighbours.tolist()


@pytest.mark.parametrize(
    ("kind", "settings", "members"),
    [
        ("ring", {"degree": 4}, 4),
        ("small_world", {"degree": 4}, 3),
        ("lattice", {"columns": 7}, 60),
        ("scale_free", {"links": 3}, 3),
        ("random", {"mean_degree": 60.0}, 60),
        ("blocks", {"groups": 7, "within": 0.5, "between": 0.5}, 60),
        ("blocks", {"groups": 10_000, "within": 0.5, "between": 0.0}, 10_000),
        ("random", {"mean_degree": 9_999.0}, 10_000),
    ],
)
def test_a_network_that_does_not_fit_its_members_is_refused_in_words(kind: str, settings: Any, members: int) -> None:
    assert unfit(table(kind, **settings), members)
    assert not unfit(table(kind, **KINDS[kind]), MEMBERS)


@pytest.mark.parametrize("kind", ["complete", "star", "random", "lattice", "blocks"])
def test_one_member_has_no_neighbours(kind: str) -> None:
    settings = (
        KINDS[kind] | ({"mean_degree": 0.0} if kind == "random" else {}) | ({"groups": 1} if kind == "blocks" else {})
    )
    assert not unfit(table(kind, **settings), 1)
    links = links_of(table(kind, **settings), 1, 1)
    assert (len(links.neighbours), links.sizes.tolist()) == (0, [1])


# --- files ----------------------------------------------------------------------------------------------------------


def test_an_edge_list_is_read_whatever_the_direction_and_repetition(tmp_path: Path) -> None:
    path = tmp_path / "edges.csv"
    path.write_text("\ufeffb, a ,since\n1,0,2001\n0,1,2001\n\n2,1,1999\n", encoding="utf-8")
    assert sorted(map(sorted, read_edges(path).tolist())) == [[0, 1], [0, 1], [1, 2]]
    links = links_of(table("file", path=str(path)), 4, 1)
    assert links.starts.tolist() == [0, 1, 3, 4, 4]
    assert links.neighbours.tolist() == [1, 0, 2, 1]
    path.write_text("a,b\n2,3\n", encoding="utf-8")  # a file that changed is read anew
    assert links_of(table("file", path=str(path)), 4, 1).neighbours.tolist() == [3, 2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n", "has no links"),
        ("", "has no column 'a' — its header is a,b"),
        ("a,c\n0,1\n", "has no column 'b'"),
        ("a,b,a\n0,1,2\n", "has 2 columns 'a' — leave one of them"),
        ("a,a,b\n0,1,2\n", "has 2 columns 'a' — leave one of them"),
        ("b,a\n0,x\n", "line 2, column 'a': 'x' is not"),
        ("a,b\n0,1\n3,3\n", "line 3: member 3 is linked with itself"),
        ("a,b\n0,1\n0,x\n", "line 3, column 'b': 'x' is not the number of a member"),
        ("a,b\n0,1\n-1,2\n", "line 3, column 'a': '-1' is not"),
        ("a,b\n0\n", "line 2, column 'b': '' is not"),
        ("a,b\n1.5,2\n", "'1.5' is not"),
    ],
)
def test_a_wrong_edge_list_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "edges.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_edges(path)
    assert said in str(caught.value)


def test_a_file_of_links_that_changed_since_it_was_checked_is_told_with_its_key(tmp_path: Path) -> None:
    path = tmp_path / "edges.csv"
    for text, said in (("a,b\n0,0\n", "line 2: member 0 is linked with itself"), ("a,b\n0,7\n", "links member 7")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(RunError, match=rf"^networks\.friends\.path: .*{said}"):
            links_of(table("file", path=str(path)), 4, 1)
    path.unlink()
    with pytest.raises(RunError, match=r"there is no file .* — it was another file when the scenario was checked"):
        links_of(table("file", path=str(path)), 4, 1)


def test_a_missing_edge_list_and_a_folder_are_refused(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 5_000)
    for path, said in (
        (tmp_path / "none.csv", "there is no file"),
        (tmp_path, "is not a file"),
        (long, "File name too long"),
    ):
        with pytest.raises(ScenarioError, match=said) as caught:
            read_edges(path)
        assert [each.place for each in caught.value.problems] == ["path"]
        assert len(caught.value.problems[0].message) < 400
