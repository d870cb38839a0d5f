"""The file system that a container sees: this machine's, or an image's, with a layer of its own on top."""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.rigs.kubernetes.node import linux

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}
MAX_LINKS = 40
NOT_CARRIED = ("/proc", "/sys", "/dev")


def build(asked: Mapping[str, Any]) -> None:
    """Make the new root the root of this process, which is alone in its mount namespace.

    What the container writes outside its mounts goes to `asked["layer"]` and is seen by no one else.
    """
    linux.mount("none", "/", flags=linux.RECURSIVE | linux.PRIVATE)
    layer, lower = Path(asked["layer"]), asked["root"]
    upper, work, root = layer / "upper", layer / "work", layer / "root"
    for folder in (upper, work, root):
        folder.mkdir(parents=True, exist_ok=True)
    linux.mount("overlay", root, "overlay", options=f"lowerdir={lower},upperdir={upper},workdir={work}")
    if lower == "/":
        for carried in _mounted():
            linux.bind(carried, _point(root, carried, Path(carried).is_dir()))
    _system(root)
    for mounted in asked["mounts"]:
        source = mounted["source"]
        linux.bind(source, _point(root, mounted["target"], Path(source).is_dir()), mounted["read_only"])
    for folder in asked["open"]:
        _open_up(root, folder)
    _enter(root, asked["read_only_root"])


def _mounted() -> Iterator[str]:
    # An overlay has the files of one file system: what else is mounted on this machine is put back in its place.
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        points = [line.split()[4].replace("\\040", " ") for line in file]
    taken: list[str] = []
    for point in sorted(set(points)):
        below = (*NOT_CARRIED, *taken)
        if point != "/" and not any(point == each or point.startswith(f"{each}/") for each in below):
            taken.append(point)
            yield point


def _system(root: Path) -> None:
    linux.mount("proc", _point(root, "/proc", True), "proc")
    linux.bind("/sys", _point(root, "/sys", True))
    devices = _point(root, "/dev", True)
    linux.mount("tmpfs", devices, "tmpfs", options="mode=755,size=64m")
    for name in DEVICES:
        if Path("/dev", name).exists():
            linux.bind(f"/dev/{name}", _point(root, f"/dev/{name}", False))
    for name, target in LINKS.items():
        os.symlink(target, devices / name)
    (devices / "shm").mkdir(mode=0o1777)
    linux.mount("tmpfs", devices / "shm", "tmpfs", options="mode=1777")
    (devices / "pts").mkdir()
    linux.mount("devpts", devices / "pts", "devpts", options="newinstance,ptmxmode=0666,mode=620")
    os.symlink("pts/ptmx", devices / "ptmx")


def _point(root: Path, target: str, folder: bool) -> Path:
    place = _inside(root, target)
    if folder:
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    return place


def _inside(root: Path, target: str) -> Path:
    # Links are followed as the container will: `/var/run` is a link to `/run`, and ours must not be meant.
    place, left, links = root, [*reversed(Path(target).parts)], 0
    while left:
        part = left.pop()
        if part == "/":
            place = root
        elif part == "..":
            place = place if place == root else place.parent
        elif (place / part).is_symlink() and (links := links + 1) < MAX_LINKS:
            left += reversed(Path(os.readlink(place / part)).parts)
        else:
            place = place / part
    return place


def _open_up(root: Path, folder: str) -> None:
    # The interpreter may lie below the home of root, which another user of the container could not enter.
    for parent in (Path(folder), *Path(folder).parents):
        place = _inside(root, str(parent))
        mode = stat.S_IMODE(place.stat().st_mode)
        if not mode & 0o001:
            place.chmod(mode | 0o011)


def _enter(root: Path, read_only: bool) -> None:
    if read_only:
        linux.mount("none", root, flags=linux.BIND | linux.REMOUNT | linux.READ_ONLY)
    os.chdir(root)
    linux.mount(".", "/", flags=linux.MOVE)
    os.chroot(".")
    os.chdir("/")
