"""How each process of a control plane is started; the flags are of etcd 3.6 and Kubernetes 1.36."""

from dataclasses import dataclass
from pathlib import Path

from tests.engine.tools import Tools
from tests.rigs.kubernetes.certificates import Authority, signing_keys
from tests.rigs.kubernetes.pair import Pair
from tests.rigs.kubernetes.ports import Port

Argv = list[str | Path]

NOWHERE = "192.0.2.1"
"""The address that the API server would announce to pods, did it announce any: it refuses a loopback one."""


@dataclass(frozen=True)
class Ports:
    """What the processes listen on, all on the loopback."""

    etcd: Port
    peer: Port
    api_server: Port
    controllers: Port
    scheduler: Port

    def close(self) -> None:
        """Let others have them."""
        for port in vars(self).values():
            port.close()


@dataclass(frozen=True)
class Files:
    """What the processes read: who they are, whom they trust."""

    folder: Path
    authority: Authority
    front_proxy: Authority
    to_api_server: Pair
    server: Pair
    to_kubelet: Pair
    tokens: Pair


def make_files(folder: Path) -> Files:
    """Write the certificates and keys below the folder."""
    authority, front_proxy = Authority(folder), Authority(folder, "front-proxy-ca")
    return Files(
        folder=folder,
        authority=authority,
        front_proxy=front_proxy,
        to_api_server=front_proxy.client("front-proxy"),
        server=authority.server("kube-apiserver"),
        to_kubelet=authority.client("kube-apiserver-kubelet-client", ["system:masters"]),
        tokens=signing_keys(folder, "service-accounts"),
    )


def etcd(tools: Tools, ports: Ports, folder: Path) -> Argv:
    """Return the command of etcd: nothing of a test has to outlive a power cut."""
    client, peer = f"http://127.0.0.1:{ports.etcd}", f"http://127.0.0.1:{ports.peer}"
    return [
        tools.etcd,
        "--data-dir", folder / "etcd",
        "--listen-client-urls", client,
        "--advertise-client-urls", client,
        "--listen-peer-urls", peer,
        "--initial-advertise-peer-urls", peer,
        "--initial-cluster", f"default={peer}",
        "--unsafe-no-fsync",
        "--log-level", "warn",
    ]  # fmt: skip


def api_server(tools: Tools, ports: Ports, files: Files) -> Argv:
    """Return the command of the API server, with RBAC on and nobody but certificates and service accounts let in."""
    return [
        tools.kube_apiserver,
        f"--etcd-servers=http://127.0.0.1:{ports.etcd}",
        f"--secure-port={ports.api_server}",
        "--bind-address=127.0.0.1",
        f"--advertise-address={NOWHERE}",
        "--endpoint-reconciler-type=none",
        f"--tls-cert-file={files.server.certificate}",
        f"--tls-private-key-file={files.server.key}",
        f"--client-ca-file={files.authority.file}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--service-account-key-file={files.tokens.certificate}",
        f"--service-account-signing-key-file={files.tokens.key}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--allow-privileged",
        f"--kubelet-certificate-authority={files.authority.file}",
        f"--kubelet-client-certificate={files.to_kubelet.certificate}",
        f"--kubelet-client-key={files.to_kubelet.key}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--requestheader-client-ca-file={files.front_proxy.file}",
        "--requestheader-allowed-names=front-proxy",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    ]


def controllers(tools: Tools, ports: Ports, files: Files, kubeconfig: Path) -> Argv:
    """Return the command of the controller manager."""
    return [
        tools.kube_controller_manager,
        *_component(ports.controllers, files, kubeconfig),
        f"--service-account-private-key-file={files.tokens.key}",
        f"--root-ca-file={files.authority.file}",
        "--use-service-account-credentials",
        "--kube-api-qps=200",  # its usual 20 are for a cluster whose controllers are not all at their start
        "--kube-api-burst=400",
    ]


def scheduler(tools: Tools, ports: Ports, files: Files, kubeconfig: Path) -> Argv:
    """Return the command of the scheduler."""
    return [tools.kube_scheduler, *_component(ports.scheduler, files, kubeconfig)]


def _component(port: Port, files: Files, kubeconfig: Path) -> Argv:
    return [
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        f"--secure-port={port}",
        "--bind-address=127.0.0.1",
        f"--tls-cert-file={files.server.certificate}",
        f"--tls-private-key-file={files.server.key}",
        "--leader-elect=false",
    ]
