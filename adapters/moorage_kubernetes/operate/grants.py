"""Bindings of roles, read: whom they give what, and whether that concerns a namespace. Pure."""

from collections.abc import Collection, Mapping
from typing import Any

RBAC = "rbac.authorization.k8s.io/v1"
ROLE, BINDING = "Role", "RoleBinding"
OWN = "kubernetes.io/bootstrapping"
"""The label of the grants that every cluster begins with."""
EVERYBODY = {"system:authenticated", "system:unauthenticated", "system:serviceaccounts", "system:anonymous"}


def means(binding: Mapping[str, Any]) -> str:
    """Return what a binding gives, and to whom."""
    role = binding["roleRef"]
    given = ", ".join(_who(each) for each in binding.get("subjects") or ()) or "nobody"
    return f"gives {role['kind']} {role['name']} to {given}"


def reaches(binding: Mapping[str, Any], namespaces: Collection[str]) -> bool:
    """Return whether a cluster's binding gives something to the accounts of these namespaces, or to people.

    What every cluster begins with does not, nor what controllers in other namespaces get: clusters are full of both.
    """
    if OWN in (binding["metadata"].get("labels") or {}):
        return False
    return any(_concerns(each, namespaces) for each in binding.get("subjects") or ())


def _concerns(subject: Mapping[str, Any], namespaces: Collection[str]) -> bool:
    if subject["kind"] == "ServiceAccount":
        return subject.get("namespace") in namespaces
    name = str(subject["name"])
    if not name.startswith("system:") or name in EVERYBODY:
        return True
    prefixes = ("system:serviceaccount:", "system:serviceaccounts:")
    return any(name.startswith(prefix) and name.split(":")[2] in namespaces for prefix in prefixes)


def _who(subject: Mapping[str, Any]) -> str:
    space = f"{subject['namespace']}/" if subject.get("namespace") else ""
    return f"{subject['kind']} {space}{subject['name']}"
