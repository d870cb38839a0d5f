"""A pod's volumes as folders of this machine, and a container's mounts of them."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.rigs.kubernetes.node.expansion import expand
from tests.rigs.kubernetes.node.fields import Place, field, resource
from tests.rigs.kubernetes.node.sources import Missing, Sources, keys_of

Named = Mapping[str, Any]
TOKEN_SECONDS = 3600


class VolumeSources(Sources, Protocol):
    """What volumes can be made from."""

    def token(self, pod: Named, audience: str | None, seconds: int) -> str:
        """Return a token of the pod's service account."""

    def claimed(self, namespace: str, claim: str) -> str:
        """Return the folder that a claim is bound to."""


@dataclass(frozen=True)
class Mount:
    """A folder or file of this machine that a container sees somewhere."""

    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True)
class Maker:
    """Makes the volumes of one pod below `folder`."""

    pod: Named
    folder: Path
    place: Place
    sources: VolumeSources

    def make(self) -> dict[str, Path]:
        """Return the folder of each volume by its name; `Missing` where one cannot be made yet."""
        return {volume["name"]: self._one(volume) for volume in self.pod["spec"].get("volumes", ())}

    def _one(self, volume: Named) -> Path:
        namespace, made = self.pod["metadata"]["namespace"], self.folder / str(volume["name"])
        if source := volume.get("hostPath"):
            return host_path(source)
        if source := volume.get("persistentVolumeClaim"):
            return Path(self.sources.claimed(namespace, source["claimName"]))
        if "emptyDir" in volume:
            made.mkdir(parents=True, exist_ok=True)
            made.chmod(0o777)
            return made
        for kind in ("configMap", "secret", "projected", "downwardAPI"):
            if source := volume.get(kind):
                sources = source.get("sources", ()) if kind == "projected" else [{kind: source}]
                mode = source.get("defaultMode", 0o644)
                files = {name: data for each in sources for name, data in self._files(each).items()}
                return write(made, files, mode)
        kinds = ", ".join(key for key in volume if key != "name")
        raise Missing(f'volume "{volume["name"]}" is of a kind that this node does not have: {kinds}')

    def _files(self, source: Named) -> dict[str, bytes]:
        namespace = self.pod["metadata"]["namespace"]
        if found := source.get("serviceAccountToken"):
            seconds = found.get("expirationSeconds", TOKEN_SECONDS)
            return {found["path"]: self.sources.token(self.pod, found.get("audience"), seconds).encode()}
        if found := source.get("downwardAPI"):
            return {item["path"]: self._item(item).encode() for item in found.get("items", ())}
        for kind, look_up in (("configMap", self.sources.config_map), ("secret", self.sources.secret)):
            if found := source.get(kind):
                name = found.get("name") or found["secretName"]
                content = keys_of(look_up(namespace, name), kind, name, found.get("optional", False))
                return _chosen(content, found, name)
        raise Missing(f"a projected volume has a source that this node does not have: {', '.join(source)}")

    def _item(self, item: Named) -> str:
        if reference := item.get("fieldRef"):
            return field(self.pod, reference["fieldPath"], self.place)
        return resource(self.pod, item["resourceFieldRef"], item["resourceFieldRef"]["containerName"], self.place)


def mounts(container: Named, volumes: Mapping[str, Path], variables: Mapping[str, str]) -> list[Mount]:
    """Return what a container mounts, outer folders first; a `subPath` is made where it is not there."""
    found = []
    for mount in sorted(container.get("volumeMounts", ()), key=lambda each: str(each["mountPath"])):
        below = mount.get("subPath") or expand(mount.get("subPathExpr", ""), variables)
        source = volumes[mount["name"]] / below
        if below and not source.exists():
            source.mkdir(parents=True)
        found.append(Mount(str(source), mount["mountPath"], mount.get("readOnly", False)))
    return found


def instead(text: str, mounts: Sequence[Mount]) -> str:
    """Return text in which each path below a mount is that of this machine, for machines that cannot mount.

    This reaches words and variables alone: what a program has in its own text is not found.
    """
    for mount in sorted(mounts, key=lambda each: -len(each.target)):
        whole = rf"(?<![\w./-]){re.escape(mount.target.rstrip('/'))}(?![\w.-])"
        text = re.sub(whole, lambda _, mount=mount: mount.source, text)  # type: ignore[misc]
    return text


def host_path(source: Named) -> Path:
    """Return the folder or file of this machine, made where its type says so; `Missing` where it is another thing."""
    path, kind = Path(source["path"]), source.get("type") or ""
    if kind == "DirectoryOrCreate":
        path.mkdir(parents=True, exist_ok=True)
    elif kind == "FileOrCreate":
        path.touch()
    elif not kind and not path.exists():
        path.mkdir(parents=True)  # as container runtimes do where nothing is asked for
    fits = {
        "Directory": path.is_dir,
        "DirectoryOrCreate": path.is_dir,
        "File": path.is_file,
        "FileOrCreate": path.is_file,
    }
    if kind in fits and not fits[kind]():
        raise Missing(f"hostPath type check failed: {path} is not a {'directory' if 'Dir' in kind else 'file'}")
    return path


def write(folder: Path, files: Mapping[str, bytes], mode: int) -> Path:
    """Return the folder with just these files, put there whole: a symbolic link to data, as the kubelet does it."""
    data = folder / "..data"
    data.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        file = data / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod(mode)
    for first in {Path(name).parts[0] for name in files}:
        if not (folder / first).is_symlink():
            os.symlink(Path("..data") / first, folder / first)
    return folder


def _chosen(content: Mapping[str, bytes], source: Named, name: str) -> dict[str, bytes]:
    items: Sequence[Named] = source.get("items", ())
    if not items:
        return dict(content)
    for item in items:
        if item["key"] not in content and not source.get("optional", False):
            raise Missing(f"references non-existent config key: {item['key']} ({name})")
    return {item["path"]: content[item["key"]] for item in items if item["key"] in content}
