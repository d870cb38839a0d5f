"""`moorage env`: the environments that this project knows, and how it gets to know one."""

import json
import shutil
import subprocess
from pathlib import Path

import click

from moorage.cli import output
from moorage.cli.complete import environment_names
from moorage.cli.options import json_option, project_option
from moorage.environments import LOCAL, list_environments, load_environment, save_environment
from moorage.errors import NotFound, PlatformError, TargetError, Where
from moorage.project import find_root


@click.group("env")
def command() -> None:
    """List, show and fetch environments."""


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
    document = _read(source) if source else _ask_pulumi(name, root)
    found = save_environment(_named(document, name), root)
    output.note(f"kept {found.name}: {found.platform}, store {found.store}")


def _named(document: object, name: str) -> dict[str, object]:
    if not isinstance(document, dict):
        raise TargetError("the environment's document is not an object", fix="give what `environment` exports")
    if document.get("name", name) != name:
        raise TargetError(f"this is the document of {document['name']!r}, not of {name!r}", fix="name that one")
    return document


def _read(path: Path) -> object:
    where = Where(str(path))
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise NotFound(f"it cannot be read ({error.strerror})", where=where, fix="name another file") from error
    except ValueError as error:
        raise TargetError(f"it is not JSON ({error})", where=where, fix="give what `environment` exports") from error


def _ask_pulumi(name: str, root: Path) -> object:
    program = shutil.which("pulumi")
    if program is None:
        raise TargetError(
            "there is no `pulumi` on this machine to ask",
            fix=f"install it, or: moorage env pull {name} --from FILE, with the stack's `environment` in FILE",
        )
    asked = [program, "stack", "output", "environment", "--json", "-s", name]
    ended = subprocess.run(asked, cwd=root, capture_output=True, text=True, check=False)
    if ended.returncode:
        said = (ended.stderr or ended.stdout).strip().splitlines() or ["nothing"]
        raise PlatformError(
            f"pulumi said: {said[-1]}", fix=f"look with: pulumi stack -s {name}; make it with: pulumi up"
        )
    try:
        return json.loads(ended.stdout)
    except ValueError as error:
        raise PlatformError(f"pulumi said: {ended.stdout.strip()[:200]}", fix=f"pulumi stack -s {name}") from error


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
