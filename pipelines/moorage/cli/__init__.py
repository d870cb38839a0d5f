"""The command line: parse, call, print.

Results go to stdout, progress and errors to stderr. Exit codes: 0; 1 the run failed, or a check found
breaches; 2 something that a person must change; 70 a fault of moorage itself; 130 interrupted; 141 nobody
reads stdout any more.
"""

import sys
from gc import freeze, set_threshold  # by name: `moorage.cli.gc` is a command

GARBAGE_OBJECTS = 50_000
"""So many new objects start a search for garbage; Python's own 700 start hundreds while modules are imported."""


def main() -> None:
    """Run the command that `sys.argv` names, and exit."""
    set_threshold(GARBAGE_OBJECTS)
    from moorage.cli.exits import run

    code = run(sys.argv[1:])
    freeze()  # the process ends: there is no need to look through all that it has
    sys.exit(code)
