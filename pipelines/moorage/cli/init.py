"""`moorage init`: a new project."""

from pathlib import Path

import click

from moorage.cli.output import note
from moorage.init import names_for, requirement, write_project


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--name", metavar="NAME", help="The name of the pipeline; else it is made from the folder's.")
def command(folder: Path, name: str | None) -> None:
    """Write a new project: spec, steps, contract, test, infrastructure.

    DIR may be missing, empty, `.`, or hold other files; what is there is never overwritten. The example
    in it is small and real: its `make demo` trains a model, serves it once and asks it something.
    """
    names = names_for(folder.absolute().resolve().name, name)
    written = write_project(folder, names, requirement())
    note(f"wrote {len(written)} files to {folder}: pipeline {names.name}, package {names.package}")
    where = "" if folder.resolve() == Path.cwd() else f"cd {folder} && "
    note(f"next  {where}make demo")
