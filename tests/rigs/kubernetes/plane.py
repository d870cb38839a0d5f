"""A real Kubernetes control plane on loopback: `with control_plane(tools, folder) as plane:`.

etcd, the API server with RBAC, the controller manager and the scheduler, and JobSet and Kueue with their webhooks.
Nodes there are none; who wants pods to run makes some.
"""

import json
import ssl
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.client import HTTPException
from pathlib import Path

from tests.engine.tools import Tools
from tests.rigs.kubernetes import components
from tests.rigs.kubernetes.addons import DEFINITIONS, POD, PROBES, Addon, Name, addon
from tests.rigs.kubernetes.api import ANSWER_SECONDS, LOOK_SECONDS, Client, Credentials, Refused, kubeconfig
from tests.rigs.kubernetes.certificates import Authority
from tests.rigs.kubernetes.components import Files, Ports, make_files
from tests.rigs.kubernetes.faults import Faults
from tests.rigs.kubernetes.ports import Port
from tests.rigs.kubernetes.processes import Died, Processes
from tests.rigs.kubernetes.proxy import Proxy, Upstream

START_SECONDS = 60.0
"""What a start may take on a machine that does much else; 8 is what it is meant to take on one that does not."""

ADDONS: tuple[Name, ...] = ("jobset", "kueue")


