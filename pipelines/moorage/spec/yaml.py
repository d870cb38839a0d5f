"""YAML 1.2 text to plain values and their positions, by PyYAML's events.

Events, not nodes: one loop with no recursion holds every limit (depth, aliases), and is faster than composing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from pydantic import JsonValue

from moorage.errors import Problem, SpecError, Where
from moorage.spec.finding import Path

MAX_BYTES = 8 * 2**20
"""No spec that a person wrote is larger."""
MAX_DEPTH = 100
"""Levels of nesting."""
MAX_ALIASED = 100_000
"""Nodes that aliases may add: more is a YAML bomb."""

_LOADER = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader
_Mark = Any  # PyYAML's two parsers have one class each, and its stubs allow None
_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STRING_TAGS = (None, "!", "tag:yaml.org,2002:str")
_CONTAINER_TAGS = (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


@dataclass(slots=True)
class Node:
    """A value with its place; `value` is plain data all the way down, `size` counts its nodes."""

    value: JsonValue
    line: int
    column: int
    children: "dict[str, Node] | list[Node] | None" = None
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)
    size: int = 1
    height: int = 0


@dataclass(frozen=True)
class Document:
    """The one document of a file: its tree, and what is wrong with it that did not stop the reading."""

    file: str
    root: Node
    problems: tuple[Problem, ...]

    def where(self, path: Path, at_key: bool = False) -> Where:
        """Return the place of `path`, or of the nearest thing above it that is in the file."""
        node, place = self.root, (self.root.line, self.root.column)
        for part in path:
            keys, child = node.keys, _child(node, part)
            if child is None:
                break
            node, place = child, (child.line, child.column)
            if at_key and isinstance(part, str) and part in keys:
                place = keys[part]
        return Where(self.file, *place)


def parse(data: bytes, file: str) -> Document:
    """Return the document in `data`; SpecError, with line and column in `file`, when it is not one."""
    if len(data) > MAX_BYTES:
        raise SpecError(
            f"the file has {len(data)} bytes; a spec has at most {MAX_BYTES}",
            where=Where(file, 1, 1),
            fix="write a spec, or split the pipeline",
        )
    return _Composer(_text(data, file), file).document()


def resolve(text: str) -> JsonValue:
    """Return what a plain scalar says in the core schema of YAML 1.2: `on` and `1_000` are text, `0x1F` is 31."""
    if text in _WORDS:
        return _WORDS[text]
    if text[:1] not in "-+.0123456789":
        return text
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) < 400 else text
    if text.startswith(("0o", "0x")) and _PREFIXED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _INFINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return text


_WORDS: dict[str, JsonValue] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_PREFIXED = re.compile(r"0o[0-7]{1,99}|0x[0-9a-fA-F]{1,99}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)")


class _Composer:
    """One pass over the events of one file."""

    def __init__(self, text: str, file: str) -> None:
        self._text, self._file = text, file
        self._problems: list[Problem] = []
        self._anchors: dict[str, Node | None] = {}
        self._aliased = 0

    def document(self) -> Document:
        roots: list[Node] = []
        stack: list[_Open] = []
        for event in self._events():
            if isinstance(event, yaml.DocumentStartEvent) and roots:
                raise self._stop(event.start_mark, "a second document starts here", "keep one pipeline per file")
            node = self._node(event, stack)
            if node is not None and stack:
                self._add(stack[-1], node)
            elif node is not None:
                roots.append(node)
        if not roots:
            raise SpecError("the file is empty", where=Where(self._file, 1, 1), fix="start with `name:` and `steps:`")
        return Document(self._file, roots[0], tuple(self._problems))

    def _events(self) -> Iterator[yaml.Event]:
        try:
            loader = _LOADER(self._text)
            while (event := loader.get_event()) is not None:
                yield event
        except yaml.YAMLError as error:
            raise self._syntax(error) from error

    def _node(self, event: yaml.Event, stack: "list[_Open]") -> Node | None:
        """Return the node that the event completes, if it completes one."""
        if isinstance(event, yaml.ScalarEvent):
            return self._anchored(event.anchor, self._scalar(event))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, len(stack))
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._open(event, stack)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            done = stack.pop()
            return self._anchored(done.anchor, done.node)
        return None

    def _open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent, stack: "list[_Open]") -> None:
        mark: _Mark = event.start_mark
        if len(stack) >= MAX_DEPTH:
            raise self._stop(mark, f"nesting is more than {MAX_DEPTH} levels deep here", "write it flatter")
        if event.tag not in _CONTAINER_TAGS:
            self._tag(event)
        if event.anchor:
            self._anchors[event.anchor] = None
        mapping = isinstance(event, yaml.MappingStartEvent)
        node = Node({} if mapping else [], mark.line + 1, mark.column + 1, {} if mapping else [])
        stack.append(_Open(node, event.anchor))

    def _scalar(self, event: yaml.ScalarEvent) -> Node:
        if event.tag not in _STRING_TAGS:
            self._tag(event)
        plain = event.implicit[0] and event.tag is None
        mark: _Mark = event.start_mark
        return Node(resolve(event.value) if plain else event.value, mark.line + 1, mark.column + 1)

    def _alias(self, event: yaml.AliasEvent, depth: int) -> Node:
        mark: _Mark = event.start_mark
        name = event.anchor
        if name not in self._anchors:
            raise self._stop(mark, f"alias *{name} has no anchor &{name} above it", "write the value itself")
        node = self._anchors[name]
        if node is None:
            raise self._stop(mark, f"alias *{name} stands inside its own anchor", "write the value itself")
        self._aliased += node.size
        if self._aliased > MAX_ALIASED:
            raise self._stop(mark, f"aliases blow the file up to over {MAX_ALIASED} values", "write fewer aliases")
        if depth + node.height > MAX_DEPTH:
            raise self._stop(mark, f"aliases nest more than {MAX_DEPTH} levels deep here", "write it flatter")
        return node

    def _anchored(self, anchor: str | None, node: Node) -> Node:
        if anchor:
            self._anchors[anchor] = node
        return node

    def _add(self, parent: "_Open", child: Node) -> None:
        node = parent.node
        node.size += child.size
        node.height = max(node.height, child.height + 1)
        if isinstance(node.children, list):
            node.children.append(child)
            node.value.append(child.value)  # type: ignore[union-attr]
        elif parent.key is None:
            parent.key = child
        else:
            self._pair(node, parent.key, child)
            parent.key = None

    def _pair(self, parent: Node, key: Node, child: Node) -> None:
        name = key.value
        if not isinstance(name, str):
            self._note(key, "a key is not text here", "write the key as text, in quotes when it is a number")
        elif name in parent.keys:
            line, column = parent.keys[name]
            self._note(key, f"key {name!r} is here a second time; it is at {line}:{column} already", "keep one of them")
        elif name == "<<":
            self._note(key, "`<<` merges mappings in YAML 1.1 only", "use `defaults:`, or write the keys out")
        else:
            parent.keys[name] = (key.line, key.column)
            parent.children[name] = child  # type: ignore[index,call-overload]
            parent.value[name] = child.value  # type: ignore[index,call-overload]

    def _tag(self, event: yaml.ScalarEvent | yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        mark: _Mark = event.start_mark
        tag = (event.tag or "").replace("tag:yaml.org,2002:", "!!")
        self._problems.append(
            Problem(f"tag {tag!r} has no meaning in a spec", self._at(mark), "write the plain value, without a tag")
        )

    def _note(self, node: Node, message: str, fix: str) -> None:
        self._problems.append(Problem(message, Where(self._file, node.line, node.column), fix))

    def _stop(self, mark: _Mark, message: str, fix: str) -> SpecError:
        return SpecError(message, where=self._at(mark), fix=fix)

    def _at(self, mark: _Mark) -> Where:
        return Where(self._file, mark.line + 1, mark.column + 1)

    def _syntax(self, error: yaml.YAMLError) -> SpecError:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        where = self._at(mark) if mark else Where(self._file, 1, 1)
        lines = self._text.splitlines()
        line = lines[where.line - 1] if where.line and where.line <= len(lines) else ""
        if "\t" in line[: len(line) - len(line.lstrip())]:
            return SpecError("a tab indents this line; YAML takes spaces only", where=where, fix="use spaces")
        parts = [getattr(error, "context", None), getattr(error, "problem", None)]
        seen = ", ".join(part for part in parts if part) or "the text breaks off"
        fix = "look at the indentation, brackets and quotes here and above"
        return SpecError(f"this is not YAML: {seen}", where=where, fix=fix)


@dataclass(slots=True)
class _Open:
    """A container whose end has not come yet; `key` waits for its value."""

    node: Node
    anchor: str | None
    key: Node | None = None


def _child(node: Node, part: str | int) -> Node | None:
    if isinstance(node.children, dict) and isinstance(part, str):
        return node.children.get(part)
    if isinstance(node.children, list) and isinstance(part, int) and 0 <= part < len(node.children):
        return node.children[part]
    return None


def _text(data: bytes, file: str) -> str:
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        message = f"byte 0x{data[error.start]:02x} is not UTF-8 text"
        raise SpecError(message, where=_end(before, file), fix="save the file as UTF-8") from error
    if found := _UNPRINTABLE.search(text):
        message = f"character U+{ord(found.group()):04X} does not belong in text"
        raise SpecError(message, where=_end(text[: found.start()], file), fix="give a YAML file, saved as UTF-8")
    return text


def _end(before: str, file: str) -> Where:
    return Where(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
