"""A user's own strategies: what runs is what stands in the file, and mistakes are told in their author's words."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest

from sim.core.compiled import CACHE, COMPILED
from sim.core.errors import StrategyError
from sim.runs.strategy_contract import CLAIMS, check, market, play
from sim.strategy_kit import interface, registry
from sim.strategy_kit.callbacks import compile_strategy
from sim.strategy_kit.compile_errors import PUBLIC_NAMES
from sim.strategy_kit.loading.files import load_file, loaded
from spreadgame import strategy as public
from tests.places import ROOT

HEAD = "from spreadgame.strategy import *\n"
MAKER = """
    PRICE = 9000

    @strategy("mine", summary="bids at one price")
    def act(me, market):
        post_only_order(me, market, me.venue, BUY, PRICE, 1)
"""


@pytest.fixture(autouse=True)
def forget_strategies() -> Iterator[None]:
    before = dict(registry._from_files)
    yield
    registry._from_files.clear()
    registry._from_files.update(before)


def write(folder: Path, source: str, name: str = "my_maker.py") -> Path:
    """Write a file; an edit keeps time and size of the file, as far as the author keeps its length."""
    path = folder / name
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns) if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text(dedent(source), encoding="utf-8")
    if times:
        os.utime(path, ns=times)
    return path


def maker(folder: Path, source: str = MAKER) -> Path:
    return write(folder, HEAD + dedent(source))


def first_price(name: str = "mine") -> int:
    return int(play(market(registry.get(name), steps=1)).of_subject()["price"][0])


def run_python(*arguments: str, **environment: str) -> str:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    variables = os.environ | {"PYTHONPATH": path} | environment
    done = subprocess.run([sys.executable, *arguments], env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- what is loaded -------------------------------------------------------------------------------------------------


def test_the_public_face_has_all_that_authors_need() -> None:
    assert set(public.__all__) == PUBLIC_NAMES
    assert set(interface.__all__) < set(public.__all__)
    assert all(hasattr(public, name) for name in public.__all__)


def test_a_file_makes_its_strategies_known_by_name(tmp_path: Path) -> None:
    path = maker(tmp_path, MAKER + MAKER.replace("mine", "also-mine"))  # the second act() hides the first
    found = load_file(path)
    assert [each.name for each in found] == ["also-mine", "mine"]
    assert [registry.get(each.name) for each in found] == found
    assert found[0].file == str(path)


def test_strategies_made_in_a_loop_or_compiled_by_their_author_are_found(tmp_path: Path) -> None:
    source = """
        def make(price):
            @strategy(f"bid{price}", summary="bids at one price")
            @compiled
            def act(me, market):
                post_only_order(me, market, me.venue, BUY, price, 1)

            return act

        makers = [make(price) for price in (9000, 9001)]
    """
    load_file(maker(tmp_path, source))
    assert [first_price("bid9000"), first_price("bid9001")] == [9000, 9001]


def test_a_file_runs_once_as_long_as_nobody_edits_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNS", "")
    path = maker(tmp_path, "import os\nos.environ['RUNS'] += '.'\n" + dedent(MAKER))
    first = load_file(path)
    assert load_file(str(path)) == first
    assert load_file(path.parent / "." / path.name) == first
    assert os.environ["RUNS"] == "."
    assert sys.modules[first[0].act.__module__].__file__ == str(path)


def test_what_an_edit_took_out_of_the_file_is_known_no_more(tmp_path: Path) -> None:
    path = maker(tmp_path)
    load_file(path)
    maker(tmp_path, MAKER.replace("mine", "other"))
    load_file(path)
    assert "mine" not in registry.names()
    path.write_text("import nothing_of_that_name")
    with pytest.raises(StrategyError):
        load_file(path)
    assert "other" not in registry.names()


def test_the_last_file_that_declares_a_name_wins(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write(tmp_path, HEAD + dedent(MAKER), f"{folder}/my_maker.py")
    load_file(tmp_path / "a/my_maker.py")
    load_file(tmp_path / "b/my_maker.py")
    assert registry.get("mine").file.endswith("b/my_maker.py")
    load_file(tmp_path / "a/my_maker.py")
    assert registry.get("mine").file.endswith("a/my_maker.py")


# --- never stale ----------------------------------------------------------------------------------------------------

BESIDE = """
    from spreadgame.strategy import *
    import numbers_of_mine
    from helpers import shifted

    @strategy("mine", summary="bids at one price")
    def act(me, market):
        post_only_order(me, market, me.venue, BUY, shifted(numbers_of_mine.PRICE), 1)
