"""A stand-in for the Kubernetes provider: server-side apply against a real API server, for any kind that it serves.

It proves what our programs ask for and how they behave under the real engine, against a real server. It does not
prove how the vendor's plugin does what is asked, and has no charts, no Kustomize and no component of that plugin.
"""

import os
from concurrent.futures import Future, ThreadPoolExecutor

from tests.rigs.kubernetes.api import Object, Refused
from tests.rigs.pulumi.kubernetes import comparing, objects, ready, settings
from tests.rigs.pulumi.kubernetes.cluster import Cluster, NoKind, Unreachable, access, connect
from tests.rigs.pulumi.provider import (
    Checked,
    Diff,
    Found,
    PartlyDone,
    Provider,
    ProviderError,
    Request,
    Resource,
)
from tests.rigs.pulumi.servicer import run
from tests.rigs.pulumi.values import Properties, has_unknown, plain
from tests.rigs.pulumi.versions import plugins_of_the_sdks

DECODE = "kubernetes:yaml:decode"
IMMUTABLE = "field is immutable"


class Kubernetes(Provider):
    """Objects of one cluster; where it cannot be reached, each operation says so and a preview goes on without it."""

    package = "kubernetes"

    def __init__(self) -> None:
        super().__init__()
        self._thread = ThreadPoolExecutor(1)
        self.version = plugins_of_the_sdks()[self.package]
        self._settings = settings.Settings()
        self._looking = Future[Cluster | Unreachable]()
        self._looking.set_result(Unreachable("the provider was not configured"))

    def check_config(self, news: Properties) -> Checked:
        """Look at the settings."""
        return settings.check(news)

    def diff_config(self, olds: Properties, news: Properties) -> Diff:
        """Say whether it is the same cluster."""
        return settings.diff(olds, news)

    def configure(self, given: Properties) -> None:
        """Look for the cluster; the engine goes on meanwhile."""
        self._settings = settings.read_settings(given, dict(os.environ))
        self._looking = self._thread.submit(_found, given)

    def invoke(self, token: str, arguments: Properties) -> Properties:
        """Decode YAML, which is all that is asked of it here."""
        if token != DECODE:
            return super().invoke(token, arguments)
        import yaml  # takes 10 ms to load, and is hardly ever asked for

        documents = [each for each in yaml.safe_load_all(plain(arguments["text"])) if each]
        return {"result": documents}

    def check(self, resource: Resource, olds: Properties, news: Properties, seed: bytes) -> Checked:
        """Name the object and its namespace."""
        if "apiVersion" not in news:
            raise ProviderError(f"this stand-in knows objects of the API only, and no {resource.type}")
        inputs = objects.named(resource, plain(news), olds, seed)
        metadata = inputs.get("metadata")
        if isinstance(metadata, dict) and not metadata.get("namespace") and (space := self._namespace(inputs, olds)):
            inputs = {**inputs, "metadata": {**metadata, "namespace": space}}
        return Checked(objects.hidden(inputs, news))

    def diff(self, resource: Resource, state: Properties, olds: Properties, news: Properties) -> Diff:
        """Compare the object as it was last seen, as far as the program has a say in it, with what is wanted now."""
        old, new = comparing.normal(objects.wanted(state[objects.INPUTS])), comparing.normal(objects.wanted(news))
        have = comparing.placed(comparing.shaped_like(objects.live_of(state), old), objects.live_of(state), new)
        changes = comparing.changes(have, new)
        if changes and (normal := self._as_read_back(state, new)):
            changes = comparing.changes(have, normal)
        replaces = comparing.forced(new["apiVersion"], new["kind"], set(changes), self._settings.mutable)
        if objects.is_patch(resource):
            replaces &= set(comparing.IDENTITY)
        same_place = all(path not in changes for path in comparing.IDENTITY)
        own_name = objects.annotation(news, objects.AUTONAMED) != "true"
        return Diff(changes, replaces, delete_first=same_place and own_name)

    def create(self, resource: Resource, inputs: Properties, request: Request) -> tuple[str, Properties]:
        """Apply it under a manager of its own, and wait until it does what it is for."""
        if request.preview and (objects.is_patch(resource) or not self._can_preview(inputs)):
            return "", inputs
        manager = objects.manager_of({}, inputs)
        try:
            live = self._preview(inputs, manager) if request.preview else self._apply(inputs, manager, request)
        except Refused as refused:
            # In a preview, a namespace may be missing that the program is about to make.
            if request.preview and refused.code in (403, 404):
                return "", inputs
            raise _failure(resource, "was not successfully created by the Kubernetes API server", refused) from refused
        if request.preview:
            return "", objects.state_of(live, inputs, manager)
        return objects.id_of(live), self._settled(live, inputs, manager, request)

    def update(self, resource: Resource, state: Properties, news: Properties, request: Request) -> Properties:
        """Apply it under the same manager."""
        if request.preview and not self._can_preview(news):
            return news
        manager = objects.manager_of(state, news)
        try:
            live = self._apply(news, manager, request)
        except Refused as refused:
            failure = _failure(resource, "was not updated by the Kubernetes API server", refused)
            if request.preview:
                if refused.code == 403:
                    return news
                raise failure from refused
            live = self._cluster().get(objects.wanted(news)) or objects.live_of(state)
            kept = objects.state_of(live, news, manager)
            raise PartlyDone(objects.id_of(live), kept, (str(failure),)) from refused
        return objects.state_of(live, news, manager) if request.preview else self._settled(live, news, manager, request)

    def read(self, resource: Resource, id: str, state: Properties, inputs: Properties) -> Found | None:
        """Look at the object, and say what it lacks."""
        cluster = self._unless_gone()
        if cluster is None:
            return None
        version, kind = objects.type_of(resource)
        namespace, _, name = id.rpartition("/")
        asked = {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace or None}}
        try:
            live = cluster.get(objects.wanted(inputs) or asked)
        except NoKind:
            return None
        if live is None:
            return None
        old = comparing.normal(objects.wanted(inputs))
        seen = objects.hidden(comparing.shaped_like(live, old), inputs) if inputs else objects.inputs_of(live)
        kept = objects.state_of(live, seen, objects.manager_of(state, seen))
        if inputs and (lacks := self._lacks_now(live, seen)):
            raise PartlyDone(id, kept, tuple(lacks), seen)
        return Found(id, kept, seen)

    def delete(self, resource: Resource, id: str, state: Properties, request: Request) -> None:
        """Ask for its deletion, and wait until it is gone; a Patch gives its fields back instead."""
        cluster = self._unless_gone()
        if cluster is None:
            return
        live, inputs = objects.live_of(state), plain(state[objects.INPUTS])
        try:
            if objects.is_patch(resource):
                bare = {name: live[name] for name in ("apiVersion", "kind")}
                place = {name: live["metadata"].get(name) for name in ("name", "namespace")}
                cluster.apply({**bare, "metadata": place}, objects.manager_of(state, inputs))
                return
            cluster.delete(live, objects.annotation(inputs, objects.PROPAGATION) or "Foreground")
            lacks = ready.wait_gone(live, cluster, self._patience(inputs, request), self.cancelled)
        except NoKind:
            return
        except Unreachable as error:
            raise ProviderError(f"configured Kubernetes cluster is unreachable: {error}") from error
        except Refused as refused:
            if refused.code == 404:
                return
            raise _failure(resource, "was not deleted by the Kubernetes API server", refused) from refused
        if lacks:
            raise PartlyDone(id, state, tuple(lacks))

    @property
    def _found(self) -> Cluster | Unreachable:
        return self._looking.result()

    def _cluster(self) -> Cluster:
        if isinstance(self._found, Unreachable):
            raise ProviderError(f"configured Kubernetes cluster is unreachable: {self._found}")
        return self._found

    def _unless_gone(self) -> Cluster | None:
        if isinstance(self._found, Unreachable) and self._settings.delete_unreachable:
            return None
        return self._cluster()

    def _namespace(self, inputs: Properties, olds: Properties) -> str | None:
        try:
            cluster = self._cluster()
            return cluster.namespace if cluster.kind(inputs["apiVersion"], inputs["kind"]).namespaced else None
        except (ProviderError, NoKind, Unreachable):  # then it stays where it is
            space: str | None = (plain(olds.get("metadata")) or {}).get("namespace")
            return space

    def _can_preview(self, inputs: Properties) -> bool:
        if has_unknown(inputs) or isinstance(self._found, Unreachable):
            return False
        try:
            self._found.kind(plain(inputs["apiVersion"]), plain(inputs["kind"]))
        except (NoKind, Unreachable):
            return False
        return True

    def _apply(self, inputs: Properties, manager: str, request: Request, *, force: bool = False) -> Object:
        force = force or self._settings.force or objects.annotation(inputs, objects.PATCH_FORCE) == "true"
        try:
            return self._cluster().apply(objects.wanted(inputs), manager, force=force, dry=request.preview)
        except NoKind as error:
            raise ProviderError(f"{error}; verify that any required CRDs have been created") from error
        except Unreachable as error:
            raise ProviderError(f"configured Kubernetes cluster is unreachable: {error}") from error

    def _preview(self, inputs: Properties, manager: str) -> Object:
        # By force: what will be replaced is still there, and belongs to the manager of the old one.
        try:
            live = self._apply(inputs, manager, Request(preview=True), force=True)
        except Refused as refused:
            if refused.code != 422 or IMMUTABLE not in refused.message:
                raise
            metadata = plain(inputs["metadata"])
            other = {**inputs, "metadata": {**metadata, "name": f"{metadata['name']}-preview"}}
            live = self._apply(other, manager, Request(preview=True), force=True)
            live["metadata"]["name"] = metadata["name"]
        return {name: part for name, part in live.items() if name != "status"}

    def _as_read_back(self, state: Properties, new: Object) -> Object | None:
        # `1000m` comes back as `1`. Only the server knows all of that; where it refuses, the plain difference stands.
        if has_unknown(new) or isinstance(self._found, Unreachable):
            return None
        try:
            seen = self._found.apply(new, objects.manager_of(state, {}), force=True, dry=True)
        except (Refused, NoKind, Unreachable):
            return None
        normal: Object = comparing.shaped_like(seen, new)
        return normal

    def _settled(self, live: Object, inputs: Properties, manager: str, request: Request) -> Properties:
        if objects.annotation(inputs, objects.SKIP_AWAIT) == "true":
            return objects.state_of(live, inputs, manager)
        try:
            live, lacks = ready.wait(live, self._cluster(), self._patience(inputs, request), self.cancelled)
        except (Unreachable, Refused) as error:
            lacks = [f"it could not be looked at: {error}"]
        kept = objects.state_of(live, inputs, manager)
        if lacks:
            reason = f"{live['kind']} {objects.id_of(live)} was applied, but did not become ready: {lacks[0]}"
            raise PartlyDone(objects.id_of(live), kept, (reason, *lacks[1:]))
        return kept

    def _lacks_now(self, live: Object, inputs: Properties) -> list[str]:
        if objects.annotation(inputs, objects.SKIP_AWAIT) == "true":
            return []
        try:
            return ready.unready(live, self._cluster())
        except ready.Failed as failed:
            return [str(failed)]

    def _patience(self, inputs: Properties, request: Request) -> float:
        return request.timeout_seconds or float(objects.annotation(inputs, objects.TIMEOUT) or 0)


def _found(given: Properties) -> Cluster | Unreachable:
    if has_unknown(given):
        return Unreachable("its kubeconfig is not known yet")
    try:
        return connect(access(plain(given)))
    except Unreachable as error:
        return error
    except Refused as error:
        return Unreachable(f"it refuses us: {error}")


def _failure(resource: Resource, what: str, refused: Refused) -> ProviderError:
    fix = ""
    if refused.code == 409 and "conflict" in refused.message:
        fix = (
            f"\n  fix: let the other manager give the field up, or take it with the annotation"
            f' {objects.PATCH_FORCE}: "true"'
        )
    return ProviderError(f'resource "{resource.urn}" {what}: {refused.message}{fix}')


def main() -> None:
    """Serve it."""
    run(Kubernetes())
