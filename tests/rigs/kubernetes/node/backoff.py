"""How long the kubelet waits before it tries again: not at all at first, then twice as long each time."""

from dataclasses import dataclass

CALM = 2
"""A container that ran so many times longer than the longest wait starts anew."""


@dataclass
class Backoff:
    """The waits of one container, in seconds."""

    base: float
    limit: float
    due: float = 0.0

    def after(self, ran_seconds: float) -> float:
        """Return how long to wait after something that failed when it had run so long."""
        wait = 0.0 if ran_seconds > CALM * self.limit else self.due
        self.due = min(2 * wait, self.limit) if wait else self.base
        return wait
