"""Stacks: Pulumi called for one environment, and what its CLI leaves to whoever calls it."""
