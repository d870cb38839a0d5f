"""Quantities as Kubernetes writes them: `500m` of a CPU, `16Gi` of memory. Pure."""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator

_PATTERN = re.compile(r"([0-9]+(?:\.[0-9]+)?)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?")
_BINARY = {f"{letter}i": Decimal(2) ** (10 * power) for power, letter in enumerate("KMGTPE", 1)}
_DECIMAL = {letter: Decimal(10) ** (3 * power) for power, letter in enumerate("kMGTPE", 1)}
_UNITS = {"": Decimal(1), "m": Decimal("0.001"), **_BINARY, **_DECIMAL}

MOST_CPU = Decimal(1_000_000)
"""No cluster has more CPUs; what is above is a size of memory in the wrong place."""
LEAST_MEMORY = Decimal(2) ** 20
"""One MiB in bytes; what is below lacks its unit."""
MOST_MEMORY = Decimal(2) ** 63 - 1
"""The most bytes that Kubernetes can count."""


def amount(quantity: str) -> Decimal:
    """Return what a quantity says, in CPUs or bytes; ValueError when it says nothing that Kubernetes takes."""
    found = _PATTERN.fullmatch(quantity)
    if found is None:
        raise ValueError(f"{quantity!r} is not a quantity; write a number and a unit, as in 500m, 8, 512Mi or 16Gi")
    return Decimal(found[1]) * _UNITS[found[2] or ""]


def _cpu(value: object) -> str:
    text = _text(value)
    seen = amount(text)
    if seen > MOST_CPU:
        raise ValueError(f"{text!r} is more CPUs than any cluster has; write a number of CPUs, as in 500m or 8")
    if seen <= 0 or seen * 1000 % 1:
        raise ValueError(f"{text!r} is no whole number of milli-CPUs above 0; write it as in 500m or 8")
    return text


def _bytes(value: object) -> str:
    text = _text(value)
    seen = amount(text)
    if text.endswith("m"):
        raise ValueError(f"{text!r} is in thousandths of a byte; did you mean {text[:-1] + 'Mi'!r}?")
    if seen > MOST_MEMORY:
        raise ValueError(f"{text!r} is more than Kubernetes can count; write less than 8Ei")
    if seen < LEAST_MEMORY:
        raise ValueError(f"{text!r} is less than 1Mi; write a unit, as in 512Mi or 16Gi")
    if seen % 1:
        raise ValueError(f"{text!r} is no whole number of bytes; write it in a smaller unit")
    return text


def _text(value: object) -> str:
    # YAML reads `8` as a number, and Python's `True` is one.
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{value!r} is not a quantity; write a number and a unit, as in 500m, 8, 512Mi or 16Gi")
    return value if isinstance(value, str) else f"{Decimal(str(value)):f}"


Cpu = Annotated[str, BeforeValidator(_cpu)]
"""CPUs: `500m`, `8`."""
Bytes = Annotated[str, BeforeValidator(_bytes)]
"""Memory or storage, at least 1Mi: `512Mi`, `16Gi`."""
