"""The stacks of this repository under the real engine: a copy of the project, a kubeconfig with their contexts."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.infra.stacks import NAMES, ROOT
from tests.rigs.kubernetes.addons import DEFINITIONS
from tests.rigs.kubernetes.api import Client, Object
from tests.rigs.pulumi.home import furnish
from tests.rigs.pulumi.stack import Stack

MONITORING = "monitoring.coreos.com"
KINDS = {"servicemonitors": "ServiceMonitor", "prometheusrules": "PrometheusRule"}


def copy_of_the_project(folder: Path) -> Path:
    """Copy what `pulumi` reads of this repository."""
    project = folder / "project"
    shutil.copytree(ROOT / "infra", project / "infra", ignore=shutil.ignore_patterns("__pycache__", ".venv"))
    shutil.copytree(ROOT / "stacks", project / "stacks")
    shutil.copy(ROOT / "Pulumi.yaml", project)
    return project


def world(folder: Path, kubeconfig: Path) -> Path:
    """Make a home with the engine's plugins, an empty state, and a kubeconfig that has a context for each stack."""
    made = folder / "world"
    (made / "state").mkdir(parents=True)
    furnish(made / "home", ["kubernetes"])
    config = json.loads(kubeconfig.read_text())
    (context,) = config["contexts"]
    config["contexts"] = [{**context, "name": name} for name in NAMES]
    del config["current-context"]
    (made / ".kube").mkdir()
    (made / ".kube" / "config").write_text(json.dumps(config))
    return made


def make_stack(pulumi: Path, project: Path, world: Path, name: str, environ: Mapping[str, str] = {}) -> Stack:
    """Make a stack of the project."""
    made = Stack(pulumi, project, world, name, environ)
    outcome = made.run("stack", "init")
    assert outcome.ok, outcome.stderr
    return made


def define_monitoring(client: Client) -> None:
    """Have the server know Prometheus' kinds: as the vendor defines them, or with any body where that is not here."""
    vendor = os.environ.get("MOORAGE_VENDOR_SCHEMAS")
    for plural, kind in KINDS.items():
        file = Path(vendor or "", "kubernetes", f"{MONITORING}_{plural}.yaml")
        client.create(DEFINITIONS, yaml.safe_load(file.read_text()) if vendor else _any(plural, kind))
    for plural in KINDS:
        client.until(f"/apis/{MONITORING}/v1/{plural}", lambda found: found["items"] == [], (404, 429))


def change(project: Path, stack: str, **said: Any) -> None:
    """Change what the copy's stack says at the top."""
    file = project / "stacks" / f"Pulumi.{stack}.yaml"
    document = yaml.safe_load(file.read_text())
    document["config"]["moorage:environment"].update(said)
    file.write_text(yaml.safe_dump(document))


def _any(plural: str, kind: str) -> Object:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{MONITORING}"},
        "spec": {
            "group": MONITORING,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind, "singular": kind.lower(), "listKind": f"{kind}List"},
            "versions": [version],
        },
    }
