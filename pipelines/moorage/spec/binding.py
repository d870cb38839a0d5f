"""Put parameters where `${parameters.x}` stands, in plain data, before any type is checked.

A reference is a whole scalar and keeps its type; `$${` is a literal `${`. What is written out again is
escaped, so that a literal is never taken for a reference.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_json

from moorage.errors import SpecError
from moorage.spec.finding import Finding, Path, did_you_mean, place, shown
from moorage.spec.types import REFERENCE_PATTERN

_REFERENCE = re.compile(REFERENCE_PATTERN)
_LIVE = re.compile(r"(?<!\$)\$\{")
_PREFIX, _SUFFIX = "${parameters.", "}"
_STEP_FIELDS = ("parameters", "timeout", "resources")
_ALLOWED = "in a step's `parameters`, `timeout` and `resources`, in an input's `uri`, and in `defaults`"


def bind(tree: Any, overrides: Mapping[str, Any]) -> tuple[Any, list[Finding]]:
    """Return `tree` with `overrides` taken and every reference replaced, and what stood in the way."""
    if not isinstance(tree, Mapping) or not (overrides or _has_to_be_walked(tree)):
        return tree, []
    binder = _Binder(tree)
    declared = binder.walk(tree.get("parameters", {}), ("parameters",))
    if isinstance(declared, dict):
        declared = binder.overridden(declared, overrides)
        binder.values = declared
    rest = {key: binder.walk(value, (key,)) for key, value in tree.items() if key != "parameters"}
    return {**rest, "parameters": declared} if "parameters" in tree else rest, binder.findings


def bound_in_python(data: Any) -> Any:
    """Return `data` for a Pipeline built in Python or read from JSON, bound; SpecError when that cannot be."""
    if not isinstance(data, Mapping):
        return data
    bound, findings = bind({key: _plain(value) for key, value in data.items()}, {})
    if findings:
        raise SpecError.of(finding.problem() for finding in findings)
    return bound


def escaped(tree: Any) -> Any:
    """Return `tree` with each `${` in its texts as `$${`, so that binding gives `tree` again."""
    if isinstance(tree, str):
        return tree.replace("${", "$${")
    if isinstance(tree, dict):
        return {key: escaped(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(escaped(item) for item in tree)
    return tree


def reference(value: object) -> str | None:
    """Return the parameter that `value` refers to as a whole, if it does."""
    if isinstance(value, str) and _REFERENCE.fullmatch(value):
        return value.removeprefix(_PREFIX).removesuffix(_SUFFIX)
    return None


def is_unicode(text: str) -> bool:
    """Whether `text` can be written as UTF-8: what the command line could not decode cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Binder:
    def __init__(self, tree: Mapping[str, Any]) -> None:
        self.tree, self.values = tree, dict[str, Any]()
        self.findings: list[Finding] = []

    def overridden(self, declared: dict[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
        for name in overrides.keys() - declared.keys():
            fix = did_you_mean(name, declared, "add it to `parameters` of the spec")
            self.findings.append(Finding(("parameters",), f"the spec has no parameter {name!r}", fix, at_key=True))
        known = {name: value for name, value in overrides.items() if name in declared}
        for name, value in known.items():
            self._carried(value, ("parameters", name))
        return declared | known

    def walk(self, value: Any, path: Path) -> Any:
        if isinstance(value, str) and "${" in value:
            return self._text(value, path)
        if isinstance(value, Mapping):
            return {key: self.walk(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.walk(item, (*path, index)) for index, item in enumerate(value)]
        self._carried(value, path)
        return value

    def _text(self, text: str, path: Path) -> Any:
        if not _LIVE.search(text):
            return text.replace("$${", "${")
        seen = f"{place(path, self.tree)} is {shown(text)}"
        name = reference(text)
        if name is None:
            fix = "write `${parameters.x}` and nothing else around it; `$${` is a literal `${`"
            self.findings.append(Finding(path, f"{seen}, where a reference is only part of the text", fix))
        elif not _may_refer(path):
            fix = f"write the value; references stand {_ALLOWED}; `$${{` is a literal `${{`"
            self.findings.append(Finding(path, f"{seen}, where no reference may stand", fix))
        elif name not in self.values:
            fix = did_you_mean(name, self.values, f"add `{name}` to `parameters` of the spec")
            self.findings.append(Finding(path, f"{seen}, but the spec has no parameter {name!r}", fix))
        else:
            return self.values[name]
        return text

    def _carried(self, value: Any, path: Path) -> None:
        """Note what JSON cannot carry to a job."""
        unfit = isinstance(value, float) and not math.isfinite(value)
        if unfit or (isinstance(value, str) and not is_unicode(value)):
            message = f"{place(path, self.tree)} is {shown(value)}, which JSON cannot carry"
            self.findings.append(Finding(path, message, "write a finite number, text, or null"))
        for key, item in value.items() if isinstance(value, dict) else ():
            self._carried(item, (*path, key))
        for item in value if isinstance(value, list) else ():
            self._carried(item, path)


def _has_to_be_walked(tree: Mapping[str, Any]) -> bool:
    # Walking through a thousand steps takes ten times as long as writing them, and next to no spec has any of these.
    try:
        written = to_json(tree, inf_nan_mode="constants")
    except (PydanticSerializationError, UnicodeEncodeError):
        return True
    return any(mark in written for mark in (b"${", b"NaN", b"Infinity"))


def _may_refer(path: Path) -> bool:
    if path[0] == "defaults":
        return len(path) > 1 and path[1] in ("timeout", "resources")
    if path[0] != "steps" or len(path) < 3:
        return False
    return path[2] in _STEP_FIELDS or (path[2] == "inputs" and len(path) == 5 and path[4] == "uri")


def _plain(value: Any) -> Any:
    """Return models that hold a `${` as plain data, so that one function binds every form."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, BaseModel) and "${" in value.model_dump_json():
        return value.model_dump(by_alias=True, exclude_unset=True)
    return value
