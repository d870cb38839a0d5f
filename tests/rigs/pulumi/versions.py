"""Which provider plugins the installed SDKs are for, and at which exact versions they ask for them."""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def pulumi_version() -> str:
    """Return the version of the installed Pulumi SDK."""
    from importlib.metadata import version  # takes 8 ms to load

    return version("pulumi")


@cache
def plugins_of_the_sdks() -> dict[str, str]:
    """Return the version that each SDK beside the Pulumi SDK wants its provider in: `{"kubernetes": "4.32.0"}`."""
    spec = find_spec("pulumi")
    beside = Path(spec.origin if spec and spec.origin else "").parent.parent
    found = [json.loads(path.read_text()) for path in sorted(beside.glob("pulumi_*/pulumi-plugin.json"))]
    return {plugin["name"]: plugin["version"].removeprefix("v") for plugin in found if plugin.get("resource")}
