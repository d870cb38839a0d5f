"""A job takes what it gets of this machine, in its own process, and runs there."""

from collections.abc import Callable, Mapping
from functools import partial

from moorage.frozen import Frozen
from moorage.step.guard import Guard
from moorage_local.folders import JobFolder
from moorage_local.shares import GPU_VARIABLE, Share, share_of

Supervise = Callable[[Mapping[str, str], Guard | None], int]
"""Runs one node in that environment, and returns its exit code."""


class NotGiven(Exception):
    """What the job is to get can never be had on this machine as it is now; the text says why."""


class Taken(Frozen):
    """What a job has got: the GPUs, all of one model, are its own as long as its process lives."""

    share: Share
    model: str = ""
    gpus: tuple[str, ...] = ()

    def run(self, environ: Mapping[str, str], supervise: Supervise) -> int:
        """Run `supervise(environ, guard)` for each node, and return the exit code of the first."""
        if self.share.nodes == 1:
            return self._run_node(supervise, 0, environ)
        from moorage_local.nodes import run_nodes  # here, because few steps have several

        return run_nodes(environ, self.share.nodes, partial(self._run_node, supervise))

    def _run_node(self, supervise: Supervise, rank: int, environ: Mapping[str, str]) -> int:
        each = len(self.gpus) // self.share.nodes
        own = self.gpus[rank * each : (rank + 1) * each]
        if not own:
            return supervise(environ, None)
        from moorage_local.gpuguard import GpuGuard

        return supervise({**environ, GPU_VARIABLE: ",".join(own)}, GpuGuard(self.model, own))


def take_share(folder: JobFolder, environ: Mapping[str, str]) -> Taken:
    """Take what the job of that folder gets, in its own process, and return it; waits for GPUs that others have.

    Raises NotGiven when so many GPUs have failed that it can never be had.
    """
    share = share_of(environ)
    if share.memory_bytes is not None:
        from moorage_local import limits, machine  # here, because most steps do not say it

        limits.hold(folder.path, share.memory_bytes, machine.groups())
    if not share.gpus:
        return Taken(share)
    from moorage_local.leases import lease

    held = lease(share.models, share.gpus, lambda: folder.mark_queued(_waits_for(share)))
    folder.unmark_queued()
    return Taken(share, held.model, held.uuids)


def _waits_for(share: Share) -> str:
    kinds = " or ".join(share.models)
    return f"it waits for {share.gpus} GPU{'s' * (share.gpus > 1)} ({kinds}), which other jobs have"