"""
HELPERS = """
    from spreadgame.strategy import compiled
    from package.inner import SHIFT

    @compiled
    def shifted(price):
        return price + SHIFT
"""


def with_modules_beside(folder: Path, price: int = 9000, shift: int = 1) -> Path:
    write(folder, f"PRICE = {price}", "numbers_of_mine.py")
    write(folder, HELPERS, "helpers.py")
    write(folder, f"SHIFT = {shift}", "package/inner.py")
    return write(folder, BESIDE)


def test_an_edited_file_runs_as_it_now_stands(tmp_path: Path) -> None:
    path = maker(tmp_path)
    load_file(path)
    assert first_price() == 9000
    maker(tmp_path, MAKER.replace("9000", "9100"))
    load_file(path)
    assert first_price() == 9100


def test_an_edited_module_beside_the_file_runs_as_it_now_stands(tmp_path: Path) -> None:
    path = with_modules_beside(tmp_path)
    assert load_file(path)[0].cache_key is None
    assert first_price() == 9001
    with_modules_beside(tmp_path, price=9100)
    load_file(path)
    assert first_price() == 9101
    with_modules_beside(tmp_path, price=9100, shift=2)
    load_file(path)
    assert first_price() == 9102


def test_a_file_that_reads_data_runs_again_when_they_are_edited(tmp_path: Path) -> None:
    source = MAKER.replace("9000", "int(open(__file__[:-3] + '.txt').read())")
    for price in (9000, 9100):
        write(tmp_path, str(price), "my_maker.txt")
        load_file(maker(tmp_path, source))
        assert first_price() == price
    assert [path.name for path in loaded(tmp_path / "my_maker.py").reads] == ["my_maker.txt"]


def test_what_is_read_elsewhere_is_known_and_what_packages_read_is_not(tmp_path: Path) -> None:
    helper = write(tmp_path, "PRICE = 9000", "elsewhere/helper_of_mine.py")
    source = f"import sys, numpy, zoneinfo\nsys.path.insert(0, {str(helper.parent)!r})\nimport helper_of_mine\n"
    source += "open(__file__ + '.log', 'w').close()\n" + dedent(MAKER)
    load_file(maker(tmp_path / "home", source))
    known = loaded(tmp_path / "home" / "my_maker.py")
    sys.path.remove(str(helper.parent))
    del sys.modules["helper_of_mine"]
    assert set(known.reads) == {helper}
    assert set(known.packages) == {"numpy"}


def test_modules_beside_the_file_leave_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = ModuleType("helpers")
    monkeypatch.setitem(sys.modules, "helpers", known)
    before = set(sys.modules), list(sys.path), list(sys.meta_path)
    module = load_file(with_modules_beside(tmp_path))[0].act.__module__
    assert sys.modules["helpers"] is known
    assert (set(sys.modules) - {module}, sys.path, sys.meta_path) == (before[0] - {module}, *before[1:])
    assert not list(tmp_path.rglob("__pycache__"))


def test_two_folders_may_have_modules_of_one_name(tmp_path: Path) -> None:
    for folder, price in (("a", 9000), ("b", 9100)):
        (tmp_path / folder).mkdir()
        load_file(with_modules_beside(tmp_path / folder, price))
        assert first_price() == price + 1


def test_modules_beside_the_file_do_not_take_the_names_of_others(tmp_path: Path) -> None:
    for name in ("random", "sim", "analysis"):
        write(tmp_path, "raise RuntimeError", f"{name}.py")
    source = "import random, analysis, sim.core.world\nrandom.random()\n" + dedent(MAKER)
    assert load_file(maker(tmp_path, source))[0].name == "mine"


PROCESS = """
import json, sys
from sim.strategy_kit.loading.files import load_file
from sim.strategy_kit.callbacks import compile_strategy
from sim.runs.strategy_contract import (market, play)

