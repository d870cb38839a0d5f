"""Names of pods and services without a DNS server: the hosts file of each pod, written anew when endpoints change."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.rigs.kubernetes.node.addresses import reachable

Named = Mapping[str, Any]
SLICES = "/apis/discovery.k8s.io/v1/endpointslices"
SERVICE = "kubernetes.io/service-name"
DOMAIN = "svc.cluster.local"


class Names:
    """What EndpointSlices say: `<hostname>.<service>` for each endpoint that has one, and `<service>` for all.

    May be used from any thread.
    """

    def __init__(self) -> None:
        self._slices: dict[tuple[str, str], Named] = {}
        self._files: dict[Path, tuple[str, str]] = {}
        self._lock = threading.Lock()

    def heard(self, kind: str, endpoint_slice: Named) -> None:
        """Take an event of the watch on EndpointSlices, and write the hosts files that it changes."""
        meta = endpoint_slice["metadata"]
        key = (meta["namespace"], meta["name"])
        with self._lock:
            if kind == "DELETED":
                self._slices.pop(key, None)
            else:
                self._slices[key] = endpoint_slice
            text: dict[str, str] = {}
            for file, (own, namespace) in self._files.items():
                text.setdefault(namespace, self._text(namespace))
                _write(file, own + text[namespace])

    def keep(self, file: Path, own: str, namespace: str) -> None:
        """Write a hosts file, and again whenever names change; `own` are the pod's own lines."""
        with self._lock:
            self._files[file] = (own, namespace)
            _write(file, own + self._text(namespace))

    def drop(self, file: Path) -> None:
        """Write it no more."""
        with self._lock:
            self._files.pop(file, None)

    def _text(self, namespace: str) -> str:
        lines = sorted({line for each in self._slices.values() for line in lines_of(each, namespace)})
        return "".join(f"{line}\n" for line in lines)


def lines_of(endpoint_slice: Named, namespace: str) -> Iterator[str]:
    """Yield the lines that pods of a namespace get of a slice, which may be of another."""
    meta = endpoint_slice["metadata"]
    service = meta.get("labels", {}).get(SERVICE)
    if service is None or endpoint_slice["addressType"] != "IPv4":
        return
    for endpoint in endpoint_slice.get("endpoints") or ():
        if (endpoint.get("conditions") or {}).get("ready") is False:
            continue
        names = [f"{endpoint['hostname']}.{service}"] if endpoint.get("hostname") else []
        for address in endpoint["addresses"]:
            full = (each for name in [*names, service] for each in _forms(name, meta["namespace"], namespace))
            yield f"{reachable(address)} {' '.join(full)}"


def own_lines(pod: Named, hostname: str, address: str) -> str:
    """Return the lines that every hosts file begins with: the loopback's, the pod's own and its aliases."""
    spec, namespace = pod["spec"], pod["metadata"]["namespace"]
    own = [f"{hostname}.{spec['subdomain']}.{namespace}.{DOMAIN}"] if spec.get("subdomain") else []
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost", f"{address} {' '.join([*own, hostname])}"]
    lines += [f"{each['ip']} {' '.join(each['hostnames'])}" for each in spec.get("hostAliases", ())]
    return "".join(f"{line}\n" for line in lines)


def _forms(name: str, of: str, seen_from: str) -> Iterable[str]:
    short = [name] if of == seen_from else []
    return (*short, f"{name}.{of}", f"{name}.{of}.svc", f"{name}.{of}.{DOMAIN}")


def _write(file: Path, text: str) -> None:
    # In place: containers have this very file mounted, and would not see another of its name.
    with file.open("r+" if file.exists() else "w") as opened:
        opened.write(text)
        opened.truncate()
