"""What a job is asked to do and what it answers: two JSON objects in the store.

The process inside a job must not pay for pydantic, nor for what makes dataclasses.
"""

import json
from collections.abc import Mapping
from typing import Any

from moorage.contracts.report import CheckResult, check_from
from moorage.frozen import EMPTY, Frozen, plain
from moorage.states import Cause, State

SCHEMA = 1
"""The version of both objects; a job refuses a request that is newer than itself."""

STEP_VARIABLE = "MOORAGE_STEP"
"""The one environment variable of a job: the URI of its `request.json`."""

STEP_COMMAND = ("python", "-m", "moorage.step")
"""The command of every job on every platform."""


class Artifact(Frozen):
    """A named, typed, content-addressed thing.

    `digest` is `blake3:<64 hex>` of the file, or of the manifest for a directory or a bento.
    `uri` is set instead of a stored blob for something outside that is pinned by its version.
    """

    kind: str
    digest: str
    size: int
    filename: str | None = None
    rows: int | None = None
    profile: str | None = None
    metrics: Mapping[str, float] | None = None
    uri: str | None = None


class StepInput(Frozen):
    """An artifact that a step reads, and the contract digests it must satisfy first."""

    name: str
    artifact: Artifact
    contracts: tuple[str, ...] = ()


class StepOutput(Frozen):
    """What a step must leave behind. `on_breach` is `fail` or `quarantine`."""

    name: str
    kind: str
    contract: str | None = None
    on_breach: str = "fail"


class BentoBuild(Frozen):
    """A Bento to build: the folder inside the code archive, and the name of the model."""

    path: str
    model: str


class StepRequest(Frozen):
    """Everything that one attempt of one step needs; no secret, only references to them.

    Exactly one of `function` (`package.module:name`), `command` and `bento` is set.
    `code` is the digest of the code archive, `secrets` maps a variable to its reference,
    `timeout_seconds` is the run deadline, `memory_gib` what each node is held to.
    """

    run: str
    step: str
    attempt: int
    job: str
    store: str
    pipeline: str
    environment: str
    key: str
    function: str | None = None
    command: tuple[str, ...] | None = None
    bento: BentoBuild | None = None
    code: str | None = None
    parameters: Mapping[str, Any] = EMPTY
    inputs: tuple[StepInput, ...] = ()
    outputs: tuple[StepOutput, ...] = ()
    secrets: Mapping[str, str] = EMPTY
    timeout_seconds: float = 86400.0
    nodes: int = 1
    memory_gib: float | None = None
    start: str | None = None
    schema: int = SCHEMA


class StepResult(Frozen):
    """How one attempt ended: `state` is succeeded, failed or cancelled; times are UTC, ISO 8601.

    `message` is one sentence, `detail` the failure with the user's own frames first;
    both are scrubbed of secrets. `quarantined` maps an output to the table of its bad rows. `start` is
    `interpreter` or `fork`, and `start_reason` why it was not the usual one.
    """

    state: State
    cause: Cause | None = None
    message: str | None = None
    detail: str | None = None
    outputs: Mapping[str, Artifact] = EMPTY
    checks: tuple[CheckResult, ...] = ()
    quarantined: Mapping[str, Artifact] = EMPTY
    warnings: tuple[str, ...] = ()
    started: str | None = None
    finished: str | None = None
    cpu_seconds: float | None = None
    peak_memory_mib: float | None = None
    start: str | None = None
    start_reason: str | None = None
    host: str | None = None
    nonce: str | None = None
    schema: int = SCHEMA


def to_json(value: StepRequest | StepResult) -> bytes:
    """Return `value` as UTF-8 JSON, keys sorted, so that equal values are equal bytes."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def artifact_from(data: Mapping[str, Any]) -> Artifact:
    """Return the artifact that `asdict` wrote."""
    return Artifact(**data)


def request_from_json(data: bytes | str) -> StepRequest:
    """Return the request that `to_json` wrote."""
    raw = json.loads(data)
    raw["inputs"] = tuple(
        StepInput(item["name"], artifact_from(item["artifact"]), tuple(item["contracts"])) for item in raw["inputs"]
    )
    raw["outputs"] = tuple(StepOutput(**item) for item in raw["outputs"])
    raw["command"] = None if raw["command"] is None else tuple(raw["command"])
    raw["bento"] = None if raw["bento"] is None else BentoBuild(**raw["bento"])
    return StepRequest(**raw)


def result_from_json(data: bytes | str) -> StepResult:
    """Return the result that `to_json` wrote."""
    raw = json.loads(data)
    raw["state"] = State(raw["state"])
    raw["cause"] = None if raw["cause"] is None else Cause(raw["cause"])
    raw["checks"] = tuple(check_from(item) for item in raw["checks"])
    raw["warnings"] = tuple(raw["warnings"])
    for name in ("outputs", "quarantined"):
        raw[name] = {key: artifact_from(item) for key, item in raw[name].items()}
    return StepResult(**raw)
