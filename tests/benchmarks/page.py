"""The page that shows the figures: one block per group, with its date and machine, between two marks."""

import os
import platform
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Setting:
    """Under what the figures of a block were measured."""

    folder: Path
    has_net: bool

    def __str__(self) -> str:
        net = "" if self.has_net else "; net is wall"
        return f"{datetime.now(UTC):%d %B %Y}, {machine()}, {file_system(self.folder)}{net}"


def rewrite(path: Path, group: str, text: str, setting: Setting) -> None:
    """Put `text` in place of the block of that group; a page that has no such block is left as it is."""
    page = path.read_text()
    start, end = f"<!-- bench: {group} -->", f"<!-- /bench: {group} -->"
    block = f"{start}\n\n{setting}\n\n```\n{text}\n```\n\n{end}"
    path.write_text(re.sub(f"{re.escape(start)}.*?{re.escape(end)}", lambda _: block, page, flags=re.DOTALL))


def machine() -> str:
    """Return this machine in a few words: processors, memory, system, Python, and what else it has to do."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    name = model[1] if model else platform.machine()
    system = f"{platform.system()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} x {name}, {gib:.0f} GiB, {system}, load {os.getloadavg()[1]:.1f}"


def file_system(folder: Path) -> str:
    """Return the type of the file system that holds the folder."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    at = folder.resolve()
    holding = [(mount[1], mount[2]) for mount in mounts if at.is_relative_to(mount[1])]
    return max(holding, key=lambda mount: len(mount[0]))[1]
