"""Submitting from processes of their own, which may be killed."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from moorage.ports import Handle, JobName, Request
from tests.rigs.base import Rig

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60


class SubmittingRig(Rig):
    """`submitter` is a module that submits what a file says under a key, and is killed at the place it is told."""

    submitter: str

    def crash(self, request: Request, key: str, place: str) -> None:
        """Submit from a process that kills itself there."""
        with self._submitter(self.say(request), key, place) as submitter:
            ended = submitter.wait(PATIENCE_SECONDS)
        assert ended == -9, f"it was to be killed, and ended with {ended}"

    def submit_from_many(self, request: Request, key: str, count: int) -> Sequence[Handle]:
        """Submit at one time from as many processes."""
        file = self.say(request)
        started = [self._submitter(file, key, "nowhere") for _ in range(count)]
        answers = [json.loads(each.communicate(timeout=PATIENCE_SECONDS)[0]) for each in started]
        return [Handle(data["platform"], JobName(data["job"]), data["data"]) for data in answers]

    def say(self, request: Request) -> Path:
        """Write what the submitter reads, and return the file."""
        file = self.folder / "said.json"
        said = {"target": self.target.model_dump(mode="json"), "request": request.model_dump(mode="json")}
        file.write_text(json.dumps(said))
        return file

    def _submitter(self, file: Path, key: str, place: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", self.submitter, str(file.absolute()), key, place]
        return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
