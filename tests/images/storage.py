"""Buildah's storage for the tests: outside of any checkout, so that layers of earlier builds are there again."""

import fcntl
import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.images.base import what_it_is_made_of, write_base

MANY = 60
"""So many images, those of single instructions included, are enough to start the storage anew."""

DRIVERS = ("overlay", "vfs")
"""The first one needs a file system that allows it, and is quicker; the second one works everywhere."""


class Storage:
    """One storage; `environ` makes buildah use it, and talk to registries on loopback without TLS."""

    def __init__(self, folder: Path, driver: str, registry: str) -> None:
        self.folder = folder
        storage, registries = folder / "storage.conf", folder / "registries.conf"
        storage.write_text(f'[storage]\ndriver = "{driver}"\ngraphroot = "{folder}/root"\nrunroot = "{folder}/run"\n')
        registries.write_text(f'[[registry]]\nlocation = "{registry}"\ninsecure = true\n')
        self.environ: Mapping[str, str] = {
            "BUILDAH_ISOLATION": "chroot",
            "CONTAINERS_STORAGE_CONF": str(storage),
            "CONTAINERS_REGISTRIES_CONF": str(registries),
        }

    def ask(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Call buildah, and return how it ended."""
        environ = {**os.environ, **self.environ}
        return subprocess.run(["buildah", *arguments], capture_output=True, text=True, env=environ)

    def buildah(self, *arguments: str) -> str:
        """Return what buildah prints; fails the test when it fails."""
        done = self.ask(*arguments)
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    def base(self, scratch: Path) -> str:
        """Return the name of the base image, made from this machine's Python unless it is there already."""
        if len(self.buildah("images", "--all", "--quiet").split()) > MANY:
            self.buildah("rmi", "--all", "--force")
        name = f"localhost/moorage-test-base:{hashlib.sha256(what_it_is_made_of().encode()).hexdigest()[:16]}"
        if self.ask("images", "--quiet", name).returncode:
            write_base(scratch / "base")
            container = self.buildah("from", "scratch")
            self.buildah("add", "--quiet", container, str(scratch / "base"), "/")
            self.buildah("config", "--env", "PATH=/usr/local/bin:/usr/bin:/bin", container)
            self.buildah("commit", "--quiet", container, name)
            self.buildah("rm", container)
        return name


@contextmanager
def storage(registry: str, cache: Path) -> Iterator[Storage]:
    """Yield the storage below `cache`; others wait for as long as this lasts."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for driver in DRIVERS:
            (cache / driver).mkdir(exist_ok=True)
            found = Storage(cache / driver, driver, registry)
            if not found.ask("info").returncode:
                yield found
                return
        raise AssertionError(found.ask("info").stderr)
