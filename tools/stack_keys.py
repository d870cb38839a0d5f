"""Write docs/infra.md's list of keys from the models that read them, so that it cannot lie."""

import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic.fields import FieldInfo

from moorage.spec.models import Model
from moorage_infra.config.read import inner_models
from moorage_infra.config.settings import BY_PLATFORM
from tools.pages import between, rewrite

PAGE = Path(__file__).resolve().parent.parent / "docs" / "infra.md"
BEGIN, END = "<!-- keys: python -m tools.stack_keys -->\n", "<!-- end of keys -->"


def main() -> int:
    """Write the page anew; return 0."""
    return rewrite(PAGE, BEGIN, END, reference())


def updated(page: str) -> str:
    """Return `page` with the keys as they are now."""
    return between(page, BEGIN, END, reference())


def reference() -> str:
    """Return one table per platform; a key within others is written with theirs, as an error names it."""
    parts = []
    for platform, model in BY_PLATFORM.items():
        rows = [f"| `{path}` | {default} | {text} |" for path, default, text in keys(model)]
        parts.append(
            "\n".join([f"### `platform: {platform}`\n", "| key | if unsaid | is |", "|---|---|---|", *rows, ""])
        )
    return "\n".join(parts)


def keys(model: type[Model], above: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield the path of each key, what holds where it is not said, and what it is."""
    for name, field in model.model_fields.items():
        inner = next(inner_models(field.annotation), None)
        listed = "[]" if inner and str(field.annotation).startswith("tuple[") else ""
        yield f"{above}{name}{listed}", _default(field), field.description or ""
        if inner:
            yield from keys(inner, f"{above}{name}{listed}.")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    found = field.default
    if isinstance(found, Model):
        said = ", ".join(
            f"{key}: {_plain(getattr(found, key))}" for key in type(found).model_fields if key in found.model_fields_set
        )
        return f"`{{{said}}}`" if said else ""
    return "" if found in (None, (), {}, "") else f"`{_plain(found)}`"


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_plain(each)}" for key, each in value.items()) + "}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_plain, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    sys.exit(main())
