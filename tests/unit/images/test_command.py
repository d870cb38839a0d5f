"""`moorage image`: what is printed, what a builder is given, what the store keeps, and every way to go wrong."""

import json
from pathlib import Path

import pytest

from moorage.images.record import newest
from moorage.store import Store
from tests.unit.images.conftest import HASHED, Call, Programs

BASE = f"python:3.12-slim@sha256:{'0' * 64}"
BUILDERS = ["docker", "podman", "buildah"]


@pytest.fixture
def build(call: Call, wheel: Path) -> Call:
    return lambda *arguments: call("image", "build", "--base", BASE, "--moorage", wheel, *arguments)


def test_render_prints_a_containerfile_and_nothing_else(call: Call, wheel: Path) -> None:
    ended = call("image", "render", "train", "--base", BASE, "--moorage", wheel)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("# train: ")
    assert f"FROM {BASE} AS builder" in ended.out
    assert "moorage==" not in ended.out
    assert str(wheel.parent) not in ended.out


def test_render_starts_from_the_python_that_runs_here_and_says_that_a_tag_may_move(call: Call) -> None:
    ended = call("image", "render", "--python", "3.12")
    assert "FROM python:3.12-slim AS builder" in ended.out
    assert "may be another image tomorrow" in ended.err


def test_render_into_a_folder_writes_all_that_a_build_needs(call: Call, project: Path, wheel: Path) -> None:
    ended = call("image", "render", "--base", BASE, "--moorage", wheel, "--to", "context")
    names = {path.name for path in (project / "context").iterdir()}
    assert names == {"Containerfile", "requirements.txt", wheel.name} == {Path(x).name for x in ended.out.split()}
    assert call("image", "render", "--moorage", wheel, "--to", "context").code == 2


@pytest.mark.parametrize("name", BUILDERS)
def test_every_builder_builds_pushes_and_leaves_a_record(
    name: str, build: Call, programs: Programs, store: Store
) -> None:
    programs.install(name)
    ended = build("train", "--push", "-e", "team")
    assert ended.code == 0, ended.err
    record = newest(store, "train")
    assert record is not None
    assert ended.out == f"{record.reference}\n"
    assert record.reference.startswith("registry.example/team/train@sha256:")
    assert (record.number, record.base, record.moorage) == (1, BASE, "9.9")
    assert "STEP 1: FROM" in ended.err


@pytest.mark.parametrize("name", BUILDERS)
def test_an_image_that_is_not_pushed_is_said_to_be_here_only(name: str, build: Call, programs: Programs) -> None:
    programs.install(name)
    ended = build("--with", name)
    assert ended.code == 0, ended.err
    assert ended.out.startswith("sha256:")
    assert "is on this machine only; --push -e ENV" in ended.err
    assert json.loads(build("--json").out)["id"] == ended.out.strip()


def test_the_context_holds_nothing_but_what_the_image_is_made_from(
    build: Call, programs: Programs, wheel: Path
) -> None:
    programs.install("buildah")
    build()
    files = programs.build["files"]
    assert set(files) == {"Containerfile", "requirements.txt", wheel.name}
    assert files["requirements.txt"] == HASHED.replace(" \\\n    ", " ")


