"""The page that shows the figures: one block per group, with its date and machine, between two marks."""

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path


def rewrite(path: Path, group: str, text: str, is_net: bool) -> None:
    """Put `text` in place of the block of that group; a page that has no such block is left as it is."""
    page = path.read_text()
    start, end = f"<!-- bench: {group} -->", f"<!-- /bench: {group} -->"
    block = f"{start}\n\n{_when(is_net)}\n\n```\n{text}\n```\n\n{end}"
    path.write_text(re.sub(f"{re.escape(start)}.*?{re.escape(end)}", lambda _: block, page, flags=re.DOTALL))


def _when(is_net: bool) -> str:
    net = "" if is_net else "; net is wall"
    return f"{datetime.now(UTC):%d %B %Y}, {machine()}{net}"


def machine() -> str:
    """Return this machine in a few words: processor, how many, memory, kernel, Python."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    name = model[1] if model else platform.machine()
    return f"{os.cpu_count()} x {name}, {gib:.0f} GiB, {platform.system()}, Python {platform.python_version()}"
