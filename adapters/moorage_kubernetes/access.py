"""How the cluster is reached: any kubeconfig that kubectl takes, or the pod's own account."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from kubernetes.client.api_client import ApiClient
from kubernetes.client.configuration import Configuration
from kubernetes.config import ConfigException, load_incluster_config
from kubernetes.config.kube_config import KUBE_CONFIG_DEFAULT_LOCATION, KubeConfigLoader, KubeConfigMerger

from moorage.errors import AccessDenied, TargetError
from moorage_kubernetes.target import KubernetesTarget

_IMPERSONATE = (("as", "Impersonate-User"), ("as-uid", "Impersonate-Uid"), ("as-groups", "Impersonate-Group"))
_POOL = 32


def api_client(target: KubernetesTarget) -> ApiClient:
    """Return a client for the cluster of the target.

    Raises TargetError when there is no such cluster in the kubeconfig, AccessDenied when its plugin fails.
    """
    files = target.kubeconfig or os.environ.get("KUBECONFIG") or KUBE_CONFIG_DEFAULT_LOCATION
    configuration = Configuration(retries=False)
    configuration.connection_pool_maxsize = _POOL
    with _told(target, files):
        if _is_inside(target, files):
            load_incluster_config(client_configuration=configuration)
            return _client(configuration, {})
        user = _load(files, target.context, configuration)
        return _client(configuration, dict(_impersonation(user)))


def _client(configuration: Any, headers: Mapping[str, str]) -> ApiClient:
    client = ApiClient(configuration)
    client.user_agent = "moorage"
    for name, value in headers.items():
        client.set_default_header(name, value)
    return client


def _is_inside(target: KubernetesTarget, files: str) -> bool:
    if target.kubeconfig or target.context or "KUBERNETES_SERVICE_HOST" not in os.environ:
        return False
    return not any(Path(file).expanduser().exists() for file in files.split(os.pathsep) if file)


def _load(files: str, context: str | None, configuration: Any) -> Mapping[str, Any]:
    merged = KubeConfigMerger(files).config
    if merged is None:
        fix = "set KUBECONFIG, or `kubeconfig` in the stack"
        raise TargetError(f"there is no kubeconfig at {files}, and this is no pod", fix=fix)
    active = context or _current_context(files)
    loader = KubeConfigLoader(config_dict=merged, active_context=active, config_base_path=None)
    said = _Said()
    with said.listening():
        loader.load_and_set(configuration)
    name = loader.current_context["context"].get("user")
    node = merged["users"].get_with_name(name, safe=True) if name and merged.safe_get("users") else None
    user: Mapping[str, Any] = (node["user"].value if node and node.safe_get("user") else None) or {}
    if "exec" in user and not configuration.api_key and not configuration.cert_file:
        command = user["exec"].get("command")
        message = f"the credential plugin {command!r} of the user {name!r} gave nothing: {said.text or 'no reason'}"
        raise AccessDenied(message, fix=f"log in anew; `{command}` by itself shows what is wrong")
    return user


def _current_context(files: str) -> str | None:
    # Of several files the first that names one decides; the client takes the last.
    for file in filter(None, files.split(os.pathsep)):
        path = Path(file).expanduser()
        said = yaml.safe_load(path.read_bytes()) if path.exists() else None
        if said and said.get("current-context"):
            return str(said["current-context"])
    return None


def _impersonation(user: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, header in _IMPERSONATE:
        if value := user.get(key):
            if isinstance(value, list) and len(value) > 1:
                raise TargetError(f"the kubeconfig's user says `{key}` more than once", fix="name one group only")
            yield header, value[0] if isinstance(value, list) else value


@contextmanager
def _told(target: KubernetesTarget, files: str) -> Iterator[None]:
    where = f"the context {target.context!r} of {files}" if target.context else files
    try:
        yield
    except (ConfigException, yaml.YAMLError, OSError, UnicodeDecodeError, TypeError) as error:
        fix = "`kubectl config get-contexts` lists what there is; `context` and `kubeconfig` of the stack choose one"
        raise TargetError(f"{where} does not lead to a cluster: {error}", fix=fix) from error


class _Said(logging.Handler):
    # The client tells nobody but the log why a plugin failed.
    text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text = record.getMessage()

    @contextmanager
    def listening(self) -> Iterator[None]:
        root = logging.getLogger()
        others, root.handlers = root.handlers, [self]
        try:
            yield
        finally:
            root.handlers = others
