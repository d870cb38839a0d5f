"""The settings of a stack, whatever its platform."""

from collections.abc import Mapping

from moorage.spec.models import Model
from moorage_infra.config.kubernetes import KubernetesSettings
from moorage_infra.config.local import LocalSettings

Settings = KubernetesSettings | LocalSettings
"""What one stack says."""

BY_PLATFORM: Mapping[str, type[Model]] = {"kubernetes": KubernetesSettings, "local": LocalSettings}
"""The model of each platform's settings."""
