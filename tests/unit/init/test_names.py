"""What a new project is called."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.errors import SpecError
from moorage.init import names_for
from moorage.init.names import NAME_PATTERN


@pytest.mark.parametrize(
    ("folder", "name", "package"),
    [
        ("wines", "wines", "wines"),
        ("My Wines", "my-wines", "my_wines"),
        ("a.b_c", "a-b-c", "a_b_c"),
        ("x" * 40, "x" * 32, "x" * 32),
    ],
)
def test_a_folder_gives_its_project_a_name(folder: str, name: str, package: str) -> None:
    names = names_for(folder, None)
    assert (names.name, names.package) == (name, package)


@pytest.mark.parametrize("folder", ["", "---", "7", "2026-wines", "Ÿ", "/"])
def test_a_folder_that_gives_none_asks_for_one(folder: str) -> None:
    with pytest.raises(SpecError, match=r"gives no usable name[\s\S]*--name my-pipeline"):
        names_for(folder, None)


@pytest.mark.parametrize("asked", ["", "Wines", "my_wines", "-x", "x-", "x" * 33, "a/b", "../a", "ä"])
def test_a_name_that_no_pipeline_may_have_is_refused(asked: str) -> None:
    with pytest.raises(SpecError, match="is not a name for a pipeline"):
        names_for("wines", asked)


@pytest.mark.parametrize("folder", ["test", "tests", "class", "json", "moorage", "moorage-x", "polars", "Sklearn"])
def test_a_name_that_would_hide_another_package_is_refused(folder: str) -> None:
    with pytest.raises(SpecError, match=r"would hide another one[\s\S]*--name my-"):
        names_for(folder, None)


@given(st.text(max_size=60))
def test_whatever_a_folder_is_called_the_name_is_one_or_there_is_a_sentence(folder: str) -> None:
    try:
        names = names_for(folder, None)
    except SpecError:
        return
    assert re.fullmatch(NAME_PATTERN, names.name)
    assert names.package.isidentifier()
