"""The API of a cluster, called: where its words for what went wrong end, and where it is tried again."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from moorage.errors import AccessDenied, Corrupt, MoorageError, NotFound, Throttled
from moorage_kubernetes import refusals
from moorage_kubernetes.access import api_client
from moorage_kubernetes.facts import Body
from moorage_kubernetes.refusals import Again, Gone
from moorage_kubernetes.target import KubernetesTarget

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 20.0
PATIENCE_SECONDS = 45.0
"""How long a call is tried again that the cluster could not take: an API server starts anew in less."""
DENIED_SECONDS = 10.0
"""How long what was allowed before is tried again when it no longer is."""
SILENCE_SECONDS = 15.0
"""A watch that has said nothing for so long is given up, and what it watched is listed anew."""
PAGE = 500
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0

METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
MERGE = "application/merge-patch+json"

_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Kind:
    """One kind of object, where its API is, and what its collection is called."""

    name: str
    api: str
    plural: str


JOB = Kind("Job", "/apis/batch/v1", "jobs")
JOBSET = Kind("JobSet", "/apis/jobset.x-k8s.io/v1alpha2", "jobsets")
POD = Kind("Pod", "/api/v1", "pods")
EVENT = Kind("Event", "/api/v1", "events")
SECRET = Kind("Secret", "/api/v1", "secrets")
WORKLOAD = Kind("Workload", "/apis/kueue.x-k8s.io/v1beta1", "workloads")


class Api:
    """One namespace. Every call has a deadline, and is tried again for `patience_seconds` where that may help.

    Creating is tried again too: a name cannot be created twice.
    """

    def __init__(self, target: KubernetesTarget) -> None:
        self._target = target
        self._namespace = target.namespace
        self._client = api_client(target)
        self._let_in: set[tuple[str, str]] = set()
        self.patience_seconds = PATIENCE_SECONDS

    def hasty(self) -> "Api":
        """Return the same cluster, with calls that are not tried again."""
        other = copy(self)
        other.patience_seconds = 0.0
        return other

    def get(self, kind: Kind, name: str, metadata_only: bool = False) -> Body | None:
        """Return an object, or None where there is none of that name."""
        headers = {"Accept": METADATA} if metadata_only else {}
        call = partial(self._json, "GET", self._path(kind, name), {}, headers)
        try:
            found: Body = self._patiently("get", kind, name, call)
        except NotFound:
            return None
        return found

    def list(
        self, kind: Kind, labels: str = "", fields: str = "", metadata_only: bool = False
    ) -> tuple[list[Body], str]:
        """Return all objects with these labels and fields, and the version of the list."""
        headers = {"Accept": METADATA_LIST} if metadata_only else {}
        query = {"limit": str(PAGE), "labelSelector": labels, "fieldSelector": fields, "continue": ""}
        found: list[Body] = []
        while True:
            asked = {name: text for name, text in query.items() if text}
            call = partial(self._json, "GET", self._path(kind), asked, headers)
            try:
                page = self._patiently("list", kind, None, call)
            except Gone:  # the pages that are left are too old: begin again
                if not query["continue"]:
                    raise
                found, query["continue"] = [], ""
                continue
            found += page.get("items") or []
            query["continue"] = page["metadata"].get("continue", "")
            if not query["continue"]:
                return found, page["metadata"].get("resourceVersion", "")

    def create(self, kind: Kind, body: Body) -> Body:
        """Create an object and return it as it was stored; Taken when its name is."""
        name = str(body["metadata"]["name"])
        return self._patiently("create", kind, name, partial(self._json, "POST", self._path(kind), {}, {}, body))

    def patch(self, kind: Kind, name: str, body: Body) -> Body:
        """Merge fields into an object and return it; Taken when its version is not the one in the body."""
        headers = {"Content-Type": MERGE}
        call = partial(self._json, "PATCH", self._path(kind, name), {}, headers, body)
        return self._patiently("patch", kind, name, call)

    def delete(self, kind: Kind, name: str) -> None:
        """Delete an object and, in the background, what it owns; one that is gone is left alone."""
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        try:
            call = partial(self._json, "DELETE", self._path(kind, name), {}, {}, options)
            self._patiently("delete", kind, name, call)
        except NotFound:
            return

    def watch(self, kind: Kind, labels: str, version: str) -> Iterator[Body]:
        """Yield what happens from that version on, until the server ends it; Gone when the version is too old."""
        query = {"watch": "1", "labelSelector": labels, "resourceVersion": version, "allowWatchBookmarks": "true"}
        with self._told("watch", kind, None):
            response = self._send("GET", self._path(kind), query, {}, None, SILENCE_SECONDS)
            try:
                yield from map(_event, response)
            finally:
                response.close()

    def log(self, pod: str, container: str) -> Iterator[str]:
        """Yield the lines that a container has printed; nothing where there are none yet, or none any more."""
        path, query = f"{self._path(POD, pod)}/log", {"container": container}
        try:
            with self._told("get", POD, f"{pod}/log"):
                response = self._send("GET", path, query, {}, None, ANSWER_SECONDS)
                try:
                    for line in response:
                        yield line.decode("utf-8", "replace").rstrip("\n")
                finally:
                    response.close()
        except (NotFound, refusals.Refused):
            return

    def _path(self, kind: Kind, name: str | None = None) -> str:
        collection = f"{kind.api}/namespaces/{self._namespace}/{kind.plural}"
        return f"{collection}/{name}" if name else collection

    def _patiently(self, verb: str, kind: Kind, name: str | None, call: Callable[[], _Answer]) -> _Answer:
        began, pause = time.monotonic(), _FIRST_PAUSE
        while True:
            try:
                with self._told(verb, kind, name):
                    answer = call()
                self._let_in.add((verb, kind.name))
                return answer
            except (Again, Throttled, AccessDenied) as error:
                wait = max(pause, refusals.retry_after(error))
                if time.monotonic() + wait > began + self._patience(error, (verb, kind.name)):
                    raise
                time.sleep(wait)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _patience(self, error: MoorageError, call: tuple[str, str]) -> float:
        # An API server that has just started may not know its roles and tokens yet.
        if isinstance(error, AccessDenied):
            return min(DENIED_SECONDS, self.patience_seconds) if call in self._let_in else 0.0
        return self.patience_seconds

    def _json(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: Body | None = None
    ) -> Any:
        response = self._send(method, path, query, headers, body, ANSWER_SECONDS)
        try:
            return json.loads(response.data)
        except ValueError as error:
            raise Corrupt(f"{path} of the cluster is not JSON", fix="see what stands before its API server") from error

    def _send(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: Body | None,
        answer_seconds: float,
    ) -> Any:  # fmt: skip
        # Not through the generated classes: they take more time than the cluster.
        request = self._client.param_serialize(
            method=method, resource_path=path, query_params=list(query.items()), body=body,
            header_params={"Accept": "application/json", **_typed(body), **headers}, auth_settings=["BearerToken"],
        )  # fmt: skip
        answer = self._client.call_api(*request, _request_timeout=(CONNECT_SECONDS, answer_seconds))
        if not 200 <= answer.status <= 299:
            answer.read()
            raise ApiException(http_resp=answer)
        return answer.response

    @contextmanager
    def _told(self, verb: str, kind: Kind, name: str | None) -> Iterator[None]:
        what = f"{verb} {kind.plural}{f' {name}' if name else ''} in namespace {self._namespace}"
        try:
            yield
        except MoorageError:
            raise
        except ApiException as error:
            if not error.status:  # TLS failed, and there was no answer
                raise refusals.unreached(error, what, self._client.configuration.host) from error
            if error.status == 401:
                self._client = api_client(self._target)  # a token was taken back, or has been renewed in its file
            raise refusals.refusal(error, what) from error
        except (HTTPError, OSError) as error:
            raise refusals.unreached(error, what, self._client.configuration.host) from error


def _event(line: bytes) -> Body:
    try:
        event: Body = json.loads(line)
    except ValueError as error:  # whatever stands between us and the API server went in the middle of it
        raise HTTPError("an event was cut") from error
    if event["type"] == "ERROR":
        raise Gone(str(event["object"].get("message", "")))
    return event


def _typed(body: Body | None) -> Mapping[str, str]:
    return {} if body is None else {"Content-Type": "application/json"}
