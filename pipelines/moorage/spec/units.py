"""Durations and sizes as people write them: `1h30m`, `16GiB`. Pure."""

import re
from decimal import Decimal
from functools import lru_cache

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_GIB = {
    "KiB": 2**-20, "MiB": 2**-10, "GiB": 1, "TiB": 2**10,
    "kB": 1e3 / 2**30, "MB": 1e6 / 2**30, "GB": 1e9 / 2**30, "TB": 1e12 / 2**30,
}  # fmt: skip
MAX_SECONDS = 366 * 86400.0
MAX_GIB = 2.0**20
DURATION_PATTERN = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$"
SIZE_PATTERN = r"^[0-9]+(\.[0-9]+)?([KMGT]iB|[kMGT]B)$"


def parse_duration(text: object) -> float:
    """Return the seconds that `text` says, for example 5400.0 for `1h30m`; else ValueError."""
    if not isinstance(text, str) or not re.fullmatch(DURATION_PATTERN, text):
        raise ValueError(f"{text!r} is not a duration; write a number and a unit, as in 30s, 15m, 1h30m or 2d")
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in re.findall(r"([0-9.]+)(ms|s|m|h|d)", text))
    if not 0 < seconds <= MAX_SECONDS:
        raise ValueError(f"{text!r} is out of range; a duration is more than 0 and at most 366d")
    return seconds


@lru_cache  # most steps of a pipeline have the same timeouts
def format_duration(seconds: float) -> str:
    """Return `seconds` as `parse_duration` reads them, exactly: 5400 is `1h30m`."""
    left, parts = round(seconds * 1000), []
    if left / 1000 != seconds:
        return f"{Decimal(repr(seconds)):f}s"
    for unit in ("d", "h", "m", "s", "ms"):
        size = round(_SECONDS[unit] * 1000)
        if count := left // size:
            parts.append(f"{count}{unit}")
        left -= count * size
    text = "".join(parts)
    return text if parse_duration(text) == seconds else f"{Decimal(repr(seconds)):f}s"


def parse_size_gib(text: object) -> float:
    """Return the GiB that `text` says, for example 0.5 for `512MiB`; else ValueError."""
    if not isinstance(text, str) or not re.fullmatch(SIZE_PATTERN, text):
        raise ValueError(f"{text!r} is not a size; write a number and a unit, as in 512MiB or 16GiB")
    number, unit = re.fullmatch(r"([0-9.]+)([a-zA-Z]+)", text).groups()  # type: ignore[union-attr]
    gib = float(number) * _GIB[unit]
    if not 0 < gib <= MAX_GIB:
        raise ValueError(f"{text!r} is out of range; a size is more than 0 and at most 1024TiB")
    return gib


def format_size_gib(gib: float) -> str:
    """Return `gib` as `parse_size_gib` reads it, exactly: 0.5 is `512MiB`."""
    mib = gib * 1024
    if gib < 1 and mib == int(mib):
        return f"{int(mib)}MiB"
    return f"{Decimal(repr(float(gib))):f}".removesuffix(".0") + "GiB"
