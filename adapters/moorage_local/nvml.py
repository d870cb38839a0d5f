"""The GPUs of this machine as NVIDIA's driver shows them: where the words of its management library (NVML) end."""

import ctypes
import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from moorage.frozen import Frozen

NO_DRIVER = "this machine has no GPU: there is no NVIDIA driver"
NO_PACKAGE = "this machine has an NVIDIA driver, and Python cannot ask it for GPUs: pip install 'moorage[gpu]'"

HARDWARE_XIDS: Mapping[int, str] = {
    48: "a memory error that it could not correct",
    62: "its micro-controller halted",
    64: "a memory row that it could not replace",
    74: "its NVLink failed",
    79: "it has fallen off the bus",
    95: "a memory error that it could not contain",
    119: "its system processor did not answer",
    120: "its system processor failed",
}
"""Those of the driver's XID codes that no program can cause, see the Xid catalog in NVIDIA's documentation."""

_LIBRARY = "libnvidia-ml.so.1"


class FoundGpu(Frozen):
    """One GPU as the driver calls it; `memory_gib` is what it has, which is less than its name says."""

    uuid: str
    name: str
    memory_gib: float


class NoGpus(Exception):
    """The driver cannot be asked; the text says why, as a sentence about this machine."""


def find_gpus() -> tuple[FoundGpu, ...]:
    """Return all GPUs that can be handed out whole, in the driver's order. Raises NoGpus."""
    with _session() as nvml:
        handles = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]
        return tuple(_described(nvml, handle) for handle in handles if not _is_divided(nvml, handle))


def failures(uuids: Sequence[str]) -> dict[str, str]:
    """Return how each of these GPUs that does not answer fails, in the driver's words."""
    try:
        with _session() as nvml:
            return {uuid: said for uuid in uuids if (said := _failure(nvml, uuid))}
    except NoGpus as error:
        return dict.fromkeys(uuids, str(error))


class XidWatch:
    """Hears what the driver says of these GPUs from now on; it needs no thread, the driver keeps the events."""

    def __init__(self, uuids: Sequence[str]) -> None:
        self._nvml, self._events = _load(), None
        if self._nvml is None:
            return
        with suppress(self._nvml.NVMLError):  # the GPU is gone already, or the driver has no events for it
            self._nvml.nvmlInit()
            self._events = self._nvml.nvmlEventSetCreate()
            for uuid in uuids:
                handle = self._nvml.nvmlDeviceGetHandleByUUID(uuid)
                self._nvml.nvmlDeviceRegisterEvents(handle, self._nvml.nvmlEventTypeXidCriticalError, self._events)

    def heard(self) -> dict[str, int]:
        """Return the code of the last hardware failure of each GPU that had one."""
        found: dict[str, int] = {}
        if self._nvml is None or self._events is None:
            return found
        with suppress(self._nvml.NVMLError):  # it answers `timeout` when there is no more
            while True:
                event = self._nvml.nvmlEventSetWait_v2(self._events, 0)
                if event.eventData in HARDWARE_XIDS:
                    found[self._nvml.nvmlDeviceGetUUID(event.device)] = event.eventData
        return found


@contextmanager
def _session() -> Iterator[Any]:
    nvml = _load()
    if nvml is None:
        raise NoGpus(NO_PACKAGE if has_driver() else NO_DRIVER)
    try:
        nvml.nvmlInit()
    except nvml.NVMLError_LibraryNotFound as error:
        raise NoGpus(NO_DRIVER) from error
    except nvml.NVMLError as error:
        raise NoGpus(f"this machine's NVIDIA driver does not work: {error}") from error
    try:
        yield nvml
    except nvml.NVMLError as error:
        raise NoGpus(f"this machine's NVIDIA driver failed: {error}") from error
    finally:
        nvml.nvmlShutdown()


def has_driver() -> bool:
    """Return whether the driver's library is on this machine; quick where it is not."""
    try:
        ctypes.CDLL(_LIBRARY)
    except OSError:
        return False
    return True


def _load() -> Any:
    if not has_driver() or importlib.util.find_spec("pynvml") is None:
        return None
    import pynvml

    return pynvml


def _described(nvml: Any, handle: Any) -> FoundGpu:
    total = nvml.nvmlDeviceGetMemoryInfo(handle).total
    return FoundGpu(nvml.nvmlDeviceGetUUID(handle), nvml.nvmlDeviceGetName(handle), round(total / 2**30, 3))


def _is_divided(nvml: Any, handle: Any) -> bool:
    # One in MIG mode is several small ones; we hand out whole ones only.
    with suppress(nvml.NVMLError_NotSupported, nvml.NVMLError_FunctionNotFound):
        return bool(nvml.nvmlDeviceGetMigMode(handle)[0])
    return False


def _failure(nvml: Any, uuid: str) -> str | None:
    try:
        nvml.nvmlDeviceGetMemoryInfo(nvml.nvmlDeviceGetHandleByUUID(uuid))
    except nvml.NVMLError as error:
        return str(error)
    return None
