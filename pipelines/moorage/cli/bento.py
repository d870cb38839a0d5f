"""`moorage bento`: the Bento of a registered model, built, served and rendered."""

import os
import tempfile
from pathlib import Path

import click

from moorage import models
from moorage.cli import output
from moorage.cli.asking import Question
from moorage.cli.options import json_option, place_options
from moorage.errors import SpecError
from moorage.models import ModelVersion
from moorage.runs import api
from moorage.store import Store, fetch_directory
from moorage_serving.build import build as build_folder
from moorage_serving.manifest import Manifest, read_manifest
from moorage_serving.render import render as render_folder
from moorage_serving.serve import serve as serve_folder
from moorage_serving.serve import source_of

MODEL = click.argument("model", metavar="MODEL")
CONTEXT = click.argument("context", metavar="CONTEXT", type=click.Path(path_type=Path, exists=True, file_okay=False))


@click.group("bento")
def command() -> None:
    """Build, serve and render the Bento of a model."""


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

    MODEL is a name, NAME@VERSION or NAME@STAGE; or, with a slash in it, the folder of a Bento. Ctrl-C stops it.
    """
    folder = Path(model) if os.sep in model else _fetched(model, environment, project)
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

    Afterwards `bentoml build` and `bentoml serve` work in that folder. MODEL is a name, NAME@VERSION or
    NAME@STAGE; CONTEXT is the folder of the service, with service.py and bentofile.yaml.
    """
    made = _rendered(_fetched(model, environment, project), context, to or context)
    _say(as_json, made, to or context)


@command.command("build")
@MODEL
@CONTEXT
@place_options
@click.option("--to", required=True, type=click.Path(path_type=Path), metavar="DIR", help="A new folder.")
@json_option
def build(model: str, context: Path, environment: str, project: Path | None, to: Path, as_json: bool) -> None:
    """Build a Bento from a service as it is now and a registered model.

    The Bento is in DIR, for `bentoml serve DIR` or `moorage bento serve ./DIR`; nothing is registered. MODEL is a
    name, NAME@VERSION or NAME@STAGE; CONTEXT is the folder of the service, with service.py and bentofile.yaml.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise SpecError(f"{to} is there already", fix="name a new folder, or an empty one")
    with tempfile.TemporaryDirectory(prefix="moorage-bento-") as scratch:
        folder = Path(scratch, "context")
        made = _rendered(_fetched(model, environment, project), context, folder)
        build_folder(folder, made, to)
    _say(as_json, made, to)


def _rendered(bento: Path, context: Path, to: Path) -> Manifest:
    source = source_of(bento)
    known = read_manifest(source)
    model, contract = source / known.model.file, source / known.contract.file
    return render_folder(context, to, name=known.name, model=model, contract=contract)


def _say(as_json: bool, made: Manifest, folder: Path) -> None:
    if as_json:
        output.print_json({"name": made.name, "version": made.version, "folder": str(folder)})
    else:
        click.echo(f"{made.tag} is in {folder}")


def _fetched(model: str, environment: str, project: Path | None) -> Path:
    store = api.open_place(environment, project).store
    return _bento_folder(store, models.resolve(store, model))


def _bento_folder(store: Store, version: ModelVersion) -> Path:
    cache = Path(os.environ.get("MOORAGE_CACHE") or Path.home() / ".cache" / "moorage")
    folder = cache / "bentos" / version.bento.removeprefix("blake3:")
    if not folder.is_dir():
        fetch_directory(store, version.bento, folder)
    return folder
