"""The pipeline spec: what to run, never where.

Frozen models, the same whether read from YAML or built in Python. Tuples, not sets: pydantic
writes a set in another order in each process, and a digest of the spec would change.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from moorage.spec.units import (
    DURATION_PATTERN,
    SIZE_PATTERN,
    format_duration,
    format_size_gib,
    parse_duration,
    parse_size_gib,
)
from moorage.states import RETRYABLE, Cause

STEP_NAME_PATTERN = r"^[a-z]([-a-z0-9]{0,30}[a-z0-9])?$"
NAME_PATTERN = r"^[a-z][a-z0-9_]*$"
FUNCTION_PATTERN = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$"
REFERENCE_PATTERN = r"^\$\{parameters\.[a-z][a-z0-9_]*\}$"

StepName = Annotated[str, StringConstraints(pattern=STEP_NAME_PATTERN)]
"""A DNS-like label of 1 to 32 characters, legal on every platform we lower to."""
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=64)]
"""The name of an input, an output or a parameter: a Python identifier in lower case."""
FunctionName = Annotated[str, StringConstraints(pattern=FUNCTION_PATTERN)]
"""`package.module:name`."""


def _referable(schema: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema(
        {"anyOf": [schema, {"type": "string", "pattern": REFERENCE_PATTERN}]}
    )


def _lenient_seconds(value: object) -> object:
    return value if isinstance(value, float) else parse_duration(value)


def _lenient_gib(value: object) -> object:
    return value if isinstance(value, float) else parse_size_gib(value)


Seconds = Annotated[
    float,
    BeforeValidator(_lenient_seconds),
    Field(gt=0),
    PlainSerializer(format_duration, return_type=str),
    _referable(
        {
            "type": "string",
            "pattern": DURATION_PATTERN,
            "examples": ["30s", "15m", "1h30m"],
        }
    ),
]
"""A duration in seconds; YAML writes it with a unit, Python may give a float."""
Gib = Annotated[
    float,
    BeforeValidator(_lenient_gib),
    Field(gt=0),
    PlainSerializer(format_size_gib, return_type=str),
    _referable(
        {"type": "string", "pattern": SIZE_PATTERN, "examples": ["512MiB", "16GiB"]}
    ),
]
"""A size in GiB; YAML writes it with a unit, Python may give a float."""

OutputReference = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z]([-a-z0-9]{0,30}[a-z0-9])?\.[a-z][a-z0-9_]*$"),
]
"""`step.output`."""
MetricReference = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z]([-a-z0-9]{0,30}[a-z0-9])?\.[a-z][a-z0-9_]*\.[A-Za-z_][\w.-]*$"
    ),
]
"""`step.output.metric`, or `step.table.drift` and `step.table.rows`."""
Comparison = Annotated[
    str,
    StringConstraints(
        pattern=r"^\s*(<=|>=|<|>|==|!=)\s*-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?\s*$"
    ),
]
"""An operator and a number: `>= 0.75`."""
VariableName = Annotated[
    str, StringConstraints(pattern=r"^[A-Z_][A-Z0-9_]*$", max_length=128)
]
"""The name of an environment variable."""
SecretReference = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?/[A-Za-z0-9_.-]+$", max_length=253
    ),
]
"""`name/key` of a secret."""
Start = Annotated[str, StringConstraints(pattern="^(interpreter|fork)$")]
"""How a local step starts: in a new interpreter, or forked from a warm one."""


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _limit(value: object) -> object:
    return {"is": value} if isinstance(value, str) else value


def _input(value: object) -> object:
    return {"from": value} if isinstance(value, str) else value


def _retries(value: object) -> object:
    return (
        {"limit": value}
        if isinstance(value, int) and not isinstance(value, bool)
        else value
    )


def _timeout(value: object) -> object:
    return {"run": value} if isinstance(value, str | float) else value


class Model(BaseModel):
    """Frozen, and strict about keys: a typo is an error, not a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


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

    name: Annotated[tuple[str, ...], BeforeValidator(_one_or_many)] = ()
    count: Annotated[int, Field(ge=1, le=16)] = 1
    memory_gib: Annotated[Gib | None, Field(alias="memory")] = None


class Resources(Model):
    """What one node of a step needs; the platform's smallest fit is taken."""

    cpu: Annotated[float, Field(gt=0, le=1024)] = 1.0
    memory_gib: Annotated[Gib, Field(alias="memory")] = 1.0
    gpu: Gpu | None = None
    nodes: Annotated[int, Field(ge=1, le=1000)] = 1
    spot: bool = False


