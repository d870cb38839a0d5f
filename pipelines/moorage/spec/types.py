"""The words of the spec: names, durations, sizes, references; each with its bounds and its JSON Schema."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, PlainSerializer, StringConstraints, WithJsonSchema

from moorage.frozen import Frozen
from moorage.spec.units import (
    DURATION_PATTERN,
    MAX_GIB,
    MAX_SECONDS,
    SIZE_PATTERN,
    format_duration,
    format_size_gib,
    parse_duration,
    parse_size_gib,
)

_STEP = r"[a-z]([-a-z0-9]{0,30}[a-z0-9])?"
_NAME = r"[a-z][a-z0-9_]*"
STEP_NAME_PATTERN = rf"^{_STEP}$"
NAME_PATTERN = rf"^{_NAME}$"
FUNCTION_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*$"
REFERENCE_PATTERN = rf"^\$\{{parameters\.{_NAME}\}}$"
OUTPUT_PATTERN = rf"^{_STEP}\.{_NAME}$"
METRIC_PATTERN = rf"^{_STEP}\.{_NAME}\.[A-Za-z_][A-Za-z0-9_.-]*$"
COMPARISON_PATTERN = r"^ *(<=|>=|<|>|==|!=) *-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)? *$"
VARIABLE_PATTERN = r"^[A-Z_][A-Z0-9_]*$"
SECRET_PATTERN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?/[A-Za-z0-9_.-]+$"
START_PATTERN = r"^(interpreter|fork)$"
FIRST_PATTERN = r"^(pass|fail)$"

StepName = Annotated[str, StringConstraints(pattern=STEP_NAME_PATTERN)]
"""A DNS-like label of 1 to 32 characters, legal on every platform we lower to."""
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=64)]
"""The name of an input, an output or a parameter: a Python identifier in lower case."""
FunctionName = Annotated[str, StringConstraints(pattern=FUNCTION_PATTERN)]
"""`package.module:name`."""
OutputReference = Annotated[str, StringConstraints(pattern=OUTPUT_PATTERN)]
"""`step.output`."""
MetricReference = Annotated[str, StringConstraints(pattern=METRIC_PATTERN)]
"""`step.output.metric`, or `step.table.drift` and `step.table.rows`."""
Comparison = Annotated[str, StringConstraints(pattern=COMPARISON_PATTERN)]
"""An operator and a number: `>= 0.75`."""
VariableName = Annotated[str, StringConstraints(pattern=VARIABLE_PATTERN, max_length=128)]
"""The name of an environment variable."""
SecretReference = Annotated[str, StringConstraints(pattern=SECRET_PATTERN, max_length=253)]
"""`name/key` of a secret."""
Start = Annotated[str, StringConstraints(pattern=START_PATTERN)]
"""How a local step starts: in a new interpreter, or forked from a warm one."""
Text = Annotated[str, Field(min_length=1)]
"""Any text that is not empty."""


def written_as(pattern: str) -> "Also":
    """Return the form of a text that matches `pattern`."""
    return Also(lambda: {"type": "string", "pattern": pattern})


class Also(Frozen):
    """Adds a form that a validator accepts to the JSON Schema of what it annotates."""

    schema: Callable[[], dict[str, Any]]

    def __get_pydantic_json_schema__(self, core: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema of either form."""
        return {"anyOf": [handler(core), self.schema()]}


def _reference() -> dict[str, Any]:
    return {"type": "string", "pattern": REFERENCE_PATTERN}


REFERABLE = Also(_reference)
"""A `${parameters.x}` may stand here."""


def _seconds(value: object) -> object:
    return value if isinstance(value, float) else parse_duration(value)


def _gib(value: object) -> object:
    return value if isinstance(value, float) else parse_size_gib(value)


_DURATION: dict[str, Any] = {"type": "string", "pattern": DURATION_PATTERN, "examples": ["30s", "15m", "1h30m"]}
_SIZE = {"type": "string", "pattern": SIZE_PATTERN, "examples": ["512MiB", "16GiB"]}

Seconds = Annotated[
    float,
    BeforeValidator(_seconds),
    Field(gt=0, le=MAX_SECONDS, allow_inf_nan=False),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"anyOf": [_DURATION, _reference()]}),
]
"""A duration in seconds; YAML writes it with a unit, Python may give a float."""
Gib = Annotated[
    float,
    BeforeValidator(_gib),
    Field(gt=0, le=MAX_GIB, allow_inf_nan=False),
    PlainSerializer(format_size_gib, return_type=str),
    WithJsonSchema({"anyOf": [_SIZE, _reference()]}),
]
"""A size in GiB; YAML writes it with a unit, Python may give a float."""
Flag = Annotated[bool, Field(strict=True)]
"""true or false; `yes` is text in YAML 1.2."""
Count = Annotated[int, Field(strict=True)]
"""A whole number, not a text or a float that looks like one."""
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""A number, not a text that looks like one."""
