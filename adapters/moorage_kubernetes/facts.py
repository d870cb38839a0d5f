"""Jobs, JobSets and pods as far as they matter here, read from what the API server says. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moorage.states import Cause
from moorage_kubernetes.names import CONTAINER, ENDED, JOB_NAME, KEY, SET_NAME

Body = Mapping[str, Any]
"""An object as JSON has it."""

LIVE_PHASES = ("Pending", "Running", "Unknown")


@dataclass(frozen=True)
class Condition:
    """One condition that is true, or that was said to be false, and why."""

    kind: str
    holds: bool
    reason: str
    message: str


@dataclass(frozen=True)
class Ended:
    """What we stopped a job for, as it is written on the job itself."""

    cause: Cause
    reason: str

    def to_text(self) -> str:
        """Return the annotation's value."""
        return json.dumps({"cause": self.cause.value, "reason": self.reason})


@dataclass(frozen=True)
class Job:
    """A Job or a JobSet: its conditions by kind, whether it waits or goes, and the pods that it is to have.

    `once` says that a pod that fails is not started again.
    """

    kind: str
    name: str
    key: str
    version: int
    conditions: Mapping[str, Condition]
    suspended: bool
    deleting: bool
    ended: Ended | None
    nodes: int
    once: bool = True

    def holds(self, *kinds: str) -> Condition | None:
        """Return the first of these conditions that is true."""
        return next((found for kind in kinds if (found := self.conditions.get(kind)) and found.holds), None)

    @property
    def complete(self) -> Condition | None:
        """The condition that says that it went well."""
        return self.holds("Complete", "Completed")

    @property
    def failed(self) -> Condition | None:
        """The condition that says that it did not."""
        return self.holds("Failed")


@dataclass(frozen=True)
class Container:
    """What a container does: `waiting`, `running` or `terminated`, and why."""

    state: str
    reason: str
    message: str
    code: int | None


@dataclass(frozen=True)
class Pod:
    """One pod; `job` is the name of the Job or JobSet that it is of."""

    name: str
    job: str
    version: int
    phase: str
    reason: str
    message: str
    conditions: Mapping[str, Condition]
    deleting: bool
    node: str
    image: str
    container: Container | None

    @property
    def is_live(self) -> bool:
        """Whether something of it may run, now or later."""
        return self.phase in LIVE_PHASES

    def condition(self, kind: str) -> Condition | None:
        """Return what was said under that name, true or false."""
        return self.conditions.get(kind)

    @property
    def taken(self) -> Condition | None:
        """The condition that says that the cluster takes the pod away."""
        found = self.conditions.get("DisruptionTarget")
        return found if found and found.holds else None


def job_of(body: Body, kind: str) -> Job:
    """Return what a Job or JobSet says."""
    meta, spec = body["metadata"], body.get("spec", {})
    annotations = meta.get("annotations", {})
    return Job(
        kind=kind,
        name=meta["name"],
        key=annotations.get(KEY, ""),
        version=int(meta.get("resourceVersion", 0)),
        conditions=_conditions(body),
        suspended=bool(spec.get("suspend")),
        deleting="deletionTimestamp" in meta,
        ended=_ended(annotations.get(ENDED)),
        nodes=_nodes(spec),
        once=not spec.get("backoffLimit") or "backoffLimitPerIndex" in spec,
    )


def pod_of(body: Body) -> Pod:
    """Return what a pod says."""
    meta, spec, status = body["metadata"], body["spec"], body.get("status", {})
    labels = meta.get("labels", {})
    containers = [each for each in status.get("containerStatuses", ()) if each["name"] == CONTAINER]
    return Pod(
        name=meta["name"],
        job=labels.get(SET_NAME) or labels.get(JOB_NAME, ""),
        version=int(meta.get("resourceVersion", 0)),
        phase=status.get("phase", "Pending"),
        reason=status.get("reason", ""),
        message=status.get("message", ""),
        conditions=_conditions(body),
        deleting="deletionTimestamp" in meta,
        node=spec.get("nodeName", ""),
        image=next((each["image"] for each in spec["containers"] if each["name"] == CONTAINER), ""),
        container=_container(containers[0]) if containers else None,
    )


def _conditions(body: Body) -> Mapping[str, Condition]:
    said = body.get("status", {}).get("conditions") or ()
    return {
        each["type"]: Condition(
            each["type"], each["status"] == "True", each.get("reason") or "", each.get("message") or ""
        )
        for each in said
    }


def _nodes(spec: Body) -> int:
    replicated = spec.get("replicatedJobs")
    if replicated:
        return sum(each["template"]["spec"].get("completions") or 1 for each in replicated)
    return int(spec.get("completions") or 1)


def _ended(text: str | None) -> Ended | None:
    if text is None:
        return None
    try:
        said = json.loads(text)
        return Ended(Cause(said["cause"]), str(said["reason"]))
    except (ValueError, TypeError, KeyError):  # somebody else wrote it
        return Ended(Cause.CANCELLED, "it was stopped")


def _container(status: Body) -> Container:
    state = next(
        (name for name in ("running", "terminated", "waiting") if status.get("state", {}).get(name)), "waiting"
    )
    said = status.get("state", {}).get(state) or {}
    return Container(state, said.get("reason") or "", said.get("message") or "", said.get("exitCode"))
