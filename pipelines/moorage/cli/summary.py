"""A run as text and as data: what `show` prints, and `run` and `resume` at their end."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

import click

from moorage.cli import output
from moorage.cli.progress import reason, time_of
from moorage.contracts.report import CheckResult
from moorage.journal import RunRecord, StepRecord
from moorage.models import ModelVersion
from moorage.spans import between
from moorage.states import ADVICE, RunState, StepState


def run_as_data(record: RunRecord, state: RunState | None = None) -> Mapping[str, object]:
    """Return the run as `--json` prints it: the record, with `started`, `metrics` and plain step entries."""
    return {
        "id": record.id,
        "pipeline": record.pipeline,
        "environment": record.environment,
        "state": state or record.state,
        "started": record.created,
        "finished": record.finished,
        "by": record.by,
        "parameters": record.parameters,
        "metrics": metrics_of(record),
        "steps": [asdict(step) for step in record.steps.values()],
    }


def metrics_of(record: RunRecord) -> Mapping[str, Mapping[str, float]]:
    """Return the metrics that the run's steps left, by `step.output`."""
    found = ((step.name, name, item) for step in record.steps.values() for name, item in step.outputs.items())
    return {f"{step}.{name}": item.metrics for step, name, item in found if item.kind == "metrics" and item.metrics}


def print_head(record: RunRecord, state: RunState) -> None:
    """Print what the run is and where it stands."""
    took = between(record.created, record.finished)
    rows = [("pipeline", record.pipeline), ("environment", record.environment)]
    rows += [("started", output.moment(record.created) + (f"  by {record.by}" if record.by else ""))]
    rows += [("took", output.seconds(took))] if took is not None else []
    if record.parameters:
        rows.append(("parameters", "  ".join(f"{key}={_value(value)}" for key, value in record.parameters.items())))
    click.echo(f"run {click.style(record.id, bold=True)}  {output.state(state)}")
    output.print_table(("", ""), [(output.dim(title), text) for title, text in rows], indent="  ")


def print_steps(record: RunRecord) -> None:
    """Print a line per step: state, time, attempts, and why it is not simply well."""
    rows = [
        (step.name, output.state(step.state), time_of(step), _attempts(step), _because(step))
        for step in record.steps.values()
    ]
    output.print_table(("step", "state", "time", "tries", ""), rows, indent="  ")


def print_gates(record: RunRecord) -> None:
    """Print what each gate that was judged found, a line per limit."""
    judged = [step for step in record.steps.values() if _is_judged_gate(step)]
    rows = [(step.name, sentence) for step in judged for sentence in _judgements(step)]
    if rows:
        click.echo()
        output.print_table(("gates", ""), rows, indent="  ")


def print_metrics(record: RunRecord) -> None:
    """Print the metrics, a line per output."""
    rows = [
        (name, "  ".join(f"{key} {output.number(value)}" for key, value in values.items()))
        for name, values in metrics_of(record).items()
    ]
    if rows:
        click.echo()
        output.print_table(("metrics", ""), rows, indent="  ")


def print_failures(record: RunRecord, details: Mapping[str, str]) -> None:
    """Print what each failed step says and what to do; `details` are frames and logs by step."""
    for step in record.steps.values():
        if step.state is StepState.FAILED:
            click.echo()
            for line in _failure(step, details.get(step.name)):
                click.echo(line.rstrip())


def print_notes(record: RunRecord) -> None:
    """Print what steps that went well warn of, and the rows that they set aside."""
    rows = [(step.name, text) for step in record.steps.values() for text in _notes(step)]
    if rows:
        click.echo()
        output.print_table(("notes", ""), rows, indent="  ")


def print_models(versions: Sequence[ModelVersion]) -> None:
    """Print the model versions that the run stands for."""
    if versions:
        click.echo()
        output.print_table(("models", ""), [(item.name, f"version {item.version}") for item in versions], indent="  ")


