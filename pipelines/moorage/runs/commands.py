"""What people tell a run: approve, reject, cancel. Anyone writes, the driver folds them in."""

import getpass
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

from pydantic import AwareDatetime, ValidationError

from moorage.errors import SpecError
from moorage.journal import RunRecord, events
from moorage.spec.models import Model, Pipeline
from moorage.states import RunState
from moorage.store import Store

CommandKind = Literal["approve", "reject", "cancel"]


class Command(Model):
    """One order, as its sender wrote it; `by` is who they say they are."""

    id: str
    kind: CommandKind
    at: AwareDatetime
    by: str
    step: str | None = None
    comment: str | None = None

    def folded(self, at: datetime) -> events.CommandFolded:
        """Return the event that takes it up."""
        return events.CommandFolded(
            at=at, command=self.id, kind=self.kind, by=self.by, step=self.step, comment=self.comment
        )


def send(
    store: Store,
    record: RunRecord,
    pipeline: Pipeline,
    kind: CommandKind,
    *,
    step: str | None = None,
    by: str | None = None,
    comment: str | None = None,
) -> Command:
    """Write a command for the driver of the run. SpecError for one that it could not obey."""
    if record.state.is_terminal:
        word = "was" if record.state is RunState.CANCELLED else "has"
        raise SpecError(
            f"run {record.id} {word} {record.state}", fix=f"`moorage show {record.id}{record.where}` tells how"
        )
    sender = by or getpass.getuser()
    if kind != "cancel":
        step = _approval_step(record, pipeline, step)
        _check_sender(pipeline, step, sender)
    now = datetime.now(UTC)
    command = Command(
        id=f"{now:%Y%m%dt%H%M%S%f}-{secrets.token_hex(3)}", kind=kind, at=now, by=sender, step=step, comment=comment
    )
    store.put(f"runs/{record.id}/commands/{command.id}.json", command.model_dump_json().encode())
    return command


def read_commands(store: Store, record: RunRecord, pipeline: Pipeline) -> Iterator[Command]:
    """Yield the commands that the run has not folded in yet and that it can obey, oldest first."""
    for entry in store.list(f"runs/{record.id}/commands/"):
        name = entry.key.rpartition("/")[2].removesuffix(".json")
        if name in record.commands:
            continue
        command = _read(store, entry.key)
        if command is not None and command.id == name and _may(command, pipeline):
            yield command


def _read(store: Store, key: str) -> Command | None:
    data = store.find(key)
    try:
        return None if data is None else Command.model_validate_json(data)
    except ValidationError:
        return None  # nobody's order: `send` writes no such thing


def _may(command: Command, pipeline: Pipeline) -> bool:
    if command.kind == "cancel":
        return True
    step = pipeline.by_name.get(command.step or "")
    approval = step.approval if step else None
    return approval is not None and (not approval.by or command.by in approval.by)


def _approval_step(record: RunRecord, pipeline: Pipeline, step: str | None) -> str:
    asked = [name for name, stands in record.steps.items() if stands.asked and not stands.verdict]
    approvals = [item.name for item in pipeline.steps if item.approval]
    if step is None and len(asked) == 1:
        return asked[0]
    if step is None:
        seen = f"{len(asked)} approvals wait: {', '.join(asked)}" if asked else "no approval waits"
        raise SpecError(
            f"{seen} in run {record.id}", fix=f"name the step: `moorage approve {record.id} STEP{record.where}`"
        )
    if step not in approvals:
        raise SpecError(
            f"{step!r} is not an approval of run {record.id}", fix=f"its approvals: {', '.join(approvals) or 'none'}"
        )
    if record.steps[step].verdict:
        raise SpecError(f"{step!r} was answered already", fix=f"`moorage show {record.id}{record.where}` tells by whom")
    return step


def _check_sender(pipeline: Pipeline, step: str, sender: str) -> None:
    approval = pipeline.step(step).approval
    if approval and approval.by and sender not in approval.by:
        raise SpecError(
            f"step {step!r} takes the word of {' or '.join(approval.by)}, not of {sender!r}",
            fix=f"say who you are, as in --by {approval.by[0]}",
        )
