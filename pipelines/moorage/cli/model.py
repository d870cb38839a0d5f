"""`moorage model`: the registry, which is versions and the stages that point at them."""

import getpass
from collections.abc import Mapping
from pathlib import Path

import click

from moorage import models
from moorage.cli import output
from moorage.cli.options import json_option, place_options
from moorage.errors import SpecError
from moorage.runs import api


@click.group("model")
def command() -> None:
    """List, show, promote and roll back model versions."""


@command.command("list")
@place_options
@json_option
def list_(environment: str, project: Path | None, as_json: bool) -> None:
    """List the registered models and their stages."""
    store = api.open_place(environment, project).store
    newest = [models.resolve(store, name) for name in models.names(store)]
    stages = {model.name: models.stages(store, model.name) for model in newest}
    if as_json:
        output.print_json([{**model.model_dump(mode="json"), "stages": stages[model.name]} for model in newest])
    elif newest:
        rows = [(m.name, str(m.version), output.moment(m.created), m.run, _stages(stages[m.name])) for m in newest]
        output.print_table(("model", "version", "created", "run", "stages"), rows)
    else:
        output.note(f"no models in {store.uri}; a pipeline with a `bento:` step registers them")


@command.command("show")
@click.argument("model", metavar="NAME[@VERSION|@STAGE]")
@place_options
@json_option
def show(model: str, environment: str, project: Path | None, as_json: bool) -> None:
    """Show a model: its versions, its stages, and one in full.

    The version is the newest one, unless NAME@3 or NAME@production names another.
    """
    store = api.open_place(environment, project).store
    one = models.resolve(store, model)
    versions, stages = models.versions(store, one.name), models.stages(store, one.name)
    if as_json:
        output.print_json({"version": one, "versions": versions, "stages": stages})
        return
    _print_version(one)
    click.echo()
    rows = [
        (str(item.version), output.moment(item.created), item.run, _stages_at(stages, item.version))
        for item in reversed(versions)
    ]
    output.print_table(("version", "created", "run", "stages"), rows, indent="  ")


@command.command("promote")
@click.argument("model", metavar="NAME@VERSION")
@click.argument("stage")
@click.option("--by", metavar="NAME", help="Who you are; else your login name. Recorded as claimed.")
@place_options
def promote(model: str, stage: str, by: str | None, environment: str, project: Path | None) -> None:
    """Point a stage, such as production, at a version.

    It does nothing else. NAME alone means its newest version, NAME@staging the one that stands there.
    """
    store = api.open_place(environment, project).store
    one = models.resolve(store, model)
    move = models.promote(store, one.name, one.version, stage, by or getpass.getuser())
    output.note(f"{move.name}: {move.stage} is version {move.version}")


@command.command("rollback")
@click.argument("model", metavar="NAME")
@click.argument("stage")
@click.option("--by", metavar="NAME", help="Who you are; else your login name. Recorded as claimed.")
@place_options
def rollback(model: str, stage: str, by: str | None, environment: str, project: Path | None) -> None:
    """Point a stage back at the version that stood there before."""
    if "@" in model:
        raise SpecError(
            f"rollback takes a name, not {model!r}", fix=f"moorage model rollback {model.split('@')[0]} {stage}"
        )
    store = api.open_place(environment, project).store
    move = models.rollback(store, model, stage, by or getpass.getuser())
    output.note(f"{move.name}: {move.stage} is version {move.version} again")


def _print_version(one: models.ModelVersion) -> None:
    rows = [
        ("run", f"{one.run}, step {one.step}"),
        ("pipeline", f"{one.pipeline} on {one.environment}"),
        ("created", output.moment(one.created)),
        ("model", one.model),
        ("bento", one.bento),
        ("contract", one.contract or "none"),
        *((name, output.number(value)) for name, value in one.metrics.items()),
    ]
    click.echo(click.style(f"{one.name} version {one.version}", bold=True))
    output.print_table(("", ""), [(output.dim(title), text) for title, text in rows], indent="  ")


def _stages(stages: Mapping[str, int]) -> str:
    return ", ".join(f"{stage} {version}" for stage, version in stages.items())


def _stages_at(stages: Mapping[str, int], version: int) -> str:
    return ", ".join(stage for stage, at in stages.items() if at == version)
