"""Kubernetes is real here, but for the node's containers: they are processes of this machine."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from typing import Any

from moorage.errors import AccessDenied, NotFound, PlatformError, QuotaExceeded, Throttled
from moorage.images.record import DEFAULT_IMAGE, PushedImage, register
from moorage.ports import Handle
from moorage.states import State
from moorage.store import Store
from moorage_kubernetes import role
from moorage_kubernetes.connection import KubernetesConnection
from moorage_kubernetes.facts import LIVE_PHASES
from moorage_kubernetes.lower import KubernetesRequest, lower
from moorage_kubernetes.reading import STATES, state_of
from moorage_kubernetes.target import GpuOffer, KubernetesTarget, Spot, Toleration
from tests.rigs.base import Impossible, Work
from tests.rigs.kubernetes.api import Client, Refused
from tests.rigs.kubernetes.cluster import CLUSTER, CPU, MEMORY_GIB
from tests.rigs.kubernetes.faults import THROTTLED, Faults, Rule
from tests.rigs.kubernetes.submitter import PLACES
from tests.rigs.submitting import SubmittingRig

JOB_CONDITIONS = ("Suspended", "Complete", "Failed", "FailureTarget", "SuccessCriteriaMet")
"""The constants of JobConditionType (k8s.io/api/batch/v1/types.go); the OpenAPI lists none."""
JOBSET_CONDITIONS = ("Completed", "Failed", "Suspended", "StartupPolicyInProgress", "StartupPolicyCompleted")
"""The constants of JobSetConditionType (sigs.k8s.io/jobset/api/jobset/v1alpha2/jobset_types.go)."""

RBAC = "/apis/rbac.authorization.k8s.io/v1"
DRIVER = "driver"
"""Who submits the jobs of the suite, and the name of what lets it."""

IMAGE = f"registry.example/steps@sha256:{'0' * 64}"
GPUS = (GpuOffer(name="A10G", memory_gib=24, node_selector={"nvidia.com/gpu.product": "NVIDIA-A10G"}),)
SPOT = Spot(
    node_selector={"cloud.google.com/gke-spot": "true"},
    tolerations=(Toleration(key="cloud.google.com/gke-spot", value="true", effect="NoSchedule"),),
)
GOLDEN = KubernetesTarget(
    namespace="ml", cpu=32, memory_gib=128, context="onprem", queue="team", service_account="steps", gpus=GPUS,
    spot=SPOT, node_selector={"pool": "batch"}, tolerations=(Toleration(key="batch"),), priority_class="batch",
    image_pull_secrets=("registry",), store_secrets=("store",), environment={"AWS_DEFAULT_REGION": "us-east-1"},
    labels={"team": "risk"},
)  # fmt: skip


class KubernetesRig(SubmittingRig):
    """A namespace of its own on the cluster of this test process."""

    platform = "kubernetes"
    submitter = "tests.rigs.kubernetes.submitter"

    @cached_property
    def store(self) -> Store:
        """A bucket of its own."""
        store = CLUSTER.make_store()
        store.ensure()
        register(store, PushedImage(name=DEFAULT_IMAGE, reference=IMAGE, base="python", moorage="0"))
        return store

    @cached_property
    def target(self) -> KubernetesTarget:
        """The namespace, as a driver who may do what moorage's Role says and nothing else."""
        target = KubernetesTarget(
            namespace=CLUSTER.make_namespace(), cpu=CPU, memory_gib=MEMORY_GIB, gpus=GPUS, spot=SPOT,
            kubeconfig=str(CLUSTER.plane.user(DRIVER)), store_secrets=("store",), environment=CLUSTER.variables,
        )  # fmt: skip
        return self.bound(target)

    def bound(self, target: KubernetesTarget) -> KubernetesTarget:
        """Give the driver the Role of that target, and return the target when that holds."""
        name, api = {"name": DRIVER}, f"{RBAC}/namespaces/{target.namespace}"
        rules = [rule.as_body() for rule in role.rules(target)]
        kind = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": name}
        who = [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", **name}]
        ref = {"kind": "Role", "apiGroup": "rbac.authorization.k8s.io", **name}
        self.admin.apply(f"{api}/roles/{DRIVER}", {**kind, "kind": "Role", "rules": rules})
        self.admin.apply(
            f"{api}/rolebindings/{DRIVER}", {**kind, "kind": "RoleBinding", "subjects": who, "roleRef": ref}
        )
        for collection in ("batch/v1/{}/jobs", *(["kueue.x-k8s.io/v1beta1/{}/workloads"] if target.queue else [])):
            path = f"/apis/{collection.format(f'namespaces/{target.namespace}')}"
            CLUSTER.plane.client(DRIVER).until(path, bool, tolerates=(403,))
        return target

    @property
    def golden_target(self) -> KubernetesTarget:
        """A namespace that has a bit of everything."""
        return GOLDEN

    @property
    def admin(self) -> Client:
        """The cluster, as somebody who may do all."""
        return CLUSTER.plane.client()

    def path(self, api: str, rest: str) -> str:
        """Return the path of something in the namespace."""
        return f"{api}/namespaces/{self.target.namespace}/{rest}"

    def violations(self, request: KubernetesRequest) -> Sequence[str]:
        """Return what the API server, asked not to do it, has against the request."""
        plural = {"Job": "jobs", "JobSet": "jobsets"}[request.kind]
        path = self.path(f"/apis/{request.body['apiVersion']}", plural)
        try:
            self.admin.create(path, dict(request.body), dryRun="All", fieldValidation="Strict")
        except Refused as error:
            return [str(error)]
        return []

    @property
    def native_states(self) -> Sequence[str]:
        """The phases that the API server's own OpenAPI lists, and the conditions of jobs."""
        schema = self.admin.get("/openapi/v3/api/v1")["components"]["schemas"]["io.k8s.api.core.v1.PodStatus"]
        phases = schema["properties"]["phase"]["enum"]
        return [
            *(f"Pod {word}" for word in phases),
            *(f"Job {word}" for word in JOB_CONDITIONS),
            *(f"JobSet {word}" for word in JOBSET_CONDITIONS),
        ]

    @property
    def mapped_states(self) -> Sequence[str]:
        """What the adapter knows."""
        return tuple(STATES)

    def state_of(self, word: str) -> State:
        """Return what the adapter makes of one word."""
        return state_of(word)

    @property
    def crashes(self) -> Sequence[str]:
        """Where a submit may be cut."""
        return PLACES

    def pods(self, handle: Handle) -> Sequence[Mapping[str, Any]]:
        """Return the pods of the job."""
        label = {"Job": "batch.kubernetes.io/job-name", "JobSet": "jobset.sigs.k8s.io/jobset-name"}[handle.data["kind"]]
        found: Sequence[Mapping[str, Any]] = self.admin.get(
            self.path("/api/v1", "pods"), labelSelector=f"{label}={handle.job}"
        )["items"]
        return found

    def leftovers(self, handle: Handle) -> Sequence[str]:
        """Return the pods of the job that live."""
        return [pod["metadata"]["name"] for pod in self.pods(handle) if pod["status"]["phase"] in LIVE_PHASES]

    def keep_secret(self, reference: str, value: str) -> None:
        """Put it into the namespace."""
        name, _, key = reference.partition("/")
        self.admin.create(self.path("/api/v1", "secrets"), {"metadata": {"name": name}, "stringData": {key: value}})

    def refusing(self, kind: type[PlatformError]) -> AbstractContextManager[KubernetesRequest]:
        """Let the cluster refuse to create the job."""
        if kind not in (AccessDenied, NotFound, QuotaExceeded, Throttled):
            raise Impossible(f"a cluster never answers with {kind.__name__}")
        return self._refusing(kind)

    @contextmanager
    def _refusing(self, kind: type[PlatformError]) -> Iterator[KubernetesRequest]:
        changed: dict[str, Any] = {}
        if kind is AccessDenied:
            changed["kubeconfig"] = str(CLUSTER.plane.user("stranger"))
        if kind is NotFound:
            changed |= {"namespace": "nowhere", "kubeconfig": str(CLUSTER.plane.kubeconfig)}
        if kind is Throttled:
            changed["kubeconfig"] = str(CLUSTER.plane.through(Faults(Rule(THROTTLED, "create", "jobs"))))
        if kind is QuotaExceeded:
            self.limit("count/jobs.batch", "0")
        target = self.target.model_copy(update=changed)
        connection = KubernetesConnection(target)
        connection.api.patience_seconds = 1.5
        vars(self)["connection"] = connection
        yield lower(self.job(Work()), target)

    def limit(self, what: str, amount: str) -> None:
        """Give the namespace a quota, and return when it holds."""
        path = self.path("/api/v1", "resourcequotas")
        self.admin.create(path, {"metadata": {"name": "limit"}, "spec": {"hard": {what: amount}}})
        self.admin.until(f"{path}/limit", lambda quota: quota.get("status", {}).get("hard"))
