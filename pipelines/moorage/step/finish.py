"""Take what a step left behind into the store, and say what became of it."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from moorage.contracts.report import CheckResult
from moorage.errors import MoorageError, SpecError
from moorage.frozen import replaced
from moorage.states import Cause
from moorage.step.request import Artifact, StepResult
from moorage.step.scratch import FOLDERS, Scratch
from moorage.step.scrub import Scrubber
from moorage.step.task import StepFailure, Written
from moorage.store import Blob, Store, put_bytes, put_directory, put_file


def store_outputs(store: Store, scratch: Scratch, written: Mapping[str, Written]) -> dict[str, Artifact]:
    """Return the artifacts of what was written, each in the store; our own files are moved there, the user's copied."""
    paths = {name: os.path.realpath(item.path) for name, item in written.items()}
    ours = _ours(scratch, list(paths.values())) if written else set()
    return {name: _stored(store, name, item, paths[name] in ours) for name, item in written.items()}


def size_of(written: Mapping[str, Written]) -> float:
    """Return how many bytes there are to store; endless with a folder, whose files nobody has counted."""
    if any(item.kind in FOLDERS for item in written.values()):
        return float("inf")
    return sum(os.path.getsize(item.path) for item in written.values())


def scrubbed(result: StepResult, scrubber: Scrubber) -> StepResult:
    """Return the result with no secret in any of its texts."""
    clean: Callable[[str], str] = scrubber.text
    return replaced(
        result,
        message=None if result.message is None else clean(result.message),
        detail=None if result.detail is None else clean(result.detail),
        warnings=tuple(map(clean, result.warnings)),
        checks=tuple(_clean_check(item, clean) for item in result.checks),
    )


def _clean_check(item: CheckResult, clean: Callable[[str], str]) -> CheckResult:
    return replaced(item, examples=tuple((row, clean(text)) for row, text in item.examples))


def _stored(store: Store, name: str, item: Written, take: bool) -> Artifact:
    try:
        blob = _put(store, item, take)
    except SpecError as error:
        problem = error.problems[0]
        raise StepFailure(Cause.USER, f"output {name!r}: {problem.message}; {problem.fix}") from error
    except MoorageError as error:
        raise StepFailure(Cause.PLATFORM, f"output {name!r} cannot be stored: {error.problems[0].message}") from error
    profile = put_bytes(store, Path(item.profile).read_bytes()).digest if item.profile else None
    return Artifact(item.kind, blob.digest, blob.size, item.filename, item.rows, profile, item.metrics)


def _put(store: Store, item: Written, take: bool) -> Blob:
    path = Path(item.path)
    return put_directory(store, path, take=take) if item.kind in FOLDERS else put_file(store, path, take=take)


def _ours(scratch: Scratch, paths: Sequence[str]) -> set[str]:
    # Inputs are the store's own files, and what two outputs share is only moved by neither.
    root, inputs = (os.path.realpath(folder) + os.sep for folder in (scratch.root, scratch.inputs))
    found = {path for path in paths if path.startswith(root) and not (path + os.sep).startswith(inputs)}
    return {path for path in found if sum(_overlap(path, other) for other in paths) == 1}


def _overlap(path: str, other: str) -> bool:
    return path == other or path.startswith(other + os.sep) or other.startswith(path + os.sep)
