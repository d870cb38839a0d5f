"""A base image with no registry: this machine's own Python, what it links to, a shell, and nothing else.

It stands for `python:<version>-slim`, whose layout it has: python3 with pip and venv below /usr/local.
"""

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

PROGRAMS = ("sh", "find", "touch")
COMMON = (
    *("libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2"),  # the C library loads them to find a host
    *(
        "libgcc_s.so.1",
        "libstdc++.so.6",
        "libm.so.6",
        "libdl.so.2",
        "libpthread.so.0",
        "librt.so.1",
    ),  # wheels link to them
)
LEFT_OUT = (
    "test",
    "tests",
    "idlelib",
    "lib2to3",
    "tkinter",
    "turtledemo",
    "ensurepip",
    "config-*",
    "__pycache__",
    "*.a",
)


def write_base(root: Path) -> None:
    """Write the files of the image into `root`, a new folder."""
    python, libraries = Path(sys.base_prefix, "bin", _version()), Path(sysconfig.get_path("stdlib"))
    place = root / "usr" / "local" / "lib" / _version()
    unwanted = shutil.ignore_patterns(*LEFT_OUT, "site-packages", "dist-packages")
    shutil.copytree(libraries, place, ignore=unwanted, symlinks=False)
    shutil.copytree(_pip(), place / "site-packages" / "pip", ignore=shutil.ignore_patterns("__pycache__"))
    _copy(python, root / "usr" / "local" / "bin" / "python3")
    for program in PROGRAMS:
        _copy(Path(_which(program)), root / "bin" / program)
    extensions = sorted((libraries / "lib-dynload").glob("*.so"))
    for library in _linked([python, *extensions, *(Path(_which(name)) for name in PROGRAMS)]):
        _copy(library, root / str(library).lstrip("/"))
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)
    (root / "etc").mkdir()
    (root / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")


def what_it_is_made_of() -> str:
    """Return a line that changes when another base would be written."""
    files = [Path(__file__), Path(sys.base_prefix, "bin", _version()), _pip() / "__init__.py"]
    stats = [path.stat() for path in files]
    return f"{sys.version} " + " ".join(f"{stat.st_size}:{stat.st_mtime_ns}" for stat in stats)


def _version() -> str:
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def _pip() -> Path:
    found = find_spec("pip")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


def _which(name: str) -> str:
    found = shutil.which(name)
    assert found is not None, name
    return found


def _linked(files: Iterable[Path]) -> Iterator[Path]:
    printed = subprocess.run(["ldd", *map(str, files)], capture_output=True, text=True).stdout
    found = {Path(path) for path in re.findall(r"(/\S+) \(0x", printed)}
    yield from found
    folders = {path.parent for path in found}
    yield from (folder / name for folder in folders for name in COMMON if (folder / name).exists())


def _copy(source: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, to)
