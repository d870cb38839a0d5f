"""What becomes of operations that were cut off, before Pulumi is asked for anything."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from moorage.errors import TargetError
from moorage.operations import Check, Declared, Settings, Undeclared
from moorage.stacks.engine import Engine
from moorage.stacks.project import StackFile
from moorage.stacks.recovery import repair
from tests.unit.stacks.said import state


class Shelf:
    """A platform that has what it was told."""

    sdk = ""

    def __init__(self, *labels: str) -> None:
        self.labels = labels

    def checks(self, settings: Settings, environment: str) -> Sequence[Check]:
        return ()

    def find(self, settings: Settings, resource: Declared) -> str | None:
        label = str(resource.inputs["label"])
        return label if label in self.labels else None

    def undeclared(
        self, settings: Settings, own: Sequence[Declared], others: Sequence[Declared] = ()
    ) -> Iterable[Undeclared]:
        return ()


PULUMI = """#!/bin/sh
echo "$*" >> calls
case "$1" in
import) cp "$3" imported.json ;;
stack) echo '{"deployment": {}}' ;;
esac
"""


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    program = tmp_path / "pulumi"
    program.write_text(PULUMI)
    program.chmod(0o755)
    return Engine(tmp_path, "test", str(program))


def mend(engine: Engine, platform: Shelf, cut: dict[str, Any]) -> list[str]:
    file = StackFile(engine.root, "small", "test", engine.root / "Pulumi.test.yaml", {}, {}, None)
    said: list[str] = []
    repair(engine, file, platform, cut, said.append)
    return said


def test_what_is_there_is_imported_before_the_rest_is_dropped_and_the_state_before_is_kept(engine: Engine):
    said = mend(engine, Shelf("b"), state())
    assert said[0].startswith("2 operations were cut off; the state as it was is in ")
    assert json.loads(Path(said[0].rpartition(" is in ")[2]).read_text()) == state()
    assert said[1:] == [
        "  creating Item b: it is there, and is taken into the stack as b",
        "  updating ResourceQuota dev-quota: refreshed",
    ]
    assert json.loads((engine.root / "imported.json").read_text())["resources"][0]["id"] == "b"
    assert [line.split()[0] for line in (engine.root / "calls").read_text().splitlines()] == [
        "import", "refresh", "stack"
    ]  # fmt: skip


def test_what_is_not_there_is_only_dropped(engine: Engine):
    said = mend(engine, Shelf(), state())
    assert "it is not there, and is made anew" in said[1]
    assert "import" not in (engine.root / "calls").read_text()


def test_a_state_that_is_whole_is_left_alone(engine: Engine):
    assert mend(engine, Shelf(), {"deployment": {"resources": []}}) == []
    assert not (engine.root / "calls").exists()


def test_a_replacement_that_is_there_beside_the_old_one_is_left_for_a_person(engine: Engine):
    cut = state()
    cut["deployment"]["resources"].append(cut["deployment"]["pending_operations"][0]["resource"])
    with pytest.raises(TargetError, match="Item b was being replaced; the new one is there as b, beside the old one"):
        mend(engine, Shelf("b"), cut)
    assert not (engine.root / "calls").exists()
    assert not (engine.root / ".moorage").exists()
