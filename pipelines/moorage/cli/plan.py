"""`moorage plan`: the requests that a run would send, without sending them."""

from collections.abc import Mapping
from pathlib import Path

import click
from pydantic import JsonValue

from moorage.cli import output
from moorage.cli.complete import run_ids
from moorage.cli.options import json_option, parameter_option, place_options, spec_argument, spec_file
from moorage.errors import SpecError
from moorage.plan.planning import Forecast, PlannedStep, lower_all
from moorage.plan.resolved import Resolved
from moorage.runs.place import Place
from moorage.runs.preparing import prepare
from moorage.spec.models import Step, StepKind
from moorage.spec.units import format_duration, format_size_gib

UNMADE = "r0000000000"
"""Stands in requests for the id that a run will get."""


@click.command("plan")
@spec_argument
@place_options
@parameter_option
@click.option("--cached", is_flag=True, help="Also say which steps the store has results for.")
@click.option("--run", "run_id", metavar="RUN", shell_complete=run_ids, help="As that run sends it, to the byte.")
@json_option
def command(
    spec: Path,
    environment: str,
    project: Path | None,
    parameters: Mapping[str, JsonValue],
    cached: bool,
    run_id: str | None,
    as_json: bool,
) -> None:
    """Show what a run would send to the platform; nothing is sent.

    SPEC is a pipeline.yaml, or the folder that holds one. With --json the whole requests are printed.
    """
    place, made = prepare(
        spec_file(spec), environment=environment, parameters=parameters, project=project, is_offline=not cached
    )
    run, resolved = _frozen(place, run_id, made.resolved) if run_id else (UNMADE, made.resolved)
    steps = lower_all(resolved, run, place.adapter, place.target)
    known = _forecast(place, resolved) if cached else {}
    if as_json:
        output.print_json(_as_data(resolved, steps, known))
        return
    click.echo(f"{resolved.pipeline.name} on {place.environment.name} ({place.environment.platform})")
    output.print_table(("step", "what", "needs", "deadline", "cached" if cached else ""), _rows(steps, known), "  ")
    click.echo(f"  cost: none is known for {place.environment.platform}")
    for text in made.notes:
        output.note(text)


def _forecast(place: Place, resolved: Resolved) -> Mapping[str, Forecast]:
    from moorage.runs.forecast import forecast

    return forecast(place.store, resolved)


def _frozen(place: Place, text: str, now: Resolved) -> tuple[str, Resolved]:
    # What the spec has become since does not matter: the run sends what it froze.
    from moorage.runs.api import find_run
    from moorage.runs.making import read_resolved

    run = find_run(place, text)
    frozen = read_resolved(place.store, run)
    if frozen.pipeline.name != now.pipeline.name:
        raise SpecError(
            f"run {run} is one of {frozen.pipeline.name}, not of {now.pipeline.name}",
            fix=f"name the spec of {frozen.pipeline.name}, or a run of {now.pipeline.name}",
        )
    return run, frozen


def _rows(steps: tuple[PlannedStep, ...], known: Mapping[str, Forecast]) -> list[tuple[str, ...]]:
    return [
        (planned.step.name, _what(planned.step), *_needs(planned.step), _cached(known.get(planned.step.name)))
        for planned in steps
    ]


def _what(step: Step) -> str:
    match step.kind:
        case StepKind.FUNCTION:
            return step.run or ""
        case StepKind.COMMAND:
            return " ".join(step.command or ())[:40]
        case StepKind.BENTO:
            return f"bento of {step.bento.model}" if step.bento else ""
        case StepKind.APPROVAL:
            by = step.approval.by if step.approval else ()
            return f"approval by {' or '.join(by) or 'anyone'}"
        case StepKind.GATE:
            return "; ".join(f"{name} {limit.is_}" for name, limit in (step.require or {}).items())


def _needs(step: Step) -> tuple[str, str]:
    if not step.is_job:
        return "", ""
    asked = step.resources
    gpu = f", {asked.gpu.count} GPU" if asked.gpu else ""
    nodes = f", x{asked.nodes}" if asked.nodes > 1 else ""
    return f"{asked.cpu:g} CPU, {format_size_gib(asked.counted_memory_gib)}{gpu}{nodes}", format_duration(
        step.timeout.run
    )


def _cached(known: Forecast | None) -> str:
    if known is None:
        return ""
    return f"from {known.cached_from}" if known.cached_from else f"no: {known.because}"


def _as_data(resolved: Resolved, steps: tuple[PlannedStep, ...], known: Mapping[str, Forecast]) -> object:
    return {
        "pipeline": resolved.pipeline.name,
        "environment": resolved.environment,
        "store": resolved.store,
        "code": resolved.code,
        "cost": None,
        "steps": [
            {
                "name": planned.step.name,
                "kind": planned.step.kind,
                "image": resolved.images.get(planned.step.name),
                "request": planned.request,
                "cached_from": known[planned.step.name].cached_from if planned.step.name in known else None,
            }
            for planned in steps
        ],
    }
