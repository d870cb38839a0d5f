"""The zip that carries code to a job: the same files are the same bytes on every machine.

Light: the process inside a job imports this to unpack its code.
"""

import io
import os
import shutil
import stat
import uuid
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from moorage.errors import Corrupt
from moorage.frozen import Frozen

_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3


class File(Frozen):
    """The bytes of one file of an archive, and whether it may be executed."""

    data: bytes
    executable: bool = False


def pack(files: Mapping[str, File]) -> bytes:
    """Return the zip of `files` by their names: sorted, stored, with fixed times and modes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:  # deflate differs between versions of zlib
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = _UNIX
            entry.external_attr = (stat.S_IFREG | (0o755 if files[name].executable else 0o644)) << 16
            archive.writestr(entry, files[name].data)
    return out.getvalue()


def extract(data: bytes, to: Path) -> None:
    """Unpack what `pack` returned into the new folder `to`, whole or not at all.

    Does nothing when `to` is there: someone else has unpacked it. Corrupt when an entry would leave `to`,
    is no plain file, or the zip is damaged.
    """
    if to.is_dir():
        return
    to.parent.mkdir(parents=True, exist_ok=True)
    partial = to.parent / f".{to.name}.{uuid.uuid4().hex}"
    try:
        _unpack(data, partial)
        partial.rename(to)
    except OSError:
        if not to.is_dir():
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _unpack(data: bytes, folder: Path) -> None:
    folder.mkdir()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            names = {_safe(entry) for entry in entries}
            if len(names) < len(entries) or any(str(above) in names for name in names for above in _above(name)):
                raise _corrupt("two entries have one name")
            for entry in entries:
                _write(archive.read(entry), folder / entry.filename, bool(entry.external_attr >> 16 & 0o100))
    except (zipfile.BadZipFile, RuntimeError, EOFError, ValueError, OverflowError) as error:
        # RuntimeError: an entry that says it is encrypted. ValueError: a directory that begins before the file does.
        raise _corrupt(str(error) or "it breaks off") from error


def _write(data: bytes, path: Path, executable: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if executable:
        os.chmod(path, 0o755)


def _safe(entry: zipfile.ZipInfo) -> str:
    """Return the entry's name when it is a plain file that stays inside the folder."""
    name = entry.filename
    path = PurePosixPath(name)
    if str(path) != name or path.is_absolute() or {"..", "."} & set(path.parts) or "\\" in name or "\0" in name:
        raise _corrupt(f"entry {name!r} would leave the folder")
    if not stat.S_ISREG(entry.external_attr >> 16) or entry.compress_type != zipfile.ZIP_STORED:
        raise _corrupt(f"entry {name!r} is no plain, stored file")
    return name


def _above(name: str) -> list[PurePosixPath]:
    return list(PurePosixPath(name).parents)[:-1]


def _corrupt(seen: str) -> Corrupt:
    return Corrupt(f"the code archive is damaged: {seen}", fix="start the run again, so that it is packed anew")
