"""What Pulumi 3.259.0 has said, recorded: a state with a creation cut off, a previewed refresh, a locked stack."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

LOCKED = """\
error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock \
file with `pulumi cancel`.
  file:///state/.pulumi/locks/organization/small/test/8c6b.json?no_tmp_dir=true: \
created by root@vm (pid 10188) at 2026-11-25T21:16:38Z
"""

ITEM = "shelf:index:Item"
STACK = "urn:pulumi:test::small::pulumi:pulumi:Stack::small-test"
DEFAULT = "urn:pulumi:test::small::pulumi:providers:shelf::default::701f17b0-a0cb-4c65-9b77-ae35c165a842"
PLATFORM = "urn:pulumi:dev::moorage::moorage:kubernetes:KubernetesPlatform::dev"
QUOTA = "urn:pulumi:dev::moorage::moorage:kubernetes:KubernetesPlatform$kubernetes:core/v1:ResourceQuota::dev-quota"
CLUSTER = "urn:pulumi:dev::moorage::moorage:kubernetes:KubernetesPlatform$pulumi:providers:kubernetes::dev-cluster"


def urn(name: str) -> str:
    return f"urn:pulumi:test::small::{ITEM}::{name}"


STATE = {
    "version": 3,
    "deployment": {
        "resources": [
            {"urn": STACK, "custom": False, "type": "pulumi:pulumi:Stack"},
            {"urn": DEFAULT.rpartition("::")[0], "custom": True, "id": "701f17b0", "type": "pulumi:providers:shelf"},
            {
                "urn": urn("a"),
                "custom": True,
                "id": "a",
                "type": ITEM,
                "inputs": {"label": "a", "text": "one"},
                "parent": STACK,
                "provider": DEFAULT,
                "protect": True,
            },
        ],
        "pending_operations": [
            {
                "resource": {
                    "urn": urn("b"),
                    "custom": True,
                    "type": ITEM,
                    "inputs": {"label": "b", "text": "7692c3ad"},
                    "parent": STACK,
                    "provider": DEFAULT,
                },
                "type": "creating",
            },
            {
                "resource": {
                    "urn": QUOTA,
                    "custom": True,
                    "type": "kubernetes:core/v1:ResourceQuota",
                    "inputs": {},
                    "parent": PLATFORM,
                    "provider": f"{CLUSTER}::9d1b",
                },
                "type": "updating",
            },
        ],
    },
}


def _metadata(op: str, name: str, **more: object) -> dict[str, object]:
    return {"op": op, "urn": urn(name), "type": ITEM, **more}


REFRESH: Sequence[Mapping[str, Any]] = [
    {"resourcePreEvent": {"metadata": _metadata("refresh", "a"), "planning": True}},
    {"resOutputsEvent": {"metadata": {"op": "same", "urn": STACK, "type": "pulumi:pulumi:Stack"}, "planning": True}},
    {"resOutputsEvent": {"metadata": _metadata("delete", "c"), "planning": True}},
    {
        "resOutputsEvent": {
            "metadata": _metadata(
                "update", "b", diffs=["text"], detailedDiff={"text": {"diffKind": "update", "inputDiff": False}}
            ),
            "planning": True,
        }
    },
    {"resOutputsEvent": {"metadata": _metadata("update", "status"), "planning": True}},
    {"resOutputsEvent": {"metadata": _metadata("same", "a", detailedDiff={}), "planning": True}},
    {"summaryEvent": {"resourceChanges": {"delete": 1, "same": 2, "update": 1}}},
]


def state() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(STATE))
    return found
