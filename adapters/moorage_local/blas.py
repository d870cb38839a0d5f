"""The threads of numeric libraries: one while a template loads them, as many as the user wants in the step."""

import os
import sys
from collections.abc import Mapping
from typing import Any

SINGLE = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
"""The variables that keep numpy, pandas, pyarrow and scikit-learn from starting threads when they are imported."""

_OWN = {"openblas": "OPENBLAS_NUM_THREADS", "mkl": "MKL_NUM_THREADS"}


def loaded_pools() -> Any:
    """Return what sets the threads of the libraries that are loaded; None without any, or without threadpoolctl."""
    if "numpy" not in sys.modules:
        return None
    try:
        from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]
    except ImportError:
        return None
    return ThreadpoolController()


def restore(pools: Any, environ: Mapping[str, str]) -> None:
    """Give the libraries as many threads as they would have taken in a new interpreter."""
    for library in pools.lib_controllers if pools is not None else ():
        library.set_num_threads(_wanted(library.internal_api, environ))


def _wanted(library: str, environ: Mapping[str, str]) -> int:
    for name in (_OWN.get(library, ""), "OMP_NUM_THREADS"):
        first = environ.get(name, "").partition(",")[0]  # OpenMP takes one number per level
        if first.isdecimal() and int(first) > 0:
            return int(first)
    return len(os.sched_getaffinity(0))
