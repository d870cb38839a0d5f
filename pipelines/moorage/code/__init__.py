"""The code that travels with a run: collected, packed, digested, and checked without importing it.

Names are imported when they are first asked for: a job takes `extract` alone, and must not pay for pydantic.
"""

import importlib

_HOMES = {
    "extract": "archive",
    "Code": "collecting",
    "bento_path": "collecting",
    "collect": "collecting",
    "module_digest": "digests",
    "step_digest": "digests",
    "problems_in_code": "checking",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
