"""What pods refer to by name: config maps, secrets, tokens of service accounts and claimed volumes."""

import base64
from collections.abc import Mapping
from typing import Any, Protocol

from tests.rigs.kubernetes.api import Refused
from tests.rigs.kubernetes.node.api import ApiServer


class Missing(Exception):
    """What a pod refers to is not there (yet); the text is the kubelet's."""


class Sources(Protocol):
    """Where the content of config maps and secrets comes from; None where there is no such object."""

    def config_map(self, namespace: str, name: str) -> Mapping[str, bytes] | None:
        """Return the content of a config map by key."""

    def secret(self, namespace: str, name: str) -> Mapping[str, bytes] | None:
        """Return the content of a secret by key."""


class ClusterSources:
    """Those of a real cluster, asked anew each time."""

    def __init__(self, api: ApiServer) -> None:
        self._api = api

    def config_map(self, namespace: str, name: str) -> Mapping[str, bytes] | None:
        """Return the content of a config map by key."""
        found = self._get(f"/api/v1/namespaces/{namespace}/configmaps/{name}")
        if found is None:
            return None
        texts = {key: text.encode() for key, text in (found.get("data") or {}).items()}
        return texts | {key: base64.b64decode(data) for key, data in (found.get("binaryData") or {}).items()}

    def secret(self, namespace: str, name: str) -> Mapping[str, bytes] | None:
        """Return the content of a secret by key."""
        found = self._get(f"/api/v1/namespaces/{namespace}/secrets/{name}")
        return found and {key: base64.b64decode(data) for key, data in (found.get("data") or {}).items()}

    def token(self, pod: Mapping[str, Any], audience: str | None, seconds: int) -> str:
        """Return a token of the pod's service account that is bound to the pod."""
        meta, account = pod["metadata"], pod["spec"].get("serviceAccountName", "default")
        bound = {"kind": "Pod", "apiVersion": "v1", "name": meta["name"], "uid": meta["uid"]}
        spec = {"audiences": [audience] if audience else [], "expirationSeconds": seconds, "boundObjectRef": bound}
        path = f"/api/v1/namespaces/{meta['namespace']}/serviceaccounts/{account}/token"
        try:
            return str(self._api.create(path, {"spec": spec})["status"]["token"])
        except Refused as error:
            raise Missing(f"failed to fetch token: {error}") from error

    def claimed(self, namespace: str, claim: str) -> str:
        """Return the folder of this machine that a claim is bound to."""
        found = self._get(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/{claim}")
        name = (found or {}).get("spec", {}).get("volumeName")
        volume = self._get(f"/api/v1/persistentvolumes/{name}") if name else None
        spec = (volume or {}).get("spec", {})
        folder = (spec.get("hostPath") or spec.get("local") or {}).get("path")
        if folder is None:
            raise Missing(f'persistentvolumeclaim "{claim}" is bound to no folder of this node')
        return str(folder)

    def _get(self, path: str) -> dict[str, Any] | None:
        try:
            return self._api.get(path)
        except Refused as error:
            if error.code == 404:
                return None
            raise


def keys_of(content: Mapping[str, bytes] | None, kind: str, name: str, optional: bool) -> Mapping[str, bytes]:
    """Return the content; nothing where it is missing and may be, `Missing` where it may not."""
    if content is None and not optional:
        raise Missing(f'{kind.lower()} "{name}" not found')
    return content or {}
