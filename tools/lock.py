"""Write `requirements/*.txt`: one hash-pinned file per set of extras, all agreeing with each other.

`dev` is resolved first, with everything in it; the other files take its versions, but for `policy`. Pins that are
there already stay, unless `--upgrade` is given.
"""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

from tools.environment import pip_config, uv_settings

ROOT = Path(__file__).resolve().parent.parent
UV = str(Path(sys.executable).with_name("uv"))
OPTIONS = ("--universal", "--python-version=3.11", "--generate-hashes", "--no-header", "--no-annotate", "--quiet")

APART = ("policy",)
"""Sets that cannot have the versions of the others."""


def sets_of(extras: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return what `uv pip compile` reads for each file; `dev` comes first.

    `base` is the plain install, each extra has a file of its name, `all` has every extra, `dev` has
    the development tools too, `tools` is what installs them, `bench` the peers that are measured beside us,
    `policy` what Pulumi's policy pack runs with.
    """
    project = "pyproject.toml"
    return {
        "dev": (project, "--all-extras", "--group=development"),
        "base": (project,),
        **{extra: (project, f"--extra={extra}") for extra in extras},
        "all": (project, "--all-extras"),
        "tools": ("--group=installer",),
        "bench": ("--group=bench",),
        "policy": ("--group=policy",),
    }


def compile_command(name: str, sources: Sequence[str], *, upgrade: bool) -> list[str]:
    """Return the command that writes `requirements/<name>.txt`."""
    command = [UV, "pip", "compile", *OPTIONS, *sources, "--output-file", f"requirements/{name}.txt"]
    if name == "dev":
        return [*command, *(["--upgrade"] if upgrade else [])]
    if name in APART:
        return command
    return [*command, "--constraints", "requirements/dev.txt"]


def main(arguments: Sequence[str]) -> int:
    """Write every file; returns the first exit status that is not 0."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    environ = {**os.environ, **uv_settings(pip_config(sys.executable), os.environ)}
    for name, sources in sets_of(project["optional-dependencies"]).items():
        command = compile_command(name, sources, upgrade="--upgrade" in arguments)
        if status := subprocess.run(command, cwd=ROOT, env=environ).returncode:
            return status
        print(f"requirements/{name}.txt")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
