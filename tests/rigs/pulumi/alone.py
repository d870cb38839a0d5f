"""The protocol without the SDK that it comes with, which takes a provider 0.1 s to load, and is of no use to it."""

import sys
from importlib.util import find_spec, module_from_spec


def load_the_protocol_alone() -> None:
    """Have this process import what is in `pulumi.runtime.proto` without the packages around it."""
    for name in ("pulumi", "pulumi.runtime", "pulumi.runtime.proto"):
        spec = find_spec(name)
        assert spec is not None
        sys.modules[name] = module_from_spec(spec)  # it has the folder of its modules; its own code is not run
