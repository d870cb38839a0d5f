"""A client of the API server for a node: JSON over one kept connection a thread, and watches that are lines."""

import base64
import http.client
import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.rigs.kubernetes.api import JSON, Refused

STRATEGIC = "application/strategic-merge-patch+json"
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Access:
    """Where an API server is and how it knows us: `authority` is PEM or None, `token` a bearer token or None."""

    server: str
    authority: str | None
    token: str | None
    certificate: tuple[str, str] | None = None

    @property
    def host(self) -> str:
        """The host name or address."""
        return urlsplit(self.server).hostname or "127.0.0.1"

    @property
    def port(self) -> int:
        """The port."""
        return urlsplit(self.server).port or 443

    def context(self) -> ssl.SSLContext:
        """Return what a connection is secured with."""
        context = ssl.create_default_context(cadata=self.authority)
        if self.authority is None:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if self.certificate:
            context.load_cert_chain(*self.certificate)
        return context


def access(kubeconfig: Path) -> Access:
    """Return what the current context of a kubeconfig says."""
    content = yaml.safe_load(kubeconfig.read_text())
    by_name = {
        kind: {entry["name"]: entry[kind.rstrip("s")] for entry in content[kind]}
        for kind in ("contexts", "clusters", "users")
    }
    context = by_name["contexts"][content["current-context"]]
    cluster, user = by_name["clusters"][context["cluster"]], by_name["users"][context["user"]]
    authority = None
    if data := cluster.get("certificate-authority-data"):
        authority = base64.b64decode(data).decode()
    elif file := cluster.get("certificate-authority"):
        authority = (kubeconfig.parent / file).read_text()
    token = user.get("token") or (Path(user["tokenFile"]).read_text().strip() if "tokenFile" in user else None)
    pair = (user["client-certificate"], user["client-key"]) if "client-certificate" in user else None
    return Access(cluster["server"], authority, token, pair)


class ApiServer:
    """Calls of one client; may be used from any thread."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._context = access.context()
        self._own = threading.local()

    def get(self, path: str) -> dict[str, Any]:
        """Return the object, or the list."""
        return self.call("GET", path)

    def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the object as it was made."""
        return self.call("POST", path, body)

    def patch(self, path: str, body: Mapping[str, Any], kind: str = STRATEGIC) -> dict[str, Any]:
        """Return the object as it now is."""
        return self.call("PATCH", path, body, kind)

    def delete(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return what the API server says of it."""
        return self.call("DELETE", path, body)

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, kind: str = JSON) -> dict[str, Any]:
        """Return the answer; `Refused` where the API server says no, OSError where it cannot be reached."""
        data = None if body is None else json.dumps(body).encode()
        try:
            return self._once(method, path, data, kind)
        except ConnectionError:  # a kept connection may have been closed meanwhile
            return self._once(method, path, data, kind)

    def watch(self, path: str, version: str, seconds: int = 300) -> Iterator[dict[str, Any]]:
        """Yield the events that come after a resource version, until the API server ends the stream."""
        joint = "&" if "?" in path else "?"
        connection = self._connect(seconds + 30.0)
        try:
            asked = f"{path}{joint}watch=1&allowWatchBookmarks=true&resourceVersion={version}&timeoutSeconds={seconds}"
            connection.request("GET", asked, headers=self._headers(JSON))
            answer = connection.getresponse()
            if answer.status >= 400:
                raise _refused(answer.status, answer.read())
            for line in answer:
                yield json.loads(line)
        except http.client.HTTPException as error:  # the server went while it told of something
            raise ConnectionError(repr(error)) from error
        finally:
            connection.close()

    def _once(self, method: str, path: str, data: bytes | None, kind: str) -> dict[str, Any]:
        if not hasattr(self._own, "connection"):
            self._own.connection = self._connect(TIMEOUT_SECONDS)
        connection: http.client.HTTPSConnection = self._own.connection
        try:
            connection.request(method, path, data, self._headers(kind))
            answer = connection.getresponse()
            content = answer.read()
        except http.client.HTTPException as error:
            self._forget()
            raise ConnectionError(repr(error)) from error
        except OSError:
            self._forget()
            raise
        if answer.status >= 400:
            raise _refused(answer.status, content)
        read: dict[str, Any] = json.loads(content or b"{}")
        return read

    def _connect(self, seconds: float) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self.access.host, self.access.port, context=self._context, timeout=seconds)

    def _headers(self, kind: str) -> dict[str, str]:
        bearer = {"Authorization": f"Bearer {self.access.token}"} if self.access.token else {}
        return {"Content-Type": kind, "Accept": JSON, **bearer}

    def _forget(self) -> None:
        self._own.connection.close()
        del self._own.connection


def _refused(code: int, content: bytes) -> Refused:
    try:
        status = json.loads(content)
        return Refused(code, status.get("reason", ""), status.get("message", ""))
    except (ValueError, AttributeError):
        return Refused(code, "", content.decode(errors="replace")[:300])
