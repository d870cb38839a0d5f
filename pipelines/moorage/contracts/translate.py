"""Turn a pandera schema into a contract; runs where pandera is already imported."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moorage.contracts.builtin import compiled_check
from moorage.contracts.compiled import Check, Column, Contract
from moorage.contracts.dtypes import can_check, described
from moorage.contracts.options import own_options
from moorage.contracts.pandera_types import dtype_of
from moorage.errors import SpecError


@dataclass(frozen=True)
class Custom:
    """A check that pandera must run: the column or None for the table, its name, pandera's own object, and why."""

    column: str | None
    label: str
    check: Any
    reason: str

    def __str__(self) -> str:
        return f"{self.column or 'table'}: {self.label} ({self.reason})"


def as_schema(authored: object) -> Any:
    """Return the DataFrameSchema of a schema or a DataFrameModel class, polars or pandas; None for anything else."""
    from pandera.api.dataframe.container import DataFrameSchema
    from pandera.api.dataframe.model import DataFrameModel

    if isinstance(authored, type) and issubclass(authored, DataFrameModel):
        schema = authored.to_schema()
        # pandera 0.35 leaves the metadata of a polars model's Config behind.
        schema.metadata = schema.metadata or getattr(authored.Config, "metadata", None)
        return schema if flavour(schema) else None
    return authored if isinstance(authored, DataFrameSchema) and flavour(authored) else None


def flavour(schema: Any) -> str | None:
    """Return which data a schema is for, polars or pandas; None for another kind."""
    modules = {klass.__module__ for klass in type(schema).__mro__}
    return next((name for name in ("polars", "pandas") if f"pandera.api.{name}.container" in modules), None)


def translate(schema: Any, reference: str) -> Contract:
    """Return the contract that a DataFrameSchema of pandera's polars or pandas flavour says.

    SpecError when the schema changes data (parsers, defaults, dropping, filtering) or asks what no table has.
    """
    _require_plain(schema, reference)
    options = own_options(schema.metadata, ("min_rows",), reference)
    return Contract(
        name=reference.rpartition(":")[2],
        reference=reference,
        columns=tuple(_column(schema, column, reference) for column in schema.columns.values()),
        strict=bool(schema.strict),
        ordered=bool(schema.ordered),
        unique=_joint_keys(schema.unique),
        min_rows=int(options.get("min_rows", 1)),
        custom=tuple(map(str, custom_checks(schema))),
    )


def custom_checks(schema: Any) -> Iterator[Custom]:
    """Yield the checks of a schema that cannot be compiled."""
    for name, column in schema.columns.items():
        dtype, zone, _ = dtype_of(schema.dtype or column.dtype)
        for check in column.checks:
            ours = compiled_check(check)
            if isinstance(ours, str):
                yield Custom(name, _label(check), check, ours)
            elif dtype != "any" and not can_check(ours, dtype, zone):
                raise SpecError(
                    f"column {name!r} is {described(dtype, zone)}, which {ours.name} cannot judge",
                    fix="give the check values of the column's type, or change the type",
                )
    for check in schema.checks:
        yield Custom(None, _label(check), check, "a check of the whole table")


def _column(schema: Any, column: Any, reference: str) -> Column:
    dtype, zone, categories = _dtype(schema.dtype or column.dtype, column.name, reference)
    checks = [ours for check in column.checks if isinstance(ours := compiled_check(check), Check)]
    if categories is not None:
        checks.append(Check.of("isin", *sorted(categories)))
    options = own_options(column.metadata, ("allow_nan",), f"{reference}, column {column.name!r}")
    return Column(
        name=column.name,
        dtype=dtype,
        zone=zone,
        nullable=bool(column.nullable),
        required=bool(column.required),
        unique=bool(column.unique),
        allow_nan=bool(options.get("allow_nan", False)),
        coerce=bool(column.coerce or schema.coerce),
        checks=tuple(checks),
    )


def _dtype(dtype: Any, name: str, reference: str) -> tuple[str, str | None, tuple[str, ...] | None]:
    try:
        return dtype_of(dtype)
    except ValueError as error:
        raise SpecError(
            f"{reference}: column {name!r} has the type {error}, which a contract cannot hold",
            fix="use a number, bool, str, date, datetime or timedelta, or a polars type",
        ) from error


def _joint_keys(unique: Any) -> tuple[tuple[str, ...], ...]:
    if not unique:
        return ()
    return ((unique,),) if isinstance(unique, str) else (tuple(unique),)


def _label(check: Any) -> str:
    return str(check.name or "check")


def _require_plain(schema: Any, reference: str) -> None:
    for asked, fix in _beyond(schema):
        raise SpecError(f"{reference}: {asked}", fix=fix)


def _beyond(schema: Any) -> Iterator[tuple[str, str]]:
    in_step = "change data in a step; a contract only checks it"
    if schema.parsers or schema.add_missing_columns or any(column.parsers for column in schema.columns.values()):
        yield "it has parsers or adds columns", in_step
    if schema.drop_invalid_rows:
        yield "it sets drop_invalid_rows", "set `on_breach: quarantine` on the step's output"
    if schema.strict == "filter":
        yield "it has strict='filter', which drops columns", f"use strict=True or strict=False; {in_step}"
    if schema.index is not None:
        yield "it has an index, and a stored table has none", "make the index a column"
    for column in schema.columns.values():
        if column.default is not None:
            yield f"column {column.name!r} has a default", in_step
        if column.regex:
            yield f"column {column.name!r} is a pattern of names", "name each column"
        yield from _warning(column)


def _warning(column: Any) -> Iterator[tuple[str, str]]:
    if any(check.raise_warning for check in column.checks):
        yield f"column {column.name!r} has a check that only warns", "leave raise_warning out, or the check"
