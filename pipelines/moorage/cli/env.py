"""`moorage env`: the environments that this project knows, how it gets to know one, and how one is made."""

import json
from pathlib import Path

import click

from moorage.cli import output, stack, stackdrift
from moorage.cli.complete import environment_names
from moorage.cli.kept import keep
from moorage.cli.options import json_option, project_option
from moorage.environments import LOCAL, list_environments, load_environment
from moorage.errors import NotFound, TargetError, Where
from moorage.project import find_root


@click.group("env")
def command() -> None:
    """Make, list, show, fetch and check environments."""


@command.command("list")
@project_option
@json_option
def list_(project: Path | None, as_json: bool) -> None:
    """List the environments that this project knows."""
    root = find_root(project or Path.cwd())
    found = [load_environment(name, root) for name in list_environments(root)]
    if as_json:
        output.print_json([item.model_dump(mode="json", by_alias=True) for item in found])
    else:
        output.print_table(
            ("environment", "platform", "store"), [(item.name, item.platform, item.store) for item in found]
        )


@command.command("show")
@click.argument("name", default=LOCAL, shell_complete=environment_names)
@project_option
@json_option
def show(name: str, project: Path | None, as_json: bool) -> None:
    """Show one environment: its platform, store and target."""
    found = load_environment(name, find_root(project or Path.cwd()))
    if as_json:
        output.print_json(found.model_dump(mode="json", by_alias=True))
        return
    rows = [("environment", found.name), ("platform", found.platform), ("store", found.store)]
    rows += [("registry", found.registry)] if found.registry else []
    rows += [(f"target.{key}", _text(value)) for key, value in found.target.items()]
    rows += [(f"labels.{key}", value) for key, value in found.labels.items()]
    output.print_table(("", ""), [(output.dim(title), text) for title, text in rows])


@command.command("pull")
@click.argument("name", shell_complete=environment_names)
@click.option(
    "--from", "source", type=click.Path(path_type=Path), metavar="FILE", help="A file that holds the document."
)
@project_option
def pull(name: str, source: Path | None, project: Path | None) -> None:
    """Fetch an environment's document from its Pulumi stack, and keep it.

    Afterwards this project can run there, and this machine needs Pulumi no more.
    """
    root = find_root(project or Path.cwd())
    keep(_read(source) if source else _ask_pulumi(name, root), name, root)


def _read(path: Path) -> object:
    where = Where(str(path))
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise NotFound(f"it cannot be read ({error.strerror})", where=where, fix="name another file") from error
    except ValueError as error:
        raise TargetError(f"it is not JSON ({error})", where=where, fix="give what `environment` exports") from error


def _ask_pulumi(name: str, root: Path) -> object:
    from moorage.stacks.engine import Engine  # here: who lists environments needs none

    return Engine(root, name).output()


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


for _each in (stack.up, stack.preview, stack.down, stackdrift.drift):
    command.add_command(_each)
