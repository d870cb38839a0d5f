"""The pipeline spec: frozen models, read from YAML with a line and a column in every error."""

from moorage.spec.check import check, validate
from moorage.spec.models import (
    Approval,
    Bento,
    Defaults,
    Drift,
    Gpu,
    Input,
    Kind,
    Limit,
    Model,
    OnBreach,
    OnFailure,
    Output,
    Pipeline,
    Resources,
    Retries,
    Step,
    StepKind,
    Timeout,
)
from moorage.spec.reading import document, load, parse_parameter, read_pipeline
from moorage.spec.schema import json_schema

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
    "check",
    "document",
    "json_schema",
    "load",
    "parse_parameter",
    "read_pipeline",
    "validate",
]
