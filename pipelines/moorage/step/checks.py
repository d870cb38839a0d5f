"""Check tables against their contracts inside the step, set bad rows aside, and profile what is left."""

import os
from pathlib import Path

from moorage.contracts.compiled import Contract, contract_from_json
from moorage.contracts.report import CheckResult
from moorage.errors import MoorageError
from moorage.frozen import Frozen, replaced
from moorage.states import Cause
from moorage.step.task import StepFailure, Task, TaskOutput, Written

_EXAMPLES = 3
_LINES = 12


class Checked(Frozen):
    """A table output after its contract: what goes on, what was found, and the bad rows if they were set aside."""

    table: Written
    checks: tuple[CheckResult, ...] = ()
    quarantined: Written | None = None


class Breach(StepFailure):
    """A table broke its contract."""

    def __init__(self, message: str, checks: tuple[CheckResult, ...]) -> None:
        super().__init__(Cause.CONTRACT, message, _report(checks) or None, checks)


def check_inputs(task: Task) -> tuple[CheckResult, ...]:
    """Return the checks of all inputs that have contracts; Breach when one does not hold."""
    found: tuple[CheckResult, ...] = ()
    for item in task.inputs:
        for contract in item.contracts:
            found += _check(Path(item.path), _contract(contract), item.name, f"input {item.name!r}")
            _require(f"input {item.name!r}", found)
    return found


def check_output(output: TaskOutput, written: Written) -> Checked:
    """Check one table output, if it has a contract, and profile it; Breach when rows fail and are not set aside."""
    if output.contract is None:
        return Checked(_profiled(output, written))
    contract = _contract(output.contract)
    what = f"output {output.name!r}"
    checks = _check(Path(written.path), contract, output.name, what)
    if output.on_breach == "quarantine" and any(item.failed for item in checks):
        return _split(output, written, contract, checks)
    _require(what, checks)
    return Checked(_profiled(output, written), checks)


def _check(path: Path, contract: Contract, name: str, what: str) -> tuple[CheckResult, ...]:
    from moorage.contracts.table import check_table

    try:
        return check_table(path, contract, name)
    except MoorageError as error:
        raise Breach(f"{what} cannot be checked: {error.problems[0].message}", ()) from error


def _split(output: TaskOutput, written: Written, contract: Contract, checks: tuple[CheckResult, ...]) -> Checked:
    from moorage.contracts.split import split_table

    good, bad = (Path(output.path).with_name(f".{output.name}-{which}.parquet") for which in ("good", "bad"))
    try:
        split = split_table(Path(written.path), contract, good, bad)
    except MoorageError as error:
        raise Breach(f"output {output.name!r}: {error.problems[0].message}", checks) from error
    table = replaced(written, path=str(good), rows=split.rows_good)
    return Checked(
        _profiled(output, table), checks, Written("table", str(bad), f"{output.name}.parquet", split.rows_bad)
    )


def _profiled(output: TaskOutput, written: Written) -> Written:
    from moorage.contracts.profile import profile_table, profile_to_json

    path = Path(output.path).with_name(f".{output.name}-profile.json")
    data = profile_to_json(profile_table(Path(written.path)))
    path.write_bytes(data)
    return replaced(written, profile=os.fspath(path))


def _contract(path: str) -> Contract:
    return contract_from_json(Path(path).read_bytes())


def _require(what: str, checks: tuple[CheckResult, ...]) -> None:
    failed = [item for item in checks if item.failed]
    if failed:
        more = f"; {len(failed) - 1} more check{'s' * (len(failed) > 2)} failed" if len(failed) > 1 else ""
        raise Breach(f"{what} broke contract {failed[0].contract!r}: {sentence(failed[0])}{more}", checks)


def sentence(item: CheckResult) -> str:
    """Return what a failed check found: column, check, how many of how many, and examples."""
    what = f"{f'column {item.column!r}' if item.column else 'the table'}, check '{item.check}'"
    if _is_of_columns(item):
        return f"{what}: {', '.join(text for _, text in item.examples)}"
    examples = [f"{text} (row {row})" for row, text in item.examples[:_EXAMPLES]]
    shown = f", for example {', '.join(examples)}" if examples else ""
    return f"{what}: {item.failed:,} of {item.rows:,} rows{shown}"


def _is_of_columns(item: CheckResult) -> bool:
    return bool(item.examples) and all(row is None for row, _ in item.examples)


def _report(checks: tuple[CheckResult, ...]) -> str:
    failed = [item for item in checks if item.failed]
    lines = [sentence(item) for item in failed[:_LINES]]
    more = len(failed) - _LINES
    return "\n".join([*lines, f"and {more} more check{'s' * (more > 1)}"] if more > 0 else lines)
