"""A machine with GPUs that are not there: the driver's library is ours, and what asks it is NVIDIA's own client."""

import subprocess
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import which

from moorage_local.leases import lock_file
from moorage_local.target import LocalGpu

SOURCE = Path(__file__).with_name("nvml.c")
COMPILER = which("gcc") or which("cc")


def build_library(folder: Path) -> Path:
    """Compile the library, and return the folder to name in LD_LIBRARY_PATH."""
    library = folder / "libnvidia-ml.so.1"
    name = f"-Wl,-soname,{library.name}"
    subprocess.run([str(COMPILER), "-shared", "-fPIC", "-Wall", "-Werror", name, "-o", library, SOURCE], check=True)
    return folder


class FakeGpus:
    """The GPUs of the machine as its file says; tests break them by writing it anew."""

    def __init__(self, file: Path, names: Sequence[tuple[str, int]]) -> None:
        self.file = file
        self._rows = [[f"GPU-{uuid.uuid4()}", name, str(mib), "ok", "0"] for name, mib in names]
        self._write()

    @property
    def listed(self) -> tuple[LocalGpu, ...]:
        """The GPUs as a target has them."""
        return tuple(LocalGpu(uuid=row[0], name=row[1], memory_gib=int(row[2]) / 1024) for row in self._rows)

    @property
    def uuids(self) -> list[str]:
        """The UUIDs in the driver's order."""
        return [row[0] for row in self._rows]

    def set_state(self, index: int, state: str) -> None:
        """Let a GPU be `ok`, `lost` or `mig`."""
        self._rows[index][3] = state
        self._write()

    def send_xid(self, index: int, code: int) -> None:
        """Let the driver say of a GPU that it has had an error of that number."""
        self._rows[index][4] = str(code)
        self._write()

    def _write(self) -> None:
        partial = self.file.with_suffix(".partial")
        partial.write_text("".join(";".join(row) + "\n" for row in self._rows))
        partial.replace(self.file)


@contextmanager
def locks_removed(gpus: FakeGpus) -> Iterator[FakeGpus]:
    """Remove the locks of these GPUs in the end: no machine has them."""
    try:
        yield gpus
    finally:
        for each in gpus.uuids:
            lock_file(each).unlink(missing_ok=True)
