"""Where built tools lie: `<root>/<key>/bin` and `<root>/<key>/manifests`, outside of any checkout.

A name that is there is whole: everything is made under another name and then renamed. So a build that was
interrupted goes on with the next tool, and tests read without a lock.
"""

import fcntl
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.engine.recipe import MANIFESTS, MODULES, Tool, key

KEPT = 2
"""So many sets are never removed: that of this checkout, and of the branch that one comes back to."""

IDLE_DAYS = 7
"""Others are removed when no build has looked at them for so long."""


@dataclass(frozen=True)
class Cache:
    """One set of tools, all built from the same go.mod files."""

    folder: Path

    @property
    def manifests(self) -> Path:
        """The folder of what JobSet and Kueue bring to a cluster: `<tool>/crd/bases`, `rbac`, `webhook`."""
        return self.folder / "manifests"

    def binary(self, tool: Tool) -> Path:
        """Return where the tool is, or would be."""
        return self.folder / "bin" / tool.name

    def has(self, tool: Tool) -> bool:
        """Return whether the tool is there, with all that belongs to it."""
        manifests = tool.name not in MANIFESTS or (self.manifests / tool.name).is_dir()
        return manifests and os.access(self.binary(tool), os.X_OK)

    def touch(self) -> None:
        """Note that the set is in use."""
        with suppress(OSError):  # a cache that may only be read is never swept
            os.utime(self.folder)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Yield a folder on the same file system; it, and what killed builds left of theirs, is gone afterwards."""
        for left in self.folder.glob(".partial-*"):
            shutil.rmtree(left, ignore_errors=True)
        scratch = self.folder / f".partial-{os.getpid()}"
        scratch.mkdir(parents=True)
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def root(environ: Mapping[str, str]) -> Path:
    """Return the folder of all sets: `MOORAGE_ENGINE`, else `moorage/engine` where caches lie."""
    if named := environ.get("MOORAGE_ENGINE"):
        return Path(named).absolute()
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "moorage" / "engine"


def cache(environ: Mapping[str, str], modules: Path = MODULES) -> Cache:
    """Return the set that belongs to these go.mod files, be it there or not."""
    return Cache(root(environ) / key(modules))


def publish(made: Path, name: Path) -> None:
    """Give a finished file or folder its name, at once and for good."""
    if made.is_file():
        with made.open("rb") as file:
            os.fsync(file.fileno())  # a machine that dies must not leave an empty file under the name
    elif name.is_dir():
        shutil.rmtree(name)
    name.parent.mkdir(parents=True, exist_ok=True)
    made.replace(name)


@contextmanager
def only_one(folder: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Let one build at a time into the folder; a second says whom it waits for. The lock ends with its process."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            say(f"another build is at work (process {lock.read().strip() or 'unknown'}); waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def sweep(used: Cache, now: float | None = None) -> list[str]:
    """Remove sets that are no longer in use, and return their keys. Only for who holds the lock."""
    used.touch()
    sets = [path for path in used.folder.parent.iterdir() if re.fullmatch("[0-9a-f]{16}", path.name)]
    newest_first = sorted(sets, key=lambda path: path.stat().st_mtime, reverse=True)
    too_old = (time.time() if now is None else now) - IDLE_DAYS * 86_400
    old = [path for path in newest_first[KEPT:] if path.stat().st_mtime < too_old]
    for path in old:
        shutil.rmtree(path, ignore_errors=True)
    return [path.name for path in old]
