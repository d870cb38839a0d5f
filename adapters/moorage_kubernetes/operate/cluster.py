"""A cluster as whoever makes an environment sees it: all namespaces, and what belongs to none."""

import json
from collections.abc import Iterator, Mapping
from os.path import exists, expanduser
from typing import Any

from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from moorage.errors import Corrupt, NotFound, TargetError
from moorage_kubernetes import refusals
from moorage_kubernetes.access import api_client
from moorage_kubernetes.operate.asked import Asked
from moorage_kubernetes.target import KubernetesTarget

CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 20.0
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
PAGE = "500"

Body = dict[str, Any]
"""An object as the API writes it."""


class Cluster:
    """The API server of one context. Calls are made once: who waits for an answer is a person."""

    def __init__(self, asked: Asked) -> None:
        file = expanduser(asked.cluster.kubeconfig)
        if not exists(file):
            raise TargetError(
                f"there is no kubeconfig at {file}", fix="say in the stack, with `cluster.kubeconfig`, where"
            )
        target = KubernetesTarget(
            namespace=asked.namespace, cpu=1, memory_gib=1, context=asked.cluster.context, kubeconfig=file
        )
        self._client = api_client(target)

    @property
    def host(self) -> str:
        """Where the API server is."""
        return str(self._client.configuration.host)

    def get(self, path: str) -> Body | None:
        """Return what is at a path; None where nothing is."""
        try:
            return self.call("GET", path)
        except NotFound:
            return None

    def list(self, path: str, metadata_only: bool = False, **query: str) -> Iterator[Body]:
        """Yield all objects of a collection; nothing where the cluster does not know the kind."""
        headers = {"Accept": METADATA_LIST} if metadata_only else {}
        asked = {"limit": PAGE, **query}
        while True:
            try:
                page = self.call("GET", path, asked, headers)
            except NotFound:
                return
            yield from page.get("items") or ()
            asked["continue"] = page["metadata"].get("continue", "")
            if not asked["continue"]:
                return

    def may(self, verb: str, group: str, resource: str, namespace: str = "", name: str = "") -> bool:
        """Return whether who asks may do this."""
        resource, _, part = resource.partition("/")
        where = {"namespace": namespace, "name": name}
        attributes = {"verb": verb, "group": group, "resource": resource, "subresource": part, **where}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {key: value for key, value in attributes.items() if value}},
        }
        answer = self.call("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body=review)
        return bool(answer["status"]["allowed"])

    def resources(self, api: str) -> Mapping[str, tuple[str, bool]]:
        """Return the kinds of an API version (`v1`, `batch/v1`): plural, and whether it is in namespaces."""
        found = self.get(root(api)) or {"resources": ()}
        return {
            each["kind"]: (each["name"], bool(each["namespaced"]))
            for each in found["resources"]
            if "/" not in each["name"]
        }

    def versions(self, group: str) -> tuple[str, ...]:
        """Return the versions of an API group that the cluster serves; none when it has no such group."""
        found = self.get(f"/apis/{group}") or {"versions": ()}
        return tuple(str(each["version"]) for each in found["versions"])

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] = {},
        headers: Mapping[str, str] = {},
        body: Body | None = None,
    ) -> Body:
        """Return the answer to one request. Raises our errors."""
        typed = {"Accept": "application/json", **({"Content-Type": "application/json"} if body else {}), **headers}
        request = self._client.param_serialize(
            method=method, resource_path=path, query_params=[pair for pair in query.items() if pair[1]], body=body,
            header_params=typed, auth_settings=["BearerToken"],
        )  # fmt: skip
        what = f"{'create' if body else 'get'} {path}"
        try:
            answer = self._client.call_api(*request, _request_timeout=(CONNECT_SECONDS, ANSWER_SECONDS))
            data = answer.read()
            if not 200 <= answer.status <= 299:
                raise refusals.refusal(ApiException(http_resp=answer), what)
            found: Body = json.loads(data)
        except (HTTPError, OSError, ApiException) as error:  # the last where TLS failed
            raise refusals.unreached(error, what, self.host) from error
        except ValueError as error:
            raise Corrupt(f"{path} of {self.host} is not JSON", fix="see what stands before its API server") from error
        return found


def root(api: str) -> str:
    """Return the path of an API version."""
    return f"/apis/{api}" if "/" in api else f"/api/{api}"
