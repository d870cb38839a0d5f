"""Drift of one stack: what the engine finds changed, and what the platform has that no stack declares."""

from collections.abc import Sequence, Set

from moorage.operations import Declared, Operations
from moorage.stacks.drift import Drifted, drifted
from moorage.stacks.engine import Engine
from moorage.stacks.pending import declared
from moorage.stacks.project import StackFile


def look(engine: Engine, file: StackFile, operations: Operations | None, accept: Set[str]) -> tuple[Drifted, ...]:
    """Return what is not as the stacks say; `accept` are the names of undeclared objects that may be there."""
    own = declared(engine.state())
    changed = drifted(engine.events("refresh", "--preview-only"))
    return (*changed, *_undeclared(engine, file, operations, own, accept))


def _undeclared(
    engine: Engine, file: StackFile, operations: Operations | None, own: Sequence[Declared], accept: Set[str]
) -> list[Drifted]:
    if operations is None:
        return []
    found = list(operations.undeclared(file.settings, own))
    if found:  # only then is it worth asking what all other stacks declare
        found = list(operations.undeclared(file.settings, own, _others(engine, file)))
    named = sorted(found, key=lambda each: each.name)
    return [Drifted("undeclared", each.name, each.means) for each in named if each.name not in accept]


def _others(engine: Engine, file: StackFile) -> list[Declared]:
    states = (Engine(file.root, name, engine.program).state() for name in engine.others)
    return [each for state in states for each in declared(state)]
