"""What Pulumi's program does: read the stack's settings, build its one platform, say what the environment is."""

import gc
from collections.abc import Mapping
from pathlib import Path

import pulumi

from moorage.errors import TargetError
from moorage_infra.config import KubernetesSettings, LocalSettings, Settings, read_settings
from moorage_infra.targets import environment_document, local_document


def environment(root: Path) -> pulumi.Output[Mapping[str, object]]:
    """Make the environment of the selected stack, and return its document; `root` is the folder of Pulumi.yaml.

    A mistake in the stack's settings ends the program with all of them in words, before any SDK is loaded.
    """
    gc.freeze()  # what is loaded by now stays to the end: looking through it again, and at the end, takes 70 ms
    project, stack = pulumi.get_project(), pulumi.get_stack()
    file = Path("stacks", f"Pulumi.{stack}.yaml")
    try:
        settings = read_settings(project, pulumi.Config().get_object("environment"), file, root)
    except TargetError as error:
        raise pulumi.RunError(str(error)) from error
    return _built(stack, settings, root)


def _built(stack: str, settings: Settings, root: Path) -> pulumi.Output[Mapping[str, object]]:
    match settings:
        case LocalSettings():
            return pulumi.Output.from_input(local_document(stack, settings, root))
        case KubernetesSettings():
            return _kubernetes(stack, settings)


def _kubernetes(stack: str, settings: KubernetesSettings) -> pulumi.Output[Mapping[str, object]]:
    from moorage_infra.kubernetes import KubernetesPlatform  # only the SDK of the platform that is named

    made = KubernetesPlatform(stack, settings)
    return made.target.apply(lambda target: environment_document(stack, settings, target, settings.store.uri))
