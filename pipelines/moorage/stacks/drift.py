"""Drift: what the engine's events say of resources that are not as the stack left them. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from moorage.frozen import Frozen
from moorage.stacks.pending import short

What = Literal["changed", "gone", "undeclared"]
"""Whether an object is not as it was made, is not there, or is there and nobody said so."""


class Drifted(Frozen):
    """One object that is not as the stacks say; `detail` are the paths that differ, or what the object means.

    `urn` is empty for one that no stack declares.
    """

    what: What
    name: str
    detail: str
    urn: str = ""


def drifted(events: Iterable[Mapping[str, Any]]) -> tuple[Drifted, ...]:
    """Return what a previewed refresh found, by name; what differs only in what the platform itself writes is none."""
    ended = (event["resOutputsEvent"]["metadata"] for event in events if "resOutputsEvent" in event)
    found = {said["urn"]: each for said in ended if (each := _drifted(said))}
    return tuple(sorted(found.values(), key=lambda each: each.name))


def _drifted(said: Mapping[str, Any]) -> Drifted | None:
    urn = said["urn"]
    if str(said["type"]).startswith("pulumi:"):
        return None
    if said["op"] == "delete":
        return Drifted("gone", short(urn), "it is not there any more", urn)
    paths = sorted(said.get("detailedDiff") or said.get("diffs") or ())
    return Drifted("changed", short(urn), ", ".join(paths), urn) if said["op"] == "update" and paths else None
