"""An environment's document, kept: from a file, from Pulumi, or right after `env up`; and let go of."""

from pathlib import Path

from moorage.cli import output
from moorage.environments import save_environment
from moorage.errors import TargetError


def keep(document: object, name: str, root: Path) -> None:
    """Keep the document of the environment of that name, and say so."""
    if not isinstance(document, dict):
        raise TargetError("the environment's document is not an object", fix="give what `environment` exports")
    if document.get("name", name) != name:
        raise TargetError(f"this is the document of {document['name']!r}, not of {name!r}", fix="name that one")
    found = save_environment(document, root)
    output.note(f"kept {found.name}: {found.platform}, store {found.store}")


def forget(name: str, root: Path) -> None:
    """Let go of an environment's document, if there is one, and say so."""
    path = root / ".moorage" / "environments" / f"{name}.json"
    if path.exists():
        path.unlink()
        output.note(f"forgot {name}")
