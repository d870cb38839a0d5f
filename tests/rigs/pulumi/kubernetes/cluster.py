"""One API server as a provider needs it: found by a kubeconfig, its kinds by discovery."""

import base64
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.rigs.kubernetes.api import APPLY, Client, Credentials, Object, Refused
from tests.rigs.kubernetes.pair import Pair


class Unreachable(Exception):
    """There is no cluster to talk to; the text says which, and what was seen."""


class NoKind(Exception):
    """The server does not know this kind, or not yet."""


@dataclass(frozen=True)
class Kind:
    """Where the objects of one kind are."""

    root: str
    plural: str
    namespaced: bool

    def collection(self, namespace: str | None) -> str:
        """Return the path of all objects of this kind (in a namespace, where there are any)."""
        within = f"/namespaces/{namespace or 'default'}" if self.namespaced else ""
        return f"{self.root}{within}/{self.plural}"


@dataclass(frozen=True)
class Access:
    """What a kubeconfig says of one context."""

    server: str
    namespace: str
    cluster: Mapping[str, Any]
    user: Mapping[str, Any]


class Cluster:
    """An API server that answered when this was made."""

    def __init__(self, access: Access, client: Client):
        self.server, self.namespace, self._client = access.server, access.namespace, client
        self._kinds: dict[tuple[str, str], Kind] = {}
        self._lock = threading.Lock()

    def kind(self, api_version: str, kind: str) -> Kind:
        """Return where objects of this kind are. Raises NoKind, after another look at what the server has."""
        with self._lock:
            if (api_version, kind) not in self._kinds:
                self._discover()
            found = self._kinds.get((api_version, kind))
        if found is None:
            raise NoKind(f"{self.server} has no {api_version} {kind}")
        return found

    def discover(self) -> None:
        """Look at all kinds that the server has."""
        with self._lock:
            self._discover()

    def path(self, object: Object) -> str:
        """Return where this object is, or would be."""
        metadata = object["metadata"]
        kind = self.kind(object["apiVersion"], object["kind"])
        return f"{kind.collection(metadata.get('namespace'))}/{metadata['name']}"

    def get(self, object: Object) -> Object | None:
        """Return what the server has under this name."""
        try:
            found: Object = self.ask(partial(self._client.get, self.path(object)))
        except Refused as refused:
            if refused.code != 404:
                raise
            return None
        return found

    def list(self, collection: str, **query: str) -> list[Object]:
        """Return the objects of a collection."""
        items: list[Object] = self.ask(partial(self._client.get, collection, **query))["items"]
        return items

    def apply(self, object: Object, manager: str, *, force: bool = False, dry: bool = False) -> Object:
        """Apply on the server's side, refusing any field that the server does not know."""
        query = {"fieldManager": manager, "fieldValidation": "Strict", "force": str(force).lower()}
        path = f"{self.path(object)}?{urlencode({**query, **({'dryRun': 'All'} if dry else {})})}"
        applied: Object = self.ask(partial(self._client.call, "PATCH", path, object, APPLY))
        return applied

    def delete(self, object: Object, policy: str) -> None:
        """Ask for its deletion; the server may take its time."""
        self.ask(partial(self._client.delete, self.path(object), propagationPolicy=policy))

    def wait_for_news(self, collection: str, seconds: int, **query: str) -> None:
        """Return at the first change in a collection after this moment, or after that many seconds."""
        watch = self._client.watch(collection, timeoutSeconds=str(seconds), **query)
        try:
            self.ask(lambda: next((event for event in watch if event["type"] != "ADDED"), None))
        finally:
            watch.close()  # type: ignore[attr-defined]  # it is a generator

    def ask(self, call: Callable[[], Any]) -> Any:
        """Make a call; a server that does not answer is Unreachable, by its address."""
        try:
            return call()
        except (OSError, HTTPException) as error:
            raise Unreachable(f"{self.server}: {error}") from error

    def _discover(self) -> None:
        for root in ("/api", "/apis"):
            for group in self.ask(partial(self._client.discover, root)):
                self._kinds.update(_kinds(root, group))


def access(settings: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Access:
    """Return what the provider's settings, or else the environment, say. Raises Unreachable."""
    config, source = _kubeconfig(settings, environ)
    name = settings.get("context") or config.get("current-context")
    context = _named(config, "context", name, source)
    cluster = _named(config, "cluster", settings.get("cluster") or context["cluster"], source)
    namespace = settings.get("namespace") or context.get("namespace") or "default"
    return Access(cluster["server"], namespace, cluster, _named(config, "user", context["user"], source))


def connect(found: Access) -> Cluster:
    """Return the cluster, which has answered. Raises Unreachable."""
    unsupported = sorted({"exec", "auth-provider", "username"} & found.user.keys())
    if unsupported or found.cluster.get("insecure-skip-tls-verify"):
        raise Unreachable(f"{found.server}: this stand-in knows certificates and tokens only, not {unsupported}")
    client = Client(found.server, _file(found.cluster, "certificate-authority"), _credentials(found))
    cluster = Cluster(found, client)
    cluster.discover()
    return cluster


def _kinds(root: str, group: Object) -> Iterator[tuple[tuple[str, str], Kind]]:
    for served in group["versions"]:
        version = "/".join(filter(None, (group["metadata"].get("name"), served["version"])))
        for each in served["resources"]:
            kind = Kind(f"{root}/{version}", each["resource"], each["scope"] == "Namespaced")
            yield (version, each["responseKind"]["kind"]), kind


def _kubeconfig(settings: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[Any, str]:
    given = settings.get("kubeconfig") or environ.get("KUBECONFIG") or f"{environ.get('HOME', '')}/.kube/config"
    if isinstance(given, dict):
        return given, "the provider's kubeconfig"
    is_text = "\n" in given or given.lstrip().startswith("{")
    source = "the provider's kubeconfig" if is_text else f"kubeconfig {given}"
    try:
        config = _parsed(given if is_text else Path(given).expanduser().read_text(), source)
    except OSError as error:
        raise Unreachable(f"unable to load {source}: {error.strerror}") from error
    if not isinstance(config, dict) or not config.get("clusters"):
        raise Unreachable(f"unable to load {source}: it names no cluster")
    return config, source


def _parsed(text: str, source: str) -> Any:
    with suppress(ValueError):  # most YAML of the tests is JSON, which needs no parser that takes 10 ms to load
        return json.loads(text)
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Unreachable(f"unable to load {source}: it is no YAML: {error}") from error


def _named(config: Mapping[str, Any], what: str, name: object, source: str) -> Mapping[str, Any]:
    for each in config.get(f"{what}s") or []:
        if each["name"] == name:
            found: Mapping[str, Any] = each[what]
            return found
    raise Unreachable(f"{source} has no {what} {json.dumps(name)}")


def _credentials(found: Access) -> Credentials:
    if token := found.user.get("token"):
        return _in_memory(token.encode())
    if path := found.user.get("tokenFile"):
        return Path(path)
    return Pair(_file(found.user, "client-certificate"), _file(found.user, "client-key"))


def _file(said: Mapping[str, Any], name: str) -> Path:
    if path := said.get(name):
        return Path(path)
    if data := said.get(f"{name}-data"):
        return _in_memory(base64.b64decode(data))
    raise Unreachable(f"its kubeconfig has neither {name} nor {name}-data")


def _in_memory(content: bytes) -> Path:
    # The TLS library reads files only; this one has no name on any disk, and lives as long as the process.
    descriptor = os.memfd_create("credentials")
    os.write(descriptor, content)
    return Path(f"/proc/{os.getpid()}/fd/{descriptor}")
