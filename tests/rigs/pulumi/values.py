"""Property values of the Pulumi protocol as plain Python, and which of them are secret or not known yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format, struct_pb2

Value = Any
"""JSON, in which a `Secret` or `UNKNOWN` may stand for any part."""
Properties = dict[str, Value]

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
# The protocol has one word per type that the value will be of; what we send back need not tell them apart.
UNKNOWN_WORDS = {
    UNKNOWN_STRING,
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
}


class Unknown:
    """The type of `UNKNOWN`, which only the deployment itself will tell."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that is encrypted in the state and hidden wherever the engine shows it."""

    value: Value

    def __repr__(self) -> str:
        return "Secret(...)"


def read(struct: struct_pb2.Struct) -> Properties:
    """Return what a message holds."""
    return {name: _read(value) for name, value in json_format.MessageToDict(struct).items()}


def write(properties: Mapping[str, Value]) -> struct_pb2.Struct:
    """Return the message that holds this; a key whose value is None is left out."""
    struct = struct_pb2.Struct()
    struct.update({name: _write(value) for name, value in properties.items() if value is not None})
    return struct


def plain(value: Value) -> Value:
    """Return the value without its marks of secrecy."""
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list) else value


def has_unknown(value: Value) -> bool:
    """Whether a part of it is not known yet."""
    if isinstance(value, Secret):
        return has_unknown(value.value)
    if isinstance(value, dict):
        return any(map(has_unknown, value.values()))
    return any(map(has_unknown, value)) if isinstance(value, list) else isinstance(value, Unknown)


def has_secret(value: Value) -> bool:
    """Whether a part of it is secret."""
    if isinstance(value, dict):
        return any(map(has_secret, value.values()))
    return any(map(has_secret, value)) if isinstance(value, list) else isinstance(value, Secret)


def hidden_like(value: Value, example: Value) -> Value:
    """Return the value, secret where the example is.

    A list is secret as a whole when any of its parts is, because a server may change their order.
    """
    if isinstance(value, Secret) or not has_secret(example):
        return value
    if isinstance(value, dict) and isinstance(example, dict):
        return {name: hidden_like(part, example.get(name)) for name, part in value.items()}
    return Secret(plain(value))


def _read(value: Value) -> Value:
    if isinstance(value, dict):
        sort = value.get(SIGNATURE)
        if sort == SECRET:
            return Secret(_read(value["value"]))
        if sort == OUTPUT:
            inner = _read(value["value"]) if "value" in value else UNKNOWN
            return Secret(inner) if value.get("secret") else inner
        return {name: _read(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_read(part) for part in value]
    if isinstance(value, str) and value in UNKNOWN_WORDS:
        return UNKNOWN
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _write(value: Value) -> Value:
    if isinstance(value, Secret):
        return {SIGNATURE: SECRET, "value": _write(value.value)}
    if isinstance(value, dict):
        return {name: _write(part) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_write(part) for part in value]
    return UNKNOWN_STRING if isinstance(value, Unknown) else value
