"""The engine, our language host and the base of the provider stand-ins, on the smallest platform there is: a file."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from tests.engine.tools import Tools
from tests.rigs.pulumi.faults import Fault
from tests.rigs.pulumi.shelf import VARIABLE
from tests.rigs.pulumi.stack import Stack, stack

pytestmark = [pytest.mark.engine("Pulumi"), pytest.mark.slow]

ITEM = """
import pulumi

class Item(pulumi.CustomResource):
    mark: pulumi.Output[str]

    def __init__(self, name, opts=None, **inputs):
        super().__init__("shelf:index:Item", name, {**inputs, "mark": None}, opts)

config = pulumi.Config()
"""
CHAIN = f"""{ITEM}
a = Item("a", label="a", text=config.get("text") or "one")
b = Item("b", label="b", text=a.mark)
c = Item("c", label="c", text=b.mark)
"""

Make = Callable[[str], "Shelved"]


class Shelved:
    """A stack and the file that its program fills."""

    def __init__(self, pulumi: Path, folder: Path, program: str):
        self.file = folder / "shelf.json"
        self.stack: Stack = stack(pulumi, folder, program, environ={VARIABLE: str(self.file)}, packages=["shelf"])

    def items(self) -> dict[str, dict[str, object]]:
        text = self.file.read_text() if self.file.exists() else ""
        items: dict[str, dict[str, object]] = json.loads(text or "{}")
        return items

    def put(self, items: dict[str, dict[str, object]]) -> None:
        self.file.write_text(json.dumps(items))

    def program(self, text: str) -> None:
        (self.stack.project / "__main__.py").write_text(text)


@pytest.fixture
def make(engine: Tools, tmp_path: Path) -> Make:
    return lambda program: Shelved(engine.pulumi, tmp_path, program)


def test_a_program_goes_up_stays_as_it_is_and_comes_down(make: Make):
    made = make(f"""{CHAIN}
pulumi.export("labels", pulumi.Output.all(c.mark).apply(
    lambda _: pulumi.runtime.invoke("shelf:index:labels", {{}}).value["labels"]
))
""")
    planned = made.stack.preview()
    assert planned.ok, planned.stderr
    assert planned.ops == {"a": "create", "b": "create", "c": "create"}
    assert made.items() == {}
    assert made.stack.up().ops == planned.ops
    assert made.stack.outputs() == {"labels": ["a", "b", "c"]}
    assert made.stack.preview("--expect-no-changes").ok
    assert made.stack.destroy().changes["delete"] == 4
    assert made.items() == {}


def test_the_engine_finds_our_language_host_and_our_interpreter(make: Make):
    said = make("").stack.run("about")
    assert said.ok, said.stderr
    assert f"executable='{sys.executable}'" in said.stdout


def test_a_secret_is_secret_in_the_state_the_outputs_and_the_log(make: Make):
    made = make(f"""{ITEM}