seen = []
for path in sys.argv[1:]:
    found = load_file(path)[0]
    price = int(play(market(found, steps=1)).of_subject()["price"][0])
    seen.append([price, found.cache_key, compile_strategy(found).cache_hits])
print(json.dumps(seen))
"""


@pytest.mark.skipif(not COMPILED or CACHE is None, reason="nothing is cached here")
def test_another_process_runs_what_then_stands_in_the_files(tmp_path: Path) -> None:
    plain = f"# {tmp_path}\n" + dedent(MAKER)  # no other test run has left compiled code of it
    given = (
        plain.replace("mine", "given")
        .replace("9000", "int(os.environ['PRICE'])")
        .replace("PRICE =", "import os\nPRICE =")
    )
    folders = [tmp_path / name for name in ("plain", "given", "beside")]
    for folder in folders:
        folder.mkdir()
    paths = [maker(folders[0], plain), maker(folders[1], given), with_modules_beside(folders[2])]

    def seen(price: str) -> list[Any]:
        return json.loads(run_python("-c", PROCESS, *map(str, paths), PRICE=price))

    first, second = seen("8000"), seen("8000")
    assert [price for price, _, _ in first] == [9000, 8000, 9001]
    assert [hits for _, _, hits in first] == [0, 0, 0]
    assert [hits for _, _, hits in second] == [1, 1, 0]
    assert [each[:2] for each in first] == [each[:2] for each in second]
    maker(folders[0], plain.replace("9000", "9100"))
    with_modules_beside(folders[2], price=9100)
    third = seen("8100")
    assert [price for price, _, _ in third] == [9100, 8100, 9101]
    assert [hits for _, _, hits in third] == [0, 0, 0]
    for _, key, _ in [*first, *third]:
        if key:
            shutil.rmtree(CACHE / key)


@pytest.mark.parametrize(
    ("source", "cached"),
    [
        ("import math, numpy as np\nSIZES = np.arange(3), math.pi", True),
        ("import pandas", True),
        ("SIZES = {1: 2}", False),  # a digest of what Numba would make of it is not to be had
        ("import tests_of_mine as SIZES", False),
    ],
)
def test_code_is_kept_on_disk_only_if_all_it_is_made_from_is_known(tmp_path: Path, source: str, cached: bool) -> None:
    write(tmp_path, "", "tests_of_mine.py")
    used = MAKER.replace("PRICE, 1)", "PRICE, 1)\n        SIZES") if "SIZES" in source else MAKER
    assert (load_file(maker(tmp_path, source + dedent(used)))[0].cache_key is not None) == cached


# --- mistakes, told when the file is loaded -------------------------------------------------------------------------


def message_of(path: Path) -> str:
    with pytest.raises(StrategyError) as caught:
        load_file(path)
    return str(caught.value)


def test_a_file_that_cannot_be_read_is_named_with_a_remedy(tmp_path: Path) -> None:
    maker(tmp_path)
    told = message_of(tmp_path / "my_makr.py")
    assert told == f"{tmp_path}/my_makr.py: there is no such file — did you mean 'my_maker.py'?"
    assert "this is a folder" in message_of(tmp_path)
    assert "cannot be read" in message_of(Path("a\0b.py"))


def declaring(more: str) -> str:
    return MAKER.replace('one price")', f'one price", {more})')


# What stands in the file from its second line on, and what is said of it.
MISTAKES = {
    "syntax": ("def act(:\n", "my_maker.py, line 2: this is not Python: "),
    "bytes": ("\0", "my_maker.py"),
    "raises": ("\n1 / 0\n", "my_maker.py, line 3: it cannot be imported: ZeroDivisionError: division by zero"),
    "exits": ("import sys\nsys.exit('enough')\n", "line 3: it cannot be imported: SystemExit: enough"),
    "not installed": ("import nothing_of_that_name\n", "— install it, or put it beside the file"),
    "misspelt import": ("from spreadgame.strategy import best_bod\n", "— did you mean 'best_bid'?"),
    "relative import": ("from . import helpers\n", "— write the import without the dot"),
    "name taken": ("from analysis import mine\n", "analysis is not found under this name, which is taken: rename it"),
    "nothing": ("PRICE = 3\n", "my_maker.py: it declares no strategy — put @strategy(…)"),
    "two of one name": (MAKER + MAKER, "line 11) — choose another for one of them"),
    "name of ours": (MAKER.replace("mine", "noise"), "line 5: strategy 'noise' has the name of one of ours"),
    "no name": (MAKER.replace("mine", "a/b"), "strategy 'a/b': this is not a name — use 1 to 64 letters"),
    "arguments": (
        MAKER.replace("me, market)", "me)", 1),
        "it is act(me) — it must take two arguments: act(me, market)",
    ),
    "no summary": (MAKER.replace("summary=", "source="), "line 5: it cannot be imported: TypeError: strategy()"),
    "bad field": (
        declaring("parameters={'size': Parameter(1, 'lots')}"),
        "line 5: strategy mine: parameter 'size' cannot",
    ),
    "bad default": (
        declaring("parameters={'lots': Parameter(0, 'lots', low=1)}"),
        "the default of 'lots' is not allowed",
    ),
    "bad memory": (declaring("memory={'last': str}"), "memory 'last' must be int or float"),
    "bad bound": (declaring("max_messages=lambda given: given['levls']"), "its max_messages raised KeyError: 'levls'"),
    "no bound": (declaring("max_messages=1.5"), "strategy 'mine': its max_messages is 1.5 — it must be"),
    "undefined": (MAKER.replace("9000", "pi"), "line 3: it cannot be imported: NameError: name 'pi' is not defined"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_file_is_told_with_place_and_remedy(mistake: str, tmp_path: Path) -> None:
    source, message = MISTAKES[mistake]
    if mistake == "name taken":
        write(tmp_path, "", "analysis.py")
    path = maker(tmp_path, source)
    told = message_of(path)
    assert message in told
    assert told.startswith(str(tmp_path))
    assert "Traceback" not in told
    assert "mine" not in registry.names()


def test_a_missing_import_of_ours_is_told_how_to_write_it(tmp_path: Path) -> None:
    path = write(tmp_path, "@strategy('mine', summary='nothing')\ndef act(me, market): ...\n")
    assert message_of(path).endswith("name 'strategy' is not defined — from spreadgame.strategy import strategy")


def test_a_mistake_in_a_module_beside_the_file_is_told_where_it_is(tmp_path: Path) -> None:
    path = with_modules_beside(tmp_path)
    write(tmp_path, "\nPRICE = = 3", "numbers_of_mine.py")
    assert message_of(path).startswith(f"{tmp_path}/numbers_of_mine.py, line 2: this is not Python: ")
    write(tmp_path, "\nPRICE = None + 3", "numbers_of_mine.py")
    assert message_of(path).startswith(f"{tmp_path}/numbers_of_mine.py, line 2: it cannot be imported: TypeError")


# --- mistakes, told when it is compiled -----------------------------------------------------------------------------

# A line of act(), which is the file's eleventh, and what is said of it: where, what, and the remedy.
UNCOMPILABLE = {
    "best_bod(me, market, me.venue)": (11, "best_bod is not defined", "did you mean 'best_bid'?"),
    "plain(3)": (11, "it calls plain(), which is not compiled", "decorate it with @compiled, from spreadgame.strategy"),
    "me.parameters.lotz": (11, "neither its parameters nor its memory has 'lotz'", "did you mean 'lots'?"),
    "me.venu": (11, "me has no 'venu'", "did you mean 'venue'?"),
    "limit_order(me, market, 1, 1, 3)": (11, "missing a required argument: 'quantity'", "look at the arguments"),
    "x = 'a' + 1": (11, "No implementation of function Function(<built-in function add>)", "numba.readthedocs.io"),
    "limit_order(me, market, me.venue, 1, 100.0, 1)": (
        11,
        "a price is a whole number of ticks",
        "nearest_tick(me, mar",
    ),
    "market_order(me, market, me.venue, 1, 1.5)": (11, "a quantity of lots", "nearest_tick(me, market, venue, price)"),
    "best_bid(me, market, 1.0)": (11, "a float stands where a venue", "me.venue is a venue"),
    "limit_order(me, market, 'lit', 1, 100, 1)": (11, "'lit' stands where a whole number belongs", "look at the arg"),
    "publish_opinion(me, market, 'up')": (11, "'up' stands where a number belongs", "look at the arg"),
    "opinion_of(me, market, 0.5)": (11, "a float stands where the number of a member", "np.int64("),
    "neighbour(me, market, 0.5)": (11, "a float stands where the number of a member", "np.int64("),
    "import math": (11, "Use of unsupported opcode (IMPORT_NAME) found", "numba.readthedocs.io"),
    "inner(me)": (7, "neither its parameters nor its memory has 'wdth'", "declare it"),
}


@pytest.mark.skipif(not COMPILED, reason="nothing is compiled here")
@pytest.mark.parametrize("line", UNCOMPILABLE)
def test_what_numba_cannot_compile_is_told_in_its_authors_words(line: str, tmp_path: Path) -> None:
    source = f"""
        def plain(x):
            return x

        @compiled
        def inner(me):
            return me.parameters.wdth

        @strategy("mine", summary="has a mistake", parameters={{"lots": Parameter(1, "size")}})
        def act(me, market):
            {line}
    """
    found = load_file(write(tmp_path, HEAD.rstrip() + dedent(source)))[0]
    with pytest.raises(StrategyError) as caught:
        compile_strategy(found)
    number, message, remedy = UNCOMPILABLE[line]
    told, _, advice = str(caught.value).rpartition(" — ")
    assert told.startswith(f"{found.file}, line {number}: strategy 'mine' cannot be compiled: ")
    assert message in told
    assert advice.startswith(remedy)


# --- mistakes, told when it runs ------------------------------------------------------------------------------------

FAILING = HEAD + dedent("""
    @strategy("raiser", summary="divides by nothing in step 3", max_messages=0)
    def raiser(me, market):
        1 // (step(me, market) - 3)


    @strategy("talker", summary="sends more than it declares in step 3", max_messages=2)
    def talker(me, market):
        for _ in range(step(me, market)):
            market_order(me, market, me.venue, BUY, 1)
