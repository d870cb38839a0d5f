"""Kubernetes' quantities as exact numbers: `500m`, `2Gi`, `1e3`."""

import re
from fractions import Fraction
from math import ceil

_SUFFIXES = {"n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000), "": Fraction(1)}
_SUFFIXES |= {letter: Fraction(1000**power) for power, letter in enumerate("kMGTPE", 1)}
_SUFFIXES |= {f"{letter}i": Fraction(1024**power) for power, letter in enumerate("KMGTPE", 1)}
_WRITTEN = re.compile(rf"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)({'|'.join(_SUFFIXES)})")


def quantity(text: str) -> Fraction:
    """Return the number that a quantity stands for; ValueError where it is none."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text}' is no quantity")
    return Fraction(found[1]) * _SUFFIXES[found[2]]


def divided(text: str, divisor: str) -> str:
    """Return a quantity in units of `divisor`, rounded up as the downward API does; `0` is no divisor."""
    unit = quantity(divisor) or Fraction(1)
    return str(ceil(quantity(text) / unit))
