"""An environment is what its document says, or this machine; anything else is told."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.environments import Environment, list_environments, load_environment, save_environment, target_of
from moorage.errors import MoorageError, SpecError, TargetError
from moorage.store import open_store
from moorage_local.target import LocalTarget

TARGET = {"folder": "/srv/moorage", "cpu": 8.0, "memory_gib": 32.0, "python": "/usr/bin/python3"}
DOCUMENT = {
    "schema": 1,
    "name": "big-box",
    "platform": "local",
    "target": TARGET,
    "store": "s3://acme/moorage",
    "labels": {"team": "risk"},
}


def _keep(project: Path, text: str | bytes, name: str = "big-box") -> Path:
    file = project / ".moorage" / "environments" / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def test_local_is_there_without_anything(tmp_path: Path) -> None:
    found = load_environment("local", tmp_path, {})
    target = target_of(found)
    assert (found.name, found.platform) == ("local", "local")
    assert open_store(found.store).root == tmp_path / ".moorage" / "store"
    assert isinstance(target, LocalTarget)
    assert target.folder == str(tmp_path / ".moorage")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("asked", ["s3://acme/moorage", "memory://here"])
def test_the_store_of_local_is_where_its_variable_says(tmp_path: Path, asked: str) -> None:
    assert load_environment("local", tmp_path, {"MOORAGE_STORE": asked}).store == asked


def test_a_relative_store_is_below_where_we_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = load_environment("local", tmp_path / "elsewhere", {"MOORAGE_STORE": "some where"})
    assert open_store(found.store).root == tmp_path / "some where"


def test_an_empty_variable_says_nothing(tmp_path: Path) -> None:
    assert load_environment("local", tmp_path, {"MOORAGE_STORE": ""}) == load_environment("local", tmp_path, {})


def test_a_document_that_is_kept_is_found_again(tmp_path: Path) -> None:
    saved = save_environment(DOCUMENT, tmp_path)
    assert saved == Environment.model_validate(DOCUMENT)
    assert load_environment("big-box", tmp_path) == saved
    assert list_environments(tmp_path) == ("local", "big-box")
    assert [file.name for file in (tmp_path / ".moorage" / "environments").iterdir()] == ["big-box.json"]
    assert target_of(saved) == LocalTarget.model_validate(TARGET)


def test_an_environment_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    save_environment(DOCUMENT, tmp_path)
    with pytest.raises(SpecError) as refused:
        load_environment("aws-dev", tmp_path)
    assert (
        str(refused.value)
        == "no environment is named 'aws-dev'; there is local, big-box\n  fix: moorage env pull aws-dev"
    )
    with pytest.raises(SpecError, match="write 'big-box', or: moorage env pull big-bx"):
        load_environment("big-bx", tmp_path)
    (tmp_path / "Pulumi.yaml").touch()
    with pytest.raises(SpecError, match="moorage env pull aws-dev, or make it: moorage env up aws-dev"):
        load_environment("aws-dev", tmp_path)


@pytest.mark.parametrize("name", ["", "../secrets", "a/b", "UPPER", "x" * 64, ".", "a\0b", "-a"])
def test_a_name_is_never_a_path(tmp_path: Path, name: str) -> None:
    (tmp_path / ".moorage").mkdir()
    (tmp_path / ".moorage" / "secrets.json").write_text(json.dumps(DOCUMENT))
    with pytest.raises(SpecError, match="no environment is named"):
        load_environment(name, tmp_path)
    with pytest.raises(TargetError, match="`name`"):
        save_environment({**DOCUMENT, "name": name}, tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is not an object"),
        ("{}", "has schema None; this moorage reads 1"),
        (json.dumps({**DOCUMENT, "schema": 2}), "has schema 2; this moorage reads 1\n  fix: pip install --upgrade"),
        (json.dumps({**DOCUMENT, "name": "other"}), "it is the document of 'other'"),
        (json.dumps({**DOCUMENT, "platform": "vertx"}), "`platform`: no adapter is named 'vertx'"),
        (json.dumps({**DOCUMENT, "store": "ftp://acme"}), "`store`: a store cannot be opened at 'ftp://acme'"),
        (json.dumps({**DOCUMENT, "target": 5}), "`target`: "),
        (json.dumps({**DOCUMENT, "labels": {"team": 5}}), "`labels.team`: "),
        (json.dumps({**DOCUMENT, "colour": "red"}), "`colour`: extra inputs are not permitted"),
        (json.dumps({**DOCUMENT, "target": {**TARGET, "cpu": -1}}), "cpu`: input should be greater than 0; it is -1"),
        (json.dumps({**DOCUMENT, "target": {**TARGET, "region": "x"}}), "`target.region`: "),
        (json.dumps({**DOCUMENT, "target": {**TARGET, "folder": "here"}}), "`target.folder`: 'here' is not a path"),
    ],
)  # fmt: skip
def test_a_document_that_cannot_be_used_is_told_with_file_and_key(tmp_path: Path, text: str | bytes, said: str) -> None:
    file = _keep(tmp_path, text)
    with pytest.raises(TargetError) as refused:
        load_environment("big-box", tmp_path)
    assert said in str(refused.value)
    assert str(refused.value).startswith(f"{file}: ")


def test_all_that_is_wrong_with_a_document_is_told_at_once(tmp_path: Path) -> None:
    _keep(tmp_path, json.dumps({**DOCUMENT, "target": {"cpu": 0, "folder": "x"}}))
    with pytest.raises(TargetError) as refused:
        load_environment("big-box", tmp_path)
    assert [problem.message.split("`")[1] for problem in refused.value.problems] == [
        "target.folder", "target.cpu", "target.memory_gib", "target.python",
    ]  # fmt: skip


@pytest.mark.parametrize("changed", [{"schema": 2}, {"target": {}}, {"name": "local"}, {"platform": ""}, {"store": ""}])
def test_nothing_is_written_of_a_document_that_cannot_be_used(tmp_path: Path, changed: dict[str, object]) -> None:
    with pytest.raises(TargetError):
        save_environment({**DOCUMENT, **changed}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_refused_document_leaves_the_one_before(tmp_path: Path) -> None:
    before = save_environment(DOCUMENT, tmp_path)
    with pytest.raises(TargetError):
        save_environment({**DOCUMENT, "target": {}}, tmp_path)
    assert load_environment("big-box", tmp_path) == before


def test_files_that_are_no_environments_are_not_listed(tmp_path: Path) -> None:
    for name in ("Big", "local", ".hidden", "a b"):
        _keep(tmp_path, "{}", name)
    assert list_environments(tmp_path) == ("local",)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*DOCUMENT, *TARGET]), inner, max_size=6)
    ),
)


@given(st.dictionaries(st.sampled_from([*DOCUMENT]), JUNK), st.booleans())
def test_a_document_is_taken_whole_or_told_and_not_written(document: dict[str, object], is_nearly_right: bool) -> None:
    mixed = {**DOCUMENT, **document} if is_nearly_right else document
    with TemporaryDirectory() as project:
        try:
            saved = save_environment(mixed, Path(project))
        except MoorageError:
            assert list(Path(project).iterdir()) == []
        else:
            assert load_environment(saved.name, Path(project)) == saved
