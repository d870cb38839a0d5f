"""Which rows share a value that must be unique: exact, in bounded memory for any length."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moorage.contracts.compiled import Contract
from moorage.contracts.rules import present

GROUP_ROWS = 4_000_000
"""How many rows are grouped at one time; a longer table is read once per so many rows."""


@dataclass(frozen=True)
class Key:
    """Columns whose values, taken together, no two rows may share; `column` is None for several."""

    column: str | None
    check: str
    names: tuple[str, ...]
    values: tuple[Any, ...]


def keys(contract: Contract, schema: Mapping[str, Any]) -> list[Key]:
    """Return what must be unique, where the table has all of its columns."""
    allow_nan = {column.name: column.allow_nan for column in contract.columns}
    single = [(column.name, "unique", (column.name,)) for column in contract.columns if column.unique]
    joint = [(None, f"unique({', '.join(names)})", names) for names in contract.unique]
    return [
        Key(column, check, names, tuple(present(name, schema[name], allow_nan.get(name, False)) for name in names))
        for column, check, names in (*single, *joint)
        if all(name in schema for name in names)
    ]


def count_repeated(frame: Any, key: Key, rows: int, group_rows: int = GROUP_ROWS) -> int:
    """Return how many rows have a value that another row has too.

    As in SQL, a missing value equals no other.
    """
    import polars as pl

    parts = _parts(frame, key, rows, group_rows)
    sums = (_groups(part).select(pl.col("count").sum()) for part in parts)
    return sum(each.collect(engine="streaming").item() for each in sums)


def repeated(frame: Any, key: Key, rows: int, group_rows: int = GROUP_ROWS) -> Iterator[Any]:
    """Yield LazyFrames that together hold the rows that `count_repeated` counts, each with a column `row`."""
    for part in _parts(frame, key, rows, group_rows):
        names = [name for name in part.collect_schema() if name != "row"]
        yield part.join(_groups(part), on=names, how="semi")


def _parts(frame: Any, key: Key, rows: int, group_rows: int) -> Iterator[Any]:
    import polars as pl

    names = [f"key{number}" for number in range(len(key.names))]
    values = [value.alias(name) for name, value in zip(names, key.values, strict=True)]
    known = frame.select(values).with_row_index("row").drop_nulls(names)
    count = max(1, -(-rows // group_rows))
    # The hash only spreads the work, equality decides: no two different values are taken for one.
    number = pl.struct(names).hash(seed=0) % count
    yield from (known.filter(number == part) if count > 1 else known for part in range(count))


def _groups(part: Any) -> Any:
    import polars as pl

    names: Sequence[str] = [name for name in part.collect_schema() if name != "row"]
    return part.group_by(names).agg(pl.len().alias("count")).filter(pl.col("count") > 1)
