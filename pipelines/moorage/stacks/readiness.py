"""Whether Pulumi itself can work here: the CLI, its back end, the passphrase, the program's virtualenv."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from moorage.errors import PlatformError
from moorage.operations import Check, Finding
from moorage.stacks.engine import Engine
from moorage.stacks.project import StackFile

OLDEST = (3, 259)
"""The oldest Pulumi that this has been tried with."""


def readiness(
    file: StackFile, sdk: str, engine: Callable[[], Engine], environ: Mapping[str, str] = os.environ
) -> Check:
    """Return the check `pulumi`; `sdk` is the module that the program imports, `engine` finds the CLI."""
    return Check("pulumi", lambda: _ready(file, sdk, engine(), environ))


def _ready(file: StackFile, sdk: str, engine: Engine, environ: Mapping[str, str]) -> Finding:
    version = engine.ask("version").strip()
    numbers = re.match(r"v?(\d+)\.(\d+)", version)
    if not numbers or tuple(map(int, numbers.groups())) < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        return Finding(False, f"this is pulumi {version}; it takes {wanted} or newer", "install a newer one")
    try:
        url = engine.backend
    except PlatformError as error:
        seen = f"no back end answers ({error.problems[0].message})"
        return Finding(False, seen, "pulumi login, or set PULUMI_BACKEND_URL")
    return _secrets(file, url, environ) or _program(file, sdk) or Finding(True, f"{version}, {_plain(url)}")


def _secrets(file: StackFile, backend: str, environ: Mapping[str, str]) -> Finding | None:
    said = file.said.get("secretsprovider", "passphrase" if "encryptionsalt" in file.said else "")
    own = not backend.startswith("http")  # Pulumi's service keeps the secrets of its stacks itself
    if not (said == "passphrase" or (not said and own)):
        return None
    if {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} & environ.keys():
        return None
    seen = "the stack's secrets are under a passphrase, and there is none"
    return Finding(False, seen, "set PULUMI_CONFIG_PASSPHRASE, or PULUMI_CONFIG_PASSPHRASE_FILE")


def _program(file: StackFile, sdk: str) -> Finding | None:
    if file.virtualenv is None:
        return None
    if not (file.virtualenv / "bin" / "python").exists():
        return Finding(
            False, f"the program's virtualenv {file.virtualenv} is not there", _install(file, file.virtualenv)
        )
    lacks = [name for name in ("pulumi", sdk) if name and not _has(file.virtualenv, name)]
    if not lacks:
        return None
    return Finding(
        False, f"the virtualenv {file.virtualenv} has no {' and no '.join(lacks)}", _install(file, file.virtualenv)
    )


def _has(virtualenv: Path, module: str) -> bool:
    return any(virtualenv.glob(f"lib/python3*/site-packages/{module}/__init__.py"))


def _install(file: StackFile, virtualenv: Path) -> str:
    make = "" if (virtualenv / "bin" / "python").exists() else f"python3 -m venv {virtualenv} && "
    return f"{make}{virtualenv}/bin/python -m pip install 'moorage[infra-{file.platform}]'"


def _plain(url: str) -> str:
    # A back end's address may have a user and a key in it.
    return re.sub(r"//[^/@]*@", "//", url).partition("?")[0]
