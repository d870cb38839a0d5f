"""A certificate and its key as files: whoever shows them need not load what makes them."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Pair:
    """The files of a certificate and its key, both PEM."""

    certificate: Path
    key: Path
