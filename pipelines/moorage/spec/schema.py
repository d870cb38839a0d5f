"""The published JSON Schema of a spec in YAML: completion in editors, from the same models."""

from typing import Any

from moorage.spec.models import Pipeline

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the schema: shorthands included, references where they may stand."""
    schema: dict[str, Any] = _tidied(Pipeline.model_json_schema(by_alias=True))
    return {"$schema": _DIALECT, "title": "A moorage pipeline", **schema}


def _tidied(node: Any) -> Any:
    """Return `node` without pydantic's titles, which only repeat the names, and with mappings closed to other names."""
    if isinstance(node, list):
        return [_tidied(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidied = {key: _tidied(item) for key, item in node.items() if key != "title" or not isinstance(item, str)}
    return {**tidied, "additionalProperties": False} if "patternProperties" in tidied else tidied
