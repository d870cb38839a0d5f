"""Text never becomes markup."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.report.html import Markup, tag, text


class _Reader(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: dict[str, str | None] = {}
        self.said = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= dict(attrs)

    def handle_data(self, data: str) -> None:
        self.said += data


@given(st.text())
def test_any_text_is_text_and_any_value_is_a_value(anything: str) -> None:
    read = _Reader(tag("p", anything, title=anything).text)
    assert read.tags == ["p"]
    assert set(read.attributes) == {"title"}
    assert text(anything).text == text(anything).text.encode().decode()


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_what_can_be_seen_is_kept_as_it_is(seen: str) -> None:
    read = _Reader(tag("p", seen, title=seen).text)
    assert (read.said, read.attributes["title"]) == (seen, seen)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://example.org\x07link\x1b]8;;\x07", "link"),
        ("a\x00b", "a\ufffdb"),
        ("user\u202eexe.txt", "user\ufffdexe.txt"),
        ("\ud800", "\ufffd"),
        ("tab\tand\nline", "tab\tand\nline"),
    ],
)
def test_what_cannot_be_seen_or_misleads_is_taken_out(written: str, shown: str) -> None:
    assert text(written).text == shown


def test_children_may_be_nested_and_nothing() -> None:
    assert tag("ul", [tag("li", each) for each in ("a", "<b>")], None).text == "<ul><li>a</li><li>&lt;b&gt;</li></ul>"


def test_attributes_are_written_as_html_writes_them() -> None:
    found = tag("input", class_="a b", data_x=1, hidden=True, open=False, title=None).text
    assert found == '<input class="a b" data-x=1 hidden>'


def test_markup_is_not_escaped_twice() -> None:
    assert tag("p", Markup("<b>x</b>")).text == "<p><b>x</b></p>"
