"""No secret leaves a job, however it is encoded and wherever its text is cut."""

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.step.logs import LINE_BYTES, Lines
from moorage.step.scrub import Scrubber

SECRET = 'p/ss w"rd\\é'


@pytest.mark.parametrize(
    "shown",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        json.dumps(SECRET)[1:-1],
        repr(SECRET)[1:-1],
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
    ],
)
def test_a_secret_is_found_in_every_form(shown: str):
    assert Scrubber({"TOKEN": SECRET}).text(f"a {shown} b") in (
        "a ***TOKEN*** b",
        "a ***TOKEN***= b",
        "a ***TOKEN***== b",
    )


@pytest.mark.parametrize("user", ["", "u", "us", "use"])
def test_a_secret_inside_something_that_is_encoded_is_found(user: str):
    header = base64.b64encode(f"{user}:long-enough-secret:x".encode()).decode()
    assert "***TOKEN***" in Scrubber({"TOKEN": "long-enough-secret"}).text(f"Basic {header}")


def test_each_line_of_a_secret_is_scrubbed_and_short_values_are_left():
    scrubber = Scrubber({"KEY": "-----BEGIN\nabcdef\n}\n", "PIN": "123"})
    assert scrubber.text("abcdef and -----BEGIN and } and 123") == "***KEY*** and ***KEY*** and } and 123"
    assert scrubber.too_short == ("PIN",)
    assert Scrubber({}).text("x") == "x"


@given(
    secrets=st.lists(st.text('abcdef/+\\"% \u20ac', min_size=6), min_size=1, max_size=3),
    around=st.lists(st.sampled_from(["x", "\n", "é", "\r", "long " * 20, "", "\r\n"]), max_size=12),
    cuts=st.lists(st.integers(1, 60), min_size=1, max_size=8),
    data=st.data(),
)
def test_no_cut_lets_a_secret_through(secrets: list[str], around: list[str], cuts: list[int], data: st.DataObject):
    named = {f"S{n}": value for n, value in enumerate(secrets) if value.strip()}
    parts = [part + (data.draw(st.sampled_from(list(named.values()))) if named else "") for part in around]
    text = "".join(parts).encode()
    printed = _printed(text, cuts, Scrubber(named))
    assert printed == _printed(text, [10**9], Scrubber(named))
    assert not [value for value in named.values() if value.encode() in printed]


@pytest.mark.parametrize("before", [0, LINE_BYTES - 3, LINE_BYTES, LINE_BYTES + 9, 2 * LINE_BYTES - 5])
@pytest.mark.parametrize("size", [1000, 65536])
def test_a_line_without_an_end_is_broken_but_never_through_a_secret(before: int, size: int):
    secret = "s3cr3t-s3cr3t-s3cr3t"
    text = b"." * before + secret.encode() + b"." * (3 * LINE_BYTES)
    printed = _printed(text, [size], Scrubber({"T": secret}))
    joined = b"".join(line.partition(b" ")[2] for line in printed.splitlines())
    assert joined.replace(b".", b"") == b"***T***"
    assert joined.count(b".") == before + 3 * LINE_BYTES


def _printed(text: bytes, cuts: list[int], scrubber: Scrubber) -> bytes:
    lines, parts, at, turn = Lines(scrubber), [], 0, 0
    while at < len(text):
        parts.append(lines.feed(text[at : at + cuts[turn % len(cuts)]], 0.0))
        at, turn = at + cuts[turn % len(cuts)], turn + 1
    return b"".join([*parts, lines.finish(0.0)])
