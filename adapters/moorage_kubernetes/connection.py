"""A namespace of a cluster, reached: jobs are submitted, observed, stopped and found again."""

import time
import weakref
from collections.abc import Iterator, Sequence

from moorage.errors import AccessDenied, NotFound, PlatformError, TargetError
from moorage.ports import Handle, JobName, Observation, Owner
from moorage.states import Cause, State
from moorage_kubernetes import reading
from moorage_kubernetes.client import JOB, JOBSET, POD, SECRET, Api, Kind
from moorage_kubernetes.facts import Body, Ended, job_of
from moorage_kubernetes.hints import Hints
from moorage_kubernetes.lower import KubernetesRequest
from moorage_kubernetes.mirrors import Mirrors
from moorage_kubernetes.names import CONTAINER, JOB_NAME, KEY, RUN, SET_NAME, labels_of, selector
from moorage_kubernetes.pods import GRACE_SECONDS
from moorage_kubernetes.refusals import Taken
from moorage_kubernetes.stopping import is_over, stop
from moorage_kubernetes.target import KubernetesTarget
from moorage_kubernetes.telling import say_driver

PLATFORM = "kubernetes"
STOP_SECONDS = GRACE_SECONDS + 45.0
"""How long a job may take to end that was told to."""

_KINDS = {kind.name: kind for kind in (JOB, JOBSET)}
_CANCELLED = Ended(Cause.CANCELLED, "it was cancelled")
_LOOK_SECONDS = 1.0


