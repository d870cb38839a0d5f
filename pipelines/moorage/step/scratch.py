"""The scratch folder of an attempt: inputs, code and contracts fetched into it, outputs taken from it."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from moorage.errors import Corrupt, MoorageError, NotFound, SpecError
from moorage.frozen import Frozen, plain
from moorage.states import Cause
from moorage.step.request import StepInput, StepRequest
from moorage.step.task import StepFailure, TaskInput, TaskOutput
from moorage.store import Store, fetch_directory, fetch_file, remove_damaged

SUFFIXES = {"table": ".parquet", "metrics": ".json", "model": ".joblib"}
FOLDERS = ("directory", "bento")
_FETCHED = {"in", "contracts", "outputs"}


class Scratch(Frozen):
    """Where one job works: nobody else's, on the store's own file system when that is a folder."""

    root: Path

    @property
    def inputs(self) -> Path:
        """What the step reads, a folder per input."""
        return self.root / "in"

    @property
    def outputs(self) -> Path:
        """Where outputs go by default."""
        return self.root / "outputs"


def scratch_of(store: Store, request: StepRequest, nonce: str) -> Scratch:
    """Return the scratch folder of this job's own, not made yet; what a killed job left is never looked at."""
    if store.root is not None:
        base = store.root / "work"
    else:
        from tempfile import gettempdir

        base = Path(gettempdir()) / "moorage"
    return Scratch(base / f"{request.run}-{request.step}-{request.attempt}-{nonce}")


def make_scratch(scratch: Scratch) -> None:
    """Make the folders of it."""
    os.makedirs(scratch.inputs)
    os.mkdir(scratch.outputs)


def is_bare(scratch: Scratch) -> bool:
    """Return whether a step has left nothing in it but what was fetched."""
    try:
        return set(os.listdir(scratch.root)) <= _FETCHED and not os.listdir(scratch.outputs)
    except OSError:
        return False


def fetch_inputs(store: Store, request: StepRequest, scratch: Scratch) -> tuple[TaskInput, ...]:
    """Fetch all inputs, digests checked, and their contracts; StepFailure with cause corrupt or setup."""
    return tuple(_fetch(store, item, scratch) for item in request.inputs)


def task_outputs(store: Store, request: StepRequest, scratch: Scratch) -> tuple[TaskOutput, ...]:
    """Return what is to be left behind, with its default paths and the contracts fetched."""
    return tuple(
        TaskOutput(
            item.name,
            item.kind,
            str(scratch.outputs / (_plain(item.name) + SUFFIXES.get(item.kind, ""))),
            fetch_contract(store, item.contract, scratch) if item.contract else None,
            item.on_breach,
        )
        for item in request.outputs
    )


def fetch_contract(store: Store, digest: str, scratch: Scratch) -> str:
    """Return the path of a compiled contract."""
    path = scratch.root / "contracts" / f"{digest.rpartition(':')[2]}.json"
    with fetching(f"the compiled contract {digest}"), removed_if_damaged(store, digest):
        if not path.exists():
            fetch_file(store, digest, path)
    return str(path)


class fetching:  # noqa: N801 - reads as a statement
    """Turns what the store says of a thing that the step needs into the failure of the attempt."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, MoorageError):
            cause = _CAUSES.get(type(error), Cause.PLATFORM)
            raise StepFailure(cause, f"{self._what} cannot be read: {error.problems[0].message}") from error


class removed_if_damaged:  # noqa: N801 - reads as a statement
    """Takes bytes that are not what they are named for out of the store, so that they can be made again."""

    def __init__(self, store: Store, digest: str, is_directory: bool = False) -> None:
        self._store, self._digest, self._is_directory = store, digest, is_directory

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, Corrupt | NotFound):
            remove_damaged(self._store, self._digest, is_directory=self._is_directory)


_CAUSES = {NotFound: Cause.CORRUPT, Corrupt: Cause.CORRUPT, SpecError: Cause.SETUP}


def _fetch(store: Store, item: StepInput, scratch: Scratch) -> TaskInput:
    artifact = item.artifact
    path = scratch.inputs / _plain(item.name) / _filename(item)
    is_directory = artifact.kind in FOLDERS
    with fetching(f"input {item.name!r} ({artifact.digest})"), removed_if_damaged(store, artifact.digest, is_directory):
        if is_directory:
            os.makedirs(path.parent, exist_ok=True)
            fetch_directory(store, artifact.digest, path)
        else:
            fetch_file(store, artifact.digest, path)
    contracts = tuple(fetch_contract(store, digest, scratch) for digest in item.contracts)
    return TaskInput(item.name, artifact.kind, str(path), plain(artifact), contracts)


def _filename(item: StepInput) -> str:
    name = item.artifact.filename or ""
    sane = name not in ("", ".", "..") and "/" not in name and "\0" not in name and len(os.fsencode(name)) <= 200
    return name if sane else item.name + SUFFIXES.get(item.artifact.kind, "")


def _plain(name: str) -> str:
    if not (name.isascii() and name.isidentifier() and name == name.lower() and name[0] != "_"):
        raise StepFailure(Cause.SETUP, f"{name!r} cannot name an input or an output; use a-z, 0-9 and _")
    return name


def remove_tree(root: Path) -> None:
    """Remove the folder and everything in it, links as links; what cannot be removed is left for `gc`."""
    for entry in _scan(root):
        if entry.is_dir(follow_symlinks=False):
            remove_tree(Path(entry.path))
        else:
            with suppress(OSError):
                os.unlink(entry.path)
    with suppress(OSError):
        os.rmdir(root)


def _scan(root: Path) -> Iterator["os.DirEntry[str]"]:
    try:
        os.chmod(root, 0o700)  # a step may have closed a folder to itself
        with os.scandir(root) as entries:
            yield from list(entries)
    except OSError:
        return
