"""One object of the cluster, of any kind, in the words of the API.

The SDK has a class for each kind. What these register is the same, but loading the few that an environment needs would
take half of a preview.
"""

from typing import Any

import pulumi

Body = dict[str, object]
"""What the API takes for an object, or a part of it; a value may be an output."""


class Object(pulumi.CustomResource):
    """An object of the `kind` that the API has at `version`: `"v1"`, or `"apps/v1"` with its group."""

    metadata: pulumi.Output[dict[str, Any]]

    def __init__(self, name: str, version: str, kind: str, body: Body, opts: pulumi.ResourceOptions) -> None:
        group = version if "/" in version else f"core/{version}"  # the SDK's word for what has no group
        super().__init__(f"kubernetes:{group}:{kind}", name, {"apiVersion": version, "kind": kind, **body}, opts)

    @property
    def called(self) -> pulumi.Output[str]:
        """What it is called in the cluster, told when it is there."""
        return self.metadata.apply(lambda found: str(found["name"]))


def pods_with(label: str) -> Body:
    """Return the selector of pods that have a label, whatever its value."""
    return {"matchExpressions": [{"key": label, "operator": "Exists"}]}
