"""A run as text and as data: what `show` prints, and `run` and `resume` at their end."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict

import click

from moorage.cli import output
from moorage.cli.progress import reason, time_of
from moorage.contracts.report import CheckResult
from moorage.journal import RunRecord, StepRecord
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
    took = output.between(record.created, record.finished)
    rows = [("pipeline", record.pipeline), ("environment", record.environment)]
    rows += [("started", output.moment(record.created) + (f"  by {record.by}" if record.by else ""))]
    rows += [("took", output.seconds(took))] if took is not None else []
    if record.parameters:
        rows.append(("parameters", "  ".join(f"{key}={value}" for key, value in record.parameters.items())))
    click.echo(f"run {click.style(record.id, bold=True)}  {output.state(state)}")
    output.print_table(("", ""), [(output.dim(title), text) for title, text in rows], indent="  ")


def print_steps(record: RunRecord) -> None:
    """Print a line per step: state, time, attempts, and why it is not simply well."""
    rows = [
        (step.name, output.state(step.state), time_of(step), _attempts(step), _because(step))
        for step in record.steps.values()
    ]
    output.print_table(("step", "state", "time", "tries", ""), rows, indent="  ")


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


def print_end(record: RunRecord) -> None:
    """Print how a run ended: in short when all is well, with the failures when not."""
    took = output.seconds(output.between(record.created, record.finished))
    click.echo(f"run {record.id}  {output.state(record.state)}" + (f"  in {took}" if took else ""))
    print_failures(record, {})
    print_metrics(record)
    print_next(record, record.state)


def print_next(record: RunRecord, state: RunState) -> None:
    """Print the commands that a person may want now."""
    where = "" if record.environment == "local" else f" -e {record.environment}"
    commands = [f"moorage {text}{where}" for text in _next(record, state)]
    if commands:
        click.echo()
        for at, text in enumerate(commands):
            click.echo(output.dim("next  " if at == 0 else "      ") + text)


def _next(record: RunRecord, state: RunState) -> Iterator[str]:
    failed = [step for step in record.steps.values() if step.state is StepState.FAILED]
    for step in [step for step in failed if step.attempts][:1]:
        yield f"logs {record.id} {step.name}"
    for step in record.steps.values():
        if step.asked and not step.verdict and not step.state.is_terminal:
            yield f"approve {record.id} {step.name}"
    if state in (RunState.FAILED, RunState.STALLED, RunState.CANCELLED):
        yield f"resume {record.id}"
    if state is RunState.RUNNING:
        yield f"logs {record.id} -f"


def _failure(step: StepRecord, detail: str | None) -> Iterator[str]:
    said = (step.message or "").splitlines() or [""]
    cause = str(step.cause).replace("_", " ") if step.cause else "failed"
    yield f"{click.style(step.name, bold=True)} failed ({cause}): {said[0]}"
    yield from (f"  {line}" for line in said[1:])
    for check in step.checks:
        yield f"  {describe_check(check)}"
    if detail:
        yield from (f"  {line}" for line in detail.splitlines())
    if step.cause is not None:
        yield output.dim(f"  {ADVICE[step.cause].sentence}")


def describe_check(check: CheckResult) -> str:
    """Return a broken check as one line: which column, how many of how many, and examples."""
    column = f"{check.column}: " if check.column else ""
    share = f"{check.failed:,} of {output.count(check.rows, 'row')}"
    examples = ", ".join(text if row is None else f"row {row} is {text}" for row, text in check.examples[:3])
    return f"{column}{check.check}, broken by {share}" + (f" ({examples})" if examples else "")


def _attempts(step: StepRecord) -> str:
    return str(len(step.attempts)) if len(step.attempts) > 1 else ""


def _because(step: StepRecord) -> str:
    if step.state is StepState.SUCCEEDED and step.verdict is None and not step.attempts:
        return (step.message or "").split("; ")[0]
    text = reason(step) or (step.message or "" if step.verdict else "")
    return text if len(text) <= 60 else f"{text[:59]}…"
