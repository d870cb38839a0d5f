"""Kubernetes as a platform: one step is a Job, or a JobSet when it has several nodes."""
