"""A folder that the engine takes for its home, with our plugins in it as if they had been installed."""

import sys
from collections.abc import Iterable
from pathlib import Path

from tests.rigs.pulumi.versions import plugins_of_the_sdks, pulumi_version

ROOT = Path(__file__).parents[3]
MODULES = {
    "kubernetes": "tests.rigs.pulumi.kubernetes.provider",
    "shelf": "tests.rigs.pulumi.shelf",
}
"""The stand-ins, by the package whose provider they serve."""

# The interpreter's own path only: PYTHONPATH would reach the programs, too.
SCRIPT = """\
#!{python}
import sys
sys.path[0] = {root!r}
{before}from {module} import main
main()
"""
PROVIDER = "from tests.rigs.pulumi.alone import load_the_protocol_alone\nload_the_protocol_alone()\n"


def furnish(home: Path, packages: Iterable[str] = tuple(MODULES)) -> None:
    """Make the folder: the language host, and one provider per package at the version that its SDK asks for."""
    _install(home, f"language-python-v{pulumi_version()}", "pulumi-language-python", "tests.rigs.pulumi.language")
    versions = {"shelf": "0.1.0", **plugins_of_the_sdks()}
    for package in packages:
        _install(
            home, f"resource-{package}-v{versions[package]}", f"pulumi-resource-{package}", MODULES[package], PROVIDER
        )


def _install(home: Path, folder: str, name: str, module: str, before: str = "") -> None:
    path = home / "plugins" / folder / name
    path.parent.mkdir(parents=True)
    path.write_text(SCRIPT.format(python=sys.executable, root=str(ROOT), module=module, before=before))
    path.chmod(0o755)
