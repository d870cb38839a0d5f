"""Quantities: what Kubernetes takes is taken, and says the same; everything else is refused with a sentence."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from moorage_infra.config.machines import written
from moorage_infra.config.quantities import LEAST_MEMORY, Bytes, Cpu, amount

CPU, MEMORY = TypeAdapter[str](Cpu), TypeAdapter[str](Bytes)
UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


@given(st.integers(1, 10**9), st.sampled_from(sorted(UNITS)))
def test_a_size_is_its_number_times_its_unit(number: int, unit: str) -> None:
    assert amount(f"{number}{unit}") == number * UNITS[unit]


@given(st.integers(1, 10**8))
def test_thousandths_of_a_cpu_are_exact(thousandths: int) -> None:
    assert amount(CPU.validate_python(f"{thousandths}m")) * 1000 == thousandths


@given(st.decimals(min_value="0.001", max_value=1000, places=3))
def test_a_cpu_may_be_written_as_a_number(number: Decimal) -> None:
    assert amount(CPU.validate_python(float(number))) == number


@given(st.integers(2**20, 2**60))
def test_an_amount_is_written_so_that_it_says_the_same(number: int) -> None:
    assert amount(written(Decimal(number))) == number


@given(st.integers(1, 10**6))
def test_cpus_are_written_so_that_they_say_the_same(thousandths: int) -> None:
    assert amount(written(Decimal(thousandths) / 1000)) == Decimal(thousandths) / 1000


@given(st.text(max_size=12))
def test_whatever_is_written_is_a_quantity_or_a_sentence(text: str) -> None:
    for adapter, least in ((CPU, Decimal("0.001")), (MEMORY, LEAST_MEMORY)):
        if said := refusal(adapter, text):
            assert "; " in said
        else:
            assert amount(adapter.validate_python(text)) >= least


def refusal(adapter: TypeAdapter[str], value: object) -> str:
    try:
        adapter.validate_python(value)
    except ValidationError as error:
        return str(error.errors()[0]["msg"])
    return ""


NONE = ["", "1 Gi", "1GB", "-1", "+1", "1e3", "1.", ".5", "1gi", "0x10", "\N{ARABIC-INDIC DIGIT ONE}", "1Gi\n", "1_000"]


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        amount(text)


@pytest.mark.parametrize("value", [0, "0", "0.0001", "0.5m", 1.00005])
def test_a_share_of_a_cpu_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(ValidationError, match="no whole number of milli-CPUs above 0"):
        CPU.validate_python(value)
