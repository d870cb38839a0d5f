"""`floor_steps.py SHAPE NUMBER START`: steps that hand a value on by a hashed file, with a row in SQLite for each.

SHAPE is `chain`, or `fan`: two at a time. START is `fork`, or `interpreter`.
"""

import hashlib
import os
import sqlite3
import sys
import tempfile
from pathlib import Path

INTERPRETER = """
import hashlib, pathlib, sys
data = str(int(pathlib.Path(sys.argv[1]).read_text()) + 1).encode()
pathlib.Path(hashlib.sha256(data).hexdigest()).write_bytes(data)
"""


def main(shape: str, number: int, start: str) -> None:
    """Run the steps in a new folder below this one."""
    os.chdir(tempfile.mkdtemp(dir="."))
    Path("0").write_text("0")
    rows = sqlite3.connect("rows.db", isolation_level=None)
    rows.execute("create table steps (number integer, digest text)")
    (_chain if shape == "chain" else _fan)(number, start, rows)
    rows.close()


def _chain(number: int, start: str, rows: sqlite3.Connection) -> None:
    value = "0"
    for step in range(number):
        os.waitpid(_begin(value, start), 0)
        value = _note(step, value, rows)


def _fan(number: int, start: str, rows: sqlite3.Connection) -> None:
    running: set[int] = set()
    for step in range(number):
        if len(running) == 2:
            running.discard(os.wait()[0])
        running.add(_begin("0", start))
        _note(step, "0", rows)
    while running:
        running.discard(os.wait()[0])


def _begin(value: str, start: str) -> int:
    if start == "interpreter":
        return os.posix_spawn(sys.executable, [sys.executable, "-c", INTERPRETER, value], os.environ)
    if pid := os.fork():
        return pid
    data = str(int(Path(value).read_text()) + 1).encode()
    Path(hashlib.sha256(data).hexdigest()).write_bytes(data)
    os._exit(0)


def _note(step: int, value: str, rows: sqlite3.Connection) -> str:
    digest = hashlib.sha256(str(int(Path(value).read_text()) + 1).encode()).hexdigest()
    rows.execute("insert into steps values (?, ?)", (step, digest))
    return digest


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
