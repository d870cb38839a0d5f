"""A place to build the engine in, with a `go` that builds nothing but does all else that Go does to a build."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.engine.recipe import MANIFESTS, TOOLS
from tests.leftovers import MARK

ROOT = Path(__file__).parents[3]
NAMES = [tool.name for tool in TOOLS]
GO = """#!/bin/sh
case $1 in
version) read -r version < {folder}/version; echo "go version go$version linux/amd64"; exit ;;
mod) printf '{{"Dir": "{folder}/source/%s"}}' "$4"; exit ;;
esac
while [ $# -gt 1 ]; do [ "$1" = -o ] && target=$2; shift; done
tool=${{target##*/}}
echo $tool >> {folder}/asked
echo go: downloading example.org/library v1.0.0
echo example.org/library/package
[ -f {folder}/on-$tool ] && . {folder}/on-$tool
echo '#!/bin/sh' > $target
chmod +x $target
"""


@dataclass(frozen=True)
class Workshop:
    """All that a build sees: its variables, its `go`, and nothing else of this machine."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> "Workshop":
        """Return one with nothing built yet."""
        workshop = cls(folder)
        workshop.script("go", GO.format(folder=folder))
        for name in ("chmod", "sleep"):
            found = shutil.which(name)
            assert found
            (folder / "bin" / name).symlink_to(found)
        workshop.go_version("1.26.8")
        for name, wanted in MANIFESTS.items():
            module = next(tool.module for tool in TOOLS if tool.name == name)
            for path in wanted:
                _write(folder / "source" / module / "config" / "components" / path, f"kind: {name}\n")
        return workshop

    @property
    def environ(self) -> dict[str, str]:
        """The variables of a build here."""
        return {
            "PATH": str(self.folder / "bin"),
            "HOME": str(self.folder),
            "MOORAGE_GO": str(self.folder / "bin" / "go"),
            "MOORAGE_ENGINE": str(self.folder / "cache"),
            MARK: os.environ[MARK],
        }

    def script(self, name: str, text: str) -> Path:
        """Put a program on the PATH of this place."""
        path = _write(self.folder / "bin" / name, text)
        path.chmod(0o755)
        return path

    def official(self, name: str, says: str) -> Path:
        """Put an official binary on PATH that says this when it is asked for its version."""
        return self.script(name, f"#!/bin/sh\necho '{says}'\n")

    def go_version(self, version: str) -> None:
        """From now on, this `go` is of that version."""
        (self.folder / "version").write_text(version + "\n")

    def on(self, tool: str, shell: str | None) -> None:
        """While `tool` is built, `go` does this; None takes it back."""
        path = self.folder / f"on-{tool}"
        path.unlink() if shell is None else path.write_text(shell + "\n")

    def start(self, **variables: str) -> subprocess.Popen[str]:
        """Start a build."""
        command = [sys.executable, "-P", "-m", "tests.engine.build"]
        environ = {**self.environ, "PYTHONPATH": str(ROOT), **variables}
        return subprocess.Popen(command, env=environ, cwd=self.folder, stderr=subprocess.PIPE, text=True)

    def build(self, **variables: str) -> tuple[int, str]:
        """Run a build to its end: its exit status, and what a person saw."""
        with self.start(**variables) as process:
            _, seen = process.communicate()
        return process.returncode, seen

    def asked(self) -> list[str]:
        """Return which tools `go` was asked to build, in order."""
        asked = self.folder / "asked"
        return asked.read_text().split() if asked.exists() else []


def _write(path: Path, text: str) -> Path:
    path = path if path.suffix or path.parent.name == "bin" else path / "some.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
