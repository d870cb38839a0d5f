"""The page at `/`: what this service is and how to ask it. Nothing in it comes from elsewhere."""

import json
import shlex
from collections.abc import Mapping
from html import escape

from moorage_serving.describe import Json, column_schema, example_record
from moorage_serving.home import Home

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:3rem auto;padding:0 1rem}"
    "pre{background:#8881;padding:1rem;overflow-x:auto}td,th{text-align:left;padding:.1rem 1.5rem .1rem 0}"
    ":root{color-scheme:light dark}"
)


def about(home: Home, text: str) -> Json:
    """Return what the service is, for programs."""
    manifest = home.manifest
    return {
        "name": manifest.name,
        "version": manifest.version,
        "about": text,
        "model": manifest.model.digest,
        "contract": {"name": home.contract.name, "digest": manifest.contract.digest, "schema": "/contract"},
        "predict": {"method": "POST", "path": "/predict", "example": example_record(home.contract)},
    }


def html_page(home: Home, text: str, base_url: str) -> str:
    """Return the same for people."""
    manifest, contract = home.manifest, home.contract
    rows = "".join(_row(column.name, column_schema(column)) for column in contract.columns)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(manifest.name)}</title>'
        f"<style>{_STYLE}</style><h1>{escape(manifest.name)}</h1><p>{escape(text)}</p>"
        f"<p>Version <code>{escape(manifest.version)}</code>. Every request must satisfy the contract "
        f'<a href="contract">{escape(contract.name)}</a>; what breaks it is answered with row, column and reason.</p>'
        f"<h2>Ask it</h2><pre>{escape(_curl(home, base_url))}</pre>"
        f"<h2>What a record has</h2><table><tr><th>column<th>type<th>must be</tr>{rows}</table></html>\n"
    )


def _curl(home: Home, base_url: str) -> str:
    record = json.dumps(example_record(home.contract) or {})
    where = shlex.quote(f"{base_url.rstrip('/')}/predict")
    return f"curl {where} -H 'Content-Type: application/json' -d {shlex.quote(record)}"


def _row(name: str, schema: Mapping[str, object]) -> str:
    kind = schema.get("type", "any")
    shown = " or ".join(kind) if isinstance(kind, list) else str(kind)
    rules = ", ".join(f"{_WORDS.get(key, key)} {_shown(value)}" for key, value in schema.items() if key != "type")
    return f"<tr><td><code>{escape(name)}</code><td>{escape(shown)}<td>{escape(rules)}</tr>"


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


_WORDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
    "enum": "one of",
    "const": "just",
    "pattern": "text like",
    "x-also": "also",
}
