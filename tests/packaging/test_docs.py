"""The pages name only what is there: commands and options of `moorage`, targets of make, keys of a stack."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from moorage.cli.root import root
from moorage_infra.config import KubernetesSettings, read_settings
from moorage_infra.targets import kubernetes_target

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
WORD = r"[a-z][a-z0-9-]*"
CALL = re.compile(rf"(?<![\w./])moorage ((?:--)?{WORD}(?: .*)?)")
TARGET = re.compile(rf"make ({WORD})")
OPTION = re.compile(rf"(?<=\s)(--{WORD}|-[a-z])(?=$|[\s=])")


def names(path: Path) -> str:
    return path.name


def code(page: Path) -> Iterator[str]:
    """Yield what the page writes as code: each line of its plain blocks, and each piece between two backticks."""
    block = None
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.lstrip().startswith("```"):
            block = line.strip().removeprefix("```") if block is None else None
        elif block is None:
            yield from re.findall(r"`([^`]+)`", line)
        elif not block:
            yield line


def calls(page: Path) -> Iterator[str]:
    """Yield what stands behind `moorage` in each command of the page, up to what belongs to another program."""
    for text in code(page):
        if found := CALL.search(text):
            yield re.split(r" -- | {2,}|[|#>;]", found[1])[0].strip()


def fault(call: str) -> str | None:
    """Return what is wrong with a command, or None."""
    words = call.split()
    command: click.Command = root
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words[0])
        if found is None:
            return f"there is no command {words[0]!r} in {call!r}"
        command = found
        words.pop(0)
    known = {name for each in command.get_params(click.Context(command)) for name in each.opts}
    unknown = [option for option in OPTION.findall(" " + " ".join(words)) if option not in known]
    return f"there is no option {', '.join(unknown)} in {call!r}" if unknown else None


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_every_command_and_option_that_a_page_names_is_there(page: Path) -> None:
    assert [said for call in calls(page) if (said := fault(call))] == []


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_every_target_of_make_that_a_page_names_is_there(page: Path) -> None:
    there = set(re.findall(rf"^({WORD}):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {found[1] for text in code(page) if (found := TARGET.match(text))} <= there


@pytest.mark.parametrize(
    "call", ["fly", "env fly", "run SPEC --fly", "logs last train -z", "env up NAME --refresh", "--fly"]
)
def test_what_is_not_there_is_found(call: str) -> None:
    assert fault(call)


@pytest.mark.parametrize("call", ["run SPEC -e NAME -p k=v --detach", "env show", "--help", "logs last train -f"])
def test_what_is_there_is_not(call: str) -> None:
    assert fault(call) is None


def test_the_pages_about_clusters_have_commands_to_check() -> None:
    found = list(calls(ROOT / "docs" / "kubernetes.md"))
    assert {"env up onprem", "image build --push -e onprem --requirements image.txt", "gc -e onprem"} <= set(found)


def test_the_stack_that_the_page_explains_makes_an_environment() -> None:
    said = _stack(ROOT / "docs" / "kubernetes.md")
    settings = read_settings("wines", said, Path("stacks", "Pulumi.onprem.yaml"))
    assert isinstance(settings, KubernetesSettings)
    assert kubernetes_target(settings).namespace == "wines"
    assert len(said) == 9


def _stack(page: Path) -> dict[str, Any]:
    blocks = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    found = yaml.safe_load(next(text for text in blocks if text.startswith("config:")))
    return dict(found["config"]["wines:environment"])
