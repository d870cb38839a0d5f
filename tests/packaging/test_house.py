"""The house rules that no other tool checks: sizes, machine paths, index hosts, linked pages, typed packages."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 30
LONG_FUNCTIONS: dict[str, str] = {}
"""`path:function` to the reason why it is longer than a page; empty is best."""

PACKAGES = (
    "pipelines/moorage",
    "adapters/moorage_kubernetes",
    "adapters/moorage_local",
    "bentos/moorage_serving",
    "infra/moorage_infra",
)
# Written in halves, so that this file does not find itself.
WORKPLACE = re.compile(
    r"(?<![\w.}])(?:"
    + "|".join(("/" + "root/", "/" + "work/", "/" + "home/[a-z]", r"/tmp/" + "[a-z]", "/Use" + "rs/"))
    + ")"
)
INDEX_HOSTS = re.compile("|".join(("py" + "pi", "python" + "hosted", "ana" + r"conda\.org", "crates" + r"\.io")))
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")


@cache
def tracked() -> tuple[Path, ...]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file())


def texts() -> Iterator[tuple[str, str]]:
    for path in tracked():
        try:
            yield str(path.relative_to(ROOT)), path.read_text()
        except UnicodeDecodeError:
            continue


def lines_that_match(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def functions() -> Iterator[tuple[str, int]]:
    for name, text in texts():
        if name.endswith(".py"):
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"{name}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_python_file_is_longer_than_a_reader_can_hold():
    long = {name: text.count("\n") for name, text in texts() if name.endswith(".py")}
    assert {name: lines for name, lines in long.items() if lines > MAX_FILE_LINES} == {}


def test_no_function_is_longer_than_a_page():
    long = {name: lines for name, lines in functions() if lines > MAX_FUNCTION_LINES}
    assert {name: lines for name, lines in long.items() if name not in LONG_FUNCTIONS} == {}
    assert not set(LONG_FUNCTIONS) - set(long), "the excuse is stale"


def test_no_path_of_a_machine_is_written_down():
    assert lines_that_match(WORKPLACE) == []


def test_no_package_index_is_named():
    assert lines_that_match(INDEX_HOSTS) == []


def test_nothing_is_marked_as_unfinished():
    assert lines_that_match(UNFINISHED) == []


def test_every_page_can_be_reached_from_the_readme():
    pages = {path.relative_to(ROOT) for path in tracked() if path.parent == ROOT / "docs" and path.suffix == ".md"}
    indexes = [ROOT / "README.md", ROOT / "docs" / "index.md"]
    linked = {target for index in indexes if index.is_file() for target in _links(index)}
    assert {str(page) for page in pages if page not in linked and page.name != "index.md"} == set()


def test_no_link_between_pages_is_broken():
    pages = [path for path in tracked() if path.suffix == ".md"]
    broken = [f"{page.name} -> {target}" for page in pages for target in _links(page) if not (ROOT / target).exists()]
    assert broken == []


def test_every_package_says_that_it_is_typed():
    assert [name for name in PACKAGES if not (ROOT / name / "py.typed").is_file()] == []


def _links(page: Path) -> set[Path]:
    found = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    return {(page.parent / link).resolve().relative_to(ROOT) for link in found if "://" not in link}
