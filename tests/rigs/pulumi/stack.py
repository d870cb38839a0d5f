"""A stack of a Pulumi program, run by the real engine in a world of its own: home, state, environment."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.rigs.pulumi.events import Outcome, read_events
from tests.rigs.pulumi.faults import COUNTER, Fault
from tests.rigs.pulumi.home import furnish
from tests.rigs.pulumi.processes import end_session, wait_for_session

PATIENCE_SECONDS = 120.0
"""What one command may take before it counts as hung."""

HERMETIC = {
    "PULUMI_CONFIG_PASSPHRASE": "test",
    "PULUMI_DEBUG_COMMANDS": "true",  # `--event-log` is hidden without it
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    "PULUMI_DISABLE_REGISTRY_RESOLVE": "true",
    "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
    "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
    "PULUMI_SKIP_UPDATE_CHECK": "true",
}
LOGGED = ("preview", "up", "refresh", "destroy", "import")
AGREED = ("--yes", "--skip-preview")
PROJECT = {"name": "small", "runtime": "python"}
KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TZ", "MOORAGE_TEST_SESSION", "PYTHONDONTWRITEBYTECODE")
"""What of the developer's own environment a run sees."""


@dataclass(frozen=True)
class Stack:
    """One stack: `project` is the folder of Pulumi.yaml, `world` holds all that the engine writes elsewhere."""

    pulumi: Path
    project: Path
    world: Path
    name: str = "test"
    environ: Mapping[str, str] = field(default_factory=dict)

    def preview(self, *options: str) -> Outcome:
        """Say what `up` would do."""
        return self.run("preview", *options)

    def up(self, *options: str, fault: Fault | None = None) -> Outcome:
        """Bring the platform to what the program says."""
        return self.run("up", *AGREED, *options, fault=fault)

    def refresh(self, *options: str) -> Outcome:
        """Bring the state to what is on the platform."""
        return self.run("refresh", *AGREED, *options)

    def destroy(self, *options: str, fault: Fault | None = None) -> Outcome:
        """Remove all."""
        return self.run("destroy", *AGREED, *options, fault=fault)

    def import_(self, type: str, name: str, id: str, *options: str) -> Outcome:
        """Take something that is there into the stack, without protection and without generated code."""
        return self.run("import", type, name, id, "--yes", "--protect=false", "--generate-code=false", *options)

    def cancel(self) -> Outcome:
        """Break the lock that a killed engine left."""
        return self.run("cancel", "--yes")

    def run(self, command: str, *arguments: str, fault: Fault | None = None) -> Outcome:
        """Run one command on this stack to its end, and until all of its processes are gone."""
        with self.running(command, *arguments, fault=fault) as run:
            return run.outcome()

    @contextmanager
    def running(self, command: str, *arguments: str, fault: Fault | None = None) -> Iterator["Run"]:
        """Start one command; whatever is left of it at the end is killed."""
        number = len(list(self.world.glob("*.events")))
        log = self.world / f"{number}-{command}.events"
        log.touch()
        extra = ["--event-log", str(log)] if command in LOGGED else []
        environ = self.environment()
        if fault is not None:
            environ |= {**fault.variable(), COUNTER: str(log.with_suffix(".operations"))}
        process = subprocess.Popen(
            [str(self.pulumi), command, *arguments, "--stack", self.name, "--non-interactive", *extra],
            cwd=self.project,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            yield Run(process, log)
        finally:
            end_session(process)

    def outputs(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """Return what the program exported; a secret is `[secret]` unless it is asked for."""
        shown = ["--show-secrets"] if show_secrets else []
        outputs: dict[str, Any] = self._json("stack", "output", "--json", *shown)
        return outputs

    def export_state(self) -> dict[str, Any]:
        """Return the whole state, secrets encrypted."""
        state: dict[str, Any] = self._json("stack", "export")
        return state

    def import_state(self, state: Mapping[str, Any]) -> None:
        """Replace the whole state."""
        path = self.world / "state-to-import.json"
        path.write_text(json.dumps(state))
        self._json("stack", "import", "--file", str(path), "--force")

    def resources(self) -> dict[str, dict[str, Any]]:
        """Return the resources of the state by name, but for the stack and its providers."""
        found = self.export_state()["deployment"].get("resources") or []
        return {
            resource["urn"].split("::", 3)[3]: resource
            for resource in found
            if not resource["type"].startswith("pulumi:")
        }

    def environment(self) -> dict[str, str]:
        """Return all that the engine, the program and the providers see."""
        ours = {name: os.environ[name] for name in KEPT if name in os.environ}
        home = {"HOME": str(self.world), "PULUMI_HOME": str(self.world / "home")}
        state = {"PULUMI_BACKEND_URL": f"file://{self.world / 'state'}"}
        return {**ours, **HERMETIC, **home, **state, **self.environ}

    def _json(self, *command: str) -> Any:
        outcome = self.run(*command)
        assert outcome.ok, outcome.stderr
        return json.loads(outcome.stdout or "null")


class Run:
    """A command that runs; its process leads the session of all that it starts."""

    def __init__(self, process: "subprocess.Popen[str]", log: Path):
        self._process, self._log = process, log
        self._seen = ""

    def wait_for(self, text: str) -> None:
        """Return when the engine has shown a line with this text; a test fails when it ends without it."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._seen += line
            if text in line:
                return
        pytest.fail(f"the engine never said {text!r}: {self._seen}")

    def interrupt(self) -> None:
        """Ask the engine to stop, as Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)

    def outcome(self) -> Outcome:
        """Wait for its end and that of all of its processes. Raises subprocess.TimeoutExpired."""
        out, err = self._process.communicate(timeout=PATIENCE_SECONDS)
        wait_for_session(self._process.pid, PATIENCE_SECONDS)
        return Outcome(self._process.returncode, self._seen + out, err, read_events(self._log))


def stack(
    pulumi: Path,
    folder: Path,
    program: str | Path,
    *,
    config: Mapping[str, str] = {},
    environ: Mapping[str, str] = {},
    packages: Sequence[str] = ("kubernetes", "shelf"),
) -> Stack:
    """Make a stack below an empty folder. `program` is the text of `__main__.py`, or the folder of a whole project."""
    world = folder / "world"
    (world / "state").mkdir(parents=True)
    furnish(world / "home", packages)
    project = program if isinstance(program, Path) else _project(folder / "project", program)
    made = Stack(pulumi, project, world, environ=environ)
    _init(made, config)
    return made


def _project(folder: Path, program: str) -> Path:
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(json.dumps(PROJECT))
    (folder / "__main__.py").write_text(program)
    return folder


def _init(made: Stack, config: Mapping[str, str]) -> None:
    outcome = made.run("stack", "init")
    assert outcome.ok, outcome.stderr
