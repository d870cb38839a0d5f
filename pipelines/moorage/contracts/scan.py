"""Open a table file, and turn what is wrong with its bytes into a sentence."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from moorage.contracts.compiled import Contract
from moorage.contracts.dtypes import to_polars
from moorage.errors import SpecError

MAGIC = b"PAR1"
"""The first and last four bytes of every Parquet file."""


def open_table(path: Path, contract: Contract | None = None) -> Any:
    """Return the `polars.LazyFrame` over a Parquet file, or a CSV file by its suffix; nothing but its schema is read.

    CSV has no types: its cells are read as `contract` says, else as they look. SpecError when there is no
    such file or its bytes are not a table; wrap what reads the rows in `reading(path)` for the same.
    """
    is_csv = path.suffix.lower() == ".csv"
    with reading(path):
        if not is_csv:
            _require_parquet(path)
        frame = _scan_csv(path, contract) if is_csv else _scan_parquet(path)
        frame.collect_schema()
    return frame


def names_and_types(frame: Any) -> Mapping[str, Any]:
    """Return the polars types of a frame's columns, in their order."""
    return dict(frame.collect_schema())


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn the errors of whatever reads the table at `path` into a SpecError."""
    import polars as pl

    try:
        yield
    # Broken pages can make polars panic, which is no Exception.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise SpecError(f"{path} cannot be read as a table: {_first_line(error)}", fix=_fix(path)) from error


def _scan_parquet(path: Path) -> Any:
    import polars as pl

    return pl.scan_parquet(path, glob=False, hive_partitioning=False)


def _scan_csv(path: Path, contract: Contract | None) -> Any:
    import polars as pl

    columns = contract.columns if contract else ()
    types = {column.name: to_polars(column.dtype, column.zone) for column in columns}
    known = {name: dtype for name, dtype in types.items() if dtype is not None}
    return pl.scan_csv(path, glob=False, schema_overrides=known, try_parse_dates=True, infer_schema_length=10_000)


def _require_parquet(path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(4)
        file.seek(max(0, size - 4))
        end = file.read(4)
    if start != MAGIC:
        raise SpecError(f"{path} is no Parquet file: it begins with {start!r}, not {MAGIC!r}", fix=_fix(path))
    if end != MAGIC or size < 12:
        raise SpecError(f"{path} is a Parquet file that was cut off after {size} bytes", fix=_fix(path))


def _fix(path: Path) -> str:
    kind = "CSV with a header line, UTF-8" if path.suffix.lower() == ".csv" else "Parquet"
    return f"write the table again as {kind}"


def _first_line(error: BaseException) -> str:
    text = str(error).strip().partition("\n")[0]
    return text[:200] or type(error).__name__
