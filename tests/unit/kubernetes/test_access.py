"""Whatever kubectl accepts to reach a cluster is accepted here."""

import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from moorage.errors import AccessDenied, TargetError
from moorage_kubernetes.access import api_client
from moorage_kubernetes.target import KubernetesTarget

PLUGIN = """
import json
print(json.dumps({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": %s}))
"""


class Kubeconfig:
    """Writes kubeconfigs into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, user: dict[str, Any], cluster: dict[str, Any] | None = None, name: str = "config") -> Path:
        file = self.folder / name
        contexts = [{"name": name, "context": {"cluster": name, "user": name}}]
        whole = {
            "apiVersion": "v1", "kind": "Config", "current-context": name, "contexts": contexts,
            "clusters": [{"name": name, "cluster": {"server": "https://127.0.0.1:1", **(cluster or {})}}],
            "users": [{"name": name, "user": user}],
        }  # fmt: skip
        file.write_text(json.dumps(whole))
        return file

    def plugin(self, status: str) -> dict[str, Any]:
        script = self.folder / "plugin.py"
        script.write_text(PLUGIN % status if status else "import sys; sys.exit('the session has expired')")
        version = "client.authentication.k8s.io/v1"
        command = {"apiVersion": version, "command": sys.executable, "args": [str(script)], "interactiveMode": "Never"}
        return {"exec": command}


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Kubeconfig:
    return Kubeconfig(tmp_path)


def target(file: Path | None = None, context: str | None = None) -> KubernetesTarget:
    where = None if file is None else str(file)
    return KubernetesTarget(namespace="ml", cpu=1, memory_gib=1, kubeconfig=where, context=context)


def headers(client: Any) -> dict[str, str]:
    """Return what a request of the client would carry."""
    _, _, found, *_ = client.param_serialize(method="GET", resource_path="/", auth_settings=["BearerToken"])
    return dict(found)


def test_a_token(kubeconfig: Kubeconfig) -> None:
    assert headers(api_client(target(kubeconfig.write({"token": "abc"}))))["authorization"] == "Bearer abc"


def test_a_token_in_a_file_beside_the_kubeconfig(kubeconfig: Kubeconfig) -> None:
    (kubeconfig.folder / "token").write_text("abc")
    assert headers(api_client(target(kubeconfig.write({"tokenFile": "token"}))))["authorization"] == "Bearer abc"


def test_a_name_and_a_password(kubeconfig: Kubeconfig) -> None:
    client = api_client(target(kubeconfig.write({"username": "ada", "password": "pass"})))
    assert headers(client)["authorization"] == f"Basic {base64.b64encode(b'ada:pass').decode()}"


def test_a_plugin_that_gives_a_token_is_asked_again_when_it_has_expired(kubeconfig: Kubeconfig) -> None:
    file = kubeconfig.write(kubeconfig.plugin('{"token": "one", "expirationTimestamp": "2020-01-01T00:00:00Z"}'))
    client = api_client(target(file))
    kubeconfig.plugin('{"token": "two", "expirationTimestamp": "2020-01-01T00:00:00Z"}')
    assert headers(client)["authorization"] == "Bearer two"


def test_a_plugin_that_gives_a_certificate(kubeconfig: Kubeconfig) -> None:
    user = kubeconfig.plugin('{"clientCertificateData": "certificate", "clientKeyData": "key"}')
    client = api_client(target(kubeconfig.write(user)))
    assert Path(client.configuration.cert_file).read_text() == "certificate"


def test_a_plugin_that_fails_is_told_with_what_it_said(kubeconfig: Kubeconfig) -> None:
    with pytest.raises(AccessDenied, match=r"(?s)gave nothing: .*the session has expired") as refused:
        api_client(target(kubeconfig.write(kubeconfig.plugin(""))))
    assert "log in anew" in str(refused.value)


def test_acting_as_somebody_else(kubeconfig: Kubeconfig) -> None:
    client = api_client(target(kubeconfig.write({"token": "abc", "as": "ada", "as-groups": ["risk"]})))
    assert headers(client)["Impersonate-User"] == "ada"
    assert headers(client)["Impersonate-Group"] == "risk"


def test_a_proxy_and_another_name_of_the_server(kubeconfig: Kubeconfig) -> None:
    cluster = {"proxy-url": "http://127.0.0.1:3128", "tls-server-name": "api.onprem", "insecure-skip-tls-verify": True}
    configuration = api_client(target(kubeconfig.write({"token": "abc"}, cluster))).configuration
    assert configuration.proxy == "http://127.0.0.1:3128"
    assert configuration.tls_server_name == "api.onprem"
    assert not configuration.verify_ssl


def test_several_files_are_one(kubeconfig: Kubeconfig, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [kubeconfig.write({"token": name}, name=name) for name in ("one", "two")]
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, files)))
    assert headers(api_client(target()))["authorization"] == "Bearer one"
    assert headers(api_client(target(context="two")))["authorization"] == "Bearer two"


def test_inside_a_pod_its_own_account_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kubernetes.config import incluster_config

    for name in ("token", "ca.crt"):
        (tmp_path / name).write_text("abc")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    client = api_client(target())
    assert client.configuration.host == "https://127.0.0.1:443"
    assert headers(client)["authorization"] == "bearer abc"


@pytest.mark.parametrize("text", ["{", "a: [", "\x00", "[]", "{}"])
def test_a_file_that_is_no_kubeconfig_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "config").write_text(text)
    with pytest.raises(TargetError) as refused:
        api_client(target(tmp_path / "config"))
    assert refused.value.problems[0].fix


def test_a_context_or_a_file_that_is_not_there_is_told(kubeconfig: Kubeconfig) -> None:
    with pytest.raises(TargetError, match="other"):
        api_client(target(kubeconfig.write({"token": "abc"}), "other"))
    with pytest.raises(TargetError, match="there is no kubeconfig at"):
        api_client(target(kubeconfig.folder / "none"))
