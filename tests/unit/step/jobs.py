"""A job as a platform starts one: a store, a code archive, a request, and `python -m moorage.step`."""

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blake3 import blake3

from moorage.code.archive import File, pack
from moorage.step.paths import attempt_folder, request_key
from moorage.step.reading import read_log, read_result
from moorage.step.request import Artifact, StepInput, StepOutput, StepRequest, StepResult, to_json
from moorage.store import Store, open_store, put_bytes, put_file

PATIENCE_SECONDS = 60.0
"""How long a test waits for something before it fails; never how long it takes."""


def until(what: Callable[[], Any]) -> Any:
    """Return the first true value of `what`."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if value := what():
            return value
        time.sleep(0.01)
    raise AssertionError("it did not happen in time")


@dataclass
class Job:
    """One attempt that can be submitted; `process` is the native job."""

    store: Store
    request: StepRequest
    environ: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None
    said: bytes = b""
    code: int | None = None

    @property
    def folder(self) -> str:
        return attempt_folder(self.request.run, self.request.step, self.request.attempt)

    def start(self, uri: str | None = None) -> "subprocess.Popen[bytes]":
        uri = uri or f"{self.store.uri}/{request_key(self.folder)}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moorage.step"],
            env={**os.environ, **self.environ, "MOORAGE_STEP": uri},
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        return self.process

    def end(self) -> int:
        assert self.process is not None
        _, self.said = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode

    def run(self) -> StepResult:
        self.start()
        self.code = self.end()
        result = self.result()
        assert result is not None, self.said.decode()
        return result

    def result(self) -> StepResult | None:
        return read_result(self.store, self.request.run, self.request.step, self.request.attempt)

    def log(self) -> str:
        """The log without its time stamps."""
        parts = read_log(self.store, self.request.run, self.request.step, self.request.attempt)
        return "".join(line.partition(" ")[2] + "\n" for part in parts for line in part.lines)


class Workplace:
    """Where the jobs of one test live."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = open_store(folder / "store")

    def job(
        self,
        source: str = "",
        *,
        outputs: Mapping[str, str] | None = None,
        inputs: Mapping[str, Artifact] | None = None,
        read: tuple[StepInput, ...] = (),
        declared: tuple[StepOutput, ...] = (),
        **fields: Any,
    ) -> Job:
        """A job whose `steps.py` is `source`, and whose function is `step` unless `fields` say otherwise."""
        request = StepRequest(
            **{
                **self.defaults(fields),
                "code": self.code({"steps.py": textwrap.dedent(source)}),
                "inputs": (*read, *(StepInput(name, artifact) for name, artifact in (inputs or {}).items())),
                "outputs": (*declared, *(StepOutput(name, kind) for name, kind in (outputs or {}).items())),
                **fields,
            }
        )
        job = Job(self.store, request)
        self.store.put(request_key(job.folder), to_json(request))
        return job

    def defaults(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "run": "r1",
            "step": "train",
            "attempt": 1,
            "job": "mr-r1-train-1",
            "store": self.store.uri,
            "pipeline": "p",
            "environment": "local",
            "key": "k",
            "function": None if fields.keys() & {"command", "bento"} else "steps:step",
        }

    def code(self, files: Mapping[str, str]) -> str:
        data = pack({name: File(text.encode()) for name, text in files.items()})
        digest = blake3(data).hexdigest()
        self.store.put(f"code/{digest}.zip", data)
        return f"blake3:{digest}"

    def artifact(self, kind: str, data: bytes | Path, filename: str | None = None) -> Artifact:
        blob = put_bytes(self.store, data) if isinstance(data, bytes) else put_file(self.store, data, take=False)
        return Artifact(kind, blob.digest, blob.size, filename)

    def table(self, rows: Mapping[str, list[Any]]) -> Artifact:
        import polars

        path = self.folder / "made.parquet"
        polars.DataFrame(rows).write_parquet(path)
        return self.artifact("table", path, "made.parquet")
