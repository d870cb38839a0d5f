"""Specs as text: what every test of the spec starts from."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from pydantic import JsonValue

from moorage.errors import SpecError
from moorage.spec import Pipeline, read_pipeline

Read = Callable[..., Pipeline]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a reader of spec text."""

    def reader(text: str | bytes, parameters: Mapping[str, JsonValue] | None = None) -> Pipeline:
        data = text.encode() if isinstance(text, str) else text
        return read_pipeline(data, "pipeline.yaml", tmp_path, parameters)

    return reader


@pytest.fixture
def wrong(read: Read) -> Callable[..., str]:
    """Return what is said about spec text that is wrong; each problem must have its line."""

    def sayer(text: str | bytes, parameters: Mapping[str, JsonValue] | None = None) -> str:
        with pytest.raises(SpecError) as caught:
            read(text, parameters)
        assert all(problem.where and problem.where.line and problem.where.column for problem in caught.value.problems)
        return str(caught.value)

    return sayer
