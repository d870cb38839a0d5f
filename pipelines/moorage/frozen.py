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
    _defaults: ClassVar[Mapping[str, Any]]

    def __init_subclass__(cls) -> None:
        own = cls.__dict__
        cls._names = tuple(own.get("__annotations__", ()))
        cls._defaults = {name: own[name] for name in cls._names if name in own}

    def __init__(self, *values: Any, **named: Any) -> None:
        fields = dict(zip(self._names, values, strict=False))
        for name in self._names[len(values) :]:
            fields[name] = named.pop(name) if name in named else self._default(name)
        if named or len(values) > len(self._names):
            extra = next(iter(named), len(self._names))
            raise TypeError(f"{type(self).__name__} has no field {extra!r}, or was given it twice")
        self.__dict__.update(fields)

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if type(self) is type(other) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(vars(self).values()))

    def __repr__(self) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"

    def __setattr__(self, name: str, _: object) -> NoReturn:
        raise AttributeError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"cannot delete field {name!r}")

    def _default(self, name: str) -> Any:
        if name not in self._defaults:
            raise TypeError(f"{type(self).__name__} needs {name!r}")
        default = self._defaults[name]
        return {} if default is EMPTY else default


_Kind = TypeVar("_Kind", bound=Frozen)


def replaced(value: _Kind, **changes: Any) -> _Kind:
    """Return `value` with other values in some of its fields."""
    return type(value)(**{**vars(value), **changes})


def plain(value: Any) -> Any:
    """Return `value` as what JSON is made of, as `dataclasses.asdict` does: fields in their order, tuples kept."""
    if value is None or isinstance(value, str | int | float):  # first, since most values are
        return value
    if isinstance(value, Frozen):
        return {name: plain(item) for name, item in vars(value).items()}
    if isinstance(value, dict | Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(map(plain, value))
    return value


def _as_dataclass(kind: type[Frozen]) -> Any:
    import dataclasses  # here, because this is what costs

    for name, default in kind._defaults.items():
        if default is EMPTY:
            setattr(kind, name, dataclasses.field(default_factory=dict))
    dataclasses.dataclass(frozen=True)(kind)
    return kind.__dict__["__dataclass_fields__"]
