"""Set the rows that break a contract aside: good and bad rows together are those that came in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moorage.contracts.compiled import Contract
from moorage.contracts.custom import judge, read_whole
from moorage.contracts.rules import row_rules
from moorage.contracts.scan import names_and_types, open_table, reading
from moorage.contracts.shape import findings
from moorage.contracts.unique import keys, repeated
from moorage.errors import Corrupt, SpecError

ROW_GROUP = 262_144
"""Rows per row group of what we write: the memory of every later reader is bounded by it."""


@dataclass(frozen=True)
class Split:
    """How many rows went where."""

    rows_good: int
    rows_bad: int


def split_table(path: Path, contract: Contract, good: Path, bad: Path, *, roots: Sequence[Path] = ()) -> Split:
    """Write the rows of `path` that keep the contract to `good`, the others to `bad`, both in their order.

    `bad` has two more columns: `_row`, counted from 0, and `_reasons`, "column: check; column: check".
    All rows that share a value which must be unique are bad: none of them is known to be the right one.
    SpecError when what is wrong is not a matter of rows, or when fewer than `min_rows` good ones are left
    (then both files are there, complete). Custom checks import the contract's module, as in `check_table`.
    """
    frame = open_table(path, contract)
    schema = dict(names_and_types(frame))
    _require_splittable(path, contract, schema)
    custom = _custom_marks(path, contract, roots)
    with reading(path):
        rows = _rows(frame)
        marked = _marked(frame, contract, schema, [*_key_marks(frame, contract, schema, rows), *custom])
        _write(marked.filter(_is_good()).select(*schema), good)
        _write(marked.filter(~_is_good()), bad)
        split = Split(_rows(_scan(good)), _rows(_scan(bad)))
    return _verified(split, rows, path, contract)


def _unsplittable(path: Path, contract: Contract, wrong: Sequence[str]) -> SpecError:
    return SpecError(
        f"{path.name} breaks contract {contract.name} as a whole, not in single rows: {'; '.join(wrong)}",
        fix="write the table as the contract says, or change the contract",
    )


@dataclass(frozen=True)
class _Mark:
    text: str
    rows: Any


def _require_splittable(path: Path, contract: Contract, schema: dict[str, Any]) -> None:
    found = findings(contract, schema)
    if wrong := [f"{item.column or 'table'}: {item.check}, seen: {item.seen}" for item in found if item.seen]:
        raise _unsplittable(path, contract, wrong)
    if taken := {"_row", "_reasons"} & set(schema):
        raise SpecError(
            f"{path.name} has a column {sorted(taken)[0]!r}, which a table of bad rows needs for itself",
            fix="rename the column, or set `on_breach: fail`",
        )


def _marked(frame: Any, contract: Contract, schema: dict[str, Any], marks: Sequence[_Mark]) -> Any:
    import polars as pl

    marked = frame.with_row_index("_row").with_columns(pl.col("_row").cast(pl.Int64))
    reasons = [_reason(rule.breaks, f"{rule.column}: {rule.check}") for rule in row_rules(contract, schema)]
    for number, mark in enumerate(marks):
        name = f"\0{number}"
        flags = mark.rows.select(pl.col("row").cast(pl.Int64), pl.lit(True).alias(name))
        marked = marked.join(flags, left_on="_row", right_on="row", how="left", maintain_order="left")
        reasons.append(_reason(pl.col(name), mark.text))
    text = pl.concat_str(reasons, separator="; ", ignore_nulls=True) if reasons else pl.lit("")
    return marked.select(*schema, "_row", text.alias("_reasons"))


def _key_marks(frame: Any, contract: Contract, schema: dict[str, Any], rows: int) -> Iterator[_Mark]:
    import polars as pl

    for key in keys(contract, schema):
        parts = [part.select("row") for part in repeated(frame, key, rows)]
        yield _Mark(f"{key.column or 'table'}: {key.check}", pl.concat(parts))


def _custom_marks(path: Path, contract: Contract, roots: Sequence[Path]) -> list[_Mark]:
    import polars as pl

    judged = judge(read_whole(path, contract), contract, roots) if contract.custom else []
    for one in judged:
        if one.rows is None and one.seen:
            raise _unsplittable(path, contract, [f"{one.column or 'table'}: {one.check}, seen: {one.seen}"])
    return [
        _Mark(f"{one.column or 'table'}: {one.check}", pl.LazyFrame({"row": one.rows}, {"row": pl.Int64}))
        for one in judged
        if one.rows
    ]


def _reason(breaks: Any, text: str) -> Any:
    import polars as pl

    return pl.when(breaks).then(pl.lit(text))


def _is_good() -> Any:
    import polars as pl

    return pl.col("_reasons") == ""


def _write(frame: Any, path: Path) -> None:
    frame.sink_parquet(path, engine="streaming", row_group_size=ROW_GROUP, maintain_order=True)


def _scan(path: Path) -> Any:
    import polars as pl

    return pl.scan_parquet(path, glob=False)


def _rows(frame: Any) -> int:
    import polars as pl

    return int(frame.select(pl.len()).collect(engine="streaming").item())


def _verified(split: Split, rows: int, path: Path, contract: Contract) -> Split:
    if split.rows_good + split.rows_bad != rows:
        raise Corrupt(
            f"splitting {path.name} made {split.rows_good} good and {split.rows_bad} bad rows out of {rows}",
            fix="run the step again; if it happens twice, report it",
        )
    if split.rows_good < contract.min_rows:
        raise SpecError(
            f"{split.rows_bad} of {rows} rows of {path.name} break contract {contract.name}; the {split.rows_good} "
            f"that keep it are fewer than the {contract.min_rows} it asks for",
            fix="look at the reasons in the table of bad rows, then fix the data or the contract",
        )
    return split
