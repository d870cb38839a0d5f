"""The user's code on this machine: each archive is extracted once, and shared by all steps that name it."""

from collections.abc import Mapping
from pathlib import Path

from blake3 import blake3

from moorage.errors import Corrupt
from moorage.step.scratch import fetching
from moorage.store import Store


def code_folder(store: Store, digest: str, environ: Mapping[str, str]) -> Path:
    """Return the folder with the code of that digest; StepFailure when it is not in the store or not what was put."""
    name = digest.rpartition(":")[2]
    folder = _cache(store, environ) / name
    if not folder.is_dir():
        with fetching(f"the code of the run ({digest})"):
            _extract(store, name, folder)
    return folder


def _extract(store: Store, name: str, folder: Path) -> None:
    from moorage.code.archive import extract

    data = store.get(f"code/{name}.zip")
    if blake3(data).hexdigest() != name:
        raise Corrupt(f"code/{name}.zip holds other bytes than it is named for", fix="start a new run")
    extract(data, folder)


def _cache(store: Store, environ: Mapping[str, str]) -> Path:
    if store.root is not None:
        return store.root / "work" / "code"
    base = environ.get("MOORAGE_CACHE")
    return (Path(base) if base else Path.home() / ".cache" / "moorage") / "code"
