"""Names of platforms to what they bring for operating stacks, by entry point; a platform may bring nothing."""

from importlib.util import find_spec
from pkgutil import resolve_name

from moorage.errors import MoorageError, TargetError
from moorage.operations import Operations
from moorage.registry import PLATFORMS

GROUP = "moorage.operations"
"""The entry point group in which any distribution may name the operations of a platform."""


def operations(platform: str) -> Operations | None:
    """Return what a platform brings; None where it brings nothing. Raises TargetError when that cannot be loaded."""
    if platform in PLATFORMS:
        place = f"moorage_{platform}.operate:operations"
        return _loaded(platform, place) if _is_here(place.partition(":")[0]) else None
    from importlib.metadata import entry_points

    for point in entry_points(group=GROUP, name=platform):
        return _loaded(platform, point.value)
    return None


def _is_here(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # nor its package
        return False


def _loaded(platform: str, place: str) -> Operations:
    try:
        found = resolve_name(place)
    except MoorageError:
        raise
    except Exception as error:  # a third party's import may raise anything
        seen = f"{type(error).__name__}: {error}"
        raise TargetError(f"the operations of {platform!r} cannot be loaded: {seen}", fix="tell its authors") from error
    if not isinstance(found, Operations):
        raise TargetError(f"{place} is not what operates a platform", fix="tell its authors")
    return found
