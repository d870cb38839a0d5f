"""Which pod a request goes to: by HTTPRoute where one names its host, else by the Service that its host is. Pure.

Of the Gateway API it knows what a rollout needs: hostnames, matches by path and header, backends by weight. A rule with
filters, which it does not have, answers 501 rather than something else than it says.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.rigs.kubernetes.node.addresses import reachable

Named = Mapping[str, Any]
Backend = tuple[str, str, int]
"""Namespace, service and port."""

SERVICE = "kubernetes.io/service-name"
DOMAIN = ".svc.cluster.local"


class Unroutable(Exception):
    """Nothing takes the request; `status` is HTTP's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Request:
    """What routes look at; the names of headers are in lower case."""

    host: str
    path: str
    headers: Mapping[str, str]


@dataclass
class Turns:
    """Whose turn it is among those of different weight: each gets its share as evenly as can be, not by chance."""

    credit: dict[Any, int] = field(default_factory=dict)

    def next(self, weights: Mapping[Any, int]) -> Any:
        """Return one of those with a weight; LookupError where none has."""
        due = {each: self.credit.get(each, 0) + weight for each, weight in weights.items() if weight > 0}
        if not due:
            raise LookupError("no backend has a weight")
        chosen = max(due, key=lambda each: due[each])
        due[chosen] -= sum(weights.values())
        self.credit = due
        return chosen


class Table:
    """What is known of services, their endpoints and routes."""

    def __init__(self) -> None:
        self._known: dict[str, dict[tuple[str, str], Named]] = {"Service": {}, "EndpointSlice": {}, "HTTPRoute": {}}
        self._turns: dict[Any, Turns] = {}

    def heard(self, kind: str, event: str, told: Named) -> None:
        """Take an event of a watch on Services, EndpointSlices or HTTPRoutes."""
        key = (told["metadata"]["namespace"], told["metadata"]["name"])
        if event == "DELETED":
            self._known[kind].pop(key, None)
        else:
            self._known[kind][key] = told

    def addresses(self, request: Request) -> list[tuple[str, int]]:
        """Return the ready pods that may take a request, whose turn it is first; `Unroutable` where there is none."""
        namespace, service, port = self._backend(request)
        found = sorted(set(self._endpoints(namespace, service, port)))
        if not found:
            raise Unroutable(503, f"service {namespace}/{service} has no ready endpoint for port {port}")
        first = self._turns.setdefault((namespace, service, port), Turns()).next(dict.fromkeys(found, 1))
        return [first, *(each for each in found if each != first)]

    def _backend(self, request: Request) -> Backend:
        host, _, port = request.host.partition(":")
        for (namespace, name), route in sorted(self._known["HTTPRoute"].items()):
            if any(_fits_host(host, each) for each in route["spec"].get("hostnames", ())):
                return self._by_route(namespace, name, route["spec"], request)
        words = host.removesuffix(DOMAIN).removesuffix(".svc").split(".")
        if len(words) == 2 and (words[1], words[0]) in self._known["Service"]:
            return words[1], words[0], int(port or 80)
        raise Unroutable(404, f"no route and no service is named {host}")

    def _by_route(self, namespace: str, name: str, spec: Named, request: Request) -> Backend:
        for number, rule in enumerate(spec.get("rules", ())):
            if not any(_fits(match, request) for match in rule.get("matches", ({},))):
                continue
            if rule.get("filters"):
                raise Unroutable(501, f"rule {number} of HTTPRoute {namespace}/{name} has filters, which are not known")
            weights = {
                (each.get("namespace", namespace), each["name"], each["port"]): each.get("weight", 1)
                for each in rule.get("backendRefs", ())
            }
            try:
                backend: Backend = self._turns.setdefault((namespace, name, number), Turns()).next(weights)
            except LookupError as error:
                raise Unroutable(500, f"HTTPRoute {namespace}/{name}: {error}") from error
            return backend
        raise Unroutable(404, f"no rule of HTTPRoute {namespace}/{name} takes {request.path}")

    def _endpoints(self, namespace: str, service: str, port: int) -> Iterator[tuple[str, int]]:
        made = self._known["Service"].get((namespace, service))
        if made is None:
            raise Unroutable(500, f"there is no service {namespace}/{service}")
        names = [each.get("name", "") for each in made["spec"].get("ports", ()) if each["port"] == port]
        for (of, _), each in self._known["EndpointSlice"].items():
            if of != namespace or each["metadata"].get("labels", {}).get(SERVICE) != service:
                continue
            numbers = [found["port"] for found in each.get("ports") or () if (found.get("name") or "") in names]
            for endpoint in each.get("endpoints") or ():
                if (endpoint.get("conditions") or {}).get("ready") is not False:
                    yield from ((reachable(at), number) for at in endpoint["addresses"] for number in numbers)


def _fits_host(host: str, wanted: str) -> bool:
    return host.endswith(wanted[1:]) if wanted.startswith("*.") else host == wanted


def _fits(match: Named, request: Request) -> bool:
    path = match.get("path") or {}
    prefix = path.get("value", "/").rstrip("/")
    asked = request.path.partition("?")[0]
    below = path.get("type") != "Exact" and asked.startswith(f"{prefix}/")
    fits = below or asked == (prefix or "/")
    return fits and all(request.headers.get(each["name"].lower()) == each["value"] for each in match.get("headers", ()))
