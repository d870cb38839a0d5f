"""The stacks of this repository as data, and what a test may change in them."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from moorage_infra.config import KubernetesSettings, read_settings

ROOT = Path(__file__).parents[2]
NAMES = ("local-dev", "onprem", "onprem-prod")


def said(stack: str) -> dict[str, Any]:
    """Return what a stack says of its environment."""
    text = (ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_text()
    settings: dict[str, Any] = yaml.safe_load(text)["config"]["moorage:environment"]
    return settings


def settings(stack: str, change: Callable[[dict[str, Any]], object] = lambda _: None) -> KubernetesSettings:
    """Return the settings of a stack, after a change."""
    changed = copy.deepcopy(said(stack))
    change(changed)
    found = read_settings("moorage", changed, Path("stacks", f"Pulumi.{stack}.yaml"), ROOT)
    assert isinstance(found, KubernetesSettings)
    return found
