"""What the shell may offer for an argument; anything that goes wrong means: nothing to offer."""

from itertools import islice
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from moorage.errors import MoorageError


def environment_names(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the environments that this project knows."""
    from moorage.environments import list_environments
    from moorage.project import find_root

    try:
        return [
            CompletionItem(name) for name in list_environments(find_root(Path.cwd())) if name.startswith(incomplete)
        ]
    except (MoorageError, OSError):
        return []


def run_ids(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the newest runs of the environment, with pipeline and state."""
    from moorage.runs.api import list_runs, open_place

    try:
        found = islice(list_runs(open_place(ctx.params.get("environment") or "local")), 50)
        return [
            CompletionItem(run.id, help=f"{run.pipeline} {run.state}") for run in found if run.id.startswith(incomplete)
        ]
    except (MoorageError, OSError):
        return []


def spec_paths(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Leave it to the shell, which completes paths."""
    return [CompletionItem(incomplete, type="file")]
