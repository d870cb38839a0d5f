"""Looks after the GPUs of a job: one that fails is named as the cause, and no job gets it again."""

from collections.abc import Sequence

from moorage.states import Cause
from moorage.step.task import Failure
from moorage_local.leases import mark_failed
from moorage_local.nvml import HARDWARE_XIDS, XidWatch, failures


class GpuGuard:
    """The GPUs of one node, all of one model."""

    def __init__(self, model: str, uuids: Sequence[str]) -> None:
        self._model, self._uuids = model, uuids
        self._watch: XidWatch | None = None

    def begin(self) -> None:
        """Start to hear what the driver says of them."""
        self._watch = XidWatch(self._uuids)

    def blame(self) -> Failure | None:
        """Return how one of them failed, if one did."""
        heard = self._watch.heard() if self._watch else {}
        failed = failures(self._uuids)
        failed |= {uuid: f"{HARDWARE_XIDS[code]} (XID {code})" for uuid, code in heard.items()}
        for uuid, why in failed.items():
            mark_failed(uuid, why)
        said = "; ".join(f"the GPU {self._model} ({uuid}) failed: {why}" for uuid, why in failed.items())
        return Failure(Cause.PLATFORM, said) if failed else None
