"""Projects to collect code from: files by their names, below a temporary folder."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from moorage.spec import Pipeline, load

Project = Callable[[Mapping[str, str]], Pipeline]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a writer of files that returns the pipeline in `acme/pipeline.yaml`."""

    def writer(files: Mapping[str, str]) -> Pipeline:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return load(tmp_path / "acme" / "pipeline.yaml")

    return writer
