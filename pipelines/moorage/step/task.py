"""What the supervisor tells the worker, and what the worker answers: one line of JSON each."""

import json
from collections.abc import Mapping
from typing import Any

from moorage.contracts.report import CheckResult, check_from
from moorage.frozen import EMPTY, Frozen, plain
from moorage.states import Cause
from moorage.step.request import BentoBuild


class TaskInput(Frozen):
    """An artifact in the scratch folder, and the compiled contracts it must satisfy; `artifact` is its record."""

    name: str
    kind: str
    path: str
    artifact: Mapping[str, Any]
    contracts: tuple[str, ...] = ()


class TaskOutput(Frozen):
    """What is to be left behind; `path` is where a step that takes it by name writes it."""

    name: str
    kind: str
    path: str
    contract: str | None = None
    on_breach: str = "fail"


class Task(Frozen):
    """One attempt, with everything on this machine; `code` is the folder of the user's packages.

    Of several nodes only the first `leaves_outputs`; the others get the same paths of their own to write to.
    """

    scratch: str
    code: str | None
    function: str | None
    command: tuple[str, ...] | None
    bento: BentoBuild | None
    parameters: Mapping[str, Any]
    inputs: tuple[TaskInput, ...]
    outputs: tuple[TaskOutput, ...]
    environment: Mapping[str, str]
    leaves_outputs: bool = True


class Written(Frozen):
    """An output on disk: not yet digested, not yet in the store. `profile` is the path of its JSON."""

    kind: str
    path: str
    filename: str | None = None
    rows: int | None = None
    profile: str | None = None
    metrics: Mapping[str, float] | None = None


class Failure(Frozen):
    """Why the attempt failed, in one sentence; `detail` is what a person needs to find the place."""

    cause: Cause
    message: str
    detail: str | None = None


class Answer(Frozen):
    """What the worker found and made; outputs only count when `failure` is None."""

    failure: Failure | None = None
    outputs: Mapping[str, Written] = EMPTY
    quarantined: Mapping[str, Written] = EMPTY
    checks: tuple[CheckResult, ...] = ()
    warnings: tuple[str, ...] = ()


class StepFailure(Exception):
    """Ends the attempt with a cause and a sentence; `checks` is what was found before."""

    def __init__(
        self, cause: Cause, message: str, detail: str | None = None, checks: tuple[CheckResult, ...] = ()
    ) -> None:
        super().__init__(message)
        self.failure = Failure(cause, message, detail)
        self.checks = checks


def to_line(value: Task | Answer) -> bytes:
    """Return `value` as one line of JSON."""
    return json.dumps(plain(value)).encode() + b"\n"


def task_from(line: bytes) -> Task:
    """Return the task that `to_line` wrote."""
    raw = json.loads(line)
    for name, kind in (("inputs", TaskInput), ("outputs", TaskOutput)):
        raw[name] = tuple(kind(**item) for item in raw[name])
    raw["bento"] = None if raw["bento"] is None else BentoBuild(**raw["bento"])
    return Task(**raw)


def answer_from(line: bytes) -> Answer:
    """Return the answer that `to_line` wrote."""
    raw = json.loads(line)
    if raw["failure"] is not None:
        raw["failure"] = Failure(**{**raw["failure"], "cause": Cause(raw["failure"]["cause"])})
    for name in ("outputs", "quarantined"):
        raw[name] = {key: Written(**item) for key, item in raw[name].items()}
    raw["checks"] = tuple(check_from(item) for item in raw["checks"])
    return Answer(**{**raw, "warnings": tuple(raw["warnings"])})
