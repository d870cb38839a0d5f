"""The options and arguments that commands share, each described once."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import click
from pydantic import JsonValue

from moorage.cli.complete import environment_names, run_ids, spec_paths
from moorage.errors import SpecError

Command = TypeVar("Command", bound=Callable[..., object])


def environment_option(command: Command) -> Command:
    """Add `-e NAME` as `environment`."""
    return click.option(
        "-e",
        "--environment",
        default="local",
        show_default=True,
        metavar="NAME",
        shell_complete=environment_names,
        help="Where; `moorage env list` names what there is.",
    )(command)


def project_option(command: Command) -> Command:
    """Add `--project DIR` as `project`, a Path or None."""
    return click.option(
        "--project",
        type=click.Path(path_type=Path, exists=True, file_okay=False, resolve_path=True),
        metavar="DIR",
        help="The project's folder; else it is found from where you are.",
    )(command)


def place_options(command: Command) -> Command:
    """Add the options that say where: `environment` and `project`."""
    return environment_option(project_option(command))


def json_option(command: Command) -> Command:
    """Add `--json` as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")(command)


def parameter_option(command: Command) -> Command:
    """Add `-p key=value` as `parameters`, a mapping of YAML values."""
    return click.option(
        "-p",
        "--parameter",
        "parameters",
        multiple=True,
        metavar="KEY=VALUE",
        callback=_parsed,
        help="Set a parameter of the pipeline; may be given many times.",
    )(command)


def spec_argument(command: Command) -> Command:
    """Add `SPEC` as `spec`: a pipeline.yaml, or the folder that holds it."""
    return click.argument("spec", type=click.Path(path_type=Path), shell_complete=spec_paths)(command)


def run_argument(command: Command) -> Command:
    """Add `[RUN]` as `run_id`; `last` when it is left out."""
    return click.argument("run_id", metavar="[RUN]", default="last", shell_complete=run_ids)(command)


def required_run_argument(command: Command) -> Command:
    """Add `RUN` as `run_id`: an id, the start of one, or `last`."""
    return click.argument("run_id", metavar="RUN", shell_complete=run_ids)(command)


def spec_file(path: Path) -> Path:
    """Return the spec that `path` means: itself, or `pipeline.yaml` in it. SpecError when there is none."""
    if path.is_dir():
        if (path / SPEC_NAME).is_file():
            return path / SPEC_NAME
        raise SpecError(f"{path} is a folder without a {SPEC_NAME}", fix=_other_specs(path))
    if not path.exists():
        raise SpecError(f"there is no {path}", fix=_other_specs(path.parent))
    return path


SPEC_NAME = "pipeline.yaml"
"""What a spec is called when only its folder is named."""


def _other_specs(folder: Path) -> str:
    while not folder.is_dir():
        folder = folder.parent
    found = sorted([*folder.glob(f"*/{SPEC_NAME}"), *folder.glob(f"pipelines/*/{SPEC_NAME}")])
    if found:
        return f"name one that is there: {', '.join(map(str, found[:3]))}"
    return f"name a {SPEC_NAME} or the folder that holds one; `moorage init DIR` writes a new project"


def _parsed(_ctx: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> Mapping[str, JsonValue]:
    from moorage.spec.reading import parse_parameter

    return dict(map(parse_parameter, values))
