"""Telling others how a run goes: OpenTelemetry, OpenLineage and MLflow, each only where it is configured.

Each of them is an observer: a process of its own that is handed the events of the run as they become
durable. So nothing of theirs is loaded into the driver, none can slow or break it, and one that hangs
is ended.
"""

from moorage.observe.watching import Watch, observed

__all__ = ["Watch", "observed"]