class KubernetesConnection:
    """The jobs of one namespace."""

    def __init__(self, target: KubernetesTarget) -> None:
        self._target = target
        self.api = Api(target)
        self._mirrors = Mirrors(self.api)
        self._hints = Hints(self.api, target.queue)
        self._ages: dict[str, float] = {}
        self._secrets: set[str] = set()
        self._is_restless = False
        weakref.finalize(self, self._mirrors.close)

    def submit(self, request: KubernetesRequest, key: str) -> Handle:
        """Create the job, or adopt the one that was ever created under this key."""
        self._find_secrets(request)
        kind = _KINDS[request.kind]
        body = _with_key(request.body, key)
        try:
            made = self.api.create(kind, body)
        except Taken as error:
            made = self._adopted(kind, body, error)
        self._mirrors.put(kind, made)
        return _handle(kind, made)

    def observe(self, handles: Sequence[Handle]) -> Sequence[Observation]:
        """Return one reading per handle, in their order."""
        self._mirrors.follow(handles)
        seen = [self._observe(handle) for handle in handles]
        self._is_restless = any(each.state is State.STOPPING or each.reason for each in seen)
        return seen

    def owned(self, owner: Owner) -> Iterator[Handle]:
        """Yield every job that carries the tags of `owner`."""
        for kind in (JOB, JOBSET) if self._target.jobset else (JOB,):
            try:
                bodies, _ = self.api.list(kind, selector(labels_of(owner)), metadata_only=True)
            except NotFound:
                if kind is JOB:
                    raise
                continue  # JobSet is not installed
            yield from (_handle(kind, body) for body in bodies if KEY in body["metadata"].get("annotations", {}))

    def logs(self, handle: Handle) -> Iterator[str]:
        """Yield what the containers of the job printed; what the step printed is in the store."""
        kind = _kind(handle)
        if not _is_ours(self.api.get(kind, handle.job, metadata_only=True), handle):
            return
        label = JOB_NAME if kind is JOB else SET_NAME
        pods, _ = self.api.list(POD, f"{label}={handle.job}", metadata_only=True)
        for name in sorted(pod["metadata"]["name"] for pod in pods):
            yield from self.api.log(name, CONTAINER)

    def say_driver(self, name: JobName) -> str:
        """Return how the Job of a driver stands, in a sentence."""
        return say_driver(self.api.hasty(), name)

    def cancel(self, handle: Handle) -> None:
        """Stop the job, and return when none of its pods is left."""
        kind, deadline = _kind(handle), time.monotonic() + STOP_SECONDS
        if not _is_ours(body := self.api.get(kind, handle.job), handle) or body is None or is_over(body):
            return
        self._mirrors.follow([handle])
        while True:
            seen = self._observe(handle, ending=_CANCELLED)
            if (seen.state.is_terminal or seen.state is State.MISSING) and not self._lives(kind, handle):
                return
            if time.monotonic() > deadline:
                fix = "see what its pods and their nodes do, then cancel it again"
                raise PlatformError(f"{handle.job} has not ended {STOP_SECONDS:.0f} s after it was told to", fix=fix)
            self._mirrors.wait(_LOOK_SECONDS)

    def forget(self, handle: Handle) -> None:
        """Delete a job that has ended; one that runs, or is gone, is left alone."""
        kind = _kind(handle)
        body = self.api.get(kind, handle.job)
        if body is not None and _is_ours(body, handle) and (is_over(body) or job_of(body, kind.name).ended):
            self.api.delete(kind, handle.job)

    def close(self) -> None:
        """Stop listening to the cluster; jobs go on, and whoever observes listens again."""
        self._mirrors.close()

    def wait(self, handles: Sequence[Handle], seconds: float) -> None:
        """Return when something has happened since the last reading, or when the seconds are over."""
        self._mirrors.wait(min(seconds, _LOOK_SECONDS) if self._is_restless else seconds)

    def _observe(self, handle: Handle, ending: Ended | None = None) -> Observation:
        kind = _kind(handle)
        job, pods = self._mirrors.look(kind, handle)
        if job is None:
            body = self.api.hasty().get(kind, handle.job)  # a list may be older than the job
            job = job_of(body, kind.name) if body else None
            if body:
                self._mirrors.put(kind, body)
        if job is None or job.key != handle.data["key"]:
            return Observation(handle, State.MISSING, "not found", f"the namespace has no such {kind.name}")
        seen = reading.read(job, pods, self._age, lambda: self._hints.of(handle.job))
        stop = ending or seen.stop
        if stop and not job.ended and (not seen.state.is_terminal or self._lives(kind, handle)):
            self._stop(kind, handle, stop, is_patient=ending is not None)
            return Observation(handle, State.STOPPING, seen.raw, stop.reason)
        return Observation(handle, seen.state, seen.raw, seen.reason, seen.cause)

    def _lives(self, kind: Kind, handle: Handle) -> bool:
        # A node that does not answer may still run what is long given up.
        return any(pod.is_live for pod in self._mirrors.look(kind, handle)[1])

    def _stop(self, kind: Kind, handle: Handle, ended: Ended, is_patient: bool) -> None:
        try:
            body = stop(self.api if is_patient else self.api.hasty(), kind, handle.job, ended)
        except PlatformError:
            if is_patient:
                raise
            return  # the next reading tries again
        if body is not None:
            self._mirrors.put(kind, body)

    def _age(self, what: str) -> float:
        now = time.monotonic()
        return now - self._ages.setdefault(what, now)

    def _find_secrets(self, request: KubernetesRequest) -> None:
        for reference in request.secrets.values():
            name, _, key = reference.partition("/")
            try:
                found = name in self._secrets or self.api.get(SECRET, name, metadata_only=True)
            except AccessDenied:  # then a node tells us
                continue
            if not found:
                seen = f"the step asks for the secret {reference}, and the namespace {self._target.namespace} has none"
                made = f"create secret generic {name} --from-literal={key}=..."
                raise TargetError(f"{seen} called {name!r}", fix=f"{self._kubectl()} {made}")
            self._secrets.add(name)

    def _kubectl(self) -> str:
        # Else it might be another cluster that gets the secret.
        context = f" --context {self._target.context}" if self._target.context else ""
        return f"kubectl{context} -n {self._target.namespace}"

    def _adopted(self, kind: Kind, body: Body, error: Taken) -> Body:
        meta = body["metadata"]
        found = self.api.get(kind, meta["name"])
        if found is None:
            raise error
        theirs = found["metadata"]
        has, wants = theirs.get("labels", {}), meta["labels"]
        if theirs.get("annotations", {}).get(KEY) != meta["annotations"][KEY] or has.get(RUN) != wants[RUN]:
            seen = f"the name {meta['name']} is taken by a {kind.name} that is not of this run"
            raise PlatformError(seen, fix=f"see whose it is: kubectl get {kind.plural} {meta['name']} -o yaml")
        return found


def _with_key(body: Body, key: str) -> Body:
    meta = body["metadata"]
    return {**body, "metadata": {**meta, "annotations": {**meta["annotations"], KEY: key}}}


def _kind(handle: Handle) -> Kind:
    return _KINDS[handle.data["kind"]]


def _is_ours(body: Body | None, handle: Handle) -> bool:
    return body is not None and body["metadata"].get("annotations", {}).get(KEY) == handle.data["key"]


def _handle(kind: Kind, body: Body) -> Handle:
    meta = body["metadata"]
    data = {"kind": kind.name, "key": meta["annotations"][KEY], "run": meta["labels"][RUN]}
    return Handle(PLATFORM, JobName(meta["name"]), data)
