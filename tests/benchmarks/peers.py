"""The peers that are measured beside moorage, in an environment of their own that is made once and kept."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.floors import PROGRAMS
from tests.benchmarks.measure import Command, Failed
from tools.environment import pip_config, uv_settings

REQUIREMENTS = Path(__file__).parents[2] / "requirements" / "bench.txt"


def luigi(folder: Path, environ: Mapping[str, str], shape: str, number: int) -> Command:
    """Return the same steps as luigi's tasks, with two workers."""
    python = str(environment() / "bin" / "python")
    return Command([python, str(PROGRAMS / "luigi_steps.py"), shape, str(number)], folder, environ)


def environment() -> Path:
    """Return the environment that holds `requirements/bench.txt`, made when it is not there. Raises Failed."""
    made_of = REQUIREMENTS.read_bytes() + sys.version.encode()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "moorage" / "bench" / hashlib.sha256(made_of).hexdigest()[:16]
    if not (folder / "whole").exists():
        _make(folder)
        (folder / "whole").touch()
    return folder


def _make(folder: Path) -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    environ = {**os.environ, **uv_settings(pip_config(sys.executable), os.environ)}
    options = ["--quiet", "--python", str(folder / "bin" / "python"), "--require-hashes", "--compile-bytecode"]
    for arguments in (
        ["venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
        ["pip", "sync", *options, str(REQUIREMENTS)],
    ):
        done = subprocess.run([uv, *arguments], env=environ, capture_output=True, text=True)
        if done.returncode:
            raise Failed(f"the environment of the peers could not be made: uv {' '.join(arguments)}\n{done.stderr}")
