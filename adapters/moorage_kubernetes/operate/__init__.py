"""Kubernetes for whoever makes environments in it; what reaches a cluster is imported when it is asked."""

from collections.abc import Iterable, Sequence
from types import ModuleType

from moorage.errors import TargetError
from moorage.operations import Check, Declared, Settings, Undeclared
from moorage_kubernetes.operate.asked import asked_of


class KubernetesOperations:
    """A namespace of a cluster, before and after Pulumi has made it."""

    sdk = "pulumi_kubernetes"

    def checks(self, settings: Settings, environment: str) -> Sequence[Check]:
        """Return the checks `api`, `rights`, `owner`, `crds`, `gpus` and `quota`."""
        asked = asked_of(settings)
        checks: Sequence[Check] = _module("checks").checks(asked, environment)
        return checks

    def find(self, settings: Settings, resource: Declared) -> str | None:
        """Return the id of the object that a creation has left; see `Operations`."""
        found: str | None = _module("inventory").find(asked_of(settings), resource)
        return found

    def undeclared(
        self, settings: Settings, own: Sequence[Declared], others: Sequence[Declared] = ()
    ) -> Iterable[Undeclared]:
        """Yield the objects and grants of the stack's namespaces that no stack declares; see `Operations`."""
        found: Iterable[Undeclared] = _module("inventory").undeclared(asked_of(settings), own, others)
        return found


operations = KubernetesOperations()
"""What operates this platform."""


def _module(name: str) -> ModuleType:
    from importlib import import_module

    try:
        return import_module(f"moorage_kubernetes.operate.{name}")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("moorage"):
            raise
        message = f"the client of Kubernetes is not installed: there is no module {error.name!r}"
        raise TargetError(message, fix="pip install 'moorage[kubernetes]'") from error
