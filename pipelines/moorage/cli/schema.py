"""`moorage schema`: the JSON Schema of a spec, for editors."""

import click

from moorage.cli.output import print_json
from moorage.spec.schema import json_schema


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of a spec, for editors.

    An editor with YAML support completes and checks a pipeline.yaml that starts with a line such as

    \b
    # yaml-language-server: $schema=schema.json
    """
    print_json(json_schema())
