"""Environments beside `.venv`, for what disagrees with it: made once per state of their requirements, and kept."""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.environment import pip_config, uv_settings

ROOT = Path(__file__).resolve().parent.parent


class AsideError(Exception):
    """The environment could not be made; the text says why."""


def environment(name: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the environment that holds `requirements/<name>.txt`, made when it is not there. Raises AsideError.

    It lies below the user's cache; several processes may ask at once.
    """
    requirements = ROOT / "requirements" / f"{name}.txt"
    made_of = requirements.read_bytes() + f"{sys.version} {sys.base_prefix}".encode()
    cache = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "moorage" / name
    folder = cache / hashlib.sha256(made_of).hexdigest()[:16]
    if (folder / "whole").exists():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "whole").exists():
            _make(folder, requirements, environ)
            (folder / "whole").touch()
    return folder


def _make(folder: Path, requirements: Path, environ: Mapping[str, str]) -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    settings = {**environ, **uv_settings(pip_config(sys.executable), environ)}
    options = ["--quiet", "--python", str(folder / "bin" / "python"), "--require-hashes", "--compile-bytecode"]
    for arguments in (
        ["venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
        ["pip", "sync", *options, str(requirements)],
    ):
        done = subprocess.run([uv, *arguments], env=settings, capture_output=True, text=True)
        if done.returncode:
            raise AsideError(f"{folder} could not be made: uv {' '.join(arguments)}\n{done.stderr}")


def main() -> int:
    """Give the policy pack its environment; returns the exit status."""
    link = ROOT / "infra" / "policy" / ".venv"
    try:
        made = environment("policy")
    except AsideError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    link.unlink(missing_ok=True)
    link.symlink_to(made, target_is_directory=True)
    print("pulumi preview --policy-pack infra/policy")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
