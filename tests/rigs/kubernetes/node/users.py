"""As whom a container runs. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.rigs.kubernetes.node.settings import Image
from tests.rigs.kubernetes.node.sources import Missing


@dataclass(frozen=True)
class User:
    """Numeric ids."""

    user: int
    group: int
    groups: tuple[int, ...]


def user_of(pod: Mapping[str, Any], container: Mapping[str, Any], image: Image) -> User:
    """Return the ids that the security contexts ask for; `Missing` where root is not wanted and would be it."""
    of_pod, own = pod["spec"].get("securityContext") or {}, container.get("securityContext") or {}
    said = {**of_pod, **own}
    user = said.get("runAsUser", image.user)
    if said.get("runAsNonRoot") and user == 0:
        raise Missing("container has runAsNonRoot and image will run as root")
    groups = [*of_pod.get("supplementalGroups", ()), *([of_pod["fsGroup"]] if "fsGroup" in of_pod else [])]
    return User(user, said.get("runAsGroup", 0), tuple(groups))
