"""A provider over one JSON file: the smallest platform that the engine can be tried on, and no stand-in for anybody's.

`shelf:index:Item` has a `label` (a new one needs a new item), a `text`, which may be secret, and a `mark` that the
shelf gives it. The file is the platform: tests read it and change it behind the engine's back.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.rigs.pulumi.provider import (
    Change,
    Checked,
    Diff,
    Found,
    PartlyDone,
    Provider,
    ProviderError,
    Request,
    Resource,
)
from tests.rigs.pulumi.servicer import run
from tests.rigs.pulumi.values import Properties, Secret, has_unknown, hidden_like, plain

VARIABLE = "SHELF_FILE"
KNOWN = {"label", "text", "broken"}


class Shelf(Provider):
    """Items by their label; `broken: true` makes one that is there but not well."""

    package = "shelf"
    version = "0.1.0"

    def configure(self, settings: Properties) -> None:
        """Find the file."""
        self._file = Path(settings.get("file") or os.environ[VARIABLE])

    def check(self, resource: Resource, olds: Properties, news: Properties, seed: bytes) -> Checked:
        """Name the item when the program did not."""
        refused = [(name, f"an Item has no {name}; it has {', '.join(sorted(KNOWN))}") for name in {*news} - KNOWN]
        label = news.get("label") or olds.get("label") or f"{resource.name}-{hashlib.sha256(seed).hexdigest()[:8]}"
        return Checked({**news, "label": label}, tuple(sorted(refused)))

    def diff(self, resource: Resource, state: Properties, olds: Properties, news: Properties) -> Diff:
        """Compare with the last inputs."""
        changes = {name: _change(name, olds, news) for name in sorted({*olds, *news})}
        return Diff(
            {name: change for name, change in changes.items() if change},
            replaces=frozenset({"label"}),
        )

    def create(self, resource: Resource, inputs: Properties, request: Request) -> tuple[str, Properties]:
        """Put an item on the shelf; what has the same label is taken over."""
        return plain(inputs["label"]), self._put(inputs, request)

    def update(self, resource: Resource, state: Properties, news: Properties, request: Request) -> Properties:
        """Put it there again."""
        return self._put(news, request)

    def read(self, resource: Resource, id: str, state: Properties, inputs: Properties) -> Found | None:
        """Look at it."""
        with self._items() as items:
            if id not in items:
                return None
            seen = hidden_like(items[id], inputs)
        return Found(id, {**seen, "mark": _mark(seen)}, seen)

    def delete(self, resource: Resource, id: str, state: Properties, request: Request) -> None:
        """Take it away."""
        with self._items() as items:
            items.pop(id, None)

    def invoke(self, token: str, arguments: Properties) -> Properties:
        """`shelf:index:labels` lists what is there."""
        if token != "shelf:index:labels":
            return super().invoke(token, arguments)
        with self._items() as items:
            return {"labels": sorted(items)}

    def _put(self, inputs: Properties, request: Request) -> Properties:
        state = {**inputs, "mark": _mark(inputs)}
        if request.preview:
            return inputs if has_unknown(inputs) else state
        if plain(inputs.get("text")) == "":
            raise ProviderError(f"text: an item says something; {inputs['label']} says nothing")
        with self._items() as items:
            items[plain(inputs["label"])] = plain(inputs)
        if inputs.get("broken"):
            raise PartlyDone(plain(inputs["label"]), state, (f"{inputs['label']} is on the shelf, broken",))
        return state

    @contextmanager
    def _items(self) -> Iterator[dict[str, Properties]]:
        with self._file.open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            before = file.read() or "{}"
            items = json.loads(before)
            yield items
            if json.dumps(items) != before:
                self._file.write_text(json.dumps(items))


def _mark(inputs: Properties) -> object:
    mark = hashlib.sha256(str(plain(inputs.get("text"))).encode()).hexdigest()[:8]
    return Secret(mark) if isinstance(inputs.get("text"), Secret) else mark


def _change(name: str, olds: Properties, news: Properties) -> Change | None:
    if plain(olds.get(name)) == plain(news.get(name)):
        return None
    return Change.ADD if name not in olds else Change.DELETE if name not in news else Change.UPDATE


def main() -> None:
    """Serve it."""
    run(Shelf())
