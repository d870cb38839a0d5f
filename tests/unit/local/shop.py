"""Jobs that call a function of a module which travels with them."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from blake3 import blake3

from moorage.code.archive import File, pack
from moorage.ports import Handle
from moorage.spec.models import Resources
from moorage.states import State
from moorage.step.paths import attempt_folder, request_key
from moorage.step.request import StepOutput, StepRequest, StepResult, to_json
from tests.rigs.base import Work
from tests.rigs.local import LocalRig


class Shop:
    """Submits calls of functions of one module to a rig, under keys that count up."""

    def __init__(self, rig: LocalRig, source: str) -> None:
        self._rig, self._count = rig, 0
        archive = pack({"shop.py": File(source.encode())})
        self.code = f"blake3:{blake3(archive).hexdigest()}"
        rig.store.put(f"code/{blake3(archive).hexdigest()}.zip", archive)

    def submit(
        self,
        function: str,
        start: str | None = None,
        secrets: Mapping[str, str] | None = None,
        resources: Resources = Resources(),  # noqa: B008 - it is frozen
    ) -> Handle:
        """Start a job that calls the function, which gets the path of its one output, `out`, a file."""
        self._count += 1
        work = Work(run=f"s{self._count}", secrets=secrets or {}, resources=resources)
        found = self._rig.job(work).model_copy(update={"start": start, "code": self.code, "modules": ("shop",)})
        asked = StepRequest(
            run=work.run, step=work.step, attempt=1, job=found.name, store=self._rig.store.uri, pipeline="suite",
            environment="local", key="0" * 64, function=f"shop:{function}", code=self.code, secrets=work.secrets,
            outputs=(StepOutput("out", "file"),),
        )  # fmt: skip
        self._rig.store.put(request_key(attempt_folder(work.run, work.step, 1)), to_json(asked))
        request = self._rig.adapter.lower(found, self._rig.target)
        return self._rig.submit(request, key=work.run)

    def result(self, handle: Handle) -> StepResult:
        """Return how the job ended, by its own word, when its process has let go of it."""
        self._rig.await_end(handle)
        while self._rig.folder_of(handle).is_locked:
            time.sleep(0.001)
        return self._rig.result(Work(run=handle.data["key"]))

    def said(self, function: str, start: str | None = None, **asked: Any) -> Any:
        """Return what the function wrote, as JSON, after it has run."""
        result = self.result(self.submit(function, start, **asked))
        assert result.state is State.SUCCEEDED, result
        assert start in (None, result.start)
        digest = result.outputs["out"].digest.removeprefix("blake3:")
        return json.loads((Path(self._rig.folder) / "store" / "blobs" / "blake3" / digest).read_bytes())
