"""Frozen classes of plain data that cost next to nothing to define, for the process inside each job.

A dataclass compiles its methods when it is defined, and importing what does that takes longer than a step
may take to start. A `Frozen` class has its methods from here, and becomes a real dataclass at the moment
somebody takes it for one: `dataclasses.asdict`, `replace` and pydantic work on it as on any other.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, NoReturn, TypeVar, dataclass_transform

EMPTY: Mapping[str, Any] = MappingProxyType({})
"""The default of a field that is a mapping: every value gets a dict of its own."""


class _WhenAsked:
    def __get__(self, _: object, owner: type["Frozen"]) -> Any:
        if owner is Frozen:
            raise AttributeError("__dataclass_fields__")
        return _as_dataclass(owner)


@dataclass_transform(frozen_default=True)
class Frozen:
    """The base of a class whose annotations are its fields, in order, with their defaults."""

    __dataclass_fields__: ClassVar[dict[str, Any]] = _WhenAsked()  # type: ignore[assignment]
    _names: ClassVar[tuple[str, ...]]
    _unsaid: ClassVar[Mapping[str, Any]]
    _needed: ClassVar[frozenset[str]]
    _mappings: ClassVar[tuple[str, ...]]

    def __init_subclass__(cls) -> None:
        own = cls.__dict__
        cls._names = tuple(own.get("__annotations__", ()))
        cls.__match_args__ = cls._names  # type: ignore[attr-defined,misc]
        cls._unsaid = {name: own.get(name) for name in cls._names}
        cls._needed = frozenset(name for name in cls._names if name not in own)
        cls._mappings = tuple(name for name, default in cls._unsaid.items() if default is EMPTY)

    def __init__(self, *values: Any, **named: Any) -> None:
        if not named and len(values) == len(self._names):  # at half the price of what follows
            self.__dict__.update(zip(self._names, values, strict=True))
            return
        given = {**dict(zip(self._names, values, strict=False)), **named} if values else named
        fields = {**self._unsaid, **given}  # in the order of the class
        is_whole = len(given) == len(values) + len(named) and len(fields) == len(self._names)
        if not is_whole or not given.keys() >= self._needed:
            seen = f"{len(values)} by place and {', '.join(named) or 'none'} by name"
            raise TypeError(f"{type(self).__name__} takes {', '.join(self._names)}; it was given {seen}")
        for name in self._mappings:
            if fields[name] is EMPTY:
                fields[name] = {}
        self.__dict__.update(fields)

    def __eq__(self, other: object) -> bool:
        return _fields(self) == _fields(other) if type(self) is type(other) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(_fields(self).values()))

    def __repr__(self) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={value!r}' for name, value in _fields(self).items())})"

    def __setattr__(self, name: str, _: object) -> NoReturn:
        raise AttributeError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"cannot delete field {name!r}")


_Kind = TypeVar("_Kind", bound=Frozen)


def replaced(value: _Kind, **changes: Any) -> _Kind:
    """Return `value` with other values in some of its fields."""
    made = object.__new__(type(value))
    fields = {**_fields(value), **changes}
    if len(fields) != len(value._names):
        raise TypeError(f"{type(value).__name__} has {', '.join(value._names)}; not all of {', '.join(changes)}")
    made.__dict__.update(fields)
    return made


def plain(value: Any) -> Any:
    """Return `value` as what JSON is made of, as `dataclasses.asdict` does: fields in their order, tuples kept."""
    if value is None or isinstance(value, str | int | float):  # first, since most values are
        return value
    if isinstance(value, Frozen):
        return {name: plain(item) for name, item in _fields(value).items()}
    if isinstance(value, dict | Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(map(plain, value))
    return value


def _fields(value: Any) -> dict[str, Any]:
    held: dict[str, Any] = value.__dict__
    # What else is held there are cached properties.
    return held if len(held) == len(value._names) else {name: held[name] for name in value._names}


def _as_dataclass(kind: type[Frozen]) -> Any:
    import dataclasses  # here, because this is what costs

    for name in kind._mappings:
        setattr(kind, name, dataclasses.field(default_factory=dict))
    dataclasses.dataclass(frozen=True)(kind)
    return kind.__dict__["__dataclass_fields__"]
