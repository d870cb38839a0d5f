"""Operations that were cut off: what a state says of them, and what becomes of each. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from moorage.frozen import Frozen
from moorage.operations import Declared
from moorage.stacks.engine import State

CREATING = "creating"


class Pending(Frozen):
    """An operation that began and whose end nobody has written: `doing` is Pulumi's word for it."""

    doing: str
    resource: Declared
    parent: str
    provider: str

    def __str__(self) -> str:
        return f"{self.doing} {self.resource.urn}"


def pending(state: State) -> tuple[Pending, ...]:
    """Return what was cut off, in the state's order."""
    operations = (state.get("deployment") or {}).get("pending_operations") or ()
    return tuple(_pending(each) for each in operations)


def declared(state: State) -> tuple[Declared, ...]:
    """Return all resources of a state that a provider made, but for the providers themselves."""
    return tuple(_declared(each) for each in resources(state) if each.get("custom") and not _is_own(each))


def protected(state: State) -> tuple[str, ...]:
    """Return the names of the resources that Pulumi refuses to delete."""
    return tuple(short(each["urn"]) for each in resources(state) if each.get("protect"))


def resources(state: State) -> Sequence[Mapping[str, Any]]:
    """Return the resources of a state as they are."""
    return (state.get("deployment") or {}).get("resources") or ()


def short(urn: str) -> str:
    """Return a resource as people name it: the last part of its type, and its name."""
    parts = urn.split("::", 3)
    return f"{parts[2].rpartition(':')[2]} {parts[3]}" if len(parts) > 3 else urn


def to_import(adopted: Sequence[tuple[Pending, str]]) -> dict[str, object]:
    """Return the file for `pulumi import` that takes each resource into the stack under the id beside it."""
    names: dict[str, str] = {}
    return {"nameTable": names, "resources": [_spec(item, id, names) for item, id in adopted]}


def _spec(item: Pending, id: str, names: dict[str, str]) -> dict[str, str]:
    spec = {"type": item.resource.type, "name": item.resource.urn.split("::", 3)[3], "id": id}
    for role, urn in _named(item):
        key = f"{role}-{len(names)}"
        names[key] = urn
        spec[role] = key
    return spec


def _named(item: Pending) -> Iterator[tuple[str, str]]:
    if item.parent and "::pulumi:pulumi:Stack::" not in item.parent:
        yield "parent", item.parent
    urn = item.provider.rpartition("::")[0]
    if urn and not urn.rpartition("::")[2].startswith("default"):
        yield "provider", urn


def _pending(said: Mapping[str, Any]) -> Pending:
    resource = said["resource"]
    return Pending(said["type"], _declared(resource), resource.get("parent", ""), resource.get("provider", ""))


def _declared(resource: Mapping[str, Any]) -> Declared:
    return Declared(resource["urn"], resource["type"], resource.get("id", ""), resource.get("inputs") or {})


def _is_own(resource: Mapping[str, Any]) -> bool:
    return str(resource["type"]).startswith("pulumi:")
