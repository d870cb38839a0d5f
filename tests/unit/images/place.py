"""An environment whose platform takes images, and the programs that build them, for commands called in a project."""

import json
from pathlib import Path

import pytest

ADAPTER = """
from moorage.frozen import replaced
from moorage_local.adapter import LocalAdapter

class Harbour(LocalAdapter):
    platform = "harbour"
    capabilities = replaced(LocalAdapter.capabilities, images=True)

adapter = Harbour()
"""


def install_platform(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install an adapter of the platform `harbour`, which takes images."""
    info = folder / "acme_harbour-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "acme_harbour.py").write_text(ADAPTER)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-harbour\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[moorage.adapters]\nharbour = acme_harbour:adapter\n")
    monkeypatch.syspath_prepend(str(folder))


def write_environment(project: Path, name: str = "team", registry: str | None = None) -> None:
    """Write the document of an environment on that platform, whose store is in the project."""
    from moorage.environments import load_environment

    target = dict(load_environment("local", project).target)
    document = {"schema": 1, "name": name, "platform": "harbour", "target": target, "store": str(project / "store")}
    folder = project / ".moorage" / "environments"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps({**document, **({"registry": registry} if registry else {})}))
