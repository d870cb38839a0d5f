"""A process whose wall clock is wrong by so much, beside a control plane whose clock is right.

Only the client's side can be skewed: the control plane's programs are static ones of Go, which ask the kernel
without a library, and a clock of the kernel's own would be that of the whole machine. What a client can see is the
same, since it sees the difference alone.
"""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from shutil import which

SOURCE = Path(__file__).with_name("skew.c")
COMPILER = which("gcc") or which("cc")


def skewed(folder: Path, seconds: int) -> Mapping[str, str]:
    """Return the variables under which a process, and all that it starts, is ahead by so much (behind, if below 0).

    Not the times that the kernel itself writes, such as those of files, nor monotonic clocks. Needs a C compiler.
    """
    library = folder / "skew.so"
    subprocess.run([str(COMPILER), "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, SOURCE], check=True)
    return {"LD_PRELOAD": str(library), "SKEW_SECONDS": str(seconds)}
