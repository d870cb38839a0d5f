"""A rendered folder is complete, checked, and the same for the same content."""

import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from bentoml.exceptions import BentoMLException

from moorage.errors import Corrupt, MoorageError, SpecError, TargetError
from moorage_serving.home import load_joblib, open_home
from moorage_serving.manifest import MANIFEST, Manifest, read_manifest
from moorage_serving.render import render
from tests.unit.serving.conftest import app_of


def rendered_to(context: Path, made: Path, to: Path) -> Manifest:
    return render(context, to, name="things", model=made / "model.joblib", contract=made / "contract.json")


def test_the_same_content_has_the_same_version(context: Path, made: Path, tmp_path: Path):
    assert rendered_to(context, made, tmp_path / "a") == rendered_to(context, made, tmp_path / "b")


@pytest.mark.parametrize("change", ["context/service.py", "made/model.joblib", "made/contract.json"])
def test_other_content_has_another_version(context: Path, made: Path, tmp_path: Path, change: str):
    before = rendered_to(context, made, tmp_path / "a")
    changed = (context if change.startswith("context") else made) / change.partition("/")[2]
    changed.write_bytes(changed.read_bytes() + b"\n")
    assert rendered_to(context, made, tmp_path / "b").version != before.version


def test_it_may_be_rendered_in_place_and_again(context: Path, made: Path, tmp_path: Path):
    authored = {path.name: path.read_bytes() for path in context.iterdir()}
    first = rendered_to(context, made, context)
    assert rendered_to(context, made, context) == first == rendered_to(context, made, tmp_path / "elsewhere")
    assert {name: (context / name).read_bytes() for name in authored} == authored


def test_what_the_service_needs_is_pinned_to_what_is_installed(rendered: Path):
    lines = (rendered / "requirements.txt").read_text().splitlines()
    assert f"numpy=={version('numpy')}" in lines
    assert f"starlette=={version('starlette')}" in lines


def test_a_requirement_that_is_not_installed_is_a_sentence(context: Path, made: Path, tmp_path: Path):
    (context / "requirements.in").write_text("no-such-package\n")
    with pytest.raises(SpecError, match="asks for no-such-package, which is not installed here"):
        rendered_to(context, made, tmp_path / "a")


def test_what_is_no_requirement_is_a_sentence(context: Path, made: Path, tmp_path: Path):
    (context / "requirements.in").write_text("numpy or so\n")
    with pytest.raises(SpecError, match="'numpy or so', which is not a requirement"):
        rendered_to(context, made, tmp_path / "a")


@pytest.mark.parametrize("name", ["service.py", "bentofile.yaml"])
def test_a_folder_that_is_no_build_context_is_a_sentence(context: Path, made: Path, tmp_path: Path, name: str):
    (context / name).unlink()
    with pytest.raises(SpecError, match=f"has no {name}"):
        rendered_to(context, made, tmp_path / "a")


def test_the_code_that_serves_travels_with_it_and_needs_no_other(rendered: Path):
    code = (
        "import sys, moorage_serving.app as app\n"
        "app.application('service.py', lambda model, rows: [])\n"
        "ours = {n: m.__file__ for n, m in sys.modules.items() if n.startswith('moorage')}\n"
        "print(*ours.values(), sep='\\n')\n"
        "assert not {'pandas', 'pandera', 'polars', 'bentoml'} & set(sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=rendered, capture_output=True, text=True, check=True, env={"PYTHONPATH": "."}
    )
    assert all(line.startswith(str(rendered)) for line in ended.stdout.split())


def test_the_model_comes_back(rendered: Path):
    assert open_home(rendered).model(load_joblib) == {"weight": 2}


@pytest.mark.parametrize("name", ["model/model.joblib", "contract.json"])
def test_a_changed_file_is_refused_before_anything_is_loaded(rendered: Path, name: str):
    (rendered / name).write_bytes((rendered / name).read_bytes() + b" ")
    with pytest.raises(BentoMLException, match="is not what was packaged"):
        app_of(rendered)


def test_a_model_that_changes_after_the_start_is_never_unpickled(rendered: Path):
    home = open_home(rendered)
    (rendered / "model" / "model.joblib").write_bytes(b"other")
    with pytest.raises(Corrupt, match="is not what was packaged"):
        home.model(lambda _: pytest.fail("it was unpickled"))


def test_a_model_that_needs_a_missing_library_is_a_sentence(rendered: Path):
    def load(_: object) -> None:
        raise ModuleNotFoundError("No module named 'lightgbm'")

    with pytest.raises(TargetError, match="needs a library that is not here: No module named 'lightgbm'"):
        open_home(rendered).model(load)


def test_a_service_without_a_model_says_how_to_get_one(context: Path):
    with pytest.raises(BentoMLException, match="moorage bento render things"):
        app_of(context)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema": 1}', "null", '{"model": 3, "contract": 3}'])
def test_a_damaged_manifest_is_a_sentence(rendered: Path, text: str):
    (rendered / MANIFEST).write_text(text)
    with pytest.raises(MoorageError, match=r"moorage\.json"):
        read_manifest(rendered)


def test_a_manifest_that_is_newer_than_we_are_asks_for_an_upgrade(rendered: Path):
    (rendered / MANIFEST).write_text('{"schema": 99}')
    with pytest.raises(SpecError, match="has schema 99") as raised:
        read_manifest(rendered)
    assert "--upgrade" in str(raised.value)


def test_a_folder_that_may_not_be_written_is_rendered_elsewhere(context: Path, made: Path, tmp_path: Path):
    context.chmod(0o555)  # as an extracted code archive is
    try:
        assert rendered_to(context, made, tmp_path / "a").name == "things"
    finally:
        context.chmod(0o755)
    shutil.rmtree(tmp_path / "a")
