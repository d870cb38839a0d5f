"""The Containerfile that `moorage image render` prints: small, for no real user, with nothing of ours in it."""

from moorage.frozen import replaced
from moorage.images.recipe import Recipe, containerfile

RECIPE = Recipe("train", "python:3.12-slim@sha256:" + "0" * 64, "1.0", wheel="moorage-1.0-py3-none-any.whl")


def final(recipe: Recipe) -> str:
    return containerfile(recipe).split("\nFROM ")[-1]


def test_the_image_has_two_stages_on_the_same_base() -> None:
    lines = containerfile(RECIPE).splitlines()
    assert [line for line in lines if line.startswith("FROM")] == [
        f"FROM {RECIPE.base} AS builder",
        f"FROM {RECIPE.base}",
    ]


def test_all_that_is_installed_is_held_to_its_hash_or_lies_in_the_context() -> None:
    installs = [line for line in containerfile(RECIPE).splitlines() if " install " in line]
    assert len(installs) == 2
    assert "--require-hashes -r requirements.txt" in installs[0]
    assert "--no-deps --no-index ./moorage-1.0-py3-none-any.whl" in installs[1]


def test_without_a_wheel_the_same_version_comes_from_the_index() -> None:
    assert "--no-deps moorage==1.0 " in containerfile(replaced(RECIPE, wheel=None))


def test_moorage_among_the_requirements_is_not_installed_twice() -> None:
    text = containerfile(replaced(RECIPE, wheel=None, is_pinned=True))
    assert text.count(" install ") == 1


def test_the_step_is_a_number_and_the_command_needs_no_entry_point() -> None:
    lines = final(RECIPE).splitlines()
    assert lines[-4:] == ["WORKDIR /step", "USER 65532:65532", "ENTRYPOINT []", 'CMD ["python", "-m", "moorage.step"]']


def test_nothing_but_tmp_need_be_writable() -> None:
    assert "HOME=/tmp XDG_CACHE_HOME=/tmp/.cache" in final(RECIPE)


def test_what_only_the_build_may_read_is_mounted_and_never_copied() -> None:
    text = containerfile(replaced(RECIPE, trusts=True))
    assert "/run/secrets" not in final(replaced(RECIPE, trusts=True))
    assert text.count("--mount=type=secret,id=ca-bundle,required=true") == 2
    copied = [line for line in text.splitlines() if line.startswith(("COPY", "ADD"))]
    assert copied == [
        "COPY requirements.txt ./",
        "COPY moorage-1.0-py3-none-any.whl ./",
        "COPY --from=builder /opt/moorage /opt/moorage",
    ]
    assert "ca-bundle" not in containerfile(RECIPE)


def test_a_platform_holds_for_both_stages() -> None:
    text = containerfile(replaced(RECIPE, platform="linux/arm64"))
    assert text.count(f"FROM --platform=linux/arm64 {RECIPE.base}") == 2


def test_the_same_recipe_is_the_same_text() -> None:
    assert containerfile(RECIPE) == containerfile(replaced(RECIPE))
