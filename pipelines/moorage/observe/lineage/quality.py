"""What contracts and profiles say of a dataset, in OpenLineage's words. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from openlineage.client.facet_v2 import (
    DatasetFacet,
    InputDatasetFacet,
    data_quality_assertions_dataset,
    data_quality_metrics_dataset,
    data_quality_metrics_input_dataset,
    schema_dataset,
)

from moorage.contracts.compiled import Contract
from moorage.contracts.profile import ColumnProfile, Profile
from moorage.contracts.report import CheckResult


@dataclass(frozen=True)
class Known:
    """What is known of one artifact beside its bytes; `strict` says that a failed check fails the step."""

    contract: Contract | None = None
    profile: Profile | None = None
    checks: tuple[CheckResult, ...] = ()
    strict: bool = True


def facets_of(known: Known) -> dict[str, DatasetFacet]:
    """Return the facets of what was written: its columns, and what its profile counted."""
    metrics = _metrics(known.profile)
    return schema_of(known) | ({"dataQualityMetrics": metrics} if metrics else {})


def input_facets_of(known: Known) -> dict[str, InputDatasetFacet]:
    """Return the facets of what was read: the same counts, and each check."""
    found: dict[str, InputDatasetFacet | None] = {
        "dataQualityMetrics": _input_metrics(known.profile),
        "dataQualityAssertions": assertions(known),
    }
    return {name: facet for name, facet in found.items() if facet is not None}


def assertions(known: Known) -> InputDatasetFacet | None:
    """Return each check with its count; no values of the data, they may be secret."""
    if not known.checks:
        return None
    return data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet(
        assertions=[_assertion(check, known.strict) for check in known.checks]
    )


def _assertion(check: CheckResult, strict: bool) -> data_quality_assertions_dataset.Assertion:
    return data_quality_assertions_dataset.Assertion(
        assertion=check.check,
        success=check.failed == 0,
        column=check.column,
        severity="error" if strict else "warn",
        name=f"{check.contract}: {check.column or 'table'}: {check.check}",
        expected="0 failed",
        actual=f"{check.failed} of {check.rows} failed",
        params={"failed": check.failed, "rows": check.rows},
    )


def schema_of(known: Known) -> dict[str, DatasetFacet]:
    """Return the columns that the contract asks for, else those that the profile saw; none for neither."""
    pairs: Iterable[tuple[str, str]] = ()
    if known.contract:
        pairs = [(column.name, column.dtype) for column in known.contract.columns]
    elif known.profile:
        pairs = [(column.name, column.kind) for column in known.profile.columns]
    fields = [
        schema_dataset.SchemaDatasetFacetFields(name=name, type=kind, ordinal_position=number)
        for number, (name, kind) in enumerate(pairs, start=1)
    ]
    return {"schema": schema_dataset.SchemaDatasetFacet(fields=fields)} if fields else {}


def _metrics(profile: Profile | None) -> DatasetFacet | None:
    if profile is None:
        return None
    columns = {
        column.name: data_quality_metrics_dataset.ColumnMetrics(**_numbers(column, profile.rows))
        for column in profile.columns
    }
    return data_quality_metrics_dataset.DataQualityMetricsDatasetFacet(columnMetrics=columns, rowCount=profile.rows)


def _input_metrics(profile: Profile | None) -> InputDatasetFacet | None:
    if profile is None:
        return None
    columns = {
        column.name: data_quality_metrics_input_dataset.ColumnMetrics(**_numbers(column, profile.rows))
        for column in profile.columns
    }
    return data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet(
        columnMetrics=columns, rowCount=profile.rows
    )


def _numbers(column: ColumnProfile, rows: int) -> dict[str, Any]:
    moments = column.moments if column.kind == "number" else None  # the extremes of times are no numbers to people
    return {
        "nullCount": column.nulls + column.nans,
        "distinctCount": column.distinct,
        "count": rows,
        "sum": moments.mean * moments.count if moments else None,
        "min": moments.minimum if moments else None,
        "max": moments.maximum if moments else None,
    }
