"""Tables are checked on their way into a step and out of it."""

import io

import polars
import pytest

from moorage.contracts.compiled import Check, Column, Contract, contract_to_json
from moorage.contracts.profile import profile_from_json
from moorage.states import Cause, State
from moorage.step.request import StepInput, StepOutput, StepResult
from moorage.store import put_bytes, read_blob
from tests.unit.step.jobs import Workplace

ADULTS = Contract("Adults", "c:Adults", (Column("age", "int64", checks=(Check.of("ge", 18),)),))
MAKE = "import polars\ndef step(): return polars.DataFrame({'age': [20, 3, 40, 5]})"


def digest(place: Workplace) -> str:
    return put_bytes(place.store, contract_to_json(ADULTS)).digest


def frame(place: Workplace, found: str) -> polars.DataFrame:
    return polars.read_parquet(io.BytesIO(read_blob(place.store, found)))


def made(place: Workplace, on_breach: str, source: str = MAKE) -> StepResult:
    output = StepOutput("people", "table", digest(place), on_breach)
    return place.job(source, declared=(output,)).run()


def test_an_output_that_breaks_its_contract_fails_with_column_check_and_examples(place: Workplace):
    result = made(place, "fail")
    assert (result.state, result.cause) == (State.FAILED, Cause.CONTRACT)
    assert result.message == (
        "output 'people' broke contract 'Adults': column 'age', check 'ge(18)': 2 of 4 rows,"
        " for example 3 (row 1), 5 (row 3)"
    )
    assert not result.outputs
    assert [(item.check, item.failed) for item in result.checks if item.failed] == [("ge(18)", 2)]


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        (MAKE.replace("age", "size"), "check 'is there': the table has size"),
        (MAKE.replace("20, 3, 40, 5", "'x'"), "check 'is int64': string"),
    ],
)
def test_a_column_that_is_missing_or_mistyped_is_said_once(place: Workplace, source: str, seen: str):
    assert made(place, "fail", source).message == f"output 'people' broke contract 'Adults': column 'age', {seen}"


def test_a_table_that_is_wrong_all_over_is_told_in_a_few_lines(place: Workplace):
    wide = Contract("Wide", "c:Wide", tuple(Column(f"c{number}", "int64") for number in range(90)))
    contract = put_bytes(place.store, contract_to_json(wide)).digest
    result = place.job(MAKE, declared=(StepOutput("people", "table", contract, "fail"),)).run()
    assert str(result.message).endswith("; 89 more checks failed")
    lines = str(result.detail).splitlines()
    assert (len(lines), lines[-1]) == (13, "and 78 more checks")
    assert sum(item.failed for item in result.checks) == 90


def test_bad_rows_are_set_aside_when_asked_and_good_ones_go_on(place: Workplace):
    result = made(place, "quarantine")
    assert result.message is None
    assert frame(place, result.outputs["people"].digest)["age"].to_list() == [20, 40]
    assert frame(place, result.quarantined["people"].digest)["age"].to_list() == [3, 5]
    assert (result.outputs["people"].rows, result.quarantined["people"].rows) == (2, 2)
    profile = profile_from_json(read_blob(place.store, str(result.outputs["people"].profile)))
    assert profile.column("age") is not None


@pytest.mark.parametrize("source", [MAKE.replace("age", "size"), MAKE.replace("20, 3, 40, 5", "1, 2, 3, 4")])
def test_what_cannot_be_set_aside_fails(place: Workplace, source: str):
    result = made(place, "quarantine", source)
    assert result.cause is Cause.CONTRACT
    assert "people" in str(result.message)
    assert not result.outputs


def test_an_output_that_keeps_its_contract_goes_on_with_its_checks(place: Workplace):
    result = made(place, "fail", MAKE.replace("3, 40, 5", "30"))
    assert result.message is None
    assert result.checks
    assert not [item for item in result.checks if item.failed]


def test_an_input_is_checked_before_the_function_is_called(place: Workplace):
    people = StepInput("people", place.table({"age": [3, 20]}), (digest(place),))
    job = place.job("def step(people): print('called')", read=(people,))
    result = job.run()
    assert result.cause is Cause.CONTRACT
    assert str(result.message).startswith("input 'people' broke contract 'Adults': column 'age'")
    assert job.log() == ""


def test_an_input_that_is_no_table_breaks_its_contract(place: Workplace):
    people = StepInput("people", place.artifact("table", b"PAR1 not really"), (digest(place),))
    result = place.job("def step(people): pass", read=(people,)).run()
    assert result.cause is Cause.CONTRACT
    assert "input 'people' cannot be checked" in str(result.message)


def test_examples_hold_no_secret(place: Workplace):
    names = Contract("Names", "c:Names", (Column("name", "string", checks=(Check.of("str_startswith", "x"),)),))
    people = StepInput(
        "n", place.table({"name": ["hunter2-hunter2"]}), (put_bytes(place.store, contract_to_json(names)).digest,)
    )
    job = place.job("def step(n): pass", read=(people,), secrets={"TOKEN": "a/b"})
    job.environ["TOKEN"] = "hunter2-hunter2"
    result = job.run()
    assert "***TOKEN***" in str(result.message)
    assert "hunter2" not in str(result)
