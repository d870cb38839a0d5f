"""The frame of every page: its head, what it may load (nothing), and its one script. Pure."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from moorage.report import icons
from moorage.report.html import Child, Markup, join, tag


def page(title: str, state: str, links: Sequence[tuple[str, str]], style: str, *parts: Child) -> str:
    """Return a whole page; `links` are the sections (id, title), `style` is what its pictures need besides."""
    css, script = asset("page.css") + style, asset("page.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(css)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width,initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
        tag("link", rel="icon", href=icons.tab_icon(state)),
        tag("style", Markup(css)),
    )
    body = tag("body", icons.sprite(), _skip(), _bar(links), *parts, tag("script", Markup(script)))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _skip() -> Markup:
    return tag("a", "Skip to the content", href="#main", class_="skip")


def _bar(links: Sequence[tuple[str, str]]) -> Markup:
    nav = tag(
        "nav",
        tag("ul", [tag("li", tag("a", title, href=f"#{identity}")) for identity, title in links]),
        aria_label="On this page",
    )
    theme = tag("button", "Dark", type="button", id="theme", aria_pressed="false", hidden=True)
    return tag("header", tag("a", _anchor(), "moorage", href="#main", class_="brand"), nav, theme, class_="bar")


def _anchor() -> Markup:
    path = "M8 6v8M8 14c-3.2 0-5.4-2-5.6-5M8 14c3.2 0 5.4-2 5.6-5M5.4 8h5.2M8 2a2 2 0 1 1 0 4 2 2 0 0 1 0-4"
    return tag("svg", tag("path", d=path), class_="i", viewBox="0 0 16 16", aria_hidden="true")


def main(*parts: Child) -> Markup:
    """Return the page's main landmark."""
    return tag("main", join(parts), id="main", tabindex=-1)


def foot(text: Child) -> Markup:
    """Return the page's footer."""
    return tag("footer", tag("p", text))


@cache
def asset(name: str) -> str:
    """Return the text of a file of this package."""
    return files("moorage.report").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
