"""Adapters are found by their entry points, whoever made them, and loaded when they are asked for."""

import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from moorage.errors import SpecError, TargetError
from moorage.registry import GROUP, PLATFORMS, adapter, installed

HERE = ", ".join(installed())

ADAPTER = """
from moorage_local.adapter import LocalAdapter

class Moon(LocalAdapter):
    platform = "moon"

adapter = Moon()
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Install":
    return Install(tmp_path, monkeypatch)


class Install:
    """Puts a distribution with one adapter where Python finds it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self._monkeypatch = folder, monkeypatch

    def __call__(self, name: str, module: str, text: str) -> None:
        (self._folder / f"{module}.py").write_text(text)
        info = self._folder / "acme_moon-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-moon\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[moorage.adapters]\n{name} = {module}:adapter\n")
        self._monkeypatch.syspath_prepend(str(self._folder))


def test_the_local_adapter_is_installed() -> None:
    assert "local" in installed()
    assert adapter("local").platform == "local"


def test_an_adapter_of_a_third_party_is_found(install: Install) -> None:
    install("moon", "moon_one", ADAPTER)
    assert ", ".join(installed()) == f"{HERE}, moon"
    assert adapter("moon").platform == "moon"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("vertx", f"no adapter is named 'vertx'; installed: {HERE}\n  fix: pip install 'moorage[vertex]'"),
        ("vertex", f"no adapter is named 'vertex'; installed: {HERE}\n  fix: pip install 'moorage[vertex]'"),
        ("locl", f"no adapter is named 'locl'; installed: {HERE}\n  fix: write 'local'"),
        ("mars", "fix: write one of the installed names, or install the distribution that has it"),
        ("", "no adapter is named ''"),
    ],
)
def test_an_unknown_name_is_told_with_what_to_do(name: str, said: str) -> None:
    with pytest.raises(SpecError) as refused:
        adapter(name)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("module", "text", "said"),
    [
        ("moon_import", "import a_module_that_nobody_has", "No module named 'a_module_that_nobody_has'"),
        ("moon_empty", "", "has no attribute 'adapter'"),
        ("moon_raise", "raise RuntimeError('no moon tonight')", "RuntimeError: no moon tonight"),
        ("moon_dict", "adapter = {}", "names moon_dict:adapter, which is not an adapter of that platform"),
        ("moon_other", ADAPTER.replace('"moon"', '"sun"'), "which is not an adapter of that platform"),
    ],
)
def test_an_adapter_that_cannot_be_loaded_says_why(install: Install, module: str, text: str, said: str) -> None:
    install("moon", module, text)
    with pytest.raises(TargetError) as refused:
        adapter("moon")
    assert said in str(refused.value)
    assert "pip install --upgrade acme-moon" in str(refused.value)


def test_no_adapter_is_imported_before_it_is_asked_for() -> None:
    script = "import sys, moorage.registry as r; r.installed(); print([m for m in sys.modules if 'moorage_' in m])"
    said = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, check=True)
    assert said.stdout == "[]\n"


def test_planning_touches_nothing_that_starts_processes() -> None:
    script = "import sys, moorage.registry as r; r.adapter('local'); print('moorage_local.client' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, check=True)
    assert said.stdout == "False\n"


def test_our_own_entry_points_name_what_is_taken_without_them() -> None:
    ours = {point.name: point.value for point in distribution("moorage").entry_points.select(group=GROUP)}
    assert "local" in ours
    assert ours.keys() <= set(PLATFORMS)
    assert ours == {name: f"moorage_{name}.adapter:adapter" for name in ours}
