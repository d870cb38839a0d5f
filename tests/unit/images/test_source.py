"""Where the moorage in an image comes from."""

import json
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest

from moorage.errors import SpecError, TargetError
from moorage.images.source import Source, put_wheel, source_here, source_of

CHECKOUT = Path(__file__).parents[3]


def installed(folder: Path, origin: object) -> Distribution:
    info = folder / "moorage-1.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: moorage\nVersion: 1.5\n")
    if origin:
        (info / "direct_url.json").write_text(json.dumps(origin))
    return Distribution.at(info)


def test_one_from_the_index_comes_from_there_again(tmp_path: Path) -> None:
    assert source_here(installed(tmp_path, None)) == Source("1.5")


def test_a_checkout_becomes_a_wheel_of_the_same_version(tmp_path: Path) -> None:
    source = source_here()
    assert source == Source(distribution("moorage").version, checkout=CHECKOUT)
    put_wheel(source, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [source.filename]


@pytest.mark.parametrize(
    "origin", [{"url": "https://a.example/m.git", "vcs_info": {}}, {"url": "file:///none", "dir_info": {}}]
)
def test_one_from_anywhere_else_wants_a_wheel(origin: object, tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="which an image cannot be made from") as caught:
        source_here(installed(tmp_path, origin))
    assert "--moorage" in str(caught.value)


def test_a_checkout_that_cannot_be_built_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    with pytest.raises(TargetError, match=r"no wheel of .* could be built"):
        put_wheel(Source("1.0", checkout=tmp_path), tmp_path)


@pytest.mark.parametrize("name", ["moorage-1.0.tar.gz", "other-1.0-py3-none-any.whl", "moorage-1.0-py3-none-any.whl"])
def test_what_is_no_wheel_of_moorage_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="is not a wheel of moorage"):
        source_of(tmp_path / name)


def test_a_wheel_is_taken_as_it_is(wheel: Path, tmp_path: Path) -> None:
    source = source_of(wheel)
    (tmp_path / "context").mkdir()
    put_wheel(source, tmp_path / "context")
    assert (source.version, (tmp_path / "context" / wheel.name).read_bytes()) == ("9.9", b"a wheel")
