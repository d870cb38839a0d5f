"""What an image is made from: every line by hash, or a sentence with its place."""

from pathlib import Path

import pytest

from moorage.errors import SpecError
from moorage.images.requirements import Requirements, read_requirements, without_moorage
from tests.unit.images.conftest import HASHED

DIGEST = f"--hash=sha256:{'b' * 64}"


def read(folder: Path, text: str) -> Requirements:
    (folder / "r.txt").write_text(text)
    return read_requirements(folder / "r.txt")


def test_lines_are_joined_and_comments_left_out(tmp_path: Path) -> None:
    text = f"# all\n{HASHED}\n--only-binary :all:\nrich==1 {DIGEST}  # why\n"
    joined = f"click==8.2.0 --hash=sha256:{'a' * 64}\n--only-binary :all:\nrich==1 {DIGEST}\n"
    assert read(tmp_path, text) == Requirements(joined)


def test_a_hashed_moorage_is_taken_and_its_version_known(tmp_path: Path) -> None:
    assert read(tmp_path, f"Moorage[tables]==1.2 ; python_version > '3' {DIGEST}").moorage == "1.2"


@pytest.mark.parametrize("line", ["moorage", "moorage[tables] @ file:///somewhere", "moorage==1.0"])
def test_a_moorage_without_a_hash_is_left_out_since_it_comes_by_itself(line: str, tmp_path: Path) -> None:
    assert read(tmp_path, f"{line}\n{HASHED}") == read(tmp_path, HASHED)


def test_moorage_can_be_taken_out(tmp_path: Path) -> None:
    assert without_moorage(read(tmp_path, f"{HASHED}moorage==1.0 {DIGEST}")) == read(tmp_path, HASHED)


def test_packages_of_a_similar_name_stay(tmp_path: Path) -> None:
    text = f"moorage-extra==1.0 {DIGEST}\n"
    assert read(tmp_path, text) == Requirements(text)


def test_every_line_without_a_hash_is_named_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        read(tmp_path, f"{HASHED}scikit-learn>=1.6\n-r other.txt\npytest\n")
    said = [(problem.where and problem.where.line, problem.message) for problem in caught.value.problems]
    assert said == [(3, "scikit-learn has no hash"), (4, "'-r' leads out of this file"), (5, "pytest has no hash")]
    assert "--generate-hashes r.txt" in str(caught.value)


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be read"):
        read_requirements(tmp_path / "none.txt")
