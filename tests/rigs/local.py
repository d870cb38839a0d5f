"""The local platform is real here: the rig runs real processes in a folder of its own."""

import json
import os
import resource
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path

from moorage.errors import AccessDenied, NotFound, PlatformError, QuotaExceeded
from moorage.ports import Handle, StepJob
from moorage.states import State
from moorage_local import processes
from moorage_local.adapter import LocalAdapter
from moorage_local.folders import JobFolder, folder_name
from moorage_local.lower import LocalRequest
from moorage_local.observe import STATES, state_of
from moorage_local.refusals import Refusals
from moorage_local.secrets import variable_of
from moorage_local.target import LocalGpu, LocalTarget
from moorage_local.template import Loads
from tests.rigs.base import Impossible, Work
from tests.rigs.submitting import SubmittingRig

PROC_STATES = "RSDZTtWXxKPI"
"""The letters that proc_pid_stat(5) lists for any kernel since 2.6; `I` is of 4.14 (fs/proc/array.c)."""

GPUS = tuple(LocalGpu(uuid=f"GPU-{number}", name="NVIDIA A10G", memory_gib=22.488) for number in range(2))

LEAVING_SECONDS = 2.0


class LocalRig(SubmittingRig):
    """This machine, in a folder of its own; each step in a new interpreter."""

    platform = "local"
    start = "interpreter"
    submitter = "tests.rigs.submitter"

    def job(self, work: Work) -> StepJob:
        """Return the job that does the work, started as this rig starts jobs."""
        return super().job(work).model_copy(update={"start": self.start})

    @cached_property
    def target(self) -> LocalTarget:
        """This machine as the built-in environment has it, with GPUs that no job of the suite gets to see."""
        return LocalAdapter().here(self.folder).model_copy(update={"gpus": GPUS})

    @property
    def golden_target(self) -> LocalTarget:
        """A machine of four CPUs."""
        return LocalTarget(folder="/project/.moorage", cpu=4, memory_gib=16, python="/usr/bin/python3")

    def violations(self, request: LocalRequest) -> Sequence[str]:
        """Return what execve(2) would have against it: it takes words and variables without a NUL."""
        found = [f"argv has {word!r}" for word in request.argv if "\0" in word]
        found += [] if request.argv[0].startswith("/") else [f"{request.argv[0]!r} is looked up nowhere"]
        for name, value in request.environment.items():
            if not name or "=" in name or "\0" in name + value:
                found.append(f"the variable {name!r}")
        return found

    @property
    def native_states(self) -> Sequence[str]:
        """What the kernel lists."""
        return PROC_STATES

    @property
    def mapped_states(self) -> Sequence[str]:
        """What the adapter knows."""
        return tuple(STATES)

    def state_of(self, word: str) -> State:
        """Return what the adapter makes of one letter."""
        return state_of(word)

    @property
    def crashes(self) -> Sequence[str]:
        """Where a submit may be cut."""
        return ("before create", "before record", "before word", "after submit")

    def leftovers(self, handle: Handle) -> Sequence[str]:
        """Return the processes of the job that live; its own gets a moment to leave when it has said how it ended."""
        folder = self.folder_of(handle)
        record = folder.record()
        if record and folder.end():
            processes.wait_any([record.identity], LEAVING_SECONDS)
        return [str(pid) for pid in processes.members(record.identity, folder.mark)] if record else []

    def folder_of(self, handle: Handle) -> JobFolder:
        """Return the folder of the job."""
        return JobFolder(Path(self.target.folder) / "jobs" / folder_name(handle.data["key"]))

    def pid_of(self, handle: Handle) -> int:
        """Return the job's own process."""
        record = self.folder_of(handle).record()
        assert record
        return record.pid

    def keep_secret(self, reference: str, value: str) -> None:
        """Write it where the driver reads it."""
        file = Path(self.target.folder) / "secrets.yaml"
        name, _, key = reference.partition("/")
        file.parent.mkdir(exist_ok=True)
        file.touch(0o600)
        file.write_text(json.dumps({name: {key: value}}))
        assert variable_of(reference) not in os.environ

    def refusing(self, kind: type[PlatformError]) -> AbstractContextManager[LocalRequest]:
        """Let the kernel refuse to start a process."""
        if kind not in (AccessDenied, NotFound, QuotaExceeded):
            raise Impossible(f"this machine never answers with {kind.__name__}")
        return self._refusing(kind)

    @contextmanager
    def _refusing(self, kind: type[PlatformError]) -> Iterator[LocalRequest]:
        request: LocalRequest = self.lower(Work())
        program = self.folder / "python"
        if kind is AccessDenied:
            program.write_text("not a program that anybody may run")
        if kind is QuotaExceeded:
            with _no_more_files():
                yield request
        else:
            yield request.model_copy(update={"argv": (str(program), *request.argv[1:])})


class LocalSpawnRig(LocalRig):
    """The same machine, where the interpreter itself starts threads: no process is forked from a template."""

    @cached_property
    def target(self) -> LocalTarget:
        """This machine, which knows so from a driver before."""
        target: LocalTarget = super().target
        loads = Loads(target.python, self.store.uri, None, ())
        Refusals(Path(target.folder) / "templates").keep(loads, "its modules start threads (sitecustomize)")
        return target


class LocalForkRig(LocalRig):
    """The same machine; each step a fork of a warm process."""

    start = "fork"


@contextmanager
def _no_more_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
