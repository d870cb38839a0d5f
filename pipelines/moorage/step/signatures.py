"""What a step's function asks for: read from its code, since importing `inspect` takes longer than a small step."""

from collections.abc import Callable
from types import FunctionType
from typing import Any

from moorage.frozen import Frozen

_STAR_NAMED = 0x08  # CO_VARKEYWORDS
_ASYNC = 0x80 | 0x200  # CO_COROUTINE, CO_ASYNC_GENERATOR


class Signature(Frozen):
    """The names that a function takes: those it must be given, those it may, and those that go by position only."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    unnamed: tuple[str, ...] = ()
    takes_any: bool = False


def signature_of(function: Callable[..., Any]) -> Signature:
    """Return what `function` takes; one that is wrapped or an object is read by `inspect`."""
    if not isinstance(function, FunctionType) or {"__wrapped__", "__signature__"} & vars(function).keys():
        return _inspected(function)
    code = function.__code__
    by_place = code.co_varnames[: code.co_argcount]
    by_name = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    first_default = len(by_place) - len(function.__defaults__ or ())
    defaults = {*by_place[first_default:], *(function.__kwdefaults__ or ())}
    named = by_place[code.co_posonlyargcount :] + by_name
    return Signature(
        tuple(name for name in named if name not in defaults),
        tuple(name for name in named if name in defaults),
        by_place[: code.co_posonlyargcount],
        bool(code.co_flags & _STAR_NAMED),
    )


def is_async(function: Callable[..., Any]) -> bool:
    """Return whether a call of `function` gives something to await."""
    if isinstance(function, FunctionType):
        return bool(function.__code__.co_flags & _ASYNC)
    import inspect

    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def _inspected(function: Callable[..., Any]) -> Signature:
    import inspect

    found = inspect.signature(function).parameters.values()
    named = [item for item in found if item.kind in (item.POSITIONAL_OR_KEYWORD, item.KEYWORD_ONLY)]
    return Signature(
        tuple(item.name for item in named if item.default is item.empty),
        tuple(item.name for item in named if item.default is not item.empty),
        tuple(item.name for item in found if item.kind is item.POSITIONAL_ONLY),
        any(item.kind is item.VAR_KEYWORD for item in found),
    )
