"""Names that are legal on every platform."""

import re
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from moorage.plan.names import job_name, new_run_id, run_of
from moorage.spec.types import STEP_NAME_PATTERN

NOW = datetime(2026, 11, 21, tzinfo=UTC)
STEPS = st.from_regex(STEP_NAME_PATTERN, fullmatch=True)


@given(step=STEPS, attempt=st.integers(1, 10_000))
def test_a_job_name_is_legal_everywhere(step, attempt):
    name = job_name(new_run_id(NOW), step, attempt)
    assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", name)
    assert len(name) <= 50


@given(one=st.tuples(STEPS, st.integers(1, 99)), other=st.tuples(STEPS, st.integers(1, 99)))
def test_two_attempts_never_share_a_name(one, other):
    assert (job_name("r00000000aa", *one) == job_name("r00000000aa", *other)) == (one == other)


def test_run_ids_sort_by_time():
    ids = [new_run_id(NOW + timedelta(milliseconds=number)) for number in range(0, 100_000, 997)]
    assert ids == sorted(ids)


def test_the_run_is_found_in_the_name_of_its_job():
    assert run_of(job_name("rmwq2pxerp6", "train-all", 3)) == "rmwq2pxerp6"
