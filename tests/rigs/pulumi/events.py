"""What the engine did, from its event log."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COLOURS = re.compile(r"<\{%.*?%\}>")


@dataclass(frozen=True)
class Step:
    """One operation on one resource: `op` is the engine's word (`create`, `same`, `replace`, `delete-replaced`).

    `changed` are the paths that differ, `replaces` those that need a new resource.
    """

    op: str
    urn: str
    type: str
    changed: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.split("::", 3)[3]

    @property
    def is_own(self) -> bool:
        """Whether it is the engine's own: the stack, or a provider."""
        return self.type.startswith("pulumi:")


@dataclass(frozen=True)
class Diagnostic:
    """One message: `severity` is `info`, `warning`, `error` and so on; `urn` is empty where it is about all."""

    severity: str
    message: str
    urn: str


@dataclass(frozen=True)
class Outcome:
    """How a command of the engine went. `events` are the lines of its log as they are."""

    status: int
    stdout: str
    stderr: str
    events: tuple[Mapping[str, Any], ...]

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.status == 0

    @property
    def steps(self) -> tuple[Step, ...]:
        """What it began, in order, but for what stays the same, the stack itself and its providers."""
        found = [_step(event["resourcePreEvent"]["metadata"]) for event in self.events if "resourcePreEvent" in event]
        return tuple(step for step in found if step.op not in ("same", "read") and not step.is_own)

    @property
    def finished(self) -> tuple[Step, ...]:
        """What it ended well; a refresh says only here what it found."""
        found = [_step(event["resOutputsEvent"]["metadata"]) for event in self.events if "resOutputsEvent" in event]
        return tuple(step for step in found if not step.is_own)

    @property
    def ops(self) -> dict[str, str]:
        """The operation by resource, where something was to be done; the last one where there were several."""
        return {step.name: step.op for step in self.steps}

    @property
    def changes(self) -> dict[str, int]:
        """How many resources met each operation, as the summary says."""
        summaries = [event["summaryEvent"]["resourceChanges"] for event in self.events if "summaryEvent" in event]
        return dict(summaries[-1]) if summaries else {}

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Its messages, without colours."""
        found = [event["diagnosticEvent"] for event in self.events if "diagnosticEvent" in event]
        return tuple(
            Diagnostic(said["severity"], COLOURS.sub("", said["message"]).strip(), said.get("urn", ""))
            for said in found
        )

    @property
    def violations(self) -> tuple[tuple[str, str], ...]:
        """What policies refused: the URN of the resource, and the policy's words."""
        found = [event["policyEvent"] for event in self.events if "policyEvent" in event]
        return tuple((said.get("resourceUrn", ""), COLOURS.sub("", said["message"]).strip()) for said in found)

    @property
    def errors(self) -> str:
        """The text of all its errors."""
        return "\n".join(said.message for said in self.diagnostics if said.severity == "error")


def read_events(path: Path) -> tuple[Mapping[str, Any], ...]:
    """Return what the log holds but for debug messages, in which the SDK writes even what is secret.

    A line that was cut off by a kill is left out.
    """
    return tuple(_whole(path.read_text().splitlines())) if path.exists() else ()


def _whole(lines: Iterable[str]) -> Iterable[Mapping[str, Any]]:
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            return
        if event.get("diagnosticEvent", {}).get("severity") != "debug":
            yield event


def _step(said: Mapping[str, Any]) -> Step:
    details = said.get("detailedDiff") or {}
    return Step(
        op=said["op"],
        urn=said["urn"],
        type=said["type"],
        changed=tuple(sorted(details)),
        replaces=tuple(sorted(path for path, diff in details.items() if "replace" in str(diff.get("diffKind", "")))),
    )
