"""The local platform as an adapter; what touches processes is imported by `connect` alone."""

import os
import sys
from pathlib import Path

from moorage.errors import TargetError
from moorage.ports import Capabilities, Capacity, Connection, StepJob
from moorage_local import machine
from moorage_local.lower import NO_SPOT, LocalRequest, lower
from moorage_local.target import LocalTarget

CAPABILITIES = Capabilities(
    spot=NO_SPOT,
    gpu=True,
    nodes=True,
    secrets=True,
    images="steps on this machine run in the current interpreter, not in an image",
)


class LocalAdapter:
    """This machine as a platform."""

    platform = "local"
    Target = LocalTarget
    capabilities = CAPABILITIES

    def capacity(self, target: LocalTarget) -> Capacity:
        """Return all that the machine has: it has no queue of its own."""
        return Capacity(cpu=target.cpu, memory_gib=target.memory_gib, gpus=len(target.gpus))

    def lower(self, job: StepJob, target: LocalTarget) -> LocalRequest:
        """Return the process that runs this job; see `lower`."""
        return lower(job, target)

    def connect(self, target: LocalTarget) -> Connection:
        """Return the processes of this machine, reached."""
        if not sys.platform.startswith("linux"):
            raise TargetError(
                f"steps run on this machine under Linux only, and this is {sys.platform}",
                fix="run in another environment (`moorage env list`), or in a Linux container",
            )
        from moorage_local.client import LocalConnection

        return LocalConnection(target)

    def here(self, project: Path) -> LocalTarget:
        """Return this machine, with the jobs of the project in that folder."""
        from moorage_local.here import usable_gpus

        gpus, no_gpus = usable_gpus(os.environ)
        return LocalTarget(
            folder=str(project.absolute() / ".moorage"),
            cpu=machine.usable_cpu(),
            memory_gib=machine.usable_memory_gib(),
            python=sys.executable,
            gpus=gpus,
            no_gpus=no_gpus,
        )


adapter = LocalAdapter()
"""What the entry point names."""
