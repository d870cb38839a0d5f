"""Check the records of a request from their bytes, with no table engine in the process; needs pydantic-core."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from moorage.contracts.compiled import Contract
from moorage.errors import SpecError

MOST_PROBLEMS = 20
"""How many problems one breach lists."""

LONGEST = 40
"""How many characters of a value a message shows."""


@dataclass(frozen=True)
class RecordProblem:
    """One thing that is wrong: `row` counts from 0; no row or column where it is the whole body."""

    row: int | None
    column: str | None
    message: str

    def __str__(self) -> str:
        places = [f"row {self.row}"] if self.row is not None else []
        places += [f"column {self.column!r}"] if self.column is not None else []
        return f"{', '.join(places)}: {self.message}" if places else self.message


class RecordBreach(Exception):
    """Records that break their contract: the first problems, and how many there are in `total`."""

    def __init__(self, problems: Sequence[RecordProblem]) -> None:
        self.problems = tuple(problems[:MOST_PROBLEMS])
        self.total = len(problems)
        more = [f"and {self.total - MOST_PROBLEMS} more"] if self.total > MOST_PROBLEMS else []
        super().__init__("; ".join([*map(str, self.problems), *more]))


@dataclass(frozen=True)
class RecordValidator:
    """Checks records against the columns of a contract, all but those in `without` (for example a label).

    What needs a whole table (`unique`, `min_rows`, order) says nothing about a request and is left out, and so
    are custom checks, which only pandera can run: `unchecked` names them. SpecError for a column whose type no
    JSON value has.
    """

    contract: Contract
    without: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = field(init=False)
    _one: Any = field(init=False, repr=False, compare=False)
    _many: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Build the two validators, of one record and of a list."""
        from pydantic_core import SchemaValidator, core_schema

        from moorage.contracts.record_schema import record_schema

        mine = self.contract.without(self.without)
        record = record_schema(mine)
        object.__setattr__(self, "contract", mine)
        object.__setattr__(self, "unchecked", mine.custom)
        object.__setattr__(self, "_one", SchemaValidator(record))
        object.__setattr__(self, "_many", SchemaValidator(core_schema.list_schema(record, min_length=1)))

    def validate_json(self, body: bytes) -> dict[str, list[Any]]:
        """Return the columns of one record `{...}` or of a list of them; RecordBreach with every problem."""
        many = body.lstrip()[:1] == b"["
        return self._columns((self._many if many else self._one).validate_json, body, many)

    def validate_python(self, records: object) -> dict[str, list[Any]]:
        """Return the columns of one record or of a list of them that are already parsed from JSON."""
        many = isinstance(records, list)
        return self._columns((self._many if many else self._one).validate_python, records, many)

    def _columns(self, validate: Any, given: object, many: bool) -> dict[str, list[Any]]:
        from pydantic_core import ValidationError

        try:
            rows = validate(given)
        except ValidationError as error:
            raise RecordBreach([_problem(each, many) for each in error.errors(include_url=False)]) from error
        return self._transposed(rows if many else [rows])

    def _transposed(self, rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
        columns: dict[str, list[Any]] = {}
        for column in self.contract.columns:
            name = column.name
            if column.required:
                columns[name] = [row[name] for row in rows]
            elif any(name in row for row in rows):
                columns[name] = _optional(rows, name, column.nullable)
        return columns


def _optional(rows: list[dict[str, Any]], name: str, nullable: bool) -> list[Any]:
    gaps = [number for number, row in enumerate(rows) if name not in row]
    if gaps and not nullable:
        raise RecordBreach([RecordProblem(number, name, "is missing, and other records have it") for number in gaps])
    return [row.get(name) for row in rows]


_MESSAGES = {
    "missing": "is missing",
    "extra_forbidden": "is no column of the contract",
    "dict_type": "must be an object with the columns as keys, not {seen}",
    "int_type": "must be an integer, not {seen}",
    "float_type": "must be a number, not {seen}",
    "finite_number": "must be a finite number, not {seen}",
    "string_type": "must be a text, not {seen}",
    "bool_type": "must be true or false, not {seen}",
    "greater_than_equal": "must be at least {bound}, not {seen}",
    "greater_than": "must be more than {bound}, not {seen}",
    "less_than_equal": "must be at most {bound}, not {seen}",
    "less_than": "must be less than {bound}, not {seen}",
    "too_short": "the list has no record",
}


def _problem(error: Mapping[str, Any], many: bool) -> RecordProblem:
    kind, seen = error["type"], shown(error["input"])
    if kind == "json_invalid":
        return RecordProblem(None, None, f"the body is not JSON: {error['ctx']['error']}")
    row, column, *_ = (*error["loc"], None, None) if many else (0, *error["loc"], None)
    bound = next(iter(error.get("ctx", {}).values()), None)
    message = _MESSAGES.get(kind, "{message}, not {seen}").format(seen=seen, message=error["msg"], bound=bound)
    return RecordProblem(row, column, message)


def shown(value: object) -> str:
    """Return a value as a message shows it, cut short."""
    text = {True: "true", False: "false", None: "null"}.get(value) if isinstance(value, bool | None) else repr(value)
    text = str(text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def require_known(contract: Contract, names: Sequence[str]) -> None:
    """Raise SpecError when one of `names` is no column of the contract."""
    known = [column.name for column in contract.columns]
    for name in names:
        if name not in known:
            raise SpecError(f"contract {contract.name} has no column {name!r}", fix=f"use one of: {', '.join(known)}")
