"""The files of a Pulumi project, and what is wrong with them."""

from pathlib import Path

import pytest

from moorage.errors import MoorageError
from moorage.stacks.project import stack_file

PROJECT = "name: shop\nstackConfigDir: stacks\nruntime: {name: python, options: {virtualenv: .venv}}\n"
STACK = "config:\n  shop:environment: {platform: kubernetes, namespace: shop}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "stacks" / "Pulumi.dev.yaml").write_text(STACK)
    return tmp_path


def test_a_stack_says_its_platform_and_its_settings(root: Path):
    found = stack_file("dev", root)
    assert (found.project, found.platform, found.settings["namespace"]) == ("shop", "kubernetes", "shop")
    assert found.virtualenv == root / ".venv"


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("Pulumi.yaml", None, "there is no Pulumi project in"),
        ("stacks/Pulumi.dev.yaml", None, "no stack is named 'dev'; there is none"),
        ("stacks/Pulumi.dev.yaml", "config: [", "it is not YAML"),
        ("stacks/Pulumi.dev.yaml", "- a", "it is no mapping"),
        ("stacks/Pulumi.dev.yaml", "config: {shop:other: 1}", "it has no `shop:environment`"),
        ("stacks/Pulumi.dev.yaml", "config: {shop:environment: {a: 1}}", "names no platform"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(root: Path, file: str, text: str | None, said: str):
    path = root / file
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(MoorageError, match=said) as refused:
        stack_file("dev", root).platform  # noqa: B018  # it is read
    assert refused.value.problems[0].fix


def test_the_nearest_stack_is_offered(root: Path):
    with pytest.raises(MoorageError) as refused:
        stack_file("dve", root)
    assert refused.value.problems[0].fix == "write 'dev'"
