"""A machine that reaches an environment: a folder, a home and a cache of its own, and `moorage` as a shell calls it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 120.0
LOOK_SECONDS = 0.1
NOWHERE = "https://127.0.0.1:1"


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, and what it printed."""

    environment: str
    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """What was wrong, where that is for the person to change: one sentence, with what to do below it."""
        assert self.code == 2, self
        assert "Traceback" not in self.err
        wrong, fix = self.err.splitlines()[-2:]
        assert fix.startswith("  fix: "), self
        assert "moorage r" not in fix or f" -e {self.environment}" in fix, self
        return wrong.removeprefix("error: ")


@dataclass(frozen=True)
class Command:
    """A command that was started."""

    process: subprocess.Popen[str]
    folder: Path
    environment: str

    @property
    def out(self) -> str:
        """What it has printed so far."""
        return (self.folder / "out").read_text()

    def says(self, text: str) -> None:
        """Return when it has printed that; AssertionError when it ends before, or does not come to it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text not in self.out:
            assert self.process.poll() is None, self.end()
            assert time.monotonic() < deadline, self.out
            time.sleep(LOOK_SECONDS)

    def end(self, seconds: float = PATIENCE_SECONDS) -> Ended:
        """Return how it ended, as soon as it has."""
        code = self.process.wait(seconds)
        return Ended(self.environment, code, self.out, (self.folder / "err").read_text())


@dataclass(frozen=True)
class Machine:
    """What a person has there: a folder, and the variables of the shell; `environment` is what `-e` names."""

    folder: Path
    environ: Mapping[str, str]
    environment: str

    @classmethod
    def make(cls, folder: Path, environ: Mapping[str, str], environment: str) -> "Machine":
        """Make one that has nothing but a project without anything in it."""
        for name in ("project", "home", "commands"):
            (folder / name).mkdir(parents=True)
        (folder / "project" / "pyproject.toml").touch()
        home = str(folder / "home")
        own = {"PATH": os.environ["PATH"], "HOME": home, "XDG_CACHE_HOME": f"{home}/cache", "COLUMNS": "80"}
        return cls(folder, {**own, **environ}, environment)

    @property
    def project(self) -> Path:
        """Where its commands are called."""
        return self.folder / "project"

    def as_user(self, kubeconfig: Path) -> "Machine":
        """Return the same machine in the hands of the user of that kubeconfig."""
        (user,) = json.loads(kubeconfig.read_text())["users"]
        config = self._kubeconfig()
        return self._with("user", {**config, "users": [{**each, "user": user["user"]} for each in config["users"]]})

    def without_cluster(self) -> "Machine":
        """Return the same machine with a kubeconfig whose server does not answer."""
        config = self._kubeconfig()
        clusters = [{**each, "cluster": {**each["cluster"], "server": NOWHERE}} for each in config["clusters"]]
        return self._with("nowhere", {**config, "clusters": clusters})

    def _kubeconfig(self) -> Any:
        return json.loads(Path(self.environ["KUBECONFIG"]).read_text())

    def _with(self, name: str, config: Any) -> "Machine":
        file = self.folder / "home" / f"{name}.json"
        file.write_text(json.dumps(config))
        return replace(self, environ={**self.environ, "KUBECONFIG": str(file)})

    def start(self, *arguments: str) -> Command:
        """Start `moorage ARGUMENTS -e ENVIRONMENT`."""
        folder = self.folder / "commands" / str(time.monotonic_ns())
        folder.mkdir()
        words = [sys.executable, "-m", "moorage", *arguments, "-e", self.environment]
        with (folder / "out").open("w") as out, (folder / "err").open("w") as err:
            process = subprocess.Popen(
                words, cwd=self.project, env=dict(self.environ), stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                text=True,
            )  # fmt: skip
        return Command(process, folder, self.environment)

    def __call__(self, *arguments: str) -> Ended:
        """Call `moorage ARGUMENTS -e ENVIRONMENT`, and return how it ended."""
        return self.start(*arguments).end()