class Plane:
    """A control plane that runs; made by `control_plane`."""

    def __init__(self, tools: Tools, folder: Path, addons: Sequence[Name]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._tools = tools
        self._files: Files = make_files(folder)
        self._ports = Ports(*(Port() for _ in range(5)))
        self.url = f"https://127.0.0.1:{self._ports.api_server}"
        self._users: dict[str, Credentials] = {}
        self._proxies: list[tuple[Faults, Proxy]] = []
        self.kubeconfig = self.user("admin", ["system:masters"])
        self._addons: list[Addon] = [addon(name, tools, folder, self.kubeconfig) for name in addons]
        self.processes = Processes(folder)

    @property
    def ca(self) -> Path:
        """The certificate that says who the API server is."""
        return self.authority.file

    @property
    def authority(self) -> Authority:
        """Signs who clients are, and what the API server trusts kubelets to be."""
        return self._files.authority

    def user(self, name: str, groups: Sequence[str] = ()) -> Path:
        """Return a kubeconfig for somebody of that name, who may do nothing but what RBAC says."""
        self._users[name] = self.authority.client(name, groups)
        return self.kubeconfig_of(name)

    def service_account(self, namespace: str, name: str) -> str:
        """Create a service account with a token, and return it as a user: `system:serviceaccount:<namespace>:<name>`.

        `kubeconfig_of`, `through` and `client` take it; the token is in a file that its kubeconfig names.
        """
        accounts, user = f"/api/v1/namespaces/{namespace}/serviceaccounts", f"system:serviceaccount:{namespace}:{name}"
        self.client().create(accounts, {"metadata": {"name": name}})
        made = self.client().create(f"{accounts}/{name}/token", {"spec": {}})
        self._users[user] = file = self.folder / f"{_file_name(user)}.token"
        file.write_text(made["status"]["token"])
        return user

    def kubeconfig_of(self, user: str) -> Path:
        """Return the kubeconfig of somebody who was made before."""
        return self._kubeconfig(user, self.url)

    def through(self, faults: Faults, user: str = "admin") -> Path:
        """Return a kubeconfig that reaches the API server by way of the faults, for somebody who was made before."""
        return self._kubeconfig(user, self._proxy(faults), f"-{len(self._proxies)}")

    def client(
        self, user: str = "admin", through: Faults | None = None, answer_seconds: float = ANSWER_SECONDS
    ) -> Client:
        """Return a small client for somebody who was made before."""
        url = self._proxy(through) if through else self.url
        return Client(url, self.ca, self._users[user], answer_seconds=answer_seconds)

    def metrics(self, addon: Name, user: str) -> str:
        """Return what an addon tells Prometheus, to a service account that was made before and may `get` /metrics."""
        (port,) = [each.metrics for each in self._addons if each.name == addon]
        token = self._users[user]
        assert isinstance(token, Path)
        asked = urllib.request.Request(
            f"https://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {token.read_text()}"}
        )
        unknown = ssl._create_unverified_context()  # its certificate is made anew at each start
        with urllib.request.urlopen(asked, context=unknown, timeout=ANSWER_SECONDS) as answer:
            return str(answer.read().decode())

    def make_namespace(self, name: str) -> str:
        """Create a namespace, and return its name when pods can be created in it.

        That takes its default account, and webhooks that have heard of it.
        """
        admin, pod = self.client(), {"metadata": {"name": "probe"}, "spec": POD}
        admin.create("/api/v1/namespaces", {"metadata": {"name": name}})
        self._wait(f"namespace {name}", partial(admin.create, f"/api/v1/namespaces/{name}/pods", pod, dryRun="All"))
        return name

    def start(self) -> None:
        """Start all processes; the plane answers when this returns."""
        tools, ports, files = self._tools, self._ports, self._files
        self.processes.start("etcd", components.etcd(tools, ports, self.folder))
        self.processes.start("kube-apiserver", components.api_server(tools, ports, files))
        for each in self._addons:
            each.needs  # noqa: B018  # read while the API server starts
        self._await_api_server()
        who = self.user("system:kube-controller-manager")
        self.processes.start("kube-controller-manager", components.controllers(tools, ports, files, who))
        who = self.user("system:kube-scheduler")
        self.processes.start("kube-scheduler", components.scheduler(tools, ports, files, who))
        self._start_addons()
        self._await_controllers()

    def stop_etcd(self) -> None:
        """Kill etcd; the API server stays, and can do nothing."""
        self.processes.end("etcd")

    def start_etcd(self) -> None:
        """Start etcd again with what it had; the plane answers when this returns."""
        self.processes.start("etcd", components.etcd(self._tools, self._ports, self.folder))
        self._await_api_server()

    def stop_api_server(self) -> None:
        """Kill the API server: every connection to it breaks, and new ones are refused."""
        self.processes.end("kube-apiserver")

    def restart_api_server(self) -> None:
        """Start the API server anew, where it was; it answers when this returns."""
        if "kube-apiserver" in self.processes.pids:
            self.stop_api_server()
        self.processes.start("kube-apiserver", components.api_server(self._tools, self._ports, self._files))
        self._await_api_server()

    def close(self) -> None:
        """End all processes, and give the ports back."""
        for _, proxy in self._proxies:
            proxy.close()
        self.processes.close()
        self._ports.close()
        for each in self._addons:
            each.webhook.close()
            each.health.close()
            each.metrics.close()

    def _await_api_server(self) -> None:
        admin = self.client()
        self._wait("the API server", lambda: admin.text("/readyz") == "ok")

    def _await_controllers(self) -> None:
        admin = self.client()
        self._wait("the controller manager", partial(self._healthy, self._ports.controllers))
        self._wait("the scheduler", partial(self._healthy, self._ports.scheduler))
        self._wait("a service account", partial(admin.get, "/api/v1/namespaces/default/serviceaccounts/default"))
        for each in self._addons:
            for path, body in PROBES[each.name]:
                self._wait(each.name, partial(admin.create, path, body, dryRun="All"))

    def _start_addons(self) -> None:
        admin = self.client()
        needs = [need for each in self._addons for need in each.needs]
        for path, body in needs:
            admin.create(path, body)
        for path, body in needs:
            if path == DEFINITIONS:
                name = body["metadata"]["name"]
                self._wait(name, partial(_established, admin, f"{path}/{name}"))
        for each in reversed(self._addons):  # Kueue first: it takes a second to look at its certificate
            self.processes.start(each.name, each.start)

    def _wait(self, what: str, holds: Callable[[], object]) -> None:
        deadline, last = time.monotonic() + START_SECONDS, ""
        while True:
            try:
                if holds():
                    return
            except (OSError, HTTPException, Refused) as error:
                last = str(error)
            self.processes.check()
            if time.monotonic() > deadline:
                raise Died(f"{what} did not answer within {START_SECONDS:.0f} s: {last}; logs are in {self.folder}")
            time.sleep(LOOK_SECONDS)

    def _healthy(self, port: Port) -> bool:
        context = ssl.create_default_context(cafile=self.ca)
        with urllib.request.urlopen(f"https://127.0.0.1:{port}/healthz", context=context, timeout=5) as answer:
            return bool(answer.read() == b"ok")

    def _proxy(self, faults: Faults) -> str:
        for known, proxy in self._proxies:
            if known is faults:
                return proxy.url
        upstream = Upstream(self._ports.api_server.number, self.ca, self._files.server, self._files.to_api_server)
        self._proxies.append((faults, Proxy(upstream, faults)))
        return self._proxies[-1][1].url

    def _kubeconfig(self, user: str, url: str, suffix: str = "") -> Path:
        file = self.folder / f"{_file_name(user)}{suffix}.kubeconfig"
        file.write_text(json.dumps(kubeconfig(user, self._users[user], url, self.ca)))
        return file


@contextmanager
def control_plane(tools: Tools, folder: Path, addons: Sequence[Name] = ADDONS) -> Iterator[Plane]:
    """Yield a control plane whose files lie below the folder; all its processes are gone afterwards."""
    plane = Plane(tools, folder, addons)
    try:
        plane.start()
        yield plane
    finally:
        plane.close()


def _file_name(user: str) -> str:
    return user.replace(":", "-")


def _established(admin: Client, path: str) -> bool:
    conditions = admin.get(path).get("status", {}).get("conditions") or []  # at first it is null
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)
