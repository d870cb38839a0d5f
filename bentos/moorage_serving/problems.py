"""What a request is refused with: one form, RFC 9457 problem documents, for every reason."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from starlette.responses import Response

MOST_SHOWN = 100
"""Breaches of the contract that one answer lists at most."""
LONGEST_VALUE = 60
"""Characters of an offending value that an answer repeats at most."""


@dataclass(frozen=True)
class Breach:
    """One value that breaks the contract; rows count from 0, `column` is None for a whole row."""

    row: int
    column: str | None
    message: str


class Refused(Exception):
    """The request cannot be answered: an HTTP status, a sentence, and the breaches when it is the contract's."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        breaches: Sequence[Breach] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail
        self.breaches, self.headers = tuple(breaches), dict(headers or {})


def problem(refused: Refused) -> Response:
    """Return the problem document."""
    body: dict[str, object] = {
        "type": "about:blank" if refused.status != 422 else "urn:moorage:contract",
        "title": refused.title,
        "status": refused.status,
        "detail": refused.detail,
    }
    if refused.breaches:
        body["errors"] = [asdict(breach) for breach in refused.breaches]
    return json_response(body, refused.status, "application/problem+json", refused.headers)


def json_response(
    body: object, status: int = 200, media_type: str = "application/json", headers: Mapping[str, str] | None = None
) -> Response:
    """Return `body` as JSON in plain ASCII: a lone surrogate in it is escaped and cannot fail.

    Raises ValueError or TypeError for what JSON cannot say, such as NaN.
    """
    text = json.dumps(body, allow_nan=False, separators=(",", ":"))
    return Response(text, status, media_type=media_type, headers=dict(headers or {}))
