"""The contract at the edge of a service: from the records of a request to the rows that the model gets."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moorage.contracts.compiled import FLOATS, INTEGERS, Contract
from moorage.contracts.record import RecordBreach, RecordValidator
from moorage_serving.bodies import Record
from moorage_serving.problems import LONGEST_VALUE, MOST_SHOWN, Breach, Refused

_PORTION = 256
"""Records that are checked at a time: a body of nothing but empty records cannot make a million problems."""


class Edge:
    """Checks every value of every record; what passes is an array in the contract's order of columns."""

    def __init__(self, contract: Contract) -> None:
        self._columns = tuple(column.name for column in contract.columns)
        is_number = all(column.dtype in (*INTEGERS, *FLOATS, "bool") for column in contract.columns)
        self._dtype = np.float64 if is_number else np.object_
        self._validator = RecordValidator(contract)

    def rows(self, records: Sequence[Record]) -> NDArray[Any]:
        """Return the rows, of shape (records, columns): float64 where all columns are numbers, else objects.

        A missing value is NaN, or None among objects. Refuses with 422 and every breach, up to a limit.
        """
        made = np.empty((len(records), len(self._columns)), dtype=self._dtype)
        breaches: list[Breach] = []
        for start in range(0, len(records), _PORTION):
            portion = list(records[start : start + _PORTION])
            try:
                self._fill(made[start : start + len(portion)], self._validator.validate_python(portion))
            except RecordBreach as breach:
                breaches += _breaches(breach, start)
                if len(breaches) >= MOST_SHOWN:
                    break
        if breaches:
            raise _refusal(breaches)
        return made

    def _fill(self, made: NDArray[Any], values: Mapping[str, Sequence[object]]) -> None:
        for place, name in enumerate(self._columns):
            made[:, place] = values.get(name, None)


def _breaches(breach: RecordBreach, start: int) -> Iterator[Breach]:
    for problem in breach.problems:
        yield Breach(start + (problem.row or 0), _cut(problem.column), problem.message)


def _cut(column: str | None) -> str | None:
    return column if column is None or len(column) <= LONGEST_VALUE else f"{column[: LONGEST_VALUE - 1]}…"


def _refusal(breaches: list[Breach]) -> Refused:
    shown = breaches[:MOST_SHOWN]
    first = shown[0]
    place = f"row {first.row}" if first.column is None else f"row {first.row}, column {first.column!r}"
    return Refused(422, "Contract Broken", f"{place}: {first.message}", breaches=shown)
