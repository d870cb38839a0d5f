"""Take the values of secrets out of whatever leaves the job: logs, messages, examples."""

import re
from collections.abc import Iterator, Mapping

SHORTEST = 4
"""Shorter values are not scrubbed: they would be found in every other word."""


class Scrubber:
    """Replaces secrets, and what encoding them gives, by `***NAME***`.

    Forms: as it is, each line of it, URL-quoted, as Python and JSON escape it, and in base64,
    alone or in the middle of something longer.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self.too_short = tuple(name for name, value in secrets.items() if len(value.encode()) < SHORTEST)
        self._names = {form: name.encode() for name, value in secrets.items() for form in _forms(value)}
        longest_first = sorted(self._names, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, longest_first))) if longest_first else None
        self.reach = len(longest_first[0]) if longest_first else 0
        """The length in bytes of the longest form: what a cut through a text must keep back."""

    def scrub(self, data: bytes) -> bytes:
        """Return `data` without the secrets."""
        if self._pattern is None:
            return data
        return self._pattern.sub(lambda match: b"***%s***" % self._names[match[0]], data)

    def text(self, text: str) -> str:
        """Return `text` without the secrets."""
        return self.scrub(text.encode("utf-8", "backslashreplace")).decode()


def _forms(value: str) -> set[bytes]:
    if not value:
        return set()
    texts = {value, *value.splitlines()}
    forms = {form for text in texts for form in _encoded(text)}
    return {form for form in forms if len(form) >= SHORTEST and form.strip()}


def _encoded(text: str) -> Iterator[bytes]:
    import json
    from urllib.parse import quote, quote_plus

    yield (raw := text.encode("utf-8", "surrogateescape"))
    yield from (quote(raw, safe="/").encode(), quote(raw, safe="").encode(), quote_plus(raw).encode())
    yield from (json.dumps(text)[1:-1].encode(), json.dumps(text, ensure_ascii=False)[1:-1].encode("utf-8", "replace"))
    yield repr(text)[1:-1].encode("utf-8", "replace")
    yield from _base64(raw)


def _base64(raw: bytes) -> Iterator[bytes]:
    from base64 import b64encode

    whole = [b64encode(raw).rstrip(b"=")] if len(raw) >= SHORTEST else []
    # Inside something longer (`user:password`) the value may start at any of three offsets;
    # the characters that also hold a neighbour's bits are left off.
    for offset in range(3) if len(raw) >= 2 * SHORTEST else ():
        coded = b64encode(b"\0" * offset + raw).rstrip(b"=")
        whole.append(coded[(0, 2, 3)[offset] : len(coded) - bool((offset + len(raw)) % 3)])
    for coded in whole:
        yield coded
        yield coded.translate(bytes.maketrans(b"+/", b"-_"))
