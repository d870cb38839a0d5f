"""Names to adapters, by entry point; nothing of an adapter is imported before it is asked for."""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pkgutil import resolve_name

from moorage.errors import MoorageError, SpecError, TargetError
from moorage.ports import Adapter

GROUP = "moorage.adapters"
"""The entry point group in which any distribution may name its adapter."""

PLATFORMS = ("local", "kubernetes", "sagemaker", "vertex", "azureml", "openstack")
"""The platforms whose adapters are moorage's own; each but the first is an extra of that name."""


def installed() -> tuple[str, ...]:
    """Return the names of the adapters that can be asked for, in alphabetical order."""
    from importlib.metadata import entry_points

    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def adapter(name: str) -> Adapter:
    """Return the adapter of that name.

    Raises SpecError when none has it, TargetError when the one that has it cannot be loaded.
    """
    # Ours are where they are: asking all that is installed takes 20 ms and more.
    if name in PLATFORMS and _is_here(f"moorage_{name}.adapter"):
        place = f"moorage_{name}.adapter:adapter"
        return _loaded(name, place, partial(resolve_name, place), "moorage")
    from importlib.metadata import entry_points

    for point in entry_points(group=GROUP, name=name):
        return _loaded(name, point.value, point.load, point.dist.name if point.dist else "moorage")
    raise _unknown(name)


def _is_here(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # nor its package
        return False


def _loaded(name: str, place: str, load: Callable[[], object], distribution: str) -> Adapter:
    try:
        loaded = load()
    except MoorageError:
        raise
    except Exception as error:  # a third party's import may raise anything
        seen = f"{type(error).__name__}: {error}"
        fix = _reinstall(name, distribution)
        raise TargetError(f"the adapter {name!r} cannot be loaded: {seen}", fix=fix) from error
    if not isinstance(loaded, Adapter) or loaded.platform != name:
        message = f"the entry point {name!r} names {place}, which is not an adapter of that platform"
        raise TargetError(message, fix=_reinstall(name, distribution))
    return loaded


def _reinstall(name: str, distribution: str) -> str:
    return _install(name) if distribution == "moorage" else f"pip install --upgrade {distribution}, or tell its authors"


def _install(platform: str) -> str:
    return f"pip install 'moorage[{platform}]'" if platform != "local" else "pip install --upgrade moorage"


def _unknown(name: str) -> SpecError:
    names = installed()
    message = f"no adapter is named {name!r}; installed: {', '.join(names) or 'none'}"
    from difflib import get_close_matches

    near = get_close_matches(name, {*names, *PLATFORMS}, n=1)
    if not near:
        return SpecError(message, fix="write one of the installed names, or install the distribution that has it")
    return SpecError(message, fix=f"write {near[0]!r}" if near[0] in names else _install(near[0]))