class Retries(Model):
    """How many further attempts, after which causes, and how long to wait before the first.

    Each further wait doubles, up to an hour, with jitter.
    """

    limit: Annotated[int, Field(ge=0, le=100)] = 0
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
    uri: str | None = None
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

    against: Annotated[str, Field(min_length=1)] = "last"


class Output(Model):
    """What a step leaves behind."""

    kind: Kind
    contract: FunctionName | None = None
    on_breach: OnBreach = OnBreach.FAIL
    drift: Drift | None = None


class Limit(Model):
    """A comparison that a metric must satisfy; `first: pass` lets an unmeasured drift through."""

    is_: Annotated[Comparison, Field(alias="is")]
    first: Annotated[str, StringConstraints(pattern="^(pass|fail)$")] = "fail"


class Approval(Model):
    """A person's yes: any one of `by` (empty: anyone)."""

    by: tuple[str, ...] = ()


class Bento(Model):
    """A Bento to build from the context at `path`, registered as versions of `model`."""

    path: Annotated[str, Field(min_length=1)]
    model: StepName


class StepKind(StrEnum):
    """What a step is; the last two are judged by the driver, the others are jobs."""

    FUNCTION = "run"
    COMMAND = "command"
    BENTO = "bento"
    GATE = "require"
    APPROVAL = "approval"


class Step(Model):
    """One step: exactly one of `run`, `command`, `bento`, `require` and `approval`."""

    name: StepName
    run: FunctionName | None = None
    command: Annotated[tuple[str, ...] | None, Field(min_length=1)] = None
    bento: Bento | None = None
    require: Annotated[
        Mapping[MetricReference, Annotated[Limit, BeforeValidator(_limit)]] | None,
        Field(min_length=1),
    ] = None
    approval: Approval | None = None
    parameters: Mapping[Name, JsonValue] = {}
    inputs: Mapping[Name, Annotated[Input, BeforeValidator(_input)]] = {}
    outputs: Mapping[Name, Output] = {}
    after: tuple[StepName, ...] = ()
    resources: Resources = Resources()
    retries: Annotated[Retries, BeforeValidator(_retries)] = Retries()
    timeout: Annotated[Timeout, BeforeValidator(_timeout)] = Timeout()
    secrets: Mapping[VariableName, SecretReference] = {}
    image: str | None = None
    cache: bool = True
    start: Start | None = None

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        set_ = [
            kind.value for kind in StepKind if getattr(self, kind.value) is not None
        ]
        if len(set_) != 1:
            seen = f"has {' and '.join(set_)}" if set_ else "has none of them"
            raise ValueError(
                f"a step takes exactly one of run, command, bento, require and approval; this one {seen}"
            )
        return self

    @property
    def kind(self) -> StepKind:
        """Which of the five it is."""
        return next(kind for kind in StepKind if getattr(self, kind.value) is not None)

    @property
    def is_job(self) -> bool:
        """Whether it runs on the platform, rather than being judged by the driver."""
        return self.kind not in (StepKind.GATE, StepKind.APPROVAL)

    @property
    def dependencies(self) -> tuple[str, ...]:
        """The steps that it waits for, each once, in the order in which the spec names them."""
        named = [source[0] for item in self.inputs.values() if (source := item.source)]
        named += [reference.partition(".")[0] for reference in self.require or ()]
        return tuple(dict.fromkeys([*named, *self.after]))


class Defaults(Model):
    """What steps take when they do not say otherwise."""

    resources: Resources | None = None
    retries: Annotated[Retries | None, BeforeValidator(_retries)] = None
    timeout: Annotated[Timeout | None, BeforeValidator(_timeout)] = None
    image: str | None = None
    cache: bool | None = None
    start: Start | None = None


class Pipeline(Model):
    """An acyclic set of steps.

    `code` are source roots and `include` globs below them, relative to the spec's folder.
    """

    name: StepName
    parameters: Mapping[Name, JsonValue] = {}
    code: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    defaults: Defaults = Defaults()
    on_failure: OnFailure = OnFailure.FINISH
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    def step(self, name: str) -> Step:
        """Return the step of that name; KeyError when there is none."""
        return self.by_name[name]

    @cached_property
    def by_name(self) -> Mapping[str, Step]:
        """The steps by their names."""
        return {step.name: step for step in self.steps}
