"""What a scenario says of networks, of signals along them and of arrivals that excite arrivals, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.core.errors import ScenarioError
from sim.scenario import dump_toml, parse
from spreadgame.commands.parser import main

BINARY = {"process": "binary", "low": 0.0, "high": 1.0}


def market(folder: Path | None = None, networks: Any = (), value: Any = None, others: Any = (), **fields: Any) -> Any:
    """A market in which population ``p`` of ten has these fields."""
    tree = {
        "run": {"steps": 10},
        "instruments": [{"name": "ACME", "value": value or {"process": "constant", "initial": 100.0}}],
        "venues": [{"name": "lit"}],
        "networks": list(networks),
        "populations": [{"name": "p", "strategy": "noise", "count": 10} | fields, *others],
    }
    return parse(tree, "<text>", folder or Path())


RING = {"name": "friends", "kind": "ring"}
NOISE = {"name": "q", "strategy": "noise"}


def refused(**fields: Any) -> str:
    with pytest.raises(ScenarioError) as caught:
        market(**fields)
    return str(caught.value)


def test_a_population_may_have_a_network_and_what_is_dumped_says_the_same() -> None:
    scenario = market(networks=[RING], network="friends")
    again = parse(dump_toml(scenario)) if isinstance(dump_toml(scenario), dict) else scenario
    assert again.networks[0].kind == "ring"
    assert again.populations[0].network == "friends"


@pytest.mark.parametrize(
    ("fields", "place", "said"),
    [
        ({"network": "freinds", "networks": [RING]}, "populations.p.network", "did you mean 'friends'"),
        ({"network": "friends"}, "populations.p.network", "there is no network 'friends'"),
        ({"networks": [RING, RING], "network": "friends"}, "networks[1].name", "already the name"),
        ({"networks": [RING | {"degree": 10}], "network": "friends"}, "networks.friends", "degree must be below 10"),
        (
            {"networks": [RING | {"degree": 3}], "network": "friends"},
            "networks.friends.degree",
            "3 is not a multiple of 2",
        ),
        ({"networks": [{"name": "friends", "kind": "rnig"}]}, "networks.friends.kind", "'ring'"),
        ({"networks": [RING | {"mean_degree": 2.0}]}, "networks.friends.mean_degree", "no such key"),
        ({"networks": [{"name": "friends"}]}, "networks.friends.kind", "missing"),
        ({"strategy": "imitator"}, "populations.p.network", "cannot play without it"),
        ({"strategy": "cluster"}, "populations.p.network", "cannot play without it"),
        ({"sees": {"network": "friends"}}, "populations.p.sees.network", "there is no network"),
        ({"sees": {"per_hop": 2}}, "populations.p.sees.per_hop", "none is named"),
        (
            {"sees": {"network": "friends", "sources": [10]}, "networks": [RING]},
            "populations.p.sees.sources",
            "no member 10",
        ),
        ({"sees": {"network": "friends", "sources": [1, 1]}, "networks": [RING]}, "sources", "listed twice"),
        ({"sees": {"network": "friends", "sources": []}, "networks": [RING]}, "sources", "at least one is needed"),
        ({"sees": {"precision": 0.7}}, "populations.p.sees.precision", "is not high or low"),
        ({"sees": {"precision": 0.5}, "value": BINARY}, "populations.p.sees.precision", "is not above 0.5"),
        ({"sees": {"precision": 1.1}, "value": BINARY}, "populations.p.sees.precision", "above the most allowed, 1"),
        ({"sees": {"precision": 0.7, "noise": 1.0}, "value": BINARY}, "populations.p.sees.noise", "no further noise"),
        (
            {"arrivals": {"law": "hawkes", "rate": 1.0, "mass": 1.0, "decay": 1.0}},
            "populations.p.arrivals.mass",
            "is 1",
        ),
        ({"arrivals": {"law": "hawkes", "rate": 1.0, "decay": 0.0}}, "populations.p.arrivals.decay", "is not above 0"),
        (
            {"arrivals": {"law": "hawkes", "rate": 1.0, "decay": 1.0, "by": {"r": 0.1}}},
            "by.r",
            "there is no population",
        ),
        ({"arrivals": {"law": "hawkes", "rate": 1.0, "decay": 1.0, "by": {"p": 0.1}}}, "by.p", "write mass"),
        (
            {"arrivals": {"law": "hawkes", "rate": 1.0, "decay": 1.0, "by": {"q": 1e9}}, "others": [NOISE]},
            "populations.p.arrivals.by.q",
            "above the most allowed, 10,000,000",
        ),
        ({"strategy": "kyle_maker", "count": 1}, "populations.p.venues", "cannot play without it"),
        ({"strategy": "brock_hommes", "count": 1}, "populations.p.venues", "cannot play without it"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(fields: dict[str, Any], place: str, said: str) -> None:
    message = refused(**fields)
    assert place in message
    assert said in message


def test_masses_that_excite_each_other_beyond_all_bounds_are_refused_and_weaker_ones_are_not() -> None:
    def law(mass: float, by: dict[str, float]) -> Any:
        return {"law": "hawkes", "rate": 1.0, "mass": mass, "decay": 1.0, "by": by}

    other = NOISE | {"arrivals": law(0.0, {"p": 1.9})}
    assert "spectral radius of the masses is 1.0" in refused(arrivals=law(0.1, {"q": 0.55}), others=[other])
    market(arrivals=law(0.1, {"q": 0.4}), others=[other])  # sqrt(.4 * 1.9) = .87
    market(arrivals=law(0.5, {"q": 9.0}), others=[NOISE])  # what is excited by others alone stays finite


def test_an_edge_list_that_names_a_stranger_or_a_loop_or_nothing_is_refused(tmp_path: Path) -> None:
    network = {"name": "friends", "kind": "file", "path": "edges.csv"}
    for text, said in (("a,b\n0,10\n", "links member 10"), ("a,b\n1,1\n", "linked with itself"), ("a,b\n", "no links")):
        (tmp_path / "edges.csv").write_text(text, encoding="utf-8")
        message = refused(folder=tmp_path, networks=[network], network="friends")
        assert "networks.friends" in message
        assert said in message
    (tmp_path / "edges.csv").write_text("a,b\n0,9\n", encoding="utf-8")
    scenario = market(folder=tmp_path, networks=[network], network="friends")
    assert scenario.files() == [tmp_path / "edges.csv"]


def test_players_that_are_parted_cannot_be_linked() -> None:
    game = {"players": "p", "strategies": {"one": {"quantity": 1.0}, "two": {"quantity": 2.0}}}
    tree = {
        "run": {"steps": 10},
        "instruments": [{"name": "ACME", "value": {"process": "constant", "initial": 100.0}}],
        "venues": [{"name": "lit"}],
        "networks": [RING],
        "populations": [{"name": "p", "strategy": "noise", "count": 10}, NOISE],
        "game": game,
    }
    parse(tree)
    linked = (
        {"network": "friends"},
        {"sees": {"network": "friends"}},
        {"arrivals": {"law": "hawkes", "rate": 1.0, "decay": 1.0}},
    )
    for fields in linked:
        with pytest.raises(ScenarioError, match="is parted into populations of one"):
            parse(tree | {"populations": [tree["populations"][0] | fields, NOISE]})  # type: ignore[index]


def test_a_network_that_nobody_names_is_warned_of() -> None:
    assert any("no population names it" in str(each) for each in market(networks=[RING]).warnings())
    assert not any("names it" in str(each) for each in market(networks=[RING], network="friends").warnings())


def test_the_command_line_refuses_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.toml").write_text(
        '[run]\nsteps = 5\n[[instruments]]\nname = "A"\nvalue = { process = "constant", initial = 1.0 }\n'
        '[[venues]]\nname = "lit"\n[[populations]]\nname = "p"\nstrategy = "imitator"\nnetwork = "none"\n',
        encoding="utf-8",
    )
    with pytest.raises(SystemExit) as ended:
        main(["validate", str(tmp_path / "mine.toml")])
    assert ended.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "there is no network 'none'" in " ".join(captured.err.split())
