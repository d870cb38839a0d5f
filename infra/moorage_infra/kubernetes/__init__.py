"""The component for Kubernetes: a namespace of a cluster that exists, made ready for steps and served models."""

from moorage_infra.kubernetes.platform import KubernetesPlatform

__all__ = ["KubernetesPlatform"]
