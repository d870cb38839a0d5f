"""The wheel as a user gets it: only our packages in it, and the example runs from outside any checkout."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from configparser import ConfigParser
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.packaging.test_house import PACKAGES
from tools.environment import pip_config, uv_settings

ROOT = Path(__file__).parents[2]
UV = str(Path(sys.executable).with_name("uv"))


@pytest.fixture(scope="module")
def dists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheel and sdist, built from what git tracks and from nothing else."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dists")
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listing.split("\0")):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, source / name)
    run([sys.executable, "-m", "hatchling", "build", "-d", str(out)], source)
    return out


@pytest.fixture(scope="module")
def wheel(dists: Path) -> Path:
    (found,) = dists.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of a fresh environment that holds the pinned requirements and the wheel."""
    place = tmp_path_factory.mktemp("fresh") / "venv"
    run([UV, "venv", "--quiet", "--python", sys.executable, str(place)], place.parent)
    python = ["--quiet", "--python", str(place / "bin" / "python")]
    install([*python, "--require-hashes", "-r", str(ROOT / "requirements" / "all.txt")])
    install([*python, "--no-deps", str(wheel)])
    return place / "bin"


def install(arguments: list[str]) -> None:
    # What `make` installed is in uv's cache; only after that was emptied is the index asked again.
    command = [UV, "pip", "install", *arguments]
    if subprocess.run([*command, "--offline"], capture_output=True).returncode:
        subprocess.run(command, env={**os.environ, **uv_settings(pip_config(sys.executable), os.environ)}, check=True)


def run(command: list[str], folder: Path) -> str:
    # Bytecode is wanted here: every step is a process that imports the same libraries.
    environ = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    }
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_top_level_of_the_wheel_holds_only_our_packages(wheel: Path):
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    packages = {top for top in tops if not top.endswith(".dist-info")}
    assert packages
    assert all(top.startswith("moorage") for top in tops)
    assert not {"tests", "tools", "pipelines", "adapters", "bentos", "infra"} & tops


def test_the_wheel_names_its_commands_its_adapters_and_its_licence(wheel: Path):
    files = zipfile.ZipFile(wheel)
    (points,) = [name for name in files.namelist() if name.endswith(".dist-info/entry_points.txt")]
    (licence,) = [name for name in files.namelist() if name.endswith("licenses/LICENSE")]
    declared = ConfigParser()
    declared.read_string(files.read(points).decode())
    assert dict(declared["console_scripts"]) == {"moorage": "moorage.cli:main"}
    assert "local" in declared["moorage.adapters"]
    assert b"Apache License" in files.read(licence)


def test_the_wheel_holds_every_module_that_git_tracks_and_its_types(wheel: Path):
    inside = set(zipfile.ZipFile(wheel).namelist())
    assert {f"{Path(package).name}/py.typed" for package in PACKAGES} <= inside


def test_the_source_archive_can_be_built_from(dists: Path):
    (archive,) = dists.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        names = {name.partition("/")[2] for name in files.getnames()}
    assert {"pyproject.toml", "LICENSE", "README.md", "pipelines/moorage/errors.py"} <= names


@pytest.mark.slow
def test_the_example_runs_from_the_wheel_outside_the_checkout(installed: Path, tmp_path: Path):
    for folder in ("pipelines/acme_tumors", "bentos/acme_tumors"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "pyproject.toml").touch()
    moorage, spec = str(installed / "moorage"), "pipelines/acme_tumors/pipeline.yaml"
    assert version("moorage") in run([moorage, "--version"], tmp_path)
    run([moorage, "check", spec], tmp_path)
    run([moorage, "run", spec], tmp_path)
    (found,) = json.loads(run([moorage, "runs", "--json"], tmp_path))
    assert (found["pipeline"], found["environment"], found["state"]) == ("acme-tumors", "local", "succeeded")


@pytest.mark.slow
def test_the_component_can_be_had_from_the_wheel(installed: Path, tmp_path: Path):
    run([str(installed / "python"), "-c", "from moorage_infra.kubernetes import KubernetesPlatform"], tmp_path)
