"""What a platform may know of its machine while a step runs there: whether that, and not the step, is at fault."""

from typing import Protocol

from moorage.step.task import Failure


class Guard(Protocol):
    """Looks after what a job was given, such as its GPUs."""

    def begin(self) -> None:
        """Start to look; called once, in the supervisor, when the worker has been forked."""
        ...

    def blame(self) -> Failure | None:
        """Return how the machine failed, if it did; asked when the step's own code is thought to have failed."""
        ...
