"""`moorage bento`: the Bento of a registered model, built, served and rendered."""

import os
from pathlib import Path

import click

from moorage import models
from moorage.cli import output
from moorage.cli.asking import Question
from moorage.cli.options import json_option, place_options
from moorage.models import ModelVersion
from moorage.runs import api
from moorage.store import Store, fetch_directory

MODEL = click.argument("model", metavar="MODEL")
CONTEXT = click.argument("context", metavar="CONTEXT", type=click.Path(path_type=Path, exists=True, file_okay=False))


@click.group("bento")
def command() -> None:
    """Build, serve and render the Bento of a model.

    MODEL is a name, for its newest version, or NAME@3, or NAME@production. CONTEXT is the folder of a service,
    as in bentos/: service.py and bentofile.yaml.
    """


@command.command("serve")
@MODEL
@place_options
@click.option("--host", default="127.0.0.1", show_default=True, metavar="HOST", help="Where to listen.")
@click.option("--port", type=int, default=3000, show_default=True, metavar="PORT", help="0 takes any free one.")
@click.option(
    "--ask",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Send the JSON in FILE once, print the answer and stop; exit code 1 when it is refused.",
)
def serve(model: str, environment: str, project: Path | None, host: str, port: int, ask: Path | None) -> None:
    """Answer requests with a registered model, on this machine.

    MODEL is a name, NAME@VERSION, NAME@STAGE, or the folder of a Bento. Ctrl-C stops it.
    """
    from moorage_serving.serve import serve as serve_folder

    folder = Path(model) if Path(model).is_dir() else _fetched(model, environment, project)
    if ask is None:
        serve_folder(folder, host, port, ready=lambda url: output.note(f"{model} answers at {url}; Ctrl-C stops it"))
        return
    question = Question(ask.read_bytes())
    serve_folder(folder, host, 0, ready=question.ask)
    question.report()


@command.command("render")
@MODEL
@CONTEXT
@place_options
@click.option("--to", type=click.Path(path_type=Path), metavar="DIR", help="Where; else CONTEXT itself.")
@json_option
def render(model: str, context: Path, environment: str, project: Path | None, to: Path | None, as_json: bool) -> None:
    """Put a model and its contract beside a service.

    Afterwards `bentoml build` and `bentoml serve` work in that folder. MODEL is a name, NAME@VERSION or NAME@STAGE.
    """
    from moorage_serving.manifest import read_manifest
    from moorage_serving.render import render as render_folder
    from moorage_serving.serve import source_of

    source = source_of(_fetched(model, environment, project))
    known = read_manifest(source)
    made = render_folder(
        context,
        to or context,
        name=known.name,
        model=source / known.model.file,
        contract=source / known.contract.file,
    )
    _say(as_json, made.name, made.version, to or context)


def _say(as_json: bool, name: str, version: str, folder: Path) -> None:
    if as_json:
        output.print_json({"name": name, "version": version, "folder": str(folder)})
    else:
        click.echo(f"{name}:{version} is in {folder}")


def _fetched(model: str, environment: str, project: Path | None) -> Path:
    store = api.open_place(environment, project).store
    return _bento_folder(store, models.resolve(store, model))


def _bento_folder(store: Store, version: ModelVersion) -> Path:
    cache = Path(os.environ.get("MOORAGE_CACHE") or Path.home() / ".cache" / "moorage")
    folder = cache / "bentos" / version.bento.removeprefix("blake3:")
    if not folder.is_dir():
        fetch_directory(store, version.bento, folder)
    return folder
