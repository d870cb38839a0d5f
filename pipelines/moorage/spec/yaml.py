"""YAML 1.2 text to plain values and their positions, by PyYAML's events.

Events, not nodes: one loop with no recursion holds every limit (depth, aliases), and is faster than composing.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml
from pydantic import JsonValue

from moorage.errors import Problem, SpecError, Where
from moorage.frozen import Frozen
from moorage.spec.finding import Path
from moorage.spec.scalars import resolve

MAX_BYTES = 8 * 2**20
"""No spec that a person wrote is larger."""
MAX_DEPTH = 100
"""Levels of nesting."""
MAX_ALIASED = 100_000
"""Nodes that aliases may add: more is a YAML bomb."""

_LOADER = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader
_Mark = Any  # PyYAML's two parsers have one class each, and its stubs allow None
_UNPRINTABLE = r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
_UNPRINTABLE_ASCII = r"[^\t\n\r\x20-\x7e]"  # the other takes 10 ms to compile
_STRING_TAGS = (None, "!", "tag:yaml.org,2002:str")
_CONTAINER_TAGS = (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


class Node:
    """A mapping or a list (or a root that is neither): its plain value, and the places of what it holds.

    `places` has line and column of each key and of its value; `inner` those values that are Nodes themselves.
    """

    __slots__ = ("column", "inner", "line", "places", "value")

    def __init__(self, value: JsonValue, line: int, column: int) -> None:
        self.value, self.line, self.column = value, line, column
        self.places: dict[str | int, tuple[int, int, int, int]] = {}
        self.inner: dict[str | int, Node] = {}


class Document(Frozen):
    """The one document of a file: its tree, and what is wrong with it that did not stop the reading."""

    file: str
    root: Node
    problems: tuple[Problem, ...]

    def where(self, path: Path, at_key: bool = False) -> Where:
        """Return the place of `path`, or of the nearest thing above it that is in the file."""
        node: Node | None = self.root
        place = (self.root.line, self.root.column)
        for part in path:
            if node is None or part not in node.places:
                break
            found = node.places[part]
            place = found[:2] if at_key else found[2:]
            node = node.inner.get(part)
        return Where(self.file, *place)


def parse(data: bytes, file: str) -> Document:
    """Return the document in `data`; SpecError, with line and column in `file`, when it is not one."""
    if len(data) > MAX_BYTES:
        raise SpecError(
            f"the file has more than {MAX_BYTES:,} bytes, the most that a spec has",
            where=Where(file, 1, 1),
            fix="write a spec, or split the pipeline",
        )
    return _Composer(_text(data, file), file).document()


_Item = tuple[JsonValue, int, int, Node | None]
"""A value that is complete: with its line, its column, and its Node if it has one."""


class _Open:
    """A container whose end has not come yet; in a mapping, `key` waits for its value."""

    __slots__ = ("anchor", "before", "key", "node")

    def __init__(self, node: Node, anchor: str | None, before: int) -> None:
        self.node, self.anchor, self.before = node, anchor, before
        self.key: _Item | None = None


class _Composer:
    """One pass over the events of one file."""

    def __init__(self, text: str, file: str) -> None:
        self._text, self._file = text, file
        self._problems: list[Problem] = []
        # With the number of values in it; None while it is open.
        self._anchors: dict[str, tuple[_Item, int] | None] = {}
        self._seen = self._aliased = 0
        self._stack: list[_Open] = []
        self._root: _Item | None = None

    def document(self) -> Document:
        handlers: Mapping[type[yaml.Event], Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._open,
            yaml.SequenceStartEvent: self._open,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._begin,
        }
        try:
            loader = _LOADER(self._text)
            while (event := loader.get_event()) is not None:
                if handler := handlers.get(type(event)):
                    handler(event)
        except yaml.YAMLError as error:
            raise self._syntax(error) from error
        if self._root is None:
            raise SpecError("the file is empty", where=Where(self._file, 1, 1), fix="start with `name:` and `steps:`")
        return Document(self._file, self._root[3] or Node(*self._root[:3]), tuple(self._problems))

    def _begin(self, event: yaml.DocumentStartEvent) -> None:
        if self._root is not None:
            raise self._stop(event.start_mark, "a second document starts here", "keep one pipeline per file")

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        if event.tag not in _STRING_TAGS:
            self._tag(event)
        mark: _Mark = event.start_mark
        value = resolve(event.value) if event.implicit[0] else event.value
        self._complete((value, mark.line + 1, mark.column + 1, None), event.anchor, self._seen)

    def _open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        mark: _Mark = event.start_mark
        if len(self._stack) >= MAX_DEPTH:
            raise self._stop(mark, f"nesting is more than {MAX_DEPTH} levels deep here", "write it flatter")
        if event.tag not in _CONTAINER_TAGS:
            self._tag(event)
        if event.anchor:
            self._anchors[event.anchor] = None
        value: JsonValue = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._stack.append(_Open(Node(value, mark.line + 1, mark.column + 1), event.anchor, self._seen))

    def _close(self, _event: yaml.Event) -> None:
        done = self._stack.pop()
        node = done.node
        self._complete((node.value, node.line, node.column, node), done.anchor, done.before)

    def _alias(self, event: yaml.AliasEvent) -> None:
        mark: _Mark = event.start_mark
        name = event.anchor
        found = self._anchors.get(name or "")
        if found is None:
            seen = "stands inside its own anchor" if name in self._anchors else f"has no anchor &{name} above it"
            raise self._stop(mark, f"alias *{name} {seen}", "write the value itself")
        item, size = found
        self._aliased += size
        if self._aliased > MAX_ALIASED:
            raise self._stop(mark, f"aliases blow the file up to over {MAX_ALIASED} values", "write fewer aliases")
        if len(self._stack) + _height(item[3], {}) > MAX_DEPTH:
            raise self._stop(mark, f"aliases nest more than {MAX_DEPTH} levels deep here", "write it flatter")
        before, self._seen = self._seen, self._seen + size - 1
        self._complete(item, None, before)

    def _complete(self, item: _Item, anchor: str | None, before: int) -> None:
        """Hand a value, the first part of which was value number `before`, to the container that it stands in."""
        self._seen += 1
        if anchor:
            self._anchors[anchor] = (item, self._seen - before)
        if not self._stack:
            self._root = item
            return
        parent = self._stack[-1]
        values: Any = parent.node.value
        if isinstance(values, list):
            _place(parent.node, len(values), item, item)
            values.append(item[0])
        elif parent.key is None:
            parent.key = item
        else:
            key, parent.key = parent.key, None
            if self._is_name(parent.node, key):
                _place(parent.node, key[0], key, item)
                values[key[0]] = item[0]

    def _is_name(self, parent: Node, key: _Item) -> bool:
        name = key[0]
        if not isinstance(name, str):
            self._note(key, "a key is not text here", "write the key as text, in quotes when it is a number")
        elif name in parent.places:
            line, column = parent.places[name][:2]
            self._note(key, f"key {name!r} is here a second time; it is at {line}:{column} already", "keep one of them")
        elif name == "<<":
            self._note(key, "`<<` merges mappings in YAML 1.1 only", "use `defaults:`, or write the keys out")
        else:
            return True
        return False

    def _tag(self, event: yaml.ScalarEvent | yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        mark: _Mark = event.start_mark
        tag = (event.tag or "").replace("tag:yaml.org,2002:", "!!")
        self._problems.append(
            Problem(f"tag {tag!r} has no meaning in a spec", self._at(mark), "write the plain value, without a tag")
        )

    def _note(self, item: _Item, message: str, fix: str) -> None:
        self._problems.append(Problem(message, Where(self._file, item[1], item[2]), fix))

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
        begun = getattr(error, "context_mark", None)
        if begun and mark and begun.line != mark.line:
            seen += f" (it begins at {begun.line + 1}:{begun.column + 1})"
        fix = "look at the indentation, brackets and quotes here and above"
        return SpecError(f"this is not YAML: {seen}", where=where, fix=fix)


def _place(parent: Node, part: Any, key: _Item, item: _Item) -> None:
    parent.places[part] = (key[1], key[2], item[1], item[2])
    if item[3] is not None:
        parent.inner[part] = item[3]


def _height(node: Node | None, known: dict[int, int]) -> int:
    """Return the levels of nesting in `node`; each Node is looked at once, however many aliases lead to it."""
    if node is None:
        return 0
    if id(node) not in known:
        # What holds a key twice, or a key that is no text, has no places of it: it is refused all the same.
        known[id(node)] = bool(node.places) + max((_height(inner, known) for inner in node.inner.values()), default=0)
    return known[id(node)]


def _text(data: bytes, file: str) -> str:
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        message = f"byte 0x{data[error.start]:02x} is not UTF-8 text"
        raise SpecError(message, where=_end(before, file), fix="save the file as UTF-8") from error
    if found := re.search(_UNPRINTABLE_ASCII if text.isascii() else _UNPRINTABLE, text):
        message = f"character U+{ord(found.group()):04X} does not belong in text"
        raise SpecError(message, where=_end(text[: found.start()], file), fix="give a YAML file, saved as UTF-8")
    return text


def _end(before: str, file: str) -> Where:
    return Where(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
