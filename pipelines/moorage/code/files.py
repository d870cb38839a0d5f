"""Which files of a folder may travel: no hidden or git-ignored ones, no caches, no specs, nothing from outside it."""

import fnmatch
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from moorage.code.archive import File
from moorage.errors import SpecError

MAX_FILE_MIB = 64
"""A larger file is data: it belongs in the store, not in the code."""

_SPEC_KEYS = tuple(re.compile(rb"^%b[ \t]*:" % key, re.MULTILINE) for key in (b"name", b"steps"))


def listed(root: Path, top: str | None = None) -> tuple[str, ...]:
    """Return the files below `root` that may travel, relative to it, sorted, with `/` between the parts.

    With `top`, only those of the package or module of that name: a source root may be a whole home folder.
    """
    places = (".",) if top is None else (top, f"{top}.py")
    names = _from_git(root, places)
    if names is None:
        names = [name for place in places for name in _walked(root, root / place)]
    return tuple(sorted(name for name in set(names) if _travels(name)))


def read(root: Path, name: str) -> File | None:
    """Return the file `name` below `root`; None for a spec, and for one that is gone.

    SpecError for a link that leads out of `root` or to a folder, and for a file that is too large for code.
    """
    path = root / name
    if not path.resolve().is_relative_to(root.resolve()):
        raise SpecError(
            f"{path} is a link that leads out of {root}", fix="put the file itself there, or remove the link"
        )
    if path.is_symlink() and path.is_dir():
        raise SpecError(f"{path} is a link to a folder", fix="put the folder itself there, or remove the link")
    if not path.is_file():
        return None
    size = path.stat().st_size
    if size > MAX_FILE_MIB * 2**20:
        message = f"{path} has {size / 2**20:.0f} MiB; a file of code has at most {MAX_FILE_MIB}"
        raise SpecError(message, fix="read it as an outside input (`uri:`), or have git ignore it")
    data = path.read_bytes()
    if path.suffix in (".yaml", ".yml") and all(key.search(data) for key in _SPEC_KEYS):
        return None
    return File(data, os.access(path, os.X_OK))


def matching(names: tuple[str, ...], glob: str) -> tuple[str, ...]:
    """Return those of `names` that `glob` matches: `*` within one part of a path, `**` across parts."""
    pattern = re.compile(_regex(PurePosixPath(glob).parts))
    return tuple(name for name in names if pattern.fullmatch(name))


def _regex(parts: tuple[str, ...]) -> str:
    last = len(parts) - 1
    pieces = []
    for index, part in enumerate(parts):
        if part == "**":
            pieces.append(".*" if index == last else "(?:[^/]+/)*")
        else:
            translated = fnmatch.translate(part)[len("(?s:") : -len(r")\Z")]
            pieces.append(translated.replace(".*", "[^/]*") + ("" if index == last else "/"))
    return "".join(pieces)


def _travels(name: str) -> bool:
    parts = name.split("/")
    return not any(part.startswith(".") or part == "__pycache__" for part in parts) and not name.endswith(".pyc")


def _from_git(root: Path, places: tuple[str, ...]) -> list[str] | None:
    """Return what git tracks or would track at `places`; None when git has no say below `root`."""
    if not any((folder / ".git").exists() for folder in (root.absolute(), *root.absolute().parents)):
        return None
    try:
        code, listing, said = _git(root, "ls-files", "-co", "--exclude-standard", "-z", "--", *places)
        ignored = not listing and _git(root, "check-ignore", "-q", ".")[0] == 0
    except FileNotFoundError:
        return None
    if code:
        seen = said.decode(errors="replace").strip().partition("\n")[0]
        message = f"git cannot say which files of {root} it ignores: {seen}"
        raise SpecError(message, fix=f"see `git -C {root} status`")
    if ignored:  # a project in a folder that an outer repository knows nothing of
        return None
    names = [os.fsdecode(name) for name in listing.split(b"\0") if name]
    return [inner for name in names for inner in _expanded(root, name)]


def _git(root: Path, *arguments: str) -> tuple[int, bytes, bytes]:
    import subprocess  # here: a folder that git knows nothing of needs none

    # A git hook sets these, for another folder than ours.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    return done.returncode, done.stdout, done.stderr


def _expanded(root: Path, name: str) -> Iterator[str]:
    """Yield `name`, or the files below it when it is a repository inside the repository."""
    path = root / name
    if path.is_dir() and not path.is_symlink():
        yield from _walked(root, path)
    else:
        yield name


def _walked(root: Path, folder: Path) -> Iterator[str]:
    if not folder.is_dir() or (folder != root and folder.is_symlink()):
        yield from [folder.relative_to(root).as_posix()] if os.path.lexists(folder) else []
        return
    for at, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if _travels(name)]
        links = [name for name in folders if os.path.islink(os.path.join(at, name))]
        for name in (*files, *links):
            yield Path(at, name).relative_to(root).as_posix()
