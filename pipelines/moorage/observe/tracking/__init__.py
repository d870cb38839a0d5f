"""MLflow: one run of theirs per run of ours, with its parameters, its metrics and where everything came from."""

from moorage.observe.tracking.observer import Tracking

__all__ = ["Tracking"]
