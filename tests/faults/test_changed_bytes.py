"""Bytes of an artifact that change in the store: found by their digest, named, and made again."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from moorage.journal import RunRecord
from moorage.runs.api import Place, open_place, resume, run
from moorage.states import ADVICE, Cause, RunState, StepState
from moorage.store import blob_path, read_manifest
from tests.faults.stories import assert_sound
from tests.faults.test_step_faults import write_project

SPEC = """
name: changed
code: [.]
steps:
  - {name: first, run: "maker.steps:first", outputs: {note: {kind: file}}}
  - {name: other, run: "maker.steps:first", parameters: {text: other}, outputs: {note: {kind: file}}}
  - name: second
    run: maker.steps:second
    inputs: {note: first.note, other: other.note}
    outputs: {pages: {kind: directory}}
  - {name: wait, run: "maker.steps:wait", parameters: {gate: GATE}, after: [second]}
  - {name: third, run: "maker.steps:third", inputs: {pages: second.pages, note: first.note}, after: [wait]}
  - {name: fourth, run: "maker.steps:fourth", after: [third]}
"""
STEPS = """
import os
from pathlib import Path

def first(note: Path, text: str = "first"):
    note.write_text(text)

def second(note: Path, other: Path, pages: Path):
    pages.mkdir()
    (pages / "one").write_text(note.read_text() + other.read_text())
    (pages / "two").write_text("two")

def wait(gate: str):
    if not os.path.exists(gate):
        raise SystemExit("closed")

def third(pages: Path, note: Path):
    assert sorted(item.name for item in pages.iterdir()) == ["one", "two"]
    assert (pages / "one").read_text() == "firstother"

def fourth():
    pass
"""


class Waiting:
    """A run that made its artifacts, and whose `wait` has failed: it is resumed when `gate` is open."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.gate = folder, folder / "gate"
        package = folder / "maker"
        package.mkdir(parents=True)
        (folder / ".moorage").mkdir()
        (package / "__init__.py").touch()
        (package / "steps.py").write_text(STEPS)
        (folder / "pipeline.yaml").write_text(SPEC.replace("GATE", str(self.gate)))
        self.record = self.start()

    @property
    def place(self) -> Place:
        return open_place("local", self.folder)

    def start(self) -> RunRecord:
        return run(self.folder / "pipeline.yaml", project=self.folder).record

    def resume(self) -> RunRecord:
        self.gate.touch()
        self.record = resume(self.record.id, self.place).record
        return self.record

    def digest(self, step: str, output: str) -> str:
        return self.record.steps[step].outputs[output].digest

    def blob(self, digest: str) -> Path:
        path = blob_path(self.place.store, digest)
        assert path is not None
        return path

    def attempts(self) -> dict[str, int]:
        return {name: len(step.attempts) for name, step in self.record.steps.items()}


