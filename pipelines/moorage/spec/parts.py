"""The parts of a step: what it reads, leaves behind, needs and may do. Frozen, strict about keys."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from moorage.spec.types import (
    COMPARISON_PATTERN,
    FIRST_PATTERN,
    OUTPUT_PATTERN,
    REFERABLE,
    Also,
    Comparison,
    Count,
    Flag,
    FunctionName,
    Gib,
    Number,
    OutputReference,
    Seconds,
    StepName,
    Text,
    written_as,
)
from moorage.spec.units import DURATION_PATTERN
from moorage.states import RETRYABLE, Cause


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _limit(value: object) -> object:
    return {"is": value} if isinstance(value, str | int | float) else value


def _input(value: object) -> object:
    return {"from": value} if isinstance(value, str) else value


def _retries(value: object) -> object:
    return {"limit": value} if isinstance(value, int | float | str) else value


def _timeout(value: object) -> object:
    return {"run": value} if isinstance(value, str | int | float) else value


class Model(BaseModel):
    """Frozen, and strict about keys: a typo is an error, not a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)


class Kind(StrEnum):
    """What an artifact is, which decides how a step's function gets and returns it."""

    TABLE = "table"
    MODEL = "model"
    METRICS = "metrics"
    FILE = "file"
    DIRECTORY = "directory"
    BENTO = "bento"


class OnFailure(StrEnum):
    """What a run does with independent branches after a failure."""

    FINISH = "finish"
    STOP = "stop"


class Gpu(Model):
    """The GPUs of one node: any of `name` (empty: any at all), `count` of them."""

    name: Annotated[tuple[Text, ...], BeforeValidator(_one_or_many), Also(lambda: {"type": "string"})] = ()
    count: Annotated[Count, Field(ge=1, le=16), REFERABLE] = 1
    memory_gib: Annotated[Gib | None, Field(alias="memory")] = None


UNSAID_MEMORY_GIB = 1.0
"""What a step is counted with that says nothing of its memory; it is then held to nothing."""


class Resources(Model):
    """What one node of a step needs; the platform's smallest fit is taken.

    A step is held to the memory that it names; None is no limit.
    """

    cpu: Annotated[Number, Field(gt=0, le=1024), REFERABLE] = 1.0
    memory_gib: Annotated[Gib | None, Field(alias="memory")] = None
    gpu: Annotated[Gpu | None, REFERABLE] = None
    nodes: Annotated[Count, Field(ge=1, le=1000), REFERABLE] = 1
    spot: Annotated[Flag, REFERABLE] = False

    @property
    def counted_memory_gib(self) -> float:
        """The memory of one node, for whoever must find room for it."""
        return UNSAID_MEMORY_GIB if self.memory_gib is None else self.memory_gib

    @property
    def all_gpus(self) -> int:
        """The GPUs of all nodes together."""
        return self.nodes * (self.gpu.count if self.gpu else 0)


class Retries(Model):
    """How many further attempts, after which causes, and how long to wait before the first.

    Each further wait doubles, up to an hour, with jitter.
    """

    limit: Annotated[Count, Field(ge=0, le=100)] = 0
    on: tuple[Cause, ...] = RETRYABLE
    backoff: Seconds = 5.0


class Timeout(Model):
    """Three deadlines of an attempt: for a place to run, for the start, for the run itself."""

    queue: Seconds = 86400.0
    start: Seconds = 1800.0
    run: Seconds = 86400.0


class Input(Model):
    """What a step reads: `from` another step's output, or from outside by `uri`.

    An outside input without a URI (a parameter that is null) is left out of the call.
    """

    from_: Annotated[OutputReference | None, Field(alias="from")] = None
    uri: Text | None = None
    kind: Kind | None = None
    contract: FunctionName | None = None

    @property
    def source(self) -> tuple[str, str] | None:
        """The step and the output that make it; None for something from outside."""
        if self.from_ is None:
            return None
        step, _, output = self.from_.partition(".")
        return step, output


class OnBreach(StrEnum):
    """What happens to rows that break a contract: the step fails, or they are set aside."""

    FAIL = "fail"
    QUARANTINE = "quarantine"


class Drift(Model):
    """What a table's drift is measured against: the last succeeded run, a stage, or a URI."""

    against: Text = "last"


class Output(Model):
    """What a step leaves behind."""

    kind: Kind
    contract: FunctionName | None = None
    on_breach: OnBreach = OnBreach.FAIL
    drift: Drift | None = None


class Limit(Model):
    """A comparison that a metric must satisfy; `first: pass` lets an unmeasured drift through."""

    is_: Annotated[Comparison, Field(alias="is")]
    first: Annotated[str, StringConstraints(pattern=FIRST_PATTERN)] = "fail"


class Approval(Model):
    """A person's yes: any one of `by` (empty: anyone)."""

    by: tuple[Text, ...] = ()


class Bento(Model):
    """A Bento to build from the context at `path`, registered as versions of `model`."""

    path: Text
    model: StepName


InputForm = Annotated[Input, BeforeValidator(_input), written_as(OUTPUT_PATTERN)]
LimitForm = Annotated[Limit, BeforeValidator(_limit), written_as(COMPARISON_PATTERN)]
RetriesForm = Annotated[
    Retries, BeforeValidator(_retries), Also(lambda: {"type": "integer", "minimum": 0, "maximum": 100})
]
TimeoutForm = Annotated[Timeout, BeforeValidator(_timeout), written_as(DURATION_PATTERN), REFERABLE]
ResourcesForm = Annotated[Resources, REFERABLE]
