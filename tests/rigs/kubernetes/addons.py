"""JobSet and Kueue as processes beside the control plane: their own definitions, their webhooks called by URL."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml

from tests.engine.tools import Tools
from tests.rigs.kubernetes.api import Object
from tests.rigs.kubernetes.certificates import Authority
from tests.rigs.kubernetes.components import Argv
from tests.rigs.kubernetes.ports import Port

Name = Literal["jobset", "kueue"]

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
REGISTRATION = "/apis/admissionregistration.k8s.io/v1"
KINDS = {"MutatingWebhookConfiguration": "mutating", "ValidatingWebhookConfiguration": "validating"}

OF_A_JOBSET = {"matchExpressions": [{"key": "jobset.sigs.k8s.io/jobset-name", "operator": "Exists"}]}
NOT_OF_THE_SYSTEM = {
    "matchExpressions": [
        {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system", "kueue-system"]}
    ]
}
SELECTORS: dict[str, dict[str, Object]] = {
    "jobset": {name: {"objectSelector": OF_A_JOBSET} for name in ("mpod.kb.io", "vpod.kb.io")},
    "kueue": {
        f"{letter}{kind}.kb.io": {"namespaceSelector": NOT_OF_THE_SYSTEM}
        for letter in "mv"
        for kind in ("pod", "deployment", "statefulset")
    },
}
"""What each project's own kustomization lays over its webhooks, without which they would be asked about every pod."""

POD = {"containers": [{"name": "main", "image": "none"}], "restartPolicy": "Never"}
PROBES: dict[str, tuple[tuple[str, Object], ...]] = {
    "jobset": (
        (
            "/apis/jobset.x-k8s.io/v1alpha2/namespaces/default/jobsets",
            {
                "apiVersion": "jobset.x-k8s.io/v1alpha2",
                "kind": "JobSet",
                "metadata": {"name": "probe"},
                "spec": {"replicatedJobs": [{"name": "a", "template": {"spec": {"template": {"spec": POD}}}}]},
            },
        ),
    ),
    "kueue": (
        (
            "/apis/kueue.x-k8s.io/v1beta1/clusterqueues",
            {"apiVersion": "kueue.x-k8s.io/v1beta1", "kind": "ClusterQueue", "metadata": {"name": "probe"}, "spec": {}},
        ),
        (
            "/apis/batch/v1/namespaces/default/jobs",
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "metadata": {"name": "probe", "labels": {"kueue.x-k8s.io/queue-name": "probe"}},
                "spec": {"suspend": True, "template": {"spec": POD}},
            },
        ),
        (
            "/api/v1/namespaces/default/pods",
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe"}, "spec": POD},
        ),
    ),
}
"""What is created dry, once the addon is up: when it is let in, every webhook on its way has answered."""


@dataclass(frozen=True)
class Addon:
    """One of the two, with its ports and its certificate; `start` is the command of its manager."""

    name: Name
    manifests: Path
    folder: Path
    authority: Authority
    certificates: Path
    webhook: Port
    health: Port
    metrics: Port
    start: Argv

    @property
    def namespace(self) -> str:
        """Where the manager believes that it runs."""
        return f"{self.name}-system"

    @cached_property
    def needs(self) -> Sequence[tuple[str, Object]]:
        """What has to be there when the manager starts, in order: the collection and the object of each."""
        files = sorted((self.manifests / "crd" / "bases").glob("*.yaml"))
        found: list[tuple[str, Object]] = [("/api/v1/namespaces", {"metadata": {"name": self.namespace}})]
        found += [(DEFINITIONS, definition) for file in files for definition in _read(file)]
        found += [(f"{REGISTRATION}/{each['kind'].lower()}s", each) for each in self._webhooks()]
        if self.name == "kueue":
            found.append((f"/api/v1/namespaces/{self.namespace}/secrets", self._secret()))
        return found

    def _webhooks(self) -> Sequence[Object]:
        found = _read(self.manifests / "webhook" / "manifests.yaml")
        bundle = base64.b64encode(self.authority.file.read_bytes()).decode()
        for configuration in found:
            # The name that the project's kustomization gives, by which Kueue looks for its own.
            configuration["metadata"]["name"] = f"{self.name}-{KINDS[configuration['kind']]}-webhook-configuration"
            for webhook in configuration["webhooks"]:
                path = webhook["clientConfig"]["service"]["path"]
                webhook["clientConfig"] = {"url": f"https://127.0.0.1:{self.webhook}{path}", "caBundle": bundle}
                webhook |= SELECTORS[self.name].get(webhook["name"], {})
        return found

    def _secret(self) -> Object:
        # Kueue manages its certificate itself, as it does by default; otherwise it would want one below /etc. It
        # finds a valid one here, the same as the files that it serves with, and leaves it alone.
        files = {
            "ca.crt": self.authority.pair.certificate, "ca.key": self.authority.pair.key,
            "tls.crt": self.certificates / "tls.crt", "tls.key": self.certificates / "tls.key",
        }  # fmt: skip
        data = {name: base64.b64encode(file.read_bytes()).decode() for name, file in files.items()}
        return {"metadata": {"name": "kueue-webhook-server-cert"}, "data": data}