def print_end(record: RunRecord, versions: Sequence[ModelVersion], details: Mapping[str, str]) -> None:
    """Print how a run ended: in short when all is well, with the failures when not."""
    took = output.seconds(between(record.created, record.finished))
    click.echo(f"run {record.id}  {output.state(record.state)}" + (f"  in {took}" if took else ""))
    print_failures(record, details)
    print_notes(record)
    print_metrics(record)
    print_models(versions)
    print_next(record, record.state, versions)


def print_next(record: RunRecord, state: RunState, versions: Sequence[ModelVersion]) -> None:
    """Print the commands that a person may want now."""
    commands = [f"moorage {text}{record.where}" for text in _next(record, state, versions)]
    if commands:
        click.echo()
        for at, text in enumerate(commands):
            click.echo(output.dim("next  " if at == 0 else "      ") + text)


def _next(record: RunRecord, state: RunState, versions: Sequence[ModelVersion]) -> Iterator[str]:
    failed = [step for step in record.steps.values() if step.state is StepState.FAILED and step.attempts]
    for step in failed[:1]:
        yield f"logs {record.id} {step.name}"
    for step in record.steps.values():
        if step.asked and not step.verdict and not step.state.is_terminal:
            yield f"approve {record.id} {step.name}"
    if state in (RunState.FAILED, RunState.STALLED, RunState.CANCELLED):
        yield f"resume {record.id}"
    if state is RunState.RUNNING:
        yield f"logs {record.id} -f"
    for item in versions[:1]:
        yield f"bento serve {item.name}@{item.version}"


def _failure(step: StepRecord, detail: str | None) -> Iterator[str]:
    said = (step.message or "").splitlines() or [""]
    yield f"{click.style(step.name, bold=True)} failed ({_cause(step)}): {said[0]}"
    yield from (f"  {line}" for line in said[1:])
    is_told = any(line.lstrip().startswith("fix: ") for line in said[1:])
    if step.cause is not None and not is_told:  # what is said of the cause alone might be another thing
        yield output.dim(f"  {ADVICE[step.cause].sentence}")
    told = detail.splitlines() if detail else map(describe_check, step.checks)
    yield from (f"  {line}" for line in told if not line.strip() or line.strip() not in said[0])


def describe_check(check: CheckResult) -> str:
    """Return a broken check as one line: which column, how many of how many, and examples."""
    column = f"{check.column}: " if check.column else ""
    if check.examples and all(row is None for row, _ in check.examples):
        return f"{column}{check.check}: {', '.join(text for _, text in check.examples)}"
    share = f"{check.failed:,} of {output.count(check.rows, 'row')}"
    examples = ", ".join(f"row {row} is {text}" for row, text in check.examples[:3])
    return f"{column}{check.check}, broken by {share}" + (f" ({examples})" if examples else "")


def _attempts(step: StepRecord) -> str:
    return str(len(step.attempts)) if len(step.attempts) > 1 else ""


def _because(step: StepRecord) -> str:
    if _is_judged_gate(step):
        return ""
    if step.state is StepState.FAILED:
        return _cause(step)  # what it said follows below
    return reason(step) or (step.message or "" if step.verdict else "")


def _is_judged_gate(step: StepRecord) -> bool:
    judged = step.state in (StepState.SUCCEEDED, StepState.FAILED)
    return judged and not step.attempts and step.asked is None and step.message is not None


def _judgements(step: StepRecord) -> Sequence[str]:
    return re.split(r"(?<=required); ", step.message or "")


def _notes(step: StepRecord) -> Iterator[str]:
    for name, artifact in step.quarantined.items():
        rows = "rows" if artifact.rows is None else output.count(artifact.rows, "row")
        yield f"{rows} of {name} broke its contract and were set aside"
    yield from step.warnings


def _cause(step: StepRecord) -> str:
    return str(step.cause).replace("_", " ") if step.cause else "failed"


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
