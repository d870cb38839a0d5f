"""The pipeline spec: what to run, never where.

Frozen models, the same whether read from YAML or built in Python. Tuples, not sets: pydantic
writes a set in another order in each process, and a digest of the spec would change.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import (
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    model_serializer,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic_core import to_json

from moorage.spec.binding import bound_in_python, escaped
from moorage.spec.parts import (
    Approval,
    Bento,
    Drift,
    Gpu,
    Input,
    InputForm,
    Kind,
    Limit,
    LimitForm,
    Model,
    OnBreach,
    OnFailure,
    Output,
    Resources,
    ResourcesForm,
    Retries,
    RetriesForm,
    Timeout,
    TimeoutForm,
)
from moorage.spec.types import (
    REFERABLE,
    Flag,
    FunctionName,
    MetricReference,
    Name,
    SecretReference,
    Start,
    StepName,
    Text,
    VariableName,
)

__all__ = [
    "Approval",
    "Bento",
    "Defaults",
    "Drift",
    "Gpu",
    "Input",
    "Kind",
    "Limit",
    "Model",
    "OnBreach",
    "OnFailure",
    "Output",
    "Pipeline",
    "Resources",
    "Retries",
    "Step",
    "StepKind",
    "Timeout",
]


class StepKind(StrEnum):
    """What a step is; the last two are judged by the driver, the others are jobs."""

    FUNCTION = "run"
    COMMAND = "command"
    BENTO = "bento"
    GATE = "require"
    APPROVAL = "approval"


# Defaults are constructed, not validated: that would build a validator of each of these models at import.
_KINDS = tuple(StepKind)
_BENTO_OUTPUT = {"bento": Output.model_construct(kind=Kind.BENTO)}
_ONE_OF: JsonDict = {"oneOf": [{"required": [kind.value]} for kind in StepKind]}


class Step(Model):
    """One step: exactly one of `run`, `command`, `bento`, `require` and `approval`."""

    model_config = ConfigDict(json_schema_extra=_ONE_OF)

    name: StepName
    run: FunctionName | None = None
    command: Annotated[tuple[str, ...] | None, Field(min_length=1)] = None
    bento: Bento | None = None
    require: Annotated[Mapping[MetricReference, LimitForm] | None, Field(min_length=1)] = None
    approval: Approval | None = None
    parameters: Mapping[Name, JsonValue] = {}
    inputs: Mapping[Name, InputForm] = {}
    outputs: Mapping[Name, Output] = {}
    after: tuple[StepName, ...] = ()
    resources: ResourcesForm = Resources.model_construct()
    retries: RetriesForm = Retries.model_construct()
    timeout: TimeoutForm = Timeout.model_construct()
    secrets: Mapping[VariableName, SecretReference] = {}
    image: Text | None = None
    cache: Flag = True
    start: Start | None = None

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        has = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(has) != 1:
            seen = f"a step does one thing, this one has {' and '.join(has)}" if has else "it says nothing to do"
            raise ValueError(f"{seen}; give exactly one of run, command, bento, require and approval")
        return self

    @cached_property
    def kind(self) -> StepKind:
        """Which of the five it is."""
        return next(kind for kind in _KINDS if getattr(self, kind) is not None)

    @cached_property
    def is_job(self) -> bool:
        """Whether it runs on the platform, rather than being judged by the driver."""
        return self.require is None and self.approval is None

    @property
    def all_outputs(self) -> Mapping[str, Output]:
        """What other steps may read: the outputs, and `bento` for a bento step."""
        return _BENTO_OUTPUT if self.bento else self.outputs

    @cached_property
    def dependencies(self) -> tuple[str, ...]:
        """The steps that it waits for, each once, in the order in which the spec names them."""
        named = [source[0] for item in self.inputs.values() if (source := item.source)]
        named += [reference.partition(".")[0] for reference in self.require or ()]
        return tuple(dict.fromkeys([*named, *self.after]))


class Defaults(Model):
    """What steps take when they do not say otherwise."""

    resources: Annotated[Resources | None, REFERABLE] = None
    retries: RetriesForm | None = None
    timeout: TimeoutForm | None = None
    image: Text | None = None
    cache: Flag | None = None
    start: Start | None = None


class Pipeline(Model):
    """An acyclic set of steps, complete: references are bound, and steps hold their defaults.

    `code` are source roots and `include` globs below them, relative to the spec's folder.
    """

    name: StepName
    parameters: Mapping[Name, JsonValue] = {}
    code: tuple[Text, ...] = ()
    include: tuple[Text, ...] = ()
    defaults: Defaults = Defaults.model_construct()
    on_failure: OnFailure = OnFailure.FINISH
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _bind(cls, data: Any, info: ValidationInfo) -> Any:
        return data if info.context and info.context.get("bound") else bound_in_python(data)

    @model_validator(mode="after")
    def _fold(self) -> Self:
        steps = tuple(_folded(step, self.defaults) for step in self.steps)
        object.__setattr__(self, "steps", steps)  # frozen for everyone else; nobody has seen it yet
        return self

    @model_serializer(mode="wrap")
    def _escape(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = handler(self)
        # Walking through a thousand steps takes 50 ms, and next to no spec has anything to escape.
        return escaped(written) if b"${" in to_json(written, fallback=str) else written

    def step(self, name: str) -> Step:
        """Return the step of that name; KeyError when there is none."""
        return self.by_name[name]

    @cached_property
    def by_name(self) -> Mapping[str, Step]:
        """The steps by their names."""
        return {step.name: step for step in self.steps}

    @property
    def needs(self) -> Mapping[str, tuple[str, ...]]:
        """For each step, the steps that it waits for; names of no step are left out."""
        return {step.name: tuple(n for n in step.dependencies if n in self.by_name) for step in self.steps}


def _folded(step: Step, defaults: Defaults) -> Step:
    taken = {name: getattr(defaults, name) for name in defaults.model_fields_set if step.is_job}
    merged = {name: _merged(step, name, value) for name, value in taken.items() if value is not None}
    return step.model_copy(update=merged) if merged else step


def _merged(step: Step, name: str, default: Any) -> Any:
    if name not in step.model_fields_set:
        return default
    own = getattr(step, name)
    if not isinstance(default, Model):
        return own
    # One level deep: `timeout: {queue: 1h}` keeps the default's `run`.
    return own.model_copy(
        update={key: getattr(default, key) for key in default.model_fields_set - own.model_fields_set}
    )
