"""The hashed requirements files agree with pyproject.toml and with each other; no network is needed to know."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tools.lock import APART, sets_of

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PYPROJECT["project"]["optional-dependencies"]
SETS = tuple(sets_of(EXTRAS))


def direct_requirements(name: str) -> list[Requirement]:
    base = PYPROJECT["project"]["dependencies"]
    every = [text for extra in EXTRAS.values() for text in extra]
    texts = {
        "base": base,
        "all": base + every,
        "dev": base + every + PYPROJECT["dependency-groups"]["development"],
        "tools": PYPROJECT["dependency-groups"]["installer"],
        "bench": PYPROJECT["dependency-groups"]["bench"],
        "policy": PYPROJECT["dependency-groups"]["policy"],
        **{extra: base + own for extra, own in EXTRAS.items()},
    }
    return [Requirement(text) for text in texts[name]]


def entries(name: str) -> list[str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def pins(name: str) -> list[Requirement]:
    return [Requirement(entry.split("--hash")[0]) for entry in entries(name)]


def versions(name: str) -> set[tuple[str, str]]:
    return {(pin.name, str(pin.specifier)) for pin in pins(name)}


def pins_here(name: str) -> dict[str, Version]:
    here = {pin for pin in pins(name) if pin.marker is None or pin.marker.evaluate()}
    return {canonicalize_name(pin.name): Version(str(pin.specifier).removeprefix("==")) for pin in here}


def test_every_set_has_a_file_and_every_file_a_set():
    assert {path.stem for path in (ROOT / "requirements").glob("*.txt")} == set(SETS)


@pytest.mark.parametrize("name", SETS)
def test_what_pyproject_asks_for_is_pinned_at_a_version_that_satisfies_it(name: str):
    pinned = pins_here(name)
    unmet = [str(asked) for asked in direct_requirements(name) if not _met(asked, pinned)]
    assert not unmet, "run `make lock`"


@pytest.mark.parametrize("name", SETS)
def test_every_entry_is_one_exact_version_with_hashes(name: str):
    loose = [
        entry
        for entry in entries(name)
        if not re.match(r"[a-z0-9][-a-z0-9._]*(\[.+\])?==[^ *]+ .*--hash=sha256:[0-9a-f]{64}", entry)
    ]
    assert entries(name)
    assert not loose


@pytest.mark.parametrize("name", SETS)
def test_no_index_and_no_address_is_named(name: str):
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert not re.findall(r"https?:|//|--index|--extra-index|--find-links|-f |-i |@ ", text)


@pytest.mark.parametrize("name", [name for name in SETS if name not in ("dev", "bench", *APART)])
def test_every_file_holds_what_the_development_file_holds(name: str):
    # Markers aside: the same version may be wanted for more interpreters there than here.
    assert versions(name) <= versions("dev")


def test_the_peers_are_nowhere_but_in_their_own_environment():
    peers = {Requirement(text).name for text in PYPROJECT["dependency-groups"]["bench"]}
    assert not peers & {pin.name for pin in pins("dev")}


def test_a_bound_that_the_pins_break_is_noticed():
    assert not _met(Requirement("click>=99"), pins_here("base"))
    assert not _met(Requirement("not-there"), pins_here("base"))


def _met(asked: Requirement, pinned: dict[str, Version]) -> bool:
    version = pinned.get(canonicalize_name(asked.name))
    return version is not None and asked.specifier.contains(version, prereleases=True)
