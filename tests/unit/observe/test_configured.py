"""Which observers a run has follows from standard environment variables, and by default it has none."""

import subprocess
import sys
from pathlib import Path

import pytest

from moorage.observe.configured import configured, otel_signals

OTLP = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({}, ()),
        (OTLP, ("otel",)),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, ("otel",)),
        ({"OTEL_METRICS_EXPORTER": "otlp"}, ("otel",)),
        ({**OTLP, "OTEL_SDK_DISABLED": "true"}, ()),
        ({**OTLP, "OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}, ()),
        ({"OPENLINEAGE_URL": "http://127.0.0.1:5000"}, ("openlineage",)),
        ({"OPENLINEAGE__TRANSPORT__TYPE": "file"}, ("openlineage",)),
        ({"OPENLINEAGE_URL": "http://127.0.0.1:5000", "OPENLINEAGE_DISABLED": "true"}, ()),
        ({"MLFLOW_TRACKING_URI": "http://127.0.0.1:5001"}, ()),
        ({"MLFLOW_TRACKING_URI": "http://127.0.0.1:5001", "MOORAGE_MLFLOW": "1"}, ("mlflow",)),
        ({"MOORAGE_MLFLOW": "1"}, ()),
    ],
)
def test_the_environment_says_who_observes(environ: dict[str, str], names: tuple[str, ...], tmp_path: Path):
    assert configured({"HOME": str(tmp_path), **environ}, tmp_path) == names


@pytest.mark.parametrize("place", ["openlineage.yml", ".openlineage/openlineage.yml"])
def test_a_file_where_openlineage_looks_for_it_is_enough(place: str, tmp_path: Path):
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("transport: {type: noop}")
    assert configured({"HOME": str(tmp_path)}, tmp_path) == ("openlineage",)


def test_one_signal_can_be_switched_off():
    assert otel_signals({**OTLP, "OTEL_METRICS_EXPORTER": "none"}) == ("traces",)


def test_a_run_that_nobody_observes_loads_nothing_for_it():
    heavy = ("opentelemetry", "openlineage", "mlflow", "moorage.observe.feed", "moorage.observe.watched")
    code = f"import sys, moorage.runs.api; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
