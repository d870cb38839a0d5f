"""Names to adapters, by entry point; nothing of an adapter is imported before it is asked for."""

from collections.abc import Iterator
from contextlib import suppress
from difflib import get_close_matches
from importlib.metadata import EntryPoint, PackageNotFoundError, distribution, entry_points

from moorage.errors import MoorageError, SpecError, TargetError
from moorage.ports import Adapter

GROUP = "moorage.adapters"
"""The entry point group in which any distribution may name its adapter."""

PLATFORMS = ("local", "kubernetes", "sagemaker", "vertex", "azureml", "openstack")
"""The platforms whose adapters are moorage's own; each but the first is an extra of that name."""


def installed() -> tuple[str, ...]:
    """Return the names of the adapters that can be asked for, in alphabetical order."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def adapter(name: str) -> Adapter:
    """Return the adapter of that name.

    Raises SpecError when none has it, TargetError when the one that has it cannot be loaded.
    """
    point = next(_points(name), None)
    if point is None:
        raise _unknown(name)
    return _load(point)


def _points(name: str) -> Iterator[EntryPoint]:
    # Ours first: asking all that is installed reads a file of each distribution.
    with suppress(PackageNotFoundError):  # a checkout that nobody installed
        yield from distribution("moorage").entry_points.select(group=GROUP, name=name)
    yield from entry_points(group=GROUP, name=name)


def _load(point: EntryPoint) -> Adapter:
    try:
        loaded = point.load()
    except MoorageError:
        raise
    except Exception as error:  # a third party's import may raise anything
        seen = f"{type(error).__name__}: {error}"
        raise TargetError(f"the adapter {point.name!r} cannot be loaded: {seen}", fix=_reinstall(point)) from error
    if not isinstance(loaded, Adapter) or loaded.platform != point.name:
        message = f"the entry point {point.name!r} names {point.value}, which is not an adapter of that platform"
        raise TargetError(message, fix=_reinstall(point))
    return loaded


def _reinstall(point: EntryPoint) -> str:
    distribution = point.dist.name if point.dist else "moorage"
    if distribution != "moorage":
        return f"pip install --upgrade {distribution}, or tell its authors"
    return _install(point.name)


def _install(platform: str) -> str:
    return f"pip install 'moorage[{platform}]'" if platform != "local" else "pip install --upgrade moorage"


def _unknown(name: str) -> SpecError:
    names = installed()
    message = f"no adapter is named {name!r}; installed: {', '.join(names) or 'none'}"
    near = get_close_matches(name, {*names, *PLATFORMS}, n=1)
    if not near:
        return SpecError(message, fix="write one of the installed names, or install the distribution that has it")
    return SpecError(message, fix=f"write {near[0]!r}" if near[0] in names else _install(near[0]))
