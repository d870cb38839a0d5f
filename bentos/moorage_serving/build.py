"""Build a Bento from a service's folder, a model and a contract: the body of a `bento:` step."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from moorage.errors import SpecError
from moorage_serving.manifest import Manifest
from moorage_serving.render import render


def build_step(
    context: Path,
    model_name: str,
    inputs: Mapping[str, Path],
    artifacts: Mapping[str, Mapping[str, Any]],
    contracts: Mapping[str, Path],
    to: Path,
) -> Manifest:
    """Leave in `to` the Bento of the service in `context`, and return its manifest.

    The model is the one input of kind `model`; requests must satisfy the one contract among the inputs.
    Raises SpecError when either is not exactly one.
    """
    model = _only(model_name, "input of kind model", [name for name in inputs if artifacts[name]["kind"] == "model"])
    contract = _only(model_name, "input with a contract", [name for name in inputs if name in contracts])
    # Not in the step's own scratch space: BentoML refuses a path with a hidden folder such as .moorage in it.
    with tempfile.TemporaryDirectory(prefix="moorage-bento-") as scratch:
        folder = Path(scratch, "context")
        filename = artifacts[model].get("filename")
        manifest = render(
            context, folder, name=model_name, model=inputs[model], contract=contracts[contract], filename=filename
        )
        build(folder, manifest, to)
    return manifest


def build(folder: Path, manifest: Manifest, to: Path) -> None:
    """Build the rendered `folder` with BentoML and move the Bento to `to`, which is made."""
    with tempfile.TemporaryDirectory(prefix="moorage-bento-") as home:
        _run_bentoml(folder, manifest, home)
        built = Path(home, "bentos", manifest.name, manifest.version)
        _without_clock(built / "bento.yaml")
        to.mkdir(parents=True, exist_ok=True)
        for path in built.iterdir():
            shutil.move(path, to / path.name)


def _run_bentoml(folder: Path, manifest: Manifest, home: str) -> None:
    # A process of its own: BentoML reads its home when imported, and imports the service.
    command = [sys.executable, "-m", "bentoml", "build", ".", "--output", "tag"]
    command += ["--name", manifest.name, "--version", manifest.version]
    private = {"BENTOML_HOME": home, "BENTOML_DO_NOT_TRACK": "True", "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(command, cwd=folder, env=os.environ | private, capture_output=True, text=True, check=False)
    if ended.returncode:
        said = "\n".join((ended.stderr or ended.stdout).strip().splitlines()[-8:])
        raise SpecError(f"BentoML could not build {manifest.name}; it said:\n{said}", fix="correct the service")


def _without_clock(document: Path) -> None:
    # The one line that differs between two builds of one content; the date of a version is in the registry.
    text = document.read_text(encoding="utf-8")
    fixed = re.sub(r"^creation_time: .*$", "creation_time: '2000-01-01T00:00:00+00:00'", text, flags=re.MULTILINE)
    document.write_text(fixed, encoding="utf-8")


def _only(model: str, what: str, names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    seen = f"has {', '.join(names)}" if names else "has none"
    fix = "give the bento step a model and one table, as in: {model: train.model, requests: ingest.rows}"
    raise SpecError(f"the Bento {model!r} takes exactly one {what}; its step {seen}", fix=fix)
