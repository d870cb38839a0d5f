"""What runs inside a job: `python -m moorage.step`."""