def test_the_index_and_its_password_are_given_to_the_build_alone(
    build: Call, programs: Programs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    programs.install("docker")
    monkeypatch.setenv("PIP_INDEX_URL", "https://name:pass-word@index.example/simple")
    (tmp_path / "ca.pem").write_text("trust this")
    ended = build("--ca-bundle", tmp_path / "ca.pem")
    given = programs.build
    assert "index-url = https://name:pass-word@index.example/simple" in given["secrets"]["pip-conf"]
    assert "cert = /run/secrets/ca-bundle" in given["secrets"]["pip-conf"]
    assert given["secrets"]["ca-bundle"] == "trust this"
    assert "pass-word" not in json.dumps([given["files"], given["arguments"]]) + ended.out + ended.err
    assert "trust this" not in json.dumps(given["files"])


def test_only_docker_has_to_be_told_of_a_proxy(
    build: Call, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://name:word@proxy.example")
    for name in ("docker", "buildah"):
        programs.install(name)
        build("--with", name)
        assert ("https_proxy" in programs.build["arguments"]) == (name == "docker")
        assert "proxy.example" not in json.dumps(programs.build["arguments"])


def test_a_platform_is_handed_on(build: Call, programs: Programs) -> None:
    programs.install("podman")
    assert build("--platform", "linux/arm64").code == 0
    assert "linux/arm64" in programs.build["arguments"]
    assert "FROM --platform=linux/arm64 python" in programs.build["files"]["Containerfile"]


def test_the_first_builder_that_works_is_taken(build: Call, programs: Programs) -> None:
    programs.install(*BUILDERS)
    assert json.loads(build("--json").out)["builder"] == "docker"
    assert json.loads(build("--json", "--with", "buildah").out)["builder"] == "buildah"


def test_the_same_image_again_keeps_its_number_and_another_counts_up(
    build: Call, programs: Programs, store: Store, project: Path
) -> None:
    programs.install("buildah")
    asked = ("--push", "-e", "team", "--json")
    numbers = [json.loads(build(*asked).out)["number"] for _ in range(2)]
    (project / "requirements.txt").write_text(HASHED.replace("8.2.0", "8.2.1"))
    assert [*numbers, json.loads(build(*asked).out)["number"]] == [1, 1, 2]
    assert store.names("images/default/") == ["1.json", "2.json"]


def test_a_registry_can_be_named(build: Call, programs: Programs, store: Store) -> None:
    programs.install("buildah")
    ended = build("--push", "-e", "bare", "--registry", "registry.example/other/")
    assert ended.out.startswith("registry.example/other/default@sha256:")


@pytest.mark.parametrize(
    ("arguments", "said", "fix"),
    [
        (("--push", "-e", "bare"), "environment 'bare' does not say where its images go", "--registry"),
        (("--push",), "local takes no images: steps on this machine run", "name another environment"),
        (("--push", "-e", "nowhere"), "no environment is named 'nowhere'", "moorage env pull nowhere"),
        (("Train",), "'Train' cannot name an image", "write lower-case letters"),
        (("--platform", "arm64"), "'arm64' cannot name a platform", "linux/arm64"),
        (("--python", "3.12"), "--python picks a base image, and --base names one", "one of them"),
        (("--registry", "https://registry.example"), "cannot name a registry", "registry.example/team"),
        (("--requirements", "none.txt"), "File 'none.txt' does not exist", "--help"),
    ],
)
def test_what_cannot_be_built_is_a_sentence(
    arguments: tuple[str, ...], said: str, fix: str, build: Call, programs: Programs
) -> None:
    programs.install("buildah")
    ended = build(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert fix in ended.err.split("fix: ")[1]


@pytest.mark.parametrize("base", ["python:3.12 AS x\nRUN rm", "--privileged", ""])
def test_a_base_that_is_no_reference_is_refused(base: str, call: Call, project: Path) -> None:
    assert "cannot name a base image" in call("image", "render", f"--base={base}").err


@pytest.mark.parametrize("python", ["2.7", "3.9", "three"])
def test_a_python_that_cannot_run_moorage_is_refused(python: str, call: Call) -> None:
    assert call("image", "render", "--python", python).code == 2


def test_requirements_without_a_hash_are_named(call: Call, project: Path) -> None:
    (project / "requirements.txt").write_text("click\n")
    ended = call("image", "render")
    assert ended.code == 2
    assert "requirements.txt:1: click has no hash" in ended.err


def test_without_any_builder_each_is_told_of(build: Call, programs: Programs) -> None:
    programs.install("docker")
    programs.stop()
    ended = build()
    assert ended.code == 2
    assert "docker: Error: Cannot connect to the Docker daemon" in ended.err
    assert "podman: not installed; buildah: not installed" in ended.err


def test_a_base_that_cannot_be_pulled_is_named(call: Call, wheel: Path, programs: Programs) -> None:
    programs.install("buildah")
    ended = call("image", "build", "--base", "nowhere:1", "--moorage", wheel)
    assert ended.code == 2
    assert "error: the base image nowhere:1 cannot be pulled: creating build container: " in ended.err
    assert "buildah pull nowhere:1" in ended.err


def test_a_push_that_is_refused_says_to_log_in_and_leaves_no_record(
    build: Call, programs: Programs, store: Store
) -> None:
    programs.install("podman")
    ended = build("--push", "-e", "team", "--registry", "locked.example/team")
    assert ended.code == 2
    assert "podman login locked.example" in ended.err
    assert store.names("images/default/") == []


@pytest.mark.parametrize(
    ("printed", "said", "fix"),
    [
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))", "does not trust", "--ca-bundle"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "not what their hashes say", "--generate-hashes"),
        ("moorage 9.9 requires blake3, which is not installed.", "moorage 9.9 requires blake3", "a line `moorage`"),
        ("ERROR: No matching distribution found for moorage==9.9", "no moorage==9.9", "--moorage"),
        ("ERROR: No matching distribution found for x==1", "no x==1 for this Python", "pip config list"),
        ("NewConnectionError: Name or service not known\nNo matching distribution", "cannot reach", "pip config list"),
        ("/usr/bin/python3: No module named pip", "no python3 with pip", "--base"),
        ("something else", "buildah could not build the image", "lines above"),
    ],
)
def test_what_a_builder_says_becomes_a_sentence(
    printed: str, said: str, fix: str, build: Call, programs: Programs
) -> None:
    programs.install("buildah")
    programs.fail(printed)
    ended = build()
    assert ended.code == 2
    error = ended.err[ended.err.index("error: ") :]
    assert said in error.splitlines()[0]
    assert fix in error.split("fix: ")[1]
