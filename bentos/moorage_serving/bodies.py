"""From the bytes of a request to records, which are not checked yet; whatever is wrong is a 4xx."""

import json
from typing import NoReturn

from starlette.requests import Request

from moorage_serving.problems import Refused

Record = dict[str, object]
"""One row of a request, as JSON says it."""


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """Return the body; refuses what is not JSON by its type, and what is too large before reading it all."""
    _check_type(request)
    said = request.headers.get("content-length", "0")
    if not (said.isascii() and said.isdigit()):
        raise _malformed("the length of the body is not a number")
    if len(said) > 18 or int(said) > limit_bytes:
        raise _too_large(limit_bytes)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit_bytes:
            raise _too_large(limit_bytes)
        parts.append(part)
    return b"".join(parts)


def records_from(body: bytes) -> list[Record]:
    """Return the rows of one record, a list of records, or `{"instances": [...]}`; at least one."""
    if not body.strip():
        raise _malformed(f"the body is empty; send {_FORMS}")
    value = _parse(body)
    if isinstance(value, dict):
        value = value["instances"] if isinstance(value.get("instances"), list) else [value]
    if not isinstance(value, list):
        raise _malformed(f"the body is {_kind(value)}; send {_FORMS}")
    if not value:
        raise _malformed("the body has no rows; send at least one")
    for row, record in enumerate(value):
        if not isinstance(record, dict):
            raise _malformed(f"row {row} is {_kind(record)}; each row is an object of columns")
    return value


_FORMS = 'one record, a list of records, or {"instances": [...]}'
_KINDS = {str: "a string", bool: "a boolean", int: "a number", float: "a number", type(None): "null", list: "a list"}


def _parse(body: bytes) -> object:
    try:
        value: object = json.loads(body, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise _malformed("the body is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise _malformed("the body is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise _malformed(f"{error.msg}, at line {error.lineno}, column {error.colno}") from error
    except ValueError as error:  # a number with thousands of digits
        raise _malformed("the body has a number that is too long") from error
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise _malformed(f"{name} is not JSON; send null for a missing value")


def _check_type(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        seen = f"the content type is {kind[:60]!r}" if kind else "the request has no content type"
        raise Refused(415, "Unsupported Media Type", f"{seen}; send Content-Type: application/json")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refused(415, "Unsupported Media Type", "the body is compressed; send it plain")


def _too_large(limit_bytes: int) -> Refused:
    return Refused(413, "Content Too Large", f"the body is larger than {limit_bytes} bytes; send fewer rows at a time")


def _malformed(detail: str) -> Refused:
    return Refused(400, "Bad Request", detail)


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "an object")
