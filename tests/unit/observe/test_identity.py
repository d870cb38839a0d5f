"""Ids are the same whoever makes them, differ by what they name, and are what the standards ask for."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from moorage.observe.identity import span_id, trace_id, uuid_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@given(st.text(), st.lists(st.text()))
def test_ids_fit_and_follow_from_the_names(run: str, parts: list[str]):
    assert 0 < trace_id(run) < 2**128
    assert 0 < span_id(run, *parts) < 2**64
    assert (trace_id(run), span_id(run, *parts)) == (trace_id(run), span_id(run, *parts))


def test_each_thing_has_an_id_of_its_own():
    assert len({span_id("r"), span_id("r", "a"), span_id("r", "a", "1"), span_id("s", "a", "1")}) == 4


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=9000)), st.text())
def test_uuids_are_of_version_7_and_tell_the_time(since: timedelta, part: str):
    found = UUID(uuid_of("r", NOW + since, part))
    assert (found.version, found.variant) == (7, "specified in RFC 4122")
    assert abs((found.int >> 80) / 1000 - (NOW + since).timestamp()) < 0.01
