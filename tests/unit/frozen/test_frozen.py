"""A frozen class is what a dataclass is, at a tenth of what defining one costs."""

import dataclasses
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import pytest
from pydantic import TypeAdapter

from moorage.frozen import EMPTY, Frozen, plain, replaced


def _classes() -> tuple[Any, Any]:
    class Point(Frozen):
        x: int
        y: int = 0
        notes: Mapping[str, Any] = EMPTY

    class Line(Frozen):
        ends: tuple[Point, ...]

    Point.__qualname__ = "Point"
    return Point, Line


def test_fields_are_given_by_place_or_by_name_and_else_have_their_defaults() -> None:
    point, _ = _classes()
    assert point(1, y=2) == point(x=1, y=2) == point(1, 2, {})
    assert repr(point(1)) == "Point(x=1, y=0, notes={})"
    assert point(1) != point(2)
    assert point(1) != (1, 0, {})


@pytest.mark.parametrize(("values", "named"), [((), {}), ((1, 2, {}, 4), {}), ((1,), {"x": 1}), ((1,), {"z": 1})])
def test_a_field_that_is_missing_unknown_or_given_twice_is_a_type_error(values: Any, named: Any) -> None:
    point, _ = _classes()
    with pytest.raises(TypeError):
        point(*values, **named)


def test_nothing_is_assigned() -> None:
    point, _ = _classes()
    with pytest.raises(AttributeError, match="x"):
        point(1).x = 2
    with pytest.raises(AttributeError, match="x"):
        del point(1).x


def test_an_empty_mapping_is_not_shared() -> None:
    point, _ = _classes()
    point(1).notes["a"] = 1
    assert point(1).notes == {}


def test_plain_and_replaced_are_asdict_and_replace() -> None:
    point, line = _classes()
    made = line((point(1), point(2, notes={"a": [point(3)]})))
    assert plain(made) == dataclasses.asdict(made)
    assert type(plain(made)["ends"]) is tuple
    assert replaced(point(1), y=5) == dataclasses.replace(point(1), y=5) == point(1, 5)


def test_one_that_was_made_before_it_was_taken_for_a_dataclass_stays_what_it_is() -> None:
    point, _ = _classes()
    before = point(1, 2)
    assert [field.name for field in dataclasses.fields(point)] == ["x", "y", "notes"]
    assert dataclasses.asdict(before) == {"x": 1, "y": 2, "notes": {}}
    assert before == point(1, 2)
    assert hash(replaced(before, notes=())) == hash(point(1, 2, ()))
    with pytest.raises(AttributeError):
        before.x = 3


def test_pydantic_reads_and_writes_it_as_an_object() -> None:
    point, _ = _classes()
    adapter = TypeAdapter(point)
    made = adapter.validate_json('{"x": 1}')
    assert made == point(1)
    assert adapter.dump_json(made) == b'{"x":1,"y":0,"notes":{}}'


def test_what_is_replaced_must_be_a_field() -> None:
    point, _ = _classes()
    with pytest.raises(TypeError, match="z"):
        replaced(point(1), z=2)


def test_a_match_takes_it_apart_by_place() -> None:
    point, _ = _classes()
    match point(1, 2):
        case point(x, y):
            assert (x, y) == (1, 2)


def test_a_property_that_was_cached_is_no_field() -> None:
    class Square(Frozen):
        side: int

        @cached_property
        def area(self) -> int:
            return self.side**2

    asked = Square(3)
    assert asked.area == 9
    assert asked == Square(3)
    assert hash(asked) == hash(Square(3))
    assert plain(asked) == {"side": 3}
    assert replaced(asked, side=4).area == 16
