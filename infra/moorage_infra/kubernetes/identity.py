"""Who is who: steps and served models may ask the API server for nothing, a driver for what the adapter uses."""

from collections.abc import Sequence
from dataclasses import dataclass

from pulumi_kubernetes.core.v1 import LocalObjectReferenceArgs, ServiceAccount
from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs, Role, RoleBinding, RoleRefArgs, SubjectArgs

from moorage_infra.config import KubernetesSettings
from moorage_infra.kubernetes.place import Place
from moorage_infra.targets import ACCOUNT, DRIVER, kubernetes_target
from moorage_kubernetes.role import rules

GROUP = "rbac.authorization.k8s.io"


@dataclass(frozen=True)
class Accounts:
    """The service accounts of the namespace; pods get no token of theirs but by asking for one."""

    steps: ServiceAccount
    serving: ServiceAccount
    driver: ServiceAccount


def accounts(place: Place) -> Accounts:
    """Make the accounts, and the driver's one role; no other account has any."""
    made = Accounts(*(_account(place, what) for what in (ACCOUNT, "serving", DRIVER)))
    role = Role(
        place.child("role-driver"), metadata=place.inside(DRIVER), rules=allowed(place.settings), opts=place.kept
    )
    RoleBinding(
        place.child("binding-driver"),
        metadata=place.inside(DRIVER),
        role_ref=RoleRefArgs(api_group=GROUP, kind="Role", name=role.metadata.name),
        subjects=[_driver(place, made.driver), *_people(place)],
        opts=place.kept,
    )
    return made


def allowed(settings: KubernetesSettings) -> Sequence[PolicyRuleArgs]:
    """Return what a driver may do: what the adapter says that it uses of this environment, and no more."""
    return [
        PolicyRuleArgs(
            api_groups=[rule.group],
            resources=[rule.resource],
            verbs=list(rule.verbs),
            resource_names=list(rule.names) or None,
        )
        for rule in rules(kubernetes_target(settings))
    ]


def _account(place: Place, what: str) -> ServiceAccount:
    pulls = [LocalObjectReferenceArgs(name=name) for name in place.settings.pull_secrets]
    return ServiceAccount(
        place.child(f"account-{what}"),
        metadata=place.inside(what),
        automount_service_account_token=False,
        image_pull_secrets=pulls or None,
        opts=place.kept,
    )


def _driver(place: Place, account: ServiceAccount) -> SubjectArgs:
    return SubjectArgs(kind="ServiceAccount", name=account.metadata.name, namespace=place.namespace)


def _people(place: Place) -> Sequence[SubjectArgs]:
    said = place.settings.drivers
    named = [("User", name) for name in said.users] + [("Group", name) for name in said.groups]
    return [SubjectArgs(api_group=GROUP, kind=kind, name=name) for kind, name in named]
