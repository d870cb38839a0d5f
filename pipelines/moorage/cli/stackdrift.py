"""`moorage env drift`: what is not as the stacks say."""

from pathlib import Path

import click

from moorage.cli import output
from moorage.cli.options import json_option, project_option
from moorage.cli.stack import stack_argument


@click.command("drift")
@stack_argument
@click.option(
    "--accept", multiple=True, metavar="OBJECT", help="An undeclared object that may be there, as the table names it."
)
@project_option
@json_option
def drift(name: str, accept: tuple[str, ...], project: Path | None, as_json: bool) -> None:
    """Show what is not as the stack says: changed, gone, or there though no stack declares it.

    Exit code 0: nothing; 1: something. Nothing is changed, in the environment or in the stack. What Pulumi made is put
    back by `moorage env up NAME -- --refresh`.
    """
    from moorage.cli.stackwork import opened
    from moorage.stacks.looking import look

    work = opened(name, project)
    found = look(work.engine, work.file, work.platform, frozenset(accept))
    if as_json:
        output.print_json(found)
    elif found:
        output.print_table(("", "object", ""), [(each.what, each.name, each.detail) for each in found])
    else:
        output.note(f"{name} is as its stack says")
    if found:
        if any(each.urn for each in found):
            output.note(f"put it back: moorage env up {name} -- --refresh")
        if strange := next((each.name for each in found if not each.urn), None):
            output.note(f"no stack's: remove it, or: moorage env drift {name} --accept '{strange}'")
        raise click.exceptions.Exit(1)
