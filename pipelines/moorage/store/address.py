"""Where a store is, read from what a person wrote: a path or a URI. Pure."""

import os
from pathlib import Path
from typing import NamedTuple

from moorage.errors import TargetError

_BUCKET = r"[a-z0-9A-Z][a-z0-9A-Z._-]{1,220}[a-z0-9A-Z]"
_NAME = r"[A-Za-z0-9_.-]+"
_PREFIX = r"[A-Za-z0-9!_.'()=@+,:-]+(/[A-Za-z0-9!_.'()=@+,:-]+)*"
POSSIBLE = (
    "write a folder, file:///folder, s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or memory://name"
)


class Address(NamedTuple):
    """A store's place: `name` is a folder's absolute path, or a bucket, a container or a memory's name."""

    scheme: str
    name: str
    prefix: str = ""

    @property
    def uri(self) -> str:
        """The one way to write it, the same in every process; it holds no credentials."""
        if self.scheme == "file":
            from urllib.parse import quote  # here, because it takes a millisecond to load

            return f"file://{quote(self.name)}"
        return f"{self.scheme}://{self.name}" + (f"/{self.prefix}" if self.prefix else "")


def parse_address(where: str | Path) -> Address:
    """Return the place that `where` names; raises TargetError with what was seen and what is possible."""
    text = os.fspath(where)
    kind, colon, rest = text.partition(":")
    if not colon or not _is_scheme(kind):
        return _folder(text)
    if kind not in ("file", "memory", "s3", "gs", "az") or not rest.startswith("//"):
        raise TargetError(f"a store cannot be opened at {_shown(text)!r}", fix=POSSIBLE)
    if kind == "file":
        return _file(text, rest[2:])
    return _bucket(kind, text, rest[2:])


def _is_scheme(text: str) -> bool:
    plain = text.translate(str.maketrans("+.-", "000"))
    return len(text) > 1 and text.isascii() and plain.isalnum() and text[0].isalpha()


def _folder(text: str) -> Address:
    if not text or "\0" in text:
        raise TargetError(f"a store cannot be opened at {text!r}", fix=POSSIBLE)
    return Address("file", os.path.abspath(os.path.expanduser(text)))


def _file(text: str, rest: str) -> Address:
    from urllib.parse import unquote

    path = unquote(rest.removeprefix("localhost"))
    if not path.startswith("/"):
        raise TargetError(f"{_shown(text)!r} names no absolute folder", fix=f"write three slashes: file:///{path}")
    return _folder(path)


def _bucket(kind: str, text: str, rest: str) -> Address:
    if "@" in rest.partition("/")[0] or "?" in rest or "#" in rest:
        fix = f"write {kind}://name/prefix only, and put credentials into the environment"
        raise TargetError(f"the store URI {_shown(text)!r} carries more than a place", fix=fix)
    name, _, prefix = rest.partition("/")
    prefix = prefix.strip("/")
    import re  # here, because a folder never needs it

    known = _NAME if kind == "memory" else _BUCKET
    if not re.fullmatch(known, name) or (kind == "memory" and prefix):
        raise TargetError(f"{_shown(text)!r} does not name a store", fix=POSSIBLE)
    if prefix and (not re.fullmatch(_PREFIX, prefix) or {".", ".."} & set(prefix.split("/"))):
        fix = "use letters, digits and -_.=@+,:!'() between single slashes"
        raise TargetError(f"the prefix of {_shown(text)!r} cannot be used in keys", fix=fix)
    return Address(kind, name, prefix)


def _shown(text: str) -> str:
    # What stands before an @ or behind a ? may be a secret.
    import re

    text = re.sub(r"//[^/]*@", "//…@", text)
    return re.sub(r"[?#].*", "?…", text, flags=re.DOTALL)
