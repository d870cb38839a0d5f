"""The page of a run: what it tells, that nothing in it can do harm, and that it stays small."""

import base64
import hashlib
import re
from html import escape
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from moorage.errors import NotFound
from moorage.report import run_page
from moorage.report.gather import gather
from moorage.states import ADVICE, Cause, RunState
from moorage.store import Store
from tests.unit.report.conftest import NOW, Page
from tests.unit.report.made import EVIL, Told, busy, chain, eventful, fan, ships, write_run

KILO = 1000
MOST = 300 * KILO


def _visible(page: str) -> str:
    return re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL)


def test_all_that_happened_is_told(told: str) -> None:
    for said in (
        "KeyError: &#x27;importance&#x27;",  # why it failed,
        "acme/steps.py:12 in work",  # where,
        escape(ADVICE[Cause.USER].sentence.partition("`")[0][1:]),  # and what to do
        "12 of 1,500",  # a broken check
        "12 rows set aside in quarantine",
        "evaluate.scores.auc is 0.871; &gt;= 0.9 was required",
        "clean was not run: run rbefore had the same key and succeeded.",
        "moorage approve reventful approve",
        "it waits for gate, which failed",
        "its last 30 lines",
        "no price: this machine",
    ):
        assert said in told, said


def test_lineage_is_told_both_ways(told: str) -> None:
    [ingest] = re.findall(r"<div class=body id=step-ingest.*?</details><details class=card", told, re.DOTALL)
    assert "taken later by <code>rlater</code>" in ingest


def test_where_inputs_come_from_is_told_through_the_cache(page: Page, store: Store) -> None:
    write_run(store, "rbefore", {"ingest": Told(profile=ships())}, day=-1)
    reads = {"run": "acme.steps:work", "inputs": {"ships": "ingest.table"}, "outputs": {"table": {"kind": "table"}}}
    shown = page({"ingest": Told(cached_from="rbefore", profile=ships()), "clean": Told(spec=reads)})
    assert "made by <a href=#step-ingest>ingest</a>.table in run <code>rbefore</code>" in shown
    assert "read by <a href=#step-clean>clean</a>" in shown


def test_what_users_wrote_is_shown_and_never_run(page: Page) -> None:
    shown = page(
        {**eventful(), "evil": Told(message=EVIL, cause=Cause.USER, log=[EVIL, "\x1b[2J" + EVIL])}, RunState.FAILED
    )
    assert "<script>alert" not in shown
    assert "\x1b" not in shown
    assert _visible(shown).count("&lt;script&gt;alert(&#x27;no&#x27;)&lt;/script&gt;") >= 6


def test_nothing_but_its_own_style_and_script_may_act(told: str) -> None:
    [policy] = re.findall(r'Content-Security-Policy content="([^"]*)"', told)
    parts = dict(part.strip().split(" ", 1) for part in policy.replace("&#x27;", "'").split(";"))
    assert parts["default-src"] == "'none'"
    for kind in ("style", "script"):
        [text] = re.findall(rf"<{kind}>(.*?)</{kind}>", told, re.DOTALL)
        assert parts[f"{kind}-src"] == f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
    assert parts["img-src"] == "data:"


def test_no_address_in_it_leads_out_of_it(told: str) -> None:
    reader = _Reader(told)
    addresses = [value for name, value in reader.attributes if name in ("href", "src", "action", "srcset", "data")]
    assert all(value.startswith(("#", "data:image/svg+xml,")) for value in addresses)
    assert not {name for name, _ in reader.attributes if name.startswith("on") or name == "style"}
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|WebSocket", told)


def test_every_link_in_it_has_its_end_and_every_id_is_one(told: str) -> None:
    reader = _Reader(told)
    ids = [value for name, value in reader.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {value[1:] for name, value in reader.attributes if name == "href" and value.startswith("#")} <= set(ids)


def test_every_element_is_closed_in_its_turn(told: str) -> None:
    assert _Reader(told).open == []


def test_headings_go_down_one_level_at_a_time(told: str) -> None:
    levels = [int(level) for level in re.findall(r"<h([1-6])", told)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("shape", [chain, fan])
def test_a_page_of_100_steps_is_small_however_much_they_say(shape, page: Page) -> None:
    shown = page(shape(100, busy()))
    assert len(shown.encode()) <= MOST
    assert shown.count("<details class=card") == 100


def test_a_page_of_100_steps_with_the_longest_names_and_all_failed_is_small(page: Page) -> None:
    long = Told(
        cause=Cause.USER, message="ValueError: " + "very " * 400, log=["word " * 60] * 60, fails=["no " * 100] * 2
    )
    steps = {f"step-{at:03}-of-a-long-name-indeed-x": long for at in range(100)}
    assert len(page(steps, RunState.FAILED).encode()) <= MOST


def test_a_graph_in_which_all_is_joined_with_all_is_small(page: Page) -> None:
    names = [f"s{at:03}" for at in range(100)]
    steps = {name: Told(needs=names[:at]) for at, name in enumerate(names)}
    assert len(page(steps).encode()) <= MOST


def test_a_small_run_shows_all_of_its_columns_and_checks(page: Page) -> None:
    shown = page({"only": busy()})
    assert "length_29" in shown
    assert len(re.findall(r"<svg class=bars", shown)) == 31
    assert "further" not in _visible(shown)


def test_the_same_run_is_the_same_page(store: Store) -> None:
    write_run(store, "rone", eventful(), RunState.FAILED)
    assert run_page(store, "rone", NOW) == run_page(store, "rone", NOW)


def test_a_run_that_has_only_begun_is_told(page: Page) -> None:
    shown = page({"first": Told(is_waiting=True), "second": Told(needs=("first",), is_waiting=True)}, None)
    assert "Waits for <a href=#step-first>first</a>" in shown
    assert "moorage resume rone" in shown


def test_what_gc_took_is_done_without(page: Page, store: Store) -> None:
    steps = {"clean": Told(profile=ships(), cached_from="rgone")}
    write_run(store, "rone", steps)
    for entry in list(store.list("blobs/")):
        store.delete(entry.key)
    shown = run_page(store, "rone", NOW)
    assert "run rgone had the same key" in shown
    assert "<svg class=bars" not in shown


def test_a_run_that_is_not_there_is_said(store: Store) -> None:
    with pytest.raises(NotFound, match="no run 'rnone'"):
        run_page(store, "rnone", NOW)


def test_reading_a_run_of_100_steps_asks_the_store_little(store: Store) -> None:
    write_run(store, "rbefore", chain(100, Told(log=["x"])), day=-1)
    write_run(store, "rone", chain(100, Told(log=["x"])))
    store.calls.clear()
    gather(store, "rone", NOW)
    assert sum(store.calls.values()) <= 100 * 6 + 30, store.calls


class _Reader(HTMLParser):
    VOID = ("meta", "link", "br")

    def __init__(self, source: str) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