""")
RUNNING = """
import sys
from sim.strategy_kit import registry
from sim.core.errors import StrategyError
from sim.runs.strategy_contract import (market, play)
from sim.strategy_kit.loading.files import load_file

load_file(sys.argv[1])
for name in ("raiser", "talker"):
    try:
        play(market(registry.get(name)))
    except StrategyError as error:
        print(error)
"""


@pytest.mark.parametrize("switch", ["0", "1"], ids=["compiled", "uncompiled"])
def test_a_strategy_that_raises_or_sends_too_much_is_told_by_name_agent_and_step(switch: str, tmp_path: Path) -> None:
    raised, sent = run_python("-c", RUNNING, str(write(tmp_path, FAILING)), NUMBA_DISABLE_JIT=switch).splitlines()
    for told, name in ((raised, "raiser"), (sent, "talker")):
        assert told.startswith(f"strategy '{name}' of agent 'subject ")
        assert "episode 0, step 3: it " in told
    assert "it raised an exception" in raised
    assert "it sent more than the 2 messages it declared — raise its max_messages, or send fewer" in sent


# --- the promises of a user's strategy ------------------------------------------------------------------------------


def test_a_good_strategy_keeps_every_promise(tmp_path: Path) -> None:
    source = """
        @strategy(
            "joiner",
            summary="quotes at the best prices of the others",
            parameters={"quantity": Parameter(1, "size of each order", unit="lots", low=1, high=1000)},
            memory={"bid": int, "ask": int},
            max_messages=2,
        )
        def act(me, market):
            bid, ask = best_bid(me, market, me.venue), best_ask(me, market, me.venue)
            kept, lots = me.memory, me.parameters.quantity
            if bid != NO_BID:
                kept.bid = requote(me, market, me.venue, kept.bid, BUY, bid, lots)
            if ask != NO_ASK:
                kept.ask = requote(me, market, me.venue, kept.ask, SELL, ask, lots)
    """
    assert check(load_file(maker(tmp_path, source))[0]) == []


BROKEN_PROMISES = {
    "it declares all that it is": ("", "{'width': Parameter(1, '')}"),
    "it runs at the extremes of its parameters": (
        "1 // (10 - me.parameters.width)",
        "{'width': Parameter(1, 'w', high=10)}",
    ),
    "one seed gives one run": ("price -= len(opened(market).orders) % 1000", "{}"),
    "an episode begins afresh": ("price -= next_trade_number(me, market)", "{}"),
    "it can play in a call auction": ("1 // (0 if in_auction(me, market, me.venue) else 1)", "{}"),
    "it sees no more than it may": ("price -= opened(market).instruments[0].value > 100.0", "{}"),
    "it does the same uncompiled": ("price -= doubled() > 0", "{}"),  # beyond 64 bits
}


@pytest.mark.parametrize("claim", BROKEN_PROMISES)
def test_a_broken_promise_is_seen(claim: str, tmp_path: Path) -> None:
    line, parameters = BROKEN_PROMISES[claim]
    source = f"""
        from sim.core.world import opened  # the inside, which no honest strategy imports

        @compiled
        def doubled():
            number = 1
            for _ in range(70):
                number *= 2
            return number

        @strategy("mine", summary="bids", parameters={parameters}, memory={{"kept": (int, 4)}}, max_messages=1)
        def act(me, market):
            price = 9000
            {line}
            post_only_order(me, market, me.venue, BUY, price, 1)
    """
    found = load_file(maker(tmp_path, source))[0]
    assert list(CLAIMS[claim](found))


# A part of a declaration that cannot stand, and what is said of it.
BAD_DECLARATIONS = {
    "precompute=lambda given, steps: given['zz']": "its precompute raised KeyError: 'zz'",
    "precompute=lambda given: [1.0]": "its precompute raised TypeError",
    "precompute=lambda given, steps: None": "its precompute returned nothing",
    "precompute=lambda given, steps: [1j]": "its precompute returned complex numbers",
    "precompute=lambda given, steps: exit(0)": "its precompute raised SystemExit: 0",
    "validate=lambda given: exit(0)": "its validate raised SystemExit: 0",
    "validate=lambda given: given['zz']": "its validate raised KeyError: 'zz'",
    "validate=lambda given: None": "its validate returned None",
    "validate='no'": "validate must be a function, not 'no'",
    "venues=0": "venues must be a whole number from 1, or 'any', not 0",
    "venues='two'": "venues must be a whole number from 1, or 'any', not 'two'",
    "needs='signal'": "needs must be a list of names: needs=('signal',)",
    "memory={'kept': (int, 10**12)}": "memory 'kept' must be int or float, or (int, 8) for up to 1,000,000",
    "memory={5: int}": "memory 5 cannot be a name here",
    "source=None": "source must be a text, not None",
    "parameters={'lots': 3}": "parameter 'lots' must be declared as Parameter(default, meaning), not 3",
}


@pytest.mark.parametrize("part", BAD_DECLARATIONS)
def test_a_declaration_that_cannot_stand_is_told_in_a_line(part: str, tmp_path: Path) -> None:
    source = f"""
        @strategy("mine", summary="errs", max_messages=1, {part})
        def act(me, market):
            pass
    """
    with pytest.raises(StrategyError) as caught:
        play(market(load_file(maker(tmp_path, source))[0]))
    assert BAD_DECLARATIONS[part] in str(caught.value)
    assert "\n" not in str(caught.value)


# What a strategy may not touch, as a line of act(), and what is said of it.
CLOSED = {
    "market.accounts[0].cash += 5": "market shows no 'accounts'",
    "market.clock[0].step = 3": "market shows no 'clock'",
    "market.instruments[0].value": "market shows no 'instruments'",
    "recent_trade(me, market, 0).value": "a trade shows no 'value'",
    "recent_trade(me, market, 0).belief": "a trade shows no 'belief'",
    "me.parameters.lots = 3": "it writes the parameter 'lots'",
    "market[0] = 1": "market is no list",
}


@pytest.mark.skipif(not COMPILED, reason="nothing is compiled here")
@pytest.mark.parametrize("line", CLOSED)
def test_what_is_not_an_agents_to_see_or_to_change_is_closed(line: str, tmp_path: Path) -> None:
    source = f"""
        @strategy("mine", summary="reaches", parameters={{"lots": Parameter(1, "size")}}, max_messages=1)
        def act(me, market):
            {line}
    """
    found = load_file(maker(tmp_path, source))[0]
    with pytest.raises(StrategyError, match=re.escape(CLOSED[line])):
        compile_strategy(found)


# Code that is refused when the file is read, and what is said of it.
REFUSED_CODE = {
    "def act(me, market):\n    yield": "act must be a plain function",
    "async def act(me, market):\n    pass": "act must be a plain function",
    "def act(me, market):\n    down(3)": "has a function down() that calls itself",
    "def act(me, market):\n    me.memory.kept.flat[10**10] = 4": "reaches memory by flat, where no index is checked",
    "def act(me, market):\n    x = signal(me, market)": "it calls signal(), which tells nothing where",
}


@pytest.mark.parametrize("code", REFUSED_CODE)
def test_code_that_could_end_the_process_or_do_nothing_is_refused(code: str, tmp_path: Path) -> None:
    source = (
        "@compiled\ndef down(n):\n    if n < 0:\n        return 0\n    return 1 + down(n - 1)\n\n"
        f"@strategy('mine', summary='errs', memory={{'kept': (int, 4)}}, max_messages=1)\n{code}\n"
    )
    assert REFUSED_CODE[code] in message_of(write(tmp_path, HEAD + source))


def test_messages_of_a_turn_are_bounded(tmp_path: Path) -> None:
    source = "@strategy('mine', summary='errs', max_messages=2**62)\ndef act(me, market):\n    pass\n"
    assert "10,000,000 are the most of a turn" in message_of(write(tmp_path, HEAD + source))


@pytest.mark.skipif(not COMPILED, reason="nothing is compiled here")
@pytest.mark.parametrize(
    "call", ["inventory(Other(me.agent), market)", "market_order(Other(0), market, me.venue, BUY, 1)"]
)
def test_nobody_acts_or_looks_in_anothers_place(call: str, tmp_path: Path) -> None:
    source = f"""
        from typing import NamedTuple

        class Other(NamedTuple):
            agent: int
            venue: int = 0
            instrument: int = 0

        @strategy("mine", summary="poses", max_messages=1)
        def act(me, market):
            {call}
    """
    found = load_file(maker(tmp_path, source))[0]
    with pytest.raises(StrategyError, match="it acts or looks in another's place"):
        compile_strategy(found)


OWN_DRAWS = {
    "np.random.random()": "np.random",
    "random.random()": "random",
    "draws()": "drawn",
    "GENERATOR.random()": "GENERATOR",
}


@pytest.mark.parametrize("call", OWN_DRAWS)
def test_draws_from_nobodys_stream_are_refused(call: str, tmp_path: Path) -> None:
    source = """
        import random
        from random import random as drawn

        import numpy as np

        TABLE = np.random.default_rng(1).normal(size=3)  # the same whenever the file is read
        GENERATOR = np.random.default_rng(1)

        @compiled
        def draws():
            return drawn()

        @strategy("mine", summary="draws", max_messages=1)
        def act(me, market):
            {call}
    """
    told = message_of(maker(tmp_path, source.replace("{call}", call)))
    assert f"draws from {OWN_DRAWS[call]}, so that the same seed" in told
    assert load_file(maker(tmp_path, source.replace("{call}", "TABLE[0]")))
