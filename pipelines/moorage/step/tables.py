"""Write a table output as Parquet, from whatever frame the step returned, in bounded memory where it streams."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from moorage.states import Cause
from moorage.step.failures import one_line, passed_user_code
from moorage.step.task import StepFailure, TaskOutput
from moorage.step.values import existing_file

GROUP_ROWS = 262_144
"""The most rows of a row group: what readers, checks and profiles hold in memory at one time."""


def table_file(output: TaskOutput, value: object, warnings: list[str]) -> tuple[Path, int]:
    """Return the Parquet file of a table and its number of rows."""
    path = Path(output.path)
    if isinstance(value, Path):
        path = existing_file(output, value)
    else:
        _require_tables(output)
        _written(output, value, path)
    return path, _rows(output, path, warnings)


def _written(output: TaskOutput, value: object, path: Path) -> None:
    try:
        _write(output, value, path)
    except (StepFailure, MemoryError):
        raise
    except Exception as error:  # polars and pyarrow have an exception of their own for each type they cannot write
        if passed_user_code(error):  # a generator's own error is the user's: it keeps its frames
            raise
        seen = f"output {output.name!r} cannot be written as Parquet: {type(error).__name__}: {one_line(error)}"
        raise StepFailure(Cause.USER, seen) from error


def _write(output: TaskOutput, value: Any, path: Path) -> None:
    kind = _kind(value)
    if kind == "polars.LazyFrame":
        value.sink_parquet(path, row_group_size=GROUP_ROWS)
    elif kind == "polars.DataFrame":
        value.write_parquet(path, row_group_size=GROUP_ROWS)
    elif isinstance(value, list) and all(isinstance(row, Mapping) for row in value):
        _write_arrow(_from_rows(output, value), path)
    elif isinstance(value, Iterable) and not isinstance(value, Mapping | str | bytes) and not _is_frame(kind):
        _write_stream(output, iter(value), path)
    else:
        _write_arrow(_arrow(output, value), path)


def _arrow(output: TaskOutput, value: Any) -> Any:
    import pyarrow

    kind = _kind(value)
    if kind == "pyarrow.Table":
        return value
    if kind == "pyarrow.RecordBatch":
        return pyarrow.Table.from_batches([value])
    if kind == "polars.DataFrame":
        return value.to_arrow()
    if kind == "polars.LazyFrame":
        return value.collect().to_arrow()
    if kind == "pandas.DataFrame":
        named = any(name is not None for name in value.index.names)
        return pyarrow.Table.from_pandas(value, preserve_index=named)
    if isinstance(value, list) and all(isinstance(row, Mapping) for row in value):
        return _from_rows(output, value)
    seen = f"output {output.name!r} is a table and got a {type(value).__name__}"
    fix = (
        "return a polars, pandas or pyarrow table, an iterator of them, a list of dicts, or the path of a Parquet file"
    )
    raise StepFailure(Cause.USER, f"{seen}; {fix}")


def _write_arrow(table: Any, path: Path) -> None:
    from pyarrow import parquet

    parquet.write_table(table, path, row_group_size=GROUP_ROWS)


def _write_stream(output: TaskOutput, parts: Iterator[Any], path: Path) -> None:
    from pyarrow import parquet

    first = next(parts, None)
    if first is None:
        raise StepFailure(
            Cause.USER, f"output {output.name!r} got an iterator with nothing in it; yield an empty table"
        )
    head = _arrow(output, first)
    with parquet.ParquetWriter(path, head.schema) as writer:
        for number, part in enumerate(chain([head], parts)):
            table = _arrow(output, part)
            if not table.schema.equals(head.schema):
                table = _cast(output, table, head.schema, number)
            writer.write_table(table, row_group_size=GROUP_ROWS)


def _cast(output: TaskOutput, table: Any, schema: Any, number: int) -> Any:
    import pyarrow

    try:
        return table.select(schema.names).cast(schema)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError, KeyError, ValueError) as error:
        seen = f"output {output.name!r} got an iterator whose part {number} does not fit its first part"
        raise StepFailure(Cause.USER, f"{seen}: {one_line(error)}") from error


def _from_rows(output: TaskOutput, rows: list[Mapping[str, Any]]) -> Any:
    import pyarrow

    names = list(dict.fromkeys(name for row in rows for name in row))
    if not names:
        raise StepFailure(Cause.USER, f"output {output.name!r} got rows without a column; return at least one")
    return pyarrow.table({name: [row.get(name) for row in rows] for name in names})


def _rows(output: TaskOutput, path: Path, warnings: list[str]) -> int:
    with open(path, "rb") as file:
        start = file.read(4)
    if start != b"PAR1":
        seen = f"output {output.name!r} is a table and must be Parquet; {path.name!r} begins with {start!r}"
        raise StepFailure(Cause.USER, f"{seen}; read it with polars or pandas, and return the frame")
    _require_tables(output)
    import pyarrow
    from pyarrow import parquet

    try:
        metadata = parquet.read_metadata(path)
    except (pyarrow.ArrowInvalid, OSError) as error:
        seen = f"output {output.name!r} names {path.name!r}, which is not whole Parquet"
        raise StepFailure(Cause.USER, f"{seen}: {one_line(error)}") from error
    groups = [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)]
    if groups and max(groups) > GROUP_ROWS:
        warnings.append(
            f"output {output.name!r} has a row group of {max(groups):,} rows; with at most {GROUP_ROWS:,},"
            " those who read it need less memory"
        )
    return int(metadata.num_rows)


def _require_tables(output: TaskOutput) -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        seen = f"output {output.name!r} is a table, and pyarrow is not installed: pip install 'moorage[tables]'"
        raise StepFailure(Cause.SETUP, seen) from error


def _kind(value: object) -> str:
    return f"{type(value).__module__.partition('.')[0]}.{type(value).__qualname__}"


def _is_frame(kind: str) -> bool:
    return kind in ("polars.DataFrame", "pandas.DataFrame", "pyarrow.Table", "pyarrow.RecordBatch")
