"""YAML 1.2 as a spec is written in it, and what is said when it is not."""

import math
from collections.abc import Callable

import pytest
from pydantic import JsonValue

from moorage.errors import SpecError
from moorage.spec.scalars import resolve
from moorage.spec.yaml import MAX_BYTES, MAX_DEPTH, parse

GOOD = "name: a\nsteps:\n  - {name: s, run: 'm:f'}\n"
BOMB = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{chr(98 + level)}: &{chr(98 + level)} [{','.join(['*' + chr(97 + level)] * 10)}]\n" for level in range(9)
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"), ("yes", "yes"), ("True", True), ("false", False), ("~", None), ("", None), ("Null", None),
        ("012", 12), ("0o17", 15), ("0x1F", 31), ("+7", 7), ("-7", -7), ("1_000", "1_000"), ("0b1", "0b1"),
        ("1.5", 1.5), (".5", 0.5), ("1.", 1.0), ("1e3", 1000.0), ("-1.5E-3", -0.0015), ("1.2.3", "1.2.3"),
        (".inf", math.inf), ("-.INF", -math.inf), ("2026-11-21", "2026-11-21"), ("12:30:45", "12:30:45"),
        ("-", "-"), (".", "."), ("0x", "0x"), ("+", "+"), ("1e", "1e"), ("nan", "nan"), ("inf", "inf"), ("1\n", "1\n"),
    ],
)  # fmt: skip
def test_plain_scalars_are_those_of_yaml_1_2(text: str, value: JsonValue):
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


def test_a_nan_is_read():
    assert math.isnan(resolve(".nan"))  # type: ignore[arg-type]


def test_quoted_and_block_scalars_are_text():
    document = parse(b"a: '1'\nb: \"null\"\nc: |\n  true\nd: !!str 5\n", "x")
    assert document.root.value == {"a": "1", "b": "null", "c": "true\n", "d": "5"}


def test_every_value_and_key_has_its_place():
    document = parse(b"a: 1\nb:\n  - x\n  - {c: [2, 3]}\n", "x")
    assert str(document.where(("b", 1, "c", 1))) == "x:4:13"
    assert str(document.where(("b", 1, "c"), at_key=True)) == "x:4:6"
    assert str(document.where(("b", 7, "c"))) == "x:3:3"
    assert str(document.where(())) == "x:1:1"


def test_an_alias_is_the_value_of_its_anchor():
    assert parse(b"a: &x [1, 2]\nb: *x\n", "x").root.value == {"a": [1, 2], "b": [1, 2]}


def test_a_byte_order_mark_is_read_over(read: Callable[..., object]):
    assert read(b"\xef\xbb\xbf" + GOOD.encode())


@pytest.mark.parametrize(
    ("text", "place", "seen"),
    [
        ("", "1:1", "the file is empty"),
        ("# only a comment\n", "1:1", "the file is empty"),
        ("- a\n", "1:1", "a spec is a mapping"),
        ("hello", "1:1", "a spec is a mapping"),
        (GOOD + "---\nname: b\n", "4:1", "a second document"),
        ("name: a\nsteps:\n\t- name: s\n", "3:1", "a tab indents this line"),
        (GOOD + "name: b\n", "4:1", "'name' is here a second time; it is at 1:1 already"),
        (GOOD.replace("run:", "name:"), "3:15", "'name' is here a second time; it is at 3:6 already"),
        (GOOD + "<<: {a: 1}\n", "4:1", "`<<` merges mappings in YAML 1.1 only"),
        (GOOD + "1: 2\n", "4:1", "a key is not text"),
        (GOOD + "? [a]\n: 2\n", "4:3", "a key is not text"),
        ("name: !!python/object/apply:os.system [echo]\n", "1:7", "tag '!!python/object/apply:os.system'"),
        ("name: !!binary aGk=\n", "1:7", "tag '!!binary'"),
        ("x: " + "[" * 3000 + "]" * 3000, f"1:{MAX_DEPTH + 3}", "nesting is more than 100 levels deep"),
        ("x:\n" + "".join(" " * n + "-\n" for n in range(3000)), f"{MAX_DEPTH + 1}:{MAX_DEPTH}", "nesting is more"),
        ("x: " + "[" * 3000, f"1:{MAX_DEPTH + 3}", "nesting is more than 100 levels deep"),
        (BOMB, "5:29", "aliases blow the file up"),
        ("a: &a " + "[" * 99 + "]" * 99 + "\nb: [[*a]]\n", "2:6", "aliases nest more than 100 levels"),
        ("a: &x [*x]\n", "1:8", "alias *x stands inside its own anchor"),
        ("a: *x\n", "1:4", "alias *x has no anchor &x above it"),
        ("name: [a,\n  b\n", "3:1", "this is not YAML: while parsing a flow sequence"),
        ("name: 'a\n", "2:1", "this is not YAML"),
        ("name: a: b\n", "1:8", "this is not YAML"),
        ("name: @a\n", "1:7", "this is not YAML"),
        ("%YAML 3.0\n---\nname: a\n", "1:1", "this is not YAML"),
        ("name: a\x07\n", "1:8", "character U+0007"),
        ("name: ok\nx: \x00\n", "2:4", "character U+0000"),
        (b"\xff\xfen\x00", "1:1", "byte 0xff is not UTF-8"),
        (b"name: ok\nname: caf\xe9\n", "2:10", "byte 0xe9 is not UTF-8"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "1:1", "byte 0x89 is not UTF-8"),
        (b" " * (MAX_BYTES + 1), "1:1", "more than 8,388,608 bytes"),
    ],
)  # fmt: skip
def test_what_is_not_a_spec_gets_a_sentence(wrong: Callable[..., str], text: str | bytes, place: str, seen: str):
    said = wrong(text)
    assert any(line.startswith(f"pipeline.yaml:{place}: ") and seen in line for line in said.splitlines()), said
    assert "invalid" not in said.lower()


def test_what_is_wrong_with_keys_and_tags_is_said_together(wrong: Callable[..., str]):
    said = wrong("name: !!set a\nname: b\n1: 2\n")
    assert [line.split(": ")[0] for line in said.splitlines() if "fix:" not in line][:3] == [
        "pipeline.yaml:1:1",
        "pipeline.yaml:1:7",
        "pipeline.yaml:2:1",
    ]


def test_many_aliases_that_add_little_are_read():
    text = "a: &a [1]\nb: [" + "*a, " * 5000 + "]\n"
    assert len(parse(text.encode(), "x").root.value["b"]) == 5000  # type: ignore[arg-type,call-overload,index]


def test_what_is_not_closed_is_said_with_where_it_begins():
    with pytest.raises(SpecError, match=r"x:3:1: .*it begins at 1:4"):
        parse(b"a: {b: 1\n\n", "x")
