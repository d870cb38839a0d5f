"""A requirements file that an image is made from: every package by hashes, so that what is built is what was meant."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from moorage.errors import Problem, SpecError, Where
from moorage.frozen import Frozen

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ELSEWHERE = re.compile(r"(-r|-c|-e|--requirement|--constraint|--editable)\b")


class Requirements(Frozen):
    """What is installed: the text of the file, and the version of moorage, if it is among it, by hash."""

    text: str
    moorage: str | None = None


def read_requirements(path: Path) -> Requirements:
    """Return what the file asks for; a line for moorage without a hash is left out, since moorage comes by itself.

    SpecError, all lines at once, for those without a hash and those that name another file.
    """
    lines = list(_lines(_text(path)))
    ours = [line for line in lines if _package(line[1]) == "moorage"]
    kept = [line for line in lines if line not in ours or _is_hashed(line[1])]
    problems = [problem for number, text in kept if (problem := _problem(path, number, text))]
    if problems:
        raise SpecError.of(problems)
    return Requirements("".join(f"{text}\n" for _, text in kept), _version(text for _, text in ours))


def without_moorage(requirements: Requirements) -> Requirements:
    """Return the same without a line for moorage."""
    kept = [text for _, text in _lines(requirements.text) if _package(text) != "moorage"]
    return Requirements("".join(f"{text}\n" for text in kept))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        message = f"the requirements of the image cannot be read ({error.strerror})"
        raise SpecError(
            message, where=Where(str(path)), fix="--requirements FILE names them; see docs/images.md"
        ) from error
    except UnicodeDecodeError as error:
        raise SpecError("this is not UTF-8 text", where=Where(str(path)), fix="--requirements FILE") from error


def _lines(text: str) -> Iterator[tuple[int, str]]:
    # Logical lines with the number of their first one, without comments, continuations joined.
    whole, begin = "", 1
    for number, line in enumerate(text.splitlines(), 1):
        begin = begin if whole else number
        whole += re.sub(r"(^|\s)#.*$", "", line).rstrip()
        if whole.endswith("\\"):
            whole = whole[:-1]
            continue
        if whole.strip():
            yield begin, " ".join(whole.split())
        whole = ""
    if whole.strip():
        yield begin, " ".join(whole.split())


def _package(line: str) -> str | None:
    found = _NAME.match(line)
    return re.sub(r"[-_.]+", "-", found.group()).lower() if found else None


def _version(lines: Iterable[str]) -> str | None:
    found = (re.search(r"==\s*([^\s;]+)", line) for line in lines if _is_hashed(line))
    return next((match.group(1) for match in found if match), None)


def _is_hashed(line: str) -> bool:
    return "--hash=" in line


def _problem(path: Path, number: int, line: str) -> Problem | None:
    where = Where(str(path), number)
    if _ELSEWHERE.match(line):
        return Problem(f"{line.split()[0]!r} leads out of this file", where, "write all requirements into one file")
    if line.startswith("-") or _is_hashed(line):
        return None
    fix = f"uv pip compile --universal --generate-hashes {path.name} -o image.txt, then: --requirements image.txt"
    return Problem(f"{_package(line) or line} has no hash", where, fix)
