"""How much of everything a page shows, so that it stays small: the most that fits is taken."""

from dataclasses import dataclass

PAGE_BYTES = 300_000
"""The most that a page of up to 100 steps may take; more steps may take more, in proportion."""


@dataclass(frozen=True)
class Limits:
    """How much is shown of each thing: counts, and for `line`, `text` and `detail` characters.

    `failed_log_lines` and `detail` (the frames) are for attempts that failed; of a step's attempts, the newest
    `rows` are listed, and of the newest `tries` more than one line is told.
    """

    log_lines: int
    failed_log_lines: int
    line: int
    columns: int
    passed_checks: int
    failed_checks: int
    examples: int
    text: int
    detail: int
    tries: int
    rows: int


LEVELS = (
    Limits(30, 30, 400, 60, 200, 100, 5, 2000, 4000, 10, 50),
    Limits(30, 30, 200, 16, 24, 40, 3, 1000, 2000, 4, 20),
    Limits(12, 30, 160, 6, 8, 12, 3, 600, 1000, 2, 8),
    Limits(4, 20, 120, 2, 0, 6, 2, 300, 600, 1, 4),
    Limits(0, 6, 100, 0, 0, 0, 0, 160, 300, 1, 2),
    Limits(0, 0, 80, 0, 0, 0, 0, 120, 0, 0, 1),
)
"""From generous to terse."""


def page_bytes(steps: int) -> int:
    """Return how long a page of so many steps may be."""
    return PAGE_BYTES * max(100, steps) // 100
