"""Spec and environment to step jobs, keys and requests: pure, offline."""
