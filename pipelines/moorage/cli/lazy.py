"""A group of commands that are imported only when they are called, so that `--help` costs next to nothing."""

import importlib
from collections.abc import Mapping, Sequence

import click
from click.shell_completion import CompletionItem

from moorage.frozen import Frozen


class Entry(Frozen):
    """A command before it is imported: `module:name`, and its one-line help."""

    path: str
    help: str


class LazyGroup(click.Group):
    """A group that knows its commands from a table: section title -> command name -> entry."""

    def __init__(self, *, sections: Mapping[str, Mapping[str, Entry]], **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self.sections = sections
        self.entries = {name: entry for section in sections.values() for name, entry in section.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the table."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command of that name; None when there is none."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        module, _, name = entry.path.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that `args` start with; a UsageError names the nearest when there is none."""
        name = args[0]
        if name not in self.entries and not name.startswith("-") and not ctx.resilient_parsing:
            raise click.UsageError(f"no command is named {name!r}{self._nearest(name)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table, one block per section, all in the same columns."""
        width = max(map(len, self.entries))
        for title, section in self.sections.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), entry.help) for name, entry in section.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return what may stand next, without importing any command."""
        names: Sequence[str] = [name for name in self.entries if name.startswith(incomplete)]
        found = [CompletionItem(name, help=self.entries[name].help) for name in names]
        return found or click.Command.shell_complete(self, ctx, incomplete)

    def _nearest(self, name: str) -> str:
        import difflib  # here: most people name commands that are there

        near = difflib.get_close_matches(name, self.entries, n=1)
        return f"; did you mean {near[0]!r}?" if near else ""
