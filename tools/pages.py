"""Pages of the documentation whose middle is written by a program."""

from pathlib import Path


def between(page: str, begin: str, end: str, text: str) -> str:
    """Return `page` with `text` between the two lines that mark its place. Raises ValueError where it lacks one."""
    if begin not in page or end not in page:
        raise ValueError(f"the page has no place for it: {begin.strip()} ... {end}")
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}"


def rewrite(path: Path, begin: str, end: str, text: str) -> int:
    """Write the page anew; return 0."""
    path.write_text(between(path.read_text(encoding="utf-8"), begin, end, text), encoding="utf-8")
    return 0
