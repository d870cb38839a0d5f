"""OpenLineage: a START and an end for the run and for each attempt of its steps, with what they read and wrote."""

from moorage.observe.lineage.observer import Lineage

__all__ = ["Lineage"]
