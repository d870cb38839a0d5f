"""Where secrets are on this machine: in variables of the driver, or in a file that only its owner may read."""

import re
import stat
from collections.abc import Mapping
from pathlib import Path

from moorage.errors import TargetError, Where

PREFIX = "MOORAGE_SECRET_"
"""What the driver's variables of secrets begin with; no step inherits them."""


def resolve(references: Mapping[str, str], environ: Mapping[str, str], file: Path) -> dict[str, str]:
    """Return the value of each variable's reference (`name/key`); TargetError says what is missing."""
    if not references:
        return {}
    kept = None
    values = {}
    for variable, reference in references.items():
        name = variable_of(reference)
        if name not in environ and kept is None:
            kept = _read(file)
        values[variable] = environ[name] if name in environ else _pick(reference, kept or {}, file)
    return values


def variable_of(reference: str) -> str:
    """Return the driver's variable for a reference: `loans/token` is `MOORAGE_SECRET_LOANS_TOKEN`."""
    return PREFIX + re.sub(r"[/.-]", "_", reference).upper()


def _pick(reference: str, kept: Mapping[object, object], file: Path) -> str:
    name, _, key = reference.partition("/")
    group = kept.get(name)
    value = group.get(key) if isinstance(group, Mapping) else None
    if isinstance(value, str):
        return value
    if value is None:
        fix = f"set {variable_of(reference)}, or write `{name}: {{{key}: ...}}` into {file} (chmod 600)"
        raise TargetError(f"the secret {reference!r} is not on this machine", fix=fix)
    seen = type(value).__name__
    raise TargetError(
        f"the secret {reference!r} is not text but {seen}", where=Where(str(file)), fix="put it in quotes"
    )


def _read(file: Path) -> Mapping[object, object]:
    import yaml  # here, because few steps need it

    where = Where(str(file))
    try:
        if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise TargetError("other users may read the secrets", where=where, fix=f"chmod 600 {file}")
        found = yaml.safe_load(file.read_bytes())
    except FileNotFoundError:
        return {}
    except yaml.YAMLError as error:
        raise TargetError("the secrets are not YAML", where=_place(error, file), fix=_SHAPE) from None  # it quotes them
    if found is not None and not isinstance(found, Mapping):
        raise TargetError("the secrets are not groups of keys", where=where, fix=_SHAPE)
    return found or {}


def _place(error: Exception, file: Path) -> Where:
    mark = getattr(error, "problem_mark", None)
    return Where(str(file), mark.line + 1, mark.column + 1) if mark else Where(str(file))


_SHAPE = "write `name: {key: value}`"
