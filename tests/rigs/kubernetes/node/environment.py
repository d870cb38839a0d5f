"""The variables, command and arguments of a container, as the kubelet makes them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.rigs.kubernetes.node.expansion import expand
from tests.rigs.kubernetes.node.fields import Place, field, resource
from tests.rigs.kubernetes.node.settings import Image
from tests.rigs.kubernetes.node.sources import Missing, Sources, keys_of

Named = Mapping[str, Any]
_Lookup = Callable[[str, str], Mapping[str, bytes] | None]


@dataclass(frozen=True)
class Command:
    """What is run: words, all variables, and the folder to start in."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    folder: str


def command(container: Named, image: Image, variables: Mapping[str, str], base: Mapping[str, str]) -> Command:
    """Return what a container runs; what it says itself goes before what its image says.

    `variables` are the container's own, in which alone its words are expanded, as the kubelet does it; `base` is what
    every container of this node gets.
    """
    said = tuple(expand(word, variables) for word in container.get("command", ()))
    words = tuple(expand(word, variables) for word in container.get("args", ()))
    argv = said + words if said else image.entrypoint + (words or image.arguments)
    return Command(argv, {**base, **image.environment, **variables}, container.get("workingDir") or image.folder)


def variables(pod: Named, container: Named, place: Place, sources: Sources, services: Named) -> dict[str, str]:
    """Return the variables of a container in the order of precedence; `Missing` where a reference leads nowhere."""
    namespace = pod["metadata"]["namespace"]
    found: dict[str, str] = {}
    for group in container.get("envFrom", ()):
        found |= _group(group, namespace, sources)
    for entry in container.get("env", ()):
        if "valueFrom" not in entry:
            found[entry["name"]] = expand(entry.get("value", ""), {**services, **found})
            continue
        value = _referred(entry["valueFrom"], pod, container["name"], place, sources)
        if value is not None:
            found[entry["name"]] = value
    return {**services, **found}


def _group(group: Named, namespace: str, sources: Sources) -> dict[str, str]:
    for kind, key, look_up in _kinds(sources, "Ref"):
        if reference := group.get(key):
            name, optional = reference["name"], reference.get("optional", False)
            content = keys_of(look_up(namespace, name), kind, name, optional)
            return {group.get("prefix", "") + each: data.decode() for each, data in content.items()}
    raise Missing(f"envFrom has no source that this node knows: {', '.join(group)}")


def _referred(source: Named, pod: Named, container: str, place: Place, sources: Sources) -> str | None:
    if reference := source.get("fieldRef"):
        return field(pod, reference["fieldPath"], place)
    if reference := source.get("resourceFieldRef"):
        return resource(pod, reference, container, place)
    namespace = pod["metadata"]["namespace"]
    for kind, key, look_up in _kinds(sources, "KeyRef"):
        if reference := source.get(key):
            name, optional = reference["name"], reference.get("optional", False)
            content = keys_of(look_up(namespace, name), kind, name, optional)
            if reference["key"] not in content and not optional:
                raise Missing(f"couldn't find key {reference['key']} in {kind} {namespace}/{name}")
            return content[reference["key"]].decode() if reference["key"] in content else None
    raise Missing(f"valueFrom has no source that this node knows: {', '.join(source)}")


def _kinds(sources: Sources, ending: str) -> tuple[tuple[str, str, _Lookup], ...]:
    return (
        ("ConfigMap", f"configMap{ending}", sources.config_map),
        ("Secret", f"secret{ending}", sources.secret),
    )
