"""Why templates did not fork: known as long as their driver, and of modules that start threads for a day."""

import os
import time
from hashlib import sha256
from pathlib import Path

from moorage_local.template import Loads

REFUSED_SECONDS = 86400.0
"""For so long a refusal of modules that start threads is remembered in the project."""


class Refusals:
    """What was refused, why, and where that is kept for other drivers: a file for each set of modules."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[Loads, str | None] = {}

    def find(self, loads: Loads) -> str | None:
        """Return why there is no template for this, if that is known; what others keep is looked for once."""
        if loads not in self._known:
            self._known[loads] = self._kept(loads)
        return self._known[loads]

    def note(self, loads: Loads, why: str) -> str:
        """Remember why, unless it is known, and return what is."""
        self._known[loads] = known = self._known.get(loads) or why
        return known

    def keep(self, loads: Loads, why: str) -> None:
        """Remember it for others, too."""
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._file(loads)
        partial = file.with_suffix(f".{os.getpid()}")
        partial.write_text(why, encoding="utf-8")
        partial.replace(file)

    def _kept(self, loads: Loads) -> str | None:
        try:
            file = self._file(loads)
            fresh = time.time() - file.stat().st_mtime < REFUSED_SECONDS
            return file.read_text(encoding="utf-8") if fresh else None
        except FileNotFoundError:
            return None

    def _file(self, loads: Loads) -> Path:
        # Not by the code: what a change of it makes single-threaded is found out a day later.
        named = "\n".join((loads.python, *loads.modules))
        return self._folder / f"{sha256(named.encode()).hexdigest()[:32]}.refused"
