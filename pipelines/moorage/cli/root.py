"""The root command: its table of commands, `--version` and `--help`. Imports click and nothing else."""

import click

from moorage.cli.lazy import Entry, LazyGroup

SECTIONS = {
    "Start": {
        "init": Entry("moorage.cli.init:command", "Write a new project: spec, steps, contract, test, infrastructure."),
        "check": Entry("moorage.cli.check:command", "Say what is wrong with a spec and its code; nothing is imported."),
        "plan": Entry("moorage.cli.plan:command", "Show what a run would send to the platform; nothing is sent."),
        "run": Entry("moorage.cli.run:command", "Run a pipeline; Ctrl-C leaves it, and it can be resumed."),
    },
    "Runs": {
        "runs": Entry("moorage.cli.runs:command", "List the runs of an environment, newest first."),
        "show": Entry("moorage.cli.show:command", "Show one run: its steps, results, and what failed."),
        "logs": Entry("moorage.cli.logs:command", "Print what the steps of a run wrote; -f follows."),
        "why": Entry("moorage.cli.why:command", "Say why a step ran again: what changed since the last run."),
        "report": Entry("moorage.cli.report:command", "Write one HTML page that tells all of a run."),
        "resume": Entry("moorage.cli.resume:command", "Go on with a run that was left, failed or was cancelled."),
        "cancel": Entry("moorage.cli.steer:cancel", "Stop a run; resume continues it."),
        "approve": Entry("moorage.cli.steer:approve", "Say yes to an approval that a run waits for."),
        "reject": Entry("moorage.cli.steer:reject", "Say no to an approval; what waits for it is skipped."),
    },
    "Data and models": {
        "contract": Entry("moorage.cli.contract:command", "Check tables against contracts."),
        "drift": Entry("moorage.cli.drift:command", "Compare two tables, column by column."),
        "model": Entry("moorage.cli.model:command", "List, show, promote and roll back model versions."),
        "bento": Entry("moorage.cli.bento:command", "Build, serve and render the Bento of a model."),
    },
    "The place": {
        "env": Entry("moorage.cli.env:command", "Make, list, show, fetch and check environments."),
        "image": Entry("moorage.cli.image:command", "Render, build and push the image that steps run in."),
        "gc": Entry("moorage.cli.gc:command", "Remove what was left behind and nothing names any more."),
        "schema": Entry("moorage.cli.schema:command", "Print the JSON Schema of a spec, for editors."),
        "completion": Entry(
            "moorage.cli.completion:command", "Print the script that completes commands in your shell."
        ),
    },
}


def _print_version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        click.echo(f"moorage {version('moorage')}")
        ctx.exit()


root = LazyGroup(
    name="moorage",
    sections=SECTIONS,
    help="One pipeline spec, any cloud.",
    epilog="Start here: moorage init DIR. More: moorage COMMAND --help.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_print_version,
            help="Show the version and exit.",
        )
    ],
)
