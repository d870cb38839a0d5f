"""What a stack says of an environment on one machine: runs of a team, with a store of their own."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from moorage.spec.models import Model
from moorage_infra.config.words import LabelKey, LabelValue, Text

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""A number above 0."""


class LocalSettings(Model):
    """This machine; paths are relative to the project."""

    platform: Literal["local"] = Field(description="`local`: one machine")
    labels: Mapping[LabelKey, LabelValue] = Field(default={}, description="whose it is, for whoever lists environments")
    registry: Text | None = Field(default=None, description="where its images are: `registry.example.org/team`")
    store: Text = Field(description="a folder, or a bucket: `s3://...`, `gs://...`, `az://...`")
    cpu: Positive = Field(description="the CPUs that steps may use at one time")
    memory_gib: Positive = Field(description="the memory that steps may use at one time, in GiB")
    folder: Text = Field(default=".moorage/team", description="where the jobs are kept")
    python: Text = Field(default=".venv/bin/python", description="the interpreter of the steps")
