"""`moorage completion`: the script that a shell reads, by click's own."""

import click
from click.shell_completion import get_completion_class

from moorage.cli.exits import COMPLETE_VARIABLE
from moorage.cli.root import root


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the script that completes commands in your shell.

    \b
    bash   moorage completion bash >> ~/.bashrc
    zsh    moorage completion zsh > "${fpath[1]}/_moorage"
    fish   moorage completion fish > ~/.config/fish/completions/moorage.fish
    """
    completer = get_completion_class(shell)
    if completer is not None:
        click.echo(completer(root, {}, "moorage", COMPLETE_VARIABLE).source())
