"""Environments as Pulumi makes them: a stack's settings, one component per provider, the policy pack's rules."""
