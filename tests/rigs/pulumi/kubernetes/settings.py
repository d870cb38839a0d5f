"""The settings of the provider itself: which cluster, and what a change of them means for what was made there."""

from dataclasses import dataclass
from typing import Any

from tests.rigs.pulumi.kubernetes.cluster import Access, Unreachable, access
from tests.rigs.pulumi.provider import Change, Checked, Diff
from tests.rigs.pulumi.values import Properties, has_unknown, plain

IDENTITY = "clusterIdentifier"


@dataclass(frozen=True)
class Settings:
    """What of them this stand-in heeds."""

    force: bool = False
    delete_unreachable: bool = False
    mutable: frozenset[str] = frozenset()


def read_settings(given: Properties, environ: dict[str, str]) -> Settings:
    """Return the settings, of which the environment has some, too."""
    mutable = {kind for kind in ("ConfigMap", "Secret") if _is_true(given.get(f"enable{kind}Mutable"))}
    return Settings(
        force=_is_true(given.get("enablePatchForce") or environ.get("PULUMI_K8S_ENABLE_PATCH_FORCE")),
        delete_unreachable=_is_true(given.get("deleteUnreachable") or environ.get("PULUMI_K8S_DELETE_UNREACHABLE")),
        mutable=frozenset(mutable),
    )


def check(news: Properties) -> Checked:
    """Refuse what cannot work; a kubeconfig that is not readable yet is for the operations to refuse."""
    refused = [("enableServerSideApply", "this stand-in knows nothing but server-side apply")]
    off = str(plain(news.get("enableServerSideApply", "true"))).lower() == "false"
    return Checked(news, tuple(refused) if off else ())


def diff(olds: Properties, news: Properties) -> Diff:
    """Say whether it is still the same cluster: by the identifier that the program gives it, or else by its address."""
    changed = {name for name in {*olds, *news} if plain(olds.get(name)) != plain(news.get(name))}
    replaces = changed & {IDENTITY, "kubeconfig", "context", "cluster"}
    if IDENTITY in olds and IDENTITY in news:
        replaces &= {IDENTITY}
    elif has_unknown(news) or _address(olds) == _address(news):
        replaces = set()
    return Diff(dict.fromkeys(sorted(changed), Change.UPDATE), frozenset(replaces))


def _address(settings: Properties) -> str | None:
    try:
        found: Access = access(plain(settings))
    except Unreachable:
        return None
    return found.server


def _is_true(value: Any) -> bool:
    return str(plain(value)).lower() == "true"
