"""What a killed update left, put right before the next one: its lock, and the operations that nobody ended."""

import fcntl
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from blake3 import blake3

from moorage.errors import PlatformError, TargetError, Unsupported
from moorage.operations import Operations
from moorage.stacks.engine import Engine, State
from moorage.stacks.locks import Lock, empty_sidecars, folder_of, kept_locks, refuse_living
from moorage.stacks.pending import CREATING, Pending, pending, resources, short, to_import
from moorage.stacks.project import StackFile

Tell = Callable[[str], None]
"""Takes a line about how things go."""


def free(engine: Engine, file: StackFile, tell: Tell, said: Sequence[Lock] = ()) -> bool:
    """Take away locks whose processes have ended on this machine; return whether there were any.

    `said` are those that Pulumi named, where the back end cannot be looked into. Raises TargetError, which names the
    owner, when somebody may still hold the stack.
    """
    with _alone(f"{engine.backend} {file.project} {file.name}"):
        # Looked at again now that no other recovery is under way: the lock may be a living one's.
        folder = folder_of(engine.backend, file.root)
        locks = kept_locks(folder, file.project, file.name) if folder else tuple(said)
        refuse_living(locks, file.name)
        for path in empty_sidecars(folder, file.project, file.name) if folder else ():
            tell(f"{path} is removed: Pulumi was killed before it wrote it, and reads no state beside it")
            path.unlink()
        for lock in locks:
            tell(f"the lock of {lock} is taken away: that process has ended")
        if locks:
            engine.ask_stack("cancel", "--yes")
    return bool(locks)


def repair(engine: Engine, file: StackFile, operations: Operations | None, state: State, tell: Tell) -> None:
    """End what was cut off: adopt what is there, drop what is not; the state before is kept in a file.

    Raises TargetError when nobody can tell whether a resource is there, or when it is there twice; nothing is changed
    then.
    """
    cut = pending(state)
    if not cut:
        return
    adopted = [(item, id) for item, id in _found(cut, file, operations) if id is not None]
    _refuse_replacements(adopted, state)
    tell(f"{len(cut)} operations were cut off; the state as it was is in {_backup(file, state)}")
    taken = {item.resource.urn: id for item, id in adopted}
    for item in cut:
        tell(f"  {item.doing} {short(item.resource.urn)}: {_fate(item, taken)}")
    if adopted:
        _import(engine, adopted)
    engine.ask_stack("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
    if left := pending(engine.state()):
        fix = f"pulumi refresh -s {file.name} asks what is to become of it"
        raise PlatformError(f"it is still not known how this ended: {left[0]}", fix=fix)


def _found(
    cut: Sequence[Pending], file: StackFile, operations: Operations | None
) -> Iterator[tuple[Pending, str | None]]:
    for item in cut:
        if item.doing != CREATING or item.resource.type.startswith("pulumi:"):
            continue
        try:
            if operations is None:
                raise Unsupported(f"nothing here can look for a {item.resource.type}")
            yield item, operations.find(file.settings, item.resource)
        except Unsupported as error:
            urn = item.resource.urn
            seen = f"the creation of {short(urn)} was cut off, and what became of it is not known: {error}"
            there = f"if it is: pulumi import {item.resource.type} {urn.split('::', 3)[3]} ID -s {file.name}"
            fix = f"{there}; then: pulumi refresh -s {file.name} --clear-pending-creates"
            raise TargetError(seen, fix=fix) from error


def _refuse_replacements(adopted: Sequence[tuple[Pending, str]], state: State) -> None:
    there = {str(each["urn"]) for each in resources(state)}
    for item, id in adopted:
        if item.resource.urn in there:
            seen = f"{short(item.resource.urn)} was being replaced; the new one is there as {id}, beside the old one"
            raise TargetError(seen, fix="remove the new one on the platform, then the same command again")


def _fate(item: Pending, taken: dict[str, str]) -> str:
    if item.doing != CREATING:
        return "refreshed"
    id = taken.get(item.resource.urn)
    return f"it is there, and is taken into the stack as {id}" if id else "it is not there, and is made anew"


def _import(engine: Engine, adopted: Sequence[tuple[Pending, str]]) -> None:
    with tempfile.TemporaryDirectory(prefix="moorage-") as folder:
        path = Path(folder) / "resources.json"
        path.write_text(json.dumps(to_import(adopted)), encoding="utf-8")
        engine.ask_stack(
            "import", "--file", str(path), "--yes", "--skip-preview", "--protect=false", "--generate-code=false"
        )


def _backup(file: StackFile, state: State) -> Path:
    folder = file.root / ".moorage" / "stacks" / file.name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{time.time_ns() % 10**9:09}.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(state), encoding="utf-8")
    return path


@contextmanager
def _alone(what: str) -> Iterator[None]:
    name = f"moorage-{os.getuid()}-{blake3(what.encode()).hexdigest()[:24]}.lock"
    with (Path(tempfile.gettempdir()) / name).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
