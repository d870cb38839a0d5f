"""Pulumi's program: make what the selected stack says, and export the document that `moorage env pull` keeps."""

from pathlib import Path

import pulumi

from moorage_infra.program import environment

pulumi.export("environment", environment(Path(__file__).parent.parent))
