"""Call one of our modules in a process of its own, for what may crash it or loads what we must not."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from moorage.errors import SpecError


def call_apart(module: str, request: Mapping[str, Any], doing: str, *, fix: str, deadline: float | None = None) -> Any:
    """Run `python -m module REQUEST REPLY` with two JSON files, and return the reply.

    Whatever the process prints is kept out of the way. When it ends without a reply, or is not done after
    `deadline` seconds, a SpecError says what it was `doing`, its last words and the `fix`.
    """
    with tempfile.TemporaryDirectory(prefix="moorage-apart-") as folder:
        asked, reply, said = (Path(folder) / name for name in ("request.json", "reply.json", "said.txt"))
        asked.write_text(json.dumps(request))
        with said.open("wb") as output:
            ended = _run([sys.executable, "-P", "-m", module, str(asked), str(reply)], output, deadline)
        if reply.exists():
            return json.loads(reply.read_text())
        raise SpecError(f"{doing} gave no answer: {ended}{_last_words(said)}", fix=fix)


def _run(command: Sequence[str], output: Any, deadline: float | None) -> str:
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=_environment(), start_new_session=True
    )
    try:
        return f"its process ended with status {child.wait(deadline)}"
    except subprocess.TimeoutExpired:
        return f"its process took over {deadline} s"
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _environment() -> dict[str, str]:
    # The child must find the same moorage, however this process came by it; a trace would hide its last words.
    ours = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, (ours, os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, "RUST_BACKTRACE": "0"}


def _last_words(said: Path) -> str:
    lines = [line.strip() for line in said.read_text(errors="replace").splitlines()]
    last = next((line for line in reversed(lines) if line and not line.startswith("note: ")), None)  # notes are Rust's
    return f", and the last it said was: {last[:200]}" if last else ""
