"""Check a table against a contract: one streaming pass, and a second one only for examples of what failed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moorage.contracts.compiled import Contract
from moorage.contracts.custom import run_custom
from moorage.contracts.examples import Examples, shown
from moorage.contracts.report import CheckResult
from moorage.contracts.rules import Rule, row_rules
from moorage.contracts.scan import names_and_types, open_table, reading
from moorage.contracts.shape import findings
from moorage.contracts.unique import Key, count_repeated, keys, repeated


@dataclass(frozen=True)
class _Table:
    frame: Any
    schema: dict[str, Any]
    rows: int
    examples: int


def check_table(
    path: Path, contract: Contract, artifact: str, *, examples: int = 5, roots: Sequence[Path] = ()
) -> tuple[CheckResult, ...]:
    """Return the result of every check of `contract` on the table at `path`, of those that hold too.

    `failed` counts rows, for a check of the columns it is 0 or 1; `examples` caps what is shown of each.
    Custom checks come last: they import the contract's module, from `roots` and `sys.path`. SpecError when the
    file cannot be read.
    """
    frame = open_table(path, contract)
    schema = dict(names_and_types(frame))
    rules = row_rules(contract, schema)
    with reading(path):
        rows, failed = _count(frame, rules)
        table = _Table(frame, schema, rows, examples)
        found = [*_of_shape(contract, table), *_of_rows(table, rules, failed), *_of_keys(contract, table)]
    compiled = tuple(
        CheckResult(artifact, contract.name, item.column, item.check, item.failed, rows, item.examples)
        for item in found
    )
    return compiled + run_custom(path, contract, artifact, examples=examples, roots=roots)


@dataclass(frozen=True)
class _Found:
    column: str | None
    check: str
    failed: int
    examples: Examples = ()


def _count(frame: Any, rules: Sequence[Rule]) -> tuple[int, list[int]]:
    import polars as pl

    sums = [rule.breaks.sum().alias(str(number)) for number, rule in enumerate(rules)]
    rows, *failed = frame.select(pl.len().alias("rows"), *sums).collect(engine="streaming").row(0)
    return rows, failed


def _of_shape(contract: Contract, table: _Table) -> Iterator[_Found]:
    if contract.min_rows:
        few = table.rows < contract.min_rows
        seen = ((None, f"{table.rows} rows"),) if few else ()
        yield _Found(None, f"at least {contract.min_rows} row{'s' * (contract.min_rows != 1)}", int(few), seen)
    for item in findings(contract, table.schema):
        yield _Found(item.column, item.check, int(bool(item.seen)), ((None, item.seen),) if item.seen else ())


def _of_rows(table: _Table, rules: Sequence[Rule], failed: Sequence[int]) -> Iterator[_Found]:
    import polars as pl

    for rule, count in zip(rules, failed, strict=True):
        bad = table.frame.with_row_index("\0row").filter(rule.breaks).select("\0row", pl.col(rule.column))
        yield _Found(rule.column, rule.check, count, _shown(bad.head(table.examples)) if count else ())


def _of_keys(contract: Contract, table: _Table) -> Iterator[_Found]:
    for key in keys(contract, table.schema):
        count = count_repeated(table.frame, key, table.rows)
        yield _Found(key.column, key.check, count, _repeated(table, key) if count else ())


def _repeated(table: _Table, key: Key) -> Examples:
    parts = repeated(table.frame, key, table.rows)
    found = [pair for part in parts for pair in _shown(part.bottom_k(table.examples, by="row"))]
    return tuple(sorted(found, key=lambda pair: pair[0] or 0)[: table.examples])


def _shown(bad: Any) -> Examples:
    rows = bad.collect(engine="streaming").rows()
    return tuple(sorted((row, shown(*values)) for row, *values in rows))