def addon(name: Name, tools: Tools, folder: Path, kubeconfig: Path) -> Addon:
    """Return the addon with its files below the folder; nothing is started."""
    place = folder / name
    authority = Authority(place, f"{name}-ca", with_rsa=name == "kueue")
    service = f"{name}-webhook-service.{name}-system.svc"
    pair = authority.server("tls", ["127.0.0.1", service])
    webhook, health, metrics = Port(), Port(), Port()
    file = place / "configuration.json"
    file.write_text(json.dumps(CONFIGURATIONS[name](place, webhook, health, metrics)))
    argv: Argv = [getattr(tools, name), f"--config={file}", f"--kubeconfig={kubeconfig}"]
    if name == "kueue":
        argv.append("--feature-gates=VisibilityOnDemand=false")  # an API server of its own, which wants a Service
    return Addon(
        name, tools.manifests / name, place, authority, pair.certificate.parent, webhook, health, metrics, argv
    )


def _read(file: Path) -> list[Object]:
    documents: list[Object] = [each for each in yaml.load_all(file.read_text(), yaml.CSafeLoader) if each]
    return [_without_prose(each) for each in documents]


def _without_prose(value: Any) -> Any:
    # Three quarters of a definition explain its fields to people, at half a second of the API server's start.
    if isinstance(value, list):
        return [_without_prose(each) for each in value]
    if isinstance(value, dict):
        return {
            name: _without_prose(each)
            for name, each in value.items()
            if not (name == "description" and isinstance(each, str))
        }
    return value


def _jobset(certificates: Path, webhook: Port, health: Port, _: Port) -> Object:
    return {
        "apiVersion": "config.jobset.x-k8s.io/v1alpha1",
        "kind": "Configuration",
        **_manager(certificates, webhook, health),
        "internalCertManagement": {"enable": False},
    }


def _kueue(certificates: Path, webhook: Port, health: Port, metrics: Port) -> Object:
    return {
        "apiVersion": "config.kueue.x-k8s.io/v1beta1",
        "kind": "Configuration",
        "namespace": "kueue-system",
        **_manager(certificates, webhook, health),
        "metrics": {"bindAddress": f"127.0.0.1:{metrics}"},
        "manageJobsWithoutQueueName": False,
        "integrations": {"frameworks": ["batch/job", "jobset.x-k8s.io/jobset", "pod"]},
    }


CONFIGURATIONS: dict[str, Callable[[Path, Port, Port, Port], Object]] = {"jobset": _jobset, "kueue": _kueue}


def _manager(certificates: Path, webhook: Port, health: Port) -> Object:
    return {
        "leaderElection": {"leaderElect": False},
        "health": {"healthProbeBindAddress": f"127.0.0.1:{health}"},
        "metrics": {"bindAddress": "0"},
        "webhook": {"host": "127.0.0.1", "port": webhook.number, "certDir": str(certificates)},
        "clientConnection": {"qps": 200, "burst": 400},
    }