item = Item("item", text=pulumi.Output.secret("hunter2"))
pulumi.export("mark", item.mark)
""")
    done = made.stack.up()
    assert done.ok, done.stdout
    kept = "".join(path.read_text() for path in made.stack.world.rglob("*.json")) + done.stdout + str(done.events)
    mark = made.stack.outputs(show_secrets=True)["mark"]
    assert "hunter2" not in kept
    assert mark not in kept
    assert made.stack.outputs() == {"mark": "[secret]"}
    assert [item["text"] for item in made.items().values()] == ["hunter2"]


def test_what_was_changed_or_removed_behind_our_back_is_found_and_repaired(make: Make):
    made = make(CHAIN)
    assert made.stack.up().ok
    good = made.items()
    made.put({"a": good["a"], "b": {**good["b"], "text": "drifted"}})
    found = made.stack.refresh()
    assert {step.name: step.op for step in found.finished} == {"a": "same", "b": "update", "c": "delete"}
    repaired = made.stack.up()
    assert repaired.ops == {"b": "update", "c": "create"}
    assert made.items() == good


def test_a_protected_resource_is_not_destroyed(make: Make):
    made = make(f'{ITEM}\nItem("item", label="kept", opts=pulumi.ResourceOptions(protect=True))')
    assert made.stack.up().ok
    refused = made.stack.destroy()
    assert not refused.ok
    assert "because it is protected" in refused.errors
    assert set(made.items()) == {"kept"}


def test_after_a_failure_in_the_middle_the_next_up_does_the_rest(make: Make):
    made = make(CHAIN)
    failed = made.stack.up(fault=Fault("fail", at="b"))
    assert not failed.ok
    assert "this was told to fail" in failed.errors
    assert set(made.items()) == {"a"}
    assert made.stack.up().ops == {"b": "create", "c": "create"}


def test_what_is_there_but_not_well_is_kept_and_updated(make: Make):
    broken = f'{ITEM}\nItem("item", label="item", text="one", broken=True)'
    made = make(broken)
    failed = made.stack.up()
    assert "item is on the shelf, broken" in failed.errors
    assert set(made.stack.resources()) == {"item"}
    made.program(broken.replace(", broken=True", ""))
    assert made.stack.up().ops == {"item": "update"}


def test_a_replacement_makes_the_new_one_first(make: Make):
    made = make(f'{ITEM}\nItem("item", label=config.get("label") or "old", text="x")')
    assert made.stack.up().ok
    done = made.stack.up("--config", "label=new")
    assert [step.op for step in done.steps] == ["create-replacement", "replace", "delete-replaced"]
    assert {path for step in done.steps for path in step.replaces} == {"label"}
    assert set(made.items()) == {"new"}


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_each_resource_it_goes_up_all_the_same(make: Make, when: Literal["before", "after"]):
    made = make(CHAIN)
    for name in ("a", "b", "c"):
        assert made.stack.up(fault=Fault("kill", at=name, when=when)).status == -9
        assert (name in made.items()) == (when == "after")
        assert made.stack.cancel().ok
    assert made.stack.up().ok
    assert set(made.items()) == {"a", "b", "c"}
    assert made.stack.refresh("--clear-pending-creates").ok
    assert made.stack.preview("--expect-no-changes").ok
    assert made.stack.export_state()["deployment"].get("pending_operations") is None


def test_killed_while_it_destroys_the_next_one_ends_it(make: Make):
    made = make(CHAIN)
    assert made.stack.up().ok
    killed = made.stack.destroy(fault=Fault("kill", at=2, when="after", operation="delete"))
    assert killed.status == -9
    assert set(made.items()) == {"a"}
    assert "the stack is currently locked" in made.stack.destroy().stderr
    assert made.stack.cancel().ok
    assert made.stack.destroy().ok
    assert made.items() == {}


def test_an_item_that_is_there_is_imported_and_then_unchanged(make: Make):
    made = make(f'{ITEM}\nItem("item", label="found", text="old")')
    made.put({"found": {"label": "found", "text": "old"}})
    taken = made.stack.import_("shelf:index:Item", "item", "found")
    assert taken.ok, taken.stdout
    assert made.stack.resources()["item"]["outputs"]["text"] == "old"
    assert made.stack.preview("--expect-no-changes").ok


def test_an_interrupt_stops_what_waits_and_keeps_what_is_done(make: Make):
    made = make(CHAIN)
    with made.stack.running("up", "--yes", "--skip-preview", fault=Fault("hang", at="b")) as run:
        run.wait_for("b creating")
        run.interrupt()
        done = run.outcome()
    assert not done.ok
    assert set(made.stack.resources()) == {"a"}
    assert made.stack.up().ops == {"b": "create", "c": "create"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('Item("item", txt="x")', "an Item has no txt; it has broken, label, text"),
        ('Item("item", text="")', "text: an item says something"),
        ('raise LookupError("no such thing")', "LookupError: no such thing"),
        ('raise pulumi.RunError("in a sentence")', "in a sentence"),
    ],
)
def test_an_error_is_shown_once_with_what_the_provider_or_the_program_said(make: Make, line: str, said: str):
    failed = make(f"{ITEM}\n{line}").stack.up()
    assert not failed.ok
    assert failed.errors.count(said) == 1
