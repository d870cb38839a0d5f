"""Random numbers in a forked job are as in a new interpreter: its own, or as its modules seeded them."""

import random
import sys

_State = tuple[object, ...]


class Chance:
    """The generators that a process shares with all its modules; made before those are loaded.

    Forks must not draw the same numbers. A module that seeds a generator when it is imported, however,
    wants the same numbers each time.
    """

    def __init__(self) -> None:
        random.random()  # from now on, only seeding changes the block
        self._block = _block()
        self._seeded: _State | None = None

    def note_loaded(self) -> None:
        """Take note of what the modules seeded."""
        if _block() != self._block:
            self._seeded = random.getstate()

    def settle(self) -> None:
        """Let the process that was just forked have numbers of its own, or those that its modules seeded."""
        if self._seeded is None:
            random.seed()
        else:
            random.setstate(self._seeded)
        numpy_random = sys.modules.get("numpy.random")
        if numpy_random is not None and numpy_random.get_bit_generator().seed_seq is not None:  # None: seeded by hand
            numpy_random.seed()


def _block() -> _State:
    return tuple(random.getstate()[1][:-1])
