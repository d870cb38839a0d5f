"""Somebody at a terminal who calls `moorage env` for a stack of the rig; nothing is made before."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.rigs.pulumi.faults import COUNTER, Fault
from tests.rigs.pulumi.processes import end_session, wait_for_session
from tests.rigs.pulumi.stack import PATIENCE_SECONDS, Stack


@dataclass(frozen=True)
class Said:
    """How a call ended, and what it printed."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Operator:
    """Calls commands in the folder of a stack's project, with all that its engine has; `pulumi` is on the path."""

    stack: Stack

    def env(self, command: str, *arguments: str, fault: Fault | None = None, **environ: str) -> Said:
        """Call `moorage env COMMAND NAME`, and wait until all that it started is gone."""
        variables = {**self.stack.environment(), **environ}
        variables["PATH"] = f"{self.stack.pulumi.parent}:{variables['PATH']}"
        if fault is not None:
            counter = self.stack.world / "operations"
            counter.unlink(missing_ok=True)
            variables |= {**fault.variable(), COUNTER: str(counter)}
        process = subprocess.Popen(
            [sys.executable, "-m", "moorage", "env", command, self.stack.name, *arguments],
            cwd=self.stack.project,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            out, err = process.communicate(timeout=PATIENCE_SECONDS)
            wait_for_session(process.pid, PATIENCE_SECONDS)
        finally:
            end_session(process)
        return Said(process.returncode, out, err)


def describe(project: Path, stack: str, settings: Mapping[str, object]) -> None:
    """Write what a stack says of its environment into its file, which lies beside Pulumi.yaml."""
    title = yaml.safe_load((project / "Pulumi.yaml").read_text())["name"]
    file = project / f"Pulumi.{stack}.yaml"
    said = yaml.safe_load(file.read_text()) if file.exists() else {}
    config = {**(said.get("config") or {}), f"{title}:environment": dict(settings)}
    file.write_text(yaml.safe_dump({**said, "config": config}))
