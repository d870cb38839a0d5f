"""`moorage contract`: data contracts by themselves."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
from blake3 import blake3

from moorage.cli import output
from moorage.cli.options import json_option
from moorage.cli.summary import describe_check
from moorage.contracts.compiler import compile_contract
from moorage.contracts.guarded import check_guarded
from moorage.contracts.report import CheckResult
from moorage.errors import SpecError


@click.group("contract")
def command() -> None:
    """Check tables against contracts."""


@command.command("check")
@click.argument("contract", metavar="MODULE:CLASS")
@click.argument("tables", metavar="TABLE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--code",
    "roots",
    multiple=True,
    metavar="DIR",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A source root that holds the module; else `pipelines` and the current folder. May be given many times.",
)
@json_option
def check(contract: str, tables: Sequence[Path], roots: Sequence[Path], as_json: bool) -> None:
    """Check tables (Parquet or CSV) against a contract.

    MODULE:CLASS is what a spec says, as in acme_tumors.contracts:Measurements. Exit code 1: a check was broken.
    """
    found = list(roots) or [path for path in (Path("pipelines"), Path()) if path.is_dir()]
    compiled = compile_contract(contract, found, _digest(contract, found))
    results = [result for table in tables for result in check_guarded(table, compiled, str(table), roots=found)]
    broken = [result for result in results if result.failed]
    if as_json:
        output.print_json([asdict(result) for result in results])
    else:
        _print(tables, results)
    if broken:
        raise click.exceptions.Exit(1)


def _print(tables: Sequence[Path], results: Sequence[CheckResult]) -> None:
    for table in tables:
        mine = [result for result in results if result.artifact == str(table)]
        broken = [result for result in mine if result.failed]
        rows = f", {output.count(mine[0].rows, 'row')}" if mine else ""
        checks = output.count(len(mine), "check")
        verdict = f"{len(broken)} of {checks} broken" if broken else f"{checks} hold"
        click.echo(f"{table}{rows}: {click.style(verdict, fg='red' if broken else 'green')}")
        for result in broken:
            click.echo(f"  {describe_check(result)}")


def _digest(contract: str, roots: Sequence[Path]) -> str:
    module = Path(*contract.partition(":")[0].split("."))
    # The package is what a contract's module may lean on; all of it counts.
    packages = [
        path for root in roots for path in (root / module.parts[0], root / f"{module.parts[0]}.py") if path.exists()
    ]
    if not packages:
        raise SpecError(
            f"there is no package {module.parts[0]!r} in {', '.join(map(str, roots))}",
            fix="name its folder with --code DIR",
        )
    files = [packages[0]] if packages[0].is_file() else sorted(packages[0].rglob("*.py"))
    return blake3(b"\0".join(str(path).encode() + b"\0" + path.read_bytes() for path in files)).hexdigest()
