"""`moorage image`: the image that steps run in, rendered, built and pushed."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from moorage.cli import output
from moorage.cli.options import environment_option, json_option, project_option
from moorage.errors import SpecError, TargetError
from moorage.images.builders import BUILDERS
from moorage.images.building import Built, Plan, built, choose_builder, push, write_context
from moorage.images.recipe import Recipe, containerfile
from moorage.images.record import DEFAULT_IMAGE, ImageRecord, PushedImage, register
from moorage.images.requirements import read_requirements, without_moorage
from moorage.images.source import Source, source_here, source_of
from moorage.project import find_root
from moorage.runs.place import Place, open_place
from moorage.spec.types import STEP_NAME_PATTERN

FILE = click.Path(path_type=Path, exists=True, dir_okay=False, resolve_path=True)
REFERENCE = r"[\w][\w.\-/:@]*"
REGISTRY = r"[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9][a-z0-9._-]*)*"
OPTIONS = (
    click.argument("name", default=DEFAULT_IMAGE, metavar="[NAME]"),
    click.option(
        "--requirements", type=FILE, metavar="FILE",
        help="What is installed, every line with hashes; else the project's requirements.txt.",
    ),
    click.option("--base", metavar="IMAGE", help="What to start from, best by digest; else python:VERSION-slim."),
    click.option("--python", metavar="VERSION", help="The version of that; else the one that runs here."),
    click.option("--platform", metavar="OS/ARCH", help="As in linux/arm64; else this machine's."),
    click.option(
        "--ca-bundle", type=FILE, metavar="FILE",
        help="Certificates that the build trusts; mounted for its time, never in the image.",
    ),
    click.option("--moorage", "wheel", type=FILE, metavar="FILE", help="A wheel of moorage; else what runs here."),
    project_option,
)  # fmt: skip

Command = TypeVar("Command", bound=Callable[..., object])


def _recipe_options(command: Command) -> Command:
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.group("image")
def command() -> None:
    """Render, build and push the image that steps run in."""


@command.command("render")
@_recipe_options
@click.option("--to", type=click.Path(path_type=Path), metavar="DIR", help="Write all that a build needs into DIR.")
def render(to: Path | None, **asked: Any) -> None:
    """Print the Containerfile of an image.

    With --to, it is written into a folder together with the requirements and moorage's wheel, which is all that a
    builder needs.
    """
    plan = _plan(**asked)
    if to is None:
        click.echo(containerfile(plan.recipe), nl=False)
        return
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise SpecError(f"{to} is there already, and not empty", fix="name a new folder")
    names = write_context(plan, to)
    click.echo("\n".join(str(to / name) for name in names))


@command.command("build")
@_recipe_options
@environment_option
@click.option("--push", "pushed", is_flag=True, help="Bring it to the registry, and let runs of -e NAME find it.")
@click.option("--registry", metavar="PLACE", help="As in registry.example/team; else what the environment says.")
@click.option(
    "--with", "builder", type=click.Choice([item.name for item in BUILDERS]), help="Else the first that works here."
)
@json_option
def build(
    environment: str, pushed: bool, registry: str | None, builder: str | None, as_json: bool, **asked: Any
) -> None:
    """Build an image; with --push, bring it to an environment.

    Steps that say `image: NAME`, and all those that say nothing when the name is left out, run in the newest one.
    The same requirements on the same base are the same image, and their steps stay cached.
    """
    plan = _plan(**asked)
    place = _place(environment, asked["project"]) if pushed else None
    repository = _repository(plan.recipe.name, registry, place)
    with built(plan, choose_builder(builder), repository, output.note) as image:
        reference = push(image, output.note) if place is not None else None
    if place is None or reference is None:
        _say_local(image, as_json)
    else:
        _say_pushed(register(place.store, _record(plan.recipe, reference)), environment, as_json)


def _plan(
    name: str, requirements: Path | None, base: str | None, python: str | None, platform: str | None,
    ca_bundle: Path | None, wheel: Path | None, project: Path | None,
) -> Plan:  # fmt: skip
    _check(STEP_NAME_PATTERN, name, "an image", "write lower-case letters, digits and hyphens, as in train-gpu")
    if base is not None and python is not None:
        raise SpecError("--python picks a base image, and --base names one", fix="give one of them")
    base = base if base is not None else f"python:{_python_version(python)}-slim"
    _check(REFERENCE, base, "a base image", "as in --base python:3.12-slim@sha256:...")
    _check(r"[a-z0-9]+/[a-z0-9]+(/[a-z0-9]+)?", platform or "linux/amd64", "a platform", "as in linux/arm64")
    wanted = read_requirements(requirements or find_root(project or Path.cwd()) / "requirements.txt")
    wanted = without_moorage(wanted) if wheel else wanted
    source = source_of(wheel) if wheel else Source(wanted.moorage) if wanted.moorage else source_here()
    if "@" not in base:
        output.note(f"{base} may be another image tomorrow; --base {base}@sha256:... is always the same")
    recipe = Recipe(
        name, base, source.version, source.filename, wanted.moorage is not None, platform, trusts=ca_bundle is not None
    )
    return Plan(recipe, wanted, source, ca_bundle)


def _python_version(asked: str | None) -> str:
    version = asked or "{}.{}".format(*sys.version_info)
    _check(r"3\.\d+(\.\d+)?", version, "a version of Python", "as in --python 3.12")
    if int(version.split(".")[1]) < 11:
        raise SpecError(f"moorage needs Python 3.11 or newer, not {version}", fix="--python 3.11")
    return version


def _place(environment: str, project: Path | None) -> Place:
    place = open_place(environment, project)
    reason = place.adapter.capabilities.images
    if reason is not True:
        raise TargetError(f"{environment} takes no images: {reason}", fix="name another environment: --push -e ENV")
    place.store.ensure()
    return place


def _repository(name: str, registry: str | None, place: Place | None) -> str:
    registry = registry or (place.environment.registry if place else None)
    if registry is None:
        if place is None:
            return f"localhost/moorage-{name}"
        missing = f"environment {place.environment.name!r} does not say where its images go"
        raise TargetError(missing, fix="--registry registry.example/team")
    _check(REGISTRY, registry.rstrip("/"), "a registry", "as in --registry registry.example/team")
    return f"{registry.rstrip('/')}/{name}"


def _check(pattern: str, text: str, what: str, fix: str) -> None:
    if not re.fullmatch(pattern, text):
        raise SpecError(f"{text!r} cannot name {what}", fix=fix)


def _record(recipe: Recipe, reference: str) -> PushedImage:
    return PushedImage(
        name=recipe.name, reference=reference, base=recipe.base, moorage=recipe.version, platform=recipe.platform
    )


def _say_local(image: Built, as_json: bool) -> None:
    if as_json:
        output.print_json({"id": image.id, "reference": image.job.reference, "builder": image.builder.name})
        return
    click.echo(image.id)
    output.note(f"{image.job.reference} is on this machine only; --push -e ENV brings it to an environment")


def _say_pushed(record: ImageRecord, environment: str, as_json: bool) -> None:
    if as_json:
        output.print_json(record)
        return
    click.echo(record.reference)
    output.note(f"image {record.name!r} of {environment} is number {record.number}")
