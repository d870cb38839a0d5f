"""Who is who: steps and served models may ask the API server for nothing, a driver for what the adapter uses."""

from collections.abc import Sequence
from dataclasses import dataclass

from moorage_infra.kubernetes.objects import Body, Object
from moorage_infra.kubernetes.place import Place
from moorage_infra.targets import ACCOUNT, DRIVER, kubernetes_target
from moorage_kubernetes.role import rules

GROUP = "rbac.authorization.k8s.io"
RBAC = f"{GROUP}/v1"


@dataclass(frozen=True)
class Accounts:
    """The service accounts of the namespace; pods get no token of theirs but by asking for one."""

    steps: Object
    serving: Object
    driver: Object


def accounts(place: Place) -> Accounts:
    """Make the accounts, and the driver's one role; no other account has any."""
    made = Accounts(*(_account(place, what) for what in (ACCOUNT, "serving", DRIVER)))
    allowed = [rule.as_body() for rule in rules(kubernetes_target(place.settings))]
    role = Object(
        place.child("role-driver"), RBAC, "Role", {"metadata": place.inside(DRIVER), "rules": allowed}, place.kept
    )
    body: Body = {
        "metadata": place.inside(DRIVER),
        "roleRef": {"apiGroup": GROUP, "kind": "Role", "name": role.called},
        "subjects": [_driver(place, made.driver), *_people(place)],
    }
    Object(place.child("binding-driver"), RBAC, "RoleBinding", body, place.kept)
    return made


def _account(place: Place, what: str) -> Object:
    pulls = [{"name": name} for name in place.settings.pull_secrets]
    body: Body = {"metadata": place.inside(what), "automountServiceAccountToken": False}
    if pulls:
        body["imagePullSecrets"] = pulls
    return Object(place.child(f"account-{what}"), "v1", "ServiceAccount", body, place.kept)


def _driver(place: Place, account: Object) -> Body:
    return {"kind": "ServiceAccount", "name": account.called, "namespace": place.namespace}


def _people(place: Place) -> Sequence[Body]:
    said = place.settings.drivers
    named = [("User", name) for name in said.users] + [("Group", name) for name in said.groups]
    return [{"apiGroup": GROUP, "kind": kind, "name": name} for kind, name in named]
