"""Which observers the environment variables ask for. Pure but for looking whether a file is there."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path


class ObserverName(StrEnum):
    """The observers there are; each is the extra that brings what it needs."""

    OTEL = "otel"
    OPENLINEAGE = "openlineage"
    MLFLOW = "mlflow"


TITLES: Mapping[ObserverName, str] = {
    ObserverName.OTEL: "OpenTelemetry",
    ObserverName.OPENLINEAGE: "OpenLineage",
    ObserverName.MLFLOW: "MLflow",
}
"""What people call them."""

SIGNALS = ("traces", "metrics")
"""What is sent by OpenTelemetry; logs stay in the store."""


def configured(environ: Mapping[str, str], folder: Path) -> tuple[ObserverName, ...]:
    """Return the observers that a driver started in `folder` with these variables has."""
    wanted = {
        ObserverName.OTEL: bool(otel_signals(environ)),
        ObserverName.OPENLINEAGE: _wants_openlineage(environ, folder),
        ObserverName.MLFLOW: bool(environ.get("MLFLOW_TRACKING_URI")) and _is_on(environ, "MOORAGE_MLFLOW"),
    }
    return tuple(name for name in ObserverName if wanted[name])


def otel_signals(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return which of traces and metrics are exported by OTLP: those that have an endpoint or an exporter."""
    if _is_on(environ, "OTEL_SDK_DISABLED"):
        return ()
    return tuple(signal for signal in SIGNALS if _exporter(environ, signal) == "otlp")


def _exporter(environ: Mapping[str, str], signal: str) -> str:
    endpoints = ("OTEL_EXPORTER_OTLP_ENDPOINT", f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT")
    default = "otlp" if any(environ.get(name) for name in endpoints) else "none"
    return environ.get(f"OTEL_{signal.upper()}_EXPORTER", "").strip().lower() or default


def _wants_openlineage(environ: Mapping[str, str], folder: Path) -> bool:
    if _is_on(environ, "OPENLINEAGE_DISABLED"):
        return False
    if environ.get("OPENLINEAGE_URL") or any(name.startswith("OPENLINEAGE__TRANSPORT") for name in environ):
        return True
    # Where the client of OpenLineage looks by itself.
    files = (environ.get("OPENLINEAGE_CONFIG"), folder / "openlineage.yml", _home(environ) / "openlineage.yml")
    return any(file and Path(file).is_file() for file in files)


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME", "/")) / ".openlineage"


def _is_on(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").strip().lower() in ("1", "true", "yes", "on")