def damage(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(b"other bytes")
    path.chmod(0o444)


@pytest.fixture
def waiting(tmp_path: Path) -> Waiting:
    waiting = Waiting(tmp_path / "project")
    assert waiting.record.steps["wait"].cause is Cause.USER
    return waiting


def file_of_directory(waiting: Waiting) -> str:
    return read_manifest(waiting.place.store, waiting.digest("second", "pages")).files[0].digest


VICTIMS: dict[str, Callable[[Waiting], str]] = {
    "a file": lambda waiting: waiting.digest("first", "note"),
    "a manifest": lambda waiting: waiting.digest("second", "pages"),
    "a file of a directory": file_of_directory,
}


@pytest.mark.parametrize(
    ("what", "name", "maker"),
    [("a file", "note", "first"), ("a manifest", "pages", "second"), ("a file of a directory", "pages", "second")],
)
def test_changed_bytes_are_named_and_resume_makes_them_again(waiting: Waiting, what: str, name: str, maker: str):
    damage(waiting.blob(VICTIMS[what](waiting)))
    digest = waiting.digest(maker, name)
    third = waiting.resume().steps["third"]
    assert (third.state, third.cause) == (StepState.FAILED, Cause.CORRUPT)
    assert f"input {name!r} ({digest})" in str(third.message)
    assert "moorage resume" in ADVICE[Cause.CORRUPT].sentence
    assert not waiting.blob(digest).exists()
    assert waiting.resume().state is RunState.SUCCEEDED
    made_again = {maker: 2}
    assert waiting.attempts() == {"first": 1, "other": 1, "second": 1, "wait": 2, "third": 2, "fourth": 1} | made_again
    assert waiting.digest(maker, name) == digest


def test_what_was_lost_is_made_again_with_all_that_it_was_made_of(waiting: Waiting):
    for step, output in (("first", "note"), ("second", "pages")):
        waiting.blob(waiting.digest(step, output)).unlink()
    assert waiting.resume().state is RunState.SUCCEEDED
    assert waiting.attempts() == {"first": 2, "other": 1, "second": 2, "wait": 2, "third": 1, "fourth": 1}


def test_what_no_step_reads_any_more_is_not_made_again(waiting: Waiting):
    waiting.blob(waiting.digest("other", "note")).unlink()
    assert waiting.resume().state is RunState.SUCCEEDED
    assert waiting.attempts() == {"first": 1, "other": 1, "second": 1, "wait": 2, "third": 1, "fourth": 1}
    assert_sound(waiting.place.store, waiting.record.id)


def test_damaged_bytes_do_not_stand_for_a_cached_step(waiting: Waiting):
    damage(waiting.blob(file_of_directory(waiting)))
    assert waiting.resume().steps["third"].cause is Cause.CORRUPT
    waiting.record = waiting.start()
    assert waiting.record.state is RunState.SUCCEEDED
    states = {name: step.state for name, step in waiting.record.steps.items()}
    assert states["first"] is StepState.CACHED
    assert states["second"] is StepState.SUCCEEDED


def test_a_step_that_writes_into_a_directory_it_was_given_is_found_out_and_the_directory_made_again(tmp_path: Path):
    folder = tmp_path / "project"
    spec = write_project(
        folder,
        "{name: make, run: 'writes.steps:make', outputs: {pages: {kind: directory}}}",
        "{name: use, run: 'writes.steps:use', inputs: {pages: make.pages}}",
    )
    once = folder / "once"
    (folder / "writes").mkdir()
    (folder / "writes" / "__init__.py").touch()
    (folder / "writes" / "steps.py").write_text(
        "import os\ndef make(pages):\n    pages.mkdir(); (pages / 'a').write_text('a')\n"
        f"def use(pages):\n    if not os.path.exists({str(once)!r}):\n"
        f"        open({str(once)!r}, 'w').close(); os.chmod(pages / 'a', 0o644); (pages / 'a').write_text('b')\n"
    )
    record = run(spec, project=folder).record
    assert record.steps["use"].cause is Cause.CORRUPT
    assert "was changed while the step ran" in str(record.steps["use"].message)
    record = resume(record.id, open_place("local", folder)).record
    assert record.state is RunState.SUCCEEDED
    assert len(record.steps["make"].attempts) == 2


def test_what_came_from_outside_is_read_again_when_it_is_still_what_it_was(tmp_path: Path):
    folder = tmp_path / "project"
    outside, gate = tmp_path / "outside.txt", tmp_path / "gate"
    outside.write_text("as it was")
    spec = write_project(
        folder,
        f"{{name: wait, command: [test, -e, '{gate}']}}",
        f"{{name: use, command: [grep, -q, was, '{outside}'], after: [wait],"
        f" inputs: {{text: {{uri: '{outside}', kind: file}}}}}}",
    )
    record = run(spec, project=folder).record
    place = open_place("local", folder)
    stored = blob_path(place.store, record.steps["use"].inputs["text"].digest)
    assert stored is not None
    os.unlink(stored)
    gate.touch()
    assert resume(record.id, place).state is RunState.SUCCEEDED
    assert stored.read_text() == "as it was"
