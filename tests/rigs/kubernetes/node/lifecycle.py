"""Where a pod stands and what comes next: the kubelet's rules as one immutable value. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any


class Kind(Enum):
    """What a container is for. A sidecar is an init container that stays."""

    INIT = "init"
    SIDECAR = "sidecar"
    APP = "app"


@dataclass(frozen=True)
class Waiting:
    """Not running, for a reason that is the kubelet's word."""

    reason: str
    message: str = ""


@dataclass(frozen=True)
class Running:
    """Running since `started`."""

    started: str


@dataclass(frozen=True)
class Terminated:
    """Ended: exit status, the kubelet's word for it, and when."""

    code: int
    reason: str
    started: str
    finished: str
    message: str = ""


@dataclass(frozen=True)
class Container:
    """One container: what it does now, how it ended before, and how often it was started again."""

    name: str
    kind: Kind = Kind.APP
    state: Waiting | Running | Terminated = Waiting("ContainerCreating")
    last: Terminated | None = None
    restarts: int = 0
    started: bool = False
    ready: bool = False

    @property
    def ended(self) -> Terminated | None:
        """How the newest run of it ended; None while it runs, or where it never did."""
        if isinstance(self.state, Terminated):
            return self.state
        return self.last if isinstance(self.state, Waiting) else None


@dataclass(frozen=True)
class Pod:
    """All containers of a pod, in the order in which they start.

    `failure` is the kubelet's own verdict (reason and message) that no exit status undoes; `stopping` is set once the
    pod was told to go: nothing starts again.
    """

    policy: str
    containers: tuple[Container, ...]
    failure: tuple[str, str] | None = None
    stopping: bool = False

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> "Pod":
        """Return a pod of which nothing has started."""
        first = [Container(each["name"], _kind(each)) for each in spec.get("initContainers", ())]
        waiting = Waiting("PodInitializing") if first else Waiting("ContainerCreating")
        apps = [Container(each["name"], state=waiting) for each in spec["containers"]]
        first = [replace(each, state=Waiting("PodInitializing")) for each in first]
        return cls(spec.get("restartPolicy", "Always"), (*first, *apps))

    def container(self, name: str) -> Container:
        """Return one container."""
        return next(each for each in self.containers if each.name == name)

    def of_kind(self, kind: Kind) -> tuple[Container, ...]:
        """Return the containers of one kind."""
        return tuple(each for each in self.containers if each.kind is kind)

    def waits(self, name: str, reason: str, message: str = "") -> "Pod":
        """The container cannot start yet; a run that ended is now its last one."""
        now = self.container(name)
        return self._with(replace(now, state=Waiting(reason, message), last=now.ended, ready=False, started=False))

    def runs(self, name: str, at: str) -> "Pod":
        """The container has started, for the first time or again."""
        now = self.container(name)
        again = now.restarts + (now.ended is not None)
        return self._with(replace(now, state=Running(at), last=now.ended, restarts=again))

    def ends(self, name: str, ended: Terminated) -> "Pod":
        """The container has ended."""
        now = self.container(name)
        last = now.last if isinstance(now.state, Running) else now.ended
        return self._with(replace(now, state=ended, last=last, ready=False, started=False))

    def probed(self, name: str, started: bool, ready: bool) -> "Pod":
        """The container's probes have said so; nothing where it does not run."""
        now = self.container(name)
        runs = isinstance(now.state, Running)
        return self._with(replace(now, started=started and runs, ready=started and ready and runs))

    def fails(self, reason: str, message: str) -> "Pod":
        """The kubelet ends the pod for a reason of its own."""
        return replace(self, failure=self.failure or (reason, message), stopping=True)

    def stops(self) -> "Pod":
        """The pod was told to go."""
        return replace(self, stopping=True)

    def _with(self, changed: Container) -> "Pod":
        return replace(
            self, containers=tuple(changed if each.name == changed.name else each for each in self.containers)
        )


def starts_again(pod: Pod, container: Container) -> bool:
    """Return whether a container that has ended is started again."""
    ended = container.ended
    if ended is None or pod.stopping:
        return False
    if container.kind is Kind.SIDECAR:
        return not apps_over(pod)
    if container.kind is Kind.APP and pod.policy == "Always":
        return True
    return pod.policy != "Never" and ended.code != 0


def to_start(pod: Pod) -> tuple[str, ...]:
    """Return the containers that are to run and do not: at most one init container, or else all others."""
    if pod.stopping:
        return ()
    due: list[str] = []
    for each in pod.containers:
        if each.kind is Kind.APP:
            break
        if each.kind is Kind.INIT and not _done(each):
            return (*due, each.name) if _may_start(pod, each) else tuple(due)
        if each.kind is Kind.SIDECAR:
            due += [each.name] if _may_start(pod, each) else []
            if not each.started:
                return tuple(due)
    return (*due, *(each.name for each in pod.of_kind(Kind.APP) if _may_start(pod, each)))


def initialized(pod: Pod) -> bool:
    """Return whether all init containers are done and all sidecars have started once."""
    return all(_done(each) for each in pod.of_kind(Kind.INIT)) and all(
        each.started or each.ended for each in pod.of_kind(Kind.SIDECAR)
    )


def apps_over(pod: Pod) -> bool:
    """Return whether no application container runs or will run: sidecars may go."""
    if any(_failed_for_good(pod, each) for each in pod.of_kind(Kind.INIT)):
        return True
    apps = pod.of_kind(Kind.APP)
    return all(isinstance(each.state, Terminated) and not starts_again(pod, each) for each in apps)


def phase(pod: Pod) -> str:
    """Return the kubelet's word for where the pod stands."""
    live = any(isinstance(each.state, Running) for each in pod.containers)
    if pod.failure:
        return "Failed"
    if pod.stopping and not live:
        return "Succeeded" if all(each.ended and each.ended.code == 0 for each in pod.of_kind(Kind.APP)) else "Failed"
    if any(_failed_for_good(pod, each) for each in pod.of_kind(Kind.INIT)):
        return "Failed"
    apps = pod.of_kind(Kind.APP)
    if not initialized(pod) or any(isinstance(each.state, Waiting) and each.last is None for each in apps):
        return "Pending"
    if live or pod.policy == "Always":
        return "Running"
    if all(each.ended and each.ended.code == 0 for each in apps):
        return "Succeeded"
    return "Failed" if not any(starts_again(pod, each) for each in apps) else "Running"


def over(pod: Pod) -> bool:
    """Return whether nothing runs and nothing will."""
    nothing_runs = not any(isinstance(each.state, Running) for each in pod.containers)
    return nothing_runs and (pod.stopping or phase(pod) in ("Succeeded", "Failed"))


def _kind(spec: Mapping[str, Any]) -> Kind:
    return Kind.SIDECAR if spec.get("restartPolicy") == "Always" else Kind.INIT


def _done(container: Container) -> bool:
    return isinstance(container.state, Terminated) and container.state.code == 0


def _may_start(pod: Pod, container: Container) -> bool:
    if isinstance(container.state, Running):
        return False
    return container.ended is None or starts_again(pod, container)


def _failed_for_good(pod: Pod, container: Container) -> bool:
    return container.ended is not None and container.ended.code != 0 and not starts_again(pod, container)
