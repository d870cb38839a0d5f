"""Where the tools of the engine are on this machine: named by a variable, on PATH, or built by `make engine`."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.engine.cache import cache
from tests.engine.errors import EngineError
from tests.engine.recipe import MODULES, PARTS, TOOLS, Tool, version

ANSWER_SECONDS = 60.0
"""What a program may take to say its version, on a machine that does much else."""


@dataclass(frozen=True)
class Tools:
    """One path per tool. What is `missing` has the path that `make engine` would give it, and the reason here."""

    pulumi: Path
    etcd: Path
    kube_apiserver: Path
    kube_controller_manager: Path
    kube_scheduler: Path
    kubectl: Path
    jobset: Path
    kueue: Path
    manifests: Path
    missing: Mapping[str, str]

    def without(self, parts: tuple[str, ...] = PARTS) -> tuple[str, ...]:
        """Return which of these parts are not whole here: `("Pulumi",)`."""
        lacking = {tool.part for tool in TOOLS if tool.name in self.missing}
        return tuple(part for part in PARTS if part in parts and part in lacking)

    def why(self, part: str) -> str:
        """Return why a part is not here, in one line."""
        reasons = [self.missing[tool.name] for tool in TOOLS if tool.part == part and tool.name in self.missing]
        return "; ".join(dict.fromkeys(reasons))


@dataclass(frozen=True)
class Official:
    """A binary that somebody else built, of a version that will do."""

    path: Path
    version: str


def tools(environ: Mapping[str, str] = os.environ, modules: Path = MODULES) -> Tools:
    """Look for all tools; builds nothing, and starts nothing but official binaries to ask for their version."""
    built = cache(environ, modules)
    paths = {tool.name.replace("-", "_"): built.binary(tool) for tool in TOOLS}
    missing: dict[str, str] = {}
    for tool in TOOLS:
        try:
            found = official(tool, environ, modules)
        except EngineError as error:
            missing[tool.name] = error.seen
            continue
        if found:
            paths[tool.name.replace("-", "_")] = found.path
        elif not built.has(tool):
            missing[tool.name] = f"no {tool.part} here: `make engine` builds it"
    return Tools(**paths, manifests=built.manifests, missing=missing)


def official(tool: Tool, environ: Mapping[str, str], modules: Path = MODULES) -> Official | None:
    """Return the binary that a variable names, or else a usable one on PATH.

    What is named must do: a wrong file is an EngineError. What merely lies on PATH is passed over.
    """
    if not tool.asks:
        return None
    if named := environ.get(tool.variable):
        return _named(tool, Path(named), modules)
    on_path = shutil.which(tool.name, path=environ.get("PATH", ""))
    said = version_of(tool, Path(on_path)) if on_path else None
    return Official(Path(on_path), said) if on_path and said and will_do(tool, said, modules) else None


def passed_over(tool: Tool, environ: Mapping[str, str], modules: Path = MODULES) -> str | None:
    """Return a line about a binary on PATH that will not do, so that nobody wonders."""
    on_path = shutil.which(tool.name, path=environ.get("PATH", "")) if tool.asks else None
    if on_path is None or environ.get(tool.variable) or official(tool, environ, modules):
        return None
    said = version_of(tool, Path(on_path)) or "of no version that it would say"
    return f"{on_path} is {said}, {_wanted(tool, modules)} is needed: passed over"


def version_of(tool: Tool, path: Path) -> str | None:
    """Return the version that a binary says: `v1.36.2`; None where it says none."""
    environ = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        answer = subprocess.run(
            [path, *tool.asks], capture_output=True, text=True, errors="replace", timeout=ANSWER_SECONDS, env=environ
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\bv?(\d+\.\d+\.\d+)\b", answer.stdout)
    return f"v{found[1]}" if found and answer.returncode == 0 else None


def will_do(tool: Tool, said: str, modules: Path = MODULES) -> bool:
    """Return whether an official binary of this version can stand in for our own build."""
    has, needs = _minor(said), _minor(version(tool, modules))
    return has == needs or (tool.newer and has[0] == needs[0] and has > needs)


def _named(tool: Tool, path: Path, modules: Path) -> Official:
    unset = f"correct it, or unset {tool.variable} and `make engine` builds {tool.name} {version(tool, modules)}"
    if not os.access(path, os.X_OK) or path.is_dir():
        seen = "cannot be executed" if path.exists() else "is not there"
        raise EngineError(f"{tool.variable} names {path}, which {seen}", unset)
    said = version_of(tool, path)
    if said is None:
        asked = " ".join([path.name, *tool.asks])
        raise EngineError(f"{tool.variable} names {path}, and `{asked}` says no version", unset)
    if not will_do(tool, said, modules):
        raise EngineError(f"{tool.variable} names {tool.name} {said}; {_wanted(tool, modules)} is needed", unset)
    return Official(path.absolute(), said)


def _wanted(tool: Tool, modules: Path) -> str:
    major, minor = _minor(version(tool, modules))
    return f"v{major}.{minor}" + (" or newer" if tool.newer else "")


def _minor(text: str) -> tuple[int, int]:
    major, minor, *_ = text.removeprefix("v").split(".")
    return int(major), int(minor)
