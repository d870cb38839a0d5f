"""`moorage check`: what is wrong with a spec, found without running or importing anything."""

from collections.abc import Mapping
from pathlib import Path

import click
from pydantic import JsonValue

from moorage.cli.options import json_option, parameter_option, spec_argument, spec_file
from moorage.cli.output import count, print_json
from moorage.code import problems_in_code
from moorage.errors import MoorageError, Problem, SpecError
from moorage.spec import Pipeline, load


@click.command("check")
@spec_argument
@parameter_option
@json_option
def command(spec: Path, parameters: Mapping[str, JsonValue], as_json: bool) -> None:
    """Say what is wrong with a spec and its code; nothing is imported.

    SPEC is a pipeline.yaml, or the folder that holds one. All problems are said at once, each with its
    place and what to do. It needs no network and no environment. Exit code 2: something is wrong.
    """
    try:
        pipeline = _checked(spec_file(spec), parameters)
    except MoorageError as error:
        if as_json:
            print_json({"spec": str(spec), "problems": [_as_data(problem) for problem in error.problems]})
        raise
    if as_json:
        print_json({"spec": str(spec), "pipeline": pipeline.name, "steps": len(pipeline.steps), "problems": []})
    else:
        click.echo(f"{pipeline.name}: {count(len(pipeline.steps), 'step')}, all well")


def _checked(path: Path, parameters: Mapping[str, JsonValue]) -> Pipeline:
    pipeline = load(path, parameters)
    if problems := problems_in_code(pipeline, path.absolute().parent, path):
        raise SpecError.of(problems)
    return pipeline


def _as_data(problem: Problem) -> Mapping[str, object]:
    where = problem.where
    place = {"file": where.file, "line": where.line, "column": where.column} if where else {}
    return {**place, "message": problem.message, "fix": problem.fix}
