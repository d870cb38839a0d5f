"""What a stack says about its environment: strict models, every mistake named by its path; no SDK is loaded here."""

from moorage_infra.config.kubernetes import KubernetesSettings
from moorage_infra.config.local import LocalSettings
from moorage_infra.config.read import read_settings
from moorage_infra.config.settings import Settings

__all__ = ["KubernetesSettings", "LocalSettings", "Settings", "read_settings"]
