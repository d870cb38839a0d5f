"""What a service finds in its own folder: the checked manifest, the contract of its requests, and the model."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from moorage.contracts.compiled import Contract, contract_from_json
from moorage.errors import SpecError, TargetError
from moorage_serving.manifest import Manifest, check_part, open_part, read_manifest

Load = Callable[[BinaryIO], Any]
"""Makes a model of the open file that was packaged."""


@dataclass(frozen=True)
class Home:
    """A rendered folder or the `src` of a built Bento, with every digest checked once."""

    folder: Path
    manifest: Manifest
    contract: Contract

    def model(self, load: Load) -> Any:
        """Return the model; its bytes are checked again, through the handle that `load` then reads.

        Raises Corrupt before a byte of a changed file is unpickled, TargetError when a library is missing.
        """
        with open_part(self.folder, self.manifest.model) as file:
            try:
                return load(file)
            except ImportError as error:
                message = f"the model of {self.manifest.tag} needs a library that is not here: {error}"
                raise TargetError(message, fix="pip install -r requirements.txt, in the Bento's folder") from error


def open_home(folder: Path, without: tuple[str, ...] = ()) -> Home:
    """Return what is in `folder`; `without` names columns of the table that a request does not have.

    Raises SpecError when nothing was rendered there, Corrupt when something is not what was packaged.
    """
    manifest = read_manifest(folder)
    check_part(folder, manifest.model)
    with open_part(folder, manifest.contract) as file:
        contract = contract_from_json(file.read())
    known = [column.name for column in contract.columns]
    if unknown := [name for name in without if name not in known]:
        message = f"the service leaves out {unknown[0]!r}, which is no column of {contract.name}: {', '.join(known)}"
        raise SpecError(message, fix="correct `without` in service.py")
    return Home(folder, manifest, contract.without(without))


def load_joblib(file: BinaryIO) -> Any:
    """Return what a step returned as its model."""
    import joblib

    return joblib.load(file)
