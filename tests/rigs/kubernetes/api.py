"""A small client of the Kubernetes API, for the rig itself and for looking at what a test has done."""

import http.client
import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.rigs.kubernetes.pair import Pair

Object = dict[str, Any]
"""An object of the API as it is written in JSON."""

Credentials = Pair | Path
"""What proves who somebody is: a certificate, or the file of a token."""

ANSWER_SECONDS = 30.0
PATIENCE_SECONDS = 90.0
"""How long something is waited for that will be: controllers come back to a server that was away after up to 30 s."""
LOOK_SECONDS = 0.02
JSON = "application/json"
YAML = "application/yaml"
DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"


class Refused(Exception):
    """The API server answered with an error: `code`, its one-word `reason` and its own message."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(f"{code} {reason}: {message}")
        self.code, self.reason, self.message = code, reason, message


class Client:
    """One identity at one API server, which may be silent for `answer_seconds`.

    Each request has a connection of its own, so that nothing is left open.
    """

    def __init__(self, url: str, ca: Path, who: Credentials, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._address = urlsplit(url).netloc
        self._answer_seconds = answer_seconds
        self._context = ssl.create_default_context(cafile=ca)
        self._headers: dict[str, str] = {}
        if isinstance(who, Pair):
            self._context.load_cert_chain(who.certificate, who.key)
        else:
            self._headers["Authorization"] = f"Bearer {who.read_text()}"

    def get(self, path: str, **query: str) -> Any:
        """Return the object or the list at a path such as `/api/v1/namespaces/default/pods`."""
        return self.call("GET", _with(path, query))

    def create(self, path: str, body: Object | bytes, **query: str) -> Any:
        """Create the object (bytes are YAML) in a collection, and return it as it was stored."""
        return self.call("POST", _with(path, query), body)

    def merge(self, path: str, body: Object) -> Any:
        """Merge the fields into the object at the path, or its subresource, and return it."""
        return self.call("PATCH", path, body, MERGE)

    def apply(self, path: str, body: Object) -> Any:
        """Apply the object on the server's side, created where it is missing."""
        return self.call("PATCH", _with(path, {"fieldManager": "rig", "force": "true"}), body, APPLY)

    def delete(self, path: str, **query: str) -> Any:
        """Delete the object at the path; what depends on it is left to the garbage collector."""
        return self.call("DELETE", _with(path, {"propagationPolicy": "Background", **query}))

    def discover(self, root: str) -> list[Object]:
        """Return the groups below `/api` or `/apis`, each with its versions and their kinds."""
        groups: list[Object] = json.loads(self._exchange("GET", root, None, {"Accept": DISCOVERY}))["items"]
        return groups

    def text(self, path: str, **query: str) -> str:
        """Return what is no object: a log, `/readyz`."""
        return self._exchange("GET", _with(path, query), None, {}).decode(errors="replace")

    def call(self, method: str, path: str, body: Object | bytes | None = None, kind: str = JSON) -> Any:
        """Send a request and return the answer; `Refused` when it is an error, OSError when there is none."""
        sent = json.dumps(body).encode() if isinstance(body, dict) else body
        headers = {"Content-Type": YAML if isinstance(body, bytes) else kind}
        return json.loads(self._exchange(method, path, sent, headers))

    def watch(self, path: str, **query: str) -> Iterator[Object]:
        """Yield the events of a collection until the server ends the watch or the iterator is closed."""
        with closing(self._connect()) as connection:
            connection.request("GET", _with(path, {"watch": "1", **query}), headers=self._headers)
            response = connection.getresponse()
            if response.status >= 400:
                raise _refused(response.status, response.read())
            for line in response:
                yield json.loads(line)

    def until(
        self, path: str, holds: Callable[[Any], object], tolerates: tuple[int, ...] = (404,), **query: str
    ) -> Any:
        """Return the object or list at the path as soon as the condition holds of it.

        An answer whose code is tolerated does not count; RBAC, for one, needs a moment to see a new role.
        """
        deadline, seen = time.monotonic() + PATIENCE_SECONDS, None
        while time.monotonic() < deadline:
            with _tolerated(tolerates):
                if holds(seen := self.get(path, **query)):
                    return seen
            time.sleep(LOOK_SECONDS)
        raise AssertionError(f"after {PATIENCE_SECONDS:.0f} s, {path} is {json.dumps(seen)[:2000]}")

    def _exchange(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> bytes:
        with closing(self._connect()) as connection:
            try:
                connection.request(method, path, body, {**self._headers, **headers})
                response = connection.getresponse()
                answer = response.read()
            except http.client.HTTPException as error:  # the server went while it answered
                raise ConnectionError(repr(error)) from error
        if response.status >= 400:
            raise _refused(response.status, answer)
        return answer

    def _connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self._address, timeout=self._answer_seconds, context=self._context)


def kubeconfig(user: str, who: Credentials, url: str, ca: Path) -> Object:
    """Return the kubeconfig that reaches a server as that user."""
    if isinstance(who, Pair):
        proof = {"client-certificate": str(who.certificate), "client-key": str(who.key)}
    else:
        proof = {"tokenFile": str(who)}
    return {
        "apiVersion": "v1", "kind": "Config", "current-context": "rig",
        "contexts": [{"name": "rig", "context": {"cluster": "rig", "user": user}}],
        "clusters": [{"name": "rig", "cluster": {"server": url, "certificate-authority": str(ca)}}],
        "users": [{"name": user, "user": proof}],
    }  # fmt: skip


@contextmanager
def _tolerated(codes: tuple[int, ...]) -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        if refused.code not in codes:
            raise


def _with(path: str, query: Mapping[str, str]) -> str:
    return f"{path}{'&' if '?' in path else '?'}{urlencode(query)}" if query else path


def _refused(code: int, answer: bytes) -> Refused:
    try:
        status = json.loads(answer)
        return Refused(code, status.get("reason", ""), status.get("message", ""))
    except (ValueError, AttributeError):
        return Refused(code, "", answer.decode(errors="replace").strip())
