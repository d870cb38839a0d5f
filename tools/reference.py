"""Write docs/cli.md's list of commands from the commands themselves, so that it cannot lie."""

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from moorage.cli.root import SECTIONS, root
from tools.pages import between, rewrite

PAGE = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
BEGIN, END = "<!-- commands: python -m tools.reference -->\n", "<!-- end of commands -->"


def main() -> int:
    """Write the page anew; return 0."""
    return rewrite(PAGE, BEGIN, END, reference())


def updated(page: str) -> str:
    """Return `page` with the list of commands as they are now."""
    return between(page, BEGIN, END, reference())


def reference() -> str:
    """Return one section per section of `moorage --help`, one paragraph per command."""
    context = click.Context(root, info_name="moorage")
    parts: list[str] = []
    for title, entries in SECTIONS.items():
        parts.append(f"## {title}\n")
        for name in entries:
            command = root.get_command(context, name)
            if command is not None:
                parts += _described(command, f"moorage {name}")
    return "\n".join(parts)


def _described(command: click.Command, path: str) -> Iterator[str]:
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from _described(child, f"{path} {name}")
        return
    context = click.Context(command, info_name=path)
    pieces = [path, *(piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]")]
    yield f"### `{' '.join(pieces)}`\n"
    yield _paragraphs(command.help or "")
    options = [
        item for item in command.get_params(context) if isinstance(item, click.Option) and "--help" not in item.opts
    ]
    records = [record for item in options if (record := item.get_help_record(context))]
    rows = [f"| `{option}` | {_block(text)} |" for option, text in records]
    if rows:
        yield "\n".join(["| option | |", "|---|---|", *rows]) + "\n"


def _paragraphs(text: str) -> str:
    blocks = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(_block(block) for block in blocks) + "\n"


def _block(block: str) -> str:
    lines = block.splitlines()
    if lines[0] == "\b":
        return "\n".join(["```", *lines[1:], "```"])
    return re.sub(r"\s+", " ", block).strip()


if __name__ == "__main__":
    sys.exit(main())
