"""Run what cannot be compiled through pandera itself, under our semantics; the table is held in memory for it."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moorage.contracts.authoring import load_schema
from moorage.contracts.compiled import Contract
from moorage.contracts.examples import Examples, shown
from moorage.contracts.report import CheckResult
from moorage.contracts.rules import present
from moorage.contracts.scan import names_and_types, open_table, reading


@dataclass(frozen=True)
class Judged:
    """A custom check that was run: the `rows` that break it, None where it judged the table as a whole.

    `seen` says why it failed where no row shows it; empty when it holds.
    """

    column: str | None
    check: str
    rows: tuple[int, ...] | None
    seen: str = ""


def run_custom(
    path: Path, contract: Contract, artifact: str, *, examples: int = 5, roots: Sequence[Path] = ()
) -> tuple[CheckResult, ...]:
    """Return the results of the contract's custom checks; none when everything is compiled.

    The module of `contract.reference` is imported here, from `roots` and `sys.path`: only a step, or a command
    that a person gave, may do that. A check that raises has failed. SpecError when the schema is not there.
    """
    if not contract.custom:
        return ()
    frame = read_whole(path, contract)
    rows, judged = frame.height, judge(frame, contract, roots)
    return tuple(
        CheckResult(artifact, contract.name, one.column, one.check, _failed(one), rows, _examples(frame, one, examples))
        for one in judged
    )


def judge(frame: Any, contract: Contract, roots: Sequence[Path] = ()) -> list[Judged]:
    """Return what the contract's custom checks say of a polars DataFrame."""
    from moorage.contracts.translate import custom_checks

    with _importable(roots):
        schema = load_schema(contract.reference, [str(root.absolute()) for root in roots])
    data = _as_the_schema_likes(schema, frame)
    checks = [one for one in custom_checks(schema) if one.column is None or one.column in frame.columns]
    with _everything_checked():
        return [_judge(one, data, frame.height) for one in checks]


def read_whole(path: Path, contract: Contract) -> Any:
    """Return the table as a polars DataFrame in which what counts as missing is null."""
    frame = open_table(path, contract)
    allowed = {column.name: column.allow_nan for column in contract.columns}
    values = [present(name, dtype, allowed.get(name, False)) for name, dtype in names_and_types(frame).items()]
    with reading(path):
        return frame.select(values).collect(engine="streaming")


def _as_the_schema_likes(schema: Any, frame: Any) -> Any:
    from moorage.contracts.translate import flavour

    data = frame.lazy() if flavour(schema) == "polars" else frame.to_pandas()
    schema.register_default_backends(type(data))
    return data


@contextmanager
def _everything_checked() -> Iterator[None]:
    from pandera.config import ValidationDepth, config_context

    # Neither the environment nor a lazy frame may turn data checks off.
    with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
        yield


@contextmanager
def _importable(roots: Sequence[Path]) -> Iterator[None]:
    before = list(sys.path)
    sys.path[:0] = [str(root.absolute()) for root in roots]
    try:
        yield
    finally:
        sys.path[:] = before


def _judge(custom: Any, data: Any, height: int) -> Judged:
    try:
        output = custom.check(data, custom.column).check_output
        bad = _bad_rows(output, height)
    except Exception as error:  # noqa: BLE001 - user code may raise anything
        return Judged(custom.column, custom.label, None, f"it raised {type(error).__name__}: {error}")
    if bad is not None:
        return Judged(custom.column, custom.label, bad)
    return Judged(custom.column, custom.label, None, "" if _is_true(output) else "it is not so")


def _bad_rows(output: Any, height: int) -> tuple[int, ...] | None:
    if hasattr(output, "collect"):
        flags = output.collect().to_series(0)
        return tuple(flags.fill_null(True).not_().arg_true().to_list()) if len(flags) == height else None
    if hasattr(output, "index"):
        flags = output.all(axis=1) if output.ndim > 1 else output
        return tuple(int(row) for row in flags.index[~flags.astype(bool)])
    return None


def _is_true(output: Any) -> bool:
    return bool(output.collect().to_series(0).all() if hasattr(output, "collect") else output)


def _failed(judged: Judged) -> int:
    return len(judged.rows) if judged.rows is not None else int(bool(judged.seen))


def _examples(frame: Any, judged: Judged, most: int) -> Examples:
    if judged.rows is None:
        return ((None, judged.seen),) if judged.seen else ()
    if judged.column is None:
        return tuple((row, shown(*frame.row(row))) for row in judged.rows[:most])
    cells = frame.get_column(judged.column)
    return tuple((row, shown(cells[row])) for row in judged.rows[:most])
