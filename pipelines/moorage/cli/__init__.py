"""The command line: parse, call, print.

Results go to stdout, progress and errors to stderr. Exit codes: 0; 1 the run failed, or a check found
breaches; 2 something that a person must change; 70 a fault of moorage itself; 130 interrupted; 141 nobody
reads stdout any more.
"""

import sys


def main() -> None:
    """Run the command that `sys.argv` names, and exit."""
    from moorage.cli.exits import run

    sys.exit(run(sys.argv[1:]))
