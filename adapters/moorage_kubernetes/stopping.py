"""How a job is stopped for good: its deadline becomes zero, and what it was stopped for is written on it.

It stays, so that its name is never free again before it has been read; the cluster itself removes it later. A Job
past its deadline gets no pod, whoever starts it, so that this holds in a queue too.
"""

from moorage_kubernetes.client import JOB, JOBSET, Api, Kind
from moorage_kubernetes.facts import Body, Ended
from moorage_kubernetes.names import ENDED, SET_NAME
from moorage_kubernetes.refusals import Taken


def stop(api: Api, kind: Kind, name: str, ended: Ended) -> Body | None:
    """Stop a job that has not ended, and return it as it is now; None where it is gone.

    A JobSet whose own jobs are not there yet is returned as it was: try again.
    """
    told = False
    while True:
        body = api.get(kind, name)
        if body is None or (is_over(body) and not told) or ENDED in body["metadata"].get("annotations", {}):
            return body
        if kind is JOBSET and not is_over(body):
            if not _stop_children(api, body):
                return body
            told = True  # it may end of that before it says what for
        changes: dict[str, object] = {
            "metadata": {
                "resourceVersion": body["metadata"]["resourceVersion"],
                "annotations": {ENDED: ended.to_text()},
            }
        }
        if kind is JOB:
            changes["spec"] = {"activeDeadlineSeconds": 0}
        try:
            return api.patch(kind, name, changes)
        except Taken:  # it has changed since
            continue


def is_over(body: Body) -> bool:
    """Return whether a Job or JobSet has ended by itself."""
    conditions = body.get("status", {}).get("conditions") or ()
    ends = ("Complete", "Completed", "Failed")
    return any(each["type"] in ends and each["status"] == "True" for each in conditions)


def _stop_children(api: Api, body: Body) -> bool:
    name = body["metadata"]["name"]
    children, _ = api.list(JOB, f"{SET_NAME}={name}")
    for child in children:
        if child["spec"].get("activeDeadlineSeconds") != 0:
            api.patch(JOB, child["metadata"]["name"], {"spec": {"activeDeadlineSeconds": 0}})
    wanted = sum(int(each.get("replicas", 1)) for each in body["spec"]["replicatedJobs"])
    return len(children) >= wanted
