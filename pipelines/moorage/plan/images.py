"""What steps run in: an image by digest, or on this machine the interpreter and what is installed in it."""

import os
import platform
import sys

from blake3 import blake3

from moorage.errors import TargetError
from moorage.ports import Adapter
from moorage.store import Store


def resolve_image(adapter: Adapter, store: Store | None, asked: str | None) -> str:
    """Return what `asked` (a name, a full reference or None) stands for, as one line that a digest can hold.

    With no store to ask, a name stands for words that say so. TargetError for a name that no image in the store has.
    """
    if adapter.capabilities.images is not True:
        return f"python-{platform.python_version()}+{_installed_digest()}"
    if asked is not None and not {"/", "@", ":"}.isdisjoint(asked):
        return asked
    from moorage.images.record import DEFAULT_IMAGE, newest  # here: this machine has no images

    name = asked or DEFAULT_IMAGE
    if store is None:
        return f"{name} (the newest of that name when the run starts)"
    known = newest(store, name)
    if known is None:
        fix = f"moorage image build {name} --push -e ENV, or write a full reference in `image:`"
        raise TargetError(f"no image is named {name!r} in {store.uri}", fix=fix)
    return known.reference


def _installed_digest() -> str:
    # Names and versions from the folders' names: reading 150 METADATA files takes 100 ms.
    names = {name for entry in sys.path if entry for name in _names(entry) if name.endswith(".dist-info")}
    return blake3("\n".join(sorted(names)).encode()).hexdigest()[:16]


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:  # a zip, or a folder that is not there
        return []
