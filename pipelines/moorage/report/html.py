"""HTML as values: every text is escaped unless it is markup already, so that no text can become markup."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

_VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})
_CLOSED = frozenset({"path", "rect", "circle", "use"})
_UNQUOTED = re.compile(r"[A-Za-z0-9_.#%:-]+")
_PLAIN = re.compile(r"[\t\n !#-%(-;=?-~\u00a1-\u05ff]*")  # nothing to escape, nothing unseen
# What HTML forbids, and what makes text look like other text: terminal codes and marks of direction.
_TERMINAL_CODES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


@dataclass(frozen=True)
class Markup:
    """HTML that is right as it stands."""

    text: str

    def __str__(self) -> str:
        return self.text


Child = Markup | str | int | None | Iterable["Child"]
"""What may stand in an element; None is nothing."""


def text(value: object) -> Markup:
    """Return `value` as text, whatever is in it."""
    plain = str(value)
    if not _PLAIN.fullmatch(plain):
        plain = escape(_UNSEEN.sub("\ufffd", _TERMINAL_CODES.sub("", plain)), quote=True)
    return Markup(plain)


def tag(name: str, /, *children: Child, **attributes: str | int | float | bool | None) -> Markup:
    """Return an element.

    `class_` and `for_` lose their underscore, other underscores become hyphens; None and False leave an
    attribute out, True sets it bare.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    if name in _CLOSED and not children:
        return Markup(f"<{name}{written} />")
    return Markup(f"<{name}{written}>{join(children)}</{name}>")


def join(children: Iterable[Child]) -> Markup:
    """Return `children` one after the other."""
    return Markup("".join(_child(child) for child in children))


def _child(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child.text
    if isinstance(child, str | int):
        return text(child).text
    return join(child).text


def _attribute(key: str, value: str | int | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    written = text(value).text
    return f" {name}={written}" if _UNQUOTED.fullmatch(written) else f' {name}="{written}"'
