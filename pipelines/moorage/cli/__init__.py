"""The command line: parse, call, print.

Results go to stdout, progress and errors to stderr. Exit codes: 0; 1 the run failed, or a check found
breaches; 2 something that a person must change; 70 a fault of moorage itself; 130 interrupted; 141 nobody
reads stdout any more.
"""

import os
import sys
from contextlib import suppress
from gc import set_threshold  # by name: `moorage.cli.gc` is a command
from types import ModuleType
from typing import NoReturn

GARBAGE_OBJECTS = 200_000
"""So many new objects start a search for garbage: more than a command imports, none of which is garbage."""

PLUGINS = "pydantic.plugin._loader"
"""The module of pydantic that looks through all that is installed for plugins, and loads them."""


def main() -> NoReturn:
    """Run the command that `sys.argv` names, and exit."""
    set_threshold(GARBAGE_OBJECTS)
    _without_plugins()
    from moorage.cli.exits import run

    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody reads it any more, or it is closed
            stream.flush()
    os._exit(code)  # taking apart all that is loaded takes 10 ms


def _without_plugins() -> None:
    # As PYDANTIC_DISABLE_PLUGINS does, but steps do not inherit it, and importlib.metadata stays out too: 20 ms.
    nothing = ModuleType(PLUGINS)
    nothing.get_plugins = tuple  # type: ignore[attr-defined]
    sys.modules[PLUGINS] = nothing
