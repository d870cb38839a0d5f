"""Which of our types a pandera type is; runs where pandera is already imported."""

import re
from typing import Any

from moorage.contracts.compiled import FLOATS, INTEGERS
from moorage.contracts.dtypes import from_polars

_PANDAS = {"bool": "bool", "boolean": "bool", "str": "string", "string": "string", "date": "date", "object": "any"}
_NUMBER = re.compile(r"(u?int|float)(8|16|32|64)(\[pyarrow\])?", re.IGNORECASE)
_TIMES = re.compile(r"datetime64\[\w+(?:, (?P<zone>[^\]]+))?\]")


def dtype_of(dtype: Any) -> tuple[str, str | None, tuple[str, ...] | None]:
    """Return our type, its time zone, and the categories when it lists them; ValueError for one we have no word for.

    A polars type that is not ours comes back as polars writes it, `List(Int64)`.
    """
    if dtype is None:
        return "any", None, None
    if type(dtype).__module__ == "pandera.engines.polars_engine":
        return _of_polars(dtype.type)
    return _of_pandas(dtype, str(dtype))


def _of_polars(dtype: Any) -> tuple[str, str | None, tuple[str, ...] | None]:
    ours, zone = from_polars(dtype)
    is_enum = dtype.base_type().__name__ == "Enum" and dtype is not dtype.base_type()
    return ours, zone, tuple(dtype.categories) if is_enum else None


def _of_pandas(dtype: Any, text: str) -> tuple[str, str | None, tuple[str, ...] | None]:
    if number := _NUMBER.fullmatch(text):
        ours = f"{number[1]}{number[2]}".lower()
        if ours in INTEGERS or ours in FLOATS:
            return ours, None, None
    if times := _TIMES.fullmatch(text):
        return "datetime", times["zone"], None
    if text.startswith("timedelta64"):
        return "duration", None, None
    if text == "category":
        return _of_category(getattr(dtype, "categories", None))
    plain = text.partition("[")[0]
    if plain in _PANDAS:
        return _PANDAS[plain], None, None
    raise ValueError(text)


def _of_category(categories: Any) -> tuple[str, str | None, tuple[str, ...] | None]:
    if categories is None or not all(isinstance(item, str) for item in categories):
        return "any", None, None
    return "string", None, tuple(categories)
