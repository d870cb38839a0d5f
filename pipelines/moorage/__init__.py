"""One pipeline spec, any cloud.

What is named here is imported when it is first asked for: `import moorage` alone costs next to nothing.
"""

import importlib

_HOMES = {
    "moorage.errors": (
        "AccessDenied", "CapacityExceeded", "Corrupt", "MoorageError", "NotFound", "PlatformError", "QuotaExceeded",
        "SpecError", "TargetError", "Throttled", "Unsupported",
    ),
    "moorage.runs.api": ("Run", "run"),
    "moorage.spec": ("load", "validate"),
    "moorage.spec.models": (
        "Approval", "Bento", "Defaults", "Drift", "Gpu", "Input", "Kind", "Limit", "OnBreach", "OnFailure", "Output",
        "Pipeline", "Resources", "Retries", "Step", "StepKind", "Timeout",
    ),
    "moorage.states": ("Cause", "RunState", "StepState"),
}  # fmt: skip
_PLACES = {name: module for module, names in _HOMES.items() for name in names}

__all__ = ["__version__", *_PLACES]


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("moorage")
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_PLACES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
